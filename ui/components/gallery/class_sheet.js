const GAP = 2; // CSS pixels between images, at least
const wholeLines = (count, across) => (count > across ? count - (count % across) : count);
const ROOMS = { rows: 56, wall: 56, singles: 84 }; // CSS pixels a side of one image
const ENLARGED = { looked: 140, chosen: 280 }; // and of the one under the pointer, or clicked

export default function ({ data, parentElement }) {
  const view = getOrCreate(parentElement, () => start(parentElement));
  view.accept(data);
  return cleanup(parentElement, view.stop);
}

function start(root) {
  const figure = root.querySelector(".class-sheet");
  const list = root.querySelector(".rows");
  let layout = "rows", lines = 1, every = false, rows = [], leastWidth = 112, shape = null;
  // The image that is looked at: its row, its place there, and whether it was clicked and stays.
  let at = null, card = null;

  function accept(data) {
    layout = data.layout;
    lines = data.lines;
    every = data.every;
    shape = imageShape(data.shape);
    leastWidth = data.rows.some(({ name }) => name.length > 8) ? 112 : 64;
    figure.dataset.layout = layout;
    rows = data.rows.map(({ name, note, count, tiles, about }, k) => {
      const label = name ? [`${count} of ${name}`, note].filter(Boolean).join(", ") : note;
      const canvas = createElement("canvas", { role: "img", "aria-label": label });
      listen(canvas, k);
      return { name, note, count, tiles: decodeBase64(tiles), about, canvas };
    });
    look(null);
    list.replaceChildren(...rows.map(({ name, note, canvas }) => {
      const label = createElement("div", { class: "name" }, createElement("span", { text: name, title: name }));
      if (note) label.append(createElement("small", { class: "number", text: note }));
      const parts = { singles: [canvas, label], wall: [canvas], rows: [label, canvas] };
      return createElement("div", { class: "row" }, ...parts[layout]);
    }));
    // A long list scrolls within its own frame, and can be reached by keyboard.
    const long = layout === "rows" && rows.length > 12;
    figure.classList.toggle("long", long);
    const label = "Images. Arrow keys enlarge one, Escape ends it.";
    setAttributes(list, { tabindex: "0", role: "group", "aria-label": label });
    fit();
  }

  function fit() {
    if (!shape) return;
    const room = figure.clientWidth || 300, narrow = room < 520;
    figure.classList.toggle("narrow", narrow);
    const notes = [...list.querySelectorAll("small")].map((note) => Math.ceil(note.getBoundingClientRect().width));
    const labels = Math.max(leastWidth, ...notes); // a note stands in one line
    figure.style.setProperty("--labels", `${labels}px`);
    const size = fitImage(shape, ROOMS[layout]);
    const beside = layout === "rows" && !narrow ? labels + 8 : 0, bar = figure.classList.contains("long") ? 16 : 0;
    const free = room - beside - bar, across = Math.max(1, Math.floor((free + GAP) / (size.width + GAP)));
    const step = lineStep(size.width, across, free, GAP);
    for (const row of rows) {
      const inRows = every ? row.count : wholeLines(Math.min(row.count, across * lines), across);
      const shown = { singles: 1, wall: row.count, rows: inRows }[layout];
      draw(row, shown, Math.min(shown, across), step);
    }
    look(null);
    figure.dataset.across = across;
  }

  // Every image pixel becomes scale × scale pixels of the canvas, which are pixels of the screen: nothing is resampled.
  function draw(row, shown, columns, step) {
    const { canvas, tiles } = row;
    const ratio = deviceRatio(), { scale } = fitImage(shape, ROOMS[layout]), gap = Math.round(GAP * ratio);
    const cell = [Math.round(shape.width * scale), Math.round(shape.height * scale)];
    const count = Math.ceil(shown / Math.max(1, columns));
    canvas.width = Math.round((Math.max(1, columns) - 1) * step) + cell[0];
    canvas.height = Math.max(1, count * (cell[1] + gap) - gap);
    canvas.style.width = `${canvas.width / ratio}px`;
    canvas.style.height = `${canvas.height / ratio}px`;
    Object.assign(row, { shown, columns: Math.max(1, columns), step: step / ratio, down: (cell[1] + gap) / ratio });
    const ctx = canvas.getContext("2d"), small = document.createElement("canvas");
    ctx.imageSmoothingEnabled = scale < 1;
    for (let k = 0; k < shown; k++) {
      paintImage(small, imageAt(tiles, shape, k), shape);
      const left = Math.round((k % columns) * step), top = Math.floor(k / columns) * (cell[1] + gap);
      ctx.drawImage(small, left, top, ...cell);
    }
  }

  // The place of an image in its row that lies under the pointer.
  function placeUnder(event, row) {
    const box = row.canvas.getBoundingClientRect();
    const across = clamp(Math.floor((event.clientX - box.left) / row.step), 0, row.columns - 1);
    const place = Math.floor((event.clientY - box.top) / row.down) * row.columns + across;
    return place < row.shown ? place : null;
  }

  function listen(canvas, k) {
    canvas.addEventListener("pointermove", (event) => {
      const place = placeUnder(event, rows[k]);
      if (event.pointerType !== "touch" && !at?.chosen) look(place === null ? null : { k, place });
    });
    canvas.addEventListener("pointerleave", () => { if (!at?.chosen) look(null); });
    canvas.addEventListener("click", (event) => {
      const place = placeUnder(event, rows[k]), same = at?.chosen && at.k === k && at.place === place;
      list.focus({ preventScroll: true }); // a click elsewhere ends it
      look(place === null || same ? null : { k, place, chosen: true });
    });
  }

  list.addEventListener("blur", () => look(null));
  list.addEventListener("keydown", (event) => {
    const [right, down] = arrowStep(event.key) ?? [0, 0];
    if (event.key === "Escape" && at) look(null);
    else if ((event.key === "Enter" || event.key === " ") && at) look({ ...at, chosen: !at.chosen });
    else if (right || down) move(right, down);
    else return;
    event.preventDefault();
  });

  // One image on by an arrow key: within its row, or to the nearest of the row above or below.
  function move(right, down) {
    if (!at) return look({ k: 0, place: 0 });
    let { k, place } = at;
    const across = place % rows[k].columns, line = place + (right || down * rows[k].columns);
    if (line >= 0 && line < rows[k].shown) place = line;
    else if (k + (right || down) in rows) {
      k += right || down;
      const { shown, columns } = rows[k], back = right < 0 || down < 0;
      const begin = back ? shown - (shown % columns || columns) : 0;
      place = clamp(right ? (back ? shown - 1 : 0) : begin + across, 0, shown - 1);
    }
    look({ ...at, k, place });
    rows[k].canvas.scrollIntoView({ block: "nearest" });
  }

  // Shows an image enlarged, with what it is; null for none.
  function look(next) {
    if (!next && !card) return;
    at = next;
    if (!card) {
      const parts = [document.createElement("canvas"), document.createElement("p")];
      card = createElement("div", { class: "card", "aria-live": "polite" }, ...parts);
      figure.append(card);
    }
    card.hidden = !at;
    if (!at) return;
    const row = rows[at.k], [canvas, text] = card.children;
    const room = Math.min(at.chosen ? ENLARGED.chosen : ENLARGED.looked, figure.clientWidth - 24);
    paintImage(canvas, imageAt(row.tiles, shape, at.place), shape);
    setSize(fitImage(shape, room), canvas);
    text.textContent = row.about[at.place];
    placeCard(row);
  }

  // Above the image where there is room in the window, else below it; never over it.
  function placeCard(row) {
    const frame = figure.getBoundingClientRect(), box = row.canvas.getBoundingClientRect();
    const left = box.left + (at.place % row.columns) * row.step;
    const top = box.top + Math.floor(at.place / row.columns) * row.down;
    const { offsetWidth: width, offsetHeight: height } = card, above = top - height - 6;
    const middle = left + row.step / 2 - width / 2;
    card.style.left = `${clamp(middle, frame.left, Math.max(frame.left, frame.right - width)) - frame.left}px`;
    card.style.top = `${(above > 60 ? above : top + row.down + 6) - frame.top}px`;
  }

  const watch = new ResizeObserver(fit);
  watch.observe(figure);

  function stop() {
    watch.disconnect();
    removeView(root);
  }
  return { accept, stop };
}
