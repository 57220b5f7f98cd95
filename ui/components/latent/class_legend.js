// Buttons that show or hide a class each, in its colour. `hidden` is the set of hidden classes.
function classLegend(box, classes, colours, hidden, changed) {
  box.replaceChildren(...classes.map((name, label) => {
    const swatch = createElement("i");
    swatch.style.background = colours[label % colours.length] ?? "#999";
    const attributes = { type: "button", "aria-pressed": String(!hidden.has(label)), title: "Show or hide this class" };
    const button = createElement("button", attributes, swatch, document.createTextNode(name));
    button.addEventListener("click", () => {
      if (!hidden.delete(label)) hidden.add(label);
      button.setAttribute("aria-pressed", String(!hidden.has(label)));
      changed();
    });
    return button;
  }));
}
