export default function ({ data, parentElement }) {
  const view = recall(parentElement, () => start(parentElement));
  view.accept(data);
  return parting(parentElement, view.stop);
}

function start(root) {
  const figure = root.querySelector(".draws"), peek = root.querySelector(".peek"), canvas = root.querySelector(".samples");
  const view = { accept, stop };
  let facts = null, lit = null, leave = () => {};

  function accept(data) {
    if (data === facts) return;
    facts = data;
    leave();
    leave = subscribe(`planes:peek:${data.slot}`, ({ tile, text }) => {
      peek.style.visibility = tile ? "visible" : "hidden";
      if (tile) paint(peek, tile);
      peek.setAttribute("aria-label", `Decoded at ${text}`);
    });
    const n = data.places.length, columns = data.columns, rows = Math.ceil(n / columns), grey = new Uint8Array(rows * columns * TILE * TILE);
    const tiles = bytes(data.tiles);
    for (let k = 0; k < n; k++) for (let y = 0; y < TILE; y++) {
      const from = (k * TILE + y) * TILE, row = Math.floor(k / columns) * TILE + y;
      grey.set(tiles.subarray(from, from + TILE), (row * columns + (k % columns)) * TILE);
    }
    paint(canvas, grey, columns * TILE, rows * TILE);
    canvas.setAttribute("aria-label", `${data.about} Arrow keys show where each of them lies.`);
    fit();
    light(null);
    publish("planes:ask", data.slot);
  }

  function fit() {
    if (!facts || !figure.clientWidth) return;
    const wide = crisp(facts.columns * TILE, figure.clientWidth - 12 - 112, 2), tall = (wide * canvas.height) / canvas.width;
    [canvas.style.width, canvas.style.height] = [`${wide}px`, `${tall}px`];
    peek.style.width = peek.style.height = `${crisp(TILE, Math.min(tall, figure.clientWidth - wide - 12))}px`;
  }

  function light(k) {
    lit = k;
    shelf.planes.marks.set(facts.slot, { places: facts.places, lit });
    publish("planes:marks", facts.slot);
    publish("planes:look", k === null ? null : facts.places[k]);
  }

  canvas.addEventListener("pointermove", (event) => {
    const box = canvas.getBoundingClientRect(), wide = box.width / facts.columns;
    const k = Math.floor((event.clientY - box.top) / wide) * facts.columns + Math.floor((event.clientX - box.left) / wide);
    if (k !== lit && k >= 0 && k < facts.places.length) light(k);
  });
  for (const event of ["pointerleave", "blur"]) canvas.addEventListener(event, () => light(null));
  canvas.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -facts.columns, ArrowDown: facts.columns }[event.key];
    if (!by) return;
    event.preventDefault();
    light(lit === null ? 0 : Math.min(facts.places.length - 1, Math.max(0, lit + by)));
  });
  const watch = new ResizeObserver(fit);
  watch.observe(figure);

  function stop() {
    watch.disconnect();
    leave();
    shelf.planes.marks.delete(facts?.slot);
    memory.delete(root);
  }
  return view;
}
