const MARK = "#fff"; // the samples are rings, which no image is

export default function ({ data, parentElement }) {
  const view = recall(parentElement, () => start(parentElement));
  view.accept(data);
  return parting(parentElement, view.stop);
}

function start(root) {
  const figure = root.querySelector(".manifold"), read = root.querySelector(".read");
  const reach = root.querySelector(".reach"), view = { accept, stop };
  let facts = null, z = null; // what all planes look at
  const map = tilemap(root, {
    room: () => Math.min(figure.clientWidth || 252, 420),
    look: (cursor) => publish("planes:look", map.place(cursor)),
    leave: () => publish("planes:look", null),
  });

  function accept(data) {
    if (facts?.id === data.id) return;
    facts = data;
    root.querySelector(".map").setAttribute("aria-label", `Plane of ${data.name}: z0 to the right, z1 upwards. Arrow keys move.`);
    const ends = [0, 1].map((k) => [-1, 1].map((side) => short(data.centre[k] + side * data.span)).join(" … "));
    reach.textContent = `→ z0 ${ends[0]} · ↑ z1 ${ends[1]}`;
    map.accept({ ...data, tiles: bytes(data.tiles) });
    layers();
    look(z);
  }

  const short = (x) => (Math.abs(x) < 9.95 ? x.toFixed(1) : x.toFixed(0)).replace("-", "−");
  const visible = (label) => !hiddenOf(facts.dataset).has(label);

  function layers() {
    const on = shelf.planes.layers;
    map.rings = on.circles;
    map.points(on.cloud ? visible : null);
    marks();
  }

  function marks() {
    const { places, lit } = shelf.planes.marks.get(facts.slot) ?? { places: [], lit: null };
    map.draw((pen) => {
      if (shelf.planes.layers.marks) for (const place of places) map.ring(pen, place, 4, MARK);
      if (lit !== null && places[lit]) map.ring(pen, places[lit], 8, MARK);
    });
  }

  // The same z in every plane; without one, the middle of the prior.
  function look(place) {
    z = place;
    const here = place ?? [0, 0], cell = map.cell(here);
    map.cursor = place ? cell : null;
    figure.dataset.at = cell ? here.map((x) => x.toFixed(3)).join() : "";
    let text = `z = (${here.map(signed).join(", ")})`;
    if (!cell) text += " · not on this plane";
    else if (facts.points) {
      const near = map.nearest(here, visible);
      text += near == null ? " · no image near" : near >= 0 ? ` · nearest: ${facts.classes[near]}` : "";
    }
    read.textContent = read.title = text;
    answer();
    map.draw();
  }

  function answer() {
    const cell = map.cell(z ?? [0, 0]);
    publish(`planes:peek:${facts.slot}`, { tile: cell && map.tile(...cell), text: read.textContent });
  }

  const heard = [
    subscribe("planes:ask", (slot) => { if (facts?.slot === slot) answer(); }),
    subscribe("planes:look", (place) => { if (facts) look(place); }),
    subscribe("planes:layers", () => { if (facts) { layers(); look(z); } }),
    subscribe("planes:marks", (slot) => { if (facts?.slot === slot) marks(); }),
  ];

  function stop() {
    map.stop();
    for (const leave of heard) leave();
    memory.delete(root);
  }
  return view;
}
