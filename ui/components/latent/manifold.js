const RECON = 56; // CSS pixels
const LEAST = 140, REST = 440; // CSS pixels: a plane, and what else stands above and between two rows of them

export default function ({ data, parentElement }) {
  const view = getOrCreate(parentElement, () => start(parentElement));
  view.accept(data);
  return cleanup(parentElement, view.stop);
}

function start(root) {
  const figure = root.querySelector(".manifold"), button = root.querySelector(".map");
  const recon = root.querySelector(".recon"), read = root.querySelector(".read"), view = { accept, stop };
  const painter = planePainter(root);
  let props = null, slot = null;

  function accept(data) {
    if (props?.id === data.id && props.number === data.number && props.title === data.title) return;
    if (slot !== null && slot !== data.slot) store.planes.data.delete(slot);
    if (props?.id !== data.id) {
      painter.accept(planeData(data));
      store.planes.data.set(data.slot, painter.data);
    }
    [props, slot, painter.data.title] = [data, data.slot, data.title];
    const title = root.querySelector(".title");
    root.querySelector(".digit").textContent = data.number <= 9 ? data.number : "";
    title.textContent = data.title;
    root.querySelector(".span").textContent = `±${evenDigits(data.span)}`;
    title.parentElement.title = data.name;
    fit();
    showLarge();
    publish("planes:data", slot);
  }

  // Two rows of planes stand beside the large one, as `.st-key-planes_grid` in `ui/lab.css` lets them. A single row may
  // be larger.
  function fit() {
    if (!props || !figure.clientWidth) return;
    const room = store.planes.order.length > 3 ? Math.max(LEAST, (innerHeight - REST) / 2) : Infinity;
    painter.fit(Math.min(figure.clientWidth, innerWidth > 640 ? room : Infinity), true);
    setSize(fitImage(painter.data.shape, RECON), recon);
    paint();
  }

  const visible = (label) => !hiddenClasses(props.dataset).has(label);

  function paint() {
    if (!painter.grid) return;
    const { mode, layers } = store.planes;
    painter.paint({ mode, visible, size: 12, regions: layers.regions && store.planes.regions.get(slot) });
    paintMarks();
  }

  function paintMarks() {
    if (!painter.grid) return;
    const { layers, link } = store.planes;
    const { positions, lit } = store.planes.marks.get(slot) ?? { positions: [], lit: null };
    const data = painter.data, k = link?.dataset === data.dataset ? data.row.get(link.image) : undefined;
    const place = k === undefined ? null : [data.points[2 * k], data.points[2 * k + 1]];
    painter.paintOver({ circles: layers.circles, names: false, marks: layers.samples ? positions : [],
      lit: lit === null ? null : positions[lit], linked: place });
    figure.dataset.linked = place ? place.map((x) => x.toFixed(2)).join() : "";
    recon.style.opacity = place ? 1 : 0.2;
    if (place) {
      paintImage(recon, imageAt(data.recon, data.shape, k), data.shape);
      read.textContent = `MSE ${evenDigits(data.errors[k])}`;
    } else {
      read.textContent = link ? "not one of its images" : "";
    }
    recon.setAttribute("aria-label", place ? `Its reconstruction by ${props.name}, ${read.textContent}` : "No image");
  }

  function showLarge() {
    const on = store.planes.large === slot;
    button.setAttribute("aria-pressed", String(on));
    const key = props.number <= 9 ? `, key ${props.number}` : "";
    button.setAttribute("aria-label", `Enlarge the plane of ${props.name}${key}`);
  }

  button.addEventListener("click", () => enlarge(slot));
  const subscriptions = [
    subscribe("planes:layers", () => { if (props) paint(); }),
    subscribe("planes:link", () => { if (props) paintMarks(); }),
    subscribe("planes:large", () => { if (props) showLarge(); }),
    subscribe("planes:order", fit),
    subscribe("planes:marks", (changed) => { if (changed === slot) paintMarks(); }),
  ];
  const watch = new ResizeObserver(fit);
  watch.observe(figure);

  function stop() {
    watch.disconnect();
    for (const unsubscribe of subscriptions) unsubscribe();
    store.planes.data.delete(slot);
    removeView(root);
  }
  return view;
}
