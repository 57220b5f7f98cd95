// The classes below a map: a click shows one alone, or with others; many can be searched. Returns what draws it anew.

const FEW = 12, SHOWN = 40; // classes that need no search; entries at once

function legendOf(root, on) {
  const legend = root.querySelector(".legend"), search = root.querySelector(".search"), all = root.querySelector(".all");

  function entry(name, label) {
    const facts = on.facts(), only = on.only(), swatch = make("i", { text: on.lettered() ? letterOf(facts, label) : "" });
    swatch.style[on.lettered() ? "color" : "background"] = colourOf(facts, label);
    const button = make("button", { type: "button", "data-label": label, "aria-pressed": String(only.has(label)),
      title: "Show this class alone, or with others you click" }, swatch, document.createTextNode(name));
    button.addEventListener("click", () => {
      only.has(label) ? only.delete(label) : only.add(label);
      draw();
      legend.querySelector(`[data-label="${label}"]`)?.focus();
      on.changed();
    });
    return button;
  }

  function draw() {
    const { classes } = on.facts(), names = classes.length > 1 ? classes : [], sought = search.value.trim().toLowerCase();
    search.hidden = names.length <= FEW;
    const found = names.map((name, label) => [name, label]).filter(([name]) => !sought || name.toLowerCase().includes(sought));
    legend.replaceChildren(...found.slice(0, SHOWN).map(([name, label]) => entry(name, label)));
    all.disabled = !on.only().size;
  }

  all.addEventListener("click", on.take);
  search.addEventListener("input", draw);
  search.addEventListener("keydown", (event) => { if (event.key === "Enter") legend.firstChild?.click(); });
  return draw;
}
