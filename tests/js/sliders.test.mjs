import assert from "node:assert/strict";
import { test } from "node:test";
import { load, plain } from "./load.mjs";

const { slidersOf, sliderValue, sliderMoved, movedAlone } = load(
  ["slidersOf", "sliderValue", "sliderMoved", "movedAlone"], ["shared/sigma_range", "latent/sliders"]);

const text = (numbers) => Buffer.from(Float32Array.from(numbers).buffer).toString("base64");

// Two perpendicular directions of three dimensions, the first with a step of 2, and 0 at another place than the centre.
const directions = {
  vectors: text([1.2, 1.6, 0, -0.8, 0.6, 0]), dual: text([0.3, 0.4, 0, -0.8, 0.6, 0]), offset: [0.5, 0],
};
const [first, second] = slidersOf({ order: [0, 1], directions });

const near = (a, b) => assert.ok(Math.abs(a - b) < 2e-4, `${a} ${b}`);

test("the slider of a dimension is its coordinate, and moving it moves nothing else", () => {
  const [slider] = slidersOf({ order: [2, 0, 1], directions: null });
  assert.equal(sliderValue(slider, [1, 2, 3]), 3);
  assert.deepEqual(plain(sliderMoved(slider, [1, 2, 3], -1)), [1, 2, -1]);
  assert.ok(movedAlone(slider, [1, 2, 9], [1, 2, 3]) && !movedAlone(slider, [1, 2.1, 9], [1, 2, 3]));
});

test("a direction's value is its projection, and a moved one has the value asked for", () => {
  near(sliderValue(first, [1, 1, 5]), 0.3 + 0.4 - 0.5);
  const moved = sliderMoved(first, [1, 1, 5], 2);
  near(sliderValue(first, moved), 2);
  near(sliderValue(second, moved), sliderValue(second, [1, 1, 5]));
  assert.equal(moved[2], 5, "what is perpendicular to it stays");
});

test("a position moved along a direction is known from one moved elsewhere", () => {
  const base = [0.25, -1, 2], along = sliderMoved(first, base, -1.7).map((x) => Math.round(x * 1e4) / 1e4);
  assert.ok(movedAlone(first, along, base) && !movedAlone(second, along, base));
  assert.ok(!movedAlone(first, [...along.slice(0, 2), along[2] + 0.01], base));
});

test("no coordinate leaves the range that the server allows", () => {
  assert.ok(sliderMoved(first, [99, 99, 0], 90).every((x) => Math.abs(x) <= 100));
});
