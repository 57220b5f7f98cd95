import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { paintSigned } = load(["paintSigned"], ["shared/axes", "gan/gan_steps"]);

function painted(values, channels) {
  const pixels = new Uint8ClampedArray((4 * values.length) / channels);
  paintSigned(pixels, Int8Array.from(values), channels, [1, 2, 3], [4, 5, 6]);
  return [...pixels];
}

test("the colour of a grey image's change is its sign, the opacity its size", () => {
  assert.deepEqual(painted([127, -60, 0], 1), [1, 2, 3, 254, 4, 5, 6, 120, 4, 5, 6, 0]);
});

test("a change of the hue alone, whose channels cancel out, shows in a colour image", () => {
  assert.deepEqual(painted([100, -50, -50, 0, 0, 0], 3), [228, 78, 78, 255, 128, 128, 128, 255]);
  assert.deepEqual(painted([127, -127, 1], 3), [255, 1, 129, 255]);
});
