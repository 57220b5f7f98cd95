// One position, moved by a slider and its keys, a play button, and a pointer over whatever shows the whole way.

// last(): the last position, from 0. show(): draws the position `at`. label: says what is played. period: ms a step
// while playing, of stride() positions; for those who asked their system for less motion, calm() positions every `rest`.
function scrubber(root, { last, show, label, period, stride, calm, rest = 600 }) {
  const slider = root.querySelector("input"), button = root.querySelector(".play");
  const scrub = { at: null, move, follow, mark, halt, stop };
  let timer = null, frame = 0;

  function move(k) {
    if (Number.isFinite(k)) scrub.at = Math.min(last(), Math.max(0, k));
    show();
  }

  // Mouse and finger move it from `node`; place(x, y, width) says to which position.
  function follow(node, place) {
    node.addEventListener("pointermove", (event) => {
      if (!last()) return;
      const box = node.getBoundingClientRect(), [px, py] = [event.clientX - box.left, event.clientY - box.top];
      halt();
      cancelAnimationFrame(frame); // a mouse reports more often than the screen is drawn
      frame = requestAnimationFrame(() => move(Math.round(place(px, py, box.width))));
    });
  }

  function mark(words) {
    slider.max = Math.max(1, last());
    slider.value = scrub.at;
    slider.setAttribute("aria-valuetext", words);
  }

  function halt() {
    clearInterval(timer);
    timer = null;
    button.textContent = "Play";
    button.setAttribute("aria-label", label);
  }

  slider.addEventListener("input", () => { halt(); move(Number(slider.value)); });
  button.addEventListener("click", () => {
    if (timer) return halt();
    if (scrub.at >= last()) move(0);
    button.textContent = "Pause";
    button.setAttribute("aria-label", "Pause");
    const slow = matchMedia("(prefers-reduced-motion: reduce)").matches;
    timer = setInterval(() => {
      move(scrub.at + (slow ? calm() : stride()));
      if (scrub.at >= last()) halt();
    }, slow ? rest : period);
  });

  function stop() {
    halt();
    cancelAnimationFrame(frame);
  }
  return scrub;
}
