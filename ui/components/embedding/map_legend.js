// The classes below a map: a click shows one class alone, or with others; many classes can be searched.

const FEW = 12; // classes that need no search
const ENTRIES = 40; // shown at once

// Returns the function that draws the legend anew.
function createMapLegend(root, on) {
  const legend = root.querySelector(".legend"), search = root.querySelector(".search");
  const all = root.querySelector(".all");

  function entry(name, label) {
    const props = on.props(), only = on.only(), lettered = on.lettered();
    const swatch = createElement("i", { text: lettered ? letterOf(props, label) : "" });
    swatch.style[lettered ? "color" : "background"] = colourOf(props, label);
    const attributes = { type: "button", "data-label": label, "aria-pressed": String(only.has(label)),
      title: "Show this class alone, or with others you click" };
    const button = createElement("button", attributes, swatch, document.createTextNode(name));
    button.addEventListener("click", () => {
      if (!only.delete(label)) only.add(label);
      draw();
      legend.querySelector(`[data-label="${label}"]`)?.focus();
      on.changed();
    });
    return button;
  }

  function draw() {
    const { classes } = on.props(), names = classes.length > 1 ? classes : [];
    search.hidden = names.length <= FEW;
    const found = matchingClasses(names, search.value).slice(0, ENTRIES);
    legend.replaceChildren(...found.map(([name, label]) => entry(name, label)));
    all.disabled = !on.only().size;
  }

  all.addEventListener("click", on.selectShown);
  search.addEventListener("input", draw);
  search.addEventListener("keydown", (event) => { if (event.key === "Enter") legend.firstChild?.click(); });
  return draw;
}
