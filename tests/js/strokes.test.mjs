import assert from "node:assert/strict";
import { test } from "node:test";
import { load, plain } from "./load.mjs";

const { distanceToLine, averagePoints, spreadPixels, centred, imageShape } = load(
  ["distanceToLine", "averagePoints", "spreadPixels", "centred", "imageShape"], ["drawing/strokes"]);

test("the distance from a line's end, side and prolongation", () => {
  assert.equal(distanceToLine(0, 3, 0, 0, 10, 0), 3);
  assert.equal(distanceToLine(5, -2, 0, 0, 10, 0), 2);
  assert.equal(distanceToLine(13, 4, 0, 0, 10, 0), 5);
  assert.equal(distanceToLine(3, 4, 0, 0, 0, 0), 5, "a line of one point");
});

test("pixels spread over finer points average back to themselves, grey and colour, any size", () => {
  for (const chw of [[1, 28, 28], [1, 20, 36], [3, 8, 12]]) {
    const shape = imageShape(chw), pixels = Uint8Array.from({ length: shape.size }, (_, i) => (i * 37) % 256);
    const levels = new Uint8Array(shape.size * 16);
    spreadPixels(pixels, levels, shape, 4);
    assert.deepEqual(plain(averagePoints(levels, shape, 4)), [...pixels]);
    levels[0] += 8; // one of 16 points
    assert.equal(averagePoints(levels, shape, 4)[0], Math.round((16 * pixels[0] + 8) / 16));
  }
});

function moments(levels, width) {
  let mass = 0, x = 0, y = 0;
  levels.forEach((level, k) => {
    mass += level;
    x += level * ((k % width) + 0.5);
    y += level * (Math.floor(k / width) + 0.5);
  });
  return [x / mass, y / mass];
}

test("a drawing is centred by its mass and fills the box", () => {
  const [width, height] = [60, 40], levels = new Uint8Array(width * height);
  for (let y = 3; y < 11; y++) for (let x = 4; x < 8; x++) levels[y * width + x] = 200;
  const moved = centred(levels, 1, width, height, 24);
  const [x, y] = moments(moved, width);
  assert.ok(Math.abs(x - 30) < 0.05 && Math.abs(y - 20) < 0.05, `${x} ${y}`);
  const rows = new Set([...moved.entries()].filter(([, v]) => v > 100).map(([k]) => Math.floor(k / width)));
  assert.ok(Math.abs(rows.size - 24) <= 1, `8 rows became ${rows.size}`);
  assert.equal(centred(new Uint8Array(12), 1, 4, 3, 2), null);
});

test("no part of a lopsided drawing is pushed over the edge", () => {
  const [width, height] = [28, 28], levels = new Uint8Array(width * height);
  levels.fill(255, 0, width * 2); // a heavy top
  for (let y = 2; y < 28; y++) levels[y * width + 14] = 40; // and a long tail
  const moved = centred(levels, 1, width, height, 28), sum = (a) => a.reduce((s, v) => s + v, 0);
  assert.ok(Math.abs(sum(moved) / sum(levels) - 1) < 0.02);
});

test("the channels of a colour drawing move together", () => {
  const levels = new Uint8Array(20 * 20 * 3);
  for (let y = 2; y < 6; y++) for (let x = 2; x < 6; x++) levels.set([240, 120, 0], 3 * (20 * y + x));
  const moved = centred(levels, 3, 20, 20, 8);
  for (let k = 0; k < 400; k++) {
    assert.ok(Math.abs(moved[3 * k] - 2 * moved[3 * k + 1]) <= 2 && moved[3 * k + 2] === 0);
  }
});
