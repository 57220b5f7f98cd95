const ROOM = 84, SMALL_ROOM = 42; // CSS pixels a side of an image
const CLASSES_SHOWN = 12;

export default function ({ data, parentElement, setTriggerValue }) {
  const view = getOrCreate(parentElement, () => start(parentElement));
  view.send = (name, value) => queueMessage(() => setTriggerValue(name, value));
  view.accept(data);
  return cleanup(parentElement, view.stop);
}

function start(root) {
  const find = (what) => root.querySelector(what), view = { accept, stop, send: null };
  const box = find(".map-detail"), hint = find(".hint"), picked = find(".picked"), many = find(".many");
  const rows = find(".rows"), bars = find(".bars");
  const interpolate = find(".interpolate"), generate = find(".generate"), clear = find(".clear");
  let props = null, pool = null, shape = null, labels = null, subscriptions = [], asked = null;
  let endRequest = () => {};

  function accept(data) {
    const other = !props || props.pool !== data.pool;
    props = data;
    pool = poolOf(data.pool);
    shape = imageShape(data.shape);
    labels = new Int16Array(decodeBase64(data.labels).buffer);
    if (other) {
      for (const unsubscribe of subscriptions) unsubscribe();
      subscriptions = [subscribe(`chosen:${data.pool}`, show), subscribe(`sheet:${data.pool}`, show)];
    }
    show();
  }

  // Identifies the run and the selection that an answer of the server belongs to.
  function token() {
    const lasso = pool.lasso && [pool.lasso.length, pool.lasso.reduce((sum, k) => (sum * 31 + k) % 1000003, 7)];
    return JSON.stringify([props.run, pool.picks, lasso]);
  }

  function show() {
    const { picks, lasso } = pool, some = picks.length || lasso, name = token();
    const answer = props.answer?.token === name ? props.answer : null;
    box.classList.toggle("wide", props.wide);
    box.dataset.answered = Boolean(answer);
    hint.hidden = some;
    picked.hidden = !picks.length;
    many.hidden = !lasso;
    clear.hidden = !some;
    if (picks.length) showPicks(answer);
    if (lasso) showMany(answer);
    interpolate.disabled = !props.leads || (picks.length !== 2 && lasso?.length !== 2);
    generate.disabled = !props.leads || !some;
    if (some && !answer && asked !== name) {
      asked = name;
      endRequest();
      endRequest = requestUntil(
        () => props.answer?.token === name,
        () => view.send("ask", { token: name, picks, lasso: lasso ?? [] }),
      );
    }
    const marked = picks.length && answer ? answer.rows.filter((row) => row.mark) : [];
    pool.marks = marked.map((row) => ({ points: row.points, dash: row.mark === "dashed" ? [3, 3] : [] }));
    publish(`marks:${props.pool}`);
  }

  function picture(image, ownShape, text, room = ROOM) {
    const canvas = createElement("canvas", { role: "img", "aria-label": text, width: ownShape.width,
      height: ownShape.height });
    if (image) paintImage(canvas, image, ownShape);
    setSize(fitImage(ownShape, room), canvas);
    return canvas;
  }

  // An image of the pool may have been sent with fewer pixels than those that the model returns.
  const own = (k, text, room) => picture(pool.tiles ? imageOf(pool, k) : null, pool.shape ?? shape, text, room);
  const figure = (canvas, text, under = "") => createElement("figure", {}, canvas,
    createElement("figcaption", { text }), createElement("figcaption", { class: "small", text: under }));
  const called = (k) => [classOf(props, labels[k]), nameOf(pool, k)].filter(Boolean).join(", ");

  function showPicks(answer) {
    const { picks } = pool, reconstructions = answer?.reconstructions ? decodeBase64(answer.reconstructions) : null;
    picked.querySelector(".pairs").replaceChildren(...picks.flatMap((k, place) => {
      const letter = picks.length > 1 ? `${"AB"[place]}: ` : "", name = classOf(props, labels[k]);
      const original = figure(own(k, `Original, ${called(k)}`), `${letter}${name}`, nameOf(pool, k));
      if (!props.leads) return [original];
      const image = reconstructions && imageAt(reconstructions, shape, place);
      const error = answer?.errors ? `MSE ${answer.errors[place]}` : "";
      return [original, figure(picture(image, shape, `Reconstruction of ${called(k)}`), "Reconstruction", error)];
    }));
    const shown = answer?.rows ?? props.rows.map((title) => ({ title, points: [] }));
    rows.replaceChildren(...shown.map(({ title, points, mark, agree }) => createElement("div", { class: "row" },
      createElement("p", { class: `name ${mark ?? ""}`, text: title }),
      createElement("div", { class: "near" }, ...points.map((k) => neighbour(k, labels[picks.at(-1)]))),
      createElement("p", { class: "small", text: agree ?? "" }))));
  }

  function neighbour(k, label) {
    const button = createElement("button", { type: "button", title: called(k), "aria-label": `Select ${called(k)}` },
      own(k, called(k), SMALL_ROOM));
    button.classList.toggle("other", labels[k] !== label);
    button.addEventListener("click", () => choose(props.pool, { picks: [k] }));
    button.addEventListener("pointerenter", () => hoverOver(props.pool, k, root));
    button.addEventListener("pointerleave", () => hoverOver(props.pool, null, root));
    return button;
  }

  function meanImage(points) {
    if (!pool.tiles) return null;
    const sum = new Float32Array(pool.shape.size);
    for (const k of points) imageOf(pool, k).forEach((v, i) => { sum[i] += v; });
    return Uint8Array.from(sum, (v) => Math.round(v / points.length));
  }

  function showMany(answer) {
    const { lasso } = pool, mean = picture(meanImage(lasso), pool.shape ?? shape, "Mean of the selected images");
    many.querySelector(".count").textContent = `${formatCount(lasso.length)} selected`;
    const decoded = answer?.mean ? decodeBase64(answer.mean) : null;
    many.querySelector(".pairs").replaceChildren(figure(mean, "Mean image"), ...(props.leads
      ? [figure(picture(decoded, shape, "The mean of their latents, decoded"), "Mean z, decoded")] : []));
    const counts = countLabels(lasso, labels), most = counts[0][1];
    bars.replaceChildren(...counts.slice(0, CLASSES_SHOWN).map(([label, count]) => {
      const bar = createElement("i");
      bar.style.width = `${(100 * count) / most}%`;
      bar.style.background = colourOf(props, label);
      const text = `${formatCount(count)} · ${Math.round((100 * count) / lasso.length)} %`;
      return createElement("div", { class: "bar" }, createElement("span", { text: classOf(props, label) }),
        createElement("div", { class: "track" }, bar), createElement("span", { class: "number", text }));
    }));
  }

  interpolate.addEventListener("click", () => {
    const points = pool.picks.length === 2 ? pool.picks : pool.lasso;
    view.send("go", { to: "interpolate", points, n: Date.now() });
  });
  generate.addEventListener("click", () => {
    view.send("go", { to: "generate", points: pool.lasso ?? pool.picks.slice(-1), n: Date.now() });
  });
  clear.addEventListener("click", () => choose(props.pool, {}));

  function stop() {
    endRequest();
    for (const unsubscribe of subscriptions) unsubscribe();
    removeView(root);
  }
  return view;
}
