import assert from "node:assert/strict";
import { test } from "node:test";
import { load, plain } from "./load.mjs";

const { unitBox, insidePolygon, spacedPoints, matchingClasses, countLabels } = load(
  ["unitBox", "insidePolygon", "spacedPoints", "matchingClasses", "countLabels"], ["embedding/map_geometry"]);

test("points fill a box one unit wide around zero, in their proportions", () => {
  const box = plain(unitBox(Float32Array.of(10, 100, 30, 100, 20, 110)));
  assert.deepEqual(box, [-0.5, -0.25, 0.5, -0.25, 0, 0.25]);
  assert.deepEqual(plain(unitBox(Float32Array.of(4, 4))), [0, 0]);
});

test("inside a polygon, inside its notch, and outside", () => {
  const u = [[0, 0], [9, 0], [9, 9], [6, 9], [6, 3], [3, 3], [3, 9], [0, 9]];
  assert.ok(insidePolygon(u, 1, 8) && insidePolygon(u, 8, 8) && insidePolygon(u, 4.5, 1));
  assert.ok(!insidePolygon(u, 4.5, 6) && !insidePolygon(u, -1, 4) && !insidePolygon(u, 10, 4));
  assert.ok(!insidePolygon([], 0, 0));
});

test("chosen points do not overlap, and every point left out overlaps a chosen one", () => {
  let seed = 1;
  const random = () => { seed = (seed * 48271) % 2147483647; return seed / 2147483647; };
  const xy = Float32Array.from({ length: 2000 }, random), cell = 0.06;
  const chosen = plain(spacedPoints(xy, cell, (k) => k % 3 !== 0));
  const overlap = (a, b) => Math.abs(xy[2 * a] - xy[2 * b]) < cell && Math.abs(xy[2 * a + 1] - xy[2 * b + 1]) < cell;
  assert.ok(chosen.length > 20 && chosen.every((k) => k % 3 !== 0));
  for (const a of chosen) for (const b of chosen) assert.ok(a === b || !overlap(a, b));
  for (let k = 0; k < 1000; k++) {
    if (k % 3 && !chosen.includes(k)) assert.ok(chosen.some((c) => c < k && overlap(c, k)), `${k}`);
  }
});

test("classes are found by any part of their name and keep their number", () => {
  const names = ["T-shirt", "Trouser", "Shirt"];
  assert.deepEqual(plain(matchingClasses(names, " SHIRT ")), [["T-shirt", 0], ["Shirt", 2]]);
  assert.deepEqual(plain(matchingClasses(names, "")).length, 3);
});

test("labels are counted and sorted, the most frequent first", () => {
  assert.deepEqual(plain(countLabels([0, 1, 2, 3, 5], [7, 7, -1, 7, 0, -1])), [[7, 3], [-1, 2]]);
});
