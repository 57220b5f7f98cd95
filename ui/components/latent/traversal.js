export default function ({ data, parentElement, setTriggerValue }) {
  const view = recall(parentElement, () => start(parentElement));
  view.ask = (value) => post(() => setTriggerValue("wish", value));
  view.accept(data);
  return parting(parentElement, view.stop);
}

function start(root) {
  const figure = root.querySelector(".traversal");
  const list = root.querySelector(".rows");
  const scale = [...root.querySelectorAll(".scale span")];
  const caption = root.querySelector("figcaption");
  const view = { ask: null, accept, stop };
  let facts = null, sheet = null, at = [], canvases = [], away = [], asked = null, stride = 1;

  function accept(data) {
    const again = !facts || data.run !== facts.run;
    facts = data;
    asked = null;
    if (again) listen();
    sheet = shelf.sheets.get(data.run);
    const kin = sheet && sheet.steps === data.steps && same(sheet.base, data.base) && same(sheet.order, data.order);
    if (!kin && (data.tiles || !sheet)) keep(blank(data));
    const fresh = again || !same(data.order, view.order ?? []);
    if (fresh) build();
    let rows = 0;
    if (data.tiles) {
      const tiles = bytes(data.tiles);
      rows = tiles.length / (TILE * TILE * data.steps);
      sheet.pixels.set(tiles, data.first * data.steps * TILE * TILE);
      for (let row = data.first; row < data.first + rows; row++) sheet.done.add(sheet.order[row]);
    }
    if (fresh) show();
    else show(data.first, data.first + rows);
    publish(`sheet:${data.run}`);
    // The next slice, unless the point has moved meanwhile: then the board asks anew when the reader pauses.
    const missing = sheet.order.findIndex((dim) => !sheet.done.has(dim));
    if (missing >= 0 && same(sheet.base, data.base) && (!at.length || same(at, data.base))) wish(missing);
  }

  function blank({ base, order, steps, span }) {
    const size = TILE * TILE, pixels = new Uint8Array(order.length * steps * size);
    return { base, order, steps, span, pixels, done: new Set(), place: new Map(order.map((dim, row) => [dim, row])),
      tile: (row, step) => pixels.subarray((row * steps + step) * size, (row * steps + step + 1) * size) };
  }

  function keep(made) {
    sheet = made;
    shelf.sheets.delete(facts.run);
    shelf.sheets.set(facts.run, sheet);
    for (const old of [...shelf.sheets.keys()].slice(0, -3)) shelf.sheets.delete(old);
  }

  function wish(first, all = facts.order.length === facts.dims) {
    const value = { first, all, n: Date.now() };
    asked = value;
    view.ask(value);
    setTimeout(() => { if (asked === value && figure.isConnected) wish(first, all); }, 8000); // the answer got lost
  }

  function listen() {
    for (const leave of away) leave();
    away = [
      subscribe(`at:${facts.run}`, (u) => { at = [...u]; mark(); }),
      subscribe(`wish:${facts.run}`, ({ all }) => wish(0, all || facts.order.length === facts.dims)),
    ];
    at = [];
    publish(`ask:${facts.run}`, (u) => { at = [...u]; });
  }

  function build() {
    view.order = facts.order;
    list.replaceChildren();
    canvases = facts.order.map((dim, row) => {
      const canvas = make("canvas", { role: "img", "aria-label": `Traversal of latent dimension ${dim} from −${facts.span} to ${facts.span} σ` });
      canvas.addEventListener("click", (event) => pick(row, event.offsetX / canvas.clientWidth));
      const name = make("span", { class: "name", text: "z" }, make("sub", { text: dim }));
      const mark = make("i", { class: "mark" });
      list.append(make("div", { class: facts.dead[dim] ? "row dead" : "row" }, name, make("div", { class: "strip" }, canvas, mark)));
      return canvas;
    });
    fit();
  }

  // On a narrow page every second, third … picture is shown; the middle one always is.
  function fit() {
    if (!facts) return;
    const gap = 44, room = (figure.clientWidth || 300) - gap, ratio = window.devicePixelRatio || 1;
    const half = (facts.steps - 1) / 2;
    stride = 1;
    while (stride < half && (((2 * Math.floor(half / stride) + 1) * TILE) / ratio > room || half % stride)) stride++;
    show();
    const width = crisp(columns() * TILE, room, 2);
    for (const canvas of canvases) {
      canvas.style.width = `${width}px`;
      canvas.style.height = `${width / columns()}px`;
    }
    figure.querySelector(".scale").style.width = `${width}px`;
    scale[0].textContent = `−${facts.span} σ`;
    scale[1].textContent = "0";
    scale[2].textContent = `+${facts.span} σ`;
    mark();
  }

  const columns = () => (facts.steps - 1) / stride + 1;

  function show(from = 0, to = Infinity) {
    if (!sheet) return;
    const count = columns();
    canvases.forEach((canvas, row) => {
      if (row < from || row >= to) return;
      const drawn = sheet.done.has(sheet.order[row]);
      const strip = new Uint8Array(count * TILE * TILE);
      for (let k = 0; drawn && k < count; k++) {
        const tile = sheet.tile(row, k * stride);
        for (let y = 0; y < TILE; y++) strip.set(tile.subarray(y * TILE, (y + 1) * TILE), (y * count + k) * TILE);
      }
      if (drawn || canvas.width !== count * TILE) paint(canvas, strip, count * TILE, TILE);
    });
    figure.dataset.rows = sheet.done.size;
    caption.textContent = `Each row changes one dimension and holds the others at the point above. Rows that change nothing belong to dead dimensions. Click a picture to go there.`;
  }

  function mark() {
    if (!at.length) return;
    const count = columns();
    list.querySelectorAll(".mark").forEach((node, row) => {
      const value = Math.max(-facts.span, Math.min(facts.span, at[facts.order[row]] ?? 0));
      const k = Math.round(((value + facts.span) / (2 * facts.span)) * (count - 1));
      node.style.left = `${(k / count) * 100}%`;
      node.style.width = `${100 / count}%`;
    });
  }

  function pick(row, part) {
    const count = columns(), k = Math.min(count - 1, Math.max(0, Math.floor(part * count)));
    publish(`set:${facts.run}`, [[facts.order[row], -facts.span + (2 * facts.span * k) / (count - 1)]]);
  }

  const watch = new ResizeObserver(fit);
  watch.observe(figure);

  function stop() {
    watch.disconnect();
    for (const leave of away) leave();
    asked = null;
    memory.delete(root);
  }
  return view;
}
