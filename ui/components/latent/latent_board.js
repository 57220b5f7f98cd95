// ms without a key press before the sheet is decoded anew, so that the next press does not queue behind it. The slider
// that was moved needs no new sheet; a pointer that comes near another one asks at once.
const IDLE = 1000;
const LOST = 3000; // ms without an answer before a move is reported again

export default function ({ data, parentElement, setStateValue }) {
  const board = recall(parentElement, () => start(parentElement));
  board.tell = (value) => post(() => setStateValue("at", value));
  board.accept(data);
  return parting(parentElement, board.stop);
}

function start(root) {
  const inner = root.querySelector(".inner");
  const box = root.querySelector(".picture");
  const main = root.querySelector(".main");
  const norm = root.querySelector(".norm");
  const original = root.querySelector(".original");
  const first = root.querySelector(".first");
  const fold = root.querySelector("details");
  const rest = root.querySelector(".rest");
  const board = { tell: null, accept, stop };
  let facts = { run: null, order: [], prior: true, span: 3 };
  let u = [], rows = [], stamp = null;
  let seq = 0, answered = 0; // the newest message sent and the newest one answered
  let moves = 0, movesSent = 0; // a late answer must not overwrite what was moved since
  let served = null, peek = null, pointer = false, idle = null, lost = null, hoped = null, hopedAt = 0, away = [];

  function accept(data) {
    const again = data.run !== facts.run || !same(data.order, facts.order);
    facts = data;
    if (again) build();
    const outside = again || data.stamp !== stamp;
    if (outside) {
      stamp = data.stamp;
      seq = Math.max(Date.now(), seq + 1, data.seq); // above every number an earlier visit has used
      answered = seq;
      moves = movesSent = 0;
      u = [...data.u];
    } else {
      if (data.seq < seq || moves !== movesSent) return;
      answered = data.seq;
      u = [...data.u];
    }
    served = bytes(data.picture);
    peek = null;
    showOriginal(data);
    settle();
    if (outside) hope();
  }

  function settle() {
    for (const row of rows) label(row);
    draw();
    publish(`at:${facts.run}`, u);
    state();
  }

  function build() {
    first.replaceChildren();
    rest.replaceChildren();
    const many = facts.order.length > facts.shown + 4 ? facts.shown : facts.order.length;
    rows = facts.order.map((dim, place) => slider(dim, place < many ? first : rest));
    fold.hidden = many === facts.order.length;
    fold.open = false;
    fold.querySelector("summary").textContent = `Show all ${facts.order.length} dimensions`;
    for (const stop of away) stop();
    const run = facts.run;
    away = [
      subscribe(`sheet:${run}`, state),
      subscribe(`set:${run}`, (values) => { for (const [dim, value] of values) u[dim] = value; moves++; send(-1, true); settle(); }),
      subscribe(`peek:${run}`, (tile) => { peek = tile; draw(); }),
      subscribe(`ask:${run}`, (answer) => answer(u)),
    ];
  }

  function slider(dim, place) {
    const dead = facts.dead[dim];
    const what = facts.measure ? `${facts.measure} ${three(facts.weight[dim])}${facts.prior ? " nats" : ""}` : "nobody knows its weight";
    const most = Math.max(...facts.weight, 1e-9);
    const input = make("input", { type: "range", min: -facts.span, max: facts.span, step: 0.05,
      "aria-label": `Latent dimension ${dim}, ${what}${dead ? ", dead: changes nothing" : ""}` });
    const name = make("span", { class: "name", text: "z" }, make("sub", { text: dim }));
    const bar = make("i", { class: "bar" });
    bar.style.width = !facts.measure ? 0 : `${Math.max(0, Math.min(1, facts.weight[dim] / most)) * 100}%`;
    const value = make("output", { class: "number" });
    const node = make("label", { class: dead ? "row dead" : "row",
      title: `z${dim}: ${what}${dead ? ". Dead: the model does not use it." : ""} Double-click or 0 puts it back to zero.` },
      make("span", { class: "head" }, name, make("span", { class: "track" }, bar)), input, value);
    if (dead) name.append(make("em", { text: " dead" }));
    place.append(node);
    const row = { dim, input, value };
    input.addEventListener("input", () => move(row, Number(input.value)));
    input.addEventListener("change", () => send(dim, pointer));
    const stock = () => { if (!ready(dim)) hope(); };
    input.addEventListener("pointerenter", stock);
    input.addEventListener("pointerdown", () => { pointer = true; stock(); });
    for (const end of ["pointerup", "pointercancel"]) {
      input.addEventListener(end, () => setTimeout(() => { pointer = false; })); // after the change event
    }
    const reset = () => { move(row, 0); send(dim, false); };
    input.addEventListener("dblclick", reset);
    input.addEventListener("keydown", (event) => {
      if (event.key === "0" && !event.ctrlKey && !event.metaKey && !event.altKey) { event.preventDefault(); reset(); }
    });
    return row;
  }

  function move(row, value) {
    u[row.dim] = value;
    moves++;
    peek = null;
    label(row);
    const drawn = draw();
    publish(`at:${facts.run}`, u);
    // No sheet to draw from yet: ask the server as fast as it answers, one question at a time.
    if (!drawn && pointer && answered >= seq) send(row.dim, false);
  }

  function label({ dim, input, value }) {
    if (Number(input.value) !== u[dim]) input.value = u[dim];
    value.textContent = `${signed(u[dim])} σ`;
    input.setAttribute("aria-valuetext", `${signed(u[dim])} sigma`);
  }

  function send(dim, released) {
    seq += 1;
    movesSent = moves;
    clearTimeout(idle);
    clearTimeout(lost);
    const message = { seq, u: u.map((x) => Math.round(x * 1e4) / 1e4), dim };
    board.tell(message);
    lost = setTimeout(() => { if (answered < message.seq && seq === message.seq) board.tell(message); }, LOST);
    if (released) hope();
    else idle = setTimeout(hope, IDLE);
  }

  // Asks for a new sheet through the point where the sliders are now, once for each point.
  function hope() {
    clearTimeout(idle);
    if (hoped && same(hoped, u) && Date.now() - hopedAt < 2000) return;
    [hoped, hopedAt] = [[...u], Date.now()];
    publish(`wish:${facts.run}`, { all: fold.open });
  }

  const sheet = () => shelf.sheets.get(facts.run);

  // The row of the sheet that shows the point u moved along one dimension only, or undefined.
  function rowOf(dim) {
    const s = sheet();
    return s && s.done.has(dim) && same(u, s.base, dim) ? s.place.get(dim) : undefined;
  }

  const ready = (dim) => rowOf(dim) !== undefined;

  function state() {
    root.querySelector(".board").dataset.sheet = rows.every((r) => ready(r.dim) || r.input.closest("details:not([open])")) ? "ready" : "waiting";
  }

  // Between two decoded pictures their mixture stands in: at a quarter of σ apart the eye sees no step.
  function fromSheet() {
    const s = sheet();
    if (!s) return null;
    const moved = s.base.findIndex((x, k) => Math.abs(x - u[k]) >= 2e-4);
    const row = moved < 0 ? undefined : rowOf(moved);
    if (row === undefined) return null;
    const place = Math.max(0, Math.min(s.steps - 1, ((u[moved] + s.span) / (2 * s.span)) * (s.steps - 1)));
    const low = Math.floor(place), part = place - low;
    const a = s.tile(row, low), b = s.tile(row, Math.min(s.steps - 1, low + 1));
    return part < 1e-6 ? a : a.map((x, k) => Math.round(x + part * (b[k] - x)));
  }

  function draw() {
    let source = "server", picture = served;
    if (peek) [source, picture] = ["plane", peek.tile];
    else if (answered < seq || moves !== movesSent) [source, picture] = ["sheet", fromSheet()];
    const at = peek ? peek.u : u;
    const length = Math.hypot(...at);
    norm.textContent = facts.prior
      ? `‖z‖ = ${three(length)}, typical √d = ${three(Math.sqrt(at.length))} · log p(z) = ${three(-(length ** 2) / 2 - at.length * 0.9189385)} nats`
      : `${three(length / Math.sqrt(at.length || 1))} σ from the mean latent`;
    if (!picture) return false;
    paint(main, picture);
    main.dataset.source = source;
    if (source === "server") main.dataset.served = answered;
    main.dataset.zHash = hash(at);
    main.dataset.seq = seq;
    return true;
  }

  function showOriginal(data) {
    const changes = original.hidden === Boolean(data.original);
    original.hidden = !data.original;
    if (changes) fit();
    if (!data.original) return;
    paint(original.querySelector("canvas"), bytes(data.original));
    original.querySelector("canvas").setAttribute("aria-label", data.note);
    original.querySelector("figcaption").textContent = data.note;
  }

  function fit() {
    // Beside the sliders as large as the column; above them small enough that they stay on the same screen.
    const small = window.innerWidth < 640, beside = inner.clientWidth >= 640;
    // On a phone the picture takes the width, unless the original stands beside it or the sliders would lose their place.
    const tall = original.hidden ? 0.45 * window.innerHeight : Math.min(252, box.clientWidth - 100);
    const most = small ? tall : beside ? 392 : Math.max(308, window.innerHeight - 400);
    const side = crisp(TILE, Math.min(box.clientWidth || 392, most));
    main.style.width = main.style.height = `${side}px`;
    // On a wide page the original finds room under the sliders, on a phone beside the picture: in sight in both.
    const home = beside ? root.querySelector(".sliders") : box;
    if (original.parentElement !== home) home.append(original);
    const little = original.querySelector("canvas");
    little.style.width = little.style.height = `${crisp(TILE, small ? 84 : 112)}px`;
  }
  const watch = new ResizeObserver(fit);
  watch.observe(inner);
  fit();
  fold.addEventListener("toggle", () => { if (fold.open) { hoped = null; hope(); } state(); });

  function stop() {
    watch.disconnect();
    clearTimeout(idle);
    clearTimeout(lost);
    for (const leave of away) leave();
    memory.delete(root);
  }
  return board;
}

// FNV-1a over the rounded point: tells two pictures apart without carrying d numbers.
function hash(u) {
  let h = 2166136261;
  for (const c of u.map((x) => x.toFixed(3)).join()) h = Math.imul(h ^ c.charCodeAt(0), 16777619) >>> 0;
  return h.toString(16);
}
