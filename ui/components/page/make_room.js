const ENOUGH = window.innerWidth < 640 ? 700 : 480; // px: a surface to draw on with all its tools and a button

export default function ({ parentElement }) {
  recall(parentElement, () => requestAnimationFrame(() => { // once it has its place on the screen
    const host = parentElement.getRootNode().host;
    host.closest("[data-testid=stElementContainer]").style.display = "none"; // there is nothing to see
    const box = host.closest("[data-testid=stPopoverBody]"), main = document.querySelector("[data-testid=stMain]");
    // From its button on: a popover without room below it has opened above, perhaps beyond the upper edge.
    // (Streamlit keeps a second button out of sight, to measure.)
    const opener = [...main.querySelectorAll("[data-testid=stPopoverButton][aria-expanded=true]")].find((node) => node.clientHeight);
    const top = opener?.getBoundingClientRect().bottom ?? box?.getBoundingClientRect().top;
    const lack = box ? Math.min(ENOUGH, window.innerHeight - 130) - (window.innerHeight - top) : 0;
    if (lack > 0) main.scrollBy(0, lack);
  }));
  return parting(parentElement, () => memory.delete(parentElement));
}
