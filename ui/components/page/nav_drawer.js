// In a narrow window the pages are in a drawer over the page. Streamlit closes it after a choice on a phone that it
// recognises by its name, but not in a narrow window of another browser: this does.

const WIDEST = 768; // CSS pixels: up to here Streamlit puts the drawer over the page
const OPEN = "[data-testid=stSidebar][data-collapsed=false]";

export default function () {
  if (store.navDrawer) return; // its listener belongs to the browser page and outlives the component
  store.navDrawer = true;
  addEventListener("click", (event) => {
    const link = event.target.closest?.("[data-testid=stSidebarNavLink]");
    if (!link || window.innerWidth > WIDEST || event.ctrlKey || event.metaKey || event.shiftKey) return;
    requestAnimationFrame(closeDrawer); // after Streamlit, whose own closing must not be undone
  }, true);
}

function closeDrawer() {
  document.querySelector(`${OPEN} [data-testid=stSidebarCollapseButton] button`)?.click();
}
