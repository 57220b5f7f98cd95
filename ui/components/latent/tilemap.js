// A square plane of images decoded in advance: what `plane` and `manifold` share. Under the pointer every image of the
// lattice is shown; on the map as many as fit. Positions are in the plane's own units; the circles have their middle at
// (0, 0). Cells are [column, row] of the lattice.

const SMALLEST = 18; // CSS pixels along the shorter side of an image on the map
const DIVISORS = [1, 2, 3, 4, 6, 8, 12, 24];

// The images of a lattice of `side` × `side` that a map of `room` CSS pixels shows: every `stride`-th, `count` along
// one side, and the size of the whole. As large as the room allows; of two nearly equal sizes the one with more images.
function chooseGrid(side, shape, room, ratio) {
  const worth = ({ count, width, height }) => {
    const tooLarge = Math.max(width, height) > room + 0.1, tooSmall = Math.min(width, height) / count < SMALLEST;
    return tooLarge || tooSmall ? 0 : Math.max(width, height) * count ** 0.25;
  };
  const options = DIVISORS.filter((stride) => (side - 1) % stride === 0).flatMap((stride) => {
    const counts = [(side - 1) / stride + 1, (side - 1) / stride].filter((n) => n > 0 && (n % 2 || !(stride % 2)));
    return counts.map((count) => {
      const size = fitGrid(shape, { width: room, height: room, columns: count, rows: count }, ratio);
      return { count, stride, ...size };
    });
  });
  const crisp = options.filter(({ scale }) => scale >= 1);
  return (crisp.length ? crisp : options).reduce((a, b) => (worth(b) > worth(a) ? b : a));
}

function tilemap(root, { look, leave, choose = () => {}, room }) {
  const map = root.querySelector(".map"), ground = root.querySelector(".ground");
  const cloud = root.querySelector(".cloud"), over = root.querySelector(".over");
  const view = { accept, fit, stop, draw, points, show, position, cell, image, cursor: null, hovering: false,
    rings: true, shape: null };
  let props = null, grid = { count: 1, stride: 1, width: 252, height: 252 }, frame = 0, shown = null, lettered = false;
  let drawExtra = () => {};

  // props: shape, side (images along one side), span (half the width from the first image's middle to the last one's),
  // centre, tiles (bytes), circles, points, labels, colours
  function accept(data) {
    props = data;
    view.shape = imageShape(data.shape);
    view.cursor = null;
    fit();
  }

  function image(column, row) {
    return imageAt(props.tiles, view.shape, row * props.side + column);
  }
  const step = () => (2 * props.span) / (props.side - 1);
  // Half the width of the map: with an odd count the outermost images' middles lie on ± span, with an even one their
  // outer edges.
  const reach = () => (step() * grid.stride * grid.count) / 2;
  const toX = (x) => ((x - props.centre[0] + reach()) / (2 * reach())) * grid.width;
  const toY = (y) => grid.height - ((y - props.centre[1] + reach()) / (2 * reach())) * grid.height;
  const lengthX = (r) => (r / (2 * reach())) * grid.width;
  const lengthY = (r) => (r / (2 * reach())) * grid.height;

  // The position of a cell, and the cell nearest to a position; null where there is none.
  function position([column, row]) {
    return [props.centre[0] - props.span + column * step(), props.centre[1] + props.span - row * step()];
  }
  function cell([x, y]) {
    const column = Math.round((x - props.centre[0] + props.span) / step());
    const row = Math.round((props.centre[1] + props.span - y) / step());
    return [column, row].every((k) => k >= 0 && k < props.side) ? [column, row] : null;
  }
  const nearestCell = (place) => place.map((k) => clamp(k, 0, props.side - 1));

  function fit() {
    if (!props) return;
    grid = chooseGrid(props.side, view.shape, room(), deviceRatio());
    setSize(grid, map, ground, cloud, over);
    for (const canvas of [cloud, over]) resizeCanvas(canvas, grid.width, grid.height);
    const { count, stride } = grid, first = (props.side - 1 - (count - 1) * stride) / 2, images = [];
    for (let row = 0; row < count; row++) {
      for (let column = 0; column < count; column++) images.push(image(first + column * stride, first + row * stride));
    }
    paintGrid(ground, images, view.shape, count);
    points(shown);
    draw(drawExtra);
  }

  function clear(canvas) {
    const ctx = canvas.getContext("2d"), ratio = canvas.width / grid.width;
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, grid.width, grid.height);
    return ctx;
  }

  // Images as points on a canvas of their own: thousands of them are not drawn anew at every move. `visible` tells for
  // a class whether it is shown; null hides all points. `letters`: a letter for each class instead of a dot.
  function points(visible, letters = lettered) {
    [shown, lettered] = [visible, letters];
    const ctx = clear(cloud), on = Boolean(visible && props.points);
    ground.style.opacity = on ? 0.35 : 1;
    if (!on) return;
    Object.assign(ctx, { font: "700 11px sans-serif", strokeStyle: "#0b0d0f", lineWidth: 2.5, lineJoin: "round",
      textAlign: "center", textBaseline: "middle" });
    props.labels.forEach((label, k) => {
      if (!visible(label)) return;
      const colour = props.colours[label % props.colours.length] ?? "#999";
      const [x, y] = [toX(props.points[2 * k]), toY(props.points[2 * k + 1])];
      if (!letters) return drawDot(ctx, x, y, 2.5, colour);
      ctx.strokeText(classLetter(props.classes, label), x, y);
      drawText(ctx, classLetter(props.classes, label), x, y, { align: "center", baseline: "middle", colour });
    });
  }

  // Circles, cursor and whatever `extra` adds on the context.
  function draw(extra = drawExtra) {
    drawExtra = extra;
    if (!props) return;
    const ctx = clear(over);
    if (view.rings) {
      paintCircles(ctx, props.circles, { toX, toY, lengthX, lengthY, width: grid.width });
    }
    extra(ctx);
    if (view.cursor) {
      const width = grid.width / grid.count, height = grid.height / grid.count, [x, y] = position(view.cursor);
      outline(ctx, 2, () => ctx.rect(toX(x) - width / 2, toY(y) - height / 2, width, height));
    }
  }

  view.cross = (ctx, [x, y], r) => {
    const [px, py] = [toX(x), toY(y)];
    outline(ctx, 2.5, () => {
      ctx.arc(px, py, r, 0, 7);
      for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
        ctx.moveTo(px + dx * (r + 5), py + dy * (r + 5));
        ctx.lineTo(px + dx * (r - 4), py + dy * (r - 4));
      }
    }, { border: 2.5 });
  };
  // An arrow at the rim for a position beyond the map; false where the position is on it.
  view.edgeArrow = (ctx, [x, y]) => {
    const inset = 12, [px, py] = [toX(x), toY(y)];
    if (px >= 0 && px <= grid.width && py >= 0 && py <= grid.height) return false;
    const [ex, ey] = [clamp(px, inset, grid.width - inset), clamp(py, inset, grid.height - inset)];
    const angle = Math.atan2(py - ey, px - ex);
    const at = (turn, r) => [ex + r * Math.cos(angle + turn), ey + r * Math.sin(angle + turn)];
    outline(ctx, 2.5, () => {
      ctx.moveTo(...at(0, 9));
      ctx.lineTo(...at(2.5, 10));
      ctx.lineTo(...at(-2.5, 10));
      ctx.closePath();
    }, { border: 3 });
    ctx.fillStyle = "#fff";
    ctx.fill();
    return true;
  };
  view.ring = (ctx, [x, y], r) => {
    const [px, py] = [toX(x), toY(y)];
    outline(ctx, 1.5, () => { ctx.moveTo(px + r, py); ctx.arc(px, py, r, 0, 7); }, { border: 1.5 });
  };

  // The class of the nearest image shown, within a tenth of the span; null if there is none.
  view.nearestClass = ([x, y], visible) => {
    let best = (props.span / 10) ** 2, nearest = null;
    props.labels.forEach((label, k) => {
      const distance = (props.points[2 * k] - x) ** 2 + (props.points[2 * k + 1] - y) ** 2;
      if (distance < best && visible(label)) [best, nearest] = [distance, label];
    });
    return nearest;
  };

  function show(column, row) {
    view.cursor = nearestCell([column, row]);
    map.dataset.tile = view.cursor.join();
    look(view.cursor);
    draw();
  }

  function cellAt(event) {
    const bounds = map.getBoundingClientRect();
    const offset = (pixels, size) => Math.round(((pixels / size) * 2 * reach() - reach() + props.span) / step());
    return [offset(event.clientX - bounds.left, grid.width), offset(event.clientY - bounds.top, grid.height)];
  }

  function stopHovering() {
    cancelAnimationFrame(frame);
    view.hovering = false;
    leave();
  }

  map.addEventListener("pointermove", (event) => {
    if (!props) return;
    view.hovering = true;
    const at = cellAt(event);
    cancelAnimationFrame(frame); // a mouse reports more often than the screen is drawn
    frame = requestAnimationFrame(() => show(...at));
  });
  for (const event of ["pointerleave", "pointercancel", "blur"]) map.addEventListener(event, stopHovering);
  map.addEventListener("click", (event) => { show(...cellAt(event)); choose(view.cursor); });
  map.addEventListener("keydown", (event) => {
    const by = arrowStep(event.key);
    if (by) {
      event.preventDefault();
      view.hovering = true;
      const from = view.cursor ?? nearestCell(cell(view.start?.() ?? props.centre) ?? [0, 0]);
      const times = event.shiftKey ? 4 : 1;
      show(from[0] + times * by[0], from[1] + times * by[1]);
    } else if (event.key === "Enter" && view.cursor) {
      event.preventDefault();
      choose(view.cursor);
    } else if (event.key === "Escape") stopHovering();
  });
  const watch = new ResizeObserver(fit);
  watch.observe(map.closest("figure"));

  function stop() {
    watch.disconnect();
    cancelAnimationFrame(frame);
  }
  return view;
}
