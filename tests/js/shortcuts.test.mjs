import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { COMPONENTS, load } from "./load.mjs";

const { areaInView, largestInView, pictureName, SHORTCUTS } = load(
  ["areaInView", "largestInView", "pictureName", "SHORTCUTS"], ["shared/focus", "page/keyboard"],
  { window: { devicePixelRatio: 1, innerWidth: 1000, innerHeight: 500 }, URLSearchParams });

const box = (left, top, width, height) => ({ left, top, right: left + width, bottom: top + height });
const node = (name, ...place) => ({ name, getBoundingClientRect: () => box(...place) });

test("of a rectangle only what lies in the window counts", () => {
  assert.equal(areaInView(box(10, 10, 20, 30), 1000, 500), 600);
  assert.equal(areaInView(box(-10, 490, 20, 30), 1000, 500), 100);
  assert.equal(areaInView(box(0, 500, 20, 30), 1000, 500), 0);
});

test("the part that is largest in view is meant, not the largest of the page", () => {
  const large = node("large", 0, 480, 900, 900), small = node("small", 0, 0, 200, 200);
  assert.equal(largestInView([large, small]).name, "small");
  assert.equal(largestInView([node("below", 0, 900, 900, 900)]), undefined);
});

test("a saved picture is named after its page and its run", () => {
  assert.equal(pictureName({ pathname: "/generate", search: "?run=my run/1" }), "latent-lab-generate-my-run-1.png");
  assert.equal(pictureName({ pathname: "/", search: "" }), "latent-lab-home.png");
});

const KEYS = {
  "←": /arrowStep\(event|\bArrowLeft\b|"Arrow"/, Enter: /\bEnter\b/, Home: /\bHome\b/, End: /\bEnd\b/, "+": /"\+":/,
  "0": /\b0: /, Ctrl: /event\.ctrlKey[^]*"z"/,
};

test("the list names every key that a part of a page listens to, and none that no part does", () => {
  const files = readdirSync(COMPONENTS, { recursive: true }).map((file) => file.replaceAll("\\", "/"));
  const handlers = files.filter((file) => file.endsWith(".js") && !file.startsWith("page/"))
    .map((file) => [file.replace(".js", ""), readFileSync(join(COMPONENTS, file), "utf8")])
    .filter(([, text]) => text.includes('("keydown"'));
  const listed = Array.from(SHORTCUTS).flatMap((one) => Array.from(one.of ?? []));
  assert.deepEqual([...new Set(listed)].sort(), handlers.map(([file]) => file).sort());
  for (const [file, text] of handlers) {
    const entries = Array.from(SHORTCUTS).filter((one) => one.of?.includes(file));
    const told = entries.map(({ keys, does }) => `${keys} ${does}`).join(" ");
    const begin = text.indexOf('("keydown"'), code = text.slice(text.lastIndexOf("\n", begin));
    for (const [name, pattern] of Object.entries(KEYS)) {
      if (pattern.test(file === "gan/gan_quiz" ? text : code)) assert.ok(told.includes(name), `${name} of ${file}`);
    }
  }
});

test("no two keys for the whole page are the same", () => {
  const keys = SHORTCUTS.filter((one) => one.run).map((one) => one.keys);
  assert.equal(new Set(keys).size, keys.length);
});
