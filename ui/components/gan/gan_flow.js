const STRIDE = 420; // ms that an image takes from one part to the next
const REST = 1600; // ms between two rounds while playing
const BEAT = 260; // ms that a part lights up when an image arrives
const ROOM = 84; // CSS pixels a side of an image
const WIDE = 1000; // CSS pixels of the figure from which every idea stands in one line

// A part: its idea, its name for the code, its column on a wide page, the role that colours it, its form, the stream
// that it shows, its label.
const PARTS = [
  ["source", "real", 1, "real", "image", "images", "image x"],
  ["source", "encoder", 2, "encoder", "narrowing", null, "encoder"],
  ["source", "posterior", 3, "latent", "spread", "mean", "μ and σ"],
  ["source", "latent", 4, "latent", "stems", "z", "z"],
  ["source", "decoder", 5, "decoder", "widening", null, "decoder"],
  ["source", "reconstruction", 6, "decoder", "image", "decoded", "image x̂"],
  ["alone", "noise", 4, "latent", "stems", "noise", "z, drawn"],
  ["alone", "decoder", 5, "decoder", "widening", null, "decoder"],
  ["alone", "picture", 6, "decoder", "image", "before", "new image"],
  ["gan", "noise", 4, "latent", "stems", "noise", "the same z"],
  ["gan", "generator", 5, "decoder", "widening", null, "generator"],
  ["gan", "fake", 6, "generated", "image", "after", "generated"],
  ["gan", "real", 1, "real", "image", "images", "real image"],
  ["gan", "discriminator", 7, "discriminator", "narrowing", null, "discriminator"],
  ["gan", "verdict", 8, "discriminator", "verdicts", null, "its verdicts"],
].map(([idea, part, column, role, form, stream, name]) => ({ idea, part, column, role, form, stream, name }));
const IDEAS = [["source", "1", "VAE"], ["alone", "2", "Its decoder, taken out"], ["gan", "3", "GAN"]];
const GHOSTS = [[1, "image"], [2, "encoder"], [3, "μ and σ"]];
// Arrows between parts, by their indices in PARTS, with the stride of a round in which an image moves along them.
const ARROWS = [
  [0, 1, 0], [1, 2, 1], [2, 3, 2], [3, 4, 3], [4, 5, 4], [6, 7, 0], [7, 8, 1], [9, 10, 0], [10, 11, 1], [11, 13, 2],
  [12, 13, 2], [13, 14, 3],
];
const STARTS = [0, 6, 9, 12]; // parts where a round begins
const BAND = [4, 10]; // the decoder and the generator, first and last part inside the band
const NETWORKS = { narrowing: "1,1 111,20 111,64 1,83", widening: "1,20 111,1 111,83 1,64" };

export default function ({ data, parentElement, setTriggerValue }) {
  const view = getOrCreate(parentElement, () => start(parentElement));
  view.send = (part) => queueMessage(() => setTriggerValue("part", part));
  view.accept(data);
  return cleanup(parentElement, view.stop);
}

// The decoder and the generator are one network; the z that both get is one draw.
function sameThing(a, b) {
  const network = ["decoder", "generator"];
  return a === b || (network.includes(a) && network.includes(b));
}

// The path of an arrow between two boxes and its tip: [x, y, direction x, direction y].
function arrowPath(a, b, below) {
  if (below) { // under the generator's line: the images that the encoder once read now go to D
    const low = a.bottom + 16;
    return { d: `M ${a.x} ${a.bottom + 3} V ${low - 8} q 0 8 8 8 H ${b.x - 8} q 8 0 8 -8 V ${b.bottom - 8}`,
      tip: [b.x, b.bottom - 12, 0, -1] };
  }
  if (Math.abs(a.y - b.y) < 20 && b.left > a.right) {
    return { d: `M ${a.right + 4} ${a.y} H ${b.left - 6}`, tip: [b.left - 4, b.y, 1, 0] };
  }
  // To the next line of a narrow page.
  const down = b.y > a.y, from = down ? a.bottom + 4 : a.top - 4, to = down ? b.top - 24 : b.bottom + 6;
  const turn = down ? to - 4 : to + 4, straight = Math.abs(a.x - b.x) < 8;
  return { d: straight ? `M ${a.x} ${from} V ${to}` : `M ${a.x} ${from} V ${turn} H ${b.x} V ${to}`,
    tip: [b.x, down ? b.top - 20 : b.bottom + 3, 0, down ? 1 : -1] };
}

// Corners of an arrow's tip as SVG has them.
function tipCorners([x, y, dx, dy], length = 8, side = 4.5) {
  const [left, top] = [x - dx * length, y - dy * length];
  return `${x},${y} ${left - dy * side},${top - dx * side} ${left + dy * side},${top + dx * side}`;
}

// Slow at the start and at the end of a way, t from 0 to 1.
const easeInOut = (t) => (t < 0.5 ? 2 * t * t : 1 - 2 * (1 - t) ** 2);

function start(root) {
  const figure = root.querySelector(".flow"), ideas = root.querySelector(".ideas");
  const next = root.querySelector(".next"), play = root.querySelector(".play"), hint = root.querySelector(".hint");
  const view = { send: null, accept, stop };
  let props = null, shape = null, sheets = {}, nodes = [], arrows = [], band = null;
  let at = 0, round = 0, timer = null, playing = false, introduced = false;

  function accept(data) {
    const other = props?.id !== data.id;
    props = data;
    if (other) {
      shape = imageShape(data.shape);
      sheets = Object.fromEntries(Object.entries(data.tiles).map(([name, text]) => [name, decodeBase64(text)]));
      at = 0;
      pause();
      build();
    }
    for (const [role, colour] of Object.entries(data.colours)) figure.style.setProperty(`--${role}`, colour);
    for (const node of nodes) node.button.setAttribute("aria-pressed", String(node.part === data.chosen));
    publish("gan:address"); // the server has just written it
    next.disabled = play.disabled = data.count < 2;
    if (other) {
      nodes.forEach(showPart);
      fit();
      glance.observe(figure);
    }
  }

  function build() {
    band = createElement("div", { class: "band" });
    nodes = PARTS.map(createPart);
    arrows = [];
    ideas.replaceChildren(band, ...IDEAS.map(createIdea));
    hint.textContent = `${touchOr("Tap", "Click")} any part to see its code.`;
  }

  function createPart(spec) {
    const { idea, part, column, role, form } = spec, network = form in NETWORKS;
    const label = props.labels[`${idea}.${part}`] ?? props.labels[part] ?? spec.name;
    const body = createElement("span", { class: "body" });
    const button = createElement("button", { type: "button", class: network ? "part net" : "part", "data-part": part,
      style: `--col: ${column}; --c: var(--${role})`, title: "Show its code" },
      createElement("span", { class: "label", text: label }), body);
    if (network) {
      const attributes = { class: "shape", viewBox: "0 0 112 84", preserveAspectRatio: "none", "aria-hidden": "true" };
      body.append(createSvg("svg", attributes, createSvg("polygon", { points: NETWORKS[form] })),
        createElement("span", { class: "inside", text: props.labels[`${part}.inside`] ?? "" }));
    }
    button.addEventListener("click", () => { view.send(part); scrollToCode(); });
    for (const [event, on] of [["pointerenter", true], ["pointerleave", false], ["focus", true], ["blur", false]]) {
      button.addEventListener(event, () => {
        for (const node of nodes) node.button.toggleAttribute("data-hot", on && sameThing(node.part, part));
      });
    }
    return { ...spec, label, button, body };
  }

  function createIdea([idea, number, name]) {
    const parts = createElement("div", { class: "parts" }), title = `${number}  ${props.labels[idea] ?? name}`;
    const svg = createSvg("svg", { class: "ways", "aria-hidden": "true" });
    if (idea === "alone") parts.append(...GHOSTS.map(createGhost));
    parts.append(...nodes.filter((node) => node.idea === idea).map((node) => node.button), svg);
    const goal = props.labels[`${idea}.goal`];
    if (goal) parts.append(createElement("span", { class: "goal", text: goal }));
    for (const [from, to, stride] of ARROWS) {
      if (nodes[from].idea !== idea) continue;
      const path = createSvg("path"), tip = createSvg("polygon", { class: "tip" });
      const fill = `var(--${PARTS[from].role})`;
      const token = createSvg("circle", { class: "token", r: 6, visibility: "hidden", fill });
      svg.append(path, tip, token);
      arrows.push({ from, to, stride, path, tip, token });
    }
    return createElement("div", { class: "idea", "data-idea": idea, role: "group",
      "aria-label": `${number}, ${props.labels[idea] ?? name}` },
      createElement("p", {}, createElement("b", { text: title }),
        createElement("span", { text: props.labels[`${idea}.about`] ?? "" })), parts);
  }

  // A part of the VAE that is missing from its decoder alone.
  function createGhost([column, text]) {
    const box = createElement("i", { style: `width: ${column === 2 ? 112 : 84}px` });
    return createElement("span", { class: "ghost", style: `--col: ${column}`, "aria-hidden": "true" },
      createElement("span", { text }), box);
  }

  function hasContent({ form, stream }) {
    if (form === "verdicts") return Boolean(props.verdicts.fake);
    return stream === null || Boolean(sheets[stream] || props.numbers[stream]);
  }

  // Shows the content of a part in round `at`.
  function showPart(node) {
    const { form, stream, body, button } = node;
    button.classList.remove("waits");
    if (form in NETWORKS) return;
    if (!hasContent(node)) body.replaceChildren(createElement("span", { class: "nothing" }));
    else if (form === "image") {
      let canvas = body.querySelector("canvas");
      if (!canvas) body.replaceChildren(canvas = createElement("canvas", { "aria-hidden": "true" }));
      paintImage(canvas, imageAt(sheets[stream], shape, at), shape);
      setSize(fitImage(shape, ROOM), canvas);
    } else if (form === "verdicts") {
      body.replaceChildren(createElement("span", { class: "says" }, verdict("real"), verdict("fake")));
      button.setAttribute("aria-label", `${node.label}: ${body.innerText.replace(/\s+/g, " ")}. Show its code`);
    } else body.replaceChildren(vectorPlot(form, stream));
  }

  function verdict(kind) {
    const [text, real] = props.verdicts[kind][at], right = real === (kind === "real");
    const judgement = right ? "✓" : kind === "fake" ? "· fooled" : "· wrong";
    return createElement("div", { style: `--k: var(--${kind === "real" ? "real" : "generated"})` },
      createElement("i", { text: kind === "real" ? "real image" : "generated" }),
      createElement("b", { class: "number", text }),
      createElement("small", { text: `D: ${real ? "real" : "generated"} ${judgement}` }));
  }

  function vectorPlot(form, stream) {
    const values = props.numbers[stream][at], widths = form === "spread" ? props.numbers.sigma?.[at] : null;
    const x = axisScale(-0.5, values.length - 0.5, 8, 72), y = (v) => 40 - 12 * clamp(v, -3.2, 3.2);
    const line = (attributes) => createSvg("line", attributes);
    return createSvg("svg", { class: "plot", viewBox: "0 0 80 80", "aria-hidden": "true" },
      line({ class: "zero", x1: 4, x2: 76, y1: 40, y2: 40 }),
      ...values.flatMap((v, i) => {
        const dot = createSvg("circle", { cx: x(i), cy: y(v), r: 3 });
        if (widths) {
          return [line({ class: "wide", x1: x(i), x2: x(i), y1: y(v - widths[i]), y2: y(v + widths[i]) }), dot];
        }
        return form === "stems" ? [line({ x1: x(i), x2: x(i), y1: 40, y2: y(v) }), dot] : [dot];
      }));
  }

  function boxOf(node, frame) {
    const box = node.body.getBoundingClientRect();
    const [left, right] = [box.left - frame.left, box.right - frame.left];
    const [top, bottom] = [box.top - frame.top, box.bottom - frame.top];
    return { left, right, top, bottom, x: (left + right) / 2, y: (top + bottom) / 2 };
  }

  function fit() {
    if (!props || !figure.clientWidth) return;
    for (const arrow of arrows) {
      const from = nodes[arrow.from], to = nodes[arrow.to], frame = arrow.path.ownerSVGElement.getBoundingClientRect();
      const below = from.part === "real" && from.idea === "gan" && figure.clientWidth >= WIDE;
      const { d, tip } = arrowPath(boxOf(from, frame), boxOf(to, frame), below);
      arrow.path.setAttribute("d", d);
      arrow.tip.setAttribute("points", tipCorners(tip));
      arrow.faint = !hasContent(from) || !hasContent(to) || (from.idea === "source" && !sheets.decoded);
      for (const mark of [arrow.path, arrow.tip]) mark.classList.toggle("faint", arrow.faint);
    }
    const frame = ideas.getBoundingClientRect();
    const [first, last] = BAND.map((i) => nodes[i].button.getBoundingClientRect());
    Object.assign(band.style, { left: `${first.left - frame.left - 12}px`, width: `${first.width + 24}px`,
      top: `${first.top - frame.top - 6}px`, height: `${last.bottom - first.top + 14}px` });
  }

  // One round: the next images set out, and each part shows them when they arrive.
  function playRound() {
    at = (at + 1) % props.count;
    figure.dataset.at = at;
    const current = ++round;
    if (prefersLessMotion()) {
      nodes.forEach(showPart);
      if (playing) timer = setTimeout(playRound, 3 * REST);
      return;
    }
    // What follows from the new images is not there yet: its place is blank until it arrives, since an old x̂ beside
    // a new x looks like a wrong reconstruction.
    for (const arrow of arrows) nodes[arrow.to].button.classList.add("waits");
    for (const i of STARTS) showPart(nodes[i]);
    const began = performance.now(), arrived = new Set();
    (function step(now) {
      if (current !== round || !figure.isConnected) return;
      for (const arrow of arrows) moveToken(arrow, (now - began) / STRIDE - arrow.stride, arrived);
      if (arrived.size < arrows.length) requestAnimationFrame(step);
      else if (playing) timer = setTimeout(playRound, REST);
    })(began);
  }

  // Moves the token of an arrow to `part` of its way; at the end the part that it leads to shows its image.
  function moveToken(arrow, part, arrived) {
    const moving = part >= 0 && part < 1 && !arrow.faint;
    if (moving) {
      const { x, y } = arrow.path.getPointAtLength(arrow.path.getTotalLength() * easeInOut(part));
      setAttributes(arrow.token, { cx: x, cy: y });
    }
    arrow.token.setAttribute("visibility", moving ? "visible" : "hidden");
    if (part < 1 || arrived.has(arrow)) return;
    arrived.add(arrow);
    showPart(nodes[arrow.to]);
    const { classList } = nodes[arrow.to].button;
    classList.add("beat");
    setTimeout(() => classList.remove("beat"), BEAT);
  }

  function pause() {
    playing = false;
    clearTimeout(timer);
    play.textContent = "Play";
    play.setAttribute("aria-pressed", "false");
  }

  // The code appears below the images: scrolls to it once the page has drawn it.
  function scrollToCode() {
    const old = document.querySelector(".st-key-gan_code pre")?.textContent;
    const behavior = prefersLessMotion() ? "auto" : "smooth";
    let tries = 0;
    (function look() {
      const place = document.querySelector(".st-key-gan_code"), now = place?.querySelector("pre")?.textContent;
      if (now && now !== old) place.scrollIntoView({ block: "nearest", behavior });
      else if (tries++ < 40) setTimeout(look, 50);
    })();
  }

  next.addEventListener("click", () => { pause(); playRound(); });
  play.addEventListener("click", () => {
    if (playing) return pause();
    playing = true;
    play.textContent = "Pause";
    play.setAttribute("aria-pressed", "true");
    playRound();
  });
  const watch = new ResizeObserver(fit);
  watch.observe(figure);
  // When the figure first comes into sight, one round is played.
  const glance = new IntersectionObserver((entries) => {
    if (introduced || !entries.some((e) => e.isIntersecting) || props.count < 2 || prefersLessMotion()) return;
    introduced = true;
    timer = setTimeout(playRound, 900);
  }, { threshold: 0.4 });

  function stop() {
    pause();
    round++;
    watch.disconnect();
    glance.disconnect();
    removeView(root);
  }
  return view;
}
