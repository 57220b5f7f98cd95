const ENOUGH = window.innerWidth < 640 ? 690 : 480; // px: a surface to draw on with all its tools and a button

export default function ({ parentElement }) {
  recall(parentElement, () => requestAnimationFrame(() => { // once it has its place on the screen
    const host = parentElement.getRootNode().host;
    host.closest("[data-testid=stElementContainer]").style.display = "none"; // there is nothing to see
    const box = host.closest("[data-testid=stPopoverBody]");
    const lack = box ? Math.min(ENOUGH, window.innerHeight - 130) - (window.innerHeight - box.getBoundingClientRect().top) : 0;
    if (lack > 0) document.querySelector("[data-testid=stMain]")?.scrollBy(0, lack);
  }));
  return () => memory.delete(parentElement);
}
