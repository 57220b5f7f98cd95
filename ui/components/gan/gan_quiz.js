export default function ({ data, parentElement, setTriggerValue }) {
  const game = recall(parentElement, () => start(parentElement));
  game.tell = (name, value) => post(() => setTriggerValue(name, value));
  game.accept(data);
  return parting(parentElement, game.stop);
}

const ARROWS = { 2: ["ArrowLeft", "ArrowRight"], 3: ["ArrowLeft", "ArrowDown", "ArrowRight"] };

function start(root) {
  const figure = root.querySelector(".gan-quiz"), find = (name) => root.querySelector(`.gan-quiz ${name}`);
  const game = { tell: null, accept, stop };
  let data = null, tiles = null, answers = [];
  shelf.quizzes ??= new Map();

  function accept(next) {
    const other = data?.round !== next.round, shown = JSON.stringify(data?.kinds) === JSON.stringify(next.kinds);
    data = next;
    figure.style.setProperty("--good", data.colours.right);
    figure.style.setProperty("--bad", data.colours.wrong);
    if (!other && shown) return;
    tiles = bytes(data.tiles);
    if (!shelf.quizzes.has(data.round)) shelf.quizzes.set(data.round, []);
    for (const old of [...shelf.quizzes.keys()].slice(0, -8)) shelf.quizzes.delete(old);
    answers = shelf.quizzes.get(data.round);
    const arrows = ["←", ...(data.kinds.length === 3 ? ["↓"] : []), "→"];
    find(".answers").replaceChildren(...data.kinds.map((kind, k) => {
      const button = make("button", { type: "button", text: kind.name, style: `--kind: ${kind.colour}` });
      button.addEventListener("click", () => answer(k));
      return button;
    }));
    find(".keys").textContent = "Keys: " + data.kinds.map((kind, k) => `${k + 1}, ${kind.key} or ${arrows[k]}`).join(" · ");
    show();
  }

  const tile = (k) => tiles.subarray(k * TILE * TILE, (k + 1) * TILE * TILE);
  const over = () => answers.length === data.truth.length;
  const right = () => answers.filter((a, k) => a === data.truth[k]).length;
  const said = (k) => (data.believed[k] ? "real" : "made");

  function answer(kind) {
    if (over()) return;
    answers.push(kind);
    show();
    if (!over()) return;
    figure.focus({ preventScroll: true });
    game.tell("done", { round: data.round, answers });
  }

  function show() {
    const n = data.truth.length, k = answers.length, last = k - 1;
    figure.dataset.asked = k;
    find(".play").hidden = over();
    find(".play").style.display = over() ? "none" : "";
    find(".end").hidden = !over();
    if (over()) return finish();
    find(".count").textContent = `Picture ${k + 1} of ${n}. Where does it come from?`;
    paint(find(".now"), tile(k));
    find(".now").setAttribute("aria-label", `Picture ${k + 1} of ${n}`);
    find(".right").textContent = k ? `${right()} of ${k}` : "–";
    let streak = 0;
    while (streak < k && answers[last - streak] === data.truth[last - streak]) streak++;
    find(".row").textContent = streak;
    find(".dots").replaceChildren(...data.truth.map((truth, j) => {
      const good = answers[j] === truth;
      return make("li", j < k ? { text: good ? "✓" : "✗", class: good ? "good" : "bad" } : {});
    }));
    const canvas = find(".last canvas"), words = find(".last p");
    canvas.style.visibility = k ? "visible" : "hidden";
    if (!k) return (words.textContent = "");
    paint(canvas, tile(last));
    const good = answers[last] === data.truth[last];
    words.textContent = `${good ? "Right" : "No"}: that was ${data.kinds[data.truth[last]].noun}. D takes it for ${said(last)}.`;
  }

  function finish() {
    const n = data.truth.length, real = (k) => k === 0;
    const both = data.truth.filter((t, k) => real(t) === real(answers[k])).length;
    const hers = data.truth.filter((t, k) => real(t) === data.believed[k]).length;
    const sum = (value, text) => make("div", {}, make("b", { class: "number", text: `${value} of ${n}` }), make("span", { text }));
    const parts = [sum(both, "You: real or made"), sum(hers, "D: real or made")];
    if (data.kinds.length > 2) parts.unshift(sum(right(), `You: ${data.kinds.map((kind) => kind.name).join(", ").replace(/^R/, "r").replace(/, (?=[^,]*$)/, " or ")}`));
    find(".sums").replaceChildren(...parts);
    const won = both > hers ? "You beat the discriminator." : both < hers ? "The discriminator beats you." : "You and the discriminator are even.";
    find(".advice").textContent = `${won} ${data.advice[mistake()] ?? data.advice[""]}`;
    find(".sheets").replaceChildren(
      sheet("What you took for real", data.truth.map((_, k) => k).filter((k) => real(answers[k]))),
      sheet("What D takes for real", data.truth.map((_, k) => k).filter((k) => data.believed[k])));
  }

  // The confusion that happened most often, as "truth>answer".
  function mistake() {
    const counts = new Map();
    data.truth.forEach((t, k) => t !== answers[k] && counts.set(`${t}>${answers[k]}`, (counts.get(`${t}>${answers[k]}`) ?? 0) + 1));
    return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? "";
  }

  function sheet(title, places) {
    const held = make("div", { class: "sheet" }, ...places.map((k) => {
      const kind = data.kinds[data.truth[k]], canvas = make("canvas", { role: "img", "aria-label": `Picture ${k + 1}: ${kind.noun}` });
      paint(canvas, tile(k));
      return make("figure", { style: `--kind: ${kind.colour}` }, canvas, kind.name);
    }));
    if (!places.length) held.append(make("p", { class: "none", text: "None of the twenty." }));
    const wrong = places.filter((k) => data.truth[k] !== 0).length;
    return make("div", {}, make("h4", { text: `${title}: ${places.length}, of which ${wrong} made` }), held);
  }

  find(".again").addEventListener("click", () => game.tell("again", data.round));
  figure.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || over()) return;
    const typed = event.key.toUpperCase();
    let k = data.kinds.findIndex((kind) => kind.key === typed);
    if (k < 0) k = ARROWS[data.kinds.length].indexOf(event.key);
    if (k < 0 && "123".includes(event.key)) k = Number(event.key) - 1;
    if (k < 0 || k >= data.kinds.length) return;
    event.preventDefault();
    event.stopPropagation(); // R alone would have Streamlit run the page again
    if (!event.repeat) answer(k);
  });

  function stop() {
    memory.delete(root);
  }
  return game;
}
