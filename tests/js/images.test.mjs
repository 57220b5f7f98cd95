import assert from "node:assert/strict";
import { test } from "node:test";
import { load, plain } from "./load.mjs";

const { imageShape, decodeBase64, encodeBase64, imageAt, gridPixels } = load(
  ["imageShape", "decodeBase64", "encodeBase64", "imageAt", "gridPixels"]);
const { screenScale, fitGrid, fitRow, fitImage } = load(["screenScale", "fitGrid", "fitRow", "fitImage"]);

const GREY = imageShape([1, 2, 3]), COLOUR = imageShape([3, 2, 3]);

test("bytes survive the way through base64, however many they are", () => {
  for (const length of [0, 1, 2, 3, 784, 8192, 20000]) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 31 + 7) % 256);
    assert.equal(encodeBase64(bytes), Buffer.from(bytes).toString("base64"));
    assert.deepEqual(plain(decodeBase64(encodeBase64(bytes))), [...bytes]);
  }
});

test("an image has height · width · channels bytes", () => {
  assert.equal(GREY.size, 6);
  assert.equal(COLOUR.size, 18);
  assert.equal(COLOUR.pixels, 6);
  const many = Uint8Array.from({ length: 54 }, (_, i) => i);
  assert.deepEqual(plain(imageAt(many, COLOUR, 2)), Array.from({ length: 18 }, (_, i) => 36 + i));
});

const rgba = ({ width, data }, x, y) => plain(data.subarray(4 * (y * width + x), 4 * (y * width + x) + 4));

test("grey images are laid out row by row, with equal channels and opaque", () => {
  const images = [0, 1, 2, 3].map((k) => Uint8Array.from({ length: 6 }, (_, i) => 10 * k + i));
  const grid = gridPixels(images, GREY, 3);
  assert.deepEqual([grid.width, grid.height], [9, 4]);
  for (const [k, image] of images.entries()) {
    for (let y = 0; y < 2; y++) for (let x = 0; x < 3; x++) {
      const value = image[3 * y + x];
      assert.deepEqual(rgba(grid, 3 * (k % 3) + x, 2 * Math.floor(k / 3) + y), [value, value, value, 255]);
    }
  }
  assert.deepEqual(rgba(grid, 8, 3), [0, 0, 0, 0], "no image, nothing painted");
});

test("colour images keep red, green and blue", () => {
  const image = Uint8Array.from({ length: 18 }, (_, i) => 200 - 11 * i);
  const grid = gridPixels([null, image], COLOUR, 2);
  assert.deepEqual([grid.width, grid.height], [6, 2]);
  for (let y = 0; y < 2; y++) for (let x = 0; x < 3; x++) {
    const at = 3 * (3 * y + x);
    assert.deepEqual(rgba(grid, 3 + x, y), [image[at], image[at + 1], image[at + 2], 255]);
    assert.deepEqual(rgba(grid, x, y), [0, 0, 0, 0]);
  }
});

test("no images at all make one empty place", () => {
  const { width, height } = gridPixels([], GREY);
  assert.deepEqual([width, height], [3, 2]);
});

test("the scale is the largest whole number of screen pixels that fits", () => {
  for (const ratio of [1, 1.25, 1.5, 2, 2.75, 3]) {
    for (const pixels of [8, 20, 28, 32, 37, 128]) {
      for (const room of [40, 84, 168, 336.5, 700]) {
        const scale = screenScale(pixels, room, Infinity, ratio);
        if (room * ratio < pixels) {
          assert.ok(Math.abs(scale * pixels - room * ratio) < 1e-3, "shrunk to the room");
        } else {
          assert.equal(scale, Math.floor((room * ratio) / pixels + 1e-6));
        }
      }
    }
  }
  assert.equal(screenScale(28, 700, 2, 1), 2);
  assert.equal(screenScale(28, 700, 2, 2.75), 5, "at most 2 CSS pixels: 5.5 screen pixels");
});

test("at every device pixel ratio the pixels of a grid are equal squares of whole screen pixels", () => {
  for (const ratio of [1, 2, 2.75, 3]) {
    for (const shape of [[1, 28, 28], [3, 32, 32], [1, 20, 36], [3, 36, 20]].map(imageShape)) {
      for (const [columns, rows] of [[1, 1], [13, 1], [12, 4], [7, 7]]) {
        const size = fitGrid(shape, { width: 800, height: 600, columns, rows }, ratio);
        const across = (size.width * ratio) / (columns * shape.width);
        const down = (size.height * ratio) / (rows * shape.height);
        assert.ok(Math.abs(across - size.scale) < 1e-9 && Math.abs(down - size.scale) < 1e-9, `${across} ${down}`);
        assert.ok(Number.isInteger(size.scale) && size.width <= 800 + 1e-9 && size.height <= 600 + 1e-9);
        assert.equal(size.cellWidth * columns, size.width);
      }
    }
  }
});

test("an image that is larger than its room is shrunk in proportion", () => {
  const { width, height, scale } = fitImage(imageShape([3, 64, 128]), 56, 1);
  assert.ok(scale < 1 && width === 56 && height === 28);
});

test("the images of a row are square and at least 24 pixels wide on every screen, and as many as fit", () => {
  const counts = [25, 13, 9, 7, 5, 3];
  for (const ratio of [1, 1.25, 1.5, 2, 2.625, 2.75, 3, 3.5]) {
    for (const [height, width] of [[8, 8], [11, 11], [20, 20], [28, 28], [32, 32], [64, 64], [128, 96]]) {
      const shape = imageShape([1, height, width]);
      for (const room of [260, 314, 346, 700, 1064]) {
        const row = fitRow(shape, counts, { width: room }, ratio);
        const where = `${height} × ${width} in ${room} at ${ratio}: ${row.columns} of ${row.cellWidth}`;
        const tile = Math.min(row.cellWidth, row.cellHeight), pixel = row.cellWidth / width;
        assert.ok(tile >= 24 - 0.5 / ratio, where);
        assert.ok(Math.abs(row.cellHeight - pixel * height) <= 0.5 / ratio + 1e-9, `square pixels: ${where}`);
        assert.ok(row.width <= room + 0.5 / ratio && counts.includes(row.columns), where);
        if (row.scale >= 1) assert.ok(Number.isInteger(row.scale), `crisp: ${where}`);
        const next = counts[counts.indexOf(row.columns) - 1];
        if (next && row.columns < 5) assert.ok(next * 24 > room || row.scale >= 1, `more would fit: ${where}`);
      }
    }
  }
  assert.equal(fitRow(imageShape([1, 28, 28]), counts, { width: 1064 }, 1).columns, 25, "a laptop shows them all");
  assert.equal(fitRow(imageShape([1, 28, 28]), counts, { width: 314 }, 3).columns, 9, "a phone shows every third");
});
