import assert from "node:assert/strict";
import { test } from "node:test";
import { load, plain } from "./load.mjs";

const NAMES = ["queueMessage", "publish", "subscribe", "getOrCreate", "removeView", "cleanup", "dropOldest", "store"];
const nextTick = () => new Promise((done) => { setTimeout(done, 0); });

test("messages leave one a tick, in their order, also those queued meanwhile", async () => {
  const { queueMessage } = load(NAMES), sent = [];
  queueMessage(() => { sent.push("a"); queueMessage(() => sent.push("b")); });
  queueMessage(() => sent.push("c"));
  assert.deepEqual(sent, ["a"], "the first at once");
  const counts = new Set();
  while (sent.length < 3) {
    counts.add(sent.length);
    await nextTick();
  }
  assert.deepEqual(sent, ["a", "b", "c"]);
  assert.ok(counts.has(1) && counts.has(2), "never two in one tick");
  await nextTick();
  queueMessage(() => sent.push("d"));
  assert.equal(sent.at(-1), "d", "an empty queue sends at once again");
});

test("listeners hear what is published until they leave", () => {
  const { publish, subscribe } = load(NAMES), heard = [];
  const leave = subscribe("topic", (value) => { heard.push(value); leave(); });
  subscribe("topic", (value) => heard.push(-value));
  publish("topic", 1);
  publish("topic", 2);
  publish("other", 3);
  assert.deepEqual(heard, [1, -1, -2]);
});

test("a view is made once for its element and stopped only when the element has left the page", () => {
  const { getOrCreate, removeView, cleanup } = load(NAMES), parent = { isConnected: true };
  let made = 0, stopped = 0;
  const create = () => ({ number: ++made });
  assert.equal(getOrCreate(parent, create), getOrCreate(parent, create));
  const leave = cleanup(parent, () => { stopped++; removeView(parent); });
  leave();
  assert.equal(stopped, 0);
  parent.isConnected = false;
  leave();
  assert.equal(stopped, 1);
  assert.equal(getOrCreate(parent, create).number, 2);
});

test("scripts of two components share one store, and only the newest entries are kept", () => {
  const window = { devicePixelRatio: 1 }, first = load(NAMES, [], { window }), second = load(NAMES, [], { window });
  assert.equal(first.store, second.store);
  const map = new Map([[1, "a"], [2, "b"], [3, "c"]]);
  first.dropOldest(map, 2);
  assert.deepEqual(plain([...map.keys()]), [2, 3]);
  first.dropOldest(map, 5);
  assert.equal(map.size, 2);
});

// An address bar and a clock that tests move by hand.
function browser() {
  const location = new URL("http://localhost/generate?run=a&z=0"), written = [], timers = new Map();
  let next = 1;
  const globals = { URL, location, history: { state: null, replaceState: (_, __, url) => {
    location.href = url.href;
    written.push(url.search);
  } } };
  globals.setTimeout = (act, ms, ...values) => { timers.set(next, () => act(...values)); return next++; };
  globals.clearTimeout = (timer) => timers.delete(timer);
  const rest = () => { for (const [timer, act] of [...timers]) { timers.delete(timer); act(); } };
  const names = ["setAddress", "setAddressAtRest", "flushAddress", "withWritten"];
  return { ...load(names, [], globals), location, written, rest };
}

test("a value that moves is written into the address once, when it rests", () => {
  const { setAddressAtRest, written, rest } = browser(), node = { isConnected: true };
  for (const z of ["1", "2", "3"]) setAddressAtRest(node, "z", z);
  setAddressAtRest(node, "t", "0.5");
  assert.deepEqual(written, []);
  rest();
  assert.deepEqual(written, ["?run=a&z=3", "?run=a&z=3&t=0.5"]);
  rest();
  assert.equal(written.length, 2);
});

test("a link that is copied holds what still moves, and nothing is written twice", () => {
  const { setAddressAtRest, flushAddress, written, rest } = browser();
  setAddressAtRest({ isConnected: true }, "z", "4");
  flushAddress();
  rest();
  assert.deepEqual(written, ["?run=a&z=4"]);
});

test("what has left the page, or the page itself, no longer writes into the address", () => {
  const { setAddressAtRest, location, written, rest } = browser(), node = { isConnected: true };
  setAddressAtRest(node, "z", "1");
  node.isConnected = false;
  rest();
  node.isConnected = true;
  setAddressAtRest(node, "z", "2");
  location.pathname = "/planes";
  rest();
  assert.deepEqual(written, []);
});

test("an address that Streamlit writes keeps what the browser has written, unless the server has changed it", () => {
  const { setAddress, withWritten, location } = browser(), node = { isConnected: true };
  const before = location.href, search = (url) => withWritten(url, before).search;
  setAddress("z", "1_2", node);
  setAddress("picks", "3");
  // The server knows of z what it was at first, and nothing of the picks.
  assert.equal(search("/generate?run=a&z=0&spread=1.05"), "?run=a&z=1_2&spread=1.05&picks=3");
  assert.equal(search("/generate?run=a&z=0"), "?run=a&z=1_2&picks=3", "again");
  setAddress("picks", null);
  assert.equal(search("/generate?run=a&z=0"), "?run=a&z=1_2");
  assert.equal(search("/generate?run=a&z=9"), "?run=a&z=9", "the server has set it");
  setAddress("z", "4", node);
  assert.equal(search("/generate?run=a"), "?run=a", "the server has removed it");
  setAddress("z", "5", node);
  node.isConnected = false;
  assert.equal(search("/generate?run=a&z=0"), "?run=a&z=0", "its sliders have left the page");
});

test("a request is sent again until it is answered or ended", () => {
  const waiting = [];
  const { requestUntil } = load(["requestUntil"], [], {
    setTimeout: (later) => waiting.push(later) - 1, clearTimeout: (timer) => { waiting[timer] = () => {}; },
  });
  let answered = false, sent = 0;
  const end = requestUntil(() => answered, () => { sent += 1; });
  assert.equal(sent, 1, "at once");
  waiting.at(-1)();
  assert.equal(sent, 2, "the answer was lost");
  answered = true;
  waiting.at(-1)();
  assert.deepEqual([sent, waiting.length], [2, 2], "nothing more once it is there");
  answered = false;
  end();
  waiting.at(-1)();
  assert.equal(sent, 2);
});
