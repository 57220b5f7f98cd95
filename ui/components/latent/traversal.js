const NAME_WIDTH = 44, LONG_NAME_WIDTH = 92; // CSS pixels of a row's name and the gap beside it (`traversal.css`)
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
  let subscriptions = [], asked = null, stride = 1, spanShown = null, set = null;
  let cursor = null; // [column, row] of the image that the keys have reached

  function accept(data) {
    const other = !props || data.run !== props.run;
    props = data;
    shape = imageShape(data.shape);
    asked = null;
    if (other) listen();
    sheet = store.sheets.get(data.run);
    const same = sheet && sheet.set === data.set && sheet.steps === data.steps && sheet.span === data.span
      && sheet.size === shape.size
      && sameVector(sheet.base, data.base) && sameVector(sheet.order, data.order);
    if (!same && (data.tiles || !sheet)) keep(emptySheet(data, shape.size));
    const rebuilt = other || data.set !== set || !sameVector(data.order, order) || spanShown !== data.span;
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
    const missing = sheet.order.findIndex((id) => !sheet.done.has(id));
    const current = sameVector(sheet.base, data.base) && (!position.length || sameVector(position, data.base));
    if (missing >= 0 && current) requestSlice(missing);
  }

  function emptySheet({ set: kind, base, order: ids, steps, span }, size) {
    const pixels = new Uint8Array(ids.length * steps * size);
    return { set: kind, base, order: ids, steps, span, size, pixels, done: new Set(),
      rowOf: new Map(ids.map((id, row) => [id, row])),
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
    [order, set, spanShown, cursor] = [props.order, props.set, props.span, null];
    figure.classList.toggle("named", Boolean(props.names));
    list.setAttribute("aria-label", `Traversal sheet, a row for each of ${order.length} ${
      props.names ? "directions" : "dimensions"}. `
      + "Arrow keys move over the images, Enter goes to one.");
    list.replaceChildren();
    canvases = order.map((id, row) => {
      const canvas = createElement("canvas", { role: "img",
        "aria-label": `Traversal of ${props.names ? props.names[row] : `latent dimension ${id}`} over ±${
          formatTick(props.span)} σ` });
      canvas.addEventListener("click", (event) => goTo(row, binIndex(event.offsetX / canvas.clientWidth, columns())));
      const text = props.names?.[row];
      const name = text !== undefined ? createElement("span", { class: "name", text, title: text })
        : createElement("span", { class: "name", text: "z" }, createElement("sub", { text: id }));
      const strip = createElement("div", { class: "strip" }, canvas, createElement("i", { class: "mark" }),
        createElement("i", { class: "cursor", hidden: true }));
      list.append(createElement("div", { class: !props.names && props.dead[id] ? "row dead" : "row" }, name, strip));
      return canvas;
    });
    fit();
  }

  // On a narrow page every second, third … image is shown; the middle one always is.
  function fit() {
    if (!props) return;
    const many = props.order.length > MOST_ROWS;
    list.classList.toggle("many", many); // they scroll by themselves
    const names = props.names ? LONG_NAME_WIDTH : NAME_WIDTH, half = (props.steps - 1) / 2;
    const room = (figure.clientWidth || 300) - names - (many ? SCROLLBAR : 0);
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
    caption.textContent = (props.names
      ? "Each row moves along one direction and holds what is perpendicular to it. "
      : "Each row changes one dimension and holds the others at the position above. "
        + "In the row of a dead dimension nothing changes. ") + `${touchOr("Tap", "Click")} an image to go there.`;
  }

  // The position of image k of a row along its slider, in σ.
  const valueAt = (k) => -props.span + (2 * props.span * k) / (columns() - 1);

  // Where a position lies in a row: image k, or past an end, where an arrow stands instead.
  function mark() {
    if (!position.length) return;
    const count = columns(), sliders = store.sliders?.get(props.run) ?? [];
    list.querySelectorAll(".strip").forEach((strip, row) => {
      const slider = sliders.find(({ id, dim }) => id === order[row] && (dim === undefined) === Boolean(props.names));
      const value = slider ? sliderValue(slider, position) : 0, node = strip.querySelector(".mark");
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
    const at = cursor && (props.names?.[cursor[1]] ?? `z${order[cursor[1]]}`);
    read.textContent = cursor ? `${at} = ${formatSigned(valueAt(cursor[0]))} σ` : "";
  }

  function placeAt(node, k) {
    node.style.left = `${(k / columns()) * 100}%`;
    node.style.width = `${100 / columns()}%`;
  }

  const goTo = (row, k) => publish(`setSlider:${props.run}`, [props.order[row], valueAt(k)]);

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
