// Mouse, pen and fingers on a map, told apart: hover, tap, drag, pinch, wheel, lasso. Points are not known here.

const DRAG = 4; // CSS pixels that a pointer moves at least in a drag

function createPointer(map, on) {
  const fingers = new Map();
  let drag = null, path = null, pinch = null, bounds = null;

  const position = (event) => {
    bounds ??= map.getBoundingClientRect();
    return [event.clientX - bounds.left, event.clientY - bounds.top];
  };
  const pinchOf = () => {
    const [a, b] = [...fingers.values()];
    return { distance: Math.hypot(a[0] - b[0], a[1] - b[1]), at: [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2] };
  };

  map.addEventListener("pointerdown", (event) => {
    bounds = null;
    map.setPointerCapture(event.pointerId);
    const at = position(event);
    fingers.set(event.pointerId, at);
    if (fingers.size === 2) {
      [drag, path, pinch] = [null, null, pinchOf()];
      return;
    }
    drag = { at, first: at, moved: false };
    path = on.lassos(event) ? [at] : null;
  });

  map.addEventListener("pointermove", (event) => {
    if (!drag && !pinch) bounds = null; // the page may have scrolled
    const at = position(event);
    if (fingers.has(event.pointerId)) fingers.set(event.pointerId, at);
    if (pinch && fingers.size === 2) {
      const next = pinchOf();
      on.pan(next.at[0] - pinch.at[0], next.at[1] - pinch.at[1]);
      on.zoom(...next.at, next.distance / Math.max(1, pinch.distance));
      pinch = next;
    } else if (drag) {
      drag.moved ||= Math.hypot(at[0] - drag.first[0], at[1] - drag.first[1]) > DRAG;
      if (path) {
        path.push(at);
        on.draw();
      } else if (drag.moved) on.pan(at[0] - drag.at[0], at[1] - drag.at[1]);
      drag.at = at;
    } else if (!fingers.size) on.hover(at);
  });

  map.addEventListener("pointerup", (event) => {
    const at = position(event), ended = drag, drawn = path;
    fingers.delete(event.pointerId);
    if (fingers.size < 2) pinch = null;
    [drag, path] = [null, null];
    if (!ended) return;
    if (!ended.moved) on.tap(at, event.pointerType === "touch");
    else if (drawn) on.lasso(drawn);
    else on.draw();
  });

  map.addEventListener("pointercancel", (event) => {
    fingers.delete(event.pointerId);
    [drag, path, pinch] = [null, null, null];
    on.draw();
  });
  // One finger up or down scrolls the page past the map; two are the map's.
  for (const name of ["touchstart", "touchmove"]) {
    const own = (event) => { if (event.touches.length > 1) event.preventDefault(); };
    map.addEventListener(name, own, { passive: false });
  }
  map.addEventListener("pointerleave", () => { if (!drag) on.hover(null); });
  map.addEventListener("blur", () => on.hover(null));
  map.addEventListener("wheel", (event) => {
    event.preventDefault();
    bounds = null;
    on.zoom(...position(event), Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)));
  }, { passive: false });

  return { path: () => path, dragging: () => Boolean(drag?.moved) };
}
