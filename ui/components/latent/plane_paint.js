// A plane of pictures decoded in advance, small or large, with what lies over it: densities, dots or letters of
// training images, decision regions, circles of the prior, marks. Positions are in the plane's own units.

const PLANE_DIM = { density: 0.55, dots: 0.35, letters: 0.35, pictures: 1 }; // opacity of the pictures below

// A plane's message with its bytes unpacked.
function planeData(message) {
  const { density } = message;
  return { ...message, shape: imageShape(message.shape), tiles: decodeBase64(message.tiles),
    recon: decodeBase64(message.recon), row: new Map(message.index.map((image, k) => [image, k])),
    density: density && { ...density, values: decodeBase64(density.values) } };
}

// The lines on which a field on n × n cells has a value, as segments [x1, y1, x2, y2] in cells, where the middle of the
// first cell is (0.5, 0.5). Outside it is 0, so that all lines are closed. Marching squares.
function contourSegments(values, n, level) {
  const at = (x, y) => (x < 0 || y < 0 || x >= n || y >= n ? 0 : values[y * n + x]), found = [];
  for (let y = -1; y < n; y++) {
    for (let x = -1; x < n; x++) {
      const corners = [at(x, y), at(x + 1, y), at(x + 1, y + 1), at(x, y + 1)];
      const inside = corners.map((value) => value >= level);
      const crossings = [[0, 1], [1, 2], [2, 3], [3, 0]].filter(([a, b]) => inside[a] !== inside[b]).map(([a, b]) => {
        const part = (level - corners[a]) / (corners[b] - corners[a]);
        const place = (k) => [x + 0.5 + (k === 1 || k === 2 ? 1 : 0), y + 0.5 + (k > 1 ? 1 : 0)];
        const [from, to] = [place(a), place(b)];
        return [from[0] + part * (to[0] - from[0]), from[1] + part * (to[1] - from[1])];
      });
      // Two crossings are one line; four are two, which part the corners that are alike.
      if (crossings.length === 4 && inside[0]) crossings.push(crossings.shift());
      for (let k = 0; k + 1 < crossings.length; k += 2) found.push([...crossings[k], ...crossings[k + 1]]);
    }
  }
  return found;
}

// For each class the place of its name: where it is densest, but no nearer than `apart` cells to a name before it.
function namePlaces({ side, labels, values, levels }, visible, apart) {
  const placed = [];
  labels.forEach((label, k) => {
    if (!visible(label)) return;
    const own = values.subarray(k * side * side, (k + 1) * side * side), cells = [];
    own.forEach((value, cell) => { if (value >= levels[k]) cells.push(cell); });
    cells.sort((a, b) => own[b] - own[a]);
    const place = (cell) => [(cell % side) + 0.5, Math.floor(cell / side) + 0.5];
    const free = cells.map(place).find(([x, y]) => placed.every((p) => Math.hypot(p.x - x, p.y - y) >= apart));
    const [x, y] = free ?? (cells.length ? place(cells[0]) : [NaN, NaN]);
    if (Number.isFinite(x)) placed.push({ label, x, y });
  });
  return placed;
}

function planePainter(root) {
  const map = root.querySelector(".map"), ground = root.querySelector(".ground");
  const cloud = root.querySelector(".cloud"), over = root.querySelector(".over");
  const view = { accept, fit, paint, paintOver, image, cell, position, placeAt, toX, toY, data: null,
    get grid() { return grid; }, get reach() { return reach(); } };
  let data = null, grid = null, tints = new Map();

  function accept(next) {
    if (data === next) return;
    view.data = data = next;
    tints = new Map();
  }

  const step = () => (2 * data.span) / (data.side - 1);
  const reach = () => (step() * grid.stride * grid.count) / 2;
  const length = (r) => (r / (2 * reach())) * grid.width;
  function toX(x) { return ((x - data.centre[0] + reach()) / (2 * reach())) * grid.width; }
  function toY(y) { return grid.height - ((y - data.centre[1] + reach()) / (2 * reach())) * grid.height; }
  function image([column, row]) { return imageAt(data.tiles, data.shape, row * data.side + column); }
  function position([column, row]) {
    return [data.centre[0] - data.span + column * step(), data.centre[1] + data.span - row * step()];
  }
  // The cell of the lattice nearest to a position.
  function cell([x, y]) {
    return [(x - data.centre[0] + data.span) / step(), (data.centre[1] + data.span - y) / step()]
      .map((k) => clamp(Math.round(k), 0, data.side - 1));
  }
  function placeAt(event) {
    const bounds = map.getBoundingClientRect();
    const part = (pixels, size) => ((pixels / size) * 2 - 1) * reach();
    return [data.centre[0] + part(event.clientX - bounds.left, grid.width),
      data.centre[1] - part(event.clientY - bounds.top, grid.height)];
  }

  // exact: as large as the room, whatever that does to the pixels of the pictures.
  function fit(room, exact = false) {
    grid = chooseGrid(data.side, data.shape, room, deviceRatio());
    if (exact) {
      const larger = room / Math.max(grid.width, grid.height);
      grid = { ...grid, width: grid.width * larger, height: grid.height * larger, scale: 0.5 };
    }
    setSize(grid, map, ground, cloud, over);
    for (const canvas of [cloud, over]) resizeCanvas(canvas, grid.width, grid.height);
    const { count, stride } = grid, first = (data.side - 1 - (count - 1) * stride) / 2, images = [];
    for (let row = 0; row < count; row++) {
      for (let column = 0; column < count; column++) {
        images.push(image([first + column * stride, first + row * stride]));
      }
    }
    paintGrid(ground, images, data.shape, count);
  }

  function clear(canvas) {
    const ctx = canvas.getContext("2d"), ratio = canvas.width / grid.width;
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, grid.width, grid.height);
    return ctx;
  }

  const colour = (label) => (label < 0 ? "#9AA5AE" : data.colours[label % data.colours.length]);
  const rgb = (hex) => [1, 3, 5].map((k) => parseInt(hex.slice(k, k + 2), 16));

  // Stretches a grid of n × n cells with colours over the window of the model's own latents.
  function stretch(ctx, key, n, smooth, fill) {
    if (!tints.has(key)) {
      const canvas = createElement("canvas", { width: n, height: n }), pixels = new ImageData(n, n);
      fill(pixels.data);
      canvas.getContext("2d").putImageData(pixels, 0, 0);
      tints.set(key, canvas);
    }
    ctx.imageSmoothingEnabled = smooth;
    const left = toX(data.centre[0] - data.own), top = toY(data.centre[1] + data.own);
    ctx.drawImage(tints.get(key), left, top, length(2 * data.own), length(2 * data.own));
  }

  function name(ctx, label, x, y, size) {
    Object.assign(ctx, { font: `700 ${size}px sans-serif`, textAlign: "center", textBaseline: "middle",
      strokeStyle: "#0b0d0f", lineWidth: size / 3.5, lineJoin: "round", fillStyle: colour(label) });
    const text = classLetter(data.classes, label);
    ctx.strokeText(text, x, y);
    ctx.fillText(text, x, y);
  }

  function paintRegions(ctx, { side, labels, sure, names }, size) {
    stretch(ctx, "regions", side, false, (pixels) => labels.forEach((label, k) => {
      pixels.set([...rgb(colour(label)), 40 + 0.55 * sure[k]], 4 * k);
    }));
    const at = (k) => ((k + 0.5) / side) * 2 * data.own - data.own;
    for (const [label, row, column] of names) {
      name(ctx, label, toX(data.centre[0] + at(column)), toY(data.centre[1] - at(row)), size);
    }
  }

  function paintDensity(ctx, visible, size) {
    const { side, labels, values, levels } = data.density, cells = (2 * data.own) / side;
    const x = (k) => toX(data.centre[0] - data.own + k * cells);
    const y = (k) => toY(data.centre[1] + data.own - k * cells);
    labels.forEach((label, k) => {
      if (!visible(label)) return;
      const own = values.subarray(k * side * side, (k + 1) * side * side), tint = rgb(colour(label));
      stretch(ctx, `density ${label}`, side, true, (pixels) => own.forEach((value, cell) => {
        pixels.set([...tint, 0.62 * value], 4 * cell);
      }));
      const wide = size > 14 ? [3, 1.75] : [2, 1]; // a dark line below a coloured one
      for (const [width, style] of [[wide[0], "rgb(11 13 15 / 0.75)"], [wide[1], colour(label)]]) {
        Object.assign(ctx, { lineWidth: width, strokeStyle: style, lineCap: "round" });
        ctx.beginPath();
        for (const [x1, y1, x2, y2] of contourSegments(own, side, levels[k])) {
          ctx.moveTo(x(x1), y(y1));
          ctx.lineTo(x(x2), y(y2));
        }
        ctx.stroke();
      }
    });
    const apart = (size * 1.15 * side) / length(2 * data.own);
    for (const place of namePlaces(data.density, visible, apart)) name(ctx, place.label, x(place.x), y(place.y), size);
  }

  // Everything between the pictures and the marks. size: of the names of classes, in CSS pixels.
  function paint({ mode, regions, visible, size }) {
    const ctx = clear(cloud), drawn = data.density ? mode : "pictures";
    ground.style.opacity = regions ? 0.4 : PLANE_DIM[drawn];
    if (regions) paintRegions(ctx, regions, size);
    if (drawn === "density") paintDensity(ctx, visible, regions ? size * 0.8 : size);
    if (drawn !== "dots" && drawn !== "letters") return;
    data.labels.forEach((label, k) => {
      if (!visible(label)) return;
      const [x, y] = [toX(data.points[2 * k]), toY(data.points[2 * k + 1])];
      if (drawn === "letters") name(ctx, label, x, y, size > 14 ? 11 : 8);
      else drawDot(ctx, x, y, size > 14 ? 3 : 1.75, colour(label));
    });
  }

  function ring(ctx, [x, y], r, width = 1.5) {
    outline(ctx, width, () => { ctx.moveTo(toX(x) + r, toY(y)); ctx.arc(toX(x), toY(y), r, 0, 7); }, { border: width });
  }

  function cross(ctx, [x, y], r) {
    ring(ctx, [x, y], r, 2.25);
    outline(ctx, 2.25, () => {
      for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
        ctx.moveTo(toX(x) + dx * (r + 6), toY(y) + dy * (r + 6));
        ctx.lineTo(toX(x) + dx * r, toY(y) + dy * r);
      }
    }, { border: 2.25 });
  }

  // Circles of the prior, samples and the linked image. names: whether the circles say what they hold.
  function paintOver({ circles, marks, lit, linked, cursor, names }) {
    const ctx = clear(over);
    if (circles) paintCircles(ctx, data.circles, { toX, toY, lengthX: length, width: grid.width, names });
    for (const place of marks) ring(ctx, place, names ? 4 : 2.5, names ? 1.5 : 1);
    if (lit) ring(ctx, lit, names ? 9 : 6);
    if (linked) cross(ctx, linked, names ? 8 : 5);
    if (cursor) {
      const [x, y] = position(cursor), width = grid.width / grid.count, height = grid.height / grid.count;
      outline(ctx, 2, () => ctx.rect(toX(x) - width / 2, toY(y) - height / 2, width, height));
    }
  }

  return view;
}
