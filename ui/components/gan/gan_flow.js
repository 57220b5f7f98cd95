const STRIDE = 420; // ms a picture takes from one part to the next
const REST = 1600; // ms between two rounds while playing
const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
const SVG = "http://www.w3.org/2000/svg";

// A part: its idea, its name for the code, its place on a wide page, its role's colour, its shape, what flows into it.
const PARTS = [
  ["vae", "real", 1, "real", "tile", "images", "image x"],
  ["vae", "encoder", 2, "encoder", "narrowing", null, "encoder"],
  ["vae", "posterior", 3, "latent", "spread", "mean", "μ and σ"],
  ["vae", "latent", 4, "latent", "stems", "z", "z"],
  ["vae", "decoder", 5, "decoder", "widening", null, "decoder"],
  ["vae", "reconstruction", 6, "decoder", "tile", "decoded", "image x̂"],
  ["alone", "noise", 4, "latent", "stems", "noise", "z, drawn"],
  ["alone", "decoder", 5, "decoder", "widening", null, "decoder"],
  ["alone", "picture", 6, "decoder", "tile", "before", "new image"],
  ["gan", "noise", 4, "latent", "stems", "noise", "the same z"],
  ["gan", "generator", 5, "decoder", "widening", null, "generator"],
  ["gan", "fake", 6, "generated", "tile", "after", "generated"],
  ["gan", "real", 1, "real", "tile", "images", "real image"],
  ["gan", "discriminator", 7, "discriminator", "narrowing", null, "discriminator"],
  ["gan", "verdict", 8, "discriminator", "says", null, "its verdicts"],
];
const IDEAS = [["vae", "1", "VAE"], ["alone", "2", "Its decoder, taken out"], ["gan", "3", "GAN"]];
const GHOSTS = [[1, "image"], [2, "encoder"], [3, "μ and σ"]];
// Which parts hand on to which, by their places in PARTS, with the stride of a round in which it happens.
const WAYS = [[0, 1, 0], [1, 2, 1], [2, 3, 2], [3, 4, 3], [4, 5, 4], [6, 7, 0], [7, 8, 1], [9, 10, 0], [10, 11, 1], [11, 13, 2], [12, 13, 2], [13, 14, 3]];
const SHAPES = { narrowing: "1,1 111,20 111,64 1,83", widening: "1,20 111,1 111,83 1,64" };

export default function ({ data, parentElement, setTriggerValue }) {
  const view = recall(parentElement, () => start(parentElement));
  view.pick = (part) => post(() => setTriggerValue("part", part));
  view.accept(data);
  return parting(parentElement, view.stop);
}

function start(root) {
  const figure = root.querySelector(".flow"), ideas = root.querySelector(".ideas");
  const next = root.querySelector(".next"), play = root.querySelector(".play"), hint = root.querySelector(".hint");
  const view = { pick: null, accept, stop };
  let facts = null, sheets = {}, nodes = [], ways = [], band = null, at = 0, round = 0, timer = null, playing = false, seen = false;

  function accept(data) {
    const other = facts?.id !== data.id;
    facts = data;
    if (other) {
      sheets = Object.fromEntries(Object.entries(data.tiles).map(([name, text]) => [name, bytes(text)]));
      at = 0;
      halt();
      build();
    }
    for (const [role, colour] of Object.entries(data.colours)) figure.style.setProperty(`--${role}`, colour);
    for (const node of nodes) node.button.setAttribute("aria-pressed", String(node.part === data.chosen));
    publish("gan:address"); // it was written just before
    next.disabled = play.disabled = data.count < 2;
    if (other) { nodes.forEach((_, i) => fill(i)); fit(); glance.observe(figure); }
  }

  function build() {
    band = make("div", { class: "band" });
    nodes = PARTS.map(([idea, part, column, role, shape, stream, name]) => {
      const body = make("span", { class: "body" }), label = facts.labels[`${idea}.${part}`] ?? facts.labels[part] ?? name;
      const net = shape in SHAPES;
      const button = make("button", { type: "button", class: net ? "part net" : "part", "data-part": part, style: `--col: ${column}; --c: var(--${role})`, title: "Show its code" }, make("span", { class: "label", text: label }), body);
      if (net) {
        const svg = element("svg", { class: "shape", viewBox: "0 0 112 84", preserveAspectRatio: "none", "aria-hidden": "true" });
        svg.append(element("polygon", { points: SHAPES[shape] }));
        body.append(svg, make("span", { class: "inside", text: facts.labels[`${part}.inside`] ?? "" }));
      }
      button.addEventListener("click", () => { view.pick(part); show(); });
      for (const [event, on] of [["pointerenter", true], ["pointerleave", false], ["focus", true], ["blur", false]]) {
        button.addEventListener(event, () => nodes.forEach((n) => n.button.toggleAttribute("data-hot", on && kin(n.part, part))));
      }
      return { idea, part, shape, stream, label, button, body };
    });
    ways = [];
    ideas.replaceChildren(band, ...IDEAS.map(([idea, number, name]) => {
      const parts = make("div", { class: "parts" }), svg = element("svg", { class: "ways", "aria-hidden": "true" });
      if (idea === "alone") for (const [column, text] of GHOSTS) parts.append(make("span", { class: "ghost", style: `--col: ${column}`, "aria-hidden": "true" }, make("span", { text }), make("i", { style: `width: ${column === 2 ? 112 : 84}px` })));
      parts.append(...nodes.filter((n) => n.idea === idea).map((n) => n.button), svg);
      const goal = facts.labels[`${idea}.goal`];
      if (goal) parts.append(make("span", { class: "goal", text: goal }));
      WAYS.forEach(([from, to, stride]) => {
        if (nodes[from].idea !== idea) return;
        const path = element("path", {}), tip = element("polygon", { class: "tip" }), token = element("circle", { class: "token", r: "6", visibility: "hidden", fill: `var(--${PARTS[from][3]})` });
        svg.append(path, tip, token);
        ways.push({ from, to, stride, path, tip, token });
      });
      return make("div", { class: "idea", "data-idea": idea, role: "group", "aria-label": `${number}, ${facts.labels[idea] ?? name}` },
        make("p", {}, make("b", { text: `${number}  ${facts.labels[idea] ?? name}` }), make("span", { text: facts.labels[`${idea}.about`] ?? "" })), parts);
    }));
    hint.textContent = "Every part is a button: it shows the code that runs.";
  }

  // The decoder and the generator are one network; the z that both are given is one draw.
  const kin = (a, b) => a === b || (["decoder", "generator"].includes(a) && ["decoder", "generator"].includes(b));
  const known = (node) => node.shape === "says" ? facts.said.fake : node.stream === null || sheets[node.stream] || facts.numbers[node.stream];

  // What a part shows of round `at`.
  function fill(i) {
    const node = nodes[i], { shape, stream, body, button } = node;
    if (shape in SHAPES) return;
    if (!known(node)) {
      body.replaceChildren(make("span", { class: "nothing" }));
      return;
    }
    if (shape === "tile") {
      let canvas = body.querySelector("canvas");
      if (!canvas) body.replaceChildren(canvas = make("canvas", { "aria-hidden": "true" }));
      paint(canvas, sheets[stream].subarray(at * TILE * TILE, (at + 1) * TILE * TILE));
    } else if (shape === "says") {
      body.replaceChildren(make("span", { class: "says" }, ...["real", "fake"].map((kind) => {
        const [text, yes] = facts.said[kind][at];
        const right = yes === (kind === "real");
        return make("div", { style: `--k: var(--${kind === "real" ? "real" : "generated"})` }, make("i", { text: kind === "real" ? "real image" : "generated" }), make("b", { class: "number", text }), make("small", { text: `says ${yes ? "real" : "generated"} ${right ? "✓" : kind === "fake" ? "· fooled" : "· wrong"}` }));
      })));
      button.setAttribute("aria-label", `${node.label}: ${body.innerText.replace(/\s+/g, " ")}. Show its code`);
    } else body.replaceChildren(plot(shape, stream));
  }

  function plot(shape, stream) {
    const svg = element("svg", { class: "plot", viewBox: "0 0 80 80", "aria-hidden": "true" });
    const values = facts.numbers[stream][at], widths = shape === "spread" ? facts.numbers.sigma?.[at] : null;
    const x = (i) => 8 + (64 * (i + 0.5)) / values.length, y = (v) => 40 - 12 * Math.max(-3.2, Math.min(3.2, v));
    svg.append(element("line", { class: "zero", x1: 4, x2: 76, y1: 40, y2: 40 }));
    values.forEach((v, i) => {
      if (widths) svg.append(element("line", { class: "wide", x1: x(i), x2: x(i), y1: y(v - widths[i]), y2: y(v + widths[i]) }));
      else if (shape === "stems") svg.append(element("line", { x1: x(i), x2: x(i), y1: 40, y2: y(v) }));
      svg.append(element("circle", { cx: x(i), cy: y(v), r: 3 }));
    });
    return svg;
  }

  function fit() {
    if (!facts || !figure.clientWidth) return;
    for (const way of ways) {
      const svg = way.path.ownerSVGElement, frame = svg.getBoundingClientRect();
      const box = (i) => {
        const b = nodes[i].body.getBoundingClientRect();
        return { left: b.left - frame.left, right: b.right - frame.left, top: b.top - frame.top, bottom: b.bottom - frame.top, x: (b.left + b.right) / 2 - frame.left, y: (b.top + b.bottom) / 2 - frame.top };
      };
      const a = box(way.from), b = box(way.to), level = Math.abs(a.y - b.y) < 20, wide = figure.clientWidth >= 1000;
      let d, tip;
      if (nodes[way.from].part === "real" && nodes[way.from].idea === "gan" && wide) {
        const low = a.bottom + 16; // under the generator's line: the images that the encoder once read now go to D
        d = `M ${a.x} ${a.bottom + 3} V ${low - 8} q 0 8 8 8 H ${b.x - 8} q 8 0 8 -8 V ${b.bottom - 8}`;
        tip = [b.x, b.bottom - 12, 0, -1];
      } else if (level && b.left > a.right) {
        d = `M ${a.right + 4} ${a.y} H ${b.left - 6}`;
        tip = [b.left - 4, b.y, 1, 0];
      } else { // on to the next line of a narrow page
        const down = b.y > a.y, from = down ? a.bottom + 4 : a.top - 4, to = down ? b.top - 24 : b.bottom + 6, mid = down ? to - 4 : to + 4;
        d = Math.abs(a.x - b.x) < 8 ? `M ${a.x} ${from} V ${to}` : `M ${a.x} ${from} V ${mid} H ${b.x} V ${to}`;
        tip = [b.x, down ? b.top - 20 : b.bottom + 3, 0, down ? 1 : -1];
      }
      way.path.setAttribute("d", d);
      const [x, y, dx, dy] = tip, back = 8, side = 4.5;
      way.tip.setAttribute("points", `${x},${y} ${x - dx * back - dy * side},${y - dy * back - dx * side} ${x - dx * back + dy * side},${y - dy * back + dx * side}`);
      const faint = !known(nodes[way.from]) || !known(nodes[way.to]) || (nodes[way.from].idea === "vae" && !sheets.decoded);
      for (const mark of [way.path, way.tip]) mark.classList.toggle("faint", faint);
      way.faint = faint;
    }
    const frame = ideas.getBoundingClientRect(), top = nodes[4].button.getBoundingClientRect(), end = nodes[10].button.getBoundingClientRect();
    Object.assign(band.style, { left: `${top.left - frame.left - 12}px`, width: `${top.width + 24}px`, top: `${top.top - frame.top - 6}px`, height: `${end.bottom - top.top + 14}px` });
  }

  // One round: the next images set out, and each part shows them when they arrive.
  function go() {
    at = (at + 1) % facts.count;
    figure.dataset.at = at;
    const mine = ++round;
    if (calm()) {
      nodes.forEach((_, i) => fill(i));
      if (playing) timer = setTimeout(go, 3 * REST);
      return;
    }
    for (const i of [0, 6, 9, 12]) fill(i); // where a round begins
    const began = performance.now();
    const arrived = new Set();
    (function step(now) {
      if (mine !== round || !figure.isConnected) return;
      const t = (now - began) / STRIDE;
      for (const way of ways) {
        const part = t - way.stride;
        if (part >= 0 && part < 1 && !way.faint) {
          const p = way.path.getPointAtLength(way.path.getTotalLength() * (part < 0.5 ? 2 * part * part : 1 - 2 * (1 - part) ** 2));
          way.token.setAttribute("cx", p.x);
          way.token.setAttribute("cy", p.y);
        }
        way.token.setAttribute("visibility", part >= 0 && part < 1 && !way.faint ? "visible" : "hidden");
        if (part >= 1 && !arrived.has(way)) {
          arrived.add(way);
          fill(way.to);
          const { classList } = nodes[way.to].button;
          classList.add("beat");
          setTimeout(() => classList.remove("beat"), 260);
        }
      }
      if (arrived.size < ways.length) requestAnimationFrame(step);
      else if (playing) timer = setTimeout(go, REST);
    })(began);
  }

  function halt() {
    playing = false;
    clearTimeout(timer);
    play.textContent = "Play";
    play.setAttribute("aria-pressed", "false");
  }

  // The code appears below the pictures: bring it into sight once the page has drawn it.
  function show() {
    const old = document.querySelector(".st-key-gan_code pre")?.textContent;
    let tries = 0;
    (function look() {
      const place = document.querySelector(".st-key-gan_code"), now = place?.querySelector("pre")?.textContent;
      if (now && now !== old) place.scrollIntoView({ block: "nearest", behavior: calm() ? "auto" : "smooth" });
      else if (tries++ < 40) setTimeout(look, 50);
    })();
  }

  next.addEventListener("click", () => { halt(); go(); });
  play.addEventListener("click", () => {
    if (playing) return halt();
    playing = true;
    play.textContent = "Pause";
    play.setAttribute("aria-pressed", "true");
    go();
  });
  const watch = new ResizeObserver(fit);
  watch.observe(figure);
  // Once, when it first comes into sight, a round sets out by itself.
  const glance = new IntersectionObserver((entries) => {
    if (seen || !entries.some((e) => e.isIntersecting) || facts.count < 2 || calm()) return;
    seen = true;
    timer = setTimeout(go, 900);
  }, { threshold: 0.4 });

  function stop() {
    halt();
    round++;
    watch.disconnect();
    glance.disconnect();
    memory.delete(root);
  }
  return view;
}

function element(tag, attributes) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}
