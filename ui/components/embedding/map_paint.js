// Dots are put into the pixels by hand: a canvas takes 30 ms for ten thousand circles, this takes two.

const GROUND = "#0b0d0f", THUMB = 28; // CSS pixels of a thumbnail

function discMask(radius) {
  const reach = Math.ceil(radius + 0.5), side = 2 * reach + 1, cover = new Uint8Array(side * side);
  for (let y = -reach; y <= reach; y++) for (let x = -reach; x <= reach; x++) {
    cover[(y + reach) * side + x + reach] = 255 * Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(x, y)));
  }
  return { cover, side, reach };
}

function letterMask(letter, size) {
  const reach = Math.ceil(0.7 * size), side = 2 * reach + 1, canvas = make("canvas", { width: side, height: side });
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  Object.assign(pen, { font: `700 ${size}px sans-serif`, textAlign: "center", textBaseline: "middle", fillStyle: "#fff" });
  pen.fillText(letter, side / 2, side / 2 + size * 0.06);
  const alpha = pen.getImageData(0, 0, side, side).data, cover = new Uint8Array(side * side);
  for (let i = 0; i < cover.length; i++) cover[i] = alpha[4 * i + 3];
  return { cover, side, reach };
}

function channels(colour) {
  const value = parseInt(colour.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

// Lays one mask of a colour (r, g, b) with its opacity into the pixels, cut off at the edges.
function splat({ data, width, height }, mask, cx, cy, [r, g, b], opacity) {
  const left = Math.round(cx) - mask.reach, top = Math.round(cy) - mask.reach;
  if (left >= width || top >= height || left + mask.side <= 0 || top + mask.side <= 0) return;
  const x0 = Math.max(0, -left), x1 = Math.min(mask.side, width - left), y1 = Math.min(mask.side, height - top);
  for (let y = Math.max(0, -top); y < y1; y++) {
    for (let x = x0; x < x1; x++) {
      const part = (mask.cover[y * mask.side + x] * opacity) / 255;
      if (part === 0) continue;
      const at = 4 * ((top + y) * width + left + x);
      data[at] += (r - data[at]) * part;
      data[at + 1] += (g - data[at + 1]) * part;
      data[at + 2] += (b - data[at + 2]) * part;
    }
  }
}

function blank(pen, width, height) {
  pen.fillStyle = GROUND;
  pen.fillRect(0, 0, width, height);
  return pen.getImageData(0, 0, width, height);
}

// Which points get a thumbnail of `cell` units: in their order, none upon another. The same at every pan.
function spaced(xy, cell, bright) {
  const taken = new Map(), found = [];
  for (let k = 0; k < xy.length / 2; k++) {
    if (!bright(k)) continue;
    const x = xy[2 * k], y = xy[2 * k + 1], column = Math.floor(x / cell), row = Math.floor(y / cell);
    let free = true;
    for (let i = -1; i <= 1 && free; i++) for (let j = -1; j <= 1 && free; j++) {
      const other = taken.get((column + i) * 65536 + row + j);
      if (other !== undefined && Math.abs(xy[2 * other] - x) < cell && Math.abs(xy[2 * other + 1] - y) < cell) free = false;
    }
    if (!free) continue;
    taken.set(column * 65536 + row, k);
    found.push(k);
  }
  return found;
}

// White within black: it stands out on any colour.
function outlined(pen, thin, trace, dash = []) {
  for (const [width, colour] of [[thin + 2, "#000"], [thin, "#fff"]]) {
    pen.beginPath();
    trace();
    pen.setLineDash(colour === "#fff" ? dash : []);
    pen.lineWidth = width;
    pen.strokeStyle = colour;
    pen.stroke();
  }
  pen.setLineDash([]);
}

function within(path, x, y) {
  let inside = false;
  for (let i = 0, j = path.length - 1; i < path.length; j = i++) {
    const [xi, yi] = path[i], [xj, yj] = path[j];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
  }
  return inside;
}

// Into a box one unit wide round zero: t-SNE's own units mean nothing, and the view need not chase a growing map.
function unit(points) {
  const low = [Infinity, Infinity], high = [-Infinity, -Infinity];
  for (let i = 0; i < points.length; i++) {
    low[i % 2] = Math.min(low[i % 2], points[i]);
    high[i % 2] = Math.max(high[i % 2], points[i]);
  }
  const span = Math.max(high[0] - low[0], high[1] - low[1]) || 1;
  return points.map((v, i) => (v - (low[i % 2] + high[i % 2]) / 2) / span);
}

// Every point as a dot or letter; those that are not meant faint and below the others. Returns the canvas's pen.
function dotsOn(canvas, { x, y, labels, bright, some, letters, masks, opacity }) {
  const pen = canvas.getContext("2d", { willReadFrequently: true }), image = blank(pen, canvas.width, canvas.height);
  const grey = [107, 114, 128], put = (k, strength) => {
    const mask = letters && labels[k] >= 0 ? masks.letters[labels[k]] : masks.dot;
    splat(image, mask, x(k), y(k), masks.colours[labels[k]] ?? grey, strength);
  };
  if (some) for (let k = 0; k < labels.length; k++) if (!bright(k)) put(k, 0.16);
  for (let k = 0; k < labels.length; k++) if (bright(k)) put(k, opacity);
  pen.putImageData(image, 0, 0);
  return pen;
}

function thumbsOn(pen, ratio, list, { x, y }, sheet, colour) {
  const side = Math.round(THUMB * ratio), rim = Math.max(1, Math.round(1.5 * ratio)), { width, height } = pen.canvas;
  pen.imageSmoothingEnabled = false;
  for (const k of list) {
    const left = Math.round(x(k) - side / 2), top = Math.round(y(k) - side / 2);
    if (left < -side || top < -side || left > width || top > height) continue;
    pen.fillStyle = colour(k);
    pen.fillRect(left - rim, top - rim, side + 2 * rim, side + 2 * rim);
    pen.drawImage(sheet, (k % SHEET) * TILE, Math.floor(k / SHEET) * TILE, TILE, TILE, left, top, side, side);
  }
}

function ringOn(pen, [x, y], radius, thin, dash) {
  outlined(pen, thin, () => pen.arc(x, y, radius, 0, 7), dash);
}

// The selected points with their letters, and the neighbours of the newest one tied to it.
function marksOn(pen, { picks, marks }, at, radius) {
  const last = picks.at(-1);
  for (const { points, dash } of last === undefined ? [] : marks) for (const k of points) {
    pen.globalAlpha = 0.55;
    outlined(pen, 1, () => { pen.moveTo(...at(last)); pen.lineTo(...at(k)); }, dash);
    pen.globalAlpha = 1;
    ringOn(pen, at(k), radius + 2, 1, dash);
  }
  picks.forEach((k, place) => {
    ringOn(pen, at(k), radius + 6, 2.5);
    if (picks.length < 2) return;
    const [x, y] = at(k);
    Object.assign(pen, { font: "700 13px sans-serif", lineWidth: 4, strokeStyle: "#000", fillStyle: "#fff" });
    pen.strokeText("AB"[place], x + radius + 8, y + 5);
    pen.fillText("AB"[place], x + radius + 8, y + 5);
  });
}
