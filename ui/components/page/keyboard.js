// What a keyboard needs on every page and Streamlit does not do. Nothing is sent.
//
// - A popover that is opened from its button takes the focus, Tab goes round in it, and when it closes the focus goes
//   back to the button.
// - Tab comes to a control before its explanation, which Streamlit puts first (not inside a popover).
// - An explanation that Tab has opened never lies over a message, such as what is wrong with the field before.
// - Space ticks the row of a table, as everywhere; the table's own key is Shift + Space.
// - Keys for the whole page: Space plays and pauses, S saves the picture in view, ? lists all keys of the page. None of
//   them acts while a text field has the focus or a box lies over the page.
// - The page knows whether keys or a pointer were used last: rings show where the keyboard is, not where one clicked.

const BODY = "[data-testid=stPopoverBody]", OPENER = "[data-testid=stPopoverButton]";
const TABLE = "[data-testid=stDataFrame]";
const QUESTION_MARK = "[data-testid=stTooltipIcon]"; // beside a label
const MOVED_ON = 24; // CSS pixels
const EXPLANATION = "[data-testid=stTooltipContent]", MESSAGE = "[data-testid=stAlert]";
const BELOW = 8; // CSS pixels between a question mark and its explanation

export default function () {
  if (store.keyboard) return; // its listeners belong to the browser page and outlive the component
  store.keyboard = true;
  watchModality();
  watchPopovers();
  watchTab();
  watchExplanations();
  watchTables();
  watchShortcuts();
}

function watchModality() {
  const used = (by) => () => { document.documentElement.dataset.used = by; };
  addEventListener("keydown", used("keys"), true);
  addEventListener("pointerdown", used("pointer"), true);
  watchPresses();
}

// The explanation of what was clicked goes away until the pointer has moved on: it would lie over what the click
// brings.
function watchPresses() {
  const page = document.documentElement;
  let at = null;
  addEventListener("pointerdown", (event) => {
    at = event.pointerType === "mouse" && !event.composedPath()[0].closest?.(QUESTION_MARK) ? event : null;
    page.toggleAttribute("data-pressed", at !== null);
  }, true);
  addEventListener("pointermove", (event) => {
    if (!at || Math.hypot(event.clientX - at.clientX, event.clientY - at.clientY) < MOVED_ON) return;
    at = null;
    page.removeAttribute("data-pressed");
  }, true);
}

const byKeys = () => document.documentElement.dataset.used === "keys";

function watchPopovers() {
  const open = new Map(); // body of a popover → its button
  let given = null; // what got the focus by itself
  const inside = (body) => {
    const focused = document.activeElement;
    return focused === body || body.contains(focused);
  };

  function enter(body, opener) {
    open.set(body, opener);
    body.tabIndex = -1;
    // A field that takes the focus would bring up the keyboard of a phone: a pointer only gets as far as the box.
    body.focus({ preventScroll: true });
    given = body;
    advance(body);
  }

  // To the first control once there is one: the content of a popover comes after its box, piece by piece. The visitor's
  // next key ends this.
  function advance(body) {
    if (!byKeys() || given !== deepFocus(document)) return;
    const first = tabStops(body).find((node) => !node.closest(QUESTION_MARK));
    if (!first || first === given) return;
    first.focus();
    given = deepFocus(document);
  }

  // The same button after the page has drawn it anew.
  function today(opener) {
    if (opener.isConnected) return opener;
    const key = opener.dataset.labKey;
    return key ? document.querySelector(`.${CSS.escape(key)} ${OPENER}`) : null;
  }

  function look() {
    for (const [body, opener] of [...open]) {
      if (body.isConnected) {
        advance(body);
        continue;
      }
      open.delete(body);
      if (isLost(document.activeElement)) today(opener)?.focus();
    }
    for (const body of document.querySelectorAll(BODY)) {
      const opener = document.activeElement?.closest?.(OPENER);
      if (open.has(body) || !opener) continue; // opened by the page itself, which takes nobody's focus away
      opener.dataset.labKey = [...(opener.closest("[class*=st-key-]")?.classList ?? [])]
        .find((name) => name.startsWith("st-key-")) ?? "";
      enter(body, opener);
    }
  }

  new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
  addEventListener("keydown", (event) => {
    given = null;
    if (event.key !== "Tab" || event.altKey || event.ctrlKey || event.metaKey) return;
    const focused = deepFocus(document);
    const body = [...open.keys()].find(inside) ?? (isLost(focused) ? [...open.keys()].at(-1) : undefined);
    const to = body && wrapTab(body, tabStops(body), focused, event.shiftKey);
    if (!to) return;
    event.preventDefault();
    to.focus();
  }, true);
}

// The box of the control that a question mark belongs to.
const boxOf = (node) => (node.closest(QUESTION_MARK) && node.closest("[data-testid=stElementContainer]")) ?? undefined;

function watchTab() {
  addEventListener("keydown", (event) => {
    if (event.key !== "Tab" || event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
    const focused = deepFocus(document);
    if (!focused || focused.closest(BODY)) return; // a popover keeps Tab inside by itself
    const group = (node) => node.closest("[role=radiogroup], [role=toolbar]");
    const chosen = (node) => node.checked || node.getAttribute("aria-checked") === "true";
    const stops = oneOfEachGroup(tabStops(document.body), focused, group, chosen);
    const to = otherStop(stops, explanationsLast(stops, boxOf), focused, event.shiftKey);
    if (!to) return;
    event.preventDefault();
    event.stopPropagation(); // a group of choices would lead the focus on by itself
    to.focus();
  }, true);
}

const areApart = (a, b) => a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;

// Streamlit puts an explanation above what has the focus. Where a message is there, it goes below.
function watchExplanations() {
  let shown = null;
  function clear(text) {
    text.style.translate = "";
    const place = text.getBoundingClientRect(), { bottom } = document.activeElement.getBoundingClientRect();
    const apart = [...document.querySelectorAll(MESSAGE)].every((one) => areApart(one.getBoundingClientRect(), place));
    if (!apart) text.style.translate = `0 ${bottom + BELOW - place.top}px`;
  }
  new MutationObserver(() => {
    const text = byKeys() ? document.querySelector(EXPLANATION) : null;
    if (text === shown) return;
    shown = text;
    if (!text) return;
    clear(text); // and again whenever Streamlit places it
    const place = { attributes: true, attributeFilter: ["style"] };
    new MutationObserver(() => clear(text)).observe(text.parentElement, place);
  }).observe(document.body, { childList: true, subtree: true });
}

function watchTables() {
  addEventListener("keydown", (event) => {
    const plainSpace = event.key === " " && !event.shiftKey && !event.ctrlKey && !event.altKey && !event.metaKey;
    const field = event.target.matches?.("input, textarea, select, button");
    if (!plainSpace || field || !event.target.closest?.(TABLE)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    event.target.dispatchEvent(new KeyboardEvent("keydown", { key: " ", code: "Space", keyCode: 32, which: 32,
      shiftKey: true, bubbles: true, cancelable: true, composed: true }));
  }, true);
}

// Every key of a page, in one place: what it does and, as `on`, a selector of what it works on. Those with `run` work
// wherever the focus is; the others belong to the part that has the focus and are only listed here. `of` names the
// files whose key handlers an entry describes: a test compares them with the keys that those files listen to.
const SHORTCUTS = [
  { keys: "Space", on: "button.play", run: togglePlay, does: "Plays or pauses the film, path or search in view" },
  { keys: "S", on: "canvas, img", run: savePicture,
    does: "Saves the picture under the pointer, or else the largest in view" },
  { keys: "?", on: "body", run: toggleList, does: "Shows or closes this list" },
  { keys: "← →", on: "input[type=range]", does: "Move the slider that has the focus" },
  { keys: "0", on: ".board .sliders", of: ["latent/latent_board"],
    does: "Sets the latent slider that has the focus to 0" },
  { keys: "Enter", on: ".board .sliders", of: ["latent/latent_board"],
    does: "Types a value for the latent slider that has the focus" },
  { keys: "← → ↑ ↓", on: ".plane .map, .plane-stage .map, .square .map",
    of: ["latent/tilemap", "latent/plane_stage", "latent/square"],
    does: "Move over the plane or square that has the focus, with Shift four steps at a time" },
  { keys: "Enter", on: ".plane .map", of: ["latent/tilemap"], does: "Moves the sliders to the place on the plane" },
  { keys: "Enter", on: ".plane-stage .map", of: ["latent/plane_stage"],
    does: "Holds the image that is nearest on the plane" },
  { keys: "1 – 9", on: ".plane-stage", of: ["latent/plane_stage"], does: "Enlarge the plane with that number" },
  { keys: "← → ↑ ↓", on: ".code-grid .frame", of: ["latent/code_grid"],
    does: "Move from cell to cell of the grid of codes that has the focus; Enter goes to the codebook" },
  { keys: "← → ↑ ↓ Enter Esc", on: ".code-grid .tiles", of: ["latent/code_grid"],
    does: "Move over the codebook that has the focus; Enter gives the cell that code, Esc goes back to the grid" },
  { keys: "← → ↑ ↓ Enter Esc", on: ".style-sheet .grid", of: ["latent/style_sheet"],
    does: "Move over the sheet of classes and styles that has the focus; Enter takes the image" },
  { keys: "← → ↑ ↓ Esc", on: ".flow .pictures canvas", of: ["diffusion/flow_path"],
    does: "Mark one picture after the other on its path through the plane" },
  { keys: "← → ↑ ↓", on: ".draws .samples", of: ["latent/draws"],
    does: "Move over the samples that have the focus and mark their places on the plane" },
  { keys: "← → ↑ ↓", on: ".class-sheet .rows", of: ["gallery/class_sheet"],
    does: "Enlarge one image after the other of the sheet that has the focus; Enter makes it larger still" },
  { keys: "← → ↑ ↓ Home End", on: ".traversal .rows", of: ["latent/traversal"],
    does: "Move over the sheet of all dimensions; Enter takes the image" },
  { keys: "← → ↑ ↓", on: ".map-view .map", of: ["embedding/map_view"],
    does: "Go from point to point of the map that has the focus; Enter selects one" },
  { keys: "+ − 0", on: ".map-view .map", of: ["embedding/map_view"], does: "Zoom the map in, out and back" },
  { keys: "Enter", on: ".map-view .search", of: ["embedding/map_legend"],
    does: "Shows the first class that the search has found" },
  { keys: "← →", on: ".outlier-board .row canvas", of: ["outliers/outlier_board"],
    does: "Move from bar to bar of the histogram that has the focus" },
  { keys: "← → Home End", on: ".chart canvas[tabindex='0']", of: ["charts/curves", "charts/bars"],
    does: "Move along the chart that has the focus" },
  { keys: "+ − Esc", on: ".curves canvas[tabindex='0']", of: ["charts/curves"],
    does: "Zoom the curves that have the focus in, out and back" },
  { keys: "Enter", on: "figure.film", of: ["charts/curves"],
    does: "Shows in the film the epoch that is marked in the curves" },
  { keys: "← →", on: ".model .choice button", of: ["diagram/model_diagram"],
    does: "Choose another image for the diagram of the model" },
  { keys: "← → Home End", on: ".steps .stages", of: ["gan/gan_steps"],
    does: "Move through the stages of the training step that has the focus" },
  { keys: "1 – 3", on: ".gan-quiz .answers button", of: ["gan/gan_quiz"],
    does: "Answers the quiz, as its letters and ← ↓ → do" },
  { keys: "← → ↑ ↓", on: ".pad .surface", of: ["drawing/pad"],
    does: "Move over the drawing that has the focus, with Shift four pixels at a time; Space draws" },
  { keys: "Ctrl + Z", on: ".pad .surface", of: ["drawing/pad"], does: "Takes back the last stroke of the drawing" },
  { keys: "Space", on: TABLE, does: "Ticks the row of the table that has the focus" },
  { keys: "Esc", on: "body", does: "Closes a box, or clears a selection" },
];

const PRESSED_BY_SPACE = "button, a[href], summary, input:not([type=range]), [role=button], [role=tab], [role=option]";
const LEAST_SIDE = 40; // px of a picture worth saving

// All elements below `tree` that match, shadow trees included.
function deepAll(tree, selector, found = []) {
  for (const node of tree.querySelectorAll("*")) {
    if (node.matches(selector)) found.push(node);
    if (node.shadowRoot) deepAll(node.shadowRoot, selector, found);
  }
  return found;
}

// Pixels of a rectangle that lie in a window of that size.
function areaInView({ left, right, top, bottom }, width, height) {
  const across = Math.min(right, width) - Math.max(left, 0), down = Math.min(bottom, height) - Math.max(top, 0);
  return across > 0 && down > 0 ? across * down : 0;
}

// Of nodes on the screen the one that is largest in view; undefined where none is in view.
function largestInView(nodes) {
  const areas = nodes.filter(isShown).map((node) => [
    areaInView(node.getBoundingClientRect(), window.innerWidth, window.innerHeight), node,
  ]);
  return areas.filter(([area]) => area > 0).sort((a, b) => b[0] - a[0])[0]?.[1];
}

function watchShortcuts() {
  addEventListener("lab-shortcuts", toggleList);
  addEventListener("keydown", ({ key, ctrlKey, metaKey }) => { // a page loaded anew begins where the sliders are now
    if (key === "F5" || ((ctrlKey || metaKey) && key.toLowerCase() === "r")) flushAddress();
  }, true);
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
    const focused = deepFocus(document), key = event.key === " " ? "Space" : event.key.toUpperCase();
    const shortcut = SHORTCUTS.find((one) => one.run && one.keys === key);
    if (!shortcut || focused?.matches(TYPED_INTO)) return;
    if (isCovered() && shortcut.run !== toggleList) return;
    if (key === "Space" && focused?.matches(PRESSED_BY_SPACE)) return;
    if (shortcut.run(focused) !== false) event.preventDefault();
  });
}

// Presses the play button beside the focus, else that of the largest playing part in view. False where there is none.
function togglePlay(focused) {
  const own = focused?.getRootNode?.();
  const beside = own && own !== document ? own.querySelector("button.play") : null;
  const there = deepAll(document, "button.play").filter((button) => !button.disabled && isShown(button));
  const chosen = beside ?? largestInView(there.map((button) => button.closest("figure") ?? button));
  const button = chosen?.matches("button.play") ? chosen : chosen?.querySelector("button.play");
  if (!button || button.disabled) return false;
  button.click();
}

const isPicture = (node) => node.matches?.("canvas, img") && !node.closest(`${TABLE}, header, nav`)
  && Math.min(node.clientWidth, node.clientHeight) >= LEAST_SIDE;

// What lies under the pointer, innermost first, shadow trees included.
function underPointer(tree = document) {
  const path = [...tree.querySelectorAll(":hover")].reverse();
  return path[0]?.shadowRoot ? [...underPointer(path[0].shadowRoot), ...path] : path;
}

// Saves a picture as it is seen, each pixel enlarged by a whole number. False where none is in view.
function savePicture(focused) {
  const main = document.querySelector("[data-testid=stMain]") ?? document.body;
  const chosen = [focused, ...underPointer()].find((node) => node && isPicture(node))
    ?? largestInView(deepAll(main, "canvas, img").filter(isPicture));
  if (!chosen) return false;
  const width = chosen.naturalWidth || chosen.width, height = chosen.naturalHeight || chosen.height;
  const grown = Math.max(1, Math.round((chosen.clientWidth * window.devicePixelRatio) / width));
  const copy = createElement("canvas", { width: width * grown, height: height * grown });
  const ctx = copy.getContext("2d");
  ctx.imageSmoothingEnabled = false;
  ctx.drawImage(chosen, 0, 0, copy.width, copy.height);
  copy.toBlob((blob) => {
    const link = createElement("a", { href: URL.createObjectURL(blob), download: pictureName(location) });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  });
}

// Name of a saved picture: the page and the run in the address.
function pictureName({ pathname, search }) {
  const query = new URLSearchParams(search);
  const run = query.get("run") ?? query.get("name") ?? "";
  const parts = ["latent-lab", pathname.split("/").pop() || "home", run.replace(/[^\p{L}\p{N}._-]+/gu, "-")];
  return `${parts.filter(Boolean).join("-")}.png`;
}

// The keys of this page, over the page; Esc, ? or the button closes it.
function toggleList() {
  const open = document.querySelector(".lab-shortcuts");
  if (open) return open.close();
  const there = SHORTCUTS.filter(({ on }) => deepAll(document, on).some(isShown));
  const list = createElement("dl", {}, ...there.flatMap(({ keys, does }) => [
    createElement("dt", {}, createElement("kbd", { text: keys })), createElement("dd", { text: does }),
  ]));
  const button = createElement("button", { type: "button", text: "Close" });
  const box = createElement("dialog", { class: "lab-shortcuts", "aria-label": "Keys of this page" },
    createElement("h2", { text: "Keys of this page" }), list, button);
  button.addEventListener("click", () => box.close());
  box.addEventListener("close", () => box.remove());
  (document.querySelector("[data-testid=stApp]") ?? document.body).append(box); // where the theme is set
  box.showModal();
}
