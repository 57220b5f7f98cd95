// Geometry of a brush stroke.

// Distance of a point from the straight line between (x, y) and (u, v).
function distanceToLine(px, py, x, y, u, v) {
  const length = (u - x) ** 2 + (v - y) ** 2;
  const t = length ? clamp(((px - x) * (u - x) + (py - y) * (v - y)) / length, 0, 1) : 0;
  return Math.hypot(px - x - t * (u - x), py - y - t * (v - y));
}

// Means over squares of `fine` × `fine` points, for each channel: a drawing as the image of its pixels.
function averagePoints(levels, shape, fine) {
  const { channels, height, width } = shape, sums = new Uint32Array(shape.size), across = width * fine;
  for (let y = 0; y < height * fine; y++) {
    const row = Math.floor(y / fine) * width;
    for (let x = 0; x < across; x++) {
      const to = (row + Math.floor(x / fine)) * channels, from = (y * across + x) * channels;
      for (let c = 0; c < channels; c++) sums[to + c] += levels[from + c];
    }
  }
  return Uint8Array.from(sums, (sum) => Math.round(sum / fine ** 2));
}

// The reverse: every pixel becomes `fine` × `fine` equal points of `levels`.
function spreadPixels(pixels, levels, shape, fine) {
  const { channels, height, width } = shape, across = width * fine;
  for (let y = 0; y < height * fine; y++) for (let x = 0; x < across; x++) {
    const from = (Math.floor(y / fine) * width + Math.floor(x / fine)) * channels, to = (y * across + x) * channels;
    for (let c = 0; c < channels; c++) levels[to + c] = pixels[from + c];
  }
}

// As MNIST's digits lie: the drawing scaled to fill a box of `box` points, its centre of mass in the middle of the
// image. Where that would push a part over the edge, it moves less. Bilinear interpolation; returns new levels, or null
// where nothing was drawn.
function centred(levels, channels, width, height, box) {
  let [left, right, top, bottom, mass, massX, massY] = [width, -1, height, -1, 0, 0, 0];
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
    let level = 0;
    for (let c = 0; c < channels; c++) level += levels[(y * width + x) * channels + c];
    if (!level) continue;
    [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x), Math.min(top, y), Math.max(bottom, y)];
    mass += level;
    massX += level * (x + 0.5);
    massY += level * (y + 0.5);
  }
  if (!mass) return null;
  const scale = box / Math.max(right - left + 1, bottom - top + 1), moved = new Uint8Array(levels.length);
  const middle = (low, high, centre, size) => {
    const [first, last] = [low, high].map((edge) => (edge - centre) * scale + size / 2);
    return size / 2 + (first < 0 ? -first : last > size ? size - last : 0);
  };
  const x0 = middle(left, right + 1, massX / mass, width), y0 = middle(top, bottom + 1, massY / mass, height);
  const at = (x, y, c) => (x < 0 || y < 0 || x >= width || y >= height ? 0 : levels[(y * width + x) * channels + c]);
  for (let row = 0; row < height; row++) for (let column = 0; column < width; column++) {
    const x = (column + 0.5 - x0) / scale + massX / mass - 0.5, y = (row + 0.5 - y0) / scale + massY / mass - 0.5;
    const i = Math.floor(x), j = Math.floor(y), a = x - i, b = y - j;
    for (let c = 0; c < channels; c++) {
      moved[(row * width + column) * channels + c] = Math.round((1 - b) * ((1 - a) * at(i, j, c) + a * at(i + 1, j, c))
        + b * ((1 - a) * at(i, j + 1, c) + a * at(i + 1, j + 1, c)));
    }
  }
  return moved;
}
