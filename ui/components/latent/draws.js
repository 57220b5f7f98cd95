export default function ({ data, parentElement }) {
  const view = getOrCreate(parentElement, () => start(parentElement));
  view.accept(data);
  return cleanup(parentElement, view.stop);
}

function start(root) {
  const figure = root.querySelector(".draws"), canvas = root.querySelector(".samples"), view = { accept, stop };
  let props = null, shape = null, tiles = null, lit = null;

  function accept(data) {
    if (data === props) return;
    props = data;
    shape = imageShape(data.shape);
    tiles = decodeBase64(data.tiles);
    canvas.setAttribute("aria-label", `${data.about} Arrow keys show where each of them lies.`);
    fit();
    light(null);
  }

  const rows = () => Math.max(1, Math.ceil(props.positions.length / props.columns));

  // The sheet is as wide as its column: its images stand a little apart, or are shrunk where not even they fit.
  function fit() {
    if (!props || !figure.clientWidth) return;
    const room = figure.clientWidth, { columns, positions } = props;
    const size = fitGrid(shape, { width: room, columns, most: 2 }), ratio = deviceRatio();
    const step = lineStep(size.cellWidth, columns, room), wide = Math.round(size.cellWidth * ratio);
    const high = Math.round(size.cellHeight * ratio), between = step - wide, small = createElement("canvas");
    canvas.width = Math.round((columns - 1) * step) + wide;
    canvas.height = Math.round((rows() - 1) * (high + between)) + high;
    Object.assign(canvas.style, { width: `${canvas.width / ratio}px`, height: `${canvas.height / ratio}px` });
    const ctx = canvas.getContext("2d");
    ctx.imageSmoothingEnabled = size.scale < 1;
    positions.forEach((_, k) => {
      const left = (k % columns) * step, top = Math.floor(k / columns) * (high + between);
      paintImage(small, imageAt(tiles, shape, k), shape);
      ctx.drawImage(small, Math.round(left), Math.round(top), wide, high);
    });
  }

  function light(k) {
    lit = k;
    store.planes.marks.set(props.slot, { positions: props.positions, lit });
    publish("planes:marks", props.slot);
  }

  canvas.addEventListener("pointermove", (event) => {
    const bounds = canvas.getBoundingClientRect();
    const column = Math.floor(((event.clientX - bounds.left) / bounds.width) * props.columns);
    const k = Math.floor(((event.clientY - bounds.top) / bounds.height) * rows()) * props.columns + column;
    if (k !== lit && k >= 0 && k < props.positions.length) light(k);
  });
  for (const event of ["pointerleave", "blur"]) canvas.addEventListener(event, () => light(null));
  canvas.addEventListener("keydown", (event) => {
    const by = arrowStep(event.key);
    if (!by) return;
    event.preventDefault();
    light(lit === null ? 0 : clamp(lit + by[0] + by[1] * props.columns, 0, props.positions.length - 1));
  });
  const watch = new ResizeObserver(fit);
  watch.observe(figure);

  function stop() {
    watch.disconnect();
    store.planes.marks.delete(props?.slot);
    removeView(root);
  }
  return view;
}
