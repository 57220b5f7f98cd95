const SORTED = { ascending: "\u00a0▲", descending: "\u00a0▼", "": "" }; // never in a line of its own
const BETTER = { lower: "↓", higher: "↑", "": "" };

export default function ({ data, parentElement, setTriggerValue }) {
  const view = getOrCreate(parentElement, () => start(parentElement));
  view.accept(data, setTriggerValue);
  return cleanup(parentElement, view.stop);
}

function start(root) {
  const frame = root.querySelector(".comparison-table"), table = frame.querySelector("table");
  const about = frame.querySelector(".about");
  let last = null, send = null, sought = null;

  function accept(data, setTriggerValue) {
    send = (key) => queueMessage(() => setTriggerValue("sort", key));
    const text = JSON.stringify(data); // while runs are measured, the same table comes again and again
    if (text === last) return;
    last = text;
    hide();
    table.replaceChildren(
      createElement("thead", {}, createElement("tr", {}, ...data.headings.map(heading))),
      createElement("tbody", {}, ...data.rows.map((row) => line(row, data.headings))));
    if (sought) table.querySelector(`[data-key="${CSS.escape(sought)}"]`)?.focus({ preventScroll: true });
    sought = null;
    hide(); // that of the heading which was just chosen
  }

  function heading({ key, name, unit, better, about, sorted }) {
    const mark = createElement("span", { text: SORTED[sorted], "aria-hidden": "true" });
    const title = createElement("b", { text: name });
    const button = createElement("button", { type: "button", "data-key": key }, title, mark);
    button.addEventListener("click", () => {
      sought = key; // the focus stays on it when the table is drawn anew
      send(key);
    });
    explain(button, about);
    const cell = createElement("th", { scope: "col", "aria-sort": sorted || "none" }, button);
    const below = [unit, BETTER[better]].filter(Boolean).join(" ");
    if (below) cell.append(createElement("small", { text: below }));
    return cell;
  }

  function line({ name, about, cells, reference }, headings) {
    const first = createElement("th", { scope: "row" }, createElement("span", { text: name }));
    explain(first, about);
    return createElement("tr", { class: reference ? "reference" : undefined }, first,
      ...cells.map(([text, spread, about, best], k) => {
        const said = [`${headings[k + 1].name}: ${text}`, spread && `± ${spread}`, best && "best", about];
        const label = said.filter(Boolean).join(", ");
        const cell = createElement("td", { class: best ? "best" : undefined, "aria-label": label },
          createElement("span", { text }));
        if (spread) cell.append(createElement("small", { text: `± ${spread}` }));
        explain(cell, about);
        return cell;
      }));
  }

  // The explanation of a cell comes with the pointer, the focus or a tap, and lies beside it.
  function explain(node, text) {
    if (!text) return;
    node.addEventListener("pointerenter", () => show(node, text));
    node.addEventListener("pointerleave", hide);
    node.addEventListener("focus", () => show(node, text));
    node.addEventListener("blur", hide);
    node.addEventListener("click", () => show(node, text));
  }

  function show(node, text) {
    about.textContent = text;
    about.hidden = false;
    const box = node.getBoundingClientRect(), outer = frame.getBoundingClientRect();
    const middle = box.left + box.width / 2 - about.offsetWidth / 2;
    const left = clamp(middle, outer.left, Math.max(outer.left, outer.right - about.offsetWidth));
    about.style.left = `${left - outer.left}px`;
    about.style.top = `${box.bottom + 4 - outer.top}px`;
  }

  function hide() {
    about.hidden = true;
  }

  const scroll = frame.querySelector(".scroll");
  scroll.addEventListener("scroll", hide, { passive: true });

  function stop() {
    removeView(root);
  }
  return { accept, stop };
}
