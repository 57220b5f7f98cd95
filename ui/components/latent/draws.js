export default function ({ data, parentElement }) {
  const view = getOrCreate(parentElement, () => start(parentElement));
  view.accept(data);
  return cleanup(parentElement, view.stop);
}

function start(root) {
  const figure = root.querySelector(".draws"), canvas = root.querySelector(".samples"), view = { accept, stop };
  let props = null, shape = null, lit = null;

  function accept(data) {
    if (data === props) return;
    props = data;
    shape = imageShape(data.shape);
    const tiles = decodeBase64(data.tiles);
    paintGrid(canvas, data.positions.map((_, k) => imageAt(tiles, shape, k)), shape, data.columns);
    canvas.setAttribute("aria-label", `${data.about} Arrow keys show where each of them lies.`);
    fit();
    light(null);
  }

  const rows = () => Math.max(1, Math.ceil(props.positions.length / props.columns));

  function fit() {
    if (!props || !figure.clientWidth) return;
    setSize(fitGrid(shape, { width: figure.clientWidth, columns: props.columns, rows: rows(), most: 2 }), canvas);
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
