const GAP = 2; // CSS pixels between images, at least
const wholeLines = (count, across) => (count > across ? count - (count % across) : count);
const ROOMS = { rows: 56, wall: 56, singles: 84 }; // CSS pixels a side of one image

export default function ({ data, parentElement }) {
  const view = getOrCreate(parentElement, () => start(parentElement));
  view.accept(data);
  return cleanup(parentElement, view.stop);
}

function start(root) {
  const figure = root.querySelector(".class-sheet");
  const list = root.querySelector(".rows");
  let layout = "rows", lines = 1, rows = [], leastWidth = 112, shape = null;

  function accept(data) {
    layout = data.layout;
    lines = data.lines;
    shape = imageShape(data.shape);
    leastWidth = data.rows.some(({ name }) => name.length > 8) ? 112 : 64;
    figure.dataset.layout = layout;
    rows = data.rows.map(({ name, note, count, tiles }) => {
      const label = name ? `${count} of ${name}, ${note}` : note;
      const canvas = createElement("canvas", { role: "img", "aria-label": label });
      return { name, note, count, tiles: decodeBase64(tiles), canvas };
    });
    list.replaceChildren(...rows.map(({ name, note, canvas }) => {
      const label = createElement("div", { class: "name" }, createElement("span", { text: name, title: name }));
      if (note) label.append(createElement("small", { class: "number", text: note }));
      const parts = { singles: [canvas, label], wall: [canvas], rows: [label, canvas] };
      return createElement("div", { class: "row" }, ...parts[layout]);
    }));
    // A long list scrolls within its own frame, and can be reached by keyboard.
    const long = layout === "rows" && rows.length > 12;
    figure.classList.toggle("long", long);
    list.toggleAttribute("tabindex", long);
    if (long) setAttributes(list, { tabindex: "0", role: "region", "aria-label": "Samples of every class" });
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
      const inRows = wholeLines(Math.min(row.count, across * lines), across);
      const shown = { singles: 1, wall: row.count, rows: inRows }[layout];
      draw(row, shown, Math.min(shown, across), step);
    }
    figure.dataset.across = across;
  }

  // Every image pixel becomes scale × scale pixels of the canvas, which are pixels of the screen: nothing is resampled.
  function draw({ canvas, tiles }, shown, columns, step) {
    const ratio = deviceRatio(), { scale } = fitImage(shape, ROOMS[layout]), gap = Math.round(GAP * ratio);
    const cell = [Math.round(shape.width * scale), Math.round(shape.height * scale)];
    const count = Math.ceil(shown / Math.max(1, columns));
    canvas.width = Math.round((Math.max(1, columns) - 1) * step) + cell[0];
    canvas.height = Math.max(1, count * (cell[1] + gap) - gap);
    canvas.style.width = `${canvas.width / ratio}px`;
    canvas.style.height = `${canvas.height / ratio}px`;
    const ctx = canvas.getContext("2d"), small = document.createElement("canvas");
    ctx.imageSmoothingEnabled = scale < 1;
    for (let k = 0; k < shown; k++) {
      paintImage(small, imageAt(tiles, shape, k), shape);
      const left = Math.round((k % columns) * step), top = Math.floor(k / columns) * (cell[1] + gap);
      ctx.drawImage(small, left, top, ...cell);
    }
  }

  const watch = new ResizeObserver(fit);
  watch.observe(figure);

  function stop() {
    watch.disconnect();
    removeView(root);
  }
  return { accept, stop };
}
