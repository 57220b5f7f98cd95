const LAYERS = [["cloud", "Training images", "A point for each training image, where the model puts it"],
  ["circles", "Circles of the prior", "1, 2 and 3 σ of N(0, I)"], ["marks", "Samples", "Where the samples below lie"]];

export default function ({ data, parentElement }) {
  const changed = () => publish("planes:layers");
  parentElement.querySelector(".switches").replaceChildren(...LAYERS.map(([name, text, title]) => {
    const input = make("input", { type: "checkbox" });
    input.checked = shelf.planes.layers[name];
    input.addEventListener("change", () => { shelf.planes.layers[name] = input.checked; changed(); });
    return make("label", { title }, input, document.createTextNode(text));
  }));
  parentElement.querySelector(".sets").replaceChildren(...data.sets.map(({ dataset, title, classes }) => {
    const legend = make("div", { class: "legend", role: "group", "aria-label": title ? `Classes of ${title}` : "Classes" });
    classKey(legend, classes, data.colours, hiddenOf(dataset), changed);
    if (title) legend.prepend(make("span", { text: title }));
    return legend;
  }));
}
