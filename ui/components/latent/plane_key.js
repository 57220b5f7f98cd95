const LAYERS = [
  ["cloud", "Training images", "A point for each training image, where the model encodes it"],
  ["letters", "Letters", "A letter or digit for each class, for eyes that cannot tell its colour"],
  ["circles", "Circles of the prior", "1, 2 and 3 σ of N(0, I)"],
  ["marks", "Samples", "Where the samples below lie"],
];

export default function ({ data, parentElement }) {
  const changed = () => publish("planes:layers"), { layers } = store.planes;

  function showLegends() {
    parentElement.querySelector(".sets").replaceChildren(...data.sets.map(({ dataset, title, classes }) => {
      const label = title ? `Classes of ${title}` : "Classes";
      const legend = createElement("div", { class: "legend", role: "group", "aria-label": label });
      classLegend(legend, classes, data.colours, hiddenClasses(dataset), changed, layers.letters);
      if (title) legend.prepend(createElement("span", { text: title }));
      return legend;
    }));
  }

  parentElement.querySelector(".switches").replaceChildren(...LAYERS.map(([name, text, title]) => {
    const input = createElement("input", { type: "checkbox" });
    input.checked = layers[name];
    input.addEventListener("change", () => {
      layers[name] = input.checked;
      if (name === "letters") showLegends();
      changed();
    });
    return createElement("label", { title }, input, document.createTextNode(text));
  }));
  showLegends();
}
