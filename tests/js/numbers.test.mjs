import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const names = ["formatNumber", "formatSigned", "formatSignificant", "evenDigits", "formatCount", "formatTick",
  "formatTicks", "clamp", "sameVector"];
const { formatNumber, formatSigned, formatSignificant, evenDigits, formatCount, formatTick, formatTicks, clamp,
  sameVector } = load(names);

test("numbers keep about three digits and a typographic minus", () => {
  assert.deepEqual([0.1234, 12.34, 123.4, -0.5, NaN, Infinity].map(formatNumber),
    ["0.12", "12.3", "123", "−0.50", "–", "–"]);
  assert.deepEqual([1.005, -0.25, 0, -0.004].map(formatSigned), ["+1.00", "−0.25", "+0.00", "+0.00"]);
  assert.deepEqual([-0.004, -0, -0.006].map(formatNumber), ["0.00", "0.00", "−0.01"]);
  assert.deepEqual([0.008, 0.0114, 0.4, 12, 0].map((v) => evenDigits(v)), ["0.0080", "0.011", "0.40", "12", "0"]);
  assert.deepEqual([12345.6, -0.0123456, 7].map((v) => formatSignificant(v)), ["12,300", "−0.0123", "7"]);
  assert.equal(formatCount(60000), "60,000");
});

test("ticks have no more digits than they need", () => {
  assert.deepEqual([0, 0.5, 0.30000000000000004, 1500, -20, 2e6, 5e-7].map((value) => formatTick(value)),
    ["0", "0.5", "0.3", "1500", "−20", "2e+6", "5e-7"]);
  assert.deepEqual(formatTicks([548.05, 548.1, 548.15]), ["548.05", "548.1", "548.15"], "enough to tell them apart");
  assert.deepEqual(formatTicks([0, 0.30000000000000004]), ["0", "0.3"]);
});

test("vectors are compared in the precision in which they travel", () => {
  assert.ok(sameVector([0.1, 0.2], [0.10009, 0.2]));
  assert.ok(!sameVector([0.1, 0.2], [0.1003, 0.2]) && !sameVector([1], [1, 2]));
  assert.ok(sameVector([0.1, 9], [0.1, 0], 1), "one place may differ");
  assert.deepEqual([clamp(5, 0, 3), clamp(-1, 0, 3), clamp(2, 0, 3)], [3, 0, 2]);
});
