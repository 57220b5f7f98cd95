const VERDICT_HEIGHT = 12; // CSS pixels
const SIDE = 84, ALONE = 112; // CSS pixels a side of an image in several lines, and of one in the only line of a stage
const NAMES = 168; // CSS pixels of the names beside the lines, with their gap
const WIDE = 860, ROOMY = 640; // CSS pixels of the figure from which rows have names beside them, and eight columns

export default function ({ data, parentElement }) {
  const view = getOrCreate(parentElement, () => start(parentElement));
  view.accept(data);
  return cleanup(parentElement, view.stop);
}

// Signed values from −127 to 127 as pixels, RGBA. Grey images: the colour shows the sign, the opacity the size. Colour
// images: the values on middle grey, so that a change of the hue alone does not cancel out.
function paintSigned(pixels, values, channels, more, less) {
  for (let i = 0; i < values.length / channels; i++) {
    if (channels === 1) pixels.set([...(values[i] > 0 ? more : less), Math.min(255, 2 * Math.abs(values[i]))], 4 * i);
    else pixels.set([0, 1, 2].map((c) => 128 + values[3 * i + c]).concat(255), 4 * i);
  }
}

function start(root) {
  const figure = root.querySelector(".steps"), which = root.querySelector(".which");
  const stages = root.querySelector(".stages"), caption = root.querySelector(".caption");
  const back = root.querySelector(".back"), next = root.querySelector(".next");
  const rows = root.querySelector(".rows"), numbers = root.querySelector(".facts");
  const view = { accept, stop };
  let props = null, shape = null, walk = null, at = 0, size = null, columns = 8, moved = false;

  function accept(data) {
    const first = props === null;
    props = data;
    shape = imageShape(data.shape);
    if (first || !(walk in data.walks)) [walk, at] = [data.start, data.at];
    for (const [role, colour] of Object.entries(data.colours)) figure.style.setProperty(`--${role}`, colour);
    which.hidden = Object.keys(data.walks).length < 2;
    which.replaceChildren(...Object.entries(data.titles).map(([name, [text, role]]) => {
      const style = `--c: var(--${role})`;
      const button = createElement("button", { type: "button", "data-name": name, text, style });
      button.addEventListener("click", () => goTo(name, 0));
      return button;
    }));
    fit();
    updateAddress();
  }

  const stageList = () => props.walks[walk];
  const otherWalk = () => Object.keys(props.walks).find((name) => name !== walk);
  const isLast = () => at === stageList().length - 1;

  function goTo(name, k) {
    walk = name;
    at = clamp(k, 0, stageList().length - 1);
    moved = true;
    updateAddress();
    show();
  }

  // The address follows without a message to the server: a link or a reload leads back to this stage. The server
  // overwrites it whenever another part of the page writes its own; then it is written again.
  function updateAddress() {
    if (moved) setAddress(props.query, `${walk.toLowerCase()}${at + 1}`);
  }
  const unsubscribe = subscribe("gan:address", updateAddress);

  function show() {
    const stage = stageList()[at], focused = stages.contains(figure.getRootNode().activeElement);
    size = imageSize(stage.rows.length);
    figure.dataset.walk = walk;
    figure.dataset.at = at;
    for (const button of which.children) button.setAttribute("aria-pressed", String(button.dataset.name === walk));
    stages.replaceChildren(...stageList().map((s, k) => {
      const button = createElement("button", { type: "button", text: `${k + 1} ${s.name}`,
        style: `--c: var(--${s.role})`, "aria-current": k === at ? "step" : false });
      button.addEventListener("click", () => goTo(walk, k));
      return createElement("li", {}, button);
    }));
    if (focused) stages.children[at].firstChild.focus(); // drawn anew: the keyboard focus stays where it was
    back.disabled = at === 0;
    const other = otherWalk();
    next.disabled = isLast() && other === undefined;
    next.textContent = isLast() && other !== undefined ? `On to ${props.titles[other][0]}` : "Next";
    caption.textContent = stage.caption;
    numbers.textContent = stage.facts;
    const content = stage.rows.map((r) => (r.kind === "bars" ? lengths(r) : row(r)));
    if (stage.rows.some((r) => r.kind === "heat")) content.push(heatKey());
    rows.replaceChildren(...content);
  }

  function lengths(r) {
    const most = Math.max(...r.values.map(([, v]) => v)) || 1;
    const bars = r.values.flatMap(([name, v]) => [
      createElement("span", { text: name }),
      createElement("span", {}, createElement("i", { style: `width: ${(100 * v) / most}%` })),
      createElement("span", { class: "number", text: formatNumber(v) })]);
    return createElement("div", { class: "lengths", style: `--c: var(--${r.role})` }, ...bars);
  }

  function row(r) {
    const cells = Array.from({ length: Math.min(columns, r.count) }, (_, k) => {
      const content = r.kind === "stems" ? stems(r.values[k], r.spread?.[k]) : image(r, k);
      const cell = createElement("div", { class: "cell", style: `width: ${size.width}px` }, content);
      if (r.marks[k]) cell.append(verdict(r.marks[k]));
      if (r.notes[k]) cell.append(createElement("span", { class: "number", text: r.notes[k] }));
      return cell;
    });
    return createElement("div", { class: "row", role: "group", "aria-label": r.name, style: `--c: var(--${r.role})` },
      createElement("span", { class: "name", text: r.name }), createElement("div", { class: "cells" }, ...cells));
  }

  function image(r, k) {
    const note = r.notes[k] ? `: ${r.notes[k]}` : "";
    const canvas = createElement("canvas", { role: "img", class: r.kind, "aria-label": `${r.name}, ${k + 1}${note}` });
    setSize(size, canvas);
    r.bytes ??= decodeBase64(r.values);
    const part = imageAt(r.bytes, shape, k);
    if (r.kind === "image") paintImage(canvas, part, shape);
    else paintHeat(canvas, new Int8Array(part.buffer, part.byteOffset, part.length));
    return canvas;
  }

  function paintHeat(canvas, values) {
    [canvas.width, canvas.height] = [shape.width, shape.height];
    const ctx = canvas.getContext("2d"), pixels = ctx.createImageData(shape.width, shape.height);
    const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
    paintSigned(pixels.data, values, shape.channels, rgb(props.colours.more), rgb(props.colours.less));
    ctx.putImageData(pixels, 0, 0);
  }

  function heatKey() {
    const entry = (role, text) => createElement("span", {},
      createElement("i", { style: `background: var(--${role})` }), text);
    const entries = shape.channels === 1
      ? [entry("more", "brighter"), entry("less", "darker")]
      : ["Grey: no change. Brighter, darker or tinted: what is added to the image."];
    return createElement("div", { class: "key" }, ...entries);
  }

  const drawing = (width, height, ...marks) => createSvg("svg", { width, height, viewBox: `0 0 ${width} ${height}`,
    "aria-hidden": "true" }, ...marks.map(([tag, attributes]) => createSvg(tag, attributes)));

  function stems(values, spread) {
    const { width, height } = size, middle = height / 2;
    const x = axisScale(-0.5, values.length - 0.5, 6, width - 6);
    const y = (v) => middle - (height / 7) * clamp(v, -3.2, 3.2);
    return drawing(width, height,
      ["rect", { class: "box", x: 0.75, y: 0.75, width: width - 1.5, height: height - 1.5, rx: 5 }],
      ["line", { class: "zero", x1: 4, x2: width - 4, y1: middle, y2: middle }],
      ...values.flatMap((v, i) => (spread
        ? [["line", { class: "stem wide", x1: x(i), x2: x(i), y1: y(v - spread[i]), y2: y(v + spread[i]) }],
          ["circle", { class: "dot", cx: x(i), cy: y(v), r: 2.5 }]]
        : [["line", { class: "stem", x1: x(i), x2: x(i), y1: middle, y2: y(v) }]])));
  }

  // D's verdict: left of the line generated, right of it real; dashed where it was before the step.
  function verdict(values) {
    const { width } = size, now = values[values.length - 1], height = VERDICT_HEIGHT;
    const line = (name, x) => ["line", { class: name, x1: x, x2: x, y1: 0, y2: height }];
    return drawing(width, height,
      ["rect", { class: "track", x: 0, y: 2, width, height: height - 4 }],
      ["rect", { class: "fill", x: 0, y: 2, width: width * now, height: height - 4 }],
      ...(values.length > 1 ? [line("was", width * values[0])] : []), line("half", width / 2));
  }

  function fit() {
    if (!props || !figure.clientWidth) return;
    columns = figure.clientWidth >= ROOMY ? 8 : 4;
    show();
  }

  function imageSize(lines) {
    const room = figure.clientWidth, wide = room >= WIDE, side = lines > 1 ? SIDE : ALONE;
    const width = (room - (wide ? NAMES : 0) - (wide ? 8 : 4) * (columns - 1)) / columns;
    return fitGrid(shape, { width: Math.min(width, side), height: side, most: lines > 1 ? 3 : 4 });
  }

  back.addEventListener("click", () => goTo(walk, at - 1));
  next.addEventListener("click", () => (isLast() ? goTo(otherWalk(), 0) : goTo(walk, at + 1)));
  figure.addEventListener("keydown", (event) => {
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: stageList().length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    goTo(walk, to);
  });
  const watch = new ResizeObserver(fit);
  watch.observe(figure);

  function stop() {
    watch.disconnect();
    unsubscribe();
    removeView(root);
  }
  return view;
}
