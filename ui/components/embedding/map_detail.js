export default function ({ data, parentElement, setTriggerValue }) {
  const view = recall(parentElement, () => start(parentElement));
  view.tell = (what, value) => post(() => setTriggerValue(what, value));
  view.accept(data);
  return parting(parentElement, view.stop);
}

function start(root) {
  const find = (what) => root.querySelector(what), view = { accept, stop, tell: null };
  const hint = find(".hint"), picked = find(".picked"), many = find(".many"), rows = find(".rows"), bars = find(".bars");
  const interpolate = find(".interpolate"), generate = find(".generate"), clear = find(".clear");
  let facts = null, pool = null, labels = null, away = [], asked = null;

  function accept(data) {
    const again = !facts || facts.pool !== data.pool;
    facts = data;
    pool = poolOf(data.pool);
    labels = new Int16Array(bytes(data.labels).buffer);
    if (again) {
      for (const leave of away) leave();
      away = [subscribe(`chosen:${data.pool}`, show), subscribe(`sheet:${data.pool}`, show)];
    }
    show();
  }

  // What the server's answer belongs to: this run, this selection.
  const token = () => JSON.stringify([facts.run, pool.picks, pool.lasso ? [pool.lasso.length, pool.lasso.reduce((a, k) => (a * 31 + k) % 1000003, 7)] : null]);

  function show() {
    const { picks, lasso } = pool, some = picks.length || lasso, name = token();
    const answer = facts.answer?.token === name ? facts.answer : null;
    root.querySelector(".map-detail").classList.toggle("wide", facts.wide);
    hint.hidden = some;
    picked.hidden = !picks.length;
    many.hidden = !lasso;
    clear.hidden = !some;
    root.querySelector(".map-detail").dataset.answered = Boolean(answer);
    if (picks.length) showPicks(answer);
    if (lasso) showMany(answer);
    interpolate.disabled = picks.length !== 2 && lasso?.length !== 2;
    generate.disabled = !some || !facts.leads;
    interpolate.disabled ||= !facts.leads;
    if (some && !answer && asked !== name) {
      asked = name;
      view.tell("ask", { token: name, picks, lasso: lasso ?? [] });
    }
    pool.marks = picks.length && answer ? answer.rows.filter((row) => row.mark).map((row) => ({ points: row.points, dash: row.mark === "dashed" ? [3, 3] : [] })) : [];
    publish(`marks:${facts.pool}`);
  }

  function tile(grey, text, size = 84) {
    const canvas = make("canvas", { role: "img", "aria-label": text, width: TILE, height: TILE });
    if (grey) paint(canvas, grey);
    canvas.style.width = canvas.style.height = `${crisp(TILE, size)}px`;
    return canvas;
  }

  const own = (k) => (pool.tiles ? tileOf(pool, k) : null);
  const figure = (canvas, text, under = "") => make("figure", {}, canvas, make("figcaption", { text }), make("figcaption", { class: "small", text: under }));
  const called = (k) => [classOf(facts, labels[k]), nameOf(pool, k)].filter(Boolean).join(", ");

  function showPicks(answer) {
    const { picks } = pool, made = answer?.made ? bytes(answer.made) : null;
    picked.querySelector(".pairs").replaceChildren(...picks.flatMap((k, place) => {
      const letter = picks.length > 1 ? `${"AB"[place]}: ` : "", made1 = made?.subarray(place * TILE * TILE, (place + 1) * TILE * TILE);
      return [figure(tile(own(k), `Original, ${called(k)}`), `${letter}${classOf(facts, labels[k])}`, nameOf(pool, k)),
        ...(facts.leads ? [figure(tile(made1, `Reconstruction of ${called(k)}`), "Reconstruction", answer?.errors ? `MSE ${answer.errors[place]}` : "")] : [])];
    }));
    rows.replaceChildren(...(answer?.rows ?? facts.rows.map((title) => ({ title, points: [] }))).map(({ title, points, mark, agree }) => {
      const list = make("div", { class: "near" }, ...points.map((k) => {
        const button = make("button", { type: "button", title: called(k), "aria-label": `Select ${called(k)}` }, tile(own(k), called(k), 42));
        button.classList.toggle("other", labels[k] !== labels[picks.at(-1)]);
        button.addEventListener("click", () => choose(facts.pool, { picks: [k] }));
        button.addEventListener("pointerenter", () => hoverOver(facts.pool, k, root));
        button.addEventListener("pointerleave", () => hoverOver(facts.pool, null, root));
        return button;
      }));
      return make("div", { class: "row" }, make("p", { class: `name ${mark ?? ""}`, text: title }), list, make("p", { class: "small", text: agree ?? "" }));
    }));
  }

  function showMany(answer) {
    const { lasso } = pool, counts = new Map(), mean = new Float32Array(TILE * TILE);
    for (const k of lasso) {
      counts.set(labels[k], (counts.get(labels[k]) ?? 0) + 1);
      if (pool.tiles) own(k).forEach((v, i) => { mean[i] += v; });
    }
    many.querySelector(".count").textContent = `${lasso.length.toLocaleString("en")} selected`;
    many.querySelector(".pairs").replaceChildren(
      figure(tile(pool.tiles ? mean.map((v) => Math.round(v / lasso.length)) : null, "Mean of the selected images"), "Mean image"),
      ...(facts.leads ? [figure(tile(answer?.mean ? bytes(answer.mean) : null, "The mean of their latents, decoded"), "Mean z, decoded")] : []));
    const order = [...counts].sort((a, b) => b[1] - a[1]), most = order[0][1];
    bars.replaceChildren(...order.slice(0, 12).map(([label, count]) => {
      const bar = make("i");
      bar.style.width = `${(100 * count) / most}%`;
      bar.style.background = colourOf(facts, label);
      return make("div", { class: "bar" }, make("span", { text: classOf(facts, label) }), make("div", { class: "track" }, bar),
        make("span", { class: "number", text: `${count.toLocaleString("en")} · ${Math.round((100 * count) / lasso.length)} %` }));
    }));
  }

  interpolate.addEventListener("click", () => view.tell("go", { to: "interpolate", points: pool.picks.length === 2 ? pool.picks : pool.lasso, n: Date.now() }));
  generate.addEventListener("click", () => view.tell("go", { to: "generate", points: pool.lasso ?? pool.picks.slice(-1), n: Date.now() }));
  clear.addEventListener("click", () => choose(facts.pool, {}));

  function stop() {
    for (const leave of away) leave();
    memory.delete(root);
  }
  return view;
}
