const PERIOD = 70, REST = 900; // ms a frame while playing, and where less motion is wished
const NEAR = 14; // CSS pixels from the pointer to the head of a path, at most

export default function ({ data, parentElement }) {
  const view = getOrCreate(parentElement, () => start(parentElement));
  view.accept(data);
  return cleanup(parentElement, view.stop);
}

function start(root) {
  const figure = root.querySelector(".flow"), read = root.querySelector(".read");
  const planeBox = root.querySelector(".plane"), plane = planeBox.querySelector("canvas");
  const pictures = root.querySelector(".pictures canvas"), frame = root.querySelector(".pictures i");
  const view = { accept, stop };
  let props = null, shape = null, tiles = null, points = null, density = null;
  let columns = 6, cell = null, side = 0, marked = null;

  const last = () => props.frames - 1;
  const scrubber = createScrubber(root, {
    last, show, label: "Play from noise to images", period: PERIOD, rest: REST,
    stride: () => Math.max(1, Math.round(last() / 24)), calm: () => Math.max(1, Math.round(last() / 4)),
  });

  function accept(data) {
    if (props?.id === data.id) return;
    const before = props && scrubber.at / Math.max(1, last());
    scrubber.pause();
    props = data;
    shape = imageShape(data.shape);
    tiles = decodeBase64(data.tiles);
    density = data.plane && unpackDensity(data.plane.density);
    points = data.plane && new Float32Array(decodeBase64(data.plane.points).buffer);
    planeBox.hidden = !data.plane;
    scrubber.at = nearestIndex(data.times, before === null ? asked() : before);
    if (marked !== null && marked >= data.n) marked = null;
    fit();
  }

  function asked() {
    const t = Number(new URL(location.href).searchParams.get("t") ?? "1");
    return t >= 0 && t <= 1 ? t : 1;
  }

  function fit() {
    if (!props || !figure.clientWidth) return;
    const room = figure.clientWidth, wide = room >= 640, gap = 24;
    const height = wide ? Math.max(300, window.innerHeight - (props.plane ? 420 : 384)) : room;
    const half = props.plane ? (wide ? (room - gap) / 2 : room) : room;
    if (props.plane) {
      side = Math.floor(Math.min(half, wide ? height : room, 520));
      Object.assign(plane.style, { width: `${side}px`, height: `${side}px` });
      resizeCanvas(plane, side, side);
    }
    // As many columns as make the pictures largest in the room beside the plane.
    const width = props.plane && wide ? room - gap - side : room;
    const fits = [3, 4, 6, 8, 12, 24].filter((c) => c <= props.n).map((c) => ({
      columns: c,
      ...fitGrid(shape, { width, height: wide ? height : 0.75 * room, columns: c, rows: Math.ceil(props.n / c) }),
    }));
    cell = fits.reduce((a, b) => (b.cellWidth > a.cellWidth ? b : a));
    columns = cell.columns;
    show();
  }

  const image = (k) => imageAt(tiles, shape, scrubber.at * props.n + k);
  const stepOf = (at) => Math.round(props.times[at] * props.plane.steps);

  function show() {
    if (!cell) return;
    const { at } = scrubber, t = props.times[at];
    figure.dataset.at = at;
    scrubber.mark(`t = ${t.toFixed(2)}`);
    setAddressAtRest(figure, "t", t === 1 ? null : String(Math.round(t * 1e3) / 1e3));
    paintGrid(pictures, Array.from({ length: props.n }, (_, k) => image(k)), shape, columns);
    setSize(cell, pictures);
    const said = `${props.n} ${props.alt}, decoded at t = ${t.toFixed(2)}. Arrow keys mark one.`;
    pictures.setAttribute("aria-label", said);
    read.textContent = at === 0 ? "t = 0 · noise, decoded" : at === last() ? "t = 1 · images"
      : `t = ${t.toFixed(2)} · on the way`;
    mark(marked);
  }

  function mark(k) {
    marked = k;
    figure.dataset.picture = k ?? "";
    frame.hidden = k === null;
    if (k !== null) {
      Object.assign(frame.style, { left: `${(k % columns) * cell.cellWidth}px`, width: `${cell.cellWidth}px`,
        top: `${Math.floor(k / columns) * cell.cellHeight}px`, height: `${cell.cellHeight}px` });
    }
    drawPlane();
  }

  function drawPlane() {
    if (!props.plane || !side) return;
    const { ctx, ink } = beginPlot(plane, figure), scales = planeScales(props.plane.window, side);
    const { n, plane: { path, latent } } = props, upTo = stepOf(scrubber.at);
    paintLatentDensity(ctx, density, scales, latent);
    paintHolesEdge(ctx, density, scales, ink);
    const place = (step, k) => [scales.x(points[2 * (step * n + k)]), scales.y(points[2 * (step * n + k) + 1])];
    const order = [...Array(n).keys()].sort((a, b) => (a === marked) - (b === marked)); // the marked one on top
    for (const k of order) {
      const own = k === marked, line = Array.from({ length: upTo + 1 }, (_, step) => place(step, k));
      const alpha = marked === null ? 0.75 : own ? 1 : 0.3;
      drawLine(ctx, line, { colour: path, width: own ? 2.5 : 1.25, alpha });
      ctx.save();
      ctx.globalAlpha = alpha;
      drawDot(ctx, ...line[0], own ? 3 : 2, ink);
      drawDot(ctx, ...line[upTo], own ? 5 : 3.25, path);
      ctx.restore();
    }
    plane.setAttribute("aria-label", `Paths of ${n} points from noise over the latents of the training images, up to ` +
      `t = ${props.times[scrubber.at].toFixed(2)}`);
  }

  function placeIn(canvas, event) {
    const bounds = canvas.getBoundingClientRect();
    return [event.clientX - bounds.left, event.clientY - bounds.top];
  }

  pictures.addEventListener("pointermove", (event) => {
    if (!cell) return;
    const [x, y] = placeIn(pictures, event);
    const k = Math.floor(y / cell.cellHeight) * columns + clamp(Math.floor(x / cell.cellWidth), 0, columns - 1);
    if (k !== marked) mark(k >= 0 && k < props.n ? k : null);
  });
  plane.addEventListener("pointermove", (event) => {
    if (!props?.plane) return;
    const [x, y] = placeIn(plane, event), scales = planeScales(props.plane.window, side), step = stepOf(scrubber.at);
    let best = NEAR ** 2, found = null;
    for (let k = 0; k < props.n; k++) {
      const at = 2 * (step * props.n + k);
      const distance = (scales.x(points[at]) - x) ** 2 + (scales.y(points[at + 1]) - y) ** 2;
      if (distance < best) [best, found] = [distance, k];
    }
    if (found !== marked) mark(found);
  });
  for (const canvas of [pictures, plane]) canvas.addEventListener("pointerleave", () => { if (props) mark(null); });
  pictures.addEventListener("blur", () => { if (props) mark(null); });
  pictures.addEventListener("keydown", (event) => {
    const by = arrowStep(event.key);
    if (event.key === "Escape") return mark(null);
    if (!by || !props) return;
    event.preventDefault();
    mark(marked === null ? 0 : clamp(marked + by[0] + columns * by[1], 0, props.n - 1));
  });

  const watch = new ResizeObserver(fit);
  watch.observe(figure);

  function stop() {
    scrubber.stop();
    watch.disconnect();
    removeView(root);
  }
  return view;
}
