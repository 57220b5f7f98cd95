// Milliseconds without a key press before a new sheet is asked for, so that the next press does not queue behind its
// decoding. The slider that was moved needs no new sheet; a pointer that comes near another one asks at once.
const IDLE = 1000;
const MANY_DEAD = 4; // dimensions
const END = 32; // CSS pixels a side of the picture at an end of a slider, at most
const ANSWER_TIMEOUT = 3000; // ms without an answer before a move is reported again
// Decimals of a position that the server hears of and that stands in the address: rounded once, when it is taken as a
// step, so that a reload leads to the very same point and not to one that was rounded twice.
const DECIMALS = 4;

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  const view = getOrCreate(parentElement, () => start(parentElement));
  view.send = (value) => queueMessage(() => setStateValue("at", value));
  view.remove = (id) => queueMessage(() => setTriggerValue("remove", id));
  view.accept(data);
  return cleanup(parentElement, view.stop);
}

// Positions (`position`, `base` of a sheet) are latent vectors in σ from each dimension's centre.
function start(root) {
  const inner = root.querySelector(".inner");
  const pictureBox = root.querySelector(".picture");
  const main = root.querySelector(".main");
  const norm = root.querySelector(".norm");
  const original = root.querySelector(".original");
  const first = root.querySelector(".first");
  const fold = root.querySelector("details");
  const rest = root.querySelector(".rest");
  const view = { send: null, remove: null, accept, stop };
  let props = { run: null, order: [], prior: true, span: 3 }, shape = null;
  let position = [], rows = [], stamp = null, moved = null; // moved: the slider that was moved last
  let sent = 0, answered = 0, heard = 0; // numbers of the newest position: sent, with its picture here, of the script
  let asking = false, newest = null, held = null; // steps: the last one, and the one that the script has yet to hear of
  let moves = 0, movesSent = 0; // a late answer must not overwrite a later move
  let decoded = null, preview = null, pointerDown = false, keyDown = false, idleTimer = null, answerTimer = null;
  let requested = null, requestedAt = 0, subscriptions = [];
  let decoder = null, local = null; // the decoder in the browser, and its newest picture with the point: { image, at }

  function accept(data) {
    const other = data.run !== props.run || data.span !== props.span || data.set !== props.set
      || !sameVector(data.order, props.order);
    const next = imageShape(data.shape), originalChanged = original.hidden === Boolean(data.original);
    const resized = !shape || !sameShape(shape, next) || originalChanged;
    [props, shape] = [data, next];
    const outside = other || data.stamp !== stamp;
    if (other) build();
    const another = decoder?.name !== data.run;
    if (another) {
      decoder?.stop();
      decoder = browserDecoder(data.run, () => { if (isMoving()) decodeHere(); });
    }
    if (outside) {
      stamp = data.stamp;
      sent = Math.max(Date.now(), sent + 1, data.seq); // above every number an earlier visit has used
      answered = heard = sent;
      held = null;
      moves = movesSent = 0;
      position = [...data.sigma_units];
    } else {
      heard = data.seq;
      if (data.seq < sent || moves !== movesSent) return;
      answered = data.seq;
      position = [...data.sigma_units];
    }
    decoded = decodeBase64(data.picture);
    preview = local = null;
    showOriginal(data);
    if (resized || other) fit();
    showEnds();
    showPosition();
    if (outside) requestSheet();
    if (outside ? data.kept : moves) keep();
    else if (another && props.parameter) setAddress(props.parameter, null); // of the model before
  }

  // Where the visitor went stands in the address, so that a reload and a link lead back; the server never writes it.
  function keep() {
    if (!props.parameter) return;
    setAddressAtRest(inner, props.parameter, rounded(position).join("_"));
  }

  function showPosition() {
    for (const row of rows) label(row);
    draw();
    publish(`position:${props.run}`, position);
    markReady();
  }

  function build() {
    first.replaceChildren();
    rest.replaceChildren();
    root.querySelector(".board").classList.toggle("directions", Boolean(props.directions));
    const count = inSight(), all = slidersOf(props), { run } = props;
    rows = all.map((slider, place) => addRow(slider, place, place < count ? first : rest));
    moved = null;
    store.sliders ??= new Map();
    store.sliders.delete(run);
    store.sliders.set(run, all); // for the sheet, whose rows they are
    dropOldest(store.sliders, 3);
    fold.hidden = count === all.length;
    fold.open = false;
    const dead = !props.directions && props.order.slice(count).every((dim) => props.dead[dim]);
    fold.querySelector("summary").textContent = dead ? `Show the ${all.length - count} dead dimensions`
      : `Show all ${all.length} ${props.directions ? "directions" : "dimensions"}`;
    for (const unsubscribe of subscriptions) unsubscribe();
    subscriptions = [
      subscribe(`sheet:${run}`, () => { showEnds(); markReady(); }),
      subscribe(`setSlider:${run}`, ([id, value]) => {
        moved = all.find((slider) => slider.id === id) ?? null;
        if (!moved) return;
        position = sliderMoved(moved, position, value);
        moves++;
        send(-1, true);
        showPosition();
      }),
      subscribe(`setPosition:${run}`, (values) => {
        for (const [dim, value] of values) position[dim] = value;
        moved = null;
        moves++;
        send(-1, true);
        showPosition();
      }),
      subscribe(`preview:${run}`, (shown) => { preview = shown; draw(); }),
      subscribe(`askPosition:${run}`, (answer) => answer(position)),
    ];
  }

  // Sliders that are not folded: those of the most important dimensions. Many dead ones would make the others short.
  function inSight() {
    const dims = props.order.length;
    const alive = props.directions ? dims : props.order.findLastIndex((dim) => !props.dead[dim]) + 1;
    if (alive && dims - alive >= MANY_DEAD && alive <= props.shown + 4) return alive;
    return dims > props.shown + 4 ? props.shown : dims;
  }

  // What is said of a slider: its name as nodes, its name in words, its measure, and how long its bar is, 0 to 1.
  function facts({ dim }, place) {
    if (dim === undefined) {
      const { names, notes } = props.directions;
      return { name: [createElement("b", { text: names[place] }), createElement("em", { text: notes[place] })],
        words: names[place], measure: notes[place], dead: false };
    }
    const dead = props.dead[dim], most = Math.max(...props.weight, 1e-9);
    const measure = props.measure
      ? `${props.measure} ${formatNumber(props.weight[dim])}${props.measure === "standard deviation" ? "" : " nats"}`
      : "importance unknown";
    const bar = createElement("i", { class: "bar" });
    bar.style.width = props.measure ? `${100 * clamp(props.weight[dim] / most, 0, 1)}%` : 0;
    const name = createElement("span", { class: "name", text: "z" }, createElement("sub", { text: dim }));
    if (dead) name.append(createElement("em", { text: " dead" }));
    return { name: [name, createElement("span", { class: "track" }, bar)], words: `Latent dimension ${dim}`,
      measure: `${measure}${dead ? ", dead: changes nothing" : ""}`, dead,
      title: `z${dim}: ${measure}${dead ? ". Dead: the model does not use it." : ""}` };
  }

  // A slider with its name, its value and the pictures at both of its ends.
  function addRow(slider, place, parent) {
    const { span } = props, step = { min: -span, max: span, step: sliderStep(span) };
    const { name, words, measure, dead, title } = facts(slider, place), { id } = slider;
    const input = createElement("input", { type: "range", ...step, "aria-label": `${words}, ${measure}` });
    const value = createElement("output", { class: "number", title: "Click to type a number" });
    const help = `${title ?? `${words}: ${measure}`} `
      + `${touchOr("Double-tap", "Double-click")} or 0 resets it to zero, Enter lets you type a number.`;
    const ends = [-1, 1].map((side) => {
      const picture = createElement("canvas", { class: "end", "aria-hidden": "true",
        title: `The picture at ${formatSigned(side * span)} σ` });
      picture.addEventListener("click", (event) => {
        event.preventDefault();
        move(row, side * span);
        send(id, true);
      });
      return picture;
    });
    const what = createElement("span", { class: "what" }, ...name);
    if (props.directions?.removable) what.append(removal(id, words));
    parent.append(createElement("label", { class: dead ? "row dead" : "row", title: help },
      createElement("span", { class: "head" }, what, value), ends[0], input, ends[1]));
    const row = { slider, id, words, input, value, ends };
    input.addEventListener("input", () => move(row, Number(input.value)));
    input.addEventListener("change", () => send(id, pointerDown, keyDown));
    const prepare = () => { if (!ready(slider)) requestSheet(); };
    input.addEventListener("pointerenter", prepare);
    input.addEventListener("pointerdown", () => { pointerDown = true; prepare(); });
    for (const end of ["pointerup", "pointercancel"]) {
      input.addEventListener(end, () => setTimeout(() => { // after the change event
        pointerDown = false;
        report();
      }));
    }
    input.addEventListener("keyup", release);
    input.addEventListener("blur", release);
    const reset = () => { move(row, 0); send(id, false); };
    input.addEventListener("dblclick", reset);
    input.addEventListener("keydown", (event) => {
      keyDown = true;
      const act = { 0: reset, Enter: () => typeNumber(row) }[event.key];
      if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      act();
    });
    value.addEventListener("click", (event) => {
      event.preventDefault(); // the label would give the focus to the slider
      typeNumber(row);
    });
    return row;
  }

  function removal(id, words) {
    const button = createElement("button", { type: "button", class: "remove", text: "×", title: "Remove this slider",
      "aria-label": `Remove the slider ${words}` });
    button.addEventListener("click", (event) => {
      event.preventDefault(); // the label would give the focus to the slider
      view.remove(id);
    });
    return button;
  }

  // The pictures at both ends of each slider, as the sheet has them. While it is decoded anew those of before stay.
  function showEnds() {
    const s = sheet();
    if (!s || s.set !== props.set || s.span !== props.span || s.size !== shape.size) return;
    for (const { id, ends } of rows) {
      if (!s.done.has(id)) continue;
      const place = s.rowOf.get(id);
      ends.forEach((picture, k) => paintImage(picture, s.image(place, k * (s.steps - 1)), shape));
    }
  }

  // A field in place of the value: Enter takes the number, Escape leaves the old one.
  function typeNumber(row) {
    if (row.value.querySelector("input")) return;
    const field = createElement("input", { type: "text", inputmode: "decimal", class: "typed",
      "aria-label": `Value of ${row.words} in sigma` });
    field.value = fixedDigits(sliderValue(row.slider, position), 2);
    let open = true;
    const close = (take, back) => {
      if (!open) return;
      open = false;
      const typed = take ? typedNumber(field.value) : null;
      field.remove();
      row.told = null; // draws the number again
      label(row);
      if (back) row.input.focus();
      if (typed === null || Math.abs(typed - sliderValue(row.slider, position)) < 5e-5) return;
      move(row, typed);
      send(row.id, false);
    };
    field.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter" || event.key === "Escape") {
        event.preventDefault();
        close(event.key === "Enter", true);
      }
    });
    field.addEventListener("click", (event) => event.stopPropagation());
    field.addEventListener("blur", () => close(true, false));
    row.value.replaceChildren(field);
    field.focus();
    field.select();
  }

  function move(row, value) {
    position = sliderMoved(row.slider, position, value);
    moved = row.slider;
    moves++;
    preview = null;
    if (props.directions) rows.forEach(label); // attributes need not be perpendicular to each other
    else label(row);
    decodeHere();
    const drawn = draw();
    publish(`position:${props.run}`, position);
    // Neither a decoder nor a sheet yet: ask the server as fast as it answers, one question at a time.
    if (!drawn && !decoder.ready && pointerDown && answered >= sent) send(row.id, false, true);
  }

  // Whether the position is another than that of the server's newest picture.
  const isMoving = () => answered < sent || moves !== movesSent;

  // Decodes the position in the browser, where it has the decoder.
  function decodeHere() {
    if (!decoder?.ready) return;
    decoder.ask([...position], (image, at) => {
      if (!inner.isConnected || !isMoving()) return; // the server's picture has come meanwhile
      local = { image, at };
      draw();
    });
  }

  function label(row) {
    const { slider, input, value } = row, at = sliderValue(slider, position), beyond = isBeyond(at, props.span);
    if (!pointerDown) { // in hand a slider keeps its ends
      const reach = sliderReach(at, props.span);
      if (Number(input.max) !== reach) [input.min, input.max] = [-reach, reach];
    }
    if (Number(input.value) !== at) input.value = at;
    const reach = Number(input.max), told = `${at} ${props.span} ${reach}`;
    if (row.told === told && value.firstElementChild === null) return; // of many rows one has changed
    row.told = told;
    const place = (x) => `calc(8px + ${sliderPart(x, reach).toFixed(4)} * (100% - 16px))`;
    const parts = { low: place(Math.min(0, at)), high: place(Math.max(0, at)),
      left: place(-props.span), right: place(props.span) };
    for (const [name, length] of Object.entries(parts)) input.style.setProperty(`--${name}`, length);
    input.toggleAttribute("data-beyond", reach > props.span);
    const side = !beyond ? "" : at > 0 ? " ▶" : " ◀";
    // Where a field stands there somebody types a number.
    if (value.firstElementChild === null) value.textContent = `${formatSigned(at)} σ${side}`;
    const words = beyond ? `, beyond the range of ${formatTick(props.span)} sigma` : "";
    input.setAttribute("aria-valuetext", `${formatSigned(at)} sigma${words}`);
  }

  // Takes the position as a step: asks for its picture, and tells the script at once or, with `hold`, at the release.
  function send(dim, released, hold = false) {
    sent += 1;
    movesSent = moves;
    clearTimeout(idleTimer);
    position = rounded(position);
    keep();
    held = { seq: sent, sigma_units: position, dim };
    const here = decoder?.ready;
    if (here) decodeHere();
    else if (pictureAddress()) ask(held);
    if (!hold || !(here || pictureAddress())) report();
    if (released) requestSheet();
    else idleTimer = setTimeout(requestSheet, IDLE);
  }

  function release() {
    keyDown = false;
    report();
  }

  // Tells the script the newest position, once.
  function report() {
    const message = held;
    held = null;
    if (!message) return;
    clearTimeout(answerTimer);
    view.send(message);
    answerTimer = setTimeout(() => {
      if (heard < message.seq && sent === message.seq) view.send(message);
    }, ANSWER_TIMEOUT);
  }

  // Fetches the picture of a step, one at a time: of those taken meanwhile only the last is asked for. Where the server
  // has none, the script brings it.
  async function ask(step) {
    newest = step;
    if (asking) return;
    asking = true;
    const { run } = props, picture = await fetchPicture(run, step.sigma_units);
    asking = false;
    if (!inner.isConnected || run !== props.run) return;
    let drawn = true;
    if (picture?.length !== shape.size) report();
    else if (step.seq > answered) {
      [decoded, answered] = [picture, step.seq];
      drawn = draw();
      if (!drawn) paintImage(main, picture, shape);
    }
    if (newest !== step) ask(newest);
    else if (!drawn && pointerDown && moves !== movesSent) send(step.dim, false, true); // it has moved on meanwhile
  }

  // Asks for a new sheet through the current position, once for each position.
  function requestSheet() {
    clearTimeout(idleTimer);
    if (requested && sameVector(requested, position) && Date.now() - requestedAt < 2000) return;
    [requested, requestedAt] = [[...position], Date.now()];
    publish(`requestSheet:${props.run}`, { all: fold.open });
  }

  const sheet = () => store.sheets.get(props.run);

  // The row of the sheet that holds the current position moved along one slider only, or undefined.
  function rowOf(slider) {
    const s = sheet();
    return s && s.set === props.set && s.done.has(slider.id) && movedAlone(slider, position, s.base)
      ? s.rowOf.get(slider.id) : undefined;
  }

  const ready = (slider) => rowOf(slider) !== undefined;

  function markReady() {
    const all = rows.every((row) => ready(row.slider) || row.input.closest("details:not([open])"));
    root.querySelector(".board").dataset.sheet = all ? "ready" : "waiting";
  }

  // Between two decoded images their mixture is shown: a quarter of σ apart the eye sees no step.
  function fromSheet() {
    const s = sheet(), row = moved ? rowOf(moved) : undefined;
    if (row === undefined) return null;
    const at = sliderValue(moved, position);
    if (isBeyond(at, s.span)) return null; // the sheet does not reach so far
    const place = clamp(((at + s.span) / (2 * s.span)) * (s.steps - 1), 0, s.steps - 1);
    const low = Math.floor(place), part = place - low;
    const a = s.image(row, low), b = s.image(row, Math.min(s.steps - 1, low + 1));
    return part < 1e-6 ? a : a.map((x, k) => Math.round(x + part * (b[k] - x)));
  }

  function draw() {
    let source = "server", picture = decoded, shown = position;
    if (preview) [source, picture, shown] = ["plane", preview.image, preview.position];
    else if (isMoving()) {
      if (decoder?.ready && local) [source, picture, shown] = ["browser", local.image, local.at];
      else [source, picture] = ["sheet", fromSheet()];
    }
    const d = props.weight.length;
    const length = Math.hypot(...shown.slice(0, d)); // without the weights of classes
    norm.textContent = props.prior
      ? `Distance from the centre ‖z‖ = ${formatNumber(length)}, random draws: about ${formatNumber(Math.sqrt(d))}`
      : `${formatNumber(length / Math.sqrt(d || 1))} σ from the mean latent`;
    if (!picture) return false;
    paintImage(main, picture, shape);
    main.dataset.source = source;
    if (source === "server") main.dataset.served = answered;
    main.dataset.zHash = hash(shown);
    main.dataset.seq = sent;
    return true;
  }

  function showOriginal(data) {
    if (original.hidden === Boolean(data.original)) original.hidden = !data.original;
    if (!data.original) return;
    paintImage(original.querySelector("canvas"), decodeBase64(data.original), shape);
    original.querySelector("canvas").setAttribute("aria-label", data.note);
    original.querySelector("figcaption").textContent = data.note;
  }

  function fit() {
    if (!shape) return;
    // Beside the sliders as large as the column; above them small enough that they stay on the same screen.
    const phone = window.innerWidth < 640, beside = inner.clientWidth >= 640;
    // On a phone the picture takes the width, unless the original stands beside it or the sliders would be pushed out.
    const height = original.hidden ? 0.45 * window.innerHeight : Math.min(252, pictureBox.clientWidth - 100);
    const most = phone ? height : beside ? 392 : Math.max(308, window.innerHeight - 400);
    setSize(fitImage(shape, Math.min(pictureBox.clientWidth || 392, most)), main);
    // The original: under the sliders on a wide page, beside the picture on a phone; in sight in both.
    const parent = beside ? root.querySelector(".sliders") : pictureBox;
    if (original.parentElement !== parent) parent.append(original);
    setSize(fitImage(shape, phone ? 84 : 112), original.querySelector("canvas"));
    setSize(fitImage(shape, END), ...rows.flatMap((row) => row.ends));
    // A slider that takes the focus comes to lie below the picture, which stays in place above it.
    inner.style.setProperty("--above", beside ? "0px" : `${pictureBox.offsetHeight}px`);
  }
  const watch = new ResizeObserver(fit);
  watch.observe(inner);
  fold.addEventListener("toggle", () => {
    if (fold.open) {
      requested = null;
      requestSheet();
    }
    markReady();
  });

  function stop() {
    decoder?.stop();
    watch.disconnect();
    clearTimeout(idleTimer);
    clearTimeout(answerTimer);
    for (const unsubscribe of subscriptions) unsubscribe();
    removeView(root);
  }
  return view;
}

const pictureAddress = () => answerAddress("picture");

// The image at a point, or null where the server has none.
async function fetchPicture(run, point) {
  try {
    const body = JSON.stringify({ run, sigma_units: point });
    const answer = await fetch(pictureAddress(), { method: "POST", body });
    return answer.ok ? new Uint8Array(await answer.arrayBuffer()) : null;
  } catch {
    return null;
  }
}

const rounded = (position) => position.map((x) => Number(x.toFixed(DECIMALS)));

// FNV-1a over the rounded position: tells two positions apart without carrying d numbers.
function hash(position) {
  let h = 2166136261;
  for (const c of position.map((x) => x.toFixed(DECIMALS)).join()) h = Math.imul(h ^ c.charCodeAt(0), 16777619) >>> 0;
  return h.toString(16);
}
