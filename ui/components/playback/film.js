const PERIOD = 160; // ms a frame while playing
const REQUEST_DELAY = 60, ANSWER_TIMEOUT = 5000; // ms
const FILL_DELAY = 2000; // ms; while a film grows each answer brings more frames that are missing, without an end
const LEAST_ACROSS = 6; // images in a line, at least
const FULL = 0.8, LEAST_SIDE = 40; // part of the width that a line takes, and CSS pixels of an image, if that can be
const FILMS_KEPT = 4; // films that the browser keeps in memory
const PARTS = { 0.125: "⅛", 0.25: "¼", 0.5: "½" }; // of the first epoch
const epochText = (epoch) => PARTS[epoch] ?? `${epoch}`;

export default function ({ data, parentElement, setTriggerValue }) {
  const view = getOrCreate(parentElement, () => start(parentElement));
  view.send = (epochs) => queueMessage(() => setTriggerValue("want", epochs));
  view.accept(data);
  return cleanup(parentElement, view.stop);
}

function start(root) {
  const sheet = root.querySelector(".sheet");
  const titles = [...root.querySelectorAll(".sheet p")];
  const canvases = [...root.querySelectorAll("canvas")];
  const slider = root.querySelector("input");
  const play = root.querySelector(".play");
  const newest = root.querySelector(".newest");
  const caption = root.querySelector("figcaption");
  const view = { send: null, accept, stop };
  let run = null, epochs = [], frames = new Map(), at = null, live = true, timer = null, asked = null, chunk = 12;
  let grows = false;
  let drawn = null, turn = 0, shape = null, columns = 12, originals = 12, across = 0, lines = [];
  let link = "", parameter = "", unsubscribe = () => {};

  const index = () => Math.max(0, epochs.indexOf(at));
  const last = () => epochs[epochs.length - 1];

  function accept(data) {
    chunk = data.chunk;
    columns = data.columns;
    titles.forEach((title, i) => { title.textContent = data.titles[i]; });
    if (data.run !== run) {
      run = data.run;
      epochs = [];
      live = data.at == null;
      at = data.at ?? null;
      drawn = null;
      frames = store.films.get(run) ?? new Map();
      store.films.delete(run);
      store.films.set(run, frames); // the newest
      dropOldest(store.films, FILMS_KEPT);
      shape = imageShape(data.shape);
      lines = data.lines;
      across = 0;
    }
    parameter = data.parameter;
    if (data.link !== link) {
      link = data.link;
      unsubscribe();
      unsubscribe = subscribe(`seekEpoch:${link}`, (epoch) => {
        pause();
        go(epochs.indexOf(nearestEpoch(epoch)));
        keep();
      });
    }
    if (originals !== (originals = data.originals)) across = 0;
    for (const { epoch, src } of data.frames) frames.set(epoch, src);
    grows = epochs.length > 0 && last() !== data.epochs[data.epochs.length - 1];
    epochs = data.epochs;
    const kept = new Set(epochs); // a long film is thinned out as it grows; frames that were left out are never shown
    for (const epoch of [...frames.keys()]) if (!kept.has(epoch)) frames.delete(epoch);
    if (asked?.sent) asked = null;
    if (live || !epochs.includes(at)) at = nearestEpoch(live ? last() : at);
    slider.max = Math.max(0, epochs.length - 1);
    slider.disabled = play.disabled = epochs.length < 2;
    fit();
    show();
    requestFrames();
  }

  function nearestEpoch(epoch) {
    return epochs.reduce((best, e) => (Math.abs(e - epoch) < Math.abs(best - epoch) ? e : best), last());
  }

  // Asks for missing frames, those next to the one shown first. A second request waits for the first one's answer.
  // While the film grows and the frame in view is there, the others have time; an urgent request takes their place, but
  // not that of another: else one who keeps moving the slider would wait until it rests.
  function requestFrames() {
    const urgent = timer !== null || !frames.has(at);
    if ((asked && (asked.sent || asked.urgent || !urgent)) || !missing().length) return;
    const request = { sent: false, urgent };
    asked = request;
    setTimeout(() => {
      if (asked !== request) return;
      request.sent = true;
      view.send(missing());
      setTimeout(() => {
        if (asked !== request) return;
        asked = null; // the answer got lost
        if (sheet.isConnected) requestFrames();
      }, ANSWER_TIMEOUT);
    }, urgent || !grows ? REQUEST_DELAY : FILL_DELAY);
  }

  function missing() {
    const here = index();
    const found = epochs.map((epoch, i) => [Math.abs(i - here), epoch]).filter(([, epoch]) => !frames.has(epoch));
    return found.sort((a, b) => a[0] - b[0]).slice(0, chunk).map(([, epoch]) => epoch);
  }

  async function show() {
    const i = index();
    live = epochs.length === 0 || at === last();
    slider.value = i;
    slider.setAttribute("aria-valuetext", at == null ? "no epoch yet" : `epoch ${epochText(at)}`);
    newest.disabled = live;
    caption.textContent = captionText();
    publish(`epoch:${link}`, at);
    canvases[0].setAttribute("aria-label", acrossIn(0) === 1 ? "1 test image" : `${acrossIn(0)} test images`);
    canvases[1].setAttribute("aria-label", `${titles[1].textContent} at epoch ${epochText(at)}`);
    canvases[2].setAttribute("aria-label", `Samples at epoch ${epochText(at)}, always from the same z`);
    const src = frames.get(at);
    if (!src || src === drawn) return;
    const request = ++turn;
    try {
      const picture = await decodePicture(src);
      if (request !== turn) return; // a newer frame was chosen while this one was decoded
      drawn = src;
      let y = 0;
      for (const canvas of canvases) {
        canvas.getContext("2d").drawImage(picture, 0, -y);
        canvas.dataset.epoch = at;
        y += canvas.height;
      }
    } catch {
      caption.textContent = `The frame of epoch ${at} cannot be read.`;
    }
  }

  function captionText() {
    if (at == null) return "The first images come in a moment.";
    // The line above counts the epoch that is being trained: these pictures were made when one had ended.
    const count = `${epochs.length} ${epochs.length === 1 ? "frame" : "frames"}`;
    const made = at === 0 ? "Pictures before training" : `Pictures after ${placeText(at)}`;
    return `${made} · ${live ? "the newest" : `newest: ${epochText(last())}`} · ${count}`;
  }

  const placeText = (epoch) => (epoch < 1 ? `${epochText(epoch)} of the first epoch` : `epoch ${epoch}`);

  async function decodePicture(src) {
    const picture = new Image();
    picture.src = src;
    await picture.decode();
    return picture;
  }

  function go(i) {
    at = epochs[clamp(i, 0, epochs.length - 1)] ?? null;
    show();
    requestFrames();
  }

  function pause() {
    clearInterval(timer);
    timer = null;
    play.textContent = "Play";
    play.setAttribute("aria-label", "Play the film from the first epoch");
  }

  // The newest epoch is where the film begins: it needs no place in the address.
  function keep() {
    if (parameter) setAddressAtRest(sheet, parameter, live ? null : String(at));
  }

  slider.addEventListener("input", () => { pause(); go(Number(slider.value)); });
  slider.addEventListener("change", keep);
  newest.addEventListener("click", () => { pause(); go(epochs.length - 1); keep(); });
  play.addEventListener("click", () => {
    if (timer) { pause(); return keep(); }
    if (live) go(0);
    play.textContent = "Pause";
    play.setAttribute("aria-label", "Pause the film");
    timer = setInterval(() => {
      if (!frames.has(epochs[index() + 1]) && index() + 1 < epochs.length) return; // still on its way
      go(index() + 1);
      if (live) { pause(); keep(); }
    }, PERIOD);
  });

  // Images in a line. Where all that a frame has would be shrunk, or small beside empty ground: fewer of them.
  function imagesAcross() {
    const room = sheet.clientWidth, least = Math.min(LEAST_ACROSS, columns);
    const rows = Array.from({ length: columns - least + 1 }, (_, k) => columns - k) // most images first
      .map((n) => ({ n, ...fitGrid(shape, { width: room, columns: n, most: 4 }) })).filter(({ scale }) => scale >= 1);
    const good = rows.find(({ width, cellWidth }) => width >= FULL * room && cellWidth >= LEAST_SIDE);
    const widest = rows.reduce((best, row) => (!best || row.width >= best.width ? row : best), null);
    return (good ?? widest)?.n ?? least;
  }

  // Of few test images each stands once: the frame's first two lines begin again after them.
  const acrossIn = (part) => (part < 2 ? Math.min(across || columns, originals) : across || columns);

  function fit() {
    if (!shape || !sheet.clientWidth) return;
    if (across !== (across = imagesAcross())) {
      canvases.forEach((canvas, i) => { // sets the size, which cuts off the rest of each line, and clears
        [canvas.width, canvas.height] = [acrossIn(i) * shape.width, lines[i] * shape.height];
      });
      drawn = null;
      show();
    }
    const size = fitGrid(shape, { width: sheet.clientWidth, columns: across, most: 4 });
    for (const canvas of canvases) {
      const lines = canvas.height / shape.height, part = canvas.width / (across * shape.width);
      setSize({ ...size, width: size.width * part, height: size.height * lines }, canvas);
    }
    slider.parentElement.style.maxWidth = `${Math.max(size.width, 300)}px`;
  }
  const watch = new ResizeObserver(fit);
  watch.observe(sheet);

  function stop() {
    pause();
    asked = null; // nobody is there for an answer
    unsubscribe();
    watch.disconnect();
    removeView(root);
  }
  return view;
}
