export default function ({ data, parentElement }) {
  const view = getOrCreate(parentElement, () => start(parentElement));
  view.accept(data);
  return cleanup(parentElement, view.stop);
}

function start(root) {
  const figure = root.querySelector(".plane"), preview = root.querySelector(".preview");
  const circles = root.querySelector(".circles"), dots = root.querySelector(".dots");
  const letters = root.querySelector(".letters");
  const legend = root.querySelector(".legend"), read = root.querySelector(".read"), axes = root.querySelector(".axes");
  const holds = root.querySelector(".holds");
  const view = { accept, stop };
  let props = null, position = null, subscriptions = [], hidden = new Set();
  const map = tilemap(root, {
    room() {
      const wide = figure.clientWidth, large = wide > 960 ? 420 : wide < 640 ? 168 : 308; // the picture, beside the map
      const beside = props.alone && wide > 900 ? large + 32 : 0;
      // On a laptop the whole map fits on the first screen, below the page's head.
      const height = Math.max(300, window.innerHeight - 235);
      setSize(fitImage(map.shape, large), preview);
      return Math.min((figure.clientWidth || 340) - beside, height, 728);
    },
    look(cursor) {
      const image = map.image(...cursor);
      if (props.alone) paintImage(preview, image, map.shape);
      else publish(`preview:${props.run}`, { image, position: positionAt(cursor) });
      describe(map.position(cursor));
    },
    leave() {
      if (!props.alone) publish(`preview:${props.run}`, null);
      showChosen();
    },
    choose(cursor) {
      const values = positionAt(cursor).map((value, dim) => [dim, value]);
      root.querySelector(".map").dataset.chosen = cursor.join();
      publish(`setPosition:${props.run}`, values.filter(([dim]) => props.step.some((row) => row[dim])));
    },
  });
  map.start = () => coordinates(position);

  function accept(data) {
    if (data === props) return;
    const same = props && props.run === data.run && props.span === data.span;
    const other = !same || props.names.join() !== data.names.join();
    props = data;
    if (other) {
      hidden = new Set();
      for (const unsubscribe of subscriptions) unsubscribe();
      subscriptions = [subscribe(`position:${data.run}`, (now) => { position = [...now]; showChosen(); })];
      publish(`askPosition:${data.run}`, (now) => { position = [...now]; });
    }
    position ??= [...data.base];
    preview.hidden = !data.alone;
    figure.classList.toggle("alone", data.alone);
    root.querySelector(".images").hidden = !data.points;
    [axes.firstChild.textContent, axes.lastChild.textContent] = [`↑ ${data.names[1]}`, `${data.names[0]} →`];
    const plane = `Plane of ${data.names[0]} (right) and ${data.names[1]} (up).`;
    root.querySelector(".map").setAttribute("aria-label", `${plane} Arrow keys move, Enter goes there.`);
    map.accept({ ...data, centre: [0, 0], tiles: decodeBase64(data.tiles) });
    holds.textContent = circlesHold(data.circles, data.reference, "the training images");
    showLayers();
    showChosen();
  }

  // The coordinates of a position along the plane's two directions; and the chosen position moved within the plane to
  // where the cursor is.
  const coordinates = (at) => props.read.map((row) => row.reduce((sum, weight, k) => sum + weight * at[k], 0));
  function positionAt(cursor) {
    const from = coordinates(position), to = map.position(cursor), [right, up] = props.step;
    return position.map((value, k) => value + right[k] * (to[0] - from[0]) + up[k] * (to[1] - from[1]));
  }

  const visible = (label) => !hidden.has(label);

  function describe(place) {
    let text = props.names.map((name, k) => `${name} = ${formatSigned(place[k])} σ`).join(", ");
    if (dots.checked && props.points) {
      const near = map.nearestClass(place, visible);
      text += near == null ? " · no image near" : near >= 0 ? ` · nearest image: ${props.classes[near]}` : "";
    }
    read.textContent = text;
  }

  // Back to the chosen position, unless the pointer is on the map.
  function showChosen() {
    if (map.hovering || !props) return;
    map.cursor = null;
    const here = coordinates(position), edge = here.map((x) => clamp(x, -props.span, props.span));
    if (props.alone) paintImage(preview, map.image(...map.cell(edge)), map.shape);
    describe(here);
    const beyond = here.some((x) => Math.abs(x) > props.span * (1 + 1e-4));
    if (beyond) read.textContent += ` · beyond this plane of ±${formatTick(props.span)} σ`;
    figure.dataset.beyond = beyond;
    map.draw((ctx) => { if (!map.edgeArrow(ctx, coordinates(position))) map.cross(ctx, coordinates(position), 9); });
  }

  function showLayers() {
    map.rings = circles.checked;
    holds.hidden = !circles.checked;
    map.points(dots.checked ? visible : null, letters.checked);
    map.draw();
    legend.hidden = !dots.checked || !props.points || props.classes.length < 2;
    root.querySelector(".lettered").hidden = legend.hidden;
    classLegend(legend, props.classes, props.colours, hidden, () => map.points(visible), letters.checked);
  }

  circles.addEventListener("change", showLayers);
  dots.addEventListener("change", showLayers);
  letters.addEventListener("change", showLayers);

  function stop() {
    map.stop();
    for (const unsubscribe of subscriptions) unsubscribe();
    removeView(root);
  }
  return view;
}
