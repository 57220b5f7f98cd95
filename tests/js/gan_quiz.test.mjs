import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { fitImage, imageShape, LARGE, MEDIUM, SMALL } = load(
  ["fitImage", "imageShape", "LARGE", "MEDIUM", "SMALL"], ["gan/gan_quiz"]);

test("images of the usual sizes fill most of their place in the quiz, at a whole-number scale", () => {
  for (const side of [28, 32, 64]) {
    for (const place of [LARGE.narrow, LARGE.wide, MEDIUM, SMALL]) {
      const { width } = fitImage(imageShape([3, side, side]), place);
      assert.ok(width <= place && width >= 0.75 * place && width % side === 0, `${side} in ${place}: ${width}`);
    }
  }
});
