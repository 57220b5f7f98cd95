// Shared by every component of the lab. Streamlit calls a component's default function once per new `data`, always
// with the same parentElement; what must outlive a call is kept in `memory`, keyed by that element.

const TILE = 28;
const memory = new WeakMap();

// The lab's own shelf on the page: pictures that outlive a component, and messages from one component to another.
const shelf = (window.latentLab ??= { films: new Map(), sheets: new Map(), listeners: new Map(), mail: [], busy: false });

// Streamlit sends what is said within one tick as one message and reruns one fragment for it: of two components that
// speak at once, one would get no answer. So each waits for its own tick.
function post(send) {
  shelf.mail.push(send);
  if (!shelf.busy) deliver();
}

function deliver() {
  const send = shelf.mail.shift();
  shelf.busy = Boolean(send);
  if (!send) return;
  send();
  setTimeout(deliver, 0); // after Streamlit's own timeout of 0, which send() has set
}

function recall(parent, make) {
  if (!memory.has(parent)) memory.set(parent, make());
  return memory.get(parent);
}

// What a component's default function returns, to be called when the component leaves the page. Streamlit also calls
// it while the component stays, where newer data came before the call had returned: on a slow computer often. What is
// in use must not be stopped then.
function parting(parent, stop) {
  return () => { if (!(parent.host ?? parent).isConnected) stop(); };
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

function three(value) {
  if (!Number.isFinite(value)) return "–";
  return value.toFixed(Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2).replace("-", "−");
}

// Bytes of base64 text: raw grey levels travel like this, which is quicker on both ends than packing them as PNG.
function bytes(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const raw = atob(text), out = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) out[i] = raw.charCodeAt(i);
  return out;
}

// Draws grey levels (width × height) on a canvas of that size.
function paint(canvas, grey, width = TILE, height = TILE) {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const pen = canvas.getContext("2d"), image = pen.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  for (let i = 0; i < pixels.length; i++) pixels[i] = 0xff000000 | (grey[i] * 0x010101);
  pen.putImageData(image, 0, 0);
}

function make(tag, { text, ...attributes } = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  if (text !== undefined) node.textContent = text;
  node.append(...children);
  return node;
}

const signed = (value) => (value < 0 ? "−" : "+") + Math.abs(value).toFixed(2);
const same = (a, b, except = -1) =>
  a.length === b.length && a.every((value, k) => k === except || Math.abs(value - b[k]) < 2e-4);
