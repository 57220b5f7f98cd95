// Buttons that show or hide a class each, in its colour, with its letter if `letters`. `hidden`: the hidden classes.
function classLegend(box, classes, colours, hidden, changed, letters = false) {
  box.replaceChildren(...classes.map((name, label) => {
    const swatch = createElement("i", { text: letters ? classLetter(classes, label) : "" });
    swatch.style[letters ? "color" : "background"] = colours[label % colours.length] ?? "#999";
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
