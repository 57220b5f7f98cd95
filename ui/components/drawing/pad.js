// A surface to paint on with mouse, finger or keyboard, a cell for each pixel of an image: what `draw` and `mask_brush`
// share. What a stroke does to the image is the engine's part: see `inkEngine` and `maskEngine`. Positions and lengths
// are in cells.

const UNDO_STEPS = 50;
const LIVE_MS = 100; // between two messages while a stroke is drawn, at least
const REST_MS = 60; // from an answer to the next message, at least
const LOST_MS = 2000; // after which an answer is no longer waited for
// Name → what was painted, finer than the server has it: outlives a popover that is closed and opened again.
store.pads ??= new Map();

const paintable = (createEngine) => function ({ data, parentElement, setStateValue }) {
  const view = getOrCreate(parentElement, () => {
    const shape = imageShape(data.shape);
    return createPad(parentElement, shape, createEngine(parentElement, shape));
  });
  view.send = (value) => queueMessage(() => setStateValue("painted", value));
  view.accept(data);
  return cleanup(parentElement, view.stop);
};

function createPad(root, shape, engine) {
  const box = root.querySelector(".pad"), surface = root.querySelector(".surface"), read = root.querySelector(".read");
  const ground = root.querySelector(".ground"), over = root.querySelector(".over");
  const tools = root.querySelector(".tools");
  const view = { send: null, accept, stop };
  let props = null, stamp = null, sent = "", past = [], stroke = null, cursor = null, hover = null, frame = 0;
  let size = { width: 308, height: 308 };
  let sentAt = 0, answeredAt = 0, timer = 0;
  const picked = { ...engine.first };

  function accept(data) {
    const first = stamp === null;
    if (data.pixels === sent && props?.pixels !== sent) answeredAt = performance.now();
    props = data;
    engine.accept?.(data);
    if (first || data.stamp !== stamp) {
      const kept = first ? store.pads.get(data.name) : null;
      if (!first) remember();
      if (kept?.sent === data.pixels) {
        past = kept.past;
        engine.restore(kept.state);
      } else engine.load(decodeBase64(data.pixels));
      [stamp, sent, stroke] = [data.stamp, data.pixels, null];
    }
    surface.setAttribute("aria-label",
      `${data.label}. Arrow keys move, Space paints while it is held down, Escape hides the cursor.`);
    fit();
    showText();
  }

  function remember() {
    past.push(engine.state.slice());
    past = past.slice(-UNDO_STEPS);
  }

  // While a stroke is drawn, where the page answers: a message as soon as the last one is answered, so none queues up.
  function tell() {
    if (stroke && engine.live?.()) post(false);
  }

  // After an answer the server is let come to rest: a message in the moment in which a run of the page ends is lost.
  function post(last) {
    const answered = sent === props.pixels, rested = answered && engine.live?.() ? answeredAt + REST_MS : 0;
    const free = last ? rested : Math.max(rested, sentAt + (answered ? LIVE_MS : LOST_MS));
    const left = free - performance.now();
    if (left > 0) {
      clearTimeout(timer);
      timer = setTimeout(() => {
        timer = 0;
        post(last || !stroke);
        showLater();
      }, Math.min(left, LIVE_MS));
      return;
    }
    const now = encodeBase64(engine.pixels());
    if (now === sent) return;
    [sent, sentAt] = [now, performance.now()];
    view.send({ stamp, pixels: now });
  }

  // One message for each stroke or button.
  function commit() {
    const now = encodeBase64(engine.pixels());
    store.pads.set(props.name, { sent: now, state: engine.state.slice(), past });
    post(true);
    show();
    showText();
  }

  function apply(change) {
    if (stroke) return;
    remember();
    change();
    commit();
  }

  function undo() {
    if (stroke || !past.length) return;
    engine.restore(past.pop());
    commit();
  }

  function beginStroke(source, x, y) {
    remember();
    engine.begin(picked.tool, picked.size);
    stroke = { source, x, y };
    engine.line(x, y, x, y);
    showLater();
    tell();
  }

  function extendStroke(x, y) {
    engine.line(stroke.x, stroke.y, x, y);
    [stroke.x, stroke.y] = [x, y];
    showLater();
    tell();
  }

  function endStroke() {
    if (!stroke) return;
    stroke = null;
    commit();
  }

  const position = (event) => {
    const bounds = ground.getBoundingClientRect();
    return [((event.clientX - bounds.left) / bounds.width) * shape.width,
      ((event.clientY - bounds.top) / bounds.height) * shape.height];
  };

  surface.addEventListener("pointerdown", (event) => {
    if (stroke || event.button) return;
    surface.setPointerCapture(event.pointerId);
    cursor = null;
    beginStroke(event.pointerId, ...position(event));
  });
  surface.addEventListener("pointermove", (event) => {
    hover = event.pointerType === "touch" ? null : position(event);
    if (stroke?.source === event.pointerId) {
      // A quick pointer moves far within one frame: every position in between counts.
      const all = event.getCoalescedEvents?.() ?? [];
      for (const one of all.length ? all : [event]) extendStroke(...position(one));
    } else showLater();
  });
  for (const end of ["pointerup", "pointercancel"]) {
    surface.addEventListener(end, (event) => { if (stroke?.source === event.pointerId) endStroke(); });
  }
  scrollByTwoFingers(surface, () => {
    if (!stroke) return;
    stroke = null; // what the first of two fingers drew was not meant
    engine.restore(past.pop());
    commit();
  });
  surface.addEventListener("pointerleave", () => { hover = null; showLater(); });

  surface.addEventListener("keydown", (event) => {
    const step = arrowStep(event.key);
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") undo();
    else if (step) moveCursor(...step.map((v) => v * (event.shiftKey ? 4 : 1)));
    else if (event.key === " ") {
      moveCursor(0, 0);
      if (!stroke) beginStroke("key", cursor[0] + 0.5, cursor[1] + 0.5);
      describeCursor();
    } else if (event.key === "Escape" && cursor) {
      event.stopPropagation(); // it would close the popover that the surface lies in
      endStroke();
      cursor = null;
      showLater();
      showText();
    } else return;
    event.preventDefault();
  });
  surface.addEventListener("keyup", (event) => {
    if (event.key !== " " || stroke?.source !== "key") return;
    event.preventDefault();
    endStroke();
  });
  surface.addEventListener("blur", () => {
    if (stroke?.source === "key") endStroke();
    cursor = null;
    showLater();
  });

  function moveCursor(dx, dy) {
    const middle = [Math.floor(shape.width / 2), Math.floor(shape.height / 2)];
    cursor = cursor
      ? [clamp(cursor[0] + dx, 0, shape.width - 1), clamp(cursor[1] + dy, 0, shape.height - 1)] : middle;
    hover = null;
    if (stroke?.source === "key") extendStroke(cursor[0] + 0.5, cursor[1] + 0.5);
    showLater();
    describeCursor();
  }

  function describeCursor() {
    const pixel = engine.describe(cursor[1] * shape.width + cursor[0]);
    read.textContent = `Row ${cursor[1] + 1}, column ${cursor[0] + 1}: ${pixel}`;
  }

  function showText() {
    if (cursor) describeCursor();
    else read.textContent = engine.summary();
    tools.querySelector(".undo").disabled = !past.length;
  }

  function showLater() {
    cancelAnimationFrame(frame); // a mouse reports more often than the screen is drawn
    frame = requestAnimationFrame(show);
  }

  function show() {
    if (!props) return;
    // The end of a stroke may wait to be sent: what the page answers until then is the stroke's beginning.
    const waiting = stroke ? !engine.live?.() : timer !== 0 || sent !== props.pixels;
    box.setAttribute("aria-busy", waiting);
    engine.show(ground, waiting);
    const ctx = over.getContext("2d"), ratio = over.width / size.width, cell = size.width / shape.width;
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, size.width, size.height);
    engine.over?.(ctx, cell, ratio);
    surface.dataset.at = cursor ? cursor.join() : "";
    if (cursor) outline(ctx, 2, () => ctx.rect(cursor[0] * cell, cursor[1] * cell, cell, cell));
    else if (hover) {
      outline(ctx, 1, () => ctx.arc(hover[0] * cell, hover[1] * cell, Math.max(0.5, picked.size) * cell, 0, 7));
    }
  }

  function fit() {
    if (!props || !box.clientWidth) return;
    // Beside the tools where there is room; on a laptop with them and a button below on one screen.
    const room = box.clientWidth, beside = room >= 544 ? 292 : 0;
    const height = beside ? Math.max(252, window.innerHeight - 400) : clamp(window.innerHeight - 480, 196, 280);
    const pictures = !beside && root.querySelector(".side") ? 92 : 0; // a column of them beside a narrow surface
    size = fitGrid(shape, { width: Math.min(room - beside - pictures, 336), height: Math.min(height, 336) });
    setSize(size, surface, ground, over);
    resizeCanvas(over, size.width, size.height);
    box.classList.toggle("narrow", !beside);
    engine.fit?.(!beside);
    show();
  }

  // A row of choices of which one holds: native radio buttons, for arrow keys and screen readers.
  function choices(kind, label, all) {
    const entries = all.map(({ name, value, look }) => {
      const input = createElement("input", { type: "radio", name: kind, "aria-label": name });
      input.checked = picked[kind] === value;
      input.addEventListener("change", () => { picked[kind] = value; showLater(); });
      return createElement("label", { title: name }, input, look);
    });
    return createElement("div", { class: "choices", role: "radiogroup", "aria-label": label }, ...entries);
  }

  function button(name, help, click, kind) {
    const node = createElement("button", { type: "button", text: name, title: help, class: kind });
    node.addEventListener("click", click);
    return node;
  }

  const brushDot = (place) => {
    const node = createElement("i", { class: "dot" });
    node.style.width = node.style.height = `${[6, 10, 14, 20][place]}px`;
    return node;
  };
  const brushes = engine.sizes.map(([name, value], place) => ({ name: `${name} brush`, value, look: brushDot(place) }));
  tools.append(
    choices("tool", engine.toolLabel, engine.tools),
    choices("size", "Brush", brushes),
    createElement("div", { class: "acts" }, button("Undo", "Takes back the last stroke (Ctrl+Z)", undo, "undo"),
      ...engine.actions.map(([name, help, change]) => button(name, help, () => apply(change)))));
  const watch = new ResizeObserver(fit);
  watch.observe(box);

  function stop() {
    watch.disconnect();
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    removeView(root);
  }
  return view;
}
