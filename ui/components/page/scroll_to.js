export default function ({ data }) {
  store.scrolledTo ??= new Map(); // target, empty for the top → the event of its last scroll
  if (!data.event || store.scrolledTo.get(data.target) === data.event) return;
  store.scrolledTo.set(data.target, data.event);
  if (!data.target) {
    document.querySelector("[data-testid=stMain]")?.scrollTo(0, 0);
    return;
  }
  const target = document.querySelector(`.st-key-${data.target}`);
  if (!target) return;
  target.tabIndex = -1; // the next Tab goes on from here
  target.focus({ preventScroll: true });
  target.scrollIntoView({ block: "start", behavior: prefersLessMotion() ? "auto" : "smooth" });
}
