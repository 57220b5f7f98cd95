export default function ({ data, parentElement }) {
  const view = getOrCreate(parentElement, () => start(parentElement));
  view.accept(data);
  return cleanup(parentElement, view.stop);
}

function start(root) {
  const figure = root.querySelector(".manifold"), read = root.querySelector(".read");
  const reach = root.querySelector(".reach"), view = { accept, stop };
  let props = null, z = null; // the latent shown by every plane of the page
  const map = tilemap(root, {
    room: () => Math.min(figure.clientWidth || 252, 420),
    look: (cursor) => publish("planes:look", map.position(cursor)),
    leave: () => publish("planes:look", null),
  });

  function accept(data) {
    if (props?.id === data.id) return;
    props = data;
    root.querySelector(".map").setAttribute("aria-label",
      `Plane of ${data.name}: z0 to the right, z1 upwards. Arrow keys move.`);
    const range = (k) => [-1, 1].map((side) => formatEnd(data.centre[k] + side * data.span)).join(" … ");
    reach.textContent = `→ z0 ${range(0)} · ↑ z1 ${range(1)}`;
    map.accept({ ...data, tiles: decodeBase64(data.tiles) });
    showLayers();
    look(z);
  }

  const formatEnd = (x) => withMinus(Math.abs(x) < 9.95 ? x.toFixed(1) : x.toFixed(0));
  const visible = (label) => !hiddenClasses(props.dataset).has(label);

  function showLayers() {
    const { layers } = store.planes;
    map.rings = layers.circles;
    map.points(layers.cloud ? visible : null, layers.letters);
    showMarks();
  }

  // Samples are rings, which no image is.
  function showMarks() {
    const { positions, lit } = store.planes.marks.get(props.slot) ?? { positions: [], lit: null };
    map.draw((ctx) => {
      if (store.planes.layers.marks) for (const position of positions) map.ring(ctx, position, 4);
      if (lit !== null && positions[lit]) map.ring(ctx, positions[lit], 8);
    });
  }

  // Shows the same z as every other plane; null for none: then the preview shows the middle of the prior.
  function look(position) {
    z = position;
    const here = position ?? [0, 0], cell = map.cell(here);
    map.cursor = position ? cell : null;
    figure.dataset.at = cell ? here.map((x) => x.toFixed(3)).join() : "";
    let text = `z = (${here.map(formatSigned).join(", ")})`;
    if (!cell) text += " · outside this plane";
    else if (props.points) {
      const near = map.nearestClass(here, visible);
      text += near == null ? " · no image near" : near >= 0 ? ` · nearest: ${props.classes[near]}` : "";
    }
    read.textContent = read.title = text;
    sendPreview();
    map.draw();
  }

  function sendPreview() {
    const cell = map.cell(z ?? [0, 0]);
    publish(`planes:preview:${props.slot}`, { image: cell && map.image(...cell), text: read.textContent });
  }

  const subscriptions = [
    subscribe("planes:askPreview", (slot) => { if (props?.slot === slot) sendPreview(); }),
    subscribe("planes:look", (position) => { if (props) look(position); }),
    subscribe("planes:layers", () => { if (props) { showLayers(); look(z); } }),
    subscribe("planes:marks", (slot) => { if (props?.slot === slot) showMarks(); }),
  ];

  function stop() {
    map.stop();
    for (const unsubscribe of subscriptions) unsubscribe();
    removeView(root);
  }
  return view;
}
