// Mouse, pen and fingers on a map, told apart: over, tap, drag, pinch, wheel, lasso. Nothing here knows of points.

function handOf(map, on) {
  const fingers = new Map();
  let drag = null, path = null, pinch = null, bound = null;

  const spot = (event) => {
    bound ??= map.getBoundingClientRect();
    return [event.clientX - bound.left, event.clientY - bound.top];
  };
  const between = () => {
    const [a, b] = [...fingers.values()];
    return { far: Math.hypot(a[0] - b[0], a[1] - b[1]), at: [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2] };
  };

  map.addEventListener("pointerdown", (event) => {
    bound = null;
    map.setPointerCapture(event.pointerId);
    const at = spot(event);
    fingers.set(event.pointerId, at);
    if (fingers.size === 2) {
      [drag, path, pinch] = [null, null, between()];
      return;
    }
    drag = { at, first: at, far: false };
    path = on.lassos(event) ? [at] : null;
  });

  map.addEventListener("pointermove", (event) => {
    if (!drag && !pinch) bound = null; // the page may have scrolled
    const at = spot(event);
    if (fingers.has(event.pointerId)) fingers.set(event.pointerId, at);
    if (pinch && fingers.size === 2) {
      const next = between();
      on.pan(next.at[0] - pinch.at[0], next.at[1] - pinch.at[1]);
      on.zoom(...next.at, next.far / Math.max(1, pinch.far));
      pinch = next;
    } else if (drag) {
      drag.far ||= Math.hypot(at[0] - drag.first[0], at[1] - drag.first[1]) > 4;
      if (path) {
        path.push(at);
        on.draw();
      } else if (drag.far) on.pan(at[0] - drag.at[0], at[1] - drag.at[1]);
      drag.at = at;
    } else if (!fingers.size) on.over(at);
  });

  map.addEventListener("pointerup", (event) => {
    const at = spot(event), held = drag, drawn = path;
    fingers.delete(event.pointerId);
    if (fingers.size < 2) pinch = null;
    [drag, path] = [null, null];
    if (!held) return;
    if (!held.far) on.tap(at, event.pointerType === "touch");
    else if (drawn) on.lasso(drawn);
    else on.draw();
  });

  map.addEventListener("pointercancel", (event) => {
    fingers.delete(event.pointerId);
    [drag, path, pinch] = [null, null, null];
    on.draw();
  });
  map.addEventListener("pointerleave", () => { if (!drag) on.over(null); });
  map.addEventListener("blur", () => on.over(null));
  map.addEventListener("wheel", (event) => {
    event.preventDefault();
    bound = null;
    on.zoom(...spot(event), Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)));
  }, { passive: false });

  return { path: () => path, dragging: () => Boolean(drag?.far) };
}
