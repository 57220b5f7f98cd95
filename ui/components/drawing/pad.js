// A surface of 28 × 28 cells to paint on with pointer, finger or keys: what `draw` and `mask_brush` share. What a stroke
// does to the picture is the engine's: see `ink` and `hatch`. Lengths and places are in cells.

const DEEP = 50; // steps that can be undone
shelf.pads ??= new Map(); // name → what was painted, finer than the server knows it: outlives a closed popover

const paintable = (engine) => function ({ data, parentElement, setStateValue }) {
  const view = recall(parentElement, () => pad(parentElement, engine(parentElement)));
  view.tell = (value) => post(() => setStateValue("said", value));
  view.accept(data);
  return parting(parentElement, view.stop);
};

const text = (levels) => btoa(String.fromCharCode(...levels));

function pad(root, engine) {
  const box = root.querySelector(".pad"), surface = root.querySelector(".surface"), read = root.querySelector(".read");
  const ground = root.querySelector(".ground"), over = root.querySelector(".over"), tools = root.querySelector(".tools");
  const view = { tell: null, accept, stop };
  let facts = null, stamp = null, said = "", past = [], stroke = null, at = null, near = null, size = 308, pace = 0;
  let picked = { ...engine.first };

  function accept(data) {
    const begins = stamp === null;
    facts = data;
    engine.accept?.(data);
    if (begins || data.stamp !== stamp) {
      const kept = begins ? shelf.pads.get(data.name) : null;
      if (!begins) remember();
      if (kept?.said === data.pixels) {
        past = kept.past;
        engine.restore(kept.state);
      } else engine.load(bytes(data.pixels));
      [stamp, said, stroke] = [data.stamp, data.pixels, null];
    }
    surface.setAttribute("aria-label", `${data.label}. Arrow keys move, Space paints while it is held down, Escape hides the cursor.`);
    fit();
    words();
  }

  function remember() {
    past.push(engine.state.slice());
    past = past.slice(-DEEP);
  }

  // One message for each stroke or button, none while the pointer is down.
  function commit() {
    const now = text(engine.pixels());
    shelf.pads.set(facts.name, { said: now, state: engine.state.slice(), past });
    if (now !== said) view.tell({ stamp, pixels: now });
    said = now;
    show();
    words();
  }

  function act(change) {
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

  function begin(by, x, y) {
    remember();
    engine.begin(picked.tool, picked.size);
    stroke = { by, x, y };
    engine.line(x, y, x, y);
    later();
  }

  function go(x, y) {
    engine.line(stroke.x, stroke.y, x, y);
    [stroke.x, stroke.y] = [x, y];
    later();
  }

  function lift() {
    if (!stroke) return;
    stroke = null;
    commit();
  }

  const place = (event) => {
    const frame = ground.getBoundingClientRect();
    return [((event.clientX - frame.left) / frame.width) * TILE, ((event.clientY - frame.top) / frame.height) * TILE];
  };

  surface.addEventListener("pointerdown", (event) => {
    if (stroke || event.button) return;
    surface.setPointerCapture(event.pointerId);
    at = null;
    begin(event.pointerId, ...place(event));
  });
  surface.addEventListener("pointermove", (event) => {
    near = event.pointerType === "touch" ? null : place(event);
    if (stroke?.by === event.pointerId) {
      // A quick hand moves far within one frame: every place in between counts.
      const all = event.getCoalescedEvents?.() ?? [];
      for (const one of all.length ? all : [event]) go(...place(one));
    } else later();
  });
  for (const end of ["pointerup", "pointercancel"]) {
    surface.addEventListener(end, (event) => { if (stroke?.by === event.pointerId) lift(); });
  }
  surface.addEventListener("pointerleave", () => { near = null; later(); });

  surface.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") undo();
    else if (by) move(...by.map((v) => v * (event.shiftKey ? 4 : 1)));
    else if (event.key === " ") {
      move(0, 0);
      if (!stroke) begin("key", at[0] + 0.5, at[1] + 0.5);
      say();
    } else if (event.key === "Escape" && at) {
      event.stopPropagation(); // it would close what the surface lies in
      lift();
      at = null;
      later();
      words();
    } else return;
    event.preventDefault();
  });
  surface.addEventListener("keyup", (event) => { if (event.key === " " && stroke?.by === "key") { event.preventDefault(); lift(); } });
  surface.addEventListener("blur", () => { if (stroke?.by === "key") lift(); at = null; later(); });

  function move(x, y) {
    const within = (v) => Math.min(TILE - 1, Math.max(0, v));
    at = at ? [within(at[0] + x), within(at[1] + y)] : [TILE / 2, TILE / 2];
    near = null;
    if (stroke?.by === "key") go(at[0] + 0.5, at[1] + 0.5);
    later();
    say();
  }

  function say() {
    read.textContent = `Row ${at[1] + 1}, column ${at[0] + 1}: ${engine.name(engine.pixels()[at[1] * TILE + at[0]])}`;
  }

  function words() {
    if (at) say();
    else read.textContent = engine.words();
    tools.querySelector(".undo").disabled = !past.length;
  }

  function later() {
    cancelAnimationFrame(pace); // a mouse reports more often than the screen is drawn
    pace = requestAnimationFrame(show);
  }

  function show() {
    if (!facts) return;
    engine.show(ground, said !== facts.pixels || Boolean(stroke));
    const pen = over.getContext("2d"), ratio = over.width / size, cell = size / TILE;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, size, size);
    engine.over?.(pen, cell, ratio);
    surface.dataset.at = at ? at.join() : "";
    if (at) outline(pen, 2, () => pen.rect(at[0] * cell, at[1] * cell, cell, cell));
    else if (near) outline(pen, 1, () => pen.arc(near[0] * cell, near[1] * cell, Math.max(0.5, picked.size) * cell, 0, 7));
  }

  // White within black: it stands out on any picture.
  function outline(pen, thin, trace) {
    for (const [width, colour] of [[thin + 2, "#000"], [thin, "#fff"]]) {
      pen.beginPath();
      trace();
      Object.assign(pen, { lineWidth: width, strokeStyle: colour });
      pen.stroke();
    }
  }

  function fit() {
    if (!facts || !box.clientWidth) return;
    // Beside the tools where there is room; on a laptop with them and a button below on one screen.
    const room = box.clientWidth, beside = room >= 544 ? 292 : 0;
    const tall = beside ? Math.max(252, window.innerHeight - 400) : Math.min(280, Math.max(196, window.innerHeight - 480));
    size = crisp(TILE, Math.min(room - beside, tall, 336));
    for (const node of [surface, ground, over]) node.style.width = node.style.height = `${size}px`;
    over.width = over.height = Math.round(size * (window.devicePixelRatio || 1));
    box.classList.toggle("narrow", !beside);
    show();
  }

  // A row of choices of which one holds: native radio buttons, so that arrow keys and screen readers know them.
  function choices(kind, label, all) {
    return make("div", { class: "choices", role: "radiogroup", "aria-label": label }, ...all.map(({ name, value, look }) => {
      const input = make("input", { type: "radio", name: kind, "aria-label": name });
      input.checked = picked[kind] === value;
      input.addEventListener("change", () => { picked[kind] = value; later(); });
      return make("label", { title: name }, input, look);
    }));
  }

  function button(name, help, then, kind) {
    const node = make("button", { type: "button", text: name, title: help, class: kind });
    node.addEventListener("click", then);
    return node;
  }

  const dot = (value) => {
    const node = make("i", { class: "dot" });
    node.style.width = node.style.height = `${Math.min(20, 4 + 4 * value)}px`;
    return node;
  };
  tools.append(
    choices("tool", engine.toolLabel, engine.tools),
    choices("size", "Brush", engine.sizes.map(([name, value]) => ({ name: `${name} brush`, value, look: dot(value) }))),
    make("div", { class: "acts" }, button("Undo", "Takes back the last stroke (Ctrl+Z)", undo, "undo"),
      ...engine.acts.map(([name, help, change]) => button(name, help, () => act(change)))));
  const watch = new ResizeObserver(fit);
  watch.observe(box);

  function stop() {
    watch.disconnect();
    cancelAnimationFrame(pace);
    memory.delete(root);
  }
  return view;
}
