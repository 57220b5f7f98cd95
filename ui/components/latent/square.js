export default function ({ data, parentElement }) {
  const view = recall(parentElement, () => start(parentElement));
  view.accept(data);
  return parting(parentElement, view.stop);
}

function start(root) {
  const figure = root.querySelector(".square"), map = root.querySelector(".map"), ground = root.querySelector(".ground");
  const mark = root.querySelector("i"), peek = root.querySelector(".peek"), read = root.querySelector(".read");
  const corners = root.querySelector(".corners"), view = { accept, stop };
  let facts = null, tiles = null, at = null, stride = 2, pace = 0;

  const tile = (column, row) => tiles.subarray((row * facts.side + column) * TILE * TILE, (row * facts.side + column + 1) * TILE * TILE);

  function accept(data) {
    if (data === facts) return;
    facts = data;
    tiles = bytes(data.tiles);
    at ??= [(data.side - 1) / 2, (data.side - 1) / 2];
    const originals = bytes(data.corners);
    corners.replaceChildren(...[..."ABCD"].map((letter, k) => {
      const canvas = make("canvas", { role: "img", title: data.notes[k], "aria-label": `${letter}, the original: ${data.notes[k]}` });
      paint(canvas, originals.subarray(k * TILE * TILE, (k + 1) * TILE * TILE));
      return make("figure", {}, canvas, make("figcaption", { text: letter }));
    }));
    map.setAttribute("aria-label", "Square with A and B above, C and D below. Arrow keys move over it.");
    fit();
  }

  function fit() {
    if (!facts || !figure.clientWidth) return;
    const room = figure.clientWidth, beside = room >= 640 ? 340 : 0, ratio = window.devicePixelRatio || 1;
    stride = [2, 4, 8].find((s) => (((facts.side - 1) / s + 1) * TILE) / ratio <= room - beside) ?? 8;
    const n = (facts.side - 1) / stride + 1, size = crisp(n * TILE, Math.min(room - beside, 620));
    const picture = new Uint8Array(n * n * TILE * TILE);
    for (let row = 0; row < n; row++) for (let column = 0; column < n; column++) {
      const one = tile(column * stride, row * stride);
      for (let y = 0; y < TILE; y++) picture.set(one.subarray(y * TILE, (y + 1) * TILE), ((row * TILE + y) * n + column) * TILE);
    }
    paint(ground, picture, n * TILE, n * TILE);
    for (const node of [map, ground]) node.style.width = node.style.height = `${size}px`;
    mark.style.width = mark.style.height = `${size / n}px`;
    peek.style.width = peek.style.height = `${crisp(TILE, beside ? 308 : 168)}px`;
    show();
  }

  function show() {
    const [column, row] = at, most = facts.side - 1, n = most / stride + 1;
    paint(peek, tile(column, row));
    mark.style.left = `${((column / stride) / n) * 100}%`;
    mark.style.top = `${((row / stride) / n) * 100}%`;
    map.dataset.at = at.join();
    const [x, y] = [column / most, row / most];
    const parts = [(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y];
    read.textContent = parts.map((part, k) => `${"ABCD"[k]} ${Math.round(100 * part)} %`).join(" · ");
    peek.setAttribute("aria-label", `The picture at ${read.textContent}`);
  }

  function look(column, row) {
    const within = (v) => Math.min(facts.side - 1, Math.max(0, v));
    at = [within(column), within(row)];
    show();
  }

  map.addEventListener("pointermove", (event) => {
    const box = map.getBoundingClientRect(), n = (facts.side - 1) / stride + 1;
    const place = (part) => Math.round((part * n - 0.5) * stride);
    const [column, row] = [place((event.clientX - box.left) / box.width), place((event.clientY - box.top) / box.height)];
    cancelAnimationFrame(pace); // a mouse reports more often than the screen is drawn
    pace = requestAnimationFrame(() => look(column, row));
  });
  map.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!by) return;
    event.preventDefault();
    const far = event.shiftKey ? 4 : 1;
    look(at[0] + far * by[0], at[1] + far * by[1]);
  });
  const watch = new ResizeObserver(fit);
  watch.observe(figure);

  function stop() {
    watch.disconnect();
    cancelAnimationFrame(pace);
    memory.delete(root);
  }
  return view;
}
