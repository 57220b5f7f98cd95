export default function ({ data, parentElement }) {
  const view = recall(parentElement, () => start(parentElement));
  view.accept(data);
  return parting(parentElement, view.stop);
}

function start(root) {
  const figure = root.querySelector(".plane"), peek = root.querySelector(".peek");
  const circles = root.querySelector(".circles"), dots = root.querySelector(".dots");
  const legend = root.querySelector(".legend"), read = root.querySelector(".read"), axes = root.querySelector(".axes");
  const view = { accept, stop };
  let facts = null, at = null, away = [], hidden = new Set();
  const map = tilemap(root, {
    room() {
      const beside = facts.alone && figure.clientWidth > 900 ? 340 : 0;
      // On a laptop the whole map fits on the first screen, below the page's head.
      const tall = Math.max(300, window.innerHeight - 235);
      peek.style.width = peek.style.height = `${crisp(TILE, figure.clientWidth < 640 ? 168 : 308)}px`;
      return Math.min((figure.clientWidth || 340) - beside - axes.offsetWidth, tall, 728);
    },
    look(cursor) {
      const picture = map.tile(...cursor), u = spot(cursor);
      if (facts.alone) paint(peek, picture);
      else publish(`peek:${facts.run}`, { tile: picture, u });
      say(map.place(cursor));
    },
    leave() {
      if (!facts.alone) publish(`peek:${facts.run}`, null);
      rest();
    },
    choose(cursor) {
      const u = spot(cursor);
      root.querySelector(".map").dataset.chosen = cursor.join();
      publish(`set:${facts.run}`, u.map((value, dim) => [dim, value]).filter(([dim]) => facts.step.some((row) => row[dim])));
    },
  });
  map.start = () => both(at);

  function accept(data) {
    if (data === facts) return;
    const again = !facts || facts.run !== data.run || facts.names.join() !== data.names.join();
    facts = data;
    if (again) {
      hidden = new Set();
      for (const leave of away) leave();
      away = [subscribe(`at:${data.run}`, (u) => { at = [...u]; rest(); })];
      publish(`ask:${data.run}`, (u) => { at = [...u]; });
    }
    at ??= [...data.base];
    peek.hidden = !data.alone;
    figure.classList.toggle("alone", data.alone);
    root.querySelector(".images").hidden = !data.points;
    [axes.firstChild.textContent, axes.lastChild.textContent] = [`↑ ${data.names[1]}`, `→ ${data.names[0]}`];
    root.querySelector(".map").setAttribute("aria-label", `Plane of ${data.names[0]} (right) and ${data.names[1]} (up). Arrow keys move, Enter goes there.`);
    map.accept({ ...data, centre: [0, 0], tiles: bytes(data.tiles) });
    key();
    rest();
  }

  // The coordinates of u along the plane's two directions; and u moved within the plane to where the cursor is.
  const both = (u) => facts.read.map((row) => row.reduce((sum, weight, k) => sum + weight * u[k], 0));
  function spot(cursor) {
    const from = both(at), to = map.place(cursor);
    return at.map((value, k) => value + facts.step[0][k] * (to[0] - from[0]) + facts.step[1][k] * (to[1] - from[1]));
  }

  const visible = (label) => !hidden.has(label);

  function say(place) {
    let text = facts.names.map((name, k) => `${name} = ${signed(place[k])} σ`).join(", ");
    if (dots.checked && facts.points) {
      const near = map.nearest(place, visible);
      text += near == null ? " · no image near" : near >= 0 ? ` · nearest image: ${facts.classes[near]}` : "";
    }
    read.textContent = text;
  }

  // Back to the chosen point.
  function rest() {
    if (map.hovering || !facts) return;
    map.cursor = null;
    const here = both(at), edge = here.map((x) => Math.min(facts.span, Math.max(-facts.span, x)));
    if (facts.alone) paint(peek, map.tile(...map.cell(edge)));
    say(here);
    map.draw((pen) => map.cross(pen, both(at), 9));
  }

  function key() {
    map.rings = circles.checked;
    map.points(dots.checked ? visible : null);
    map.draw();
    legend.hidden = !dots.checked || !facts.points || facts.classes.length < 2;
    classKey(legend, facts.classes, facts.colours, hidden, () => map.points(visible));
  }

  circles.addEventListener("change", key);
  dots.addEventListener("change", key);

  function stop() {
    map.stop();
    for (const leave of away) leave();
    memory.delete(root);
  }
  return view;
}
