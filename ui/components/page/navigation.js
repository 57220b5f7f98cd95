// What Streamlit's navigation does not do:
//
// - In a narrow window the pages are in a drawer over the page. Streamlit closes it after a choice on a phone that it
//   recognises by its name, but not in a narrow window of another browser.
// - A popover that a click on a link closes tells the server that it is closed. That message comes last and names
//   the page that was to be left: the server would go back there. So the popover closes first.
// - Each page has one entry in the browser's history, with its own parameters: *Back* leads to the page before.
//   Streamlit adds an entry for each parameter, some of them before the path has changed, behind the page before.

const WIDEST = 768; // CSS pixels: up to here Streamlit puts the drawer over the page
const OPEN = "[data-testid=stSidebar][data-collapsed=false]";
const DRAWER_LINK = "[data-testid=stSidebarNavLink]";
const LINKS = `${DRAWER_LINK}, [data-testid=stTopNavLink], [data-testid=stTopNavDropdownLink], `
  + "[data-testid=stPageLink-NavLink]";
const POPOVER = "[data-testid=stPopoverBody]";
const PATIENCE = 1000; // ms after which a page is left although a popover has not closed

export default function () {
  if (store.navigation) return; // its listeners belong to the browser page and outlive the component
  store.navigation = true;
  addEventListener("click", leave, true);
  keepOneEntryPerPage();
}

function leave(event) {
  const link = event.target.closest?.(LINKS);
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (document.querySelector(POPOVER)) {
    event.preventDefault();
    event.stopImmediatePropagation();
    closePopovers().then(() => link.click());
    return;
  }
  if (new URL(link.href, location.href).pathname !== location.pathname) store.leaving = location.pathname;
  // After Streamlit, whose own closing must not be undone.
  if (link.matches(DRAWER_LINK) && window.innerWidth <= WIDEST) requestAnimationFrame(closeDrawer);
}

function closeDrawer() {
  document.querySelector(`${OPEN} [data-testid=stSidebarCollapseButton] button`)?.click();
}

// Resolves once no popover is open and what it had to say has been sent.
async function closePopovers() {
  const late = performance.now() + PATIENCE;
  while (document.querySelector(POPOVER) && performance.now() < late) {
    const escape = { key: "Escape", code: "Escape", keyCode: 27, bubbles: true, cancelable: true };
    document.querySelector(POPOVER).dispatchEvent(new KeyboardEvent("keydown", escape));
    await new Promise((resume) => setTimeout(resume, 20));
  }
}

function keepOneEntryPerPage() {
  let before = location.href; // at the visitor's last click or key, which is what has led to another page
  for (const event of ["pointerdown", "keydown"]) {
    addEventListener(event, () => {
      before = location.href;
      delete store.leaving;
    }, true);
  }
  const push = history.pushState.bind(history);
  let theirs = location.href; // the last address that Streamlit has written, or found
  history.pushState = (state, title, wanted) => {
    const address = withLook(wanted), same = address.pathname === location.pathname;
    if (!same) store.written.clear();
    const whole = same ? withWritten(address, theirs) : address;
    theirs = address.href;
    if (same) {
      history.replaceState(state, title, whole);
      return;
    }
    if (new URL(before).pathname === location.pathname && before !== location.href) {
      history.replaceState(history.state, title, before);
    }
    push(state, title, address);
    dispatchEvent(new Event("lab-enlarged")); // another page, which has yet to show such a picture
  };
  addEventListener("popstate", () => {
    store.written.clear();
    theirs = location.href;
    dispatchEvent(new Event("lab-enlarged"));
  });
}
