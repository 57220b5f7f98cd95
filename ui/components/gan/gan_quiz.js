const ARROWS = { 2: ["ArrowLeft", "ArrowRight"], 3: ["ArrowLeft", "ArrowDown", "ArrowRight"] };
const ROUNDS_KEPT = 8;
const KEPT = "latent-lab-quizzes"; // in the window's own storage
const MOVED_BY_ARROWS = "input, [role=tab], [role=radio], [role=slider], [role^=menu]";
const MEDIUM = 84, SMALL = 64; // CSS pixels a side of an image
const LARGE = { narrow: 280, wide: 336 }; // and of the one that is judged
const WIDE = 640, REST = 384; // CSS pixels: of the figure for the larger one, and of the page above and below it

export default function ({ data, parentElement, setTriggerValue }) {
  const view = getOrCreate(parentElement, () => start(parentElement));
  view.send = (name, value) => queueMessage(() => setTriggerValue(name, value));
  view.accept(data);
  return cleanup(parentElement, view.stop);
}

// The confusion that happened most often, as "truth>answer"; empty where every answer was right.
function commonMistake(truth, answers) {
  const counts = new Map();
  truth.forEach((kind, k) => {
    if (kind === answers[k]) return;
    const mistake = `${kind}>${answers[k]}`;
    counts.set(mistake, (counts.get(mistake) ?? 0) + 1);
  });
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? "";
}

// A browser may refuse to keep anything: the answers then live as long as the page.
function remembered() {
  try {
    return new Map(JSON.parse(sessionStorage.getItem(KEPT)));
  } catch {
    return new Map();
  }
}

function remember() {
  try {
    sessionStorage.setItem(KEPT, JSON.stringify([...store.quizzes]));
  } catch { /* see above */ }
}

function start(root) {
  const figure = root.querySelector(".gan-quiz"), find = (name) => root.querySelector(`.gan-quiz ${name}`);
  const view = { send: null, accept, stop };
  let props = null, shape = null, tiles = null, answers = [];
  store.quizzes ??= remembered(); // round → answers: they outlive a change of page, and in this window a reload

  function accept(data) {
    const same = props?.round === data.round && JSON.stringify(props.kinds) === JSON.stringify(data.kinds);
    props = data;
    figure.style.setProperty("--good", props.colours.right);
    figure.style.setProperty("--bad", props.colours.wrong);
    if (same) return;
    tiles = decodeBase64(props.tiles);
    shape = imageShape(props.shape);
    if (!store.quizzes.has(props.round)) store.quizzes.set(props.round, []);
    dropOldest(store.quizzes, ROUNDS_KEPT);
    answers = store.quizzes.get(props.round);
    fit();
    setSize(fitImage(shape, MEDIUM), find(".last canvas"));
    const arrows = ["←", ...(props.kinds.length === 3 ? ["↓"] : []), "→"];
    find(".answers").replaceChildren(...props.kinds.map((kind, k) => {
      const button = createElement("button", { type: "button", text: kind.name, style: `--kind: ${kind.colour}` });
      button.addEventListener("click", () => answer(k));
      return button;
    }));
    const keys = props.kinds.map((kind, k) => `${k + 1}, ${kind.key} or ${arrows[k]}`);
    find(".keys").textContent = `Keys: ${keys.join(" · ")}`;
    show();
    // After a click, such as on the tab of the quiz, the arrow keys are for the quiz, no more for what was clicked.
    const clicked = document.documentElement.dataset.used === "pointer";
    if (clicked && !isCovered() && !deepFocus(document)?.matches(TYPED_INTO)) figure.focus({ preventScroll: true });
  }

  // Picture, buttons and keys are in sight together with the page's head.
  function fit() {
    if (!shape || !figure.clientWidth) return;
    const large = figure.clientWidth >= WIDE && window.innerHeight >= LARGE.wide + REST ? LARGE.wide : LARGE.narrow;
    figure.style.setProperty("--ask", `${large}px`);
    setSize(fitImage(shape, large), find(".now"));
  }
  const watch = new ResizeObserver(fit);
  watch.observe(figure);

  const image = (k) => imageAt(tiles, shape, k);
  const ended = () => answers.length === props.truth.length;
  const isReal = (kind) => kind === 0;
  // As D's answers are judged, which are only "real" or "generated": so both scores count the same.
  const isRight = (k) => isReal(answers[k]) === isReal(props.truth[k]);
  const rightAnswers = () => answers.filter((_, k) => isRight(k)).length;
  const rightOrigins = () => answers.filter((a, k) => a === props.truth[k]).length;

  function answer(kind) {
    if (ended()) return;
    answers.push(kind);
    remember();
    show();
    if (!ended()) return;
    figure.focus({ preventScroll: true });
    view.send("done", { round: props.round, answers });
  }

  function show() {
    const n = props.truth.length, k = answers.length, last = k - 1;
    figure.dataset.asked = k;
    find(".play").hidden = ended();
    find(".play").style.display = ended() ? "none" : "";
    find(".end").hidden = !ended();
    if (ended()) return showResult();
    find(".count").textContent = `Image ${k + 1} of ${n}. Where does it come from?`;
    paintImage(find(".now"), image(k), shape);
    find(".now").setAttribute("aria-label", `Image ${k + 1} of ${n}`);
    find(".right").textContent = k ? `${rightAnswers()} of ${k}` : "–";
    let streak = 0;
    while (streak < k && isRight(last - streak)) streak++;
    find(".row").textContent = streak;
    find(".dots").replaceChildren(...props.truth.map((_, j) =>
      createElement("li", j < k ? { text: isRight(j) ? "✓" : "✗", class: isRight(j) ? "good" : "bad" } : {})));
    const canvas = find(".last canvas"), text = find(".last p");
    canvas.style.visibility = k ? "visible" : "hidden";
    text.textContent = "";
    if (!k) return;
    paintImage(canvas, image(last), shape);
    const exact = answers[last] === props.truth[last], verdict = props.believed[last] ? "real" : "generated";
    const { noun } = props.kinds[props.truth[last]], { noun: taken } = props.kinds[answers[last]];
    const judged = exact ? "Right:" : isRight(last) ? `Generated, but not ${taken}:` : "No:";
    text.textContent = `${judged} that was ${noun}. D takes it for ${verdict}.`;
  }

  function showResult() {
    const { truth, believed, kinds, advice } = props, n = truth.length;
    const yours = rightAnswers();
    const discriminators = truth.filter((kind, k) => isReal(kind) === believed[k]).length;
    const sum = (value, text) => createElement("div", {},
      createElement("b", { class: "number", text: `${value} of ${n}` }), createElement("span", { text }));
    const sums = [sum(yours, "You: real or generated"), sum(discriminators, "D: real or generated")];
    if (kinds.length > 2) {
      const names = kinds.map((kind) => kind.name).join(", ").replace(/^R/, "r").replace(/, (?=[^,]*$)/, " or ");
      sums.push(sum(rightOrigins(), `You: ${names}`));
    }
    find(".sums").replaceChildren(...sums);
    const result = yours > discriminators ? "You beat the discriminator."
      : yours < discriminators ? "The discriminator beats you." : "You and the discriminator are even.";
    find(".advice").textContent = `${result} ${advice[commonMistake(truth, answers)] ?? advice[""]}`;
    const all = truth.map((_, k) => k);
    find(".sheets").replaceChildren(
      sheet("You took for real", all.filter((k) => isReal(answers[k]))),
      sheet("D takes for real", all.filter((k) => believed[k])));
  }

  function sheet(title, places) {
    const box = createElement("div", { class: "sheet" }, ...places.map((k) => {
      const kind = props.kinds[props.truth[k]];
      const canvas = createElement("canvas", { role: "img", "aria-label": `Image ${k + 1}: ${kind.noun}` });
      paintImage(canvas, image(k), shape);
      setSize(fitImage(shape, SMALL), canvas);
      return createElement("figure", { style: `--kind: ${kind.colour}` }, canvas, kind.name);
    }));
    if (!places.length) box.append(createElement("p", { class: "none", text: `None of the ${props.truth.length}.` }));
    const wrong = places.filter((k) => !isReal(props.truth[k])).length;
    const heading = `${title}: ${places.length}, of which ${wrong} generated`;
    return createElement("div", {}, createElement("h4", { text: heading }), box);
  }

  find(".again").addEventListener("click", () => view.send("again", props.round));
  // The whole page's keys while the quiz is in view, except those of what has the focus. Before Streamlit's own.
  function onKey(event) {
    if (!props || event.ctrlKey || event.metaKey || event.altKey || ended() || isCovered() || !isInView()) return;
    const focused = deepFocus(document);
    if (focused?.matches(TYPED_INTO) || (event.key.startsWith("Arrow") && focused?.matches(MOVED_BY_ARROWS))) return;
    const typed = event.key.toUpperCase();
    let k = props.kinds.findIndex((kind) => kind.key === typed);
    if (k < 0) k = ARROWS[props.kinds.length].indexOf(event.key);
    if (k < 0 && "123".includes(event.key)) k = Number(event.key) - 1;
    if (k < 0 || k >= props.kinds.length) return;
    event.preventDefault();
    event.stopPropagation(); // R alone would have Streamlit run the page again
    if (!event.repeat) answer(k);
  }
  addEventListener("keydown", onKey, true);

  function isInView() {
    const { top, bottom } = figure.getBoundingClientRect();
    return isShown(figure) && bottom > 0 && top < window.innerHeight;
  }

  function stop() {
    removeEventListener("keydown", onKey, true);
    watch.disconnect();
    removeView(root);
  }
  return view;
}
