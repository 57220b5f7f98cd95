// One position in a sequence, moved by a slider and its keys, a play button, and a pointer over a strip or chart.

// last(): the last position, counted from 0. show(): draws the position `at`. label: what is played, for screen
// readers. period: ms a step while playing, of stride() positions; for visitors who asked their system for less motion,
// calm() positions every `rest` ms. turns: playing goes to and fro until it is paused.
function createScrubber(root, { last, show, label, period, stride, calm, rest = 600, turns = false }) {
  const slider = root.querySelector("input"), button = root.querySelector(".play");
  const scrubber = { at: null, move, follow, mark, pause, stop };
  let timer = null, frame = 0;

  function move(k) {
    if (Number.isFinite(k)) scrubber.at = clamp(k, 0, last());
    show();
  }

  // Lets mouse and finger over `node` move the position; indexAt(x, y, width) maps a place in it to a position.
  function follow(node, indexAt) {
    node.addEventListener("pointermove", (event) => {
      if (!last()) return;
      const bounds = node.getBoundingClientRect(), [x, y] = [event.clientX - bounds.left, event.clientY - bounds.top];
      pause();
      cancelAnimationFrame(frame); // a mouse reports more often than the screen is drawn
      frame = requestAnimationFrame(() => move(Math.round(indexAt(x, y, bounds.width))));
    });
  }

  // Sets the slider to the position, described by `text`.
  function mark(text) {
    slider.max = Math.max(1, last());
    slider.value = scrubber.at;
    slider.setAttribute("aria-valuetext", text);
  }

  function pause() {
    clearInterval(timer);
    timer = null;
    button.textContent = "Play";
    button.setAttribute("aria-label", label);
  }

  slider.addEventListener("input", () => { pause(); move(Number(slider.value)); });
  button.addEventListener("click", () => {
    if (timer) return pause();
    if (scrubber.at >= last()) move(0);
    button.textContent = "Pause";
    button.setAttribute("aria-label", "Pause");
    const slow = prefersLessMotion();
    let way = 1;
    timer = setInterval(() => {
      move(scrubber.at + way * (slow ? calm() : stride()));
      if (turns && scrubber.at <= 0) way = 1;
      if (scrubber.at < last()) return;
      if (turns) way = -1;
      else pause();
    }, slow ? rest : period);
  });

  function stop() {
    pause();
    cancelAnimationFrame(frame);
  }
  return scrubber;
}
