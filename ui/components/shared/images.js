// Images: their bytes, their place in a grid, their pixels on a canvas and their size on the screen.
//
// An image is a Uint8Array of height · width · channels numbers, row by row, channels last. A message carries images as
// base64 text and their `shape` as [channels, height, width], with 1 channel (grey) or 3 (RGB).

function imageShape([channels, height, width]) {
  return { channels, height, width, pixels: height * width, size: channels * height * width };
}

const sameShape = (a, b) => a.channels === b.channels && a.height === b.height && a.width === b.width;

// Raw bytes as base64 text are quicker on both ends than PNG files.
function decodeBase64(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const raw = atob(text), bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return bytes;
}

function encodeBase64(bytes) {
  let raw = "";
  for (let i = 0; i < bytes.length; i += 8192) raw += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(raw);
}

// Image k of many that follow each other, without a copy.
const imageAt = (images, shape, k) => images.subarray(k * shape.size, (k + 1) * shape.size);

// RGBA pixels of images side by side, row by row, `columns` in a row; null leaves its place transparent.
function gridPixels(images, shape, columns = images.length) {
  const { channels, height, width } = shape, across = Math.max(1, columns) * width;
  const down = Math.max(1, Math.ceil(images.length / Math.max(1, columns))) * height;
  const pixels = new Uint32Array(across * down);
  images.forEach((image, k) => {
    if (!image) return;
    const left = (k % columns) * width, top = Math.floor(k / columns) * height;
    for (let y = 0; y < height; y++) {
      let from = y * width * channels, to = (top + y) * across + left;
      for (let x = 0; x < width; x++, from += channels) {
        const red = image[from], green = channels === 3 ? image[from + 1] : red;
        const blue = channels === 3 ? image[from + 2] : red;
        pixels[to++] = (255 << 24) | (blue << 16) | (green << 8) | red;
      }
    }
  });
  return { width: across, height: down, data: new Uint8ClampedArray(pixels.buffer) };
}

// Paints a grid of images on a canvas, which gets as many pixels as the grid.
function paintGrid(canvas, images, shape, columns = images.length) {
  const { width, height, data } = gridPixels(images, shape, columns);
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  canvas.getContext("2d").putImageData(new ImageData(data, width, height), 0, 0);
  canvas.classList?.add("edged"); // an edge on every ground; tests give a canvas without a list
}

function paintImage(canvas, image, shape) {
  paintGrid(canvas, [image], shape, 1);
  canvas.classList?.add("single");
  noteEnlarged(canvas);
}

const deviceRatio = () => window.devicePixelRatio || 1;

// Screen pixels along one image pixel: the largest whole number for which `pixels` of them fit into `room` CSS pixels,
// at most `most` CSS pixels each, so that all are equally large. Where not even one fits: the fraction that does.
function screenScale(pixels, room, most = Infinity, ratio = deviceRatio()) {
  const scale = (Math.max(0, room) * ratio) / pixels + 1e-6;
  return scale < 1 ? scale : Math.max(1, Math.floor(Math.min(scale, most * ratio)));
}

// Size in CSS pixels of a grid of images within a room: { width, height, scale }, and of one image in it, { cellWidth,
// cellHeight }. Image pixels stay square, and crisp wherever the room has at least one screen pixel for each.
function fitGrid(shape, { width, height = Infinity, columns = 1, rows = 1, most = Infinity }, ratio = deviceRatio()) {
  const across = columns * shape.width, down = rows * shape.height;
  const scale = Math.min(screenScale(across, width, most, ratio), screenScale(down, height, most, ratio));
  const length = (pixels) => Math.max(1, Math.round(pixels * scale)) / ratio;
  const size = { width: length(across), height: length(down), scale };
  return { ...size, cellWidth: size.width / columns, cellHeight: size.height / rows };
}

const SMALL_IMAGE = 64; // CSS pixels a side of the room of an image beside others, or beside what is made of it
const LEAST_TILE = 24; // CSS pixels along the shorter side of an image that one looks at, or taps
const FEW_TILES = 5; // a row of fewer shows no change from image to image

// A row of as many images as `width` has room for, at least `least` CSS pixels each: one of the numbers `counts`, and
// the size as `fitGrid` gives it. Crisp where such a row has at least a few images, else shrunk ones.
function fitRow(shape, counts, { width, least = LEAST_TILE, most = 2 }, ratio = deviceRatio()) {
  const shorter = Math.min(shape.width, shape.height);
  const scale = Math.max(most, Math.ceil((least / shorter) * ratio - 1e-6) / ratio); // whole screen pixels
  const rows = counts.map((columns) => ({ columns, ...fitGrid(shape, { width, columns, most: scale }, ratio) }));
  const large = rows.filter((row) => Math.min(row.cellWidth, row.cellHeight) >= least - 0.5 / ratio);
  const crisp = large.filter((row) => row.scale >= 1);
  const fit = crisp.some((row) => row.columns >= FEW_TILES) || large.length === crisp.length ? crisp : large;
  const more = (a, b) => (b.columns > a.columns ? b : a), fewer = (a, b) => (b.columns < a.columns ? b : a);
  return fit.length ? fit.reduce(more) : rows.reduce(fewer);
}

// One image within a square of `room` CSS pixels a side.
const fitImage = (shape, room, ratio = deviceRatio()) => fitGrid(shape, { width: room, height: room }, ratio);

const MOST_GAP = 1 / 3; // of an image: a wider gap would not fill a line but tear it apart

// Screen pixels from one image to the next in a line of `count` images, each `width` CSS pixels wide. The line ends
// where the room does, so that a page has one right edge. Where that would tear it apart, `gap` CSS pixels lie between
// its images.
function lineStep(width, count, room, gap = 0, ratio = deviceRatio()) {
  const wide = Math.round(width * ratio), step = (Math.floor(room * ratio) - wide) / (count - 1);
  return count > 1 && step >= wide && step <= wide * (1 + MOST_GAP) ? step : wide + Math.round(gap * ratio);
}

const SEEN_SCALE = 3; // screen pixels along one image pixel, from which on its edges are seen

// Gives nodes the size of `fitGrid` or `fitImage`. An image that had to be shrunk is smoothed. One image by itself that
// is much enlarged is drawn smoothly or with its pixels as squares, as the visitor wishes (`dom.css`, `copy_link.js`).
function setSize({ width, height, scale }, ...nodes) {
  for (const node of nodes) {
    Object.assign(node.style, { width: `${width}px`, height: `${height}px`, imageRendering: scale < 1 ? "auto" : "" });
    node.classList.toggle("enlarged", scale >= SEEN_SCALE);
    noteEnlarged(node);
  }
}

// Lets the corner of the page offer that choice, once the page shows such an image.
function noteEnlarged({ classList }) {
  if (!classList?.contains("enlarged") || !classList.contains("single")) return;
  if (store.enlarged === location.pathname) return;
  store.enlarged = location.pathname;
  dispatchEvent(new Event("lab-enlarged"));
}
