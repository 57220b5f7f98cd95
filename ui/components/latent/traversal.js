const NAME_WIDTH = 44; // CSS pixels of a row's name and the gap beside it
const MOST_ROWS = 24; // rows in sight; more of them scroll
const SCROLLBAR = 20; // CSS pixels

export default function ({ data, parentElement, setTriggerValue }) {
  const view = getOrCreate(parentElement, () => start(parentElement));
  view.send = (value) => queueMessage(() => setTriggerValue("slice", value));
  view.accept(data);
  return cleanup(parentElement, view.stop);
}

function start(root) {
  const figure = root.querySelector(".traversal");
  const list = root.querySelector(".rows");
  const scale = [...root.querySelectorAll(".scale span")];
  const caption = root.querySelector("figcaption"), read = root.querySelector(".read");
  const view = { send: null, accept, stop };
  let props = null, shape = null, sheet = null, order = [], position = [], canvases = [];
  let subscriptions = [], asked = null, stride = 1, spanShown = null;
  let cursor = null; // [column, row] of the image that the keys have reached

  function accept(data) {
    const other = !props || data.run !== props.run;
    props = data;
    shape = imageShape(data.shape);
    asked = null;
    if (other) listen();
    sheet = store.sheets.get(data.run);
    const same = sheet && sheet.steps === data.steps && sheet.span === data.span && sheet.size === shape.size
      && sameVector(sheet.base, data.base) && sameVector(sheet.order, data.order);
    if (!same && (data.tiles || !sheet)) keep(emptySheet(data, shape.size));
    const rebuilt = other || !sameVector(data.order, order) || spanShown !== data.span;
    if (rebuilt) build();
    let rows = 0;
    if (data.tiles) {
      const tiles = decodeBase64(data.tiles);
      rows = tiles.length / (shape.size * data.steps);
      sheet.pixels.set(tiles, data.first * data.steps * shape.size);
      for (let row = data.first; row < data.first + rows; row++) sheet.done.add(sheet.order[row]);
    }
    if (rebuilt) show();
    else show(data.first, data.first + rows);
    publish(`sheet:${data.run}`);
    // The next slice, unless the position has changed meanwhile: then the board asks anew at the next pause.
    const missing = sheet.order.findIndex((dim) => !sheet.done.has(dim));
    const current = sameVector(sheet.base, data.base) && (!position.length || sameVector(position, data.base));
    if (missing >= 0 && current) requestSlice(missing);
  }

  function emptySheet({ base, order: dims, steps, span }, size) {
    const pixels = new Uint8Array(dims.length * steps * size);
    return { base, order: dims, steps, span, size, pixels, done: new Set(),
      rowOf: new Map(dims.map((dim, row) => [dim, row])),
      image: (row, step) => pixels.subarray((row * steps + step) * size, (row * steps + step + 1) * size) };
  }

  function keep(created) {
    sheet = created;
    store.sheets.delete(props.run);
    store.sheets.set(props.run, sheet);
    dropOldest(store.sheets, 3);
  }

  const unfolded = () => props.order.length === props.dims;

  function requestSlice(first, all = unfolded()) {
    const request = {};
    asked = request;
    requestUntil(
      () => asked !== request || !figure.isConnected,
      () => view.send({ first, all, n: Date.now() }),
    );
  }

  function listen() {
    for (const unsubscribe of subscriptions) unsubscribe();
    subscriptions = [
      subscribe(`position:${props.run}`, (now) => { position = [...now]; mark(); }),
      subscribe(`requestSheet:${props.run}`, ({ all }) => requestSlice(0, all || unfolded())),
    ];
    position = [];
    publish(`askPosition:${props.run}`, (now) => { position = [...now]; });
  }

  function build() {
    order = props.order;
    spanShown = props.span;
    cursor = null;
    list.setAttribute("aria-label", `Traversal sheet, a row for each of ${order.length} dimensions. `
      + "Arrow keys move over the images, Enter goes to one.");
    list.replaceChildren();
    canvases = order.map((dim, row) => {
      const canvas = createElement("canvas", { role: "img",
        "aria-label": `Traversal of latent dimension ${dim} over ±${formatTick(props.span)} σ` });
      canvas.addEventListener("click", (event) => goTo(row, binIndex(event.offsetX / canvas.clientWidth, columns())));
      const name = createElement("span", { class: "name", text: "z" }, createElement("sub", { text: dim }));
      const strip = createElement("div", { class: "strip" }, canvas, createElement("i", { class: "mark" }),
        createElement("i", { class: "cursor", hidden: true }));
      list.append(createElement("div", { class: props.dead[dim] ? "row dead" : "row" }, name, strip));
      return canvas;
    });
    fit();
  }

  // On a narrow page every second, third … image is shown; the middle one always is.
  function fit() {
    if (!props) return;
    const many = props.order.length > MOST_ROWS;
    list.classList.toggle("many", many); // they scroll by themselves
    const room = (figure.clientWidth || 300) - NAME_WIDTH - (many ? SCROLLBAR : 0), half = (props.steps - 1) / 2;
    const strides = Array.from({ length: half }, (_, k) => k + 1).filter((k) => half % k === 0);
    const size = fitRow(shape, strides.map((k) => 2 * (half / k) + 1), { width: room });
    stride = (2 * half) / (size.columns - 1);
    show();
    setSize(size, ...canvases);
    figure.querySelector(".scale").style.width = `${size.width}px`;
    const end = formatTick(props.span);
    [`−${end} σ`, "0", `+${end} σ`].forEach((text, k) => { scale[k].textContent = text; });
    if (cursor) cursor = [clamp(cursor[0], 0, columns() - 1), clamp(cursor[1], 0, order.length - 1)];
    mark();
  }

  const columns = () => (props.steps - 1) / stride + 1;

  function show(from = 0, to = Infinity) {
    if (!sheet) return;
    const count = columns();
    canvases.forEach((canvas, row) => {
      if (row < from || row >= to) return;
      const drawn = sheet.done.has(sheet.order[row]);
      if (!drawn && canvas.width === count * shape.width && canvas.height === shape.height) return;
      const images = Array.from({ length: count }, (_, k) => (drawn ? sheet.image(row, k * stride) : null));
      paintGrid(canvas, images, shape);
    });
    figure.dataset.rows = sheet.done.size;
    caption.textContent = "Each row changes one dimension and holds the others at the position above. "
      + `In the row of a dead dimension nothing changes. ${touchOr("Tap", "Click")} an image to go there.`;
  }

  // The position of image k of a row along its dimension, in σ.
  const valueAt = (k) => -props.span + (2 * props.span * k) / (columns() - 1);

  // Where a position lies in a row: image k, or past an end, where an arrow stands instead.
  function mark() {
    if (!position.length) return;
    const count = columns();
    list.querySelectorAll(".strip").forEach((strip, row) => {
      const value = position[props.order[row]] ?? 0, node = strip.querySelector(".mark");
      const k = Math.round(((clamp(value, -props.span, props.span) + props.span) / (2 * props.span)) * (count - 1));
      const beyond = Math.abs(value) > props.span * (1 + 1e-4) ? (value > 0 ? "right" : "left") : "";
      const shown = cursor && cursor[1] === row, marked = `${k} of ${count} ${beyond} ${shown ? cursor[0] : ""}`;
      if (strip.dataset.marked === marked) return; // of many rows one has changed
      strip.dataset.marked = marked;
      placeAt(node, k);
      node.dataset.beyond = beyond;
      strip.querySelector(".cursor").hidden = !shown;
      if (shown) placeAt(strip.querySelector(".cursor"), cursor[0]);
    });
    if (!cursor) read.textContent = "";
    else read.textContent = `z${order[cursor[1]]} = ${formatSigned(valueAt(cursor[0]))} σ`;
  }

  function placeAt(node, k) {
    node.style.left = `${(k / columns()) * 100}%`;
    node.style.width = `${100 / columns()}%`;
  }

  const goTo = (row, k) => publish(`setPosition:${props.run}`, [[props.order[row], valueAt(k)]]);

  // One tab stop for the whole sheet: arrow keys lead over the images, Enter or Space goes to one.
  function lookAt(column, row) {
    cursor = [clamp(column, 0, columns() - 1), clamp(row, 0, order.length - 1)];
    mark();
    canvases[cursor[1]].scrollIntoView({ block: "nearest" });
  }

  function leave() {
    cursor = null;
    mark();
  }

  list.addEventListener("focus", () => {
    if (!cursor && list.matches(":focus-visible")) lookAt((columns() - 1) / 2, 0);
  });
  list.addEventListener("blur", leave);
  list.addEventListener("keydown", (event) => {
    const by = arrowStep(event.key), [column, row] = cursor ?? [(columns() - 1) / 2, 0];
    const keys = {
      Home: () => lookAt(0, row), End: () => lookAt(columns() - 1, row), Escape: leave,
      Enter: () => goTo(row, column), " ": () => goTo(row, column),
    };
    if (!by && !keys[event.key]) return;
    event.preventDefault();
    if (by) lookAt(column + by[0], row + by[1]);
    else keys[event.key]();
  });

  const watch = new ResizeObserver(fit);
  watch.observe(figure);

  function stop() {
    watch.disconnect();
    for (const unsubscribe of subscriptions) unsubscribe();
    asked = null;
    removeView(root);
  }
  return view;
}
