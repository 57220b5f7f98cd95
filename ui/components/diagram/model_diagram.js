const ROOM = 72; // CSS pixels a side of a part's picture
const THUMBNAIL = 34; // CSS pixels a side of an image to choose
const STRIDE = 55; // ms from one part to the next while an image runs through
// ms without a move of the sliders before the layers are computed anew: longer than between two presses of a key, whose
// picture would have to wait for them.
const REST = 600;

export default function ({ data, parentElement, setTriggerValue }) {
  const view = getOrCreate(parentElement, () => start(parentElement));
  view.send = (name, value) => queueMessage(() => setTriggerValue(name, value));
  view.accept(data);
  return cleanup(parentElement, view.stop);
}

// Whether two points of the latent space are the same to the eye; one of them may be unknown.
const samePlace = (a, b) => Boolean(a && b) && sameVector(a, b);

// Columns of a grid for so many small pictures: 1, 2 × 2 for up to four, else as square as it can be.
const columnsFor = (count) => (count < 2 ? 1 : Math.ceil(Math.sqrt(count)));

function start(root) {
  const figure = root.querySelector(".model"), choice = root.querySelector(".choice");
  const groups = root.querySelector(".groups");
  const view = { send: null, accept, stop };
  let props = null, nodes = [], at = 0, run = 0, timers = [], unsubscribe = null;
  let rest = null, frame = 0, position = null; // the place of the sliders, where the page has some
  let pressed = false, seen = false; // whether a pointer is down, and whether the figure is on the screen

  function accept(data) {
    const other = props?.id !== data.id;
    const first = props === null, moved = first || props.at !== data.at || data.count !== props.count;
    const sources = first || props.follows !== data.follows;
    props = data;
    for (const [role, colour] of Object.entries(data.colours)) figure.style.setProperty(`--${role}`, colour);
    if (moved) at = clamp(data.at, 0, data.count - 1);
    if (other) build();
    if (sources) follow();
    for (const { button, key } of nodes) button.setAttribute("aria-pressed", String(key === data.chosen));
    publish("gan:address"); // the server may have written the address: the walk below writes its own again
    if (other) showAll();
    if (samePlace(position, data.place)) for (const node of nodes) node.button.classList.remove("waits");
  }

  function build() {
    const focused = figure.getRootNode().activeElement?.dataset?.part;
    figure.dataset.at = at;
    if (props.images) {
      const shape = imageShape(props.shape), bytes = decodeBase64(props.images), size = fitImage(shape, THUMBNAIL);
      choice.replaceChildren(...Array.from({ length: props.count }, (_, k) => {
        const canvas = createElement("canvas", { "aria-hidden": "true" });
        paintImage(canvas, imageAt(bytes, shape, k), shape);
        setSize(size, canvas);
        const button = createElement("button", { type: "button", "aria-label": `Image ${k + 1} of ${props.count}`,
          title: "Send this image through the model" }, canvas);
        button.addEventListener("click", () => goTo(k));
        return button;
      }));
    } else choice.replaceChildren();
    nodes = [];
    groups.replaceChildren(...props.groups.map((group) => {
      const way = () => createElement("i", { class: "way", "aria-hidden": "true" });
      const parts = group.nodes.flatMap((node, k) => [...(k ? [way()] : []), createNode(node)]);
      const row = createElement("div", { class: "nodes" }, ...parts);
      const kind = group.apart ? "group apart" : "group", style = `--c: var(--${group.role})`;
      return createElement("div", { class: kind, role: "group", "aria-label": group.title, style },
        createElement("p", { text: group.title }), row);
    }));
    if (focused) nodes.find((node) => node.key === focused)?.button.focus();
    press();
    turn();
  }

  function createNode(node) {
    const body = createElement("span", { class: "body" });
    const lines = node.lines.map((text) => createElement("span", { class: "line number", text }));
    const button = createElement("button", { type: "button", class: node.form === "bars" ? "part wide" : "part",
      "data-part": node.key, title: "Explain this part" },
      body, createElement("b", { text: node.title }), ...lines);
    button.addEventListener("click", () => view.send("part", { part: node.key, at }));
    nodes.push({ ...node, button, body, bytes: null });
    return button;
  }

  function showNode(node) {
    const { form, body } = node;
    if (["picture", "maps", "rows"].includes(form)) node.bytes ??= decodeBase64(node.values);
    if (form === "picture") body.replaceChildren(picture(node.bytes, imageShape(node.shape), at, ROOM));
    else if (form === "maps") body.replaceChildren(maps(node));
    else if (form === "rows") body.replaceChildren(tableRows(node));
    else if (form === "bars") showBars(node, node.values[at], node.spread?.[at]);
    else if (form === "texts") {
      body.replaceChildren(createElement("span", { class: "texts number" },
        ...node.values[at].map((text) => createElement("span", { text }))));
    } else body.replaceChildren(createElement("span", { class: "words", text: node.values }));
  }

  function picture(bytes, shape, k, room) {
    const canvas = createElement("canvas", { "aria-hidden": "true" });
    paintImage(canvas, imageAt(bytes, shape, k), shape);
    setSize(fitImage(shape, room), canvas);
    return canvas;
  }

  function maps(node) {
    const shape = imageShape(node.shape), columns = columnsFor(node.maps), rows = Math.ceil(node.maps / columns);
    const room = Math.floor((ROOM - 2 * (Math.max(columns, rows) - 1)) / Math.max(columns, rows));
    const all = Array.from({ length: node.maps }, (_, m) => picture(node.bytes, shape, at * node.maps + m, room));
    return createElement("span", { class: "maps", style: `grid-template-columns: repeat(${columns}, auto)` }, ...all);
  }

  function tableRows(node) {
    const shape = imageShape(node.shape), canvas = createElement("canvas", { "aria-hidden": "true" });
    paintImage(canvas, node.bytes, shape);
    const height = ROOM / shape.height;
    Object.assign(canvas.style, { width: `${ROOM}px`, height: `${ROOM}px` });
    const mark = createElement("i", { style: `top: ${at * height - 2}px; height: ${height + 4}px` });
    return createElement("span", { class: "row" }, canvas, mark);
  }

  function showBars(node, values, spread) {
    const width = 100, height = ROOM, x = axisScale(-0.5, values.length - 0.5, 6, width - 6);
    const y = (v) => height / 2 - (height / 7) * clamp(v, -3.3, 3.3);
    const line = (attributes) => createSvg("line", attributes);
    const svg = createSvg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" },
      line({ class: "zero", x1: 2, x2: width - 2, y1: height / 2, y2: height / 2 }),
      ...values.flatMap((v, i) => (spread
        ? [line({ class: "wide", x1: x(i), x2: x(i), y1: y(v - spread[i]), y2: y(v + spread[i]) }),
          createSvg("circle", { cx: x(i), cy: y(v), r: 1.75 })]
        : [line({ class: "bar", x1: x(i), x2: x(i), y1: height / 2, y2: y(v) })])));
    node.body.replaceChildren(svg);
    const text = values.slice(0, 4).map((v, i) => `${node.names[i] ?? ""} ${formatNumber(v)}`).join(", ");
    const more = values.length > 4 ? " …" : "";
    node.button.setAttribute("aria-label", `${node.title}: ${text}${more}. ${node.lines.join(", ")}`);
  }

  function showAll() {
    for (const timer of timers) clearTimeout(timer);
    timers = [];
    for (const node of nodes) {
      node.button.classList.remove("waits", "beat");
      showNode(node);
    }
    if (position) showPosition();
  }

  function press() {
    for (const [k, button] of [...choice.children].entries()) button.setAttribute("aria-pressed", String(k === at));
  }

  // Another image runs through the model: each part shows it a moment after the part before.
  function goTo(k) {
    at = k;
    figure.dataset.at = at;
    press();
    if (prefersLessMotion()) showAll();
    else {
      const current = ++run;
      for (const timer of timers) clearTimeout(timer);
      for (const node of nodes) node.button.classList.add("waits");
      timers = nodes.flatMap((node, i) => [
        setTimeout(() => {
          if (current !== run) return;
          showNode(node);
          node.button.classList.remove("waits");
          node.button.classList.add("beat");
        }, i * STRIDE),
        setTimeout(() => node.button.classList.remove("beat"), i * STRIDE + 3 * STRIDE)]);
    }
    if (props.chosen) view.send("part", { part: props.chosen, at }); // its numbers are those of the image shown
  }

  // The sliders of the page: z follows at once; the layers after z are computed when the sliders rest.
  function follow() {
    unsubscribe?.();
    unsubscribe = null;
    position = null;
    if (!props.follows) return;
    unsubscribe = subscribe(`position:${props.follows}`, (values) => {
      if (samePlace(position, values)) return;
      position = [...values];
      showSoon();
      ask();
    });
    publish(`askPosition:${props.follows}`, (values) => { position = [...values]; });
  }

  // Asks for the layers at the sliders' place: not while a pointer is down, nor while nobody sees them.
  function ask() {
    clearTimeout(rest);
    if (!position || pressed || !seen || samePlace(position, props.place)) return;
    rest = setTimeout(() => { if (!pressed) view.send("place", Date.now()); }, REST);
  }

  // Once a frame, and not while nobody sees it: the picture beside the sliders comes first.
  function showSoon() {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => { if (seen && position) showPosition(); });
  }

  function showPosition() {
    const stale = !samePlace(position, props.place);
    let after = false;
    for (const node of nodes) {
      if (node.live) showBars(node, props.dims.map((k) => position[k]), null);
      else if (after) node.button.classList.toggle("waits", stale);
      after ||= node.live;
    }
  }

  choice.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    goTo((at + step + props.count) % props.count);
    choice.children[at].focus();
  });

  // The arrow of a group whose successor stands in the next line points downwards.
  function turn() {
    const boxes = [...groups.children];
    boxes.forEach((box, k) => box.classList.toggle("turns", boxes[k + 1]?.offsetTop > box.offsetTop));
  }
  const watch = new ResizeObserver(turn);
  watch.observe(figure);

  const hold = () => { pressed = true; }, release = () => { pressed = false; ask(); };
  window.addEventListener("pointerdown", hold, true);
  for (const end of ["pointerup", "pointercancel"]) window.addEventListener(end, release, true);
  const glance = new IntersectionObserver((entries) => {
    seen = entries[entries.length - 1].isIntersecting;
    showSoon();
    ask();
  });
  glance.observe(figure);

  function stop() {
    glance.disconnect();
    watch.disconnect();
    window.removeEventListener("pointerdown", hold, true);
    for (const end of ["pointerup", "pointercancel"]) window.removeEventListener(end, release, true);
    for (const timer of timers) clearTimeout(timer);
    clearTimeout(rest);
    cancelAnimationFrame(frame);
    unsubscribe?.();
    removeView(root);
  }
  return view;
}
