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

const density = load(["densityOf", "densest", "levelHolding", "contour", "placeTexts", "describeClasses", "CELLS"],
  ["embedding/map_pool", "shared/marks", "embedding/map_geometry", "embedding/map_paint", "embedding/map_density"]);

test("density keeps the number of points and is highest where they are", () => {
  const xy = Float32Array.from({ length: 400 }, (_, i) => (i < 360 ? (i % 2 ? 0.2 : -0.3) : 0) + 0.01 * Math.sin(i));
  const grid = density.densityOf(xy, Array.from({ length: 200 }, (_, k) => k));
  assert.ok(Math.abs(plain(grid).reduce((a, b) => a + b) - 200) < 0.01);
  const [x, y] = density.densest(grid);
  assert.ok(Math.hypot(x + 0.3, y - 0.2) < 0.02);
  const level = density.levelHolding(grid, 0.8), inside = plain(grid).filter((v) => v >= level);
  const held = inside.reduce((a, b) => a + b, 0);
  assert.ok(held >= 0.8 * 200 - 0.01 && held - level * inside.filter((v) => v === level).length <= 0.8 * 200 + 0.01);
});

test("a line encloses its level: round a peak at the distance where the height is crossed", () => {
  const grid = Float32Array.from({ length: density.CELLS ** 2 }, (_, i) => {
    const x = (i % density.CELLS) - 47.5, y = Math.floor(i / density.CELLS) - 47.5;
    return 100 - Math.hypot(x, y);
  });
  const cell = 1.12 / density.CELLS, pieces = density.contour(grid, 80);
  assert.ok(pieces.length > 100);
  for (const [x0, y0, x1, y1] of pieces) for (const [x, y] of [[x0, y0], [x1, y1]]) {
    assert.ok(Math.abs(Math.hypot(x, y) / cell - 20) < 0.1);
  }
});

test("class names never overlap, and lie on the map", () => {
  const text = (i) => ({ x: 60 + (i * 37) % 90, y: 40 + (i * 53) % 60, width: 40, height: 18 });
  const texts = Array.from({ length: 30 }, (_, i) => text(i));
  const placed = plain(density.placeTexts(texts, 200, 140)).filter(Boolean);
  assert.ok(placed.length > 5 && placed.length < 30);
  placed.forEach(([x, y], i) => {
    assert.ok(x >= 20 && x <= 180 && y >= 9 && y <= 131);
    for (const [u, v] of placed.slice(0, i)) assert.ok(Math.abs(x - u) >= 40 || Math.abs(y - v) >= 18 - 1e-9);
  });
});

test("a lasso comes back from the address, and what is none does not", () => {
  const { polygonText, polygonOf } = load(["polygonText", "polygonOf"], ["embedding/map_geometry"]);
  const round = Array.from({ length: 200 }, (_, i) => [Math.cos(i / 32) / 3, Math.sin(i / 32) / 3]);
  const back = plain(polygonOf(polygonText(round)));
  assert.ok(back.length <= 60 && back.every(([x, y]) => Math.abs(Math.hypot(x, y) - 1 / 3) < 2e-3));
  for (const bad of ["", "1,2,3", "1,2,3,4,5", "a,b,c,d,e,f"]) assert.equal(polygonOf(bad), null);
});

test("many dots at once give the pixels of one after the other, also at the edge", () => {
  const paint = load(["blendPoints", "blendMask", "discMask", "stepOf", "scaleColours", "STEPS"],
    ["embedding/map_pool", "shared/marks", "embedding/map_geometry", "embedding/map_paint"]);
  const pixels = () => ({ data: new Uint8ClampedArray(4 * 40 * 30).fill(10), width: 40, height: 30 });
  const xs = Float32Array.of(5, 6, 20.4, -1, 39, 18), ys = Float32Array.of(5, 6, 15.5, 3, 29, 40);
  const mask = paint.discMask(2.3), palette = [[255, 0, 100], [0, 200, 250]], tints = Uint16Array.of(0, 1, 0, 1, 0, 1);
  const [fast, slow] = [pixels(), pixels()];
  paint.blendPoints(fast, mask, [0, 1, 2, 3, 4, 5], { xs, ys, tints, palette }, 0.6);
  for (let k = 0; k < 6; k++) paint.blendMask(slow, mask, xs[k], ys[k], palette[tints[k]], 0.6);
  fast.data.forEach((v, i) => assert.ok(Math.abs(v - slow.data[i]) <= 3, `${i}`));
  assert.ok(plain(fast.data).some((v) => v > 100));
  assert.deepEqual([paint.stepOf(0, 0, 1), paint.stepOf(9, 0, 1), paint.stepOf(NaN, 0, 1), paint.stepOf(5, 5, 5)],
    [0, 63, 64, 32]);
  const light = plain(paint.scaleColours()).map(([r, g, b]) => 0.2126 * r + 0.7152 * g + 0.0722 * b);
  assert.ok(light.length === paint.STEPS && light.every((v, i) => i === 0 || v > light[i - 1]), "lighter and lighter");
});
