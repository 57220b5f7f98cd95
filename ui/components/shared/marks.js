// Marks on images: lines in legends, outlines that stand out on any picture, stripes over hidden pixels.

const STRIPE = 8; // CSS pixels from one stripe to the next

// A short line as in a chart, so that pictures and curves belong together by more than colour.
function lineSample({ colour, dash }) {
  const line = createSvg("line", {
    x1: 0, x2: 28, y1: 3, y2: 3, stroke: colour, "stroke-width": 2.5, "stroke-dasharray": dash.join(" "),
  });
  return createSvg("svg", { "aria-hidden": "true" }, line);
}

// White within black stands out on any picture. `trace` adds the path to the context.
function outline(ctx, width, trace, { border = 2, light = "#fff", dash = [] } = {}) {
  for (const [thick, colour] of [[width + border, "#000"], [width, light]]) {
    ctx.beginPath();
    trace();
    ctx.setLineDash(colour === light ? dash : []);
    Object.assign(ctx, { lineWidth: thick, strokeStyle: colour });
    ctx.stroke();
  }
  ctx.setLineDash([]);
}

// A pattern for hidden pixels: two hues, which no grey image has.
function stripes(ctx, ratio = 1) {
  const side = STRIPE * ratio, tile = createElement("canvas", { width: side, height: side });
  const brush = tile.getContext("2d");
  brush.fillStyle = "#0072B2";
  brush.fillRect(0, 0, side, side);
  Object.assign(brush, { strokeStyle: "#F0A34A", lineWidth: 2.2 * ratio });
  for (const k of [-1, 0, 1]) {
    brush.beginPath();
    brush.moveTo((k - 0.5) * side, 1.5 * side);
    brush.lineTo((k + 1.5) * side, -0.5 * side);
    brush.stroke();
  }
  const pattern = ctx.createPattern(tile, "repeat");
  pattern.setTransform(new DOMMatrix().scale(1 / ratio));
  return pattern;
}

// Covers the hidden pixels of an image whose pixels are squares of `cell`; `visible` has one number a pixel.
function coverHidden(ctx, visible, shape, cell, ratio = 1) {
  ctx.fillStyle = stripes(ctx, ratio);
  visible.forEach((seen, k) => {
    if (!seen) ctx.fillRect((k % shape.width) * cell, Math.floor(k / shape.width) * cell, cell, cell);
  });
}

// A light dot within a dark one, and text with a dark border, for drawing on the dark ground of a plane.
function drawRing(ctx, x, y, colour) {
  drawDot(ctx, x, y, 4.5, "#14181c");
  Object.assign(ctx, { strokeStyle: colour, lineWidth: 2 });
  ctx.beginPath();
  ctx.arc(x, y, 4, 0, 7);
  ctx.stroke();
}

function drawNote(ctx, text, x, y, width) {
  const row = clamp(y, 8, width - 8);
  Object.assign(ctx, { textAlign: "center", textBaseline: "middle", lineWidth: 3, lineJoin: "round" });
  Object.assign(ctx, { strokeStyle: "#14181c", fillStyle: "#FFFFFF" });
  ctx.strokeText(text, x, row);
  ctx.fillText(text, x, row);
}
