export default function ({ data, parentElement }) {
  const view = recall(parentElement, () => start(parentElement));
  view.accept(data);
  return view.stop;
}

function start(root) {
  const figure = root.querySelector(".plane");
  const map = root.querySelector(".map");
  const ground = root.querySelector(".ground");
  const over = root.querySelector(".over");
  const peek = root.querySelector(".peek");
  const side = root.querySelector(".side");
  const circles = root.querySelector(".circles");
  const dots = root.querySelector(".dots");
  const legend = root.querySelector(".legend");
  const read = root.querySelector(".read");
  const axes = root.querySelector(".axes");
  const view = { accept, stop };
  let facts = null, tiles = null, at = null, cursor = null, hovering = false, away = [], hidden = new Set();
  let count = 1, stride = 1, size = 308, pace = 0;

  function accept(data) {
    if (data === facts) return;
    const again = !facts || facts.run !== data.run || !same(facts.dims, data.dims);
    facts = data;
    tiles = bytes(data.tiles);
    if (again) {
      cursor = null;
      hidden = new Set();
      for (const leave of away) leave();
      away = [subscribe(`at:${data.run}`, (u) => { at = [...u]; overlay(); rest(); })];
      publish(`ask:${data.run}`, (u) => { at = [...u]; });
    }
    at ??= [...data.base];
    peek.hidden = !data.alone;
    figure.classList.toggle("alone", data.alone);
    root.querySelector(".images").hidden = !data.points;
    [axes.firstChild.textContent, axes.lastChild.textContent] = [`↑ z${data.dims[1]}`, `→ z${data.dims[0]}`];
    key();
    map.setAttribute("aria-label", `Plane of z${data.dims[0]} (right) and z${data.dims[1]} (up). Arrow keys move, Enter goes there.`);
    fit();
    rest();
  }

  const tile = (k) => tiles.subarray(k * TILE * TILE, (k + 1) * TILE * TILE);
  const step = () => (2 * facts.span) / (facts.side - 1);
  // To the outer edge of the outermost pictures: with an odd count their centres lie on ±3 σ, with an even one their edges.
  const reach = () => (step() * stride * count) / 2;
  const toPixel = (x) => ((x + reach()) / (2 * reach())) * size;

  function fit() {
    if (!facts) return;
    const ratio = window.devicePixelRatio || 1;
    const beside = facts.alone && figure.clientWidth > 900 ? 340 : 0;
    // On a laptop the whole map fits on the first screen, below the page's head.
    const tall = Math.max(300, window.innerHeight - 235);
    const room = Math.min((figure.clientWidth || 340) - beside - axes.offsetWidth, tall, 728);
    // As wide as the room allows; of two nearly equal widths the one with more pictures, none smaller than 18 px.
    const worth = ([n, , wide]) => (wide > room + 0.1 || wide / n < 18 ? 0 : wide * n ** 0.25);
    [count, stride, size] = [1, 2, 3, 4, 6, 8, 12].flatMap((s) => [(facts.side - 1) / s + 1, (facts.side - 1) / s]
      .filter((n) => n % 2 || !(s % 2)).map((n) => [n, s, crisp(n * TILE, room)])).reduce((a, b) => (worth(b) > worth(a) ? b : a));
    for (const canvas of [ground, over]) canvas.style.width = canvas.style.height = `${size}px`;
    map.style.width = map.style.height = `${size}px`;
    over.width = over.height = Math.round(size * ratio);
    const n = count, first = (facts.side - 1 - (n - 1) * stride) / 2, picture = new Uint8Array(n * n * TILE * TILE);
    for (let row = 0; row < n; row++) for (let column = 0; column < n; column++) {
      const one = tile((first + row * stride) * facts.side + first + column * stride);
      for (let y = 0; y < TILE; y++) picture.set(one.subarray(y * TILE, (y + 1) * TILE), ((row * TILE + y) * n + column) * TILE);
    }
    paint(ground, picture, n * TILE, n * TILE);
    peek.style.width = peek.style.height = `${crisp(TILE, figure.clientWidth < 640 ? 168 : 308)}px`;
    overlay();
  }

  function overlay() {
    if (!facts) return;
    const pen = over.getContext("2d"), ratio = over.width / size;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, size, size);
    ground.style.opacity = dots.checked && facts.points ? 0.35 : 1;
    if (dots.checked && facts.points) {
      for (let k = 0; k < facts.labels.length; k++) {
        const label = facts.labels[k];
        if (hidden.has(label)) continue;
        pen.beginPath();
        pen.arc(toPixel(facts.points[2 * k]), size - toPixel(facts.points[2 * k + 1]), 2.5, 0, 7);
        pen.fillStyle = facts.colours[label % facts.colours.length] ?? "#999";
        pen.fill();
      }
    }
    if (circles.checked) {
      for (let r = 1; r <= 3; r++) {
        outline(pen, 1.5, () => pen.arc(size / 2, size / 2, toPixel(r) - size / 2, 0, 7));
        write(pen, `${r} σ`, size / 2 + (toPixel(r) - size / 2) * 0.7071 - 8, size / 2 - (toPixel(r) - size / 2) * 0.7071);
      }
    }
    const [i, j] = facts.dims;
    if (at) cross(pen, at[i], at[j], 9);
    if (cursor) square(pen);
  }

  function write(pen, text, x, y) {
    Object.assign(pen, { font: "600 12px sans-serif", lineWidth: 8, lineJoin: "round", strokeStyle: "#000", fillStyle: "#fff" });
    pen.strokeText(text, x, y); // a ground of its own
    pen.fillText(text, x, y);
  }

  function cross(pen, x, y, r) {
    const [px, py] = [toPixel(x), size - toPixel(y)];
    outline(pen, 2.5, () => {
      pen.arc(px, py, r, 0, 7);
      pen.moveTo(px - r - 5, py); pen.lineTo(px - r + 4, py);
      pen.moveTo(px + r - 4, py); pen.lineTo(px + r + 5, py);
      pen.moveTo(px, py - r - 5); pen.lineTo(px, py - r + 4);
      pen.moveTo(px, py + r - 4); pen.lineTo(px, py + r + 5);
    });
  }

  // White within black: it stands out on any picture.
  function outline(pen, thin, trace) {
    for (const [width, colour] of [[2 * thin, "#000"], [thin, "#fff"]]) {
      pen.beginPath();
      trace();
      pen.lineWidth = width;
      pen.strokeStyle = colour;
      pen.stroke();
    }
  }

  function square(pen) {
    const side = size / count;
    const x = toPixel(-facts.span + cursor[0] * step()) - side / 2, y = size - toPixel(facts.span - cursor[1] * step()) - side / 2;
    outline(pen, 2, () => pen.rect(x, y, side, side));
  }

  // cursor = [column, row] of the picture under the pointer in the full 41 × 41 grid.
  function look(column, row) {
    const most = facts.side - 1;
    cursor = [Math.min(most, Math.max(0, column)), Math.min(most, Math.max(0, row))];
    const picture = tile(cursor[1] * facts.side + cursor[0]), u = spot();
    if (facts.alone) paint(peek, picture);
    else publish(`peek:${facts.run}`, { tile: picture, u });
    map.dataset.tile = cursor.join();
    say(u);
    overlay();
  }

  function spot() {
    const u = [...(at ?? facts.base)];
    u[facts.dims[0]] = -facts.span + cursor[0] * step();
    u[facts.dims[1]] = facts.span - cursor[1] * step();
    return u;
  }

  function say(u) {
    const [i, j] = facts.dims;
    let text = `z${i} = ${signed(u[i])} σ, z${j} = ${signed(u[j])} σ`;
    if (dots.checked && facts.points) {
      let best = 0.3 ** 2, near = null;
      facts.labels.forEach((label, k) => {
        const far = (facts.points[2 * k] - u[i]) ** 2 + (facts.points[2 * k + 1] - u[j]) ** 2;
        if (far < best && !hidden.has(label)) [best, near] = [far, label];
      });
      text += near == null ? " · no image near" : near >= 0 ? ` · nearest image: ${facts.classes[near]}` : "";
    }
    read.textContent = text;
  }

  // Back to the chosen point.
  function rest() {
    if (hovering || !facts) return;
    cursor = null;
    if (facts.alone) {
      const [i, j] = facts.dims, most = facts.side - 1;
      const k = (x) => Math.min(most, Math.max(0, Math.round((x + facts.span) / step())));
      paint(peek, tile((most - k(at[j])) * facts.side + k(at[i])));
    }
    if (at) say(at);
    overlay();
  }

  function where(event) {
    const box = map.getBoundingClientRect();
    const part = (v) => (v / size) * 2 * reach() - reach();
    return [Math.round((part(event.clientX - box.left) + facts.span) / step()),
      Math.round((part(event.clientY - box.top) + facts.span) / step())];
  }

  map.addEventListener("pointermove", (event) => {
    hovering = true;
    const [column, row] = where(event);
    cancelAnimationFrame(pace); // a mouse reports more often than the screen is drawn
    pace = requestAnimationFrame(() => look(column, row));
  });
  map.addEventListener("pointerleave", leaveMap);
  map.addEventListener("blur", leaveMap);
  function leaveMap() {
    cancelAnimationFrame(pace);
    hovering = false;
    if (!facts.alone) publish(`peek:${facts.run}`, null);
    rest();
  }
  map.addEventListener("click", (event) => { look(...where(event)); choose(); });
  map.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (by) {
      event.preventDefault();
      if (!cursor) {
        const [i, j] = facts.dims;
        cursor = [Math.round((at[i] + facts.span) / step()), Math.round((facts.span - at[j]) / step())];
      }
      hovering = true;
      const far = event.shiftKey ? 4 : 1;
      look(cursor[0] + far * by[0], cursor[1] + far * by[1]);
    } else if (event.key === "Enter" && cursor) {
      event.preventDefault();
      choose();
    } else if (event.key === "Escape") leaveMap();
  });

  function choose() {
    const u = spot(), [i, j] = facts.dims;
    map.dataset.chosen = cursor.join();
    publish(`set:${facts.run}`, [[i, u[i]], [j, u[j]]]);
  }

  function key() {
    legend.replaceChildren();
    legend.hidden = !dots.checked || !facts.points || facts.classes.length < 2;
    facts.classes.forEach((name, label) => {
      const swatch = make("i");
      swatch.style.background = facts.colours[label % facts.colours.length] ?? "#999";
      const button = make("button", { type: "button", "aria-pressed": String(!hidden.has(label)), title: "Show or hide this class" },
        swatch, document.createTextNode(name));
      button.addEventListener("click", () => {
        hidden.has(label) ? hidden.delete(label) : hidden.add(label);
        button.setAttribute("aria-pressed", String(!hidden.has(label)));
        overlay();
      });
      legend.append(button);
    });
  }

  circles.addEventListener("change", overlay);
  dots.addEventListener("change", () => { key(); overlay(); });
  const watch = new ResizeObserver(fit);
  watch.observe(figure);

  function stop() {
    watch.disconnect();
    cancelAnimationFrame(pace);
    for (const leave of away) leave();
    memory.delete(root);
  }
  return view;
}
