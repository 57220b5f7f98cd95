import assert from "node:assert/strict";
import { test } from "node:test";
import { load, plain } from "./load.mjs";

const axes = load(
  ["niceStep", "linearTicks", "countTicks", "logTicks", "axisScale", "paddedRange", "nearestIndex", "binIndex",
    "spreadApart"],
  ["shared/axes"]);

test("a step is 1, 2 or 5 times a power of ten and cuts the span into no more parts than asked for", () => {
  for (const span of [1e-7, 0.003, 0.9, 1, 7, 12, 99, 12345, 4e8]) {
    for (const count of [1, 3, 4.7, 10]) {
      const step = axes.niceStep(span, count), mantissa = step / 10 ** Math.floor(Math.log10(step) + 1e-9);
      assert.ok([1, 2, 5].some((m) => Math.abs(mantissa - m) < 1e-6), `${step}`);
      assert.ok(span / step <= count * (1 + 1e-6), "not too many");
      const smaller = step * (Math.abs(mantissa - 5) < 1e-6 ? 0.4 : 0.5);
      assert.ok(span / smaller > count, "the next smaller step would give too many");
    }
  }
});

test("what is counted has halves only where there are not three whole numbers", () => {
  assert.deepEqual(plain(axes.countTicks(0, 2, 4)), [0, 1, 2]);
  assert.deepEqual(plain(axes.countTicks(0, 1, 4)), plain(axes.linearTicks(0, 1, 4)));
  assert.deepEqual(plain(axes.countTicks(0, 20, 4)), [0, 5, 10, 15, 20]);
});

test("ticks are all multiples of the step inside the range, its ends included", () => {
  assert.deepEqual(plain(axes.linearTicks(0, 10, 5)), [0, 2, 4, 6, 8, 10]);
  assert.deepEqual(plain(axes.linearTicks(-1, 1, 4)), [-1, -0.5, 0, 0.5, 1]);
  assert.deepEqual(plain(axes.linearTicks(0.1, 0.7, 6)), [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7], "no 0.30000000000000004");
  assert.deepEqual(plain(axes.linearTicks(3, 3, 5)), [3]);
  assert.deepEqual(plain(axes.linearTicks(0.87, 1.34, 1)), [1, 1.2], "a single tick tells no scale");
  for (const low of [-3, 0.1, 7]) {
    for (const span of [0.04, 0.3, 0.9, 2]) assert.ok(axes.linearTicks(low, low + span, 1).length > 1);
  }
  assert.ok(Object.is(axes.linearTicks(-2, 2, 4)[2], 0), "no −0");
});

test("a logarithmic axis has decades, and 2 and 5 between them where there is room", () => {
  assert.deepEqual(plain(axes.logTicks(0.9, 120)), [1, 2, 5, 10, 20, 50, 100]);
  assert.deepEqual(plain(axes.logTicks(1, 1e5)), [1, 10, 100, 1000, 10000, 100000]);
  assert.deepEqual(plain(axes.logTicks(0.0019, 0.68)), [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5], "two decades");
  const narrow = plain(axes.logTicks(101, 140));
  assert.ok(narrow.length >= 2 && narrow.every((v) => v >= 101 && v <= 140), "linear where no decade is near");
});

test("a scale and its inverse undo each other", () => {
  for (const [low, high, log] of [[0, 10, false], [-5, 3, false], [0.01, 1000, true]]) {
    for (const [from, to] of [[0, 100], [200, 20]]) {
      const scale = axes.axisScale(low, high, from, to, log);
      assert.ok(Math.abs(scale(low) - from) < 1e-9 && Math.abs(scale(high) - to) < 1e-9);
      for (const part of [0.1, 0.5, 0.93]) {
        const value = scale.invert(from + part * (to - from));
        assert.ok(Math.abs(scale(value) - (from + part * (to - from))) < 1e-9);
      }
    }
  }
  assert.ok(Math.abs(axes.axisScale(1, 100, 0, 2, true)(10) - 1) < 1e-12, "10 lies half-way from 1 to 100");
  assert.equal(axes.axisScale(4, 4, 0, 10)(4), 5, "a range without a width: the middle");
});

test("a padded range has a margin on either side and passes over what is no number", () => {
  assert.deepEqual(plain(axes.paddedRange([2, 12, NaN, Infinity], 0.1)), [1, 13]);
  assert.deepEqual(plain(axes.paddedRange([3, 3])), [2.5, 3.5]);
  assert.deepEqual(plain(axes.paddedRange([])), [0, 1]);
});

test("the nearest entry is found as by looking at all of them", () => {
  const xs = [0, 1, 4, 4.5, 10, 11, 30];
  for (let at = -2; at < 33; at += 0.37) {
    const distances = xs.map((x) => Math.abs(x - at)), found = axes.nearestIndex(xs, at);
    assert.equal(distances[found], Math.min(...distances), `at ${at}`);
  }
  assert.equal(axes.nearestIndex([7], 100), 0);
});

test("shares fall into bins, both ends inside", () => {
  assert.deepEqual([0, 0.249, 0.25, 0.999, 1, 2, -1].map((share) => axes.binIndex(share, 4)), [0, 0, 1, 3, 3, 3, 0]);
});

test("texts at the ends of curves keep their order, stand apart and inside the panel", () => {
  assert.deepEqual(plain(axes.spreadApart([10, 40, 80], 13, 0, 100)), [10, 40, 80], "far apart already");
  assert.deepEqual(plain(axes.spreadApart([10, 12, 13], 13, 0, 100)), [10, 23, 36]);
  assert.deepEqual(plain(axes.spreadApart([90, 95, 96], 13, 0, 100)), [74, 87, 100]);
  assert.deepEqual(plain(axes.spreadApart([-5], 13, 4, 100)), [4]);
  assert.deepEqual(plain(axes.spreadApart([], 13, 0, 100)), []);
});
