// A square plane of pictures decoded in advance: what `plane` and `manifold` share. Under the pointer lies the picture of
// the full grid; drawn are as many as fit. Places are in the plane's own units, (0, 0) is where the circles have their middle.

function tilemap(root, { look, leave, choose = () => {}, room }) {
  const map = root.querySelector(".map"), ground = root.querySelector(".ground");
  const cloud = root.querySelector(".cloud"), over = root.querySelector(".over");
  const view = { accept, fit, stop, draw, points, show, place: at, cell, tile, cursor: null, hovering: false, rings: true };
  let facts = null, count = 1, stride = 1, size = 252, pace = 0, shown = null, extra = () => {};

  // facts: side, span (half the width from the first picture's middle to the last one's), centre, tiles, points, labels, colours
  function accept(data) {
    facts = data;
    view.cursor = null;
    fit();
  }

  function tile(column, row) {
    const first = (row * facts.side + column) * TILE * TILE;
    return facts.tiles.subarray(first, first + TILE * TILE);
  }
  const step = () => (2 * facts.span) / (facts.side - 1);
  // To the outer edge of the outermost pictures: with an odd count their centres lie on ± span, with an even one their edges.
  const reach = () => (step() * stride * count) / 2;
  const toX = (x) => ((x - facts.centre[0] + reach()) / (2 * reach())) * size;
  const toY = (y) => size - ((y - facts.centre[1] + reach()) / (2 * reach())) * size;
  const far = (r) => (r / (2 * reach())) * size;

  // The place of a picture of the full grid, and the picture nearest to a place; null where there is none.
  function at([column, row]) {
    return [facts.centre[0] - facts.span + column * step(), facts.centre[1] + facts.span - row * step()];
  }
  function cell([x, y]) {
    const found = [Math.round((x - facts.centre[0] + facts.span) / step()), Math.round((facts.centre[1] + facts.span - y) / step())];
    return found.every((k) => k >= 0 && k < facts.side) ? found : null;
  }
  const within = (place) => place.map((k) => Math.min(facts.side - 1, Math.max(0, k)));

  function fit() {
    if (!facts) return;
    const ratio = window.devicePixelRatio || 1, wide = room();
    // As wide as the room allows; of two nearly equal widths the one with more pictures, none smaller than 18 px.
    const worth = ([n, , width]) => (width > wide + 0.1 || width / n < 18 ? 0 : width * n ** 0.25);
    [count, stride, size] = [1, 2, 3, 4, 6, 8, 12].filter((s) => (facts.side - 1) % s === 0)
      .flatMap((s) => [(facts.side - 1) / s + 1, (facts.side - 1) / s].filter((n) => n % 2 || !(s % 2)).map((n) => [n, s, crisp(n * TILE, wide)]))
      .reduce((a, b) => (worth(b) > worth(a) ? b : a));
    for (const node of [map, ground, cloud, over]) node.style.width = node.style.height = `${size}px`;
    for (const canvas of [cloud, over]) canvas.width = canvas.height = Math.round(size * ratio);
    const n = count, first = (facts.side - 1 - (n - 1) * stride) / 2, picture = new Uint8Array(n * n * TILE * TILE);
    for (let row = 0; row < n; row++) for (let column = 0; column < n; column++) {
      const one = tile(first + column * stride, first + row * stride);
      for (let y = 0; y < TILE; y++) picture.set(one.subarray(y * TILE, (y + 1) * TILE), ((row * TILE + y) * n + column) * TILE);
    }
    paint(ground, picture, n * TILE, n * TILE);
    points(shown);
    draw(extra);
  }

  function pencil(canvas) {
    const pen = canvas.getContext("2d"), ratio = canvas.width / size;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, size, size);
    return pen;
  }

  // Images as points on a canvas of their own: thousands of them are not drawn anew at every move. `visible` says of which
  // class; null hides them all.
  function points(visible) {
    shown = visible;
    const pen = pencil(cloud), on = Boolean(visible && facts.points);
    ground.style.opacity = on ? 0.35 : 1;
    if (!on) return;
    facts.labels.forEach((label, k) => {
      if (!visible(label)) return;
      pen.beginPath();
      pen.arc(toX(facts.points[2 * k]), toY(facts.points[2 * k + 1]), 2.5, 0, 7);
      pen.fillStyle = facts.colours[label % facts.colours.length] ?? "#999";
      pen.fill();
    });
  }

  // Circles, cursor and whatever `more` adds with a pen.
  function draw(more = extra) {
    extra = more;
    if (!facts) return;
    const pen = pencil(over);
    if (view.rings) {
      for (let r = 1; r <= 3; r++) outline(pen, 1.5, () => pen.arc(toX(0), toY(0), far(r), 0, 7));
      for (let r = 1; r <= 3; r++) {
        if (far(1) < 24 && r < 3) continue; // names that would lie on top of each other
        write(pen, `${r} σ`, toX(0) + far(r) * 0.7071 - 8, toY(0) - far(r) * 0.7071);
      }
    }
    more(pen);
    if (view.cursor) {
      const wide = size / count, [x, y] = at(view.cursor);
      outline(pen, 2, () => pen.rect(toX(x) - wide / 2, toY(y) - wide / 2, wide, wide));
    }
  }

  function write(pen, text, x, y) {
    Object.assign(pen, { font: "600 12px sans-serif", lineWidth: 8, lineJoin: "round", strokeStyle: "#000", fillStyle: "#fff" });
    pen.strokeText(text, x, y); // a ground of its own
    pen.fillText(text, x, y);
  }

  // White within black: it stands out on any picture.
  function outline(pen, thin, trace, light = "#fff") {
    for (const [width, colour] of [[2 * thin, "#000"], [thin, light]]) {
      pen.beginPath();
      trace();
      pen.lineWidth = width;
      pen.strokeStyle = colour;
      pen.stroke();
    }
  }

  view.cross = (pen, [x, y], r) => {
    const [px, py] = [toX(x), toY(y)];
    outline(pen, 2.5, () => {
      pen.arc(px, py, r, 0, 7);
      for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
        pen.moveTo(px + dx * (r + 5), py + dy * (r + 5));
        pen.lineTo(px + dx * (r - 4), py + dy * (r - 4));
      }
    });
  };
  view.ring = (pen, [x, y], r, colour) => {
    const [px, py] = [toX(x), toY(y)];
    outline(pen, 1.5, () => { pen.moveTo(px + r, py); pen.arc(px, py, r, 0, 7); }, colour);
  };

  // The class of the nearest image that is shown, within a part of the plane's width; null if none is.
  view.nearest = ([x, y], visible) => {
    let best = (facts.span / 10) ** 2, near = null;
    facts.labels.forEach((label, k) => {
      const away = (facts.points[2 * k] - x) ** 2 + (facts.points[2 * k + 1] - y) ** 2;
      if (away < best && visible(label)) [best, near] = [away, label];
    });
    return near;
  };

  function show(column, row) {
    view.cursor = within([column, row]);
    map.dataset.tile = view.cursor.join();
    look(view.cursor);
    draw();
  }

  function where(event) {
    const box = map.getBoundingClientRect(), part = (v) => (v / size) * 2 * reach() - reach();
    return [Math.round((part(event.clientX - box.left) + facts.span) / step()), Math.round((part(event.clientY - box.top) + facts.span) / step())];
  }

  map.addEventListener("pointermove", (event) => {
    if (!facts) return;
    view.hovering = true;
    const place = where(event);
    cancelAnimationFrame(pace); // a mouse reports more often than the screen is drawn
    pace = requestAnimationFrame(() => show(...place));
  });
  for (const event of ["pointerleave", "blur"]) map.addEventListener(event, away);
  function away() {
    cancelAnimationFrame(pace);
    view.hovering = false;
    leave();
  }
  map.addEventListener("click", (event) => { show(...where(event)); choose(view.cursor); });
  map.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (by) {
      event.preventDefault();
      view.hovering = true;
      const from = view.cursor ?? within(cell(view.start?.() ?? facts.centre) ?? [0, 0]), times = event.shiftKey ? 4 : 1;
      show(from[0] + times * by[0], from[1] + times * by[1]);
    } else if (event.key === "Enter" && view.cursor) {
      event.preventDefault();
      choose(view.cursor);
    } else if (event.key === "Escape") away();
  });
  const watch = new ResizeObserver(fit);
  watch.observe(map.closest("figure"));

  function stop() {
    watch.disconnect();
    cancelAnimationFrame(pace);
  }
  return view;
}

// Buttons that show or hide a class each, in its colour.
function classKey(box, classes, colours, hidden, changed) {
  box.replaceChildren(...classes.map((name, label) => {
    const swatch = make("i");
    swatch.style.background = colours[label % colours.length] ?? "#999";
    const button = make("button", { type: "button", "aria-pressed": String(!hidden.has(label)), title: "Show or hide this class" },
      swatch, document.createTextNode(name));
    button.addEventListener("click", () => {
      hidden.has(label) ? hidden.delete(label) : hidden.add(label);
      button.setAttribute("aria-pressed", String(!hidden.has(label)));
      changed();
    });
    return button;
  }));
}
