export default function ({ data, parentElement }) {
  const view = getOrCreate(parentElement, () => start(parentElement));
  view.accept(data);
  return cleanup(parentElement, view.stop);
}

function start(root) {
  const figure = root.querySelector(".square"), map = root.querySelector(".map");
  const ground = root.querySelector(".ground");
  const mark = root.querySelector("i"), preview = root.querySelector(".preview"), read = root.querySelector(".read");
  const corners = root.querySelector(".corners"), view = { accept, stop };
  let props = null, shape = null, tiles = null, at = null, stride = 2, frame = 0;

  const image = (column, row) => imageAt(tiles, shape, row * props.side + column);
  const shown = () => (props.side - 1) / stride + 1; // images along one side of the map

  function accept(data) {
    if (data === props) return;
    const resized = props && props.side !== data.side;
    props = data;
    shape = imageShape(data.shape);
    tiles = decodeBase64(data.tiles);
    if (!at || resized) at = [(data.side - 1) / 2, (data.side - 1) / 2];
    const originals = decodeBase64(data.corners);
    corners.replaceChildren(...[..."ABCD"].map((letter, k) => {
      const canvas = createElement("canvas", { role: "img", title: data.notes[k],
        "aria-label": `${letter}, the original: ${data.notes[k]}` });
      paintImage(canvas, imageAt(originals, shape, k), shape);
      setSize(fitImage(shape, SMALL_IMAGE), canvas);
      return createElement("figure", {}, canvas, createElement("figcaption", { text: letter }));
    }));
    map.setAttribute("aria-label", "Square with A and B above, C and D below. Arrow keys move over it.");
    fit();
  }

  function fit() {
    if (!props || !figure.clientWidth) return;
    const room = figure.clientWidth, beside = room >= 640 ? 340 : 0, width = Math.min(room - beside, 620);
    const strides = [2, 4, 8].filter((s) => (props.side - 1) % s === 0);
    stride = strides.find((s) => (((props.side - 1) / s + 1) * shape.width) / deviceRatio() <= room - beside)
      ?? strides.at(-1);
    const n = shown(), size = fitGrid(shape, { width, height: width, columns: n, rows: n }), images = [];
    for (let row = 0; row < n; row++) {
      for (let column = 0; column < n; column++) images.push(image(column * stride, row * stride));
    }
    paintGrid(ground, images, shape, n);
    setSize(size, map, ground);
    [mark.style.width, mark.style.height] = [`${size.cellWidth}px`, `${size.cellHeight}px`];
    setSize(fitImage(shape, beside ? 308 : 168), preview);
    show();
  }

  function show() {
    const [column, row] = at, most = props.side - 1, n = shown();
    paintImage(preview, image(column, row), shape);
    mark.style.left = `${(column / stride / n) * 100}%`;
    mark.style.top = `${(row / stride / n) * 100}%`;
    map.dataset.at = at.join();
    const [x, y] = [column / most, row / most];
    const parts = [(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y];
    read.textContent = parts.map((part, k) => `${"ABCD"[k]} ${Math.round(100 * part)} %`).join(" · ");
    preview.setAttribute("aria-label", `The image at ${read.textContent}`);
  }

  function look(column, row) {
    at = [clamp(column, 0, props.side - 1), clamp(row, 0, props.side - 1)];
    show();
  }

  map.addEventListener("pointermove", (event) => {
    const bounds = map.getBoundingClientRect(), index = (part) => Math.round((part * shown() - 0.5) * stride);
    const column = index((event.clientX - bounds.left) / bounds.width);
    const row = index((event.clientY - bounds.top) / bounds.height);
    cancelAnimationFrame(frame); // a mouse reports more often than the screen is drawn
    frame = requestAnimationFrame(() => look(column, row));
  });
  map.addEventListener("pointercancel", () => cancelAnimationFrame(frame)); // a finger that scrolls the page
  map.addEventListener("keydown", (event) => {
    const by = arrowStep(event.key);
    if (!by) return;
    event.preventDefault();
    const times = event.shiftKey ? 4 : 1;
    look(at[0] + times * by[0], at[1] + times * by[1]);
  });
  const watch = new ResizeObserver(fit);
  watch.observe(figure);

  function stop() {
    watch.disconnect();
    cancelAnimationFrame(frame);
    removeView(root);
  }
  return view;
}
