export default function ({ data, parentElement }) {
  const view = getOrCreate(parentElement, () => start(parentElement));
  view.accept(data);
  return cleanup(parentElement, view.stop);
}

function start(root) {
  const table = root.querySelector("table"), view = { accept, stop };
  let props = null, rows = [];

  function accept(data) {
    const text = JSON.stringify(data); // while models are measured, the same table comes again and again
    if (text === props) return;
    props = text;
    const heading = ([name, meaning]) => createElement("th", { scope: "col" },
      createElement("b", { text: name }), createElement("span", { text: meaning }));
    rows = data.rows.map(([slot, name, cells]) => {
      const button = createElement("button", { type: "button", text: name, title: "Enlarge this plane" });
      button.addEventListener("click", () => enlarge(slot));
      return createElement("tr", { "data-slot": slot }, createElement("th", { scope: "row" }, button),
        ...cells.map((text) => createElement("td", { text })));
    });
    const [name, cells] = data.reference;
    const last = createElement("tr", { class: "reference" }, createElement("th", { scope: "row", text: name }),
      ...cells.map((text) => createElement("td", { text })));
    table.replaceChildren(createElement("thead", {}, createElement("tr", {}, ...data.headings.map(heading))),
      createElement("tbody", {}, ...rows, last));
    for (const [slot] of data.rows) store.planes.regions.delete(slot); // those of weights before
    for (const [slot, { sure, ...rest }] of Object.entries(data.regions)) {
      store.planes.regions.set(slot, { ...rest, sure: decodeBase64(sure) });
    }
    mark();
    publish("planes:layers");
  }

  function mark() {
    for (const row of rows) row.setAttribute("aria-current", String(row.dataset.slot === store.planes.large));
  }
  const unsubscribe = subscribe("planes:large", mark);

  function stop() {
    unsubscribe();
    removeView(root);
  }
  return view;
}
