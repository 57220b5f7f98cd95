const PERIOD = 40; // ms a frame while playing: 25 pictures a second
const SHORT = 150; // px, height of a curve

export default function ({ data, parentElement, setTriggerValue }) {
  const view = recall(parentElement, () => start(parentElement));
  view.go = (value) => post(() => setTriggerValue("go", value));
  view.accept(data);
  return parting(parentElement, view.stop);
}

function start(root) {
  const figure = root.querySelector(".path"), heroes = root.querySelector(".heroes");
  const controls = root.querySelector(".controls"), strips = root.querySelector(".strips");
  const plots = root.querySelector(".plots"), read = root.querySelector(".read");
  const ends = [...root.querySelectorAll(".end")];
  const view = { go: null, accept, stop };
  let facts = null, tiles = null, shown = 17, stride = 4;

  const last = () => facts.frames - 1;
  const scrub = scrubber(root, { last, show, label: "Play the way from A to B", period: PERIOD, stride: () => 1, calm: () => Math.round(stride) });
  const tile = (way, k) => tiles.subarray((way * facts.frames + k) * TILE * TILE, (way * facts.frames + k + 1) * TILE * TILE);

  function accept(data) {
    const other = !facts || facts.id !== data.id;
    facts = data;
    if (other) {
      scrub.halt();
      tiles = bytes(data.tiles);
      scrub.at ??= Math.round(last() / 2); // a first look: the middle is where the ways differ
    }
    scrub.at = Math.min(scrub.at, last());
    ends.forEach((end, i) => {
      const canvas = end.querySelector("canvas");
      paint(canvas, bytes(data.ends[i]));
      canvas.title = data.notes[i];
      canvas.setAttribute("aria-label", `${"AB"[i]}, the original: ${data.notes[i]}`);
    });
    build();
    fit();
  }

  const name = (way) => make("p", { class: "name" }, swatch(way), make("span", { text: way.name }));

  function build() {
    heroes.replaceChildren(...facts.ways.map((way) => {
      const canvas = make("canvas", { role: "img", "data-way": way.key });
      const under = make("div", { class: "under" }, make("span", { class: "said number" }));
      if (way.leads) {
        const button = make("button", { type: "button", text: "Generate here", title: `Take this point of the ${way.name} to the Generate page` });
        button.addEventListener("click", () => view.go({ way: way.key, at: scrub.at, n: Date.now() }));
        under.append(button);
      }
      return make("div", { class: "hero" }, name(way), canvas, under);
    }));
    strips.replaceChildren(...facts.ways.flatMap((way) => {
      const film = make("div", { class: "film" }, make("canvas", { role: "img", "aria-label": `${way.name}: frames from A to B` }), make("i"));
      scrub.follow(film, (px, py, width) => ((px / width) * shown - 0.5) * stride);
      return [name(way), film];
    }));
    plots.replaceChildren(...facts.panels.map((panel) => {
      const canvas = make("canvas", { role: "img" });
      scrub.follow(canvas, (px, py, width) => ((px - gap(panel)) / (width - gap(panel) - 8)) * last());
      return make("div", { class: "plot" }, make("p", { class: "title", text: panel.title }), make("div", { class: "values number" }), canvas);
    }));
  }

  function fit() {
    if (!facts || !figure.clientWidth) return;
    const room = figure.clientWidth, wide = room >= 640, between = wide ? 24 : 8, ratio = window.devicePixelRatio || 1;
    // On a laptop picture and scrubber share the first screen with the page's head.
    const tall = wide ? Math.max(224, window.innerHeight - 408) : room;
    const size = crisp(TILE, Math.min((room - 2 * between) / 3, tall, 336));
    heroes.style.minHeight = "0"; // the place is taken
    heroes.querySelectorAll(".hero").forEach((hero) => {
      hero.style.width = `${size}px`;
      const canvas = hero.querySelector("canvas");
      canvas.style.width = canvas.style.height = `${size}px`;
    });
    controls.style.maxWidth = `${Math.max(280, Math.min(room, 3 * size + 2 * between))}px`;
    const names = wide ? 150 : 0;
    shown = [17, 9, 5].find((n) => n <= facts.frames && (n * TILE * (wide ? 1.5 : 1)) <= room - names) ?? 5;
    stride = last() / (shown - 1);
    const width = crisp(shown * TILE, room - names, 2);
    strips.querySelectorAll(".film").forEach((film, way) => {
      const canvas = film.querySelector("canvas"), grey = new Uint8Array(shown * TILE * TILE);
      for (let k = 0; k < shown; k++) {
        const one = tile(way, Math.round(k * stride));
        for (let y = 0; y < TILE; y++) grey.set(one.subarray(y * TILE, (y + 1) * TILE), (y * shown + k) * TILE);
      }
      paint(canvas, grey, shown * TILE, TILE);
      film.style.width = canvas.style.width = `${width}px`;
      canvas.style.height = `${width / shown}px`;
    });
    plots.querySelectorAll("canvas").forEach((canvas) => {
      canvas.width = Math.round(canvas.clientWidth * ratio);
      canvas.height = Math.round(SHORT * ratio);
    });
    show();
  }

  function show() {
    const { at } = scrub, t = at / last();
    scrub.mark(`${Math.round(100 * t)} % of the way from A to B`);
    figure.dataset.at = at;
    heroes.querySelectorAll(".hero").forEach((hero, way) => {
      const canvas = hero.querySelector("canvas"), said = facts.ways[way].said[at] ?? "";
      paint(canvas, tile(way, at));
      canvas.setAttribute("aria-label", `${facts.ways[way].name} at ${t.toFixed(2)}${said && `: looks like ${said}`}`);
      hero.querySelector(".said").textContent = said;
    });
    strips.querySelectorAll(".film i").forEach((mark) => {
      const k = Math.round(at / stride);
      mark.style.left = `${(100 * k) / shown}%`;
      mark.style.width = `${100 / shown}%`;
    });
    plots.querySelectorAll(".plot").forEach((plot, i) => draw(plot, facts.panels[i]));
    read.textContent = at === 0 ? "t = 0 · A as the model sees it, beside the original"
      : at === last() ? "t = 1 · B as the model sees it, beside the original"
      : `t = ${t.toFixed(2)} · frame ${at + 1} of ${facts.frames}`;
  }

  // As many decimals as the panel's axis needs, the same at every position: the numbers do not dance.
  const short = (v, [low, high]) => v.toFixed(Math.max(0, Math.min(6, 2 - Math.floor(Math.log10(high - low))))).replace("-", "−");
  const gap = (panel) => (panel.values ? 40 : 0);

  function range({ values, span, reference }) {
    if (span) return span;
    const all = [...values.flat(), ...(reference ? [reference[0]] : [])].filter(Number.isFinite);
    const low = Math.min(...all), high = Math.max(...all), pad = 0.06 * (high - low) || 0.5;
    return [low >= 0 ? Math.max(0, low - pad) : low - pad, high + pad];
  }

  function draw(plot, panel) {
    const canvas = plot.querySelector("canvas"), values = plot.querySelector(".values"), { at } = scrub;
    const pen = canvas.getContext("2d"), ratio = window.devicePixelRatio || 1, style = getComputedStyle(figure);
    const width = canvas.width / ratio, bottom = SHORT - 22, left = gap(panel), right = width - 8;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, SHORT);
    pen.font = `12px ${style.fontFamily}`;
    pen.fillStyle = style.color;
    pen.strokeStyle = style.color;
    if (!panel.values) {
      values.replaceChildren();
      canvas.setAttribute("aria-label", `${panel.title}: ${panel.waiting}`);
      pen.textAlign = "left";
      pen.textBaseline = "top";
      pen.fillText(panel.waiting, 0, 0, width);
      return;
    }
    const [low, high] = range(panel), x = (k) => left + (k / last()) * (right - left);
    const y = (v) => 6 + (bottom - 6) * (1 - (v - low) / (high - low));
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    for (const v of steps(low, high)) {
      stroke(pen, [[left, y(v)], [right, y(v)]], style.color, 1, [], 0.14);
      pen.fillText(String(v).replace("-", "−"), left - 6, y(v));
    }
    pen.textBaseline = "top";
    pen.textAlign = "left";
    pen.fillText("A", left, bottom + 6);
    pen.textAlign = "center";
    pen.fillText("t", (left + right) / 2, bottom + 6);
    pen.textAlign = "right";
    pen.fillText("B", right, bottom + 6);
    if (panel.reference) {
      const [v, words] = panel.reference;
      stroke(pen, [[left, y(v)], [right, y(v)]], style.color, 1, [2, 3], 0.8);
      pen.textBaseline = y(v) < 24 ? "top" : "bottom";
      pen.fillText(words, right, y(v) + (y(v) < 24 ? 3 : -2));
    }
    panel.values.forEach((row, way) => {
      const { colour, dash } = facts.ways[way];
      stroke(pen, row.map((v, k) => [x(k), y(v)]), colour, 2, dash, 1);
    });
    stroke(pen, [[x(at), 4], [x(at), bottom]], style.color, 1, [], 0.6);
    panel.values.forEach((row, way) => {
      pen.fillStyle = facts.ways[way].colour;
      pen.beginPath();
      pen.arc(x(at), y(row[at]), 3.5, 0, 7);
      pen.fill();
    });
    values.replaceChildren(...panel.values.map((row, way) => make("b", { title: facts.ways[way].name }, swatch(facts.ways[way]), short(row[at], [low, high]))));
    canvas.setAttribute("aria-label", `${panel.title} from A to B. Here: ${facts.ways.map((w, i) => `${w.name} ${short(panel.values[i][at], [low, high])}`).join(", ")}`);
  }

  const watch = new ResizeObserver(fit);
  watch.observe(figure);

  function stop() {
    scrub.stop();
    watch.disconnect();
    memory.delete(root);
  }
  return view;
}
