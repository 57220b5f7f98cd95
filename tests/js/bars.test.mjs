import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { everyNth } = load(["everyNth"], ["shared/axes", "shared/plot", "charts/chart", "charts/bars"]);

test("the names of two bars never overlap, and as many stand there as 1, 2 or 5 in ten allow", () => {
  for (const widest of [12, 16, 24, 31, 60]) {
    for (const step of [1.1, 2.5, 4.3, 8, 16, 20, 40, 72]) {
      const every = everyNth(widest, step);
      assert.ok(every * step >= widest + 8 - 1e-3, `${widest} in ${every} · ${step}`);
      const fewer = { 1: 0, 2: 1, 5: 2, 10: 5, 20: 10, 50: 20, 100: 50 }[every];
      assert.ok(fewer * step < widest + 8, `${fewer} would do`);
    }
  }
});
