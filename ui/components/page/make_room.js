// CSS pixels: a surface to draw on with all its tools and a button.
const HEIGHT = window.innerWidth < 640 ? 700 : 480;

export default function ({ parentElement }) {
  getOrCreate(parentElement, () => requestAnimationFrame(() => { // once the element has its place on the screen
    const host = parentElement.getRootNode().host;
    host.closest("[data-testid=stElementContainer]").style.display = "none"; // there is nothing to see
    const popover = host.closest("[data-testid=stPopoverBody]"), main = document.querySelector("[data-testid=stMain]");
    // From its button on: a popover without room below its button has opened above it, perhaps beyond the upper edge.
    // (Streamlit keeps a second, invisible button for measuring.)
    const openers = main.querySelectorAll("[data-testid=stPopoverButton][aria-expanded=true]");
    const opener = [...openers].find((node) => node.clientHeight);
    const top = opener?.getBoundingClientRect().bottom ?? popover?.getBoundingClientRect().top;
    const missing = popover ? Math.min(HEIGHT, window.innerHeight - 130) - (window.innerHeight - top) : 0;
    if (missing > 0) main.scrollBy(0, missing);
  }));
  return cleanup(parentElement, () => removeView(parentElement));
}
