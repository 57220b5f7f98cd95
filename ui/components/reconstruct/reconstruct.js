const PERIOD = 60; // ms a step while playing
const BELOW_PLOT = 34; // CSS pixels
const WIDENED = 24; // CSS pixels that a gap between pictures grows by at most, so that they end where the page does
const LARGE = 140, LEAST = 92; // CSS pixels of a picture: worth a second line, and enough for all to stand in one line

export default function ({ data, parentElement }) {
  const view = getOrCreate(parentElement, () => start(parentElement));
  view.accept(data);
  return cleanup(parentElement, view.stop);
}

// A lane is one way from the image to a latent: an encoder, or a search with an image for each of its steps.
// A gap, widened to what there is for it if that is little more.
const filling = (gap, room) => (room > gap && room <= gap + WIDENED ? Math.floor(room) : gap);

// The picture of step k: of large images a message holds fewer pictures than a long search has steps, evenly spread.
function pictureOf({ tiles, objective }, shape, k) {
  const count = Math.round(tiles.length / shape.size);
  return Math.round((k * (count - 1)) / Math.max(1, objective.length - 1));
}

function start(root) {
  const figure = root.querySelector(".rec"), cards = root.querySelector(".cards"), plots = root.querySelector(".plots");
  const [controls, read, gaps] = [".controls", ".read", ".gaps"].map((part) => root.querySelector(part));
  const view = { accept, stop };
  let props = null, shape = null, lanes = [], last = 0;
  const scrubber = createScrubber(root, {
    last: () => last, show, label: "Play the search from its start", period: PERIOD,
    stride: () => Math.max(1, Math.round(last / 120)), calm: () => Math.ceil(last / 10),
  });

  function accept(data) {
    const other = !props || props.id !== data.id, before = last;
    props = data;
    shape = imageShape(data.shape);
    if (other) {
      scrubber.pause();
      lanes = data.cards.flatMap((card, i) => card.lanes.map((lane, j) => (
        { ...lane, card, name: `${i}.${j}`, tiles: decodeBase64(lane.tiles) })));
      last = Math.max(...lanes.map((lane) => lane.objective.length - 1), 0);
      // The result, until the visitor has moved to another step.
      scrubber.at = scrubber.at == null || scrubber.at === before ? last : Math.min(scrubber.at, last);
    }
    controls.hidden = last === 0;
    build();
    fit();
  }

  const searched = (lane) => lane.objective.length > 1;
  const stepOf = (lane) => Math.min(scrubber.at, lane.objective.length - 1);
  const lanesOf = (card) => lanes.filter((lane) => lane.card === card);

  const head = (name, about) => createElement("div", { class: "head" },
    createElement("b", { text: name, title: name }), createElement("span", { text: about, title: about }));

  function build() {
    // The class has a line of its own: beside the image's number it would be cut off.
    const [what, ...which] = props.note.split(", ");
    const original = createElement("canvas", { role: "img", class: "original",
      "aria-label": `The original: ${props.note}` });
    const lane = createElement("div", { class: "lane" }, original,
      createElement("p", { class: "way", text: which.join(", ") }));
    cards.replaceChildren(
      createElement("div", { class: "card first" }, head("Original", what), lane),
      ...props.cards.map((card) => createElement("div", { class: "card" }, head(card.name, card.about),
        createElement("div", { class: "lanes" }, ...lanesOf(card).map(column)))));
    // Below all of them, in whole lines: below a narrow picture a sentence would be a column of single words.
    gaps.replaceChildren(...props.best.map(([what, text]) => createElement("p", {},
      createElement("b", { text: `${what}.` }), createElement("span", { text: ` ${text}` }))));
    paintImage(original, decodeBase64(props.image), shape);
    // One legend where all clouds have the same classes, else one below each.
    const sets = new Set(props.cards.filter((card) => card.labels.length).map((card) => card.classes.join("\n")));
    const own = sets.size > 1;
    plots.replaceChildren(...props.cards.map((card) => plot(card, own)), ...(own ? [] : legend(props.cards)));
  }

  function column(lane) {
    // With hidden pixels each figure names its own: the losses are of the visible ones alone.
    const [all, seen] = props.hides ? [", all pixels", ", visible"] : ["", ""];
    const { card } = lane, rows = [[`MSE${all}`, "mse"], [`${card.what.split(" (")[0]}${seen}`, "objective"]];
    if (lane.elbo) rows.splice(1, 0, [`−ELBO${seen}`, "elbo"]);
    if (lane.hidden) rows.unshift(["Hidden MSE", "hidden"]);
    const list = createElement("dl", { class: "facts" }, ...rows.map(([text, key], i) => createElement("div",
      lane.best.includes(key) ? { class: "best", title: "The lowest of all models" } : {},
      createElement("dt", { text, class: i ? undefined : "strong" }),
      createElement("dd", { class: `${key}${i ? "" : " strong"}` }))));
    const way = createElement("p", { class: "way" }, lineSample(lane), createElement("span", { text: lane.way }));
    const box = createElement("div", { class: "lane" },
      createElement("canvas", { role: "img", "data-lane": lane.name }), way, list,
      createElement("p", { class: "took number", text: lane.took }));
    if (props.hides) box.append(modelInput(lane));
    return box;
  }

  // The image as the model gets it: with hidden pixels left out (striped) or filled.
  function modelInput(lane) {
    const label = `The model's input: hidden pixels are ${lane.hatched ? "left out" : "filled"}`;
    const canvas = createElement("canvas", { role: "img", "aria-label": label });
    const scale = Math.max(1, Math.round(112 / Math.max(shape.width, shape.height))), small = createElement("canvas");
    [canvas.width, canvas.height] = [scale * shape.width, scale * shape.height];
    paintImage(small, decodeBase64(lane.sees), shape);
    const ctx = canvas.getContext("2d");
    ctx.imageSmoothingEnabled = false;
    ctx.drawImage(small, 0, 0, canvas.width, canvas.height);
    if (lane.hatched) coverHidden(ctx, decodeBase64(props.visible), shape, scale);
    const { width, height } = fitImage(shape, 56);
    Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
    const text = lane.hatched ? "gets only visible pixels" : "gets hidden pixels filled";
    return createElement("div", { class: "sees" }, canvas, createElement("span", { text }));
  }

  const objectiveOf = (card) => `${card.what}${props.hides ? ", visible pixels" : ""}`;

  function plot(card, ownLegend) {
    const parts = [createElement("p", { class: "title", text: card.name })];
    if (lanesOf(card).some(searched)) {
      const canvas = createElement("canvas", { role: "img", class: "loss" });
      scrubber.follow(canvas, (x, y, width) => axisScale(0, last, 44, width - 8).invert(x));
      const caption = createElement("figcaption", { text: `${objectiveOf(card)} (${card.unit})` });
      parts.push(createElement("figure", {}, caption, canvas, finding(card.gap)));
    }
    const plane = createElement("canvas", { role: "img", class: "way" });
    scrubber.follow(plane, (x, y, width) => nearestStep(card, x, y, width));
    const text = `Path of z (PCA, ${Math.round(100 * card.share)} % of the variance)`;
    const caption = createElement("figcaption", { text });
    parts.push(createElement("figure", { class: "flat" }, caption, plane, finding(card.moved)));
    if (card.gap && parts.length < 3) parts.push(finding(card.gap)); // encoders alone have no curve
    return createElement("div", { class: "plot" }, ...parts, ...(ownLegend ? legend([card]) : []));
  }

  const finding = (text) => createElement("p", { class: "finding", text });

  function legend(shown) {
    const used = new Set(shown.flatMap((card) => card.labels));
    const classes = (shown.find((card) => card.labels.length) || { classes: [] }).classes;
    const names = classes.flatMap((name, k) => {
      if (!used.has(k)) return [];
      const dot = createElement("i", { style: `background:${props.colours[k % props.colours.length]}` });
      return [createElement("span", {}, dot, name)];
    });
    if (!names.length) return [];
    const intro = createElement("span", { text: "Dots: training images," });
    return [createElement("div", { class: "legend" }, intro, ...names)];
  }

  function fit() {
    if (!props || !figure.clientWidth) return;
    const room = figure.clientWidth, wide = room > 560, count = lanes.length + 1;
    let size = fitImage(shape, Math.min((room - 8) / 2, 168)), line = null;
    figure.classList.remove("compact");
    for (const rows of wide ? [1, 2, 3] : []) {
      // Lanes of a card stay together; between cards the gap is wider than between lanes.
      const across = Math.ceil(count / rows), breaks = Math.min(props.cards.length, across);
      const inner = rows === 1 ? count - 1 - breaks : across;
      const height = Math.max(56, (window.innerHeight - 330 - 110 * (rows - 1)) / rows);
      const fitted = (between) => fitImage(shape,
        Math.min((room - between * breaks - 8 * inner) / across, height, 280));
      size = fitted(28);
      line = rows === 1 ? { breaks, inner } : null;
      if (Math.max(size.width, size.height) >= LARGE) break;
      // Small pictures beside each other say more than large ones of which the half is below the screen.
      const close = fitted(16);
      if (rows > 1 || close.width < LEAST) continue;
      size = close;
      figure.classList.add("compact");
      break;
    }
    cards.style.minHeight = "0"; // no placeholder any more
    setSize(size, ...cards.querySelectorAll(".lane > canvas"));
    const laneWide = Math.max(size.width, 84), laneGap = wide ? 8 : filling(8, room - 2 * laneWide);
    for (const lane of cards.querySelectorAll(".lane")) lane.style.width = `${laneWide}px`;
    for (const lanes of cards.querySelectorAll(".lanes")) lanes.style.columnGap = `${laneGap}px`;
    const cardGap = figure.classList.contains("compact") ? 16 : 28;
    const forGaps = line ? (room - laneWide * count - 8 * line.inner) / line.breaks : 0;
    cards.style.columnGap = line ? `${filling(cardGap, forGaps)}px` : wide ? "" : `${laneGap}px`;
    // Names of one line and of two: the pictures below them stand in a line all the same.
    const heads = [...cards.querySelectorAll(".head")];
    for (const head of heads) head.style.minHeight = "";
    cards.querySelectorAll(".card").forEach((card, i) => {
      const many = i ? props.cards[i - 1].lanes.length : 1;
      card.style.maxWidth = `${many * laneWide + laneGap * (many - 1)}px`;
    });
    const highest = Math.max(...heads.map((head) => head.offsetHeight));
    if (wide) for (const head of heads) head.style.minHeight = `${highest}px`;
    for (const canvas of plots.querySelectorAll("canvas")) {
      resizeCanvas(canvas, canvas.clientWidth, canvas.clientHeight);
    }
    show();
  }

  function show() {
    const { at } = scrubber;
    const text = at === 0 ? "Start: before the first step"
      : at === last ? `Result: the best of ${last} steps` : `Step ${at} of ${last}`;
    scrubber.mark(text);
    read.textContent = text;
    [figure.dataset.at, figure.dataset.last] = [at, last];
    cards.querySelectorAll("canvas[data-lane]").forEach((canvas, i) => {
      const lane = lanes[i], k = stepOf(lane), box = canvas.closest(".lane");
      paintImage(canvas, imageAt(lane.tiles, shape, pictureOf(lane, shape, k)), shape);
      for (const key of ["mse", "elbo", "objective", "hidden"]) {
        const cell = box.querySelector(`.${key}`);
        if (!cell) continue;
        cell.textContent = key === "mse" || key === "hidden" ? formatError(lane[key][k])
          : `${formatNumber(lane[key][k])} ${lane.card.unit === "nats" ? "nats" : "sq. error"}`;
      }
      const error = formatError(lane.mse[k]);
      canvas.setAttribute("aria-label", `${lane.card.name}, ${lane.way}: mean squared error ${error}`);
    });
    plots.querySelectorAll(".plot").forEach((node, i) => {
      const card = props.cards[i], loss = node.querySelector(".loss");
      if (loss) drawObjective(loss, card);
      drawPath(node.querySelector("canvas.way"), card);
    });
  }

  const decimals = (v) => (v < 0.001 ? 6 : v < 0.01 ? 5 : v < 0.1 ? 4 : 3);
  const formatError = (v) => (Number.isFinite(v) ? Number(v.toPrecision(3)).toFixed(decimals(v)) : "–");

  function drawObjective(canvas, card) {
    const { ctx, width, height, ink } = beginPlot(canvas, figure), own = lanesOf(card);
    const frame = { left: 44, right: width - 8, top: 6, bottom: height - BELOW_PLOT };
    const range = paddedRange(own.flatMap((lane) => lane.objective));
    const x = axisScale(0, last, frame.left, frame.right), y = axisScale(...range, frame.bottom, frame.top);
    drawValueAxis(ctx, { ticks: linearTicks(...range, 4), y, ...frame, ink });
    drawPositionAxis(ctx, { ticks: linearTicks(0, last, 4), x, ...frame, colour: ink, title: "Step" });
    for (const lane of own) {
      const { objective, colour, dash } = lane, one = y(objective[0]);
      const points = searched(lane) ? objective.map((v, k) => [x(k), y(v)]) : [[frame.left, one], [frame.right, one]];
      // The last value is that of the best step, measured again: a solid line down to it would look like a sudden drop.
      drawLine(ctx, searched(lane) ? points.slice(0, -1) : points, { colour, width: 2, dash });
      drawLine(ctx, searched(lane) ? points.slice(-2) : [], { colour, dash: [2, 3], alpha: 0.6 });
      if (!searched(lane)) {
        drawText(ctx, "encoder", frame.right, one - 3, { align: "right", baseline: "bottom", colour: ink });
      }
    }
    drawCursor(ctx, x(scrubber.at), frame.top - 2, frame.bottom, ink);
    for (const lane of own.filter(searched)) {
      drawDot(ctx, x(stepOf(lane)), y(lane.objective[stepOf(lane)]), 3.5, lane.colour);
    }
    const here = own.map((lane) => `${lane.way} ${formatNumber(lane.objective[stepOf(lane)])}`).join(", ");
    canvas.setAttribute("aria-label", `${objectiveOf(card)} of ${card.name} at each step of its search. `
      + `Step ${scrubber.at}: ${here} ${card.unit}`);
  }

  // Scales of a square of this width, centred on the coordinates, that is `wider` times as wide as they spread. Both
  // axes have the same scale: lengths in the plane are lengths.
  function squareScales(lists, wider, least, width) {
    const xs = [], ys = [];
    for (const list of lists) list.forEach((v, k) => (k % 2 ? ys : xs).push(v));
    const [a, b, c, d] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    const span = Math.max(wider * Math.max(b - a, d - c), least) || 1;
    const scales = [axisScale((a + b - span) / 2, (a + b + span) / 2, 0, width),
      axisScale((c + d - span) / 2, (c + d + span) / 2, width, 0)];
    return Object.assign(scales, { span });
  }

  const pathsOf = (card) => lanesOf(card).map((lane) => lane.path);
  const wholePlane = (card, width) => squareScales([card.cloud, ...pathsOf(card)], 1.1, 0, width);

  // The plane round the path, which is far shorter than the training images are wide: on the whole plane its start and
  // its end would cover each other. Without a search the whole plane.
  function planeScales(card, width) {
    const whole = wholePlane(card, width);
    if (!lanesOf(card).some(searched)) return whole;
    const near = squareScales(pathsOf(card), 2, whole.span / 40, width);
    return near.span < 0.6 * whole.span ? near : whole;
  }

  function pointsOf(path, x, y) {
    return Array.from({ length: path.length / 2 }, (_, k) => [x(path[2 * k]), y(path[2 * k + 1])]);
  }

  function drawCloud(ctx, card, x, y, radius, width) {
    card.labels.forEach((label, k) => {
      const colour = label < 0 ? "#9AA5AE" : props.colours[label % props.colours.length];
      const [px, py] = [x(card.cloud[2 * k]), y(card.cloud[2 * k + 1])];
      const inside = [px, py].every((v) => v > -radius && v < width + radius);
      if (inside) drawDot(ctx, px, py, radius, colour);
    });
  }

  function drawPath(canvas, card) {
    const { ctx, width } = beginPlot(canvas, figure), scales = planeScales(card, width), [x, y] = scales;
    const zoomed = scales.span < wholePlane(card, width).span;
    ctx.globalAlpha = zoomed ? 0.55 : 0.42;
    drawCloud(ctx, card, x, y, zoomed ? 3 : 1.7, width);
    ctx.globalAlpha = 1;
    const taken = [], words = [];
    for (const lane of lanesOf(card)) {
      const points = pointsOf(lane.path, x, y), end = points[points.length - 1];
      if (points.length === 1 && lanesOf(card).length > 1) continue; // the start of the search beside it
      taken.push(...points);
      drawLine(ctx, points, { colour: "#14181c", width: 5, alpha: 0.7 });
      drawLine(ctx, points, { colour: "#FFFFFF", width: 2 });
      drawRing(ctx, ...points[0], "#FFFFFF");
      drawDot(ctx, ...end, 4, "#FFFFFF");
      const now = points[Math.min(scrubber.at, points.length - 1)];
      drawDot(ctx, ...now, 6, "#14181c");
      drawDot(ctx, ...now, 4.5, "#F0A34A");
      if (points.length > 1) {
        const start = besidePath(points[0], points, width);
        words.push(["start", start], ["end", besidePath(end, [...points, start], width)]);
      }
    }
    if (zoomed && card.labels.length) {
      drawInset(ctx, card, scales, [...taken, ...words.map(([, place]) => place)], width);
    }
    for (const [word, place] of words) drawNote(ctx, word, ...place, width); // over the inset
    canvas.setAttribute("aria-label", `z of ${card.name} in two dimensions, from the start of the search to its end, `
      + "over the latents of training images");
  }

  // The place for a word at a point of the path that is farthest from the rest of it.
  function besidePath([x, y], points, width) {
    let best = null, farthest = -1;
    for (let k = 0; k < 12; k++) {
      const [cx, cy] = [x + 24 * Math.cos((k * Math.PI) / 6), y + 15 * Math.sin((k * Math.PI) / 6)];
      if (cx < 18 || cx > width - 18 || cy < 8 || cy > width - 8) continue;
      const free = Math.min(...points.map(([px, py]) => Math.hypot((px - cx) / 1.6, py - cy)));
      if (free > farthest + 0.5) [farthest, best] = [free, [cx, cy]];
    }
    return best ?? [x, y];
  }

  // The whole plane, small, in the corner farthest from the path, with a frame round the part that is shown large.
  function drawInset(ctx, card, [x, y], taken, width) {
    const side = Math.round(0.34 * width), far = width - side - 4;
    const half = side / 2;
    const emptiness = ([cx, cy]) => Math.min(...taken.map(([px, py]) => Math.hypot(px - cx - half, py - cy - half)));
    const corners = [[4, 4], [far, 4], [4, far], [far, far]];
    const [left, top] = corners.reduce((best, corner) => (emptiness(corner) > emptiness(best) ? corner : best));
    const [wx, wy] = wholePlane(card, side);
    ctx.save();
    ctx.translate(left, top);
    ctx.beginPath();
    ctx.rect(0, 0, side, side);
    ctx.clip();
    ctx.fillStyle = "#14181c";
    ctx.fillRect(0, 0, side, side);
    ctx.globalAlpha = 0.7;
    drawCloud(ctx, card, wx, wy, 1, side);
    ctx.globalAlpha = 1;
    const [x0, x1, y0, y1] = [wx(x.invert(0)), wx(x.invert(width)), wy(y.invert(0)), wy(y.invert(width))];
    const frame = Math.max(x1 - x0, 6), [mx, my] = [(x0 + x1 - frame) / 2, (y0 + y1 - frame) / 2];
    outline(ctx, 1.5, () => ctx.rect(mx, my, frame, frame));
    ctx.restore();
    Object.assign(ctx, { strokeStyle: "#9AA5AE", lineWidth: 1 });
    ctx.strokeRect(left + 0.5, top + 0.5, side - 1, side - 1);
  }

  // The step whose z is nearest to the pointer.
  function nearestStep(card, px, py, width) {
    const [x, y] = planeScales(card, width);
    let best = Infinity, step = scrubber.at;
    for (const lane of lanesOf(card).filter(searched)) {
      pointsOf(lane.path, x, y).forEach(([qx, qy], k) => {
        const distance = Math.hypot(qx - px, qy - py);
        if (distance < best) [best, step] = [distance, k];
      });
    }
    return step;
  }

  const watch = new ResizeObserver(fit);
  watch.observe(figure);

  function stop() {
    scrubber.stop();
    watch.disconnect();
    removeView(root);
  }
  return view;
}
