export default function ({ data, parentElement, setTriggerValue }) {
  const group = parentElement.querySelector(".pairs"), tiles = decodeBase64(data.tiles), shape = imageShape(data.shape);
  const count = data.notes.length;
  const focused = [...group.children].indexOf(parentElement.activeElement ?? group.getRootNode().activeElement);
  group.setAttribute("aria-label", data.name);
  group.style.setProperty("--pair", `${Math.max(126, 2 * fitImage(shape, SMALL_IMAGE).width + 16)}px`);
  group.replaceChildren(...data.notes.map(([what, score, flagged], k) => {
    const images = createElement("div", { class: "two" }, ...[k, count + k].map((place) => {
      const canvas = createElement("canvas", { "aria-hidden": "true" });
      paintImage(canvas, imageAt(tiles, shape, place), shape);
      setSize(fitImage(shape, SMALL_IMAGE), canvas);
      return canvas;
    }));
    const text = createElement("div", { class: "words" }, createElement("span", { text: what }),
      createElement("b", { class: "number", text: score }));
    const label = `${what}, score ${score}${flagged ? ", flagged" : ""}`;
    const button = createElement("button", { type: "button", class: flagged ? "flagged" : "", title: label,
      "aria-label": label, "aria-pressed": String(k === data.chosen) }, images, text);
    button.addEventListener("click", () => queueMessage(() => setTriggerValue("pick", k)));
    return button;
  }));
  group.children[focused]?.focus(); // a click draws the group anew: the keyboard focus stays where it was
}
