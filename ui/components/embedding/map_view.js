export default function ({ data, parentElement }) {
  const view = recall(parentElement, () => start(parentElement));
  view.accept(data);
  return parting(parentElement, view.stop);
}

const EDGE = 22, PERIOD = 350; // CSS pixels round the map, ms of a move from one map to the next

function start(root) {
  const find = (what) => root.querySelector(what);
  const figure = find(".map-view"), map = find(".map"), ground = find(".ground"), over = find(".over");
  const card = find(".card"), read = find(".read");
  const tools = { move: find(".move"), lasso: find(".lasso") }, thumbs = find(".thumbs"), letters = find(".letters");
  const view = { accept, stop };
  let facts = null, pool = null, labels = null, goal = null, from = null, xy = null, begun = 0;
  let width = 0, height = 0, zoom = 1, middle = [0, 0], tool = "move", only = new Set(), chosen = null;
  let masks = null, places = null, frame = 0, whole = false, away = [], cursor = null, mine = false;
  function accept(data) {
    if (data === facts) return;
    const again = !facts || facts.pool !== data.pool;
    facts = data;
    pool = poolOf(data.pool);
    labels = new Int16Array(bytes(data.labels).buffer);
    if (again) {
      for (const leave of away) leave();
      only = new Set();
      [zoom, middle, cursor, from] = [1, [0, 0], null, null];
      away = [subscribe(`sheet:${data.pool}`, () => redraw(true)), subscribe(`chosen:${data.pool}`, selection),
        subscribe(`hover:${data.pool}`, (who) => { mine = who === root; redraw(false); }), subscribe(`marks:${data.pool}`, () => redraw(false))];
      key();
    }
    move(unit(new Float32Array(bytes(data.xy).buffer)), again);
    find(".title").textContent = data.title;
    map.setAttribute("aria-label", data.alt);
    map.dataset.stamp = data.stamp;
    figure.classList.toggle("busy", data.busy);
    masks = null;
    selection();
    fit();
  }

  function move(points, again) {
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (goal && points.length === goal.length && points.every((v, i) => v === goal[i])) return;
    from = again || calm || !xy || xy.length !== points.length ? null : xy.slice();
    goal = points;
    xy = from ? from.slice() : points.slice();
    begun = performance.now();
    places = null;
    redraw(true);
  }

  const scale = () => Math.max(10, Math.min(width, height) - 2 * EDGE) * zoom;
  const toX = (x) => width / 2 + (x - middle[0]) * scale();
  const toY = (y) => height / 2 - (y - middle[1]) * scale();
  const bright = (k) => (!only.size || only.has(labels[k])) && (!chosen || chosen.has(k));
  const count = () => labels.length;
  const radius = () => Math.min(9, (count() > 5000 ? 1.7 : count() > 1500 ? 2.3 : count() > 400 ? 3.1 : 4.2) * zoom ** 0.4);

  function fit() {
    if (!facts || !figure.clientWidth) return;
    const ratio = window.devicePixelRatio || 1;
    width = figure.clientWidth;
    // On a laptop the map ends where the first screen does, below the page's head.
    height = Math.round(Math.min(width, Math.max(300, Math.min(760, window.innerHeight - 372))));
    map.style.height = `${height}px`;
    for (const canvas of [ground, over]) {
      [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
    }
    masks = null;
    redraw(true);
  }

  function redraw(every) {
    whole ||= every;
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      if (!facts || !width) return;
      if (from) step();
      if (whole || from) paintAll();
      whole = false;
      overlay();
      if (from) redraw(true);
    });
  }

  function step() {
    const t = Math.min(1, (performance.now() - begun) / PERIOD), ease = t * (2 - t);
    for (let i = 0; i < xy.length; i++) xy[i] = from[i] + (goal[i] - from[i]) * ease;
    places = null;
    if (t === 1) from = null;
  }

  function paintAll() {
    const ratio = ground.width / width, thin = thumbs.checked && pool.sheet;
    masks ??= { dot: discMask(radius() * ratio), colours: facts.classes.map((_, k) => channels(colourOf(facts, k))),
      letters: facts.classes.map((_, k) => letterMask(letterOf(facts, k), Math.round((9 + 2.5 * radius()) * 0.8 * ratio))) };
    const scene = { x: (k) => toX(xy[2 * k]) * ratio, y: (k) => toY(xy[2 * k + 1]) * ratio, labels, bright, masks,
      some: only.size || chosen, letters: letters.checked, opacity: thin ? 0.5 : 0.92 };
    const pen = dotsOn(ground, scene), cell = (THUMB + 4) / scale();
    if (!thin) return;
    if (places?.cell !== cell) places = { cell, list: spaced(xy, cell, bright) };
    thumbsOn(pen, ratio, places.list, scene, pool.sheet, (k) => colourOf(facts, labels[k]));
  }

  function overlay() {
    const pen = over.getContext("2d"), ratio = over.width / width, at = (k) => [toX(xy[2 * k]), toY(xy[2 * k + 1])];
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    marksOn(pen, pool, at, radius());
    if (hand.path()) outlined(pen, 1.5, () => hand.path().forEach(([x, y], i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y))), [4, 3]);
    if (pool.hover != null && pool.hover < count()) ringOn(pen, at(pool.hover), radius() + 3, 2);
    peek(at);
    map.dataset.hover = pool.hover ?? "";
    map.dataset.view = `${middle[0].toFixed(4)} ${middle[1].toFixed(4)} ${zoom.toFixed(3)}`;
    map.dataset.picks = pool.picks.join();
    map.dataset.chosen = chosen?.size ?? 0;
    map.dataset.moving = Boolean(from);
  }

  // The image under the pointer, beside its point.
  function peek(at) {
    const k = pool.hover;
    card.hidden = k == null || !mine || k >= count() || hand.dragging();
    if (k == null || k >= count()) return say();
    const text = [classOf(facts, labels[k]), nameOf(pool, k)].filter(Boolean);
    read.textContent = text.join(" · ");
    if (card.hidden) return;
    if (pool.tiles && card.dataset.k !== String(k)) paint(card.querySelector("canvas"), tileOf(pool, k));
    card.dataset.k = pool.tiles ? k : "";
    card.querySelector("b").textContent = text[0];
    card.querySelector("span").textContent = text[1] ?? "";
    const [x, y] = at(k), w = card.offsetWidth, h = card.offsetHeight;
    card.style.left = `${Math.round(Math.max(0, x + 18 + w > width ? x - 18 - w : x + 18))}px`;
    card.style.top = `${Math.round(Math.max(0, Math.min(height - h, y - h / 2)))}px`;
  }

  function say() { read.textContent = facts.note; }

  function selection() {
    chosen = pool.lasso ? new Set(pool.lasso) : null;
    places = null;
    key();
    redraw(true);
  }

  function nearest(x, y, reach, test = bright) {
    let best = reach * reach, found = null;
    for (let k = 0; k < count(); k++) {
      const far = (toX(xy[2 * k]) - x) ** 2 + (toY(xy[2 * k + 1]) - y) ** 2;
      if (far <= best && test(k)) [best, found] = [far, k];
    }
    return found;
  }

  const hover = (k) => { cursor = k ?? cursor; if (pool.hover !== k || !mine) hoverOver(facts.pool, k, root); };

  function zoomAt(x, y, factor) {
    const next = Math.min(200, Math.max(0.5, zoom * factor)), before = scale();
    const px = middle[0] + (x - width / 2) / before, py = middle[1] - (y - height / 2) / before;
    zoom = next;
    middle = [px - (x - width / 2) / scale(), py + (y - height / 2) / scale()];
    [masks, places] = [null, null];
    redraw(true);
  }

  function home() {
    [zoom, middle, masks, places] = [1, [0, 0], null, null];
    redraw(true);
  }

  function use(name) {
    tool = name;
    for (const [which, button] of Object.entries(tools)) button.setAttribute("aria-pressed", String(which === name));
    map.classList.toggle("lassoing", name === "lasso");
  }

  const hand = handOf(map, {
    lassos: (event) => tool === "lasso" || event.shiftKey,
    pan(dx, dy) {
      middle = [middle[0] - dx / scale(), middle[1] + dy / scale()];
      redraw(true);
    },
    zoom: zoomAt,
    over: (at) => hover(at && nearest(...at, 16)),
    draw: () => redraw(false),
    tap(at, coarse) {
      const k = nearest(...at, coarse ? 26 : 16);
      if (k == null) return choose(facts.pool, {});
      hover(k);
      pick(facts.pool, k);
    },
    lasso(path) {
      const inside = [];
      for (let k = 0; k < count(); k++) {
        if ((!only.size || only.has(labels[k])) && within(path, toX(xy[2 * k]), toY(xy[2 * k + 1]))) inside.push(k);
      }
      choose(facts.pool, { lasso: inside.length ? inside : null });
    },
  });

  map.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const keys = { Enter: () => { if (cursor != null) pick(facts.pool, cursor); }, Escape: () => choose(facts.pool, {}),
      "+": () => zoomAt(width / 2, height / 2, 1.4), "-": () => zoomAt(width / 2, height / 2, 1 / 1.4), 0: home };
    if (!by && !keys[event.key]) return;
    event.preventDefault();
    if (by) go(...by);
    else keys[event.key]();
  });

  // To the next point in that direction, rather straight ahead than near.
  function go(ux, uy) {
    const old = pool.hover ?? cursor ?? pool.picks.at(-1) ?? nearest(width / 2, height / 2, Infinity);
    if (old == null) return;
    let best = Infinity, next = pool.hover == null ? old : null;
    const [x0, y0] = [toX(xy[2 * old]), toY(xy[2 * old + 1])];
    for (let k = 0; k < count() && pool.hover != null; k++) {
      const dx = toX(xy[2 * k]) - x0, dy = toY(xy[2 * k + 1]) - y0, along = dx * ux + dy * uy;
      const worth = along + 2.5 * Math.abs(dx * uy - dy * ux);
      if (along > 0.5 && worth < best && bright(k)) [best, next] = [worth, k];
    }
    if (next == null) return;
    const [x, y] = [toX(xy[2 * next]), toY(xy[2 * next + 1])];
    if (x < 8 || y < 8 || x > width - 8 || y > height - 8) middle = [xy[2 * next], xy[2 * next + 1]];
    hover(next);
    redraw(true);
  }

  const key = legendOf(root, {
    facts: () => facts, only: () => only, lettered: () => letters.checked,
    changed() {
      places = null;
      redraw(true);
    },
    take() {
      const points = [];
      for (let k = 0; k < count(); k++) if (only.has(labels[k])) points.push(k);
      choose(facts.pool, { lasso: points.length ? points : null });
    },
  });
  for (const [name, button] of Object.entries(tools)) button.addEventListener("click", () => use(name));
  find(".closer").addEventListener("click", () => zoomAt(width / 2, height / 2, 1.5));
  find(".further").addEventListener("click", () => zoomAt(width / 2, height / 2, 1 / 1.5));
  find(".home").addEventListener("click", home);
  thumbs.addEventListener("change", () => redraw(true));
  letters.addEventListener("change", () => { key(); redraw(true); });
  const watch = new ResizeObserver(fit);
  watch.observe(figure);
  window.addEventListener("resize", fit);

  function stop() {
    watch.disconnect();
    window.removeEventListener("resize", fit);
    cancelAnimationFrame(frame);
    for (const leave of away) leave();
    memory.delete(root);
  }
  return view;
}
