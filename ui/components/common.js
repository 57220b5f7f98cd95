// Shared by every component of the lab. Streamlit calls a component's default function once per new `data`, always
// with the same parentElement; what must outlive a call is kept in `memory`, keyed by that element.

const TILE = 28;
const memory = new WeakMap();

// The lab's own shelf on the page: pictures that outlive a component, and messages from one component to another.
const shelf = (window.latentLab ??= { films: new Map(), sheets: new Map(), listeners: new Map() });

function recall(parent, make) {
  if (!memory.has(parent)) memory.set(parent, make());
  return memory.get(parent);
}

function publish(topic, value) {
  for (const listener of [...(shelf.listeners.get(topic) ?? [])]) listener(value);
}

function subscribe(topic, listener) {
  if (!shelf.listeners.has(topic)) shelf.listeners.set(topic, new Set());
  shelf.listeners.get(topic).add(listener);
  return () => shelf.listeners.get(topic).delete(listener);
}

// The largest size for `pixels` image pixels in `room` CSS pixels at which each of them covers a whole number of
// screen pixels: only then are they all equally large.
function crisp(pixels, room, most = Infinity) {
  const ratio = window.devicePixelRatio || 1;
  const scale = Math.max(1, Math.floor((room * ratio) / pixels));
  const cap = Math.max(1, Math.floor(most * ratio));
  return (pixels * Math.min(scale, cap)) / ratio;
}

async function bitmap(src) {
  const image = new Image();
  image.src = src;
  await image.decode();
  return image;
}

// Grey levels (Uint8Array) of a PNG data URL whose every pixel is grey.
async function greys(src) {
  const image = await bitmap(src);
  const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.drawImage(image, 0, 0);
  const { data, width, height } = pen.getImageData(0, 0, canvas.width, canvas.height);
  const grey = new Uint8Array(width * height);
  for (let i = 0; i < grey.length; i++) grey[i] = data[4 * i];
  return { grey, width, height };
}

function three(value) {
  if (!Number.isFinite(value)) return "–";
  return Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2);
}
