import assert from "node:assert/strict";
import { test } from "node:test";
import { load, plain } from "./load.mjs";

const tilemap = ["shared/plot", "shared/marks", "latent/tilemap"];

test("a map has as many images as fit, none too small, all crisp", () => {
  const { chooseGrid, imageShape } = load(["chooseGrid", "imageShape"], tilemap);
  for (const ratio of [1, 2, 2.75, 3]) {
    for (const chw of [[1, 28, 28], [3, 32, 32], [1, 20, 36]]) {
      for (const side of [49, 37, 25]) {
        for (const room of [252, 340, 420, 728]) {
          const shape = imageShape(chw), grid = chooseGrid(side, shape, room, ratio);
          assert.ok(Number.isInteger(grid.scale) && grid.scale >= 1);
          assert.ok(grid.width <= room + 0.1 && grid.height <= room + 0.1, "fits");
          assert.ok((side - 1) % grid.stride === 0 && (grid.count - 1) * grid.stride <= side - 1);
          const first = (side - 1 - (grid.count - 1) * grid.stride) / 2;
          assert.ok(Number.isInteger(first) && first >= 0, "images of the lattice, centred");
        }
      }
    }
  }
  const grey = imageShape([1, 28, 28]);
  assert.deepEqual([chooseGrid(49, grey, 728, 1).count, chooseGrid(49, grey, 340, 1).count], [25, 12]);
});

test("the outliers' threshold is the smallest score that so many do not exceed", () => {
  const { thresholdOf } = load(["thresholdOf"], ["shared/axes", "shared/plot", "outliers/outlier_board"]);
  const scores = Array.from({ length: 20 }, (_, i) => i + 1);
  for (const percent of [50, 52.5, 95, 99.5]) {
    const line = thresholdOf(scores, percent), share = (t) => scores.filter((s) => s <= t).length / scores.length;
    assert.ok(share(line) >= percent / 100 - 1e-9 && share(line - 1) < percent / 100);
  }
});

test("an arrow key leads from cell to cell of a grid of codes, not beyond its edge", () => {
  const { cellBeside, codesText } = load(["cellBeside", "codesText"], ["latent/code_grid"]);
  assert.deepEqual([[1, 0], [-1, 0], [0, 1], [0, -1]].map((step) => cellBeside(5, step, 3, 4)), [6, 4, 9, 1]);
  const atEdges = [[3, [1, 0]], [8, [-1, 0]], [10, [0, 1]]].map(([cell, step]) => cellBeside(cell, step, 3, 4));
  assert.deepEqual(atEdges, [3, 8, 10]);
  assert.equal(codesText([0, 35, 36]), "0_z_10");
});

test("the most frequent confusion of a quiz", () => {
  const { commonMistake } = load(["commonMistake"], ["gan/gan_quiz"]);
  assert.equal(commonMistake([0, 1, 1, 2, 1], [0, 0, 0, 1, 1]), "1>0");
  assert.equal(commonMistake([0, 1], [0, 1]), "");
});

test("the visible range of curves spans a stretch, its neighbours outside included, with a margin", () => {
  const names = ["visibleRange", "lastPosition", "dashLengths"];
  const files = ["shared/axes", "shared/plot", "charts/chart", "charts/curves"];
  const { visibleRange, lastPosition, dashLengths } = load(names, files);
  const curve = { x: [0, 1, 2, 3, 4], y: [100, 10, 20, 30, 1] };
  const [low, high] = visibleRange([curve], false, [1.5, 2.5]);
  assert.ok(Math.abs(low - 9) < 1e-9 && Math.abs(high - 31) < 1e-9, "10 to 30 and 5 %");
  assert.deepEqual(plain(visibleRange([{ x: [0], y: [-1] }], true, [0, 1])), [1, 10], "no logarithm of −1");
  assert.deepEqual(plain(visibleRange([], false, [0, 1])), [0, 1]);
  assert.equal(lastPosition([{ curves: [curve, { x: [], y: [] }] }, { curves: [{ x: [7], y: [0] }] }]), 7);
  assert.equal(lastPosition([]), 1);
  assert.deepEqual([true, false, [2, 3]].map((dash) => plain(dashLengths(dash))), [[7, 4], [], [2, 3]]);
});

test("a pool's images lie on its sheet where thumbnails are copied from", () => {
  const painted = [];
  const putImageData = (image, x, y) => painted.push([image.width, image.height, x, y]);
  const canvas = { setAttribute() {}, append() {}, getContext: () => ({ putImageData }) };
  const document = { createElement: () => canvas };
  class ImageData {
    constructor(data, width, height) { Object.assign(this, { data, width, height }); }
  }
  const { poolOf, fillPool, placeOnSheet, imageOf } = load(["poolOf", "fillPool", "placeOnSheet", "imageOf"],
    ["embedding/map_pool"], { document, ImageData });
  const count = 205, shape = [3, 8, 10], bytes = Uint8Array.from({ length: count * 240 }, (_, i) => i % 251);
  const pool = poolOf("a"), base64 = (array) => Buffer.from(array.buffer).toString("base64");
  const part = (from, to) => ({ shape, tests: 100, first: from, count, tiles: base64(bytes.slice(from * 240, to * 240)),
    ids: base64(Int32Array.from({ length: to - from }, (_, k) => from + k)) });
  assert.equal(fillPool(pool, part(0, 120)), false);
  assert.equal(fillPool(pool, part(150, 205)), false, "the part before is missing");
  assert.equal(pool.tiles, null);
  assert.equal(fillPool(pool, part(120, 205)), true);
  assert.deepEqual([...pool.ids], Array.from({ length: count }, (_, k) => k));
  assert.deepEqual(painted, [[1000, 8, 0, 0], [1000, 8, 0, 8], [50, 8, 0, 16]]);
  assert.deepEqual(plain(placeOnSheet(pool, 203)), [30, 16, 10, 8]);
  assert.deepEqual(plain(imageOf(pool, 203)), [...bytes.subarray(203 * 240, 204 * 240)]);
  for (const name of ["b", "c", "d"]) poolOf(name);
  assert.equal(poolOf("a").tiles, null, "three pools are kept");
});

test("tips of arrows point along their direction", () => {
  const { tipCorners, arrowPath } = load(["tipCorners", "arrowPath"], ["shared/axes", "gan/gan_flow"]);
  assert.equal(tipCorners([10, 5, 1, 0]), "10,5 2,0.5 2,9.5");
  const box = (left, top) => ({ left, right: left + 10, top, bottom: top + 10, x: left + 5, y: top + 5 });
  assert.equal(arrowPath(box(0, 0), box(40, 0), false).d, "M 14 5 H 34");
  assert.deepEqual(plain(arrowPath(box(0, 0), box(0, 60), false).tip), [5, 40, 0, 1]);
});

test("small pictures of a part fill a square, and places are compared in the precision of messages", () => {
  const { columnsFor, samePlace } = load(["columnsFor", "samePlace"], ["shared/axes", "diagram/model_diagram"]);
  assert.deepEqual([1, 2, 3, 4, 5, 9, 10].map(columnsFor), [1, 2, 2, 2, 3, 3, 4]);
  assert.ok(samePlace([0.1, 2], [0.10004, 2]) && !samePlace([0.1, 2], [0.1, 2.01]) && !samePlace(null, [1]));
});

test("of a long search of large images each step has the nearest picture that was sent", () => {
  const files = ["shared/axes", "shared/plot", "shared/marks", "playback/scrubber", "reconstruct/reconstruct"];
  const { pictureOf } = load(["pictureOf"], files), shape = { size: 4 };
  const steps = (pictures, count) => Array.from({ length: count }, (_, k) => (
    pictureOf({ tiles: new Uint8Array(4 * pictures), objective: Array(count) }, shape, k)));
  assert.deepEqual(steps(3, 3), [0, 1, 2]);
  assert.deepEqual(steps(3, 9), [0, 0, 1, 1, 1, 1, 2, 2, 2]);
  assert.deepEqual(steps(1, 1), [0]);
});
