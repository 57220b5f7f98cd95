const PERIOD = 40; // ms a frame while playing: 25 images a second
const PLOT_HEIGHT = 200; // CSS pixels
const KEY = 18; // CSS pixels above a plot for the name of its level, which would lie on the curves
const FIRST_LOOK = 0.5; // part of the path: the middle is where the paths differ

export default function ({ data, parentElement, setTriggerValue }) {
  const view = getOrCreate(parentElement, () => start(parentElement));
  view.send = (value) => queueMessage(() => setTriggerValue("go", value));
  view.accept(data);
  return cleanup(parentElement, view.stop);
}

function start(root) {
  const figure = root.querySelector(".path"), heroes = root.querySelector(".heroes");
  const controls = root.querySelector(".controls"), strips = root.querySelector(".strips");
  const plots = root.querySelector(".plots"), read = root.querySelector(".read");
  const ends = [...root.querySelectorAll(".end")];
  const view = { send: null, accept, stop };
  let props = null, shape = null, tiles = null, shown = 17, stride = 4;

  const last = () => props.frames - 1;
  const scrubber = createScrubber(root, {
    last, show, label: "Play the path from A to B and back", period: PERIOD, stride: () => 1,
    calm: () => Math.round(stride), turns: true,
  });
  ends.forEach((end, i) => end.addEventListener("click", () => {
    scrubber.pause();
    scrubber.move(i * last());
  }));
  const image = (way, k) => imageAt(tiles, shape, way * props.frames + k);

  function accept(data) {
    const other = !props || props.id !== data.id;
    props = data;
    shape = imageShape(data.shape);
    if (other) {
      scrubber.pause();
      tiles = decodeBase64(data.tiles);
      scrubber.at ??= Math.round(last() * (data.t ?? FIRST_LOOK));
    }
    scrubber.at = Math.min(scrubber.at, last());
    ends.forEach((end, i) => {
      const canvas = end.querySelector("canvas");
      paintImage(canvas, decodeBase64(data.ends[i]), shape);
      setSize(fitImage(shape, SMALL_IMAGE), canvas);
      canvas.title = data.notes[i];
      canvas.setAttribute("aria-label", `${"AB"[i]}, the original: ${data.notes[i]}`);
    });
    build();
    fit();
  }

  const name = (way) => createElement("p", { class: "name" }, lineSample(way),
    createElement("span", { text: way.name }));

  function build() {
    heroes.replaceChildren(...props.ways.map((way) => {
      const canvas = createElement("canvas", { role: "img", "data-way": way.key });
      const under = createElement("div", { class: "under" }, createElement("span", { class: "note number" }));
      if (way.leads) {
        const title = `Take this point of the ${way.name} to the Generate page`;
        const button = createElement("button", { type: "button", text: "Generate here", title });
        button.addEventListener("click", () => view.send({ way: way.key, at: scrubber.at, n: Date.now() }));
        under.append(button);
      }
      return createElement("div", { class: "hero" }, name(way), canvas, under);
    }));
    strips.replaceChildren(...props.ways.flatMap((way) => {
      const canvas = createElement("canvas", { role: "img", "aria-label": `${way.name}: frames from A to B` });
      const strip = createElement("div", { class: "film" }, canvas, createElement("i"));
      scrubber.follow(strip, (x, y, width) => ((x / width) * shown - 0.5) * stride);
      return [name(way), strip];
    }));
    plots.replaceChildren(...props.panels.map((panel) => {
      const canvas = createElement("canvas", { role: "img" });
      scrubber.follow(canvas, (x, y, width) => axisScale(0, last(), leftOf(panel), width - 8).invert(x));
      return createElement("div", { class: "plot" }, createElement("p", { class: "title", text: panel.title }),
        createElement("div", { class: "values number" }), canvas);
    }));
  }

  function fit() {
    if (!props || !figure.clientWidth) return;
    const room = figure.clientWidth, wide = room >= 640, gap = wide ? 24 : 8;
    // On a laptop picture and scrubber share the first screen with the page's head.
    const height = wide ? Math.max(224, window.innerHeight - 408) : room;
    const across = wide || props.ways.length < 4 ? props.ways.length : 2; // four names do not fit beside each other
    const size = fitGrid(shape, { width: (room - (across - 1) * gap) / across, height });
    heroes.style.minHeight = "0"; // no placeholder any more
    for (const hero of heroes.querySelectorAll(".hero")) {
      hero.style.width = `${size.width}px`;
      setSize(size, hero.querySelector("canvas"));
    }
    const names = wide ? 150 : 0, counts = [17, 15, 13, 12, 11, 10, 9, 8, 7, 6, 5].filter((n) => n <= props.frames);
    const place = { width: room - names, least: wide ? 40 : LEAST_TILE };
    const strip = fitRow(shape, counts.length ? counts : [props.frames], place);
    shown = strip.columns;
    stride = last() / (shown - 1);
    strips.querySelectorAll(".film").forEach((film, way) => {
      const canvas = film.querySelector("canvas");
      paintGrid(canvas, Array.from({ length: shown }, (_, k) => image(way, Math.round(k * stride))), shape);
      setSize(strip, canvas);
      film.style.width = `${strip.width}px`;
    });
    for (const canvas of plots.querySelectorAll("canvas")) resizeCanvas(canvas, canvas.clientWidth, PLOT_HEIGHT);
    show();
  }

  function show() {
    const { at } = scrubber, t = at / last();
    scrubber.mark(`${Math.round(100 * t)} % of the path from A to B`);
    figure.dataset.at = at;
    setAddressAtRest(figure, "t", t === FIRST_LOOK ? null : String(Math.round(t * 1e3) / 1e3));
    heroes.querySelectorAll(".hero").forEach((hero, way) => {
      const canvas = hero.querySelector("canvas"), note = props.ways[way].notes[at] ?? "";
      paintImage(canvas, image(way, at), shape);
      canvas.setAttribute("aria-label", `${props.ways[way].name} at ${t.toFixed(2)}${note && `: looks like ${note}`}`);
      hero.querySelector(".note").textContent = note;
    });
    for (const mark of strips.querySelectorAll(".film i")) {
      mark.style.left = `${(100 * Math.round(at / stride)) / shown}%`;
      mark.style.width = `${100 / shown}%`;
    }
    plots.querySelectorAll(".plot").forEach((plot, i) => draw(plot, props.panels[i]));
    read.textContent = at === 0 ? "t = 0 · A as the model reconstructs it, beside the original"
      : at === last() ? "t = 1 · B as the model reconstructs it, beside the original"
      : `t = ${t.toFixed(2)} · frame ${at + 1} of ${props.frames}`;
  }

  // As many decimals as the panel's axis needs, the same at every position: the numbers do not jump.
  function formatOn([low, high]) {
    const decimals = clamp(2 - Math.floor(Math.log10(high - low)), 0, 6);
    return (value) => withMinus(value.toFixed(decimals));
  }

  const leftOf = (panel) => (panel.values ? 40 : 0);

  function rangeOf({ values, span, reference }) {
    if (span) return span;
    const all = [...values.flat(), ...(reference ? [reference[0]] : [])].filter(Number.isFinite);
    const [low, high] = paddedRange(all);
    return [Math.min(...all) >= 0 ? Math.max(0, low) : low, high];
  }

  function draw(plot, panel) {
    const canvas = plot.querySelector("canvas"), values = plot.querySelector(".values"), { at } = scrubber;
    const { ctx, width, ink } = beginPlot(canvas, figure);
    if (!panel.values) {
      values.replaceChildren();
      canvas.setAttribute("aria-label", `${panel.title}: ${panel.waiting}`);
      drawText(ctx, panel.waiting, 0, 0, { colour: ink, room: width });
      return;
    }
    const range = rangeOf(panel), format = formatOn(range);
    const frame = { left: leftOf(panel), right: width - 8, top: 6 + KEY };
    frame.bottom = PLOT_HEIGHT - 22;
    const x = axisScale(0, last(), frame.left, frame.right), y = axisScale(...range, frame.bottom, frame.top);
    drawValueAxis(ctx, { ticks: linearTicks(...range, 3), y, ...frame, ink });
    drawText(ctx, "A", frame.left, frame.bottom + 6, { colour: ink });
    drawText(ctx, "t", (frame.left + frame.right) / 2, frame.bottom + 6, { align: "center", colour: ink });
    drawText(ctx, "B", frame.right, frame.bottom + 6, { align: "right", colour: ink });
    if (panel.reference) drawKeyedLevel(ctx, { at: panel.reference[0], text: panel.reference[1], y, ...frame, ink });
    panel.values.forEach((row, way) => {
      const { colour, dash } = props.ways[way];
      drawLine(ctx, row.map((v, k) => [x(k), y(v)]), { colour, width: 2, dash });
    });
    drawCursor(ctx, x(at), frame.top - 2, frame.bottom, ink);
    panel.values.forEach((row, way) => drawDot(ctx, x(at), y(row[at]), 3.5, props.ways[way].colour));
    values.replaceChildren(...panel.values.map((row, way) => createElement("b", { title: props.ways[way].name },
      lineSample(props.ways[way]), format(row[at]))));
    const here = props.ways.map((way, i) => `${way.name} ${format(panel.values[i][at])}`).join(", ");
    canvas.setAttribute("aria-label", `${panel.title} from A to B. Here: ${here}`);
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
