const MODES = [
  ["density", "Density", "How densely each class lies: z drawn from q(z | x). A contour holds 80 % of its class"],
  ["dots", "Dots", "A dot for each image at its μ"],
  ["letters", "Letters", "The class of each image, at its μ"],
  ["pictures", "Pictures", "The decoded pictures alone"],
];
const LAYERS = [
  ["circles", "Circles of the prior", "They hold 50, 90 and 99 % of N(0, I)"],
  ["regions", "Decision regions", "The class that a classifier sees in the picture decoded at each place"],
  ["samples", "Samples", "A ring for each of the samples below"],
];

export default function ({ data, parentElement }) {
  const group = parentElement.querySelector(".modes"), { planes } = store;
  readLayers();
  const changed = () => { writeLayers(); publish("planes:layers"); };
  const modes = MODES.map(([name, text, title]) => {
    const pressed = String(planes.mode === name);
    const button = createElement("button", { type: "button", title, text, "aria-pressed": pressed });
    button.addEventListener("click", () => {
      planes.mode = name;
      modes.forEach((other, k) => other.setAttribute("aria-pressed", String(MODES[k][0] === name)));
      changed();
    });
    return button;
  });
  group.replaceChildren(...modes);
  parentElement.querySelector(".switches").replaceChildren(...LAYERS.map(([name, text, title]) => {
    const input = createElement("input", { type: "checkbox", name });
    input.checked = planes.layers[name];
    input.addEventListener("change", () => {
      planes.layers[name] = input.checked;
      changed();
    });
    return createElement("label", { title }, input, document.createTextNode(text));
  }));
}
