// The enlarged plane. What it shows comes from the small ones (`manifold`), which have it already: no message is sent.

const NEAR = 10; // CSS pixels from the pointer to an image's point, at most
const LEFT = 34, TOP = 8, BOTTOM = 22; // room for ticks

export default function ({ data, parentElement }) {
  const view = getOrCreate(parentElement, () => start(parentElement));
  view.accept(data);
  return cleanup(parentElement, view.stop);
}

function start(root) {
  const [figure, map, axes, read, holds, legend] = ["plane-stage", "map", "axes", "read", "holds", "legend"]
    .map((name) => root.querySelector(`.${name}`));
  const painter = planePainter(root), view = { accept, stop };
  let props = null, cursor = null, frame = 0, hovering = false;

  readLayers();

  function accept(data) {
    if (data.id === props?.id) return;
    props = data;
    store.planes.order = data.order;
    for (const set of data.sets) {
      const row = new Map(set.index.map((image, k) => [image, k]));
      store.planes.sets.set(set.dataset, { ...set, row, shape: imageShape(set.shape), tiles: decodeBase64(set.tiles) });
    }
    const asked = new URL(location.href).searchParams, wanted = asked.get("plane"), image = asked.get("image");
    store.planes.large = [wanted, store.planes.large, data.first].find((slot) => data.order.includes(slot)) ?? null;
    setAddress("plane", [data.first, null].includes(store.planes.large) ? wanted : store.planes.large);
    store.planes.pinned = image !== null && /^\d{1,9}$/.test(image) ? Number(image) : null;
    publish("planes:order");
    publish("planes:large");
  }

  // The plane of the enlarged slot, as soon as its data are here.
  function showLarge() {
    const data = store.planes.data.get(store.planes.large);
    if (!props || !data) return;
    const other = painter.data !== data;
    painter.accept(data);
    cursor = null;
    hovering = false;
    figure.dataset.slot = data.slot;
    map.setAttribute("aria-label", `Plane of ${data.name}: z0 to the right, z1 upwards. Arrow keys move, Enter ` +
      "chooses the nearest image, the digits enlarge another plane.");
    if (other) fit();
    showHolds();
    showLegend();
    rest();
  }

  function fit() {
    if (!painter.data || !figure.clientWidth) return;
    const room = Math.min(figure.clientWidth - LEFT, Math.max(300, window.innerHeight - 190), 728);
    painter.fit(room);
    const { width, height } = painter.grid;
    setSize({ width: width + LEFT, height: height + TOP + BOTTOM }, axes, root.querySelector(".frame"));
    resizeCanvas(axes, width + LEFT, height + TOP + BOTTOM);
    paintAxes(width, height);
    paint();
  }

  function paintAxes(width, height) {
    const { ctx, ink } = beginPlot(axes, figure), { centre } = painter.data, reach = painter.reach;
    ctx.fillStyle = ink;
    const ticks = (k, room) => linearTicks(centre[k] - reach, centre[k] + reach, room / 70);
    for (const value of ticks(0, width)) {
      const x = LEFT + painter.toX(value);
      drawLine(ctx, [[x, TOP + height], [x, TOP + height + 4]], { colour: ink });
      const look = { align: "center", colour: ink };
      if (x < LEFT + width - 26) drawText(ctx, formatTick(value), x, TOP + height + 7, look);
    }
    for (const value of ticks(1, height)) {
      const y = TOP + painter.toY(value);
      drawLine(ctx, [[LEFT - 4, y], [LEFT, y]], { colour: ink });
      const look = { align: "right", baseline: "middle", colour: ink };
      if (y > TOP + 18) drawText(ctx, formatTick(value), LEFT - 7, y, look);
    }
    drawText(ctx, "z₀ →", LEFT + width, TOP + height + 7, { align: "right", colour: ink });
    drawText(ctx, "↑ z₁", LEFT - 7, TOP, { align: "right", colour: ink });
  }

  const visible = (label) => !hiddenClasses(painter.data.dataset).has(label);

  function paint() {
    if (!painter.grid) return;
    const { mode, layers, regions } = store.planes;
    painter.paint({ mode, visible, size: 20, regions: layers.regions && regions.get(painter.data.slot) });
    paintMarks();
  }

  function paintMarks() {
    if (!painter.grid) return;
    const { layers, link, marks } = store.planes, data = painter.data;
    const { positions, lit } = marks.get(data.slot) ?? { positions: [], lit: null };
    const k = link?.dataset === data.dataset ? data.row.get(link.image) : undefined;
    painter.paintOver({ circles: layers.circles, names: true, marks: layers.samples ? positions : [],
      lit: lit === null ? null : positions[lit], cursor: link?.image == null ? cursor : null,
      linked: k === undefined ? null : [data.points[2 * k], data.points[2 * k + 1]] });
  }

  function showHolds() {
    holds.textContent = circlesHold(painter.data.circles, "N(0, I)", "this model’s z");
  }

  function showLegend() {
    const { classes, colours, dataset } = painter.data;
    legend.hidden = classes.length < 2;
    classLegend(legend, classes, colours, hiddenClasses(dataset), () => publish("planes:layers"), true);
  }

  // The place of an image in its row of the data, of the one nearest to a position; undefined where none is near.
  function nearest([x, y]) {
    const data = painter.data;
    let best = NEAR ** 2, found;
    data.labels.forEach((label, k) => {
      if (!visible(label)) return;
      const across = painter.toX(data.points[2 * k]) - painter.toX(x);
      const distance = across ** 2 + (painter.toY(data.points[2 * k + 1]) - painter.toY(y)) ** 2;
      if (distance < best) [best, found] = [distance, k];
    });
    return found;
  }

  // Links the k-th image of this plane, or shows what is decoded at a position where there is none.
  function look(place, k = nearest(place)) {
    const data = painter.data;
    cursor = painter.cell(place);
    map.dataset.at = place.map((x) => x.toFixed(3)).join();
    map.dataset.image = k === undefined ? "" : data.index[k];
    const spot = `z = (${place.map(formatSigned).join(", ")})`;
    if (k === undefined) {
      store.planes.link = { dataset: data.dataset, image: null };
      const seen = classAt(place);
      publish("planes:peek", { original: null, picture: painter.image(cursor), shape: data.shape,
        title: spot, text: `Decoded by ${data.title}${seen}. No image near.` });
      read.textContent = `${spot} · decoded here${seen}`;
    } else {
      store.planes.link = { dataset: data.dataset, image: data.index[k] };
      const set = store.planes.sets.get(data.dataset), label = data.labels[k];
      const named = label >= 0 && data.classes.length ? `, class ${data.classes[label]}` : "";
      publish("planes:peek", { original: imageAt(set.tiles, set.shape, set.row.get(data.index[k])),
        picture: imageAt(data.recon, data.shape, k), shape: data.shape,
        title: `Training image ${data.index[k]}${named}`,
        text: `Reconstructed by ${data.title}, MSE ${evenDigits(data.errors[k])} per pixel.` });
      const own = [data.points[2 * k], data.points[2 * k + 1]];
      read.textContent = `image ${data.index[k]}${named} · μ = (${own.map(formatSigned).join(", ")})`;
    }
    publish("planes:link");
    paintMarks();
  }

  function classAt([x, y]) {
    const data = painter.data, { own } = data, regions = store.planes.regions.get(data.slot);
    if (!regions) return "";
    const [right, down] = [x - data.centre[0] + own, data.centre[1] + own - y];
    if (Math.min(right, down) < 0 || Math.max(right, down) > 2 * own) return ""; // the regions end with the own window
    const cell = (from) => Math.min(regions.side - 1, Math.floor((from / (2 * own)) * regions.side));
    const k = cell(down) * regions.side + cell(right);
    return `, classified as ${data.classes[regions.labels[k]]} (${Math.round(regions.sure[k] / 2.55)} %)`;
  }

  // Back to the chosen image, or to the one that the page begins with.
  function rest() {
    const data = painter.data;
    if (!data) return;
    const begin = store.planes.sets.get(data.dataset)?.first;
    const k = data.row.get(store.planes.pinned) ?? data.row.get(begin) ?? (data.index.length ? 0 : undefined);
    look(k === undefined ? [0, 0] : [data.points[2 * k], data.points[2 * k + 1]], k);
    cursor = k === undefined ? painter.cell([0, 0]) : cursor;
  }

  function choose(place) {
    const k = nearest(place);
    if (k === undefined) return;
    store.planes.pinned = painter.data.index[k];
    setAddress("image", String(store.planes.pinned));
  }

  function leave() {
    cancelAnimationFrame(frame);
    if (!hovering) return;
    hovering = false;
    rest();
  }

  map.addEventListener("pointermove", (event) => {
    if (!painter.grid) return;
    hovering = true;
    const place = painter.placeAt(event);
    cancelAnimationFrame(frame); // a mouse reports more often than the screen is drawn
    frame = requestAnimationFrame(() => look(place));
  });
  for (const event of ["pointerleave", "pointercancel", "blur"]) map.addEventListener(event, leave);
  map.addEventListener("click", (event) => {
    if (!painter.grid) return;
    const place = painter.placeAt(event);
    choose(place);
    look(place);
  });
  map.addEventListener("keydown", (event) => {
    if (!painter.grid) return;
    const by = arrowStep(event.key), from = cursor ?? painter.cell([0, 0]);
    if (by) {
      event.preventDefault();
      hovering = true;
      const times = event.shiftKey ? 4 : 1;
      look(painter.position(from.map((k, axis) => clamp(k + times * by[axis], 0, painter.data.side - 1))));
    } else if (event.key === "Enter") {
      event.preventDefault();
      choose(painter.position(from));
    } else if (event.key === "Escape") leave();
  });

  // The digits enlarge a plane, unless somebody types.
  function digit(event) {
    const target = event.composedPath()[0];
    const typing = target.closest?.("input, textarea, select, [contenteditable=true]");
    if (event.ctrlKey || event.metaKey || event.altKey || typing) return;
    const slot = /^[1-9]$/.test(event.key) ? store.planes.order[Number(event.key) - 1] : undefined;
    if (slot !== undefined) enlarge(slot);
  }
  document.addEventListener("keydown", digit);

  const subscriptions = [
    subscribe("planes:large", showLarge),
    subscribe("planes:data", (slot) => { if (slot === store.planes.large) showLarge(); }),
    subscribe("planes:layers", () => { if (painter.data) paint(); }),
    subscribe("planes:marks", (slot) => { if (slot === painter.data?.slot) paintMarks(); }),
    subscribe("planes:askPeek", () => { if (painter.data) rest(); }),
  ];
  const watch = new ResizeObserver(fit);
  watch.observe(figure);

  function stop() {
    watch.disconnect();
    cancelAnimationFrame(frame);
    document.removeEventListener("keydown", digit);
    for (const unsubscribe of subscriptions) unsubscribe();
    removeView(root);
  }
  return view;
}
