// Dots are put into the pixels directly: a canvas takes 30 ms for ten thousand circles, this takes two.

const GROUND = "#0b0d0f", THUMBNAIL = 28; // CSS pixels along the longer side of a thumbnail
const NO_CLASS = [107, 114, 128]; // red, green, blue

function discMask(radius) {
  const reach = Math.ceil(radius + 0.5), side = 2 * reach + 1, cover = new Uint8Array(side * side);
  for (let y = -reach; y <= reach; y++) for (let x = -reach; x <= reach; x++) {
    cover[(y + reach) * side + x + reach] = 255 * clamp(radius + 0.5 - Math.hypot(x, y), 0, 1);
  }
  return { cover, side, reach };
}

function letterMask(letter, size) {
  const reach = Math.ceil(0.7 * size), side = 2 * reach + 1;
  const canvas = createElement("canvas", { width: side, height: side });
  const ctx = canvas.getContext("2d", { willReadFrequently: true });
  Object.assign(ctx, { font: `700 ${size}px sans-serif`, fillStyle: "#fff" });
  Object.assign(ctx, { textAlign: "center", textBaseline: "middle" });
  ctx.fillText(letter, side / 2, side / 2 + size * 0.06);
  const alpha = ctx.getImageData(0, 0, side, side).data, cover = new Uint8Array(side * side);
  for (let i = 0; i < cover.length; i++) cover[i] = alpha[4 * i + 3];
  return { cover, side, reach };
}

// [red, green, blue] of a colour #rrggbb.
function colourChannels(colour) {
  const value = parseInt(colour.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

// Blends one mask in a colour [r, g, b] with its opacity into the pixels, cut off at the edges.
function blendMask({ data, width, height }, mask, cx, cy, [r, g, b], opacity) {
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

function emptyPixels(ctx, width, height) {
  ctx.fillStyle = GROUND;
  ctx.fillRect(0, 0, width, height);
  return ctx.getImageData(0, 0, width, height);
}

// Draws every point as a dot or letter; those that are not bright faint and below the others. Returns the context.
function drawPoints(canvas, { x, y, labels, bright, some, letters, masks, opacity }) {
  const ctx = canvas.getContext("2d", { willReadFrequently: true });
  const pixels = emptyPixels(ctx, canvas.width, canvas.height);
  const put = (k, strength) => {
    const mask = letters && labels[k] >= 0 ? masks.letters[labels[k]] : masks.dot;
    blendMask(pixels, mask, x(k), y(k), masks.colours[labels[k]] ?? NO_CLASS, strength);
  };
  if (some) for (let k = 0; k < labels.length; k++) if (!bright(k)) put(k, 0.16);
  for (let k = 0; k < labels.length; k++) if (bright(k)) put(k, opacity);
  ctx.putImageData(pixels, 0, 0);
  return ctx;
}

// Draws the images themselves, each with a rim in the colour of its class.
function drawThumbnails(ctx, ratio, list, { x, y }, pool, colour) {
  const scale = THUMBNAIL / Math.max(pool.shape.width, pool.shape.height), rim = Math.max(1, Math.round(1.5 * ratio));
  const across = Math.round(scale * pool.shape.width * ratio), down = Math.round(scale * pool.shape.height * ratio);
  ctx.imageSmoothingEnabled = across < pool.shape.width;
  for (const k of list) {
    const left = Math.round(x(k) - across / 2), top = Math.round(y(k) - down / 2);
    if (left < -across || top < -down || left > ctx.canvas.width || top > ctx.canvas.height) continue;
    ctx.fillStyle = colour(k);
    ctx.fillRect(left - rim, top - rim, across + 2 * rim, down + 2 * rim);
    ctx.drawImage(pool.sheet, ...placeOnSheet(pool, k), left, top, across, down);
  }
}

function drawCircle(ctx, [x, y], radius, width, dash) {
  outline(ctx, width, () => ctx.arc(x, y, radius, 0, 7), { dash });
}

// The selected points with their letters, and lines from the newest one to its neighbours.
function drawSelection(ctx, { picks, marks }, at, radius) {
  const last = picks.at(-1);
  for (const { points, dash } of last === undefined ? [] : marks) for (const k of points) {
    ctx.globalAlpha = 0.55;
    outline(ctx, 1, () => { ctx.moveTo(...at(last)); ctx.lineTo(...at(k)); }, { dash });
    ctx.globalAlpha = 1;
    drawCircle(ctx, at(k), radius + 2, 1, dash);
  }
  picks.forEach((k, place) => {
    drawCircle(ctx, at(k), radius + 6, 2.5);
    if (picks.length < 2) return;
    const [x, y] = at(k);
    Object.assign(ctx, { font: "700 13px sans-serif", lineWidth: 4, strokeStyle: "#000", fillStyle: "#fff" });
    ctx.strokeText("AB"[place], x + radius + 8, y + 5);
    ctx.fillText("AB"[place], x + radius + 8, y + 5);
  });
}
