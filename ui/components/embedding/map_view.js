const EDGE = { x: 20, top: 16, bottom: 34 }; // CSS pixels round the points; the line below them is written there
const ABOVE = { one: 262, two: 376 }; // CSS pixels of the page above and below one map, and two with their controls
const PERIOD = 350; // ms of a move from one map to the next
const CARD_ROOM = 84; // CSS pixels a side of the image under the pointer
const SPARED = 4; // while the view moves, painting takes at most one part in so many of the time, and one more
const REACH = { mouse: 16, finger: 26 }; // CSS pixels from a point that still hit it

export default function ({ data, parentElement }) {
  const view = getOrCreate(parentElement, () => start(parentElement));
  view.accept(data);
  return cleanup(parentElement, view.stop);
}

function start(root) {
  const find = (what) => root.querySelector(what);
  const figure = find(".map-view"), map = find(".map"), ground = find(".ground"), over = find(".over");
  const card = find(".card"), read = find(".read");
  const tools = { move: find(".move"), lasso: find(".lasso") };
  const thumbnails = find(".thumbs"), letters = find(".letters"), names = find(".names"), density = find(".density");
  const help = find(".help"), question = find(".question"), bar = find(".share");
  find(".lasso").title = touchOr("Draw round points with a finger",
    "Drag draws round points; Shift and drag does so at any time");
  const view = { accept, stop };
  // goal, from, xy: positions at the end, at the start and now, [x0, y0, x1, y1, …]. tints: numbers of colours.
  let props = null, pool = null, labels = null, goal = null, from = null, xy = null, begun = 0;
  let values = null, tints = null, palette = null, placed = [], xs = null, ys = null, groups = null, described = null;
  let width = 0, height = 0, zoom = 1, middle = [0, 0], tool = "move", only = new Set(), chosen = null;
  // What is painted: its middle and zoom, when, and how long that took.
  let painted = { middle: [0, 0], zoom: 1, at: 0, cost: 0 };
  let masks = null, spaced = null, frame = 0, repaint = false, subscriptions = [], cursor = null, hoverHere = false;

  function accept(data) {
    if (data === props) return;
    const other = !props || props.pool !== data.pool;
    props = data;
    pool = poolOf(data.pool);
    labels = new Int16Array(decodeBase64(data.labels).buffer);
    values = data.values && new Float32Array(decodeBase64(data.values.data).buffer);
    chooseColours();
    if (other) {
      for (const unsubscribe of subscriptions) unsubscribe();
      only = new Set();
      [zoom, middle, cursor, from] = [1, [0, 0], null, null];
      subscriptions = [
        subscribe(`sheet:${data.pool}`, () => { fromAddress(); redraw(true); }),
        subscribe(`chosen:${data.pool}`, showSelection),
        subscribe(`hover:${data.pool}`, (source) => { hoverHere = source === root; redraw(false); }),
        subscribe(`marks:${data.pool}`, () => redraw(false)),
      ];
    }
    const points = new Float32Array(decodeBase64(data.xy).buffer), frame = frameOf(points);
    placed = data.placed.map((one) => ({ ...one, at: inFrame([one.x, one.y], frame),
      image: decodeBase64(one.tile), shape: imageShape(one.shape) }));
    moveTo(inFrame(points, frame), other);
    find(".title").textContent = data.title;
    find(".title").hidden = !data.wide;
    bar.hidden = data.share == null;
    if (data.share != null) {
      bar.firstElementChild.style.width = `${100 * data.share}%`;
      bar.setAttribute("aria-valuenow", Math.round(100 * data.share));
    }
    map.setAttribute("aria-label", data.alt);
    map.dataset.stamp = data.stamp;
    figure.classList.toggle("busy", data.busy);
    masks = null;
    fromAddress();
    showSelection();
    fit();
  }

  // A number's colours, or those of the classes; behind them a grey for points without either.
  function chooseColours() {
    const { values: shown, classes } = props;
    palette = shown ? scaleColours() : classes.map((_, k) => colourChannels(colourOf(props, k)));
    palette.push(NO_CLASS);
    const last = palette.length - 1;
    tints = Uint16Array.from(labels, (label, k) => (shown
      ? stepOf(values[k], shown.low, shown.high) : label >= 0 && label < last ? label : last));
    described = null;
  }

  // Once the images' numbers are known: what the address says is selected.
  function fromAddress() {
    if (!props.address || !pool.ids || pool.found || !xy) return;
    pool.found = true;
    const asked = new URL(location.href).searchParams, shown = asked.get("show");
    const classes = shown ? shown.split(",").map(Number).filter((k) => k in props.classes) : [];
    only = new Set(classes);
    const picks = (asked.get("picks") ?? "").split(",").map((text) => pointOf(pool, text)).filter((k) => k !== null);
    const path = asked.get("lasso"), corners = path && polygonOf(path);
    if (path === "shown") selectShown();
    else if (corners) selectInside(corners);
    else if (picks.length) choose(props.pool, { picks: picks.slice(-2) });
    drawLegend();
  }

  function intoAddress() {
    if (!props.address || !pool.found) return;
    const { picks, lasso, path } = pool;
    setAddress("picks", picks.length ? picks.map((k) => addressOf(pool, k)).join(",") : null);
    setAddress("lasso", lasso && path ? (path === "shown" ? path : polygonText(path)) : null);
    setAddress("show", only.size ? [...only].join(",") : null);
  }

  function moveTo(points, atOnce) {
    if (goal && points.length === goal.length && points.every((v, i) => v === goal[i])) return;
    from = atOnce || prefersLessMotion() || !xy || xy.length !== points.length ? null : xy.slice();
    goal = points;
    xy = from ? from.slice() : points.slice();
    begun = performance.now();
    [spaced, described] = [null, null];
    redraw(true);
  }

  const scale = () => Math.max(10, Math.min(width - 2 * EDGE.x, height - EDGE.top - EDGE.bottom)) * zoom;
  const centre = () => (height + EDGE.top - EDGE.bottom) / 2;
  const toX = (x) => width / 2 + (x - middle[0]) * scale();
  const toY = (y) => centre() - (y - middle[1]) * scale();
  const pointAt = (k) => [toX(xy[2 * k]), toY(xy[2 * k + 1])];
  const bright = (k) => (!only.size || only.has(labels[k])) && (!chosen || chosen.has(k));
  const count = () => labels.length;

  function radius() {
    const n = count(), base = n > 30000 ? 1.2 : n > 5000 ? 1.7 : n > 1500 ? 2.3 : n > 400 ? 3.1 : 4.2;
    return Math.min(9, base * zoom ** 0.4);
  }

  function fit() {
    if (!props || !figure.clientWidth) return;
    width = figure.clientWidth;
    // As high as the screen below the page's head, with the classes under it.
    const room = window.innerHeight - (props.wide ? ABOVE.two : ABOVE.one);
    height = Math.round(Math.min(1.1 * width, Math.max(300, room)));
    map.style.height = `${height}px`;
    for (const canvas of [ground, over]) resizeCanvas(canvas, width, height);
    masks = null;
    redraw(true);
  }

  // Draws with the next frame: the selection and the pointer, and if `all` the points too.
  function redraw(all) {
    repaint ||= all;
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      if (!props || !width) return;
      if (from) moveStep();
      const now = performance.now(), moved = painted.zoom !== zoom || painted.middle.some((v, i) => v !== middle[i]);
      const spared = !repaint && !from && now - painted.at < SPARED * painted.cost;
      if (repaint || from || (moved && !spared)) paintPoints();
      else if (moved) shiftPainted();
      repaint = false;
      drawOverlay();
      if (from) redraw(true);
      else if (moved && spared) redraw(false);
    });
  }

  // Moves and scales what is painted, until there is time to paint sixty thousand points anew.
  function shiftPainted() {
    const grown = zoom / painted.zoom, to = scale();
    const dx = (painted.middle[0] - middle[0]) * to, dy = (middle[1] - painted.middle[1]) * to;
    ground.style.transformOrigin = `${width / 2}px ${centre()}px`;
    ground.style.transform = `translate(${dx}px, ${dy}px) scale(${grown})`;
  }

  function moveStep() {
    const t = Math.min(1, (performance.now() - begun) / PERIOD), ease = t * (2 - t);
    for (let i = 0; i < xy.length; i++) xy[i] = from[i] + (goal[i] - from[i]) * ease;
    spaced = null;
    if (t === 1) from = null;
  }

  // Positions in the pixels of the canvas, and which points are bright.
  function project(ratio) {
    const n = count(), to = scale() * ratio, x0 = (width / 2) * ratio - middle[0] * to;
    const y0 = centre() * ratio + middle[1] * to;
    if (xs?.length !== n) [xs, ys] = [new Float32Array(n), new Float32Array(n)];
    for (let k = 0; k < n; k++) {
      xs[k] = x0 + xy[2 * k] * to;
      ys[k] = y0 - xy[2 * k + 1] * to;
    }
    const dimmed = only.size || chosen;
    groups ??= { bright: pointsWhere(bright) ?? [], dim: (dimmed && pointsWhere((k) => !bright(k))) || [] };
  }

  function paintPoints() {
    const began = performance.now();
    const ratio = ground.width / width, withImages = thumbnails.checked && pool.sheet;
    const letterSize = Math.round((9 + 2.5 * radius()) * 0.8 * ratio);
    masks ??= {
      dot: discMask(radius() * ratio),
      letters: letters.checked ? props.classes.map((_, k) => letterMask(letterOf(props, k), letterSize)) : [],
    };
    project(ratio);
    const opacity = Math.min(0.92, opacityOf(count()) * Math.sqrt(zoom));
    const scene = { xs, ys, labels, tints, palette, masks, ...groups, letters: letters.checked,
      opacity: withImages ? 0.5 : opacity };
    const ctx = drawPoints(ground, scene), cell = (THUMBNAIL + 4) / scale();
    if (withImages) {
      if (spaced?.cell !== cell) spaced = { cell, list: spacedPoints(xy, cell, bright) };
      drawThumbnails(ctx, ratio, spaced.list, scene, pool, (k) => `rgb(${palette[tints[k]].join()})`);
    }
    drawClasses(ctx, ratio);
    ground.style.transform = "";
    const at = performance.now();
    painted = { middle: [...middle], zoom, at, cost: at - began };
  }

  function drawClasses(ctx, ratio) {
    if (!names.checked && !density.checked) return;
    described ??= { classes: describeClasses(goal, labels, props.classes.length > 1, only),
      all: values ? describeClasses(goal, labels, false, only) : null };
    const colour = (label) => (values ? "#fff" : label < 0 ? "#e6e4df" : colourOf(props, label));
    ctx.save();
    ctx.scale(ratio, ratio);
    // A number has a colour of its own: the lines are then those of all points.
    if (density.checked) drawContours(ctx, described.all ?? described.classes, toX, toY, colour);
    if (names.checked) drawClassNames(ctx, described.classes, (k) => props.classes[k], colour, toX, toY, width, height);
    ctx.restore();
  }

  function drawOverlay() {
    const { ctx } = beginPlot(over, figure), lasso = pointer.path();
    drawSelection(ctx, pool, pointAt, radius());
    drawPlaced(ctx, placed, ([x, y]) => [toX(x), toY(y)], width, height);
    if (lasso) {
      const trace = () => lasso.forEach(([x, y], i) => (i ? ctx.lineTo(x, y) : ctx.moveTo(x, y)));
      outline(ctx, 1.5, trace, { dash: [4, 3] });
    }
    if (pool.hover != null && pool.hover < count()) drawCircle(ctx, pointAt(pool.hover), radius() + 3, 2);
    showCard();
    map.dataset.hover = pool.hover ?? "";
    map.dataset.view = `${middle[0].toFixed(4)} ${middle[1].toFixed(4)} ${zoom.toFixed(3)}`;
    map.dataset.picks = pool.picks.join();
    map.dataset.chosen = chosen?.size ?? 0;
    map.dataset.moving = Boolean(from);
    map.dataset.placed = placed.length;
  }

  // The image under the pointer, beside its point.
  function showCard() {
    const k = pool.hover, exists = k != null && k < count();
    card.hidden = !exists || !hoverHere || pointer.dragging();
    if (!exists) {
      read.textContent = props.note;
      return;
    }
    const text = [classOf(props, labels[k]), nameOf(pool, k)].filter(Boolean);
    if (values && Number.isFinite(values[k])) text.splice(1, 0, `${props.values.name} ${formatSignificant(values[k])}`);
    read.textContent = text.join(" · ");
    if (card.hidden) return;
    if (pool.tiles && card.dataset.k !== String(k)) {
      const canvas = card.querySelector("canvas");
      paintImage(canvas, imageOf(pool, k), pool.shape);
      setSize(fitImage(pool.shape, CARD_ROOM), canvas);
    }
    card.dataset.k = pool.tiles ? k : "";
    card.querySelector("b").textContent = text[0];
    card.querySelector("span").textContent = text.slice(1).join(" · ");
    const [x, y] = pointAt(k), { offsetWidth, offsetHeight } = card;
    const left = x + 18 + offsetWidth > width ? x - 18 - offsetWidth : x + 18;
    card.style.left = `${Math.round(Math.max(0, left))}px`;
    card.style.top = `${Math.round(Math.max(0, Math.min(height - offsetHeight, y - offsetHeight / 2)))}px`;
  }

  function showSelection() {
    chosen = pool.lasso ? new Set(pool.lasso) : null;
    [spaced, groups] = [null, null];
    drawLegend();
    intoAddress();
    redraw(true);
  }

  const selectShown = () => choose(props.pool, { lasso: pointsWhere((k) => only.has(labels[k])), path: "shown" });

  // Corners in the units of the map.
  function selectInside(corners) {
    const inside = (k) => (!only.size || only.has(labels[k])) && insidePolygon(corners, goal[2 * k], goal[2 * k + 1]);
    choose(props.pool, { lasso: pointsWhere(inside), path: corners });
  }

  function nearestPoint(x, y, reach, test = bright) {
    let best = reach * reach, found = null;
    for (let k = 0; k < count(); k++) {
      const distance = (toX(xy[2 * k]) - x) ** 2 + (toY(xy[2 * k + 1]) - y) ** 2;
      if (distance <= best && test(k)) [best, found] = [distance, k];
    }
    return found;
  }

  function hover(k) {
    cursor = k ?? cursor;
    if (pool.hover !== k || !hoverHere) hoverOver(props.pool, k, root);
  }

  function zoomAt(x, y, factor) {
    const next = clamp(zoom * factor, 0.5, 200), before = scale();
    const px = middle[0] + (x - width / 2) / before, py = middle[1] - (y - centre()) / before;
    zoom = next;
    middle = [px - (x - width / 2) / scale(), py + (y - centre()) / scale()];
    [masks, spaced] = [null, null];
    redraw(false);
  }

  function showAll() {
    [zoom, middle, masks, spaced] = [1, [0, 0], null, null];
    redraw(true);
  }

  function useTool(name) {
    tool = name;
    for (const [which, button] of Object.entries(tools)) button.setAttribute("aria-pressed", String(which === name));
    map.classList.toggle("lassoing", name === "lasso");
  }

  function pointsWhere(test) {
    const points = [];
    for (let k = 0; k < count(); k++) if (test(k)) points.push(k);
    return points.length ? points : null;
  }

  const pointer = createPointer(map, {
    lassos: (event) => tool === "lasso" || event.shiftKey,
    pan(dx, dy) {
      middle = [middle[0] - dx / scale(), middle[1] + dy / scale()];
      redraw(false);
    },
    zoom: zoomAt,
    hover: (at) => hover(at && nearestPoint(...at, REACH.mouse)),
    draw: () => redraw(false),
    tap(at, touch) {
      const k = nearestPoint(...at, touch ? REACH.finger : REACH.mouse);
      if (k == null) return choose(props.pool, {});
      hover(k);
      pick(props.pool, k);
    },
    lasso(path) {
      selectInside(path.map(([x, y]) => [middle[0] + (x - width / 2) / scale(), middle[1] - (y - centre()) / scale()]));
    },
  });

  // What lies on the map is not the map: its clicks and keys are its own.
  for (const part of [find(".zoom"), help]) {
    part.addEventListener("pointerdown", (event) => event.stopPropagation());
    part.addEventListener("keydown", (event) => { if (event.key !== "Escape") event.stopPropagation(); });
  }

  map.addEventListener("keydown", (event) => {
    const step = arrowStep(event.key);
    const keys = {
      Enter: () => { if (cursor != null) pick(props.pool, cursor); },
      Escape: () => (help.hidden ? choose(props.pool, {}) : showHelp(false)),
      "?": () => showHelp(help.hidden),
      "+": () => zoomAt(width / 2, centre(), 1.4),
      "-": () => zoomAt(width / 2, centre(), 1 / 1.4),
      0: showAll,
    };
    if (!step && !keys[event.key]) return;
    event.preventDefault();
    if (step) goToward(...step);
    else keys[event.key]();
  });

  // To the next point in that direction, rather straight ahead than near.
  function goToward(ux, uy) {
    const old = pool.hover ?? cursor ?? pool.picks.at(-1) ?? nearestPoint(width / 2, centre(), Infinity);
    if (old == null) return;
    let best = Infinity, next = pool.hover == null ? old : null;
    const [x0, y0] = pointAt(old);
    for (let k = 0; k < count() && pool.hover != null; k++) {
      const [x, y] = pointAt(k), dx = x - x0, dy = y - y0, along = dx * ux + dy * uy;
      const cost = along + 2.5 * Math.abs(dx * uy - dy * ux);
      if (along > 0.5 && cost < best && bright(k)) [best, next] = [cost, k];
    }
    if (next == null) return;
    const [x, y] = pointAt(next);
    if (x < 8 || y < 8 || x > width - 8 || y > height - 8) middle = [xy[2 * next], xy[2 * next + 1]];
    hover(next);
    redraw(true);
  }

  const drawLegend = createMapLegend(root, {
    props: () => props, only: () => only, lettered: () => letters.checked,
    changed() {
      [spaced, groups, described] = [null, null, null];
      intoAddress();
      redraw(true);
    },
    selectShown,
  });

  function showHelp(open) {
    help.hidden = !open;
    question.setAttribute("aria-expanded", String(open));
  }

  for (const [name, button] of Object.entries(tools)) button.addEventListener("click", () => useTool(name));
  find(".closer").addEventListener("click", () => zoomAt(width / 2, centre(), 1.5));
  find(".further").addEventListener("click", () => zoomAt(width / 2, centre(), 1 / 1.5));
  find(".home").addEventListener("click", showAll);
  thumbnails.addEventListener("change", () => redraw(true));
  letters.addEventListener("change", () => { masks = null; drawLegend(); redraw(true); });
  for (const box of [names, density]) box.addEventListener("change", () => redraw(true));
  question.addEventListener("click", () => showHelp(help.hidden));
  help.addEventListener("click", () => showHelp(false));
  const watch = new ResizeObserver(fit);
  watch.observe(figure);
  window.addEventListener("resize", fit);

  function stop() {
    watch.disconnect();
    window.removeEventListener("resize", fit);
    cancelAnimationFrame(frame);
    for (const unsubscribe of subscriptions) unsubscribe();
    removeView(root);
  }
  return view;
}
