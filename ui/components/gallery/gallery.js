const MOST = 2; // CSS pixels along one image pixel

export default function ({ data, parentElement, setTriggerValue }) {
  const group = parentElement.querySelector(".gallery");
  const tiles = decodeBase64(data.tiles), shape = imageShape(data.shape);
  group.setAttribute("aria-label", data.name);
  group.replaceChildren(...data.labels.map((text, k) => {
    const canvas = createElement("canvas");
    paintImage(canvas, imageAt(tiles, shape, k), shape);
    setSize(fitGrid(shape, { width: SMALL_IMAGE, height: SMALL_IMAGE, most: MOST }), canvas);
    const button = createElement("button", { type: "button", title: text, "aria-label": text }, canvas);
    button.addEventListener("click", () => queueMessage(() => setTriggerValue("pick", k)));
    return button;
  }));
}
