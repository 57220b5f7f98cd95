// The order of tab stops inside an element, shadow trees included, and where keys of the page must not act. Plain
// functions of nodes.

const CAN_TAKE_FOCUS = "a[href], button, input, select, textarea, summary, [tabindex], [contenteditable=true]";

const isShown = (node) => (node.checkVisibility ? node.checkVisibility() : true);

// A radio button that is not chosen is no stop where another one of its group is.
function isPassedOver(node, all) {
  if (node.type !== "radio" || node.checked || !node.name) return false;
  return all.some((other) => other.type === "radio" && other.name === node.name && other.checked);
}

// Everything that Tab stops at below `root`, in the order of the document.
function tabStops(root) {
  const found = [];
  const visit = (node) => {
    for (const child of node.children ?? []) {
      if (child.matches(CAN_TAKE_FOCUS) && !child.disabled && child.tabIndex >= 0 && isShown(child)) found.push(child);
      if (child.shadowRoot) visit(child.shadowRoot);
      visit(child);
    }
  };
  visit(root);
  return found.filter((node) => !isPassedOver(node, found));
}

// Of each group of choices, which Tab enters and leaves as one, a single stop: the one that has the focus, else the
// chosen one, else the first. `groupOf`: the group of a stop; null for others.
function oneOfEachGroup(stops, current, groupOf, isChosen) {
  const rank = (node) => (node === current ? 2 : Number(isChosen(node))), kept = new Map();
  for (const node of stops) {
    const group = groupOf(node) ?? node;
    if (!kept.has(group) || rank(node) > rank(kept.get(group))) kept.set(group, node);
  }
  return stops.filter((node) => kept.get(groupOf(node) ?? node) === node);
}

// The same order with each explanation after the control that it explains: Streamlit puts the question mark into the
// label, before the control. `boxOf`: the box of a control that a question mark belongs to; undefined for other stops.
function explanationsLast(stops, boxOf) {
  const ordered = stops.filter((node) => boxOf(node) === undefined);
  for (const node of stops) {
    const box = boxOf(node);
    if (box === undefined) continue;
    const own = ordered.findLastIndex((other) => box.contains(other));
    const before = ordered.findLastIndex((other) => stops.indexOf(other) < stops.indexOf(node));
    ordered.splice(Math.max(own, before) + 1, 0, node);
  }
  return ordered;
}

// Where Tab leads in that order from `current`, if that is not where the browser goes; else undefined.
function otherStop(stops, ordered, current, backwards) {
  const step = backwards ? -1 : 1, next = (all) => all[all.indexOf(current) + step];
  if (!stops.includes(current) || next(stops) === next(ordered)) return undefined;
  return next(ordered);
}

// Whether nothing has the focus, as after its element was drawn anew.
const isLost = (focused) => !focused || focused === document.body;

// Where Tab leads so that it goes round in `box`; undefined where the browser's own step stays inside. An empty box,
// whose content is still to come, keeps the focus, and a focus that was lost with its element comes back.
function wrapTab(box, stops, current, backwards) {
  if (!stops.length) return box;
  const end = backwards ? stops.at(-1) : stops[0], edge = backwards ? stops[0] : stops.at(-1);
  if (current === box) return backwards ? end : undefined; // forwards its first stop comes next anyway
  return isLost(current) || current === edge ? end : undefined;
}

// The element with the focus, looked for in shadow trees as well.
function deepFocus(tree) {
  let node = tree.activeElement;
  while (node?.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
  return node;
}

// What takes the keys itself while it has the focus: keys of the page do nothing then.
const TYPED_INTO = "input:not([type=range], [type=checkbox], [type=radio], [type=button]), textarea, select, "
  + "[contenteditable=true], [role=combobox]";

// Whether a box lies over the page.
const isCovered = () => Boolean(document.querySelector("[role=dialog], [data-testid=stPopoverBody], dialog[open]"));
