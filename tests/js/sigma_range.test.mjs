import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { sliderStep, sliderReach, isBeyond, sliderPart, typedNumber } = load(
  ["sliderStep", "sliderReach", "isBeyond", "sliderPart", "typedNumber"], ["shared/sigma_range"]);

test("a slider holds every value: it reaches as far as its range, or to a value beyond", () => {
  for (const span of [3, 4.5, 26]) {
    for (const value of [0, 2.9, -3, 3.01, -7.2, 23.5, -99.9, 100]) {
      const reach = sliderReach(value, span);
      assert.ok(reach >= Math.abs(value) && reach >= span);
      assert.equal(isBeyond(value, span), Math.abs(value) > span, `${value} in ±${span}`);
      assert.equal(sliderReach(value, span) > span, isBeyond(value, span));
      const part = sliderPart(value, reach);
      assert.ok(part >= 0 && part <= 1 && Math.abs(part * 2 * reach - reach - value) < 1e-9, "where the value is");
    }
  }
  assert.equal(sliderPart(0, 7), 0.5, "the fill begins in the middle");
});

test("about sixty steps lead from the centre to either end, of a round length", () => {
  assert.equal(sliderStep(3), 0.05);
  for (const span of [3, 3.5, 4.5, 10, 26, 100]) {
    const step = sliderStep(span), count = span / step;
    assert.ok(count > 40 && count < 90, `${span}: ${step}`);
    assert.equal(String(step).replace(/[0.]/g, "").length, 1, "one digit");
  }
});

test("a typed number may have either minus, either decimal sign and a unit; anything else is none", () => {
  const read = [["1.5", 1.5], ["−2,25", -2.25], ["-.5", -0.5], [" +3 σ ", 3], ["400", 100], ["-1e3", null], ["", null],
    ["abc", null], ["1.2.3", null], ["--1", null]];
  for (const [text, number] of read) assert.equal(typedNumber(text), number, text);
});
