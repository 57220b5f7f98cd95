const PERIOD = 60; // ms a frame while playing

export default function ({ data, parentElement }) {
  const view = recall(parentElement, () => start(parentElement));
  view.accept(data);
  return parting(parentElement, view.stop);
}

function start(root) {
  const figure = root.querySelector(".pair"), heroes = root.querySelector(".heroes"), strips = root.querySelector(".strips");
  const read = root.querySelector(".read");
  const view = { accept, stop };
  let facts = null, tiles = null;

  const last = () => facts.frames - 1, stops = () => last() / facts.steps + 1;
  const scrub = scrubber(root, { last, show, label: "Play the walk from z to z", period: PERIOD, stride: () => 1, calm: () => facts.steps, rest: 1200 });
  const tile = (lane, k) => tiles.subarray((lane * facts.frames + k) * TILE * TILE, (lane * facts.frames + k + 1) * TILE * TILE);
  const tinted = (node, lane) => { node.style.setProperty("--c", lane.colour); return node; };

  function accept(data) {
    if (facts?.id !== data.id) {
      scrub.halt();
      tiles = bytes(data.tiles);
    }
    facts = data;
    scrub.at = Math.min(scrub.at ?? 0, last());
    heroes.replaceChildren(...data.lanes.map((lane) => tinted(make("div", { class: "hero" },
      make("p", { class: "name", text: lane.name }), make("canvas", { role: "img", "data-lane": lane.key }), make("p", { class: "said number" })), lane)));
    strips.replaceChildren(...data.lanes.flatMap((lane) => {
      const strip = make("div", { class: "strip" }, make("canvas", { role: "img", "aria-label": `${lane.name}: at each of ${stops()} z` }), make("i"));
      scrub.follow(strip, (px, py, width) => ((px / width) * stops() - 0.5) * facts.steps);
      return [tinted(make("p", { class: "name", text: lane.name }), lane), strip];
    }));
    fit();
  }

  function fit() {
    if (!facts || !figure.clientWidth) return;
    const room = figure.clientWidth, wide = room >= 640, n = facts.lanes.length;
    const size = crisp(TILE, wide ? 224 : (room - 8 * (n - 1)) / n - 4);
    heroes.querySelectorAll(".hero").forEach((hero) => {
      const canvas = hero.querySelector("canvas");
      hero.style.width = canvas.style.width = canvas.style.height = `${size}px`;
    });
    // A phone has no room for all of them in one line: it sees every second one, or third.
    const skip = [1, 3, 9].find((s) => (stops() - 1) % s === 0 && ((stops() - 1) / s + 1) * TILE <= room - (wide ? 170 : 0)) ?? stops() - 1;
    const shown = (stops() - 1) / skip + 1, width = crisp(shown * TILE, room - (wide ? 170 : 0), 2);
    strips.dataset.skip = skip;
    strips.querySelectorAll(".strip").forEach((strip, lane) => {
      const canvas = strip.querySelector("canvas"), grey = new Uint8Array(shown * TILE * TILE);
      for (let k = 0; k < shown; k++) {
        const one = tile(lane, k * skip * facts.steps);
        for (let y = 0; y < TILE; y++) grey.set(one.subarray(y * TILE, (y + 1) * TILE), (y * shown + k) * TILE);
      }
      paint(canvas, grey, shown * TILE, TILE);
      strip.style.width = canvas.style.width = `${width}px`;
      canvas.style.height = `${width / shown}px`;
    });
    show();
  }

  function show() {
    const { at } = scrub, stop = at / facts.steps, skip = Number(strips.dataset.skip), shown = (stops() - 1) / skip + 1;
    const where = at % facts.steps === 0 ? `at z ${stop + 1} of ${stops()}` : `between z ${Math.floor(stop) + 1} and z ${Math.floor(stop) + 2}`;
    scrub.mark(where);
    figure.dataset.at = at;
    heroes.querySelectorAll(".hero").forEach((hero, lane) => {
      const canvas = hero.querySelector("canvas"), said = facts.lanes[lane].said[at] ?? "";
      paint(canvas, tile(lane, at));
      canvas.setAttribute("aria-label", `${facts.lanes[lane].name}, ${where}${said && `: ${said}`}`);
      hero.querySelector(".said").textContent = said;
    });
    strips.querySelectorAll(".strip i").forEach((mark) => {
      mark.style.left = `${(100 * (stop / skip)) / shown}%`;
      mark.style.width = `${100 / shown}%`;
    });
    read.textContent = where[0].toUpperCase() + where.slice(1);
  }

  const watch = new ResizeObserver(fit);
  watch.observe(figure);

  function stop() {
    scrub.stop();
    watch.disconnect();
    memory.delete(root);
  }
  return view;
}
