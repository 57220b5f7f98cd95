import assert from "node:assert/strict";
import { test } from "node:test";
import { load, plain } from "./load.mjs";

const { endInSight } = load(["endInSight"], ["shared/axes", "shared/plot", "charts/curves"]);

test("a curve's text stands at the last of its points in sight", () => {
  const curve = { x: [0, 1, 2, 5], y: [9, 8, 7, 4] };
  assert.deepEqual(plain(endInSight(curve, [0, 10])), [5, 4]);
  assert.deepEqual(plain(endInSight(curve, [0.5, 3])), [2, 7], "zoomed in");
  assert.equal(endInSight(curve, [6, 9]), null, "the curve ended before");
  assert.equal(endInSight(curve, [3, 4]), null, "no point of it in between");
});
