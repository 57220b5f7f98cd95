const RIGHT = 10, TOP = 6, GAP = 18, BOTTOM = 38;

export default function ({ data, parentElement }) {
  const chart = recall(parentElement, () => start(parentElement));
  chart.accept(data);
  return parting(parentElement, chart.stop);
}

function start(root) {
  const canvas = root.querySelector("canvas"), legend = root.querySelector(".legend"), tip = root.querySelector(".tip");
  const hidden = new Set();
  let data = null, zoom = null, whole = false, cursor = null, from = null, frame = null, names = "";

  function accept(next) {
    if (data && data.revision !== next.revision) [zoom, whole, cursor] = [null, false, null];
    data = next;
    canvas.setAttribute("aria-label", data.alt);
    canvas.style.height = `${data.height}px`;
    label();
    redraw();
  }

  function label() {
    const said = JSON.stringify(data.legend);
    if (said === names) return;
    names = said;
    legend.replaceChildren(...data.legend.map(({ name, colour, width, alpha, dash }) => {
      const button = document.createElement("button"), line = document.createElement("i");
      line.style.borderTop = `${Math.max(2, width)}px ${dash?.[0] < 4 ? "dotted" : dash ? "dashed" : "solid"} ${colour}`;
      line.style.opacity = alpha;
      button.append(line, name);
      button.title = "Show or hide this curve";
      button.setAttribute("aria-pressed", !hidden.has(name));
      button.addEventListener("click", () => {
        hidden.has(name) ? hidden.delete(name) : hidden.add(name);
        button.setAttribute("aria-pressed", !hidden.has(name));
        redraw();
      });
      return button;
    }));
  }

  const shown = (panel) => panel.curves.filter((c) => c.x.length && !hidden.has(c.name));
  const redraw = () => { frame ??= requestAnimationFrame(() => { frame = null; if (data && canvas.clientWidth) draw(); }); };

  function fullX() {
    const ends = data.panels.flatMap((p) => p.curves).filter((c) => c.x.length).map((c) => c.x[c.x.length - 1]);
    return [0, Math.max(...ends, 0) || 1];
  }

  // The heights a panel shows: the useful part, or everything in sight once the reader asked for a stretch.
  function yRange(panel, [a, b]) {
    if (panel.range && !zoom && !whole) return panel.range;
    let low = Infinity, high = -Infinity;
    for (const { x, y } of shown(panel)) {
      for (let i = 0; i < x.length; i++) {
        const near = x[Math.min(i + 1, x.length - 1)] >= a && x[Math.max(i - 1, 0)] <= b;
        if (near && (!panel.log || y[i] > 0)) { low = Math.min(low, y[i]); high = Math.max(high, y[i]); }
      }
    }
    if (low > high) return panel.log ? [1, 10] : [0, 1];
    const pad = panel.log ? 1.05 : 0.05 * (high - low) || 0.5;
    return panel.log ? [low / pad, high * pad] : [low - pad, high + pad];
  }

  function layout() {
    const pen = canvas.getContext("2d"), ratio = window.devicePixelRatio || 1;
    const width = canvas.clientWidth, height = data.height, style = getComputedStyle(root.querySelector(".curves"));
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
    }
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.font = `13px ${style.fontFamily}`;
    const xs = zoom ?? fullX(), room = height - TOP - BOTTOM - GAP * (data.panels.length - 1);
    let top = TOP, left = 0;
    const panels = data.panels.map((panel) => {
      const [low, high] = yRange(panel, xs), tall = room * panel.share, f = panel.log ? Math.log10 : (v) => v;
      const marks = panel.log ? logTicks(low, high) : ticks(low, high, tall / 42);
      const place = { panel, top, tall, low, high, marks, y: (v) => place.top + tall * (1 - (f(v) - f(low)) / (f(high) - f(low))) };
      left = Math.max(left, ...marks.map((v) => pen.measureText(text(v)).width));
      top += tall + GAP;
      return place;
    });
    left += 32;
    const x = (v) => left + ((v - xs[0]) / (xs[1] - xs[0])) * (width - left - RIGHT);
    const back = (px) => xs[0] + ((px - left) / (width - left - RIGHT)) * (xs[1] - xs[0]);
    return { pen, width, height, left, xs, x, back, panels, ink: style.color,
      ground: style.getPropertyValue("--st-background-color") || "transparent", bottom: height - BOTTOM };
  }

  function draw() {
    const at = layout(), { pen, width, height, left, x, panels, bottom } = at;
    const empty = !data.panels.some((p) => p.curves.some((c) => c.x.length));
    pen.clearRect(0, 0, width, height);
    for (const { panel, top, tall, low, high, marks, y } of panels) {
      pen.fillStyle = data.muted;
      pen.textAlign = "right";
      pen.textBaseline = "middle";
      for (const v of marks) {
        line(pen, left, y(v), width - RIGHT, y(v), at.ink, 0.13);
        if (!empty) pen.fillText(text(v), left - 6, y(v));
      }
      pen.save();
      pen.translate(8, top + tall / 2);
      pen.rotate(-Math.PI / 2);
      pen.textAlign = "center";
      pen.fillText(panel.title, 0, 0, tall + 14);
      pen.restore();
      const { level } = panel; // a value to compare with, such as ½ where a coin would do as well
      pen.save();
      pen.beginPath();
      pen.rect(left, top - 1, width - left - RIGHT, tall + 2);
      pen.clip();
      if (level) line(pen, left, y(level.at), width - RIGHT, y(level.at), at.ink, 0.75, [2, 4]);
      for (const c of shown(panel)) trace(pen, c, x, y, panel.log);
      pen.restore();
      if (level && !empty && level.at >= low && level.at <= high) {
        const room = pen.measureText(level.text).width;
        const under = y(level.at) + 16 < top + tall;
        pen.fillStyle = at.ground;
        pen.globalAlpha = 0.8;
        pen.fillRect(width - RIGHT - room - 4, under ? y(level.at) + 2 : y(level.at) - 17, room + 4, 15);
        pen.globalAlpha = 1;
        pen.fillStyle = data.muted;
        pen.textAlign = "right";
        pen.textBaseline = "top";
        pen.fillText(level.text, width - RIGHT - 2, under ? y(level.at) + 3 : y(level.at) - 16);
      }
    }
    pen.fillStyle = data.muted;
    pen.textAlign = "center";
    pen.textBaseline = "top";
    if (!empty) for (const v of ticks(...at.xs, (width - left) / 80)) pen.fillText(text(v), x(v), bottom + 6);
    pen.fillText(data.xTitle, (left + width - RIGHT) / 2, bottom + 22);
    pen.textAlign = "left";
    const marks = data.marks.filter(({ x: v }) => v >= at.xs[0] && v <= at.xs[1]);
    for (const { x: v } of marks) line(pen, x(v), TOP, x(v), bottom, data.muted, 1, [3, 3]);
    marks.forEach(({ x: v, text: said }, i) => {
      const room = pen.measureText(said).width, up = TOP + 16 * (i % 4);
      const from = x(v) + 6 + room > width ? x(v) - 6 - room : x(v) + 6;
      pen.fillStyle = at.ground; // the curves run behind the words
      pen.fillRect(from - 3, up - 2, room + 6, 17);
      pen.fillStyle = data.muted;
      pen.fillText(said, from, up);
    });
    if (from != null && cursor != null) {
      pen.globalAlpha = 0.12;
      pen.fillStyle = at.ink;
      pen.fillRect(x(from), TOP, x(cursor) - x(from), bottom - TOP);
      pen.globalAlpha = 1;
    }
    canvas.dataset.until = empty ? 0 : fullX()[1];
    canvas.dataset.view = at.xs.join(" ");
    canvas.dataset.scale = data.panels.map((p) => (p.log ? "log" : "linear")).join(" ");
    read(at);
  }

  // The values under the pointer, one line per term.
  function read(at) {
    tip.hidden = cursor == null || from != null;
    if (tip.hidden) return;
    line(at.pen, at.x(cursor), TOP, at.x(cursor), at.bottom, at.ink, 0.5);
    const said = [`${data.xTitle} ${text(cursor)}`];
    for (const { panel, y } of at.panels) {
      const values = new Map();
      for (const c of shown(panel)) {
        if (!c.label) continue;
        const i = nearest(c.x, cursor);
        values.set(c.name, [...(values.get(c.name) ?? []), `${text(c.y[i])} ${c.label}`]);
        at.pen.fillStyle = c.colour;
        at.pen.beginPath();
        at.pen.arc(at.x(c.x[i]), y(c.y[i]), 3, 0, 7);
        at.pen.fill();
      }
      for (const [name, found] of values) said.push(`${name}: ${found.join(", ")}`);
    }
    tip.textContent = said.join("\n");
    const px = at.x(cursor), room = tip.offsetWidth;
    const beside = px > at.width / 2 ? px - 12 - room : px + 12;
    tip.style.left = `${Math.max(0, Math.min(at.width - room, beside))}px`;
  }

  const point = (event) => {
    const at = layout(), px = event.clientX - canvas.getBoundingClientRect().left;
    return Math.min(at.xs[1], Math.max(at.xs[0], at.back(px)));
  };
  const reset = () => { whole = zoom ? false : !whole; zoom = null; redraw(); };
  const close = (a, b) => { zoom = [Math.min(a, b), Math.max(a, b)]; };

  canvas.addEventListener("pointerdown", (e) => { if (e.pointerType !== "touch") { from = cursor = point(e); canvas.setPointerCapture(e.pointerId); } });
  canvas.addEventListener("pointermove", (e) => { cursor = point(e); redraw(); });
  canvas.addEventListener("pointerup", (e) => {
    const [a, b] = [from, point(e)], at = layout();
    from = null;
    if (a != null && Math.abs(at.x(a) - at.x(b)) > 8) close(a, b);
    redraw();
  });
  canvas.addEventListener("pointerleave", () => { if (from == null) { cursor = null; redraw(); } });
  canvas.addEventListener("dblclick", reset);
  canvas.addEventListener("blur", () => { cursor = null; redraw(); });
  canvas.addEventListener("keydown", (e) => {
    const [a, b] = zoom ?? fullX(), here = cursor ?? b, step = (b - a) / 50, [least, most] = fullX();
    const keys = {
      ArrowLeft: () => { cursor = Math.max(a, here - step); },
      ArrowRight: () => { cursor = Math.min(b, here + step); },
      Home: () => { cursor = a; },
      End: () => { cursor = b; },
      "+": () => close(here - (here - a) / 2, here + (b - here) / 2),
      "-": () => { zoom = [Math.max(least, here - 2 * (here - a)), Math.min(most, here + 2 * (b - here))]; },
      Escape: reset,
    };
    if (!keys[e.key]) return;
    e.preventDefault();
    keys[e.key]();
    redraw();
  });

  const watch = new ResizeObserver(redraw);
  watch.observe(canvas);
  return { accept, stop() { watch.disconnect(); cancelAnimationFrame(frame); memory.delete(root); } };
}

// `dash`: true, or lengths of strokes and gaps. `low` and `high`, if given, bound a pale band round the curve.
function trace(pen, { x: xs, y: ys, low, high, colour, width, alpha, dash }, x, y, log) {
  if (low?.length > 1) {
    pen.globalAlpha = 0.12;
    pen.fillStyle = colour;
    pen.beginPath();
    xs.forEach((v, i) => pen.lineTo(x(v), y(high[i])));
    for (let i = xs.length - 1; i >= 0; i--) pen.lineTo(x(xs[i]), y(low[i]));
    pen.fill();
  }
  pen.globalAlpha = alpha;
  pen.strokeStyle = pen.fillStyle = colour;
  pen.lineWidth = width;
  pen.lineJoin = "round";
  pen.setLineDash(Array.isArray(dash) ? dash : dash ? [7, 4] : []);
  pen.beginPath();
  let drawn = 0;
  for (let i = 0; i < xs.length; i++) {
    if (log && !(ys[i] > 0)) continue;
    drawn++ ? pen.lineTo(x(xs[i]), y(ys[i])) : pen.moveTo(x(xs[i]), y(ys[i]));
  }
  pen.stroke();
  if (drawn === 1) pen.fillRect(x(xs[0]) - 2, y(ys[0]) - 2, 4, 4);
  pen.setLineDash([]);
  pen.globalAlpha = 1;
}

function line(pen, x0, y0, x1, y1, colour, alpha, dash = []) {
  pen.globalAlpha = alpha;
  pen.strokeStyle = colour;
  pen.lineWidth = 1;
  pen.setLineDash(dash);
  pen.beginPath();
  pen.moveTo(x0, y0);
  pen.lineTo(x1, y1);
  pen.stroke();
  pen.setLineDash([]);
  pen.globalAlpha = 1;
}

function ticks(low, high, about) {
  const raw = (high - low) / Math.max(1, about), power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5].find((m) => m * power >= raw) ?? 10), found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high * (1 + 1e-12) + 1e-12; i++) found.push(i * step);
  return found;
}

function logTicks(low, high) {
  const found = [], many = high / low < 300 ? [1, 2, 5] : [1];
  for (let p = Math.floor(Math.log10(low)); p <= Math.log10(high); p++) {
    for (const m of many) if (m * 10 ** p >= low && m * 10 ** p <= high) found.push(m * 10 ** p);
  }
  return found.length > 2 ? found : ticks(low, high, 4).filter((v) => v > 0);
}

function nearest(xs, at) {
  let low = 0, high = xs.length - 1;
  while (high - low > 1) {
    const mid = (low + high) >> 1;
    if (xs[mid] < at) low = mid; else high = mid;
  }
  return at - xs[low] < xs[high] - at ? low : high;
}

function text(value) {
  const short = Number(value.toPrecision(4));
  return short !== 0 && (Math.abs(short) >= 1e6 || Math.abs(short) < 1e-4) ? short.toExponential() : String(short);
}
