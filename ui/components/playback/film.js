const PERIOD = 160; // ms a frame while playing

export default function ({ data, parentElement, setTriggerValue }) {
  const film = recall(parentElement, () => start(parentElement));
  film.ask = (epochs) => post(() => setTriggerValue("want", epochs));
  film.accept(data);
  return parting(parentElement, film.stop);
}

function start(root) {
  const sheet = root.querySelector(".sheet");
  const titles = [...root.querySelectorAll(".sheet p")];
  const canvases = [...root.querySelectorAll("canvas")];
  const slider = root.querySelector("input");
  const play = root.querySelector(".play");
  const newest = root.querySelector(".newest");
  const caption = root.querySelector("figcaption");
  const film = { ask: null, accept, stop };
  let run = null, epochs = [], frames = new Map(), at = null, live = true, timer = null, asked = null, chunk = 12;
  let drawn = null, turn = 0;

  const index = () => Math.max(0, epochs.indexOf(at));
  const last = () => epochs[epochs.length - 1];

  function accept(data) {
    chunk = data.chunk;
    titles.forEach((title, i) => { title.textContent = data.rows[i]; });
    if (data.run !== run) {
      run = data.run;
      live = true;
      drawn = null;
      if (!shelf.films.has(run)) shelf.films.set(run, new Map());
      frames = shelf.films.get(run);
      // The browser's memory holds the four films looked at last.
      shelf.films.delete(run);
      shelf.films.set(run, frames);
      for (const old of [...shelf.films.keys()].slice(0, -4)) shelf.films.delete(old);
      for (const canvas of canvases) canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
    }
    for (const { epoch, src } of data.frames) frames.set(epoch, src);
    epochs = data.epochs;
    const kept = new Set(epochs); // a long film is thinned out as it grows; what it gave up it never shows again
    for (const epoch of [...frames.keys()]) if (!kept.has(epoch)) frames.delete(epoch);
    asked = null;
    if (live || !epochs.includes(at)) at = nearest(live ? last() : at);
    slider.max = Math.max(0, epochs.length - 1);
    slider.disabled = play.disabled = epochs.length < 2;
    show();
    wish();
  }

  function nearest(epoch) {
    return epochs.reduce((best, e) => (Math.abs(e - epoch) < Math.abs(best - epoch) ? e : best), last());
  }

  // Asks for missing frames, those next to the one shown first. A second question waits for the first one's answer.
  function wish() {
    if (asked) return;
    const here = index();
    const missing = epochs.map((epoch, i) => [Math.abs(i - here), epoch]).filter(([, e]) => !frames.has(e));
    if (!missing.length) return;
    asked = missing.sort((a, b) => a[0] - b[0]).slice(0, chunk).map(([, epoch]) => epoch);
    const mine = asked;
    setTimeout(() => asked === mine && film.ask(mine), 60);
    setTimeout(() => asked === mine && ((asked = null), sheet.isConnected && wish()), 5000); // the answer got lost
  }

  async function show() {
    const i = index();
    live = epochs.length === 0 || at === last();
    slider.value = i;
    slider.setAttribute("aria-valuetext", at == null ? "no epoch yet" : `epoch ${at}`);
    newest.disabled = live;
    const many = `${epochs.length} ${epochs.length === 1 ? "frame" : "frames"}`;
    caption.textContent = at == null ? "The first pictures come in a moment."
      : `Epoch ${at}${live ? " · the newest" : ` of ${last()}`}${at === 0 ? " · before training" : ""} · ${many}`;
    canvases[0].setAttribute("aria-label", "12 test images");
    canvases[1].setAttribute("aria-label", `${titles[1].textContent} at epoch ${at}`);
    canvases[2].setAttribute("aria-label", `48 samples at epoch ${at}, always from the same z`);
    const src = frames.get(at);
    if (!src || src === drawn) return;
    const mine = ++turn;
    try {
      const image = await bitmap(src);
      if (mine !== turn) return; // a newer frame was chosen while this one was being read
      drawn = src;
      let y = 0;
      for (const canvas of canvases) {
        canvas.getContext("2d").drawImage(image, 0, -y);
        canvas.dataset.epoch = at;
        y += canvas.height;
      }
    } catch {
      caption.textContent = `The frame of epoch ${at} cannot be read.`;
    }
  }

  function go(i) {
    at = epochs[Math.min(epochs.length - 1, Math.max(0, i))] ?? null;
    show();
    wish();
  }

  function pause() {
    clearInterval(timer);
    timer = null;
    play.textContent = "Play";
    play.setAttribute("aria-label", "Play the film from the first epoch");
  }

  slider.addEventListener("input", () => { pause(); go(Number(slider.value)); });
  newest.addEventListener("click", () => { pause(); go(epochs.length - 1); });
  play.addEventListener("click", () => {
    if (timer) return pause();
    if (live) go(0);
    play.textContent = "Pause";
    play.setAttribute("aria-label", "Pause the film");
    timer = setInterval(() => {
      if (!frames.has(epochs[index() + 1]) && index() + 1 < epochs.length) return; // still on its way
      go(index() + 1);
      if (live) pause();
    }, PERIOD);
  });

  function fit() {
    const width = crisp(336, sheet.clientWidth, 4);
    for (const canvas of canvases) {
      canvas.style.width = `${width}px`;
      canvas.style.height = `${(width * canvas.height) / 336}px`;
    }
    slider.parentElement.style.maxWidth = `${Math.max(width, 300)}px`;
  }
  const watch = new ResizeObserver(fit);
  watch.observe(sheet);
  fit();

  function stop() {
    pause();
    watch.disconnect();
    memory.delete(root);
  }
  return film;
}
