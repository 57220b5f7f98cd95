export default function ({ data, parentElement }) {
  const view = recall(parentElement, () => start(parentElement));
  view.accept(data);
  return parting(parentElement, view.stop);
}

function start(root) {
  const figure = root.querySelector(".class-sheet");
  const list = root.querySelector(".rows");
  const GAP = 2; // CSS pixels between tiles
  let layout = "rows", lines = 1, rows = [], least = 112;

  function accept(data) {
    layout = data.layout;
    lines = data.lines;
    least = data.rows.some(({ name }) => name.length > 8) ? 112 : 64;
    figure.dataset.layout = layout;
    rows = data.rows.map(({ name, note, count, tiles }) => {
      const canvas = make("canvas", { role: "img", "aria-label": name ? `${count} of ${name}, ${note}` : note });
      return { name, note, count, tiles: bytes(tiles), canvas };
    });
    list.replaceChildren(...rows.map(({ name, note, canvas }) => {
      const label = make("div", { class: "name" }, make("span", { text: name, title: name }));
      if (note) label.append(make("small", { class: "number", text: note }));
      return make("div", { class: "row" }, ...(layout === "singles" ? [canvas, label] : layout === "wall" ? [canvas] : [label, canvas]));
    }));
    // A long list scrolls within its own frame, and can be reached by keyboard.
    const long = layout === "rows" && rows.length > 12;
    figure.classList.toggle("long", long);
    list.toggleAttribute("tabindex", long);
    if (long) for (const [name, value] of [["tabindex", "0"], ["role", "region"], ["aria-label", "Samples of every class"]]) list.setAttribute(name, value);
    fit();
  }

  function fit() {
    const room = figure.clientWidth || 300, narrow = room < 520;
    figure.classList.toggle("narrow", narrow);
    const notes = [...list.querySelectorAll("small")].map((note) => Math.ceil(note.getBoundingClientRect().width));
    const labels = Math.max(least, ...notes); // a note stands in one line
    figure.style.setProperty("--labels", `${labels}px`);
    const side = crisp(TILE, layout === "singles" ? 84 : 56);
    const free = room - (layout === "rows" && !narrow ? labels + 8 : 0) - (figure.classList.contains("long") ? 16 : 0);
    const across = Math.max(1, Math.floor((free + GAP) / (side + GAP)));
    const ratio = window.devicePixelRatio || 1, scale = Math.max(1, Math.round((side * ratio) / TILE));
    for (const row of rows) {
      const shown = layout === "singles" ? 1 : layout === "wall" ? row.count : Math.min(row.count, across * lines);
      draw(row, shown, Math.min(shown, across), scale, Math.round(GAP * ratio), ratio);
    }
    figure.dataset.across = across;
  }

  // Every tile pixel becomes scale × scale pixels of the canvas, which are pixels of the screen: nothing is resampled.
  function draw({ canvas, tiles }, shown, columns, scale, gap, ratio) {
    const step = TILE * scale + gap, lines = Math.ceil(shown / Math.max(1, columns));
    const width = Math.max(1, columns * step - gap), height = Math.max(1, lines * step - gap);
    canvas.width = width;
    canvas.height = height;
    canvas.style.width = `${width / ratio}px`;
    canvas.style.height = `${height / ratio}px`;
    const pen = canvas.getContext("2d"), small = document.createElement("canvas");
    pen.imageSmoothingEnabled = false;
    for (let k = 0; k < shown; k++) {
      paint(small, tiles.subarray(k * TILE * TILE, (k + 1) * TILE * TILE));
      pen.drawImage(small, (k % columns) * step, Math.floor(k / columns) * step, TILE * scale, TILE * scale);
    }
  }

  const watch = new ResizeObserver(fit);
  watch.observe(figure);

  function stop() {
    watch.disconnect();
    memory.delete(root);
  }
  return { accept, stop };
}
