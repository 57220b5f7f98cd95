import assert from "node:assert/strict";
import { test } from "node:test";
import { load, plain } from "./load.mjs";

const DELAY = 60, FILL_DELAY = 2_000; // ms, as in film.js
const SHOWN = { chunk: 12, columns: 12, lines: [1, 1, 4], originals: 12, titles: ["", "", ""], shape: [1, 28, 28],
  run: "a", link: "", parameter: "", at: null };

// A film whose frames have no pictures, a slider, and a clock that tests move by hand.
function film(data) {
  const timers = new Map(), asked = [];
  let now = 0, next = 1;
  const node = () => {
    const made = { style: {}, dataset: {}, classList: { toggle() {} }, setAttribute() {}, isConnected: true };
    made.getContext = () => ({ drawImage() {} });
    made.addEventListener = (event, act) => { (made.handlers ??= {})[event] = act; };
    return made;
  };
  const nodes = { ".sheet": node(), input: node(), ".play": node(), ".newest": node(), figcaption: node() };
  nodes.input.parentElement = node();
  const root = {
    querySelector: (name) => nodes[name],
    querySelectorAll: () => [node(), node(), node()],
  };
  const globals = {
    setTimeout: (act, ms) => { timers.set(next, { act, at: now + ms }); return next++; },
    clearTimeout: (timer) => timers.delete(timer),
    setInterval: () => 0, clearInterval() {},
    ResizeObserver: class { observe() {} disconnect() {} },
    Image: class { async decode() {} },
  };
  const view = load(["start"], ["shared/axes", "playback/film"], globals).start(root);
  view.send = (epochs) => asked.push(plain(epochs));
  const wait = (ms) => {
    now += ms;
    for (const [timer, { act, at }] of [...timers]) if (at <= now && timers.delete(timer)) act();
  };
  const accept = (changes) => view.accept({ ...SHOWN, ...data, ...changes });
  const drag = (i) => { nodes.input.value = i; nodes.input.handlers.input(); };
  accept({});
  return { view, asked, wait, accept, drag };
}

const epochs = [0, 1, 2, 3, 4, 5], newest = [{ epoch: 5, src: "x" }];

test("missing frames are asked for once, next to the one in view first, and not again before the answer", () => {
  const { asked, wait, drag, accept } = film({ epochs, frames: newest });
  wait(DELAY);
  assert.deepEqual(asked, [[4, 3, 2, 1, 0]]);
  drag(1);
  wait(DELAY);
  assert.equal(asked.length, 1, "a request is on its way");
  accept({ frames: [{ epoch: 4, src: "y" }] });
  wait(DELAY);
  assert.deepEqual(asked[1], [1, 0, 2, 3]);
});

test("who keeps moving the slider is answered while it moves, with the frames at its place", () => {
  const { asked, wait, drag } = film({ epochs, frames: newest });
  wait(DELAY / 2);
  for (const i of [3, 2, 1]) {
    drag(i);
    wait(DELAY / 2);
  }
  assert.equal(asked.length, 1);
  assert.ok([1, 2].includes(asked[0][0]), "not where the slider began");
});

test("an urgent request does not wait for one that has time", () => {
  const { asked, wait, drag, accept } = film({ epochs: epochs.slice(0, 5), frames: [{ epoch: 4, src: "x" }] });
  wait(DELAY);
  accept({ epochs, frames: newest }); // the film grows: the others have time
  wait(DELAY);
  assert.equal(asked.length, 1);
  drag(0);
  wait(DELAY);
  assert.deepEqual(asked[1].slice(0, 2), [0, 1]);
  wait(FILL_DELAY);
  assert.equal(asked.length, 2, "the request that it replaced is not sent beside it");
});

test("a film that has left the page asks for nothing", () => {
  const { view, asked, wait } = film({ epochs, frames: newest });
  view.stop();
  wait(DELAY);
  assert.deepEqual(asked, []);
});
