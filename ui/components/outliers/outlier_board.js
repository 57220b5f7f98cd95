const BINS = 56, TALL = 44; // bars across, and the height of a row in CSS pixels

export default function ({ data, parentElement, setStateValue }) {
  const view = recall(parentElement, () => start(parentElement));
  view.say = (value) => post(() => setStateValue("quantile", value));
  view.accept(data);
  return parting(parentElement, view.stop);
}

function start(root) {
  const figure = root.querySelector(".outlier-board"), rows = root.querySelector(".rows");
  const axis = root.querySelector(".axis"), slider = root.querySelector("input"), peek = root.querySelector(".peek");
  const view = { say: null, accept, stop };
  let facts = null, tiles = null, counts = [], quantile = 95, line = 0, at = null, pace = 0, wide = false;

  function accept(data) {
    if (data === facts) return;
    const other = !facts || facts.id !== data.id;
    facts = data;
    quantile = data.quantile;
    if (other) {
      tiles = bytes(data.tiles);
      counts = data.rows.map(({ scores }) => {
        const found = new Array(BINS).fill(0);
        for (const score of scores) found[bin(score)] += 1;
        return found;
      });
      at = null;
    }
    build();
    aim(quantile);
    fit();
  }

  const turned = (value) => (facts.log ? Math.log(value) : value);
  function part(value) {
    const low = turned(facts.low), high = turned(facts.high);
    return high > low ? (turned(value) - low) / (high - low) : 0.5;
  }
  const bin = (value) => Math.min(BINS - 1, Math.max(0, Math.floor(part(value) * BINS)));
  function value(share) {
    const low = turned(facts.low), high = turned(facts.high), v = low + share * (high - low);
    return facts.log ? Math.exp(v) : v;
  }

  function build() {
    figure.querySelector(".what").textContent = facts.title;
    figure.querySelector(".unit").textContent = facts.unit;
    const [low, high, step] = facts.span;
    Object.assign(slider, { min: low, max: high, step });
    slider.value = quantile;
    slider.setAttribute("aria-label", "Threshold: share of the validation images below it, in per cent");
    figure.querySelector(".line span").textContent = "Threshold";
    rows.replaceChildren(...facts.rows.map((row, r) => {
      const canvas = make("canvas", { tabindex: 0, role: "img", "data-kind": row.key });
      canvas.addEventListener("pointermove", (event) => {
        const box = canvas.getBoundingClientRect(), share = (event.clientX - box.left) / box.width;
        cancelAnimationFrame(pace);
        pace = requestAnimationFrame(() => look(r, Math.min(BINS - 1, Math.max(0, Math.floor(share * BINS)))));
      });
      canvas.addEventListener("focus", () => at?.[0] !== r && look(r, busiest(r)));
      canvas.addEventListener("keydown", (event) => {
        const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
        if (!step) return;
        event.preventDefault();
        let k = at[1] + step; // bars without images have nothing to show
        while (k >= 0 && k < BINS && !counts[r][k]) k += step;
        if (k >= 0 && k < BINS) look(r, k);
      });
      const swatch = make("i");
      swatch.dataset.row = r;
      const name = make("div", { class: "name" }, swatch, make("span", { text: row.name }, make("small", { text: `${row.scores.length.toLocaleString("en")} images` })));
      return make("div", { class: "row" }, name, canvas, make("span", { class: "number flagged" }), make("span", { class: "number", text: row.auroc || "–" }));
    }));
  }

  const busiest = (r) => counts[r].indexOf(Math.max(...counts[r]));

  // Like core.outliers.threshold: the smallest validation score that so many do not exceed.
  function aim(percent) {
    quantile = percent;
    const held = facts.validation, k = Math.ceil((percent / 100) * held.length - 1e-9) - 1;
    line = held[Math.min(held.length - 1, Math.max(0, k))];
    figure.dataset.line = line;
    figure.querySelector(".line b").textContent = `${percent} % of validation below`;
    slider.setAttribute("aria-valuetext", `${percent} per cent, a score of ${short(line)}`);
    rows.querySelectorAll(".row").forEach((node, r) => {
      const { scores, name } = facts.rows[r], share = scores.filter((s) => s > line).length / scores.length;
      node.querySelector(".flagged").textContent = `${(100 * share).toFixed(share > 0 && share < 0.0995 ? 1 : 0)} %`;
      const canvas = node.querySelector("canvas");
      canvas.dataset.flagged = share;
      canvas.setAttribute("aria-label", `${name}: scores from ${short(scores[0])} to ${short(scores.at(-1))}, ${Math.round(100 * share)} per cent above the threshold ${short(line)}. Arrow keys show images.`);
    });
  }

  function fit() {
    if (!facts || !figure.clientWidth) return;
    const ratio = window.devicePixelRatio || 1;
    wide = figure.clientWidth >= 760;
    for (const canvas of [...rows.querySelectorAll("canvas"), axis]) {
      canvas.width = Math.round(canvas.clientWidth * ratio);
      canvas.height = Math.round(canvas.clientHeight * ratio);
    }
    if (!at) {
      const r = Math.max(0, facts.rows.findIndex((row) => row.key === "test"));
      at = [r, busiest(r)];
    }
    draw();
    show();
  }

  function fill(pen, { colour, pattern }) {
    if (pattern === "solid") return colour;
    const tile = make("canvas", { width: 12, height: 12 }), p = tile.getContext("2d");
    p.strokeStyle = p.fillStyle = colour;
    p.lineWidth = 2.5;
    p.beginPath();
    const up = () => { for (const d of [-12, 0, 12]) { p.moveTo(d - 1, 13); p.lineTo(d + 13, -1); } };
    const down = () => { for (const d of [-12, 0, 12]) { p.moveTo(d - 1, -1); p.lineTo(d + 13, 13); } };
    if (pattern === "rising" || pattern === "cross") up();
    if (pattern === "falling" || pattern === "cross") down();
    p.stroke();
    if (pattern === "dots") for (const [x, y] of [[3, 3], [9, 9]]) { p.beginPath(); p.arc(x, y, 2.2, 0, 7); p.fill(); }
    const found = pen.createPattern(tile, "repeat");
    found.setTransform(new DOMMatrix().scale(0.6));
    return found;
  }

  function draw() {
    const style = getComputedStyle(figure), ratio = window.devicePixelRatio || 1;
    rows.querySelectorAll(".row").forEach((node, r) => {
      const canvas = node.querySelector("canvas"), pen = canvas.getContext("2d"), row = facts.rows[r];
      const width = canvas.width / ratio, most = Math.max(...counts[r]), step = width / BINS;
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      pen.clearRect(0, 0, width, TALL);
      const ink = fill(pen, row);
      counts[r].forEach((count, k) => {
        if (!count) return;
        const tall = Math.max(2, (count / most) * (TALL - 6)), here = at && at[0] === r && at[1] === k;
        pen.globalAlpha = 1;
        if (here) {
          pen.fillStyle = style.color;
          pen.globalAlpha = 0.12;
          pen.fillRect(k * step, 0, step, TALL);
          pen.globalAlpha = 1;
        }
        pen.fillStyle = ink;
        if (row.pattern !== "hollow") pen.fillRect(k * step + 0.5, TALL - 1 - tall, step - 1, tall);
        pen.strokeStyle = row.colour;
        pen.lineWidth = 1;
        if (row.pattern !== "solid") pen.strokeRect(k * step + 1, TALL - 0.5 - tall, step - 2, tall - 1);
      });
      pen.globalAlpha = 0.35;
      pen.fillStyle = style.color;
      pen.fillRect(0, TALL - 1, width, 1);
      pen.globalAlpha = 1;
      const x = Math.round(part(line) * width);
      pen.fillRect(x - 1, 0, 2, TALL);
      const swatch = node.querySelector("i"), small = make("canvas", { width: 44, height: 28 }), brush = small.getContext("2d");
      brush.scale(2, 2);
      brush.fillStyle = fill(brush, row);
      if (row.pattern !== "hollow") brush.fillRect(0, 0, 22, 14);
      brush.strokeStyle = row.colour;
      brush.lineWidth = 2;
      brush.strokeRect(0, 0, 22, 14);
      swatch.style.background = `url(${small.toDataURL()}) center / 22px 14px`;
    });
    const pen = axis.getContext("2d"), width = axis.width / ratio;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, 22);
    pen.font = `12px ${style.fontFamily}`;
    pen.fillStyle = style.color;
    pen.textBaseline = "top";
    let free = -Infinity;
    for (const tick of ticks()) {
      const x = part(tick) * width, text = short(tick), half = pen.measureText(text).width / 2;
      const left = Math.min(width - 2 * half, Math.max(0, x - half));
      if (left < free) continue;
      pen.fillRect(x, 0, 1, 5);
      pen.fillText(text, left, 8);
      free = left + 2 * half + 14;
    }
  }

  function ticks() {
    const found = [], { low, high } = facts;
    if (facts.log) {
      for (let e = Math.floor(Math.log10(low)); e <= Math.log10(high); e++) for (const m of [1, 2, 5]) found.push(m * 10 ** e);
    } else {
      const raw = (high - low) / 6 || 1, power = 10 ** Math.floor(Math.log10(raw)), step = power * ([1, 2, 5].find((m) => m * power >= raw) ?? 10);
      for (let v = Math.ceil(low / step) * step; v <= high; v += step) found.push(v);
    }
    return found.filter((v) => v >= low && v <= high);
  }

  const short = (v) => Number(v.toPrecision(3)).toLocaleString("en", { maximumSignificantDigits: 3 }).replace("-", "−");

  function look(r, k) {
    at = [r, k];
    draw();
    show();
  }

  // Up to six images of the bar: those whose scores lie nearest to its middle.
  function show() {
    const [r, k] = at, row = facts.rows[r], from = value(k / BINS), to = value((k + 1) / BINS), count = counts[r][k];
    peek.querySelector(".title").textContent = count ? `${row.name}: ${count.toLocaleString("en")} of ${row.scores.length.toLocaleString("en")} score ${short(from)} to ${short(to)}`
      : `${row.name}: none scores ${short(from)} to ${short(to)}`;
    const first = 2 * facts.rows.slice(0, r).reduce((sum, other) => sum + other.seen.length, 0), n = row.seen.length;
    const inside = row.seen.map((s, i) => i).filter((i) => bin(row.seen[i]) === k), middle = (inside.length - 6) >> 1;
    peek.querySelector(".pairs").replaceChildren(...(middle > 0 ? inside.slice(middle, middle + 6) : inside.slice(0, 6)).map((i) => {
      const pair = make("div", { class: "pair", title: `score ${short(row.seen[i])}` });
      for (const [place, what] of [[first + i, "image"], [first + n + i, "reconstruction"]]) {
        const canvas = make("canvas", { role: "img", "aria-label": `${row.name}, ${what}, score ${short(row.seen[i])}` });
        paint(canvas, tiles.subarray(place * TILE * TILE, (place + 1) * TILE * TILE));
        pair.append(canvas);
      }
      return pair;
    }));
  }

  slider.addEventListener("input", () => { aim(Number(slider.value)); draw(); });
  slider.addEventListener("change", () => view.say(quantile));
  const watch = new ResizeObserver(fit);
  watch.observe(figure);

  function stop() {
    watch.disconnect();
    cancelAnimationFrame(pace);
    memory.delete(root);
  }
  return view;
}
