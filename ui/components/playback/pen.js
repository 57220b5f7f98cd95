// What components draw with: lines and their samples, dots, words on a dark plane, stripes over what is hidden.

const HATCH = 8; // px, one stripe to the next

// A line as in the curves, so that pictures and curves belong together by more than colour.
function swatch({ colour, dash }) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg"), line = document.createElementNS("http://www.w3.org/2000/svg", "line");
  const all = { x1: 0, x2: 28, y1: 3, y2: 3, stroke: colour, "stroke-width": 2.5, "stroke-dasharray": dash.join(" ") };
  for (const [name, value] of Object.entries(all)) line.setAttribute(name, value);
  svg.setAttribute("aria-hidden", "true");
  svg.append(line);
  return svg;
}

// A pattern over pixels that are hidden: coloured, so that it looks like no grey level.
function stripes(pen, ratio = 1) {
  const side = HATCH * ratio, tile = make("canvas", { width: side, height: side }), brush = tile.getContext("2d");
  brush.fillStyle = "#0072B2";
  brush.fillRect(0, 0, side, side);
  Object.assign(brush, { strokeStyle: "#F0A34A", lineWidth: 2.2 * ratio });
  for (const k of [-1, 0, 1]) {
    brush.beginPath();
    brush.moveTo((k - 0.5) * side, 1.5 * side);
    brush.lineTo((k + 1.5) * side, -0.5 * side);
    brush.stroke();
  }
  const pattern = pen.createPattern(tile, "repeat");
  pattern.setTransform(new DOMMatrix().scale(1 / ratio));
  return pattern;
}

// Grey levels on a canvas of `size` pixels a side, hidden ones striped.
function hatched(canvas, grey, visible, size) {
  const small = make("canvas"), cell = size / TILE, pen = canvas.getContext("2d");
  [canvas.width, canvas.height] = [size, size];
  paint(small, grey);
  pen.imageSmoothingEnabled = false;
  pen.drawImage(small, 0, 0, size, size);
  pen.fillStyle = stripes(pen);
  visible.forEach((seen, k) => { if (!seen) pen.fillRect((k % TILE) * cell, Math.floor(k / TILE) * cell, cell, cell); });
}

function note(pen, text, px, py, away, width) {
  Object.assign(pen, { textAlign: px > width - 40 ? "right" : px < 40 ? "left" : "center", textBaseline: "middle", lineWidth: 3, strokeStyle: "#14181c", fillStyle: "#FFFFFF", lineJoin: "round" });
  const row = Math.max(8, Math.min(width - 8, py + away));
  pen.strokeText(text, px, row);
  pen.fillText(text, px, row);
}

function dot(pen, px, py, radius, colour) {
  pen.fillStyle = colour;
  pen.beginPath();
  pen.arc(px, py, radius, 0, 7);
  pen.fill();
}

function ring(pen, px, py, colour) {
  dot(pen, px, py, 4.5, "#14181c");
  Object.assign(pen, { strokeStyle: colour, lineWidth: 2 });
  pen.beginPath();
  pen.arc(px, py, 4, 0, 7);
  pen.stroke();
}

// Round numbers from low to high, about so many.
function steps(low, high, about = 3) {
  const raw = (high - low) / about, power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5].find((m) => m * power >= raw) ?? 10), found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i++) found.push(Number((i * step).toPrecision(6)));
  return found;
}

function stroke(pen, points, colour, thick, dash, alpha) {
  pen.save();
  Object.assign(pen, { globalAlpha: alpha, strokeStyle: colour, lineWidth: thick, lineJoin: "round" });
  pen.setLineDash(dash);
  pen.beginPath();
  points.forEach(([px, py], k) => (k ? pen.lineTo(px, py) : pen.moveTo(px, py)));
  pen.stroke();
  pen.restore();
}
