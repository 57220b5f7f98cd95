const RIGHT = 10, TOP = 18, BOTTOM = 38, KEY = 18; // CSS pixels round the plot, and for the key of the level above it
const WIDEST = 72; // CSS pixels from one bar to the next, where there are only a few
const NAME_GAP = 8; // CSS pixels between two names
const DEAD_HEIGHT = 10; // CSS pixels

// Every how many bars a name is written, so that no two overlap: 1, 2, 5, 10 …
function everyNth(widest, step) {
  const least = (widest + NAME_GAP) / step;
  return [1, 2, 5, 10, 20, 50, 100, 200, 500].find((n) => n >= least - 1e-6) ?? 1000;
}

export default function ({ data, parentElement }) {
  const view = getOrCreate(parentElement, () => start(parentElement));
  view.accept(data);
  return cleanup(parentElement, view.stop);
}

// Diagonal stripes for a bar that stands for almost nothing.
function hatch(ctx, colour) {
  const tile = createElement("canvas", { width: 8, height: 8 }), brush = tile.getContext("2d");
  Object.assign(brush, { strokeStyle: colour, lineWidth: 2.5 });
  brush.beginPath();
  for (const shift of [-8, 0, 8]) { brush.moveTo(shift - 1, 9); brush.lineTo(shift + 9, -1); }
  brush.stroke();
  return ctx.createPattern(tile, "repeat");
}

function start(root) {
  const canvas = root.querySelector("canvas"), tip = root.querySelector(".tip");
  let props = null, cursor = null, frame = null;

  function accept(data) {
    props = data;
    if (cursor !== null) cursor = Math.min(cursor, data.values.length - 1);
    canvas.setAttribute("aria-label", data.alt);
    canvas.style.height = `${data.height}px`;
    Object.assign(canvas.dataset, { bars: data.values.length, even: data.even ?? "" });
    redraw();
  }

  function redraw() {
    frame ??= requestAnimationFrame(() => {
      frame = null;
      if (props && canvas.clientWidth) draw();
    });
  }

  function layout() {
    resizeCanvas(canvas, canvas.clientWidth, props.height);
    const plot = beginPlot(canvas, root.querySelector(".bars"), FONT), { ctx, width } = plot;
    const top = TOP + (props.even == null ? 0 : KEY), bottom = props.height - BOTTOM;
    const most = Math.max(...props.values, props.even ?? 0, 1e-9);
    const ticks = linearTicks(0, most, (bottom - top) / 42), left = valueAxisWidth(ctx, [ticks]), right = width - RIGHT;
    const step = Math.min(WIDEST, (right - left) / props.values.length), end = left + step * props.values.length;
    return { ...plot, left, right, end, top, bottom, ticks, step, y: axisScale(0, most, bottom, top) };
  }

  function draw() {
    const plot = layout(), { ctx, left, right, end, top, bottom, ticks, step, y, ink } = plot;
    const { names, values, dead, muted } = props, gap = Math.min(6, 0.2 * step);
    const every = everyNth(Math.max(...names.map((name) => ctx.measureText(name).width)), step);
    drawValueAxis(ctx, { ticks, y, left, right, ink, colour: muted });
    drawVerticalTitle(ctx, props.yTitle, top, bottom - top, muted);
    Object.assign(canvas.dataset, { named: Math.ceil(values.length / every), step: step.toFixed(2) });
    const pattern = hatch(ctx, muted);
    values.forEach((value, i) => {
      const from = left + i * step + gap / 2, height = dead[i] ? DEAD_HEIGHT : Math.max(1, bottom - y(value));
      if (i === cursor) {
        Object.assign(ctx, { fillStyle: ink, globalAlpha: 0.12 });
        ctx.fillRect(left + i * step, top, step, bottom - top);
        ctx.globalAlpha = 1;
      }
      ctx.fillStyle = dead[i] ? pattern : props.colour;
      ctx.fillRect(from, bottom - height, Math.max(1, step - gap), height);
      const middle = from + (step - gap) / 2, text = dead[i] ? props.lost : formatNumber(value);
      const label = { align: "center", baseline: "bottom", colour: ink };
      const fits = ctx.measureText(text).width < step + 4;
      if (fits) drawText(ctx, text, middle, bottom - height - 2, label);
      if (i % every === 0) drawText(ctx, names[i], middle, bottom + 6, { align: "center", colour: muted });
    });
    if (props.even != null) {
      const level = { colour: ink, width: 2, alpha: 0.75, dash: [6, 4] }; // its text would lie on the bars
      drawLine(ctx, [[left, y(props.even)], [right, y(props.even)]], level);
      drawText(ctx, props.evenText, right, 2, { align: "right", colour: muted });
      const start = right - ctx.measureText(props.evenText).width - 6;
      drawLine(ctx, [[start - 22, 9], [start, 9]], level);
    }
    // Under a few bars the title begins where they do.
    const title = Math.max((left + end) / 2, left + ctx.measureText(props.xTitle).width / 2);
    drawText(ctx, props.xTitle, title, bottom + 22, { align: "center", colour: muted });
    tip.hidden = cursor === null;
    if (cursor === null) return;
    const text = `${names[cursor]}: ${formatNumber(values[cursor])} ${props.unit}`;
    showTip(tip, [dead[cursor] ? `${text}, ${props.lost}` : text], left + (cursor + 0.5) * step, plot.width);
  }

  function select(index) {
    cursor = index === null ? null : clamp(index, 0, props.values.length - 1);
    redraw();
  }

  canvas.addEventListener("pointermove", (event) => {
    const { left, end } = layout(), x = event.clientX - canvas.getBoundingClientRect().left;
    select(x < left || x > end ? null : binIndex((x - left) / (end - left), props.values.length));
  });
  for (const event of ["pointerleave", "blur"]) canvas.addEventListener(event, () => select(null));
  canvas.addEventListener("keydown", (event) => {
    const last = props.values.length - 1, [left, right] = [(cursor ?? 1) - 1, (cursor ?? -1) + 1];
    const to = { ArrowLeft: left, ArrowRight: right, Home: 0, End: last, Escape: null }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    select(to);
  });

  const watch = new ResizeObserver(redraw);
  watch.observe(canvas);

  function stop() {
    watch.disconnect();
    cancelAnimationFrame(frame);
    removeView(root);
  }
  return { accept, stop };
}
