import assert from "node:assert/strict";
import { test } from "node:test";
import { load, plain } from "./load.mjs";

const paint = ["shared/plot", "shared/marks", "latent/tilemap", "latent/circles", "latent/plane_paint"];
const names = ["contourSegments", "namePlaces", "circlesHold", "paintCircles"];
const { contourSegments, namePlaces, circlesHold, paintCircles } = load(names, paint);

// A field of values on n × n cells.
const field = (n, value) =>
  Float64Array.from({ length: n * n }, (_, k) => value((k % n) + 0.5, Math.floor(k / n) + 0.5));

test("the contour of a cone is a circle, and closed", () => {
  const n = 40, segments = contourSegments(field(n, (x, y) => 20 - Math.hypot(x - 20, y - 20)), n, 8), ends = new Map();
  assert.ok(segments.length > 60);
  for (const [x1, y1, x2, y2] of segments) {
    for (const [x, y] of [[x1, y1], [x2, y2]]) {
      assert.ok(Math.abs(Math.hypot(x - 20, y - 20) - 12) < 0.05, "on the circle");
      const key = `${x.toFixed(6)} ${y.toFixed(6)}`;
      ends.set(key, (ends.get(key) ?? 0) + 1);
    }
  }
  assert.ok([...ends.values()].every((count) => count === 2), "every end meets another one");
});

test("a contour that would leave the grid is closed along its edge, and corners that touch stay apart", () => {
  const closed = contourSegments(field(6, () => 1), 6, 0.5);
  assert.equal(closed.length, 4 * 5 + 4, "five pieces a side, and one round each corner");
  const touching = contourSegments(Float64Array.from([1, 0, 0, 1]), 2, 0.5);
  assert.equal(touching.length, 8, "two closed lines of four pieces");
});

test("a class has its name where it is densest, or beside it where another name stands", () => {
  const side = 20, peak = (cx, cy) => field(side, (x, y) => 255 * Math.exp(-((x - cx) ** 2 + (y - cy) ** 2) / 20));
  const values = Uint8Array.from([...peak(5.5, 5.5), ...peak(5.5, 6.5), ...peak(15.5, 12.5)]);
  const density = { side, labels: [0, 1, 2], values, levels: [60, 60, 60] };
  const places = plain(namePlaces(density, (label) => label !== 9, 3));
  assert.deepEqual([places[0].x, places[0].y, places[2].x, places[2].y], [5.5, 5.5, 15.5, 12.5]);
  const apart = Math.hypot(places[1].x - 5.5, places[1].y - 5.5);
  assert.ok(apart >= 3 && apart < 5, "as near as there is room");
  assert.deepEqual(plain(namePlaces(density, (label) => label === 2, 3)).map(({ label }) => label), [2]);
});

test("circles are drawn where they hold their share and say it, also on a plane that is not square", () => {
  const ellipses = [], texts = [], nothing = () => {};
  const ctx = { beginPath: nothing, setLineDash: nothing, stroke: nothing, strokeText: nothing,
    ellipse: (...values) => ellipses.push(values.slice(0, 4)), fillText: (text, x) => texts.push([text, x]) };
  const toX = (x) => 100 + 10 * x, toY = (y) => 200 - 20 * y;
  const place = { toX, toY, lengthX: (r) => 10 * r, lengthY: (r) => 20 * r, width: 200 };
  const circles = [[1, 0.5, 0.4], [2, 0.9, 0.8], [4, 0.99, 0.97]];
  paintCircles(ctx, circles, place);
  assert.deepEqual(ellipses.filter((_, k) => k % 2), [[100, 200, 10, 20], [100, 200, 20, 40], [100, 200, 40, 80]]);
  // The second one lies 10 pixels beyond the first: too near for a text of its own.
  assert.deepEqual(texts.map(([text]) => text), ["50 %", "99 %"]);
  texts.length = 0; // the wide plane of an autoencoder: texts of small circles would lie over each other at the origin
  const wide = { ...place, lengthX: (r) => 15 * r, lengthY: (r) => 15 * r };
  paintCircles(ctx, [[1.18, 0.5, null], [2.15, 0.9, null], [3.03, 0.99, null]], wide);
  assert.deepEqual(texts.map(([text]) => text), ["90 %"]);
  assert.equal(circlesHold(circles, "N(0, I)", "the images"),
    "The circles hold 50 / 90 / 99 % of N(0, I), and 40 / 80 / 97 % of the images.");
  assert.equal(circlesHold([[1, 0.5, null]], "N(0, I)", "the images"), "The circles hold 50 % of N(0, I).");
});
