const PERIOD = 60, REST = 1200; // ms a frame while playing, and where less motion is wished
const NAME_ROOM = 170; // CSS pixels beside the strips

export default function ({ data, parentElement }) {
  const view = getOrCreate(parentElement, () => start(parentElement));
  view.accept(data);
  return cleanup(parentElement, view.stop);
}

// The walk visits a z every `steps` frames: these frames are its stops.
function start(root) {
  const figure = root.querySelector(".pair"), heroes = root.querySelector(".heroes");
  const strips = root.querySelector(".strips"), read = root.querySelector(".read");
  const view = { accept, stop };
  let props = null, shape = null, tiles = null, skip = 1; // skip: every how manieth stop a strip shows

  const last = () => props.frames - 1, stops = () => last() / props.steps + 1;
  const shown = () => (stops() - 1) / skip + 1;
  const scrubber = createScrubber(root, {
    last, show, label: "Play the walk from z to z", period: PERIOD, rest: REST,
    stride: () => 1, calm: () => props.steps,
  });
  const image = (lane, k) => imageAt(tiles, shape, lane * props.frames + k);

  function accept(data) {
    if (props?.id !== data.id) {
      scrubber.pause();
      tiles = decodeBase64(data.tiles);
    }
    props = data;
    shape = imageShape(data.shape);
    scrubber.at = Math.min(scrubber.at ?? 0, last());
    const colour = (lane) => `--c: ${lane.colour}`;
    heroes.replaceChildren(...data.lanes.map((lane) => createElement("div", { class: "hero", style: colour(lane) },
      createElement("p", { class: "name", text: lane.name }),
      createElement("canvas", { role: "img", "data-lane": lane.key }),
      createElement("p", { class: "note number" }))));
    strips.replaceChildren(...data.lanes.flatMap((lane) => {
      const canvas = createElement("canvas", { role: "img", "aria-label": `${lane.name}: at each of ${stops()} z` });
      const strip = createElement("div", { class: "strip" }, canvas, createElement("i"));
      scrubber.follow(strip, (x, y, width) => ((x / width) * stops() - 0.5) * props.steps);
      return [createElement("p", { class: "name", text: lane.name, style: colour(lane) }), strip];
    }));
    fit();
  }

  function fit() {
    if (!props || !figure.clientWidth) return;
    const room = figure.clientWidth, wide = room >= 640, n = props.lanes.length;
    const size = fitImage(shape, wide ? 224 : (room - 8 * (n - 1)) / n - 4);
    for (const hero of heroes.querySelectorAll(".hero")) {
      hero.style.width = `${size.width}px`;
      setSize(size, hero.querySelector("canvas"));
    }
    // A phone has no room for all stops in one line: it shows every second one, or third.
    const width = room - (wide ? NAME_ROOM : 0);
    const fits = (s) => (stops() - 1) % s === 0 && ((stops() - 1) / s + 1) * shape.width <= width;
    skip = [1, 3, 9].find(fits) ?? stops() - 1;
    const strip = fitGrid(shape, { width, columns: shown(), most: 2 });
    strips.dataset.skip = skip;
    strips.querySelectorAll(".strip").forEach((node, lane) => {
      const canvas = node.querySelector("canvas");
      paintGrid(canvas, Array.from({ length: shown() }, (_, k) => image(lane, k * skip * props.steps)), shape);
      setSize(strip, canvas);
      node.style.width = `${strip.width}px`;
    });
    show();
  }

  function show() {
    const { at } = scrubber, stop = at / props.steps, before = Math.floor(stop) + 1;
    const text = at % props.steps === 0 ? `at z ${stop + 1} of ${stops()}` : `between z ${before} and z ${before + 1}`;
    scrubber.mark(text);
    figure.dataset.at = at;
    heroes.querySelectorAll(".hero").forEach((hero, lane) => {
      const canvas = hero.querySelector("canvas"), note = props.lanes[lane].notes[at] ?? "";
      paintImage(canvas, image(lane, at), shape);
      canvas.setAttribute("aria-label", `${props.lanes[lane].name}, ${text}${note && `: ${note}`}`);
      hero.querySelector(".note").textContent = note;
    });
    for (const mark of strips.querySelectorAll(".strip i")) {
      mark.style.left = `${(100 * (stop / skip)) / shown()}%`;
      mark.style.width = `${100 / shown()}%`;
    }
    read.textContent = text[0].toUpperCase() + text.slice(1);
  }

  const watch = new ResizeObserver(fit);
  watch.observe(figure);

  function stop() {
    scrubber.stop();
    watch.disconnect();
    removeView(root);
  }
  return view;
}
