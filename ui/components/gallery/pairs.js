export default function ({ data, parentElement, setTriggerValue }) {
  const group = parentElement.querySelector(".pairs"), tiles = bytes(data.tiles), n = data.notes.length;
  const held = [...group.children].indexOf(parentElement.activeElement ?? group.getRootNode().activeElement);
  group.setAttribute("aria-label", data.name);
  group.replaceChildren(...data.notes.map(([what, score, flagged], k) => {
    const two = make("div", { class: "two" }, ...[k, n + k].map((place) => {
      const canvas = make("canvas", { "aria-hidden": "true" });
      paint(canvas, tiles.subarray(place * TILE * TILE, (place + 1) * TILE * TILE));
      return canvas;
    }));
    const words = make("div", { class: "words" }, make("span", { text: what }), make("b", { class: "number", text: score }));
    const label = `${what}, score ${score}${flagged ? ", flagged" : ""}`;
    const button = make("button", { type: "button", class: flagged ? "flagged" : "", title: label, "aria-label": label, "aria-pressed": String(k === data.chosen) }, two, words);
    button.addEventListener("click", () => post(() => setTriggerValue("pick", k)));
    return button;
  }));
  group.children[held]?.focus(); // a click draws the group anew: the keyboard stays where it was
}
