// Charts on a canvas: the drawing that every chart of the lab's components shares. Lengths are in CSS pixels.

const GRID_ALPHA = 0.14;

// Clears a canvas for drawing in CSS pixels in the page's font; `node` is the element whose text colour and font hold.
function beginPlot(canvas, node, fontSize = 12) {
  const ctx = canvas.getContext("2d"), ratio = deviceRatio(), style = getComputedStyle(node);
  const width = canvas.width / ratio, height = canvas.height / ratio;
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.clearRect(0, 0, width, height);
  ctx.font = `${fontSize}px ${style.fontFamily}`;
  const ground = style.getPropertyValue("--st-background-color") || "transparent";
  return { ctx, width, height, ink: style.color, ground };
}

// As many pixels as the screen has for the canvas at this size in CSS pixels.
function resizeCanvas(canvas, width, height) {
  const ratio = deviceRatio(), size = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
}

function drawLine(ctx, points, { colour, width = 1, dash = [], alpha = 1 }) {
  ctx.save();
  Object.assign(ctx, { globalAlpha: alpha, strokeStyle: colour, lineWidth: width, lineJoin: "round" });
  ctx.setLineDash(dash);
  ctx.beginPath();
  points.forEach(([x, y], k) => (k ? ctx.lineTo(x, y) : ctx.moveTo(x, y)));
  ctx.stroke();
  ctx.restore();
}

function drawDot(ctx, x, y, radius, colour) {
  ctx.fillStyle = colour;
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, 7);
  ctx.fill();
}

function drawText(ctx, text, x, y, { align = "left", baseline = "top", colour, room } = {}) {
  Object.assign(ctx, { textAlign: align, textBaseline: baseline });
  if (colour) ctx.fillStyle = colour;
  if (room === undefined) ctx.fillText(text, x, y);
  else ctx.fillText(text, x, y, room);
}

// Horizontal grid lines, each with its value to the left of the plot.
function drawValueAxis(ctx, { ticks, y, left, right, ink, colour = ink, labels = true }) {
  const texts = formatTicks(ticks);
  ticks.forEach((value, k) => {
    drawLine(ctx, [[left, y(value)], [right, y(value)]], { colour: ink, alpha: GRID_ALPHA });
    if (labels) drawText(ctx, texts[k], left - 6, y(value), { align: "right", baseline: "middle", colour });
  });
}

// Values below the plot, where they do not overlap, and a title under them.
function drawPositionAxis(ctx, { ticks, x, left, right, bottom, colour, title = "", marks = false }) {
  const texts = formatTicks(ticks);
  let free = -Infinity;
  ticks.forEach((value, k) => {
    const half = ctx.measureText(texts[k]).width / 2;
    const start = clamp(x(value) - half, marks ? left : -Infinity, marks ? right - 2 * half : Infinity);
    if (start < free) return;
    if (marks) drawLine(ctx, [[x(value), bottom], [x(value), bottom + 5]], { colour });
    drawText(ctx, texts[k], start, bottom + (marks ? 8 : 6), { colour });
    free = start + 2 * half + 8;
  });
  if (title) drawText(ctx, title, (left + right) / 2, bottom + 21, { align: "center", colour });
}

// A horizontal line at a value to compare with, and its name above or below it, whichever is inside the plot.
function drawLevel(ctx, { at, text, y, left, right, top, bottom, ink, ground, colour = ink }) {
  if (y(at) < top - 0.5 || y(at) > bottom + 0.5) return;
  drawLine(ctx, [[left, y(at)], [right, y(at)]], { colour: ink, alpha: 0.75, dash: [2, 4] });
  const below = y(at) + 16 < bottom, width = ctx.measureText(text).width, edge = below ? y(at) + 2 : y(at) - 17;
  ctx.save();
  Object.assign(ctx, { fillStyle: ground, globalAlpha: 0.8 });
  ctx.fillRect(right - width - 4, edge, width + 4, 15);
  ctx.restore();
  drawText(ctx, text, right - 2, edge + 1, { align: "right", colour });
}

// The same, with its name in a line of its own above the plot, behind a piece of the dashed line.
function drawKeyedLevel(ctx, { at, text, y, left, right, top, bottom, ink, colour = ink }) {
  const style = { colour: ink, alpha: 0.75, dash: [2, 4] }, inside = y(at) >= top - 0.5 && y(at) <= bottom + 0.5;
  if (inside) drawLine(ctx, [[left, y(at)], [right, y(at)]], style);
  const start = Math.max(0, right - ctx.measureText(text).width), sample = Math.max(0, start - 26);
  drawLine(ctx, [[sample, top - 12], [Math.max(sample, start - 6), top - 12]], style);
  drawText(ctx, text, right, top - 12, { align: "right", baseline: "middle", colour, room: right });
}

// A vertical line at the position shown.
const drawCursor = (ctx, x, top, bottom, ink) => drawLine(ctx, [[x, top], [x, bottom]], { colour: ink, alpha: 0.6 });
