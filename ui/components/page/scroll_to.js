export default function ({ data }) {
  store.scrolledTo ??= new Map(); // target → the event of its last scroll
  if (!data.event || store.scrolledTo.get(data.target) === data.event) return;
  store.scrolledTo.set(data.target, data.event);
  const target = document.querySelector(`.st-key-${data.target}`);
  if (!target) return;
  target.tabIndex = -1; // the next Tab goes on from here
  target.focus({ preventScroll: true });
  target.scrollIntoView({ block: "start", behavior: prefersLessMotion() ? "auto" : "smooth" });
}
