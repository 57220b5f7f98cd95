const PICTURES = "http://www.w3.org/2000/svg";

export default function ({ data, parentElement }) {
  const view = recall(parentElement, () => start(parentElement));
  view.accept(data);
  return parting(parentElement, view.stop);
}

function start(root) {
  const figure = root.querySelector(".steps"), which = root.querySelector(".which"), stages = root.querySelector(".stages");
  const back = root.querySelector(".back"), next = root.querySelector(".next");
  const caption = root.querySelector(".caption"), rows = root.querySelector(".rows"), figures = root.querySelector(".facts");
  const view = { accept, stop };
  let facts = null, walk = null, at = 0, size = 84, shown = 8, moved = false;

  function accept(data) {
    const first = facts === null;
    facts = data;
    if (first || !(walk in data.walks)) [walk, at] = [data.start, data.at];
    for (const [role, colour] of Object.entries(data.colours)) figure.style.setProperty(`--${role}`, colour);
    which.replaceChildren(...Object.keys(data.walks).map((name) => {
      const button = make("button", { type: "button", "data-name": name, text: `${name}'s step`, style: `--c: var(--${name === "D" ? "discriminator" : "decoder"})` });
      button.addEventListener("click", () => turn(name, 0));
      return button;
    }));
    fit();
    follow();
  }

  const list = () => facts.walks[walk];

  function turn(name, k) {
    walk = name;
    at = Math.min(list().length - 1, Math.max(0, k));
    moved = true;
    follow();
    show();
  }

  // The address follows without a message to the server: a link or a reload leads back to this stage. The server, which
  // does not know, overwrites it whenever another part of the page writes its own.
  function follow() {
    if (!moved) return;
    const url = new URL(window.location);
    url.searchParams.set(facts.query, `${walk.toLowerCase()}${at + 1}`);
    window.history.replaceState(window.history.state, "", url);
  }
  const leave = subscribe("gan:address", follow);

  function show() {
    const stage = list()[at], held = stages.contains(figure.getRootNode().activeElement);
    figure.dataset.walk = walk;
    figure.dataset.at = at;
    for (const button of which.children) button.setAttribute("aria-pressed", String(button.dataset.name === walk));
    stages.replaceChildren(...list().map((s, k) => {
      const button = make("button", { type: "button", text: `${k + 1} ${s.name}`, style: `--c: var(--${s.role})`, "aria-current": k === at ? "step" : false });
      button.addEventListener("click", () => turn(walk, k));
      return make("li", {}, button);
    }));
    if (held) stages.children[at].firstChild.focus(); // drawn anew: the keyboard stays where it was
    back.disabled = at === 0;
    const other = Object.keys(facts.walks).find((name) => name !== walk);
    next.textContent = at < list().length - 1 ? "Next" : `On to ${other}'s step`;
    caption.textContent = stage.caption;
    figures.textContent = stage.facts;
    rows.replaceChildren(...stage.rows.map(row), ...(stage.rows.some((r) => r.kind === "heat") ? [key()] : []));
  }

  function row(r) {
    if (r.kind === "bars") {
      const most = Math.max(...r.values.map(([, v]) => v)) || 1;
      return make("div", { class: "lengths", style: `--c: var(--${r.role})` }, ...r.values.flatMap(([name, v]) => [
        make("span", { text: name }), make("span", {}, make("i", { style: `width: ${(100 * v) / most}%` })), make("span", { class: "number", text: three(v) })]));
    }
    const cells = Array.from({ length: Math.min(shown, r.count) }, (_, k) => {
      const cell = make("div", { class: "cell", style: `width: ${size}px` }, r.kind === "stems" ? stems(r.values[k]) : tile(r, k));
      if (r.marks[k]) cell.append(mark(r.marks[k]));
      if (r.said[k]) cell.append(make("span", { class: "number", text: r.said[k] }));
      return cell;
    });
    return make("div", { class: "row", role: "group", "aria-label": r.name, style: `--c: var(--${r.role})` }, make("span", { class: "name", text: r.name }), make("div", { class: "cells" }, ...cells));
  }

  function tile(r, k) {
    const canvas = make("canvas", { role: "img", class: r.kind, "aria-label": `${r.name}, ${k + 1}${r.said[k] ? `: ${r.said[k]}` : ""}` });
    canvas.style.width = canvas.style.height = `${size}px`;
    r.bytes ??= bytes(r.values);
    const part = r.bytes.subarray(k * TILE * TILE, (k + 1) * TILE * TILE);
    if (r.kind === "image") paint(canvas, part);
    else warm(canvas, new Int8Array(part.buffer, part.byteOffset, part.length));
    return canvas;
  }

  // Signed values: the colour says the sign, its strength the size.
  function warm(canvas, values) {
    canvas.width = canvas.height = TILE;
    const pen = canvas.getContext("2d"), image = pen.createImageData(TILE, TILE);
    const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
    const more = rgb(facts.colours.more), less = rgb(facts.colours.less);
    values.forEach((v, i) => image.data.set([...(v > 0 ? more : less), Math.min(255, 2 * Math.abs(v))], 4 * i));
    pen.putImageData(image, 0, 0);
  }

  const key = () => make("div", { class: "key" }, make("span", {}, make("i", { style: "background: var(--more)" }), "more ink"), make("span", {}, make("i", { style: "background: var(--less)" }), "less ink"));

  function svg(width, height, ...marks) {
    const node = document.createElementNS(PICTURES, "svg");
    for (const [name, value] of Object.entries({ width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" })) node.setAttribute(name, value);
    node.append(...marks.map(([tag, attributes]) => {
      const mark = document.createElementNS(PICTURES, tag);
      for (const [name, value] of Object.entries(attributes)) mark.setAttribute(name, value);
      return mark;
    }));
    return node;
  }

  function stems(values) {
    const x = (i) => 6 + ((size - 12) * (i + 0.5)) / values.length, mid = size / 2, y = (v) => mid - (size / 7) * Math.max(-3.2, Math.min(3.2, v));
    return svg(size, size, ["rect", { class: "box", x: 0.75, y: 0.75, width: size - 1.5, height: size - 1.5, rx: 5 }], ["line", { class: "zero", x1: 4, x2: size - 4, y1: mid, y2: mid }],
      ...values.map((v, i) => ["line", { class: "stem", x1: x(i), x2: x(i), y1: mid, y2: y(v) }]));
  }

  // D's verdict: left of the line generated, right of it real; dashed where it was before the step.
  function mark(values) {
    const now = values[values.length - 1];
    return svg(size, 12, ["rect", { class: "track", x: 0, y: 2, width: size, height: 8 }], ["rect", { class: "fill", x: 0, y: 2, width: size * now, height: 8 }],
      ...(values.length > 1 ? [["line", { class: "was", x1: size * values[0], x2: size * values[0], y1: 0, y2: 12 }]] : []), ["line", { class: "half", x1: size / 2, x2: size / 2, y1: 0, y2: 12 }]);
  }

  function fit() {
    if (!facts || !figure.clientWidth) return;
    const room = figure.clientWidth, wide = room >= 860;
    shown = room >= 640 ? 8 : 4;
    size = crisp(TILE, (room - (wide ? 170 : 0) - (wide ? 8 : 4) * (shown - 1)) / shown, 3);
    show();
  }

  back.addEventListener("click", () => turn(walk, at - 1));
  next.addEventListener("click", () => {
    if (at < list().length - 1) return turn(walk, at + 1);
    turn(Object.keys(facts.walks).find((name) => name !== walk), 0);
  });
  figure.addEventListener("keydown", (event) => {
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: list().length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    turn(walk, to);
  });
  const watch = new ResizeObserver(fit);
  watch.observe(figure);

  function stop() {
    watch.disconnect();
    leave();
    memory.delete(root);
  }
  return view;
}
