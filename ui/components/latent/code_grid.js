const TILE = 38; // CSS pixels from one code of the codebook to the next, at least
const GAP = 4; // CSS pixels between two codes
const ANSWER_TIMEOUT = 3000; // ms without an answer before a change is reported again

export default function ({ data, parentElement, setStateValue }) {
  const view = getOrCreate(parentElement, () => start(parentElement));
  view.send = (value) => queueMessage(() => setStateValue("at", value));
  view.accept(data);
  return cleanup(parentElement, view.stop);
}

// Codes as text of the address: base 36, since there are many.
const codesText = (codes) => codes.map((code) => code.toString(36)).join("_");

// The cell one step from another: it stays at the edge.
function cellBeside(cell, [right, down], rows, columns) {
  const row = clamp(Math.floor(cell / columns) + down, 0, rows - 1);
  return row * columns + clamp((cell % columns) + right, 0, columns - 1);
}

function start(root) {
  const inner = root.querySelector(".inner"), box = root.querySelector(".picture");
  const frame = root.querySelector(".frame"), main = root.querySelector(".main"), over = root.querySelector(".over");
  const here = root.querySelector(".here"), original = root.querySelector(".original");
  const tiles = root.querySelector(".tiles"), all = root.querySelector(".all"), marks = root.querySelector(".marks");
  const title = root.querySelector(".title"), under = root.querySelector(".under");
  const view = { send: null, accept, stop };
  let props = { run: null, codes: [], grid: [1, 1], order: [] }, shape = null, bookShape = null, book = null;
  let codes = [], cell = 0, looked = null, pointed = null, stamp = null, sent = 0, answerTimer = null;
  let across = 1, step = TILE, size = null;

  function accept(data) {
    const other = data.run !== props.run, next = imageShape(data.shape);
    const originalChanged = original.hidden === Boolean(data.original);
    const resized = !shape || !sameShape(shape, next) || originalChanged || other;
    [props, shape] = [data, next];
    if (other) {
      [book, bookShape] = [decodeBase64(data.book), imageShape(data.bookShape)];
      cell = Math.floor(data.grid[0] / 2) * data.grid[1] + Math.floor(data.grid[1] / 2);
      looked = null;
      const [rows, columns] = data.grid;
      setAttributes(frame, { "aria-label": `Grid of ${rows} by ${columns} codes. Arrow keys choose a cell, `
        + "Enter goes to the codebook." });
      setAttributes(tiles, { "aria-label": `Codebook of ${data.order.length} codes. Arrow keys choose a code, `
        + "Enter sets it, Escape goes back to the grid." });
      title.textContent = `The codebook: ${data.order.length} codes, the most used first`;
    }
    const outside = other || data.stamp !== stamp;
    if (outside) {
      stamp = data.stamp;
      sent = Math.max(Date.now(), sent + 1, data.seq); // above every number an earlier visit has used
    } else if (data.seq < sent && !sameVector(data.codes, codes)) return; // a newer change is on its way
    codes = [...data.codes];
    clearTimeout(answerTimer);
    paintImage(main, decodeBase64(data.picture), shape);
    main.dataset.codes = codesText(codes);
    showOriginal(data);
    if (resized) fit();
    draw();
    if (!data.parameter) return;
    if (outside ? data.kept : true) setAddressAtRest(inner, data.parameter, codesText(codes));
    else if (other) setAddress(data.parameter, null); // of the model before
  }

  function choose(next, focus = false) {
    cell = clamp(next, 0, codes.length - 1);
    looked = null;
    if (focus) frame.focus({ preventScroll: true });
    draw();
  }

  // Gives the chosen cell another code, and tells the server.
  function setCode(code) {
    if (codes[cell] === code) return draw();
    codes[cell] = code;
    sent += 1;
    const message = { seq: sent, codes: [...codes], cell };
    view.send(message);
    clearTimeout(answerTimer);
    answerTimer = setTimeout(() => { if (sent === message.seq) view.send(message); }, ANSWER_TIMEOUT);
    draw();
  }

  function draw() {
    drawGrid();
    drawMarks();
    const [, columns] = props.grid, code = codes[cell];
    const place = `Row ${Math.floor(cell / columns) + 1}, column ${(cell % columns) + 1}`;
    here.textContent = `${place}: code ${code}`;
    const shown = pointed ?? looked ?? code;
    const share = formatNumber(100 * (props.shares[shown] ?? 0));
    under.textContent = `Code ${shown}: ${share} % of the cells of training images`;
    frame.dataset.cell = cell;
  }

  // Lines between the cells, thin enough that the picture is seen, and the chosen cell.
  function drawGrid() {
    if (!size) return;
    const ratio = deviceRatio(), [rows, columns] = props.grid, ctx = over.getContext("2d");
    over.width = Math.round(size.width * ratio);
    over.height = Math.round(size.height * ratio);
    const x = (k) => Math.round((k * over.width) / columns), y = (k) => Math.round((k * over.height) / rows);
    ctx.fillStyle = "rgb(128 128 128 / 0.45)";
    for (let k = 1; k < columns; k++) ctx.fillRect(x(k), 0, 1, over.height);
    for (let k = 1; k < rows; k++) ctx.fillRect(0, y(k), over.width, 1);
    const [row, column] = [Math.floor(cell / columns), cell % columns];
    ring(ctx, x(column), y(row), x(column + 1) - x(column), y(row + 1) - y(row), ratio);
  }

  // A frame that is seen on black and on white.
  function ring(ctx, left, top, width, height, ratio, colour = null) {
    const thick = Math.max(2, Math.round(2 * ratio));
    ctx.lineWidth = thick;
    ctx.strokeStyle = colour ?? getComputedStyle(inner).getPropertyValue("--st-primary-color");
    ctx.strokeRect(left + thick / 2, top + thick / 2, width - thick, height - thick);
    ctx.lineWidth = 1;
    ctx.strokeStyle = "#fff";
    ctx.strokeRect(left + thick + 0.5, top + thick + 0.5, width - 2 * thick - 1, height - 2 * thick - 1);
  }

  function drawBook() {
    if (!book) return;
    const ratio = deviceRatio(), down = Math.ceil(props.order.length / across);
    for (const canvas of [all, marks]) {
      canvas.width = Math.round(across * step * ratio);
      canvas.height = Math.round(down * step * ratio);
      canvas.style.width = `${across * step}px`;
      canvas.style.height = `${down * step}px`;
    }
    const ctx = all.getContext("2d"), small = document.createElement("canvas"), side = Math.round((step - GAP) * ratio);
    ctx.imageSmoothingEnabled = false;
    props.order.forEach((code, k) => {
      paintImage(small, imageAt(book, bookShape, code), bookShape);
      const left = Math.round((k % across) * step * ratio), top = Math.round(Math.floor(k / across) * step * ratio);
      ctx.drawImage(small, left, top, side, side);
    });
  }

  function drawMarks() {
    const ratio = deviceRatio(), ctx = marks.getContext("2d"), side = Math.round((step - GAP) * ratio);
    ctx.clearRect(0, 0, marks.width, marks.height);
    const mark = (code, colour) => {
      const k = props.order.indexOf(code);
      if (k < 0) return;
      const left = Math.round((k % across) * step * ratio), top = Math.round(Math.floor(k / across) * step * ratio);
      ring(ctx, left, top, side, side, ratio, colour);
    };
    const text = getComputedStyle(inner).color;
    if (pointed !== null) mark(pointed, text);
    if (looked !== null) mark(looked, text);
    if (codes.length) mark(codes[cell], null);
  }

  function cellUnder(event) {
    const at = over.getBoundingClientRect(), [rows, columns] = props.grid;
    const column = clamp(Math.floor(((event.clientX - at.left) / at.width) * columns), 0, columns - 1);
    return clamp(Math.floor(((event.clientY - at.top) / at.height) * rows), 0, rows - 1) * columns + column;
  }

  function codeUnder(event) {
    const at = marks.getBoundingClientRect(), column = Math.floor((event.clientX - at.left) / step);
    const place = Math.floor((event.clientY - at.top) / step) * across + column;
    return column < across ? props.order[place] ?? null : null;
  }

  frame.addEventListener("click", (event) => choose(cellUnder(event), true));
  frame.addEventListener("keydown", (event) => {
    const arrow = arrowStep(event.key);
    if (arrow) choose(cellBeside(cell, arrow, ...props.grid));
    else if (event.key === "Enter" || event.key === " ") tiles.focus();
    else return;
    event.preventDefault();
    event.stopPropagation(); // Space plays films elsewhere
  });
  tiles.addEventListener("pointermove", (event) => {
    pointed = event.pointerType === "touch" ? null : codeUnder(event);
    draw();
  });
  tiles.addEventListener("pointerleave", () => { pointed = null; draw(); });
  tiles.addEventListener("click", (event) => {
    const code = codeUnder(event);
    if (code === null) return;
    looked = null;
    setCode(code);
  });
  tiles.addEventListener("keydown", (event) => {
    const arrow = arrowStep(event.key), at = props.order.indexOf(looked ?? codes[cell]);
    if (arrow) {
      looked = props.order[clamp(at + arrow[0] + across * arrow[1], 0, props.order.length - 1)];
      scrollTo(props.order.indexOf(looked));
      draw();
    } else if ((event.key === "Enter" || event.key === " ") && looked !== null) setCode(looked);
    else if (event.key === "Escape") choose(cell, true);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  tiles.addEventListener("blur", () => { looked = null; draw(); });

  // Keeps a code within the part of the codebook that is scrolled into sight.
  function scrollTo(place) {
    const top = Math.floor(place / across) * step;
    if (top < tiles.scrollTop) tiles.scrollTop = top;
    else if (top + step > tiles.scrollTop + tiles.clientHeight) tiles.scrollTop = top + step - tiles.clientHeight;
  }

  function showOriginal(data) {
    original.hidden = !data.original;
    if (!data.original) return;
    paintImage(original.querySelector("canvas"), decodeBase64(data.original), shape);
    original.querySelector("canvas").setAttribute("aria-label", data.note);
    original.querySelector("figcaption").textContent = data.note;
  }

  function fit() {
    if (!shape || !book) return;
    const beside = inner.clientWidth >= 640, most = beside ? 392 : Math.min(0.45 * window.innerHeight, 336);
    size = fitImage(shape, Math.min(box.clientWidth || 392, most));
    setSize(size, main);
    setSize(fitImage(shape, 84), original.querySelector("canvas"));
    for (const side of ["width", "height"]) over.style[side] = `${size[side]}px`;
    across = Math.max(1, Math.floor((tiles.clientWidth - 2) / TILE));
    step = TILE;
    tiles.style.maxHeight = beside ? `${Math.max(260, size.height - 8)}px` : "232px";
    drawBook();
    draw();
  }
  const watch = new ResizeObserver(fit);
  watch.observe(inner);

  function stop() {
    watch.disconnect();
    clearTimeout(answerTimer);
    removeView(root);
  }
  return view;
}
