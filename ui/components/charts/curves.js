const RIGHT = 10, ENDS = 14, TOP = 6, GAP = 18, BOTTOM = 38; // CSS pixels round and between the panels; room for
// the texts at the ends of curves
const END_LINE = 13; // CSS pixels from one such text to the next
const TICK_ROOM = { x: 80, y: 42 }; // CSS pixels for one tick
const LEAST_ZOOM = 8; // CSS pixels: a shorter drag is a click

export default function ({ data, parentElement }) {
  const view = getOrCreate(parentElement, () => start(parentElement));
  view.accept(data);
  return cleanup(parentElement, view.stop);
}

// The last position of all curves; 1 where there are none.
function lastPosition(panels) {
  let last = 0;
  for (const { curves } of panels) for (const { x } of curves) if (x.length) last = Math.max(last, x[x.length - 1]);
  return last || 1;
}

// The range of values of some curves between positions a and b, their neighbours outside included, with a margin.
function visibleRange(curves, log, [a, b], zoomed = false) {
  let low = Infinity, high = -Infinity;
  for (const { x, y } of curves) {
    for (let i = 0; i < x.length; i++) {
      const near = x[Math.min(i + 1, x.length - 1)] >= a && x[Math.max(i - 1, 0)] <= b;
      if (near && (!log || y[i] > 0)) { low = Math.min(low, y[i]); high = Math.max(high, y[i]); }
    }
  }
  if (low > high) return log ? [1, 10] : [0, 1];
  if (log) return [low / 1.05, high * 1.05];
  // Of values that hardly differ, such as the two losses of an untrained model, the difference is not blown up.
  const margin = Math.max(0.05 * (high - low), zoomed ? 0 : 2e-3 * Math.abs(high)) || 0.5;
  return [low - margin, high + margin];
}

// Lengths of strokes and gaps: `dash` is true, false or a list of lengths.
const dashLengths = (dash) => (Array.isArray(dash) ? dash : dash ? [7, 4] : []);

// A curve, with a pale band between `low` and `high` if it has them; a single point is a small square.
function drawCurve(ctx, { x: xs, y: ys, low, high, colour, width, alpha, dash }, x, y, log) {
  if (low?.length > 1) {
    ctx.globalAlpha = 0.12;
    ctx.fillStyle = colour;
    ctx.beginPath();
    xs.forEach((v, i) => ctx.lineTo(x(v), y(high[i])));
    for (let i = xs.length - 1; i >= 0; i--) ctx.lineTo(x(xs[i]), y(low[i]));
    ctx.fill();
    ctx.globalAlpha = 1;
  }
  const points = [];
  for (let i = 0; i < xs.length; i++) if (!log || ys[i] > 0) points.push([x(xs[i]), y(ys[i])]);
  drawLine(ctx, points, { colour, width, alpha, dash: dashLengths(dash) });
  if (points.length !== 1) return;
  ctx.fillStyle = colour;
  ctx.fillRect(points[0][0] - 2, points[0][1] - 2, 4, 4);
}

// Where a curve ends in sight, which is where its text stands: [position, value]; null where none of it is in sight.
function endInSight({ x: xs, y: ys }, [from, to]) {
  const k = xs.findLastIndex((value) => value <= to);
  return k < 0 || xs[k] < from ? null : [xs[k], ys[k]];
}

function start(root) {
  const canvas = root.querySelector("canvas"), legend = root.querySelector(".legend"), tip = root.querySelector(".tip");
  const hidden = new Set();
  // zoom: [from, to] or null. whole: all values are shown, not only the useful range. dragFrom: where a drag began.
  // epoch: the one that the film shows. unsubscribe: ends the subscription to it.
  let epoch = null, unsubscribe = () => {};
  let props = null, zoom = null, whole = false, cursor = null, dragFrom = null, frame = null, legendKey = "";

  function accept(data) {
    if (props && props.revision !== data.revision) [zoom, whole, cursor] = [null, false, null];
    if (props?.link !== data.link) {
      unsubscribe();
      epoch = null;
      unsubscribe = subscribe(`epoch:${data.link}`, (shown) => { epoch = shown; redraw(); });
    }
    props = data;
    canvas.setAttribute("aria-label", data.alt);
    canvas.style.height = `${data.height}px`;
    buildLegend();
    redraw();
  }

  function buildLegend() {
    const kinds = (props.lines ?? []).map((line) => (
      { ...line, id: kindOf(line.name), colour: props.muted, width: 2, alpha: 1 }));
    const entries = [...props.legend, ...kinds], key = JSON.stringify(entries);
    if (key === legendKey) return;
    legendKey = key;
    legend.replaceChildren(...entries.map(({ name, id = name, colour, width, alpha, dash, end }) => {
      const line = createElement("i"), style = dash?.[0] < 4 ? "dotted" : dash ? "dashed" : "solid";
      line.style.borderTop = `${Math.max(2, width)}px ${style} ${colour}`;
      line.style.opacity = alpha;
      const attributes = { title: "Show or hide this curve", "aria-pressed": String(!hidden.has(id)) };
      const button = createElement("button", attributes, line, end ? `${end} · ${name}` : name);
      button.addEventListener("click", () => {
        if (!hidden.delete(id)) hidden.add(id);
        button.setAttribute("aria-pressed", String(!hidden.has(id)));
        redraw();
      });
      return button;
    }));
  }

  const kindOf = (line) => `/${line}`; // no run is called so
  const shown = (panel) =>
    panel.curves.filter(({ x, name, line }) => x.length && !hidden.has(name) && !hidden.has(kindOf(line)));

  function redraw() {
    frame ??= requestAnimationFrame(() => {
      frame = null;
      if (props && canvas.clientWidth) draw();
    });
  }

  const fullRange = () => [0, lastPosition(props.panels)];
  // A panel shows its useful range, or everything in sight once the visitor asked for a stretch.
  function rangeOf(panel, xs) {
    return panel.range && !zoom && !whole ? panel.range : visibleRange(shown(panel), panel.log, xs, Boolean(zoom));
  }

  function layout() {
    resizeCanvas(canvas, canvas.clientWidth, props.height);
    const plot = beginPlot(canvas, root.querySelector(".curves"), FONT), { ctx, width } = plot, height = props.height;
    const xs = zoom ?? fullRange(), room = height - TOP - BOTTOM - GAP * (props.panels.length - 1);
    let top = TOP;
    const panels = props.panels.map((panel) => {
      const [low, high] = rangeOf(panel, xs), bottom = top + room * panel.share;
      const ticks = panel.log ? logTicks(low, high) : linearTicks(low, high, (bottom - top) / TICK_ROOM.y);
      const placed = { panel, top, bottom, ticks, y: axisScale(low, high, bottom, top, panel.log) };
      top = bottom + GAP;
      return placed;
    });
    const ends = props.panels.some((panel) => panel.curves.some((curve) => curve.end)) ? ENDS : 0;
    const left = valueAxisWidth(ctx, panels.map(({ ticks }) => ticks)), right = width - RIGHT - ends;
    return { ...plot, left, right, top: TOP, bottom: height - BOTTOM, xs, x: axisScale(...xs, left, right), panels };
  }

  function draw() {
    const plot = layout(), { ctx, left, right, xs, x, ink, ground } = plot, { muted: colour } = props;
    const empty = !props.panels.some((panel) => panel.curves.some((curve) => curve.x.length));
    for (const { panel, top, bottom, ticks, y } of plot.panels) {
      drawValueAxis(ctx, { ticks, y, left, right, ink, colour, labels: !empty });
      drawVerticalTitle(ctx, panel.title, top, bottom - top, colour);
      ctx.save();
      ctx.beginPath();
      ctx.rect(left, top - 1, right - left, bottom - top + 2);
      ctx.clip();
      for (const curve of shown(panel)) drawCurve(ctx, curve, x, y, panel.log);
      ctx.restore();
      drawEnds(plot, panel, y, top, bottom);
      // A value to compare with, such as ½ where a coin would do as well.
      const { level } = panel;
      if (level && !empty) drawLevel(ctx, { ...level, y, left, right, top, bottom, ink, ground, colour });
    }
    const ticks = empty ? [] : countTicks(...xs, (right - left) / TICK_ROOM.x);
    drawPositionAxis(ctx, { ticks, x, left, right, bottom: plot.bottom, colour, title: props.xTitle });
    drawEpoch(plot);
    drawMarks(plot);
    if (dragFrom != null && cursor != null) {
      Object.assign(ctx, { globalAlpha: 0.12, fillStyle: ink });
      ctx.fillRect(x(dragFrom), TOP, x(cursor) - x(dragFrom), plot.bottom - TOP);
      ctx.globalAlpha = 1;
    }
    canvas.dataset.until = empty ? 0 : fullRange()[1];
    canvas.dataset.view = xs.join(" ");
    canvas.dataset.scale = props.panels.map((panel) => (panel.log ? "log" : "linear")).join(" ");
    showValues(plot);
  }

  // The texts of curves that have one, right of their ends: curves are not told apart by colour alone. Of several with
  // one text, such as training and validation, it stands at the one that goes on longest.
  function drawEnds({ ctx, x, xs, ground }, panel, y, top, bottom) {
    const ends = new Map();
    for (const { end: text, colour, ...curve } of shown(panel)) {
      const at = text && endInSight(curve, xs);
      if (at && !(ends.get(text)?.at[0] > at[0])) ends.set(text, { at, colour, text });
    }
    const heights = ({ at }) => clamp(y(at[1]), top, bottom);
    const sorted = [...ends.values()].sort((a, b) => heights(a) - heights(b));
    const places = spreadApart(sorted.map(heights), END_LINE, top + 4, bottom - 4);
    sorted.forEach(({ at, colour, text }, k) => {
      const left = x(at[0]) + 4, width = ctx.measureText(text).width;
      ctx.fillStyle = ground; // another run's curve may go on behind it
      ctx.fillRect(left, places[k] - 7, width + 2, 13);
      drawText(ctx, text, left + 1, places[k], { baseline: "middle", colour });
    });
  }

  // Where the film is: a thin line with a handle on the axis, since a bold one at the last epoch would look like a
  // curve that drops.
  function drawEpoch({ ctx, x, xs, bottom, ink: colour }) {
    const here = props.link && epoch !== null && epoch >= xs[0] && epoch <= xs[1];
    if (here) {
      drawLine(ctx, [[x(epoch), TOP], [x(epoch), bottom]], { colour, dash: [1, 3], alpha: 0.6 });
      drawDot(ctx, x(epoch), bottom, 4.5, colour);
    }
    canvas.dataset.epoch = here ? epoch : "";
  }

  // Where something was changed in mid-run.
  function drawMarks({ ctx, x, xs, width, bottom, ground }) {
    const marks = props.marks.filter((mark) => mark.x >= xs[0] && mark.x <= xs[1]), { muted: colour } = props;
    for (const mark of marks) {
      drawLine(ctx, [[x(mark.x), TOP], [x(mark.x), bottom]], { colour: mark.colour ?? colour, dash: [3, 3] });
    }
    marks.forEach((mark, i) => {
      const room = ctx.measureText(mark.text).width, y = TOP + 16 * (i % 4);
      const from = x(mark.x) + 6 + room > width ? x(mark.x) - 6 - room : x(mark.x) + 6;
      ctx.fillStyle = ground; // the curves run behind the text
      ctx.fillRect(from - 3, y - 2, room + 6, 17);
      drawText(ctx, mark.text, from, y, { colour: mark.colour ?? colour });
    });
  }

  // The values under the pointer, one line per term.
  function showValues({ ctx, x, ink, bottom, width, panels }) {
    tip.hidden = cursor == null || dragFrom != null;
    if (tip.hidden) return;
    drawLine(ctx, [[x(cursor), TOP], [x(cursor), bottom]], { colour: ink, alpha: 0.5 });
    const lines = [`${props.xTitle === "Seconds" ? props.xTitle : props.xTitle.slice(0, -1)} ${formatNumber(cursor)}`];
    for (const { panel, y } of panels) {
      const values = new Map();
      for (const curve of shown(panel)) {
        if (!curve.label) continue;
        const i = nearestIndex(curve.x, cursor), text = `${formatTick(curve.y[i])} ${curve.label}`;
        values.set(curve.name, [...(values.get(curve.name) ?? []), text]);
        drawDot(ctx, x(curve.x[i]), y(curve.y[i]), 3, curve.colour);
      }
      for (const [name, texts] of values) lines.push(`${name}: ${texts.join(", ")}`);
    }
    showTip(tip, lines, x(cursor), width);
  }

  function positionOf(event) {
    const { x, xs } = layout();
    return clamp(x.invert(event.clientX - canvas.getBoundingClientRect().left), ...xs);
  }
  function reset() {
    whole = zoom ? false : !whole;
    zoom = null;
    redraw();
  }
  const seek = (at) => { if (props.link) publish(`seekEpoch:${props.link}`, at); };
  const zoomTo = (a, b) => { zoom = [Math.min(a, b), Math.max(a, b)]; };

  canvas.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "touch") return;
    dragFrom = cursor = positionOf(event);
    canvas.setPointerCapture(event.pointerId);
    redraw();
  });
  canvas.addEventListener("pointermove", (event) => { cursor = positionOf(event); redraw(); });
  canvas.addEventListener("pointerup", (event) => {
    const [a, b] = [dragFrom, positionOf(event)], { x } = layout();
    dragFrom = null;
    if (a != null && Math.abs(x(a) - x(b)) > LEAST_ZOOM) zoomTo(a, b);
    else seek(b);
    redraw();
  });
  canvas.addEventListener("pointerleave", () => { if (dragFrom == null) { cursor = null; redraw(); } });
  canvas.addEventListener("dblclick", reset);
  canvas.addEventListener("blur", () => { cursor = null; redraw(); });
  canvas.addEventListener("keydown", (event) => {
    const [a, b] = zoom ?? fullRange(), here = cursor ?? b, step = (b - a) / 50, [least, most] = fullRange();
    const keys = {
      ArrowLeft: () => { cursor = Math.max(a, here - step); },
      ArrowRight: () => { cursor = Math.min(b, here + step); },
      Home: () => { cursor = a; },
      End: () => { cursor = b; },
      "+": () => zoomTo(here - (here - a) / 2, here + (b - here) / 2),
      "-": () => { zoom = [Math.max(least, here - 2 * (here - a)), Math.min(most, here + 2 * (b - here))]; },
      Escape: reset,
      ...(props.link ? { Enter: () => seek(here) } : {}),
    };
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
    redraw();
  });

  const watch = new ResizeObserver(redraw);
  watch.observe(canvas);

  function stop() {
    unsubscribe();
    watch.disconnect();
    cancelAnimationFrame(frame);
    removeView(root);
  }
  return { accept, stop };
}
