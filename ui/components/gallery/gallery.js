export default function ({ data, parentElement, setTriggerValue }) {
  const group = parentElement.querySelector(".gallery");
  const tiles = bytes(data.tiles);
  group.setAttribute("aria-label", data.name);
  group.replaceChildren(...data.labels.map((text, k) => {
    const canvas = make("canvas");
    paint(canvas, tiles.subarray(k * TILE * TILE, (k + 1) * TILE * TILE));
    canvas.style.width = canvas.style.height = `${crisp(TILE, 56, 2)}px`;
    const button = make("button", { type: "button", title: text, "aria-label": text }, canvas);
    button.addEventListener("click", () => post(() => setTriggerValue("pick", k)));
    return button;
  }));
}
