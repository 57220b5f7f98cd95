const BINS = 56; // bars of a histogram
const HEIGHT = 44, AXIS_HEIGHT = 22; // CSS pixels of a histogram and of the axis below all of them
const PREVIEWS = 6; // pairs shown for one bar
const BELOW = 0, ABOVE = BINS + 1; // columns beside the bars 1 to BINS: images beyond either end of the axis
const EDGE = 52, EDGE_GAP = 8; // CSS pixels for such a column with its number, and between it and the axis

export default function ({ data, parentElement, setStateValue }) {
  const view = getOrCreate(parentElement, () => start(parentElement));
  view.send = (value) => queueMessage(() => setStateValue("quantile", value));
  view.accept(data);
  return cleanup(parentElement, view.stop);
}

// The smallest of ascending scores that at least `percent` per cent of them do not exceed, as
// core.evaluation.outliers.threshold.
function thresholdOf(ascending, percent) {
  const k = Math.ceil((percent / 100) * ascending.length - 1e-9) - 1;
  return ascending[clamp(k, 0, ascending.length - 1)];
}

// Fill of a bar: a colour, or a pattern of that colour.
function patternOf(ctx, { colour, pattern }) {
  if (pattern === "solid") return colour;
  const tile = createElement("canvas", { width: 12, height: 12 }), brush = tile.getContext("2d");
  Object.assign(brush, { strokeStyle: colour, fillStyle: colour, lineWidth: 2.5 });
  brush.beginPath();
  for (const shift of [-12, 0, 12]) {
    if (pattern === "rising" || pattern === "cross") { brush.moveTo(shift - 1, 13); brush.lineTo(shift + 13, -1); }
    if (pattern === "lines") { brush.moveTo(-1, 3); brush.lineTo(13, 3); brush.moveTo(-1, 9); brush.lineTo(13, 9); }
    if (pattern === "falling" || pattern === "cross") { brush.moveTo(shift - 1, -1); brush.lineTo(shift + 13, 13); }
  }
  brush.stroke();
  if (pattern === "dots") for (const [x, y] of [[3, 3], [9, 9]]) drawDot(brush, x, y, 2.2, colour);
  const fill = ctx.createPattern(tile, "repeat");
  fill.setTransform(new DOMMatrix().scale(0.6));
  return fill;
}

function start(root) {
  const figure = root.querySelector(".outlier-board"), rows = root.querySelector(".rows");
  const axis = root.querySelector(".axis"), slider = root.querySelector("input");
  const preview = root.querySelector(".preview");
  const view = { send: null, accept, stop };
  // selected: [row, bar]
  let props = null, shape = null, tiles = null, counts = [], threshold = 0, selected = null, frame = 0;

  function accept(data) {
    if (data === props) return;
    const other = !props || props.id !== data.id;
    props = data;
    shape = imageShape(data.shape);
    if (other) {
      tiles = decodeBase64(data.tiles);
      counts = data.rows.map(({ scores }) => {
        const count = new Array(BINS + 2).fill(0);
        for (const score of scores) count[columnOf(score)] += 1;
        return count;
      });
      selected = null;
    }
    build();
    setThreshold(data.quantile);
    fit();
  }

  // Where the axis lies in a canvas of that width: beside it is room for what lies beyond, if anything does.
  const axisPart = (width) => [
    counts.some((count) => count[BELOW]) ? EDGE : 0, width - (counts.some((count) => count[ABOVE]) ? EDGE : 0),
  ];
  const scoreAxis = (left = 0, right = 1) => axisScale(props.low, props.high, left, right, props.log);

  function columnOf(score) {
    if (score < props.low) return BELOW;
    return score > props.high ? ABOVE : 1 + binIndex(scoreAxis()(score), BINS);
  }

  function columnAt(x, width) {
    const [left, right] = axisPart(width);
    if (left && x < left) return BELOW;
    return x > right && right < width ? ABOVE : 1 + binIndex((x - left) / (right - left), BINS);
  }

  function build() {
    figure.querySelector(".what").textContent = props.title;
    figure.querySelector(".unit").textContent = props.unit;
    const [low, high, step] = props.span;
    Object.assign(slider, { min: low, max: high, step });
    slider.value = props.quantile;
    slider.setAttribute("aria-label", "Threshold: share of the validation images below it, in per cent");
    figure.querySelector(".line span").textContent = "Threshold";
    rows.replaceChildren(...props.rows.map((row, r) => {
      const swatch = createElement("i");
      swatch.dataset.row = r;
      const count = createElement("small", { text: `${formatCount(row.scores.length)} images` });
      const name = createElement("div", { class: "name" }, swatch, createElement("span", { text: row.name }, count));
      return createElement("div", { class: "row" }, name, histogram(row, r),
        createElement("span", { class: "number flagged" }),
        createElement("span", { class: "number" }, createElement("span", { text: row.auroc || "–" }),
          createElement("small", { text: row.interval })));
    }));
  }

  function histogram(row, r) {
    const canvas = createElement("canvas", { tabindex: 0, role: "img", "data-kind": row.key });
    canvas.addEventListener("pointermove", (event) => {
      const bounds = canvas.getBoundingClientRect(), bar = columnAt(event.clientX - bounds.left, bounds.width);
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => select(r, bar));
    });
    canvas.addEventListener("focus", () => selected?.[0] !== r && select(r, highestBar(r)));
    canvas.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step) return;
      event.preventDefault();
      let bar = selected[1] + step; // bars without images are skipped
      while (bar >= BELOW && bar <= ABOVE && !counts[r][bar]) bar += step;
      if (bar >= BELOW && bar <= ABOVE) select(r, bar);
    });
    return canvas;
  }

  const highestBar = (r) => counts[r].indexOf(Math.max(...counts[r]));

  function setThreshold(percent) {
    threshold = thresholdOf(props.validation, percent);
    figure.dataset.line = threshold;
    figure.querySelector(".line b").textContent = `${percent} % of validation below`;
    slider.setAttribute("aria-valuetext", `${percent} per cent, a score of ${formatSignificant(threshold)}`);
    rows.querySelectorAll(".row").forEach((node, r) => {
      const { scores, name } = props.rows[r], share = scores.filter((s) => s > threshold).length / scores.length;
      const digits = share > 0 && share < 0.0995 ? 1 : 0, canvas = node.querySelector("canvas");
      node.querySelector(".flagged").textContent = `${(100 * share).toFixed(digits)} %`;
      canvas.dataset.flagged = share;
      const range = `${formatSignificant(scores[0])} to ${formatSignificant(scores.at(-1))}`;
      canvas.dataset.beyond = counts[r][BELOW] + counts[r][ABOVE];
      canvas.setAttribute("aria-label", `${name}: scores from ${range}, ${Math.round(100 * share)} per cent above the `
        + `threshold ${formatSignificant(threshold)}. Arrow keys show images.`);
    });
  }

  function fit() {
    if (!props || !figure.clientWidth) return;
    for (const canvas of rows.querySelectorAll("canvas")) resizeCanvas(canvas, canvas.clientWidth, HEIGHT);
    resizeCanvas(axis, axis.clientWidth, AXIS_HEIGHT);
    if (!selected) {
      const r = Math.max(0, props.rows.findIndex((row) => row.key === "test"));
      selected = [r, highestBar(r)];
    }
    draw();
    showImages();
  }

  function draw() {
    rows.querySelectorAll(".row").forEach((node, r) => {
      drawHistogram(node.querySelector("canvas"), r);
      drawSwatch(node.querySelector("i"), props.rows[r]);
    });
    const { ctx, width, ink } = beginPlot(axis, figure);
    const { low, high } = props, ticks = props.log ? logTicks(low, high) : linearTicks(low, high, 6);
    const [left, right] = axisPart(width);
    drawPositionAxis(ctx, { ticks, x: scoreAxis(left, right), left, right, bottom: 0, colour: ink, marks: true });
    if (left) drawText(ctx, "lower", 0, 8, { colour: ink });
    if (right < width) drawText(ctx, "higher", width, 8, { align: "right", colour: ink });
  }

  function drawHistogram(canvas, r) {
    const { ctx, width, ink } = beginPlot(canvas, figure), row = props.rows[r], [first, end] = axisPart(width);
    const step = (end - first) / BINS;
    const leftOf = (bar) => first + (bar - 1) * step + (bar === BELOW ? -EDGE_GAP : bar === ABOVE ? EDGE_GAP : 0);
    const fill = patternOf(ctx, row), y = axisScale(0, Math.max(...counts[r]), HEIGHT - 1, 5);
    counts[r].forEach((count, bar) => {
      if (!count) return;
      const top = Math.min(HEIGHT - 3, y(count)), left = leftOf(bar);
      if (selected && selected[0] === r && selected[1] === bar) {
        Object.assign(ctx, { fillStyle: ink, globalAlpha: 0.12 });
        ctx.fillRect(left, 0, step, HEIGHT);
        ctx.globalAlpha = 1;
      }
      ctx.fillStyle = fill;
      if (row.pattern !== "hollow") ctx.fillRect(left + 0.5, top, step - 1, HEIGHT - 1 - top);
      Object.assign(ctx, { strokeStyle: row.colour, lineWidth: 1 });
      if (row.pattern !== "solid") ctx.strokeRect(left + 1, top + 0.5, step - 2, HEIGHT - 2 - top);
      if (bar === BELOW) drawText(ctx, formatCount(count), left - 4, HEIGHT - 15, { align: "right", colour: ink });
      if (bar === ABOVE) drawText(ctx, formatCount(count), left + step + 4, HEIGHT - 15, { colour: ink });
    });
    drawLine(ctx, [[first, HEIGHT - 0.5], [end, HEIGHT - 0.5]], { colour: ink, alpha: 0.35 });
    const x = Math.round(clamp(scoreAxis(first, end)(threshold), 0, width));
    drawLine(ctx, [[x, 0], [x, HEIGHT]], { colour: ink, width: 2 });
  }

  function drawSwatch(swatch, row) {
    const small = createElement("canvas", { width: 44, height: 28 }), brush = small.getContext("2d");
    brush.scale(2, 2);
    brush.fillStyle = patternOf(brush, row);
    if (row.pattern !== "hollow") brush.fillRect(0, 0, 22, 14);
    Object.assign(brush, { strokeStyle: row.colour, lineWidth: 2 });
    brush.strokeRect(0, 0, 22, 14);
    swatch.style.background = `url(${small.toDataURL()}) center / 22px 14px`;
  }

  function select(r, bar) {
    selected = [r, bar];
    draw();
    showImages();
  }

  // Images of the selected bar: those whose scores lie nearest to its middle.
  function showImages() {
    const [r, bar] = selected, row = props.rows[r], count = counts[r][bar], scores = scoreAxis();
    const [from, to] = [bar - 1, bar].map((k) => formatSignificant(scores.invert(clamp(k, 0, BINS) / BINS)));
    const range = bar === BELOW ? `below ${to}` : bar === ABOVE ? `above ${from}` : `${from} to ${to}`;
    preview.querySelector(".title").textContent = count
      ? `${row.name}: ${formatCount(count)} of ${formatCount(row.scores.length)} score ${range}`
      : `${row.name}: none scores ${range}`;
    const first = 2 * props.rows.slice(0, r).reduce((sum, other) => sum + other.seen.length, 0);
    const inside = row.seen.map((_, i) => i).filter((i) => columnOf(row.seen[i]) === bar);
    const skipped = Math.max(0, (inside.length - PREVIEWS) >> 1);
    const pairs = inside.slice(skipped, skipped + PREVIEWS).map((i) => {
      const score = formatSignificant(row.seen[i]);
      const places = [[first + i, "image"], [first + row.seen.length + i, "reconstruction"]];
      return createElement("div", { class: "pair", title: `score ${score}` }, ...places.map(([place, what]) => {
        const canvas = createElement("canvas", { role: "img", "aria-label": `${row.name}, ${what}, score ${score}` });
        paintImage(canvas, imageAt(tiles, shape, place), shape);
        setSize(fitImage(shape, SMALL_IMAGE), canvas);
        return canvas;
      }));
    });
    preview.querySelector(".pairs").style.setProperty("--pair", `${2 * fitImage(shape, SMALL_IMAGE).width + 2}px`);
    preview.querySelector(".pairs").replaceChildren(...pairs);
  }

  slider.addEventListener("input", () => { setThreshold(Number(slider.value)); draw(); });
  slider.addEventListener("change", () => view.send(Number(slider.value)));
  const watch = new ResizeObserver(fit);
  watch.observe(figure);

  function stop() {
    watch.disconnect();
    cancelAnimationFrame(frame);
    removeView(root);
  }
  return view;
}
