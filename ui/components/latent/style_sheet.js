const REST = 500; // ms without a move of the sliders before the first column is asked for anew
const LARGEST = 56, SMALLEST = 22; // CSS pixels a side of one image

export default function ({ data, parentElement, setTriggerValue }) {
  const view = getOrCreate(parentElement, () => start(parentElement));
  view.pick = (row, column) => queueMessage(() => setTriggerValue("pick", [row, column]));
  view.ask = () => queueMessage(() => setTriggerValue("stale", Date.now()));
  view.accept(data);
  return cleanup(parentElement, view.stop);
}

function start(root) {
  const figure = root.querySelector(".style-sheet");
  const grid = root.querySelector(".grid");
  const read = root.querySelector(".read");
  const view = { pick: null, ask: null, accept, stop };
  let props = { run: null, names: [] }, shape = null, tiles = null, columns = 0, rows = [];
  let cursor = null, timer = null, unsubscribe = () => {}; // cursor: [column, row] under the pointer or of the keys

  function accept(data) {
    const other = data.run !== props.run;
    props = data;
    shape = imageShape(data.shape);
    tiles = decodeBase64(data.tiles);
    columns = Math.floor(tiles.length / shape.size / Math.max(1, data.names.length));
    clearTimeout(timer);
    if (other) {
      unsubscribe();
      unsubscribe = subscribe(`position:${data.run}`, follow);
    }
    if (other || rows.length !== data.names.length) build();
    fit();
  }

  // The sliders stand elsewhere: the first column shows their style once they rest.
  function follow(position) {
    clearTimeout(timer);
    if (props.style.every((x, k) => Math.abs(x - position[k]) < 2e-4)) return;
    timer = setTimeout(() => view.ask(), REST);
  }

  function build() {
    rows = props.names.map((name, row) => {
      const canvas = createElement("canvas", { role: "img", "aria-label": `Class ${name}` });
      const strip = createElement("div", { class: "strip" }, canvas,
        createElement("i", { class: "mark" }), createElement("i", { class: "cursor" }));
      canvas.addEventListener("pointermove", (event) => {
        if (event.pointerType !== "touch") look(place(event, row));
      });
      canvas.addEventListener("pointerleave", () => look(null));
      canvas.addEventListener("click", (event) => {
        const [column] = place(event, row);
        view.pick(row, column);
      });
      const label = createElement("span", { class: "name", text: name, title: name });
      return { canvas, strip, node: createElement("div", { class: "row" }, label, strip) };
    });
    grid.replaceChildren(...rows.map(({ node }) => node));
    grid.setAttribute("aria-label", "Classes by styles. Arrow keys lead over the images, Enter goes to one.");
    figure.classList.toggle("long", props.names.some((name) => name.length > 2));
  }

  function place(event, row) {
    const box = rows[row].canvas.getBoundingClientRect();
    return [clamp(Math.floor(((event.clientX - box.left) / box.width) * columns), 0, columns - 1), row];
  }

  function fit() {
    if (!shape || !rows.length) return;
    const label = rows[0].node.querySelector(".name").getBoundingClientRect().width + 8;
    const room = (figure.clientWidth || 300) - label;
    const across = Math.max(1, Math.min(columns, Math.floor(room / SMALLEST)));
    const most = Math.max(1, LARGEST / Math.max(shape.width, shape.height));
    const size = fitGrid(shape, { width: room, columns: across, most });
    rows.forEach(({ canvas, strip }, row) => {
      const first = row * columns;
      paintGrid(canvas, Array.from({ length: columns }, (_, k) => imageAt(tiles, shape, first + k)), shape);
      const width = size.cellWidth * columns;
      setSize({ width, height: size.cellHeight, scale: size.scale }, canvas);
      strip.style.width = `${Math.min(width, size.cellWidth * across)}px`;
    });
    mark();
  }

  function mark() {
    rows.forEach(({ strip, canvas }, row) => {
      const cell = parseFloat(canvas.style.width) / Math.max(1, columns);
      const [here, looked] = [strip.querySelector(".mark"), strip.querySelector(".cursor")];
      here.hidden = props.row !== row;
      looked.hidden = !cursor || cursor[1] !== row;
      for (const [node, column] of [[here, 0], [looked, cursor ? cursor[0] : 0]]) {
        Object.assign(node.style, { left: `${column * cell}px`, width: `${cell}px` });
      }
    });
    const [column, row] = cursor ?? [];
    const style = column ? `style ${column}` : "the style of the sliders";
    read.textContent = cursor ? `Class ${props.names[row]}, ${style}` : "";
  }

  function look(next) {
    cursor = next;
    mark();
  }

  grid.addEventListener("blur", () => look(null));
  grid.addEventListener("keydown", (event) => {
    const by = arrowStep(event.key), [column, row] = cursor ?? [0, props.row ?? 0];
    const next = by && [clamp(column + by[0], 0, columns - 1), clamp(row + by[1], 0, rows.length - 1)];
    if (by) look(cursor ? next : [column, row]);
    else if (event.key === "Escape") look(null);
    else if ((event.key === "Enter" || event.key === " ") && cursor) view.pick(row, column);
    else return;
    event.preventDefault();
  });

  const watch = new ResizeObserver(fit);
  watch.observe(figure);

  function stop() {
    clearTimeout(timer);
    unsubscribe();
    watch.disconnect();
    removeView(root);
  }
  return view;
}
