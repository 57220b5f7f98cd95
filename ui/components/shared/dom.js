// Elements, state and messages of a component: what every component script begins with.
//
// Streamlit gives each component one script and calls its default function with each new `data`, always with the same
// parentElement. A view that must outlive a call is kept by `getOrCreate` under that element; what must outlive the
// component itself, or is shared by several, is kept in `store`.

const views = new WeakMap(); // parentElement → view

// State of the browser page: images that outlive a component, listeners, and messages that wait to be sent.
const store = (window.latentLab ??= {
  films: new Map(), sheets: new Map(), listeners: new Map(), queue: [], sending: false,
});
store.moving ??= new Map(); // parameters of the address whose values still move: name → what to write, and where
store.written ??= new Map(); // parameters of the address that the browser has written: name → text, and for which node

// Streamlit sends all values set within one tick as one message and reruns one fragment for it: of two components that
// set values at once, one would get no answer. So each waits for a tick of its own.
function queueMessage(send) {
  store.queue.push(send);
  if (!store.sending) sendNext();
}

function sendNext() {
  if (store.leaving !== undefined && store.leaving !== location.pathname) delete store.leaving;
  const send = store.queue.shift();
  store.sending = Boolean(send);
  if (!send) return;
  // A message of a page that is being left would bring the server back to it.
  if (store.leaving === undefined) send();
  setTimeout(sendNext, 0); // after Streamlit's own timeout of 0, which send() has set
}

const ASK_AGAIN = 8000; // ms without an answer before a request is sent again

// Sends a request, and again until it is answered: an answer is lost where the script runs once more before the browser
// has been sent it. Returns the function that ends this.
function requestUntil(answered, send) {
  let timer = null;
  const ask = () => {
    if (answered()) return;
    send();
    timer = setTimeout(ask, ASK_AGAIN);
  };
  ask();
  return () => clearTimeout(timer);
}

function getOrCreate(parent, create) {
  if (!views.has(parent)) views.set(parent, create());
  return views.get(parent);
}

const removeView = (parent) => views.delete(parent);

// The return value of a component's default function: Streamlit calls it when the component leaves the page, but also
// while the component stays, if newer data came before the call had returned (often on a slow computer). A view that is
// still connected must not be stopped.
function cleanup(parent, stop) {
  return () => { if (!(parent.host ?? parent).isConnected) stop(); };
}

function publish(topic, value) {
  for (const listener of [...(store.listeners.get(topic) ?? [])]) listener(value);
}

// Returns the function that ends the subscription.
function subscribe(topic, listener) {
  if (!store.listeners.has(topic)) store.listeners.set(topic, new Set());
  store.listeners.get(topic).add(listener);
  return () => store.listeners.get(topic).delete(listener);
}

// Where the lab's own server answers without a run of the script (`bootstrap/pictures.py`); null behind another one.
function answerAddress(path) {
  const base = window.__streamlit?.BACKEND_BASE_URL;
  return base ? `${base}_lab/${path}` : null;
}

// An address, by default that of the page, with one parameter set, or without it where its text is null: a URL.
function addressWith(name, text, address = location.href) {
  const url = new URL(address, location.href);
  if (text === null) url.searchParams.delete(name);
  else url.searchParams.set(name, text);
  return url;
}

// Writes one parameter of the address, or removes it with null, without a new entry in the browser's history. It stays
// there for as long as `node` stays on the page (without one, as long as the page): see `withWritten`.
function setAddress(name, text, node = null) {
  const url = addressWith(name, text);
  store.written.set(name, { text, node });
  if (url.href !== location.href) history.replaceState(history.state, "", url);
}

// An address of the open page that Streamlit writes, with what the browser has written beside it. Streamlit's server
// knows parameters as they were when it last wrote them itself: `before`, the last address of its own. What it has
// changed since then holds; all others are as the browser has them.
function withWritten(address, before) {
  const theirs = new URL(address, location.href).searchParams, old = new URL(before, location.href).searchParams;
  for (const [name, { text, node }] of [...store.written]) {
    const changed = theirs.get(name) !== old.get(name), gone = node && !node.isConnected;
    if (changed || gone) store.written.delete(name);
    else address = addressWith(name, text, address);
  }
  return new URL(address, location.href);
}

const LOOK = "pixels"; // parameter of the address on every page: enlarged pictures with square pixels (`copy_link.js`)

const wantsPixels = () => (store.pixels ??= new URL(location.href).searchParams.get(LOOK) === "1");

const chosenLook = () => (wantsPixels() ? "1" : null); // its text in the address

// The address with that parameter as the visitor has chosen: Streamlit writes addresses without it.
const withLook = (address) => addressWith(LOOK, chosenLook(), address ?? location.href);

const AT_REST = 600; // ms without a change after which a moving value is written into the address

// The same for a value that moves, such as a slider's: written once it rests. A new address costs the browser more than
// the whole rest of a key press, and Safari refuses more than a hundred of them in half a minute. Nothing is written
// when `node` has left the page meanwhile or another page has been opened, whose address it would be.
function setAddressAtRest(node, name, text) {
  clearTimeout(store.moving.get(name)?.timer);
  const timer = setTimeout(flushAddress, AT_REST, name);
  store.moving.set(name, { node, text, timer, page: location.pathname });
}

// Writes what waits for rest at once: the one parameter, or all of them.
function flushAddress(only) {
  for (const [name, { node, text, timer, page }] of [...store.moving]) {
    if (only !== undefined && name !== only) continue;
    clearTimeout(timer);
    store.moving.delete(name);
    if (node.isConnected && location.pathname === page) setAddress(name, text, node);
  }
}

// Keeps the `most` newest entries of a Map.
function dropOldest(map, most) {
  for (const key of [...map.keys()].slice(0, -most)) map.delete(key);
}

function setAttributes(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  return node;
}

function createElement(tag, { text, ...attributes } = {}, ...children) {
  const node = setAttributes(document.createElement(tag), attributes);
  if (text !== undefined) node.textContent = text;
  node.append(...children);
  return node;
}

function createSvg(tag, attributes = {}, ...children) {
  const node = setAttributes(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes);
  node.append(...children);
  return node;
}

// [columns right, rows down] of an arrow key, or undefined for any other key.
const arrowStep = (key) => ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] })[key];

const prefersLessMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

// Words for what one does: where the first pointer is a finger, of fingers.
const touchOr = (touch, mouse) => (matchMedia("(pointer: coarse)").matches ? touch : mouse);

// A surface on which one finger draws: two scroll the page, as one does elsewhere. `began` is called when the second
// finger comes.
function scrollByTwoFingers(surface, began) {
  let last = null;
  const middle = ({ touches }) => (touches[0].clientY + touches[1].clientY) / 2;
  surface.addEventListener("touchstart", (event) => {
    last = event.touches.length === 2 ? middle(event) : null;
    if (last !== null) began();
  }, { passive: true });
  surface.addEventListener("touchmove", (event) => {
    if (last === null || event.touches.length !== 2) return;
    const now = middle(event);
    document.querySelector("[data-testid=stMain]")?.scrollBy(0, last - now);
    last = now;
  }, { passive: true });
}

// A letter for a class, for visitors who cannot tell its colour: its own name where all names are one character long.
function classLetter(classes, label) {
  if (label < 0) return "·";
  return classes.every((name) => [...name].length === 1) ? classes[label] : String.fromCharCode(65 + (label % 26));
}
