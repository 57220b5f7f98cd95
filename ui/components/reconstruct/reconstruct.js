const PERIOD = 60; // ms a step while playing

export default function ({ data, parentElement }) {
  const view = recall(parentElement, () => start(parentElement));
  view.accept(data);
  return parting(parentElement, view.stop);
}

function start(root) {
  const figure = root.querySelector(".rec"), cards = root.querySelector(".cards"), plots = root.querySelector(".plots");
  const controls = root.querySelector(".controls"), read = root.querySelector(".read");
  const view = { accept, stop };
  let facts = null, lanes = [], last = 0;
  const scrub = scrubber(root, { last: () => last, show, label: "Play the search from its start", period: PERIOD,
    stride: () => Math.max(1, Math.round(last / 120)), calm: () => Math.ceil(last / 10) });

  function accept(data) {
    const other = !facts || facts.id !== data.id, before = last;
    facts = data;
    if (other) {
      scrub.halt();
      lanes = data.cards.flatMap((card, i) => card.lanes.map((lane, j) => ({ ...lane, card, name: `${i}.${j}`, tiles: bytes(lane.tiles) })));
      last = Math.max(...lanes.map((lane) => lane.objective.length - 1), 0);
      scrub.at = scrub.at == null || scrub.at === before ? last : Math.min(scrub.at, last); // the result, until somebody scrubs
    }
    controls.hidden = last === 0;
    build();
    fit();
  }

  const station = (lane) => Math.min(scrub.at, lane.objective.length - 1);
  const tile = (lane, k) => lane.tiles.subarray(k * TILE * TILE, (k + 1) * TILE * TILE);

  const head = (name, about) => make("div", { class: "head" }, make("b", { text: name, title: name }), make("span", { text: about, title: about }));

  function build() {
    const [what, ...which] = facts.note.split(", "); // the class has a line of its own: beside the number it would be cut
    const original = make("canvas", { role: "img", "aria-label": `The original: ${facts.note}`, class: "original" });
    cards.replaceChildren(
      make("div", { class: "card first" }, head("Original", what), make("div", { class: "lane" }, original, make("p", { class: "way", text: which.join(", ") }))),
      ...facts.cards.map((card) => make("div", { class: "card" }, head(card.name, card.about),
        make("div", { class: "lanes" }, ...lanes.filter((lane) => lane.card === card).map(column)),
        ...(card.gap ? [make("p", { class: "gap", text: card.gap })] : []))));
    paint(original, bytes(facts.image));
    // A family that only encodes has no way to show, but a place.
    plots.replaceChildren(...facts.cards.map((card) => plot(card)), ...legend());
  }

  function column(lane) {
    const { card } = lane, rows = [["MSE", "mse"], [card.what, "objective"]];
    if (lane.hidden) rows.unshift(["Hidden MSE", "hidden"]);
    const list = make("dl", { class: "facts" }, ...rows.flatMap(([text, key], i) => [
      make("dt", { text, class: i ? undefined : "strong" }), make("dd", { class: `${key}${i ? "" : " strong"}` })]));
    const box = make("div", { class: "lane" }, make("canvas", { role: "img", "data-lane": lane.name }),
      make("p", { class: "way" }, swatch(lane), make("span", { text: lane.way })), list, make("p", { class: "took number", text: lane.took }));
    if (facts.hides) {
      const canvas = make("canvas", { role: "img", "aria-label": lane.hatched ? "What the model sees: hidden pixels are left out" : "What the model sees: the hole is filled" });
      box.append(make("div", { class: "sees" }, canvas, make("span", { text: lane.hatched ? "sees only what is visible" : "sees the hole filled" })));
      hatched(canvas, bytes(lane.sees), lane.hatched ? bytes(facts.visible) : [], 112);
    }
    return box;
  }

  function plot(card) {
    const mine = lanes.filter((lane) => lane.card === card), parts = [make("p", { class: "title", text: card.name })];
    if (mine.some((lane) => lane.objective.length > 1)) {
      const canvas = make("canvas", { role: "img", class: "loss" });
      scrub.follow(canvas, (px, py, width) => ((px - 44) / (width - 52)) * last);
      parts.push(make("figure", {}, make("figcaption", { text: `${card.what} (${card.unit})` }), canvas));
    }
    const plane = make("canvas", { role: "img", class: "way" });
    scrub.follow(plane, (px, py, width) => nearest(card, px, py, width));
    parts.push(make("figure", { class: "flat" }, make("figcaption", { text: `Path of z (PCA, ${Math.round(100 * card.share)} % of the variance)` }), plane));
    return make("div", { class: "plot" }, ...parts);
  }

  function legend() {
    const used = new Set(facts.cards.flatMap((card) => card.labels));
    const names = facts.classes.flatMap((name, k) => (used.has(k) ? [make("span", {}, make("i", { style: `background:${facts.colours[k % facts.colours.length]}` }), name)] : []));
    return names.length ? [make("div", { class: "legend" }, make("span", { text: "Dots: training images," }), ...names)] : [];
  }

  function fit() {
    if (!facts || !figure.clientWidth) return;
    const room = figure.clientWidth, wide = room > 560, ratio = window.devicePixelRatio || 1, count = lanes.length + 1;
    let size = crisp(TILE, (room - 8) / 2, 168);
    for (const rows of wide ? [1, 2, 3] : []) {
      // Lanes of a card stay together; between cards there is more air than between lanes.
      const across = Math.ceil(count / rows), air = 28 * Math.min(facts.cards.length, across) + 8 * across;
      size = crisp(TILE, Math.min((room - air) / across, (window.innerHeight - 330 - 110 * (rows - 1)) / rows, 280));
      if (size >= 140) break;
    }
    cards.style.minHeight = "0"; // the place is taken
    cards.querySelectorAll(".lane > canvas").forEach((canvas) => { canvas.style.width = canvas.style.height = `${size}px`; });
    cards.querySelectorAll(".lane").forEach((lane) => { lane.style.width = `${size}px`; });
    cards.querySelectorAll(".card").forEach((card, i) => {
      const many = i ? facts.cards[i - 1].lanes.length : 1;
      card.style.maxWidth = `${many * size + 8 * (many - 1)}px`;
    });
    plots.querySelectorAll("canvas").forEach((canvas) => {
      canvas.width = Math.round(canvas.clientWidth * ratio);
      canvas.height = Math.round(canvas.clientHeight * ratio);
    });
    show();
  }

  function show() {
    const { at } = scrub, words = at === 0 ? "Start: before the first step" : at === last ? `Step ${last}: the best place found` : `Step ${at} of ${last}`;
    scrub.mark(words);
    read.textContent = words;
    [figure.dataset.at, figure.dataset.last] = [at, last];
    cards.querySelectorAll("canvas[data-lane]").forEach((canvas, i) => {
      const lane = lanes[i], k = station(lane), box = canvas.closest(".lane");
      paint(canvas, tile(lane, k));
      for (const key of ["mse", "objective", "hidden"]) {
        const cell = box.querySelector(`.${key}`);
        if (cell) cell.textContent = key === "objective" ? three(lane.objective[k]) + (lane.card.unit === "nats" ? " nats" : "") : figures(lane[key][k]);
      }
      canvas.setAttribute("aria-label", `${lane.card.name}, ${lane.way}: mean squared error ${figures(lane.mse[k])}`);
    });
    plots.querySelectorAll(".plot").forEach((node, i) => {
      const card = facts.cards[i], loss = node.querySelector(".loss");
      if (loss) curve(loss, card);
      path(node.querySelector("canvas.way"), card);
    });
  }

  const figures = (v) => (Number.isFinite(v) ? Number(v.toPrecision(3)).toFixed(v < 0.01 ? 5 : 4) : "–");
  const mine = (card) => lanes.filter((lane) => lane.card === card);

  function pen_of(canvas) {
    const pen = canvas.getContext("2d"), ratio = window.devicePixelRatio || 1, style = getComputedStyle(figure);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, canvas.width, canvas.height);
    pen.font = `12px ${style.fontFamily}`;
    return [pen, canvas.width / ratio, canvas.height / ratio, style.color];
  }

  function curve(canvas, card) {
    const [pen, width, height, ink] = pen_of(canvas), bottom = height - 34, left = 44, right = width - 8;
    const all = mine(card).flatMap((lane) => lane.objective), pad = 0.06 * (Math.max(...all) - Math.min(...all)) || 0.5;
    const [low, high] = [Math.min(...all) - pad, Math.max(...all) + pad];
    const x = (k) => left + (k / last) * (right - left), y = (v) => 6 + (bottom - 6) * (1 - (v - low) / (high - low));
    Object.assign(pen, { fillStyle: ink, textAlign: "right", textBaseline: "middle" });
    for (const v of steps(low, high, 4)) {
      stroke(pen, [[left, y(v)], [right, y(v)]], ink, 1, [], 0.14);
      pen.fillText(String(v).replace("-", "−"), left - 6, y(v));
    }
    Object.assign(pen, { textAlign: "center", textBaseline: "top" });
    for (const v of steps(0, last, 4)) pen.fillText(v, x(v), bottom + 5);
    pen.fillText("Step", (left + right) / 2, bottom + 19);
    for (const lane of mine(card)) {
      const one = lane.objective.length === 1, points = one ? [[left, y(lane.objective[0])], [right, y(lane.objective[0])]] : lane.objective.map((v, k) => [x(k), y(v)]);
      stroke(pen, points, lane.colour, 2, lane.dash, 1);
      if (one) {
        Object.assign(pen, { textAlign: "right", textBaseline: "bottom" });
        pen.fillText("encoder", right, y(lane.objective[0]) - 3);
      }
    }
    stroke(pen, [[x(scrub.at), 4], [x(scrub.at), bottom]], ink, 1, [], 0.6);
    for (const lane of mine(card)) if (lane.objective.length > 1) dot(pen, x(station(lane)), y(lane.objective[station(lane)]), 3.5, lane.colour);
    canvas.setAttribute("aria-label", `${card.what} of ${card.name} at each step of its search. Step ${scrub.at}: ${mine(card).map((lane) => `${lane.way} ${three(lane.objective[station(lane)])}`).join(", ")} ${card.unit}`);
  }

  // The same scale along both axes: lengths in the plane are lengths.
  function frame(card, width) {
    const xs = [], ys = [];
    for (const list of [card.cloud, ...mine(card).map((lane) => lane.path)]) list.forEach((v, k) => (k % 2 ? ys : xs).push(v));
    const [a, b, c, d] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    const span = 1.1 * Math.max(b - a, d - c) || 1;
    return [(v) => width * (0.5 + (v - (a + b) / 2) / span), (v) => width * (0.5 - (v - (c + d) / 2) / span)];
  }

  function path(canvas, card) {
    const [pen, width] = pen_of(canvas), [x, y] = frame(card, width);
    pen.globalAlpha = 0.42;
    card.labels.forEach((label, k) => dot(pen, x(card.cloud[2 * k]), y(card.cloud[2 * k + 1]), 1.7, label < 0 ? "#9AA5AE" : facts.colours[label % facts.colours.length]));
    pen.globalAlpha = 1;
    for (const lane of mine(card)) {
      const points = Array.from({ length: lane.path.length / 2 }, (_, k) => [x(lane.path[2 * k]), y(lane.path[2 * k + 1])]), end = points[points.length - 1];
      if (points.length === 1 && mine(card).length > 1) continue; // where the search beside it begins
      stroke(pen, points, "#14181c", 5, [], 0.7);
      stroke(pen, points, "#FFFFFF", 2, [], 1);
      ring(pen, ...points[0], "#FFFFFF");
      dot(pen, ...end, 4, "#FFFFFF");
      const now = points[Math.min(scrub.at, points.length - 1)];
      dot(pen, ...now, 6, "#14181c");
      dot(pen, ...now, 4.5, "#F0A34A");
      const side = points[0][1] <= end[1] ? 1 : -1; // the two words on the far sides of the way
      if (points.length > 1) [["start", points[0], -13], ["end", end, 13]].forEach(([text, [px, py], away]) => note(pen, text, px, py, side * away, width));
      canvas.setAttribute("aria-label", `z of ${card.name} in two dimensions, from its start to its end over the latents of training images`);
    }
  }

  function nearest(card, px, py, width) {
    const [x, y] = frame(card, width);
    let best = Infinity, found = scrub.at;
    for (const lane of mine(card)) {
      if (lane.objective.length === 1) continue;
      for (let k = 0; k < lane.objective.length; k++) {
        const away = Math.hypot(x(lane.path[2 * k]) - px, y(lane.path[2 * k + 1]) - py);
        if (away < best) [best, found] = [away, k];
      }
    }
    return found;
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
