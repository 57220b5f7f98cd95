// The order of tab stops inside an element, shadow trees included. Plain functions of nodes.

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

// Where Tab leads from `current` if it would leave the list, so that it goes round; undefined where it stays inside.
function wrapTab(stops, current, backwards) {
  if (!stops.length) return undefined;
  const at = stops.indexOf(current), edge = backwards ? 0 : stops.length - 1;
  if (at >= 0 && at !== edge) return undefined;
  if (at < 0 && !backwards) return undefined; // on the element itself: the first stop comes next anyway
  return backwards ? stops.at(-1) : stops[0];
}

// The element with the focus, looked for in shadow trees as well.
function deepFocus(tree) {
  let node = tree.activeElement;
  while (node?.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
  return node;
}
