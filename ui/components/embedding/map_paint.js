// Dots are put into the pixels directly: a canvas takes 30 ms for ten thousand circles, this a few for sixty thousand.

const GROUND = "#0b0d0f", THUMBNAIL = 28; // CSS pixels along the longer side of a thumbnail
const NO_CLASS = [107, 114, 128]; // red, green, blue
const FAINT = 0.16; // opacity of points that are not shown or selected

// Blue-green-yellow by rising lightness (matplotlib's viridis without its dark end): told apart with any colour vision.
const SCALE = ["#414487", "#355f8d", "#2a788e", "#21918c", "#22a884", "#44bf70", "#7ad151", "#bddf26", "#fde725"];
const STEPS = 64;

// STEPS colours [r, g, b] along the scale.
function scaleColours() {
  const stops = SCALE.map(colourChannels);
  return Array.from({ length: STEPS }, (_, k) => {
    const at = (k / (STEPS - 1)) * (stops.length - 1), i = Math.min(stops.length - 2, Math.floor(at));
    return stops[i].map((v, c) => Math.round(v + (stops[i + 1][c] - v) * (at - i)));
  });
}

// Number of a value's colour on the scale from low to high; STEPS where there is no value.
function stepOf(value, low, high) {
  if (!Number.isFinite(value)) return STEPS;
  return Math.round(clamp(high > low ? (value - low) / (high - low) : 0.5, 0, 1) * (STEPS - 1));
}

// Opacity of a dot: many dots lie over each other, and where they do the map must not become one flat colour.
const opacityOf = (count) => clamp(7.5 / Math.sqrt(Math.max(1, count) / 40), 0.22, 0.92);

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

// Blends one mask per point into the pixels. Positions are in pixels; `tints` are numbers of colours.
function blendPoints({ data, width, height }, mask, points, { xs, ys, tints, palette }, opacity) {
  const { side, reach } = mask, offsets = [], parts = [];
  for (let i = 0; i < mask.cover.length; i++) {
    const part = Math.round(mask.cover[i] * opacity);
    if (part) {
      offsets.push(4 * (Math.floor(i / side) * width + (i % side)));
      parts.push(part + (part >> 7)); // 0 to 256
    }
  }
  for (let n = 0; n < points.length; n++) {
    const k = points[n], left = Math.round(xs[k]) - reach, top = Math.round(ys[k]) - reach;
    const colour = palette[tints[k]];
    if (left < 0 || top < 0 || left + side > width || top + side > height) {
      blendMask({ data, width, height }, mask, xs[k], ys[k], colour, opacity);
      continue;
    }
    const [r, g, b] = colour, start = 4 * (top * width + left);
    for (let i = 0; i < offsets.length; i++) {
      const at = start + offsets[i], part = parts[i];
      data[at] += ((r - data[at]) * part) >> 8;
      data[at + 1] += ((g - data[at + 1]) * part) >> 8;
      data[at + 2] += ((b - data[at + 2]) * part) >> 8;
    }
  }
}

// Draws every point as a dot or a letter; those in `dim` faint and below the others. Returns the context.
function drawPoints(canvas, scene) {
  const ctx = canvas.getContext("2d", { willReadFrequently: true });
  const pixels = emptyPixels(ctx, canvas.width, canvas.height);
  for (const [points, opacity] of [[scene.dim, FAINT], [scene.bright, scene.opacity]]) {
    if (!scene.letters) {
      blendPoints(pixels, scene.masks.dot, points, scene, opacity);
      continue;
    }
    for (let n = 0; n < points.length; n++) {
      const k = points[n], mask = scene.masks.letters[scene.labels[k]] ?? scene.masks.dot;
      blendMask(pixels, mask, scene.xs[k], scene.ys[k], scene.palette[scene.tints[k]], opacity);
    }
  }
  ctx.putImageData(pixels, 0, 0);
  return ctx;
}

// Draws the images themselves, each with a rim in the colour of its class.
function drawThumbnails(ctx, ratio, list, { xs, ys }, pool, colour) {
  const scale = THUMBNAIL / Math.max(pool.shape.width, pool.shape.height), rim = Math.max(1, Math.round(1.5 * ratio));
  const across = Math.round(scale * pool.shape.width * ratio), down = Math.round(scale * pool.shape.height * ratio);
  ctx.imageSmoothingEnabled = across < pool.shape.width;
  for (const k of list) {
    const left = Math.round(xs[k] - across / 2), top = Math.round(ys[k] - down / 2);
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
    Object.assign(ctx, { textAlign: "left", textBaseline: "alphabetic" });
    ctx.strokeText("AB"[place], x + radius + 8, y + 5);
    ctx.fillText("AB"[place], x + radius + 8, y + 5);
  });
}

// New images on the map: each beside its point, with its number.
function drawPlaced(ctx, placed, at, width, height) {
  placed.forEach((one, place) => {
    if (!one.canvas) paintImage(one.canvas = createElement("canvas"), one.image, one.shape);
    const [x, y] = at(one.at), { width: across, height: down } = fitImage(one.shape, 40);
    const left = clamp(x + 14, 2, width - across - 2), top = clamp(y - down - 14, 2, height - down - 2);
    outline(ctx, 1.5, () => { ctx.moveTo(x, y); ctx.lineTo(left, top + down); });
    drawCircle(ctx, [x, y], 6, 2.5);
    ctx.fillStyle = "#fff";
    ctx.fillRect(left - 2, top - 2, across + 4, down + 4);
    ctx.imageSmoothingEnabled = false;
    ctx.drawImage(one.canvas, left, top, across, down);
    Object.assign(ctx, { font: "700 13px sans-serif", lineWidth: 4, strokeStyle: "#000", fillStyle: "#fff" });
    Object.assign(ctx, { textAlign: "left", textBaseline: "alphabetic" });
    ctx.strokeText(place + 1, left + across + 5, top + 12);
    ctx.fillText(place + 1, left + across + 5, top + 12);
  });
}
