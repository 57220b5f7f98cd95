// What a keyboard needs on every page and Streamlit does not do. Nothing is drawn, and nothing is sent.
//
// - A popover that is opened from its button takes the focus, Tab goes round in it, and when it closes the focus goes
//   back to the button.
// - Space ticks the row of a table, as everywhere; the table's own key is Shift + Space.
// - The page knows whether keys or a pointer were used last: rings show where the keyboard is, not where one clicked.

const BODY = "[data-testid=stPopoverBody]", OPENER = "[data-testid=stPopoverButton]";
const TABLE = "[data-testid=stDataFrame]";
const HELP = "[data-testid=stTooltipHoverTarget]"; // the question marks beside labels

export default function () {
  if (store.keyboard) return; // its listeners belong to the browser page and outlive the component
  store.keyboard = true;
  watchModality();
  watchPopovers();
  watchTables();
}

function watchModality() {
  const used = (by) => () => { document.documentElement.dataset.used = by; };
  addEventListener("keydown", used("keys"), true);
  addEventListener("pointerdown", used("pointer"), true);
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
    const first = tabStops(body).find((node) => !node.matches(HELP));
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
      if (document.activeElement === document.body || !document.activeElement) today(opener)?.focus();
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
    const body = [...open.keys()].find(inside);
    const to = body && wrapTab(tabStops(body), deepFocus(document), event.shiftKey);
    if (!to) return;
    event.preventDefault();
    to.focus();
  }, true);
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
