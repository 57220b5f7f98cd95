// The classes below a map, and the scale of a number that it is coloured by: a click shows one class alone, or with
// others; many classes can be searched.

const FEW = 12; // classes that need no search
const ENTRIES = 40; // shown at once

// Returns the function that draws the legend anew.
function createMapLegend(root, on) {
  const legend = root.querySelector(".legend"), search = root.querySelector(".search");
  const all = root.querySelector(".all"), scale = root.querySelector(".scale");

  function entry(name, label) {
    const props = on.props(), only = on.only(), lettered = on.lettered();
    const swatch = createElement("i", { text: lettered ? letterOf(props, label) : "" });
    const colour = props.values ? "#e6e4df" : colourOf(props, label);
    swatch.style[lettered ? "color" : "background"] = colour;
    swatch.hidden = Boolean(props.values) && !lettered;
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

  // From the lowest to the highest colour, with the values at its ends.
  function drawScale() {
    const { values } = on.props();
    scale.hidden = !values;
    if (!values) return;
    const strip = scale.querySelector("i");
    strip.style.background = `linear-gradient(90deg, ${SCALE.join()})`;
    const [low, high] = scale.querySelectorAll("span");
    low.textContent = formatSignificant(values.low);
    high.textContent = formatSignificant(values.high);
    scale.querySelector("b").textContent = values.unit ? `${values.name} (${values.unit})` : values.name;
  }

  function draw() {
    drawScale();
    const { classes } = on.props(), names = classes.length > 1 ? classes : [];
    search.hidden = names.length <= FEW;
    const found = matchingClasses(names, search.value).slice(0, ENTRIES);
    legend.replaceChildren(...found.map(([name, label]) => entry(name, label)));
    all.hidden = !on.only().size;
  }

  all.addEventListener("click", on.selectShown);
  search.addEventListener("input", draw);
  search.addEventListener("keydown", (event) => { if (event.key === "Enter") legend.firstChild?.click(); });
  return draw;
}
