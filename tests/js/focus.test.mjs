import assert from "node:assert/strict";
import { test } from "node:test";
import { load, plain } from "./load.mjs";

const BODY = "the document's body";
const { tabStops, wrapTab, deepFocus, explanationsLast, otherStop, oneOfEachGroup } = load(
  ["tabStops", "wrapTab", "deepFocus", "explanationsLast", "otherStop", "oneOfEachGroup"],
  ["shared/focus"], { document: { body: BODY } },
);

// A stand-in for an element: what the order of tab stops asks of it.
const node = (name, { stop = false, shown = true, children = [], shadow = null, ...more } = {}) => ({
  name, tabIndex: stop ? 0 : -1, disabled: false, children, shadowRoot: shadow && { children: shadow },
  matches: () => stop, checkVisibility: () => shown, ...more,
});
const names = (nodes) => plain(nodes).map((one) => one.name);

test("tab stops come in the order of the document, those in shadow trees at their host's place", () => {
  const tree = node("root", { children: [
    node("a", { stop: true }),
    node("box", { children: [node("b", { stop: true })], shadow: [node("in shadow", { stop: true })] }),
    node("off", { stop: true, disabled: true }), node("hidden", { stop: true, shown: false }),
    node("skipped", { stop: true, tabIndex: -1 }), node("c", { stop: true }),
  ] });
  assert.deepEqual(names(tabStops(tree)), ["a", "in shadow", "b", "c"]);
});

test("of a group of radio buttons only the chosen one is a stop, and all where none is", () => {
  const radio = (id, checked) => ({ ...node("g", { stop: true, type: "radio", checked }), id });
  const group = (chosen) => ["x", "y", "z"].map((id) => radio(id, id === chosen));
  const ids = (checked) => plain(tabStops(node("root", { children: group(checked) }))).map((one) => one.id);
  assert.deepEqual(ids("y"), ["y"]);
  assert.deepEqual(ids("none"), ["x", "y", "z"]);
});

test("Tab goes round at either end and is left alone in between", () => {
  const stops = ["first", "middle", "last"];
  assert.equal(wrapTab("box", stops, "last", false), "first");
  assert.equal(wrapTab("box", stops, "first", true), "last");
  const inside = [["first", false], ["middle", false], ["middle", true], ["last", true], ["box", false]];
  for (const [at, backwards] of inside) {
    assert.equal(wrapTab("box", stops, at, backwards), undefined, `${at} ${backwards}`);
  }
  assert.equal(wrapTab("box", stops, "box", true), "last", "back from the box itself");
});

test("Tab stays in a box whose content is still to come, and finds back when the focused element is gone", () => {
  for (const backwards of [false, true]) assert.equal(wrapTab("box", [], "box", backwards), "box");
  assert.equal(wrapTab("box", ["first", "last"], BODY, false), "first");
  assert.equal(wrapTab("box", ["first", "last"], BODY, true), "last");
  assert.equal(wrapTab("box", ["first", "last"], null, false), "first");
});

test("the focus is found through shadow trees", () => {
  const inner = { name: "inner" }, host = { name: "host", shadowRoot: { activeElement: inner } };
  assert.equal(deepFocus({ activeElement: host }), inner);
  assert.equal(deepFocus({ activeElement: inner }), inner);
});

test("the explanation of a control comes after it, and Tab is left alone wherever the order is the same", () => {
  // A row of two fields with a question mark in each label, then a toggle whose mark follows it, then a lone mark.
  const stops = ["link", "? of a", "a−", "a+", "? of b", "b", "toggle", "? of toggle", "? of a figure", "end"];
  const box = (...own) => ({ contains: (stop) => own.includes(stop) });
  const boxes = { "? of a": box("? of a", "a−", "a+"), "? of b": box("? of b", "b"),
    "? of toggle": box("toggle", "? of toggle"), "? of a figure": box("? of a figure") };
  const ordered = plain(explanationsLast(stops, (stop) => boxes[stop]));
  assert.deepEqual(ordered,
    ["link", "a−", "a+", "? of a", "b", "? of b", "toggle", "? of toggle", "? of a figure", "end"]);
  assert.equal(otherStop(stops, ordered, "link", false), "a−");
  assert.equal(otherStop(stops, ordered, "a−", false), undefined, "the browser's own step");
  assert.equal(otherStop(stops, ordered, "a+", false), "? of a");
  assert.equal(otherStop(stops, ordered, "? of a", false), "b");
  assert.equal(otherStop(stops, ordered, "a−", true), "link");
  assert.equal(otherStop(stops, ordered, "toggle", true), "? of b");
  assert.equal(otherStop(stops, ordered, "nowhere", false), undefined);
  const seen = [];
  for (let at = "link"; at; at = otherStop(stops, ordered, at, false) ?? stops[stops.indexOf(at) + 1]) seen.push(at);
  assert.deepEqual(seen, ordered, "every stop once, none lost");
});

test("Tab takes a group of choices as one stop: the one with the focus, else the chosen one, else the first", () => {
  const stops = ["field", "fast", "classic", "end"];
  const group = (stop) => (["fast", "classic"].includes(stop) ? "g" : null);
  const kept = (current, chosen) => plain(oneOfEachGroup(stops, current, group, (stop) => stop === chosen));
  assert.deepEqual(kept("field", "classic"), ["field", "classic", "end"]);
  assert.deepEqual(kept("fast", "classic"), ["field", "fast", "end"]);
  assert.deepEqual(kept("end", "none"), ["field", "fast", "end"]);
});
