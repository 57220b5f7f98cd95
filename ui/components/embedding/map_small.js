// Small still maps side by side: nothing to click, redrawn when the page gets wider.
export default function ({ data, parentElement }) {
  const view = recall(parentElement, () => start(parentElement));
  view.accept(data);
  return parting(parentElement, view.stop);
}

function start(root) {
  const figure = root.querySelector(".map-small");
  let facts = null;

  function accept(data) {
    facts = data;
    figure.replaceChildren(...data.panels.map((panel) => make("div", { class: "panel" },
      make("p", { class: "title", text: panel.title }), make("canvas", { role: "img", "aria-label": `${panel.title}. ${panel.said}` }),
      make("p", { class: "said", text: panel.said }))));
    draw();
  }

  function draw() {
    const ratio = window.devicePixelRatio || 1;
    figure.querySelectorAll("canvas").forEach((canvas, i) => {
      const side = Math.round(canvas.clientWidth * ratio), xy = new Float32Array(bytes(facts.panels[i].xy).buffer);
      const labels = new Int16Array(bytes(facts.panels[i].labels).buffer);
      if (!side) return;
      canvas.width = canvas.height = side;
      const pen = canvas.getContext("2d", { willReadFrequently: true }), image = blank(pen, side, side);
      let low = [Infinity, Infinity], high = [-Infinity, -Infinity];
      xy.forEach((v, k) => { low[k % 2] = Math.min(low[k % 2], v); high[k % 2] = Math.max(high[k % 2], v); });
      const span = Math.max(high[0] - low[0], high[1] - low[1]) || 1, edge = 10 * ratio, dot = discMask((labels.length > 400 ? 1.9 : 2.3) * ratio);
      const place = (v, axis) => edge + ((v - (low[axis] + high[axis]) / 2) / span + 0.5) * (side - 2 * edge);
      labels.forEach((label, k) => splat(image, dot, place(xy[2 * k], 0), side - place(xy[2 * k + 1], 1), channels(colourOf(facts, label)), 0.92));
      pen.putImageData(image, 0, 0);
    });
  }

  const watch = new ResizeObserver(() => { if (facts) draw(); });
  watch.observe(figure);
  return { accept, stop() { watch.disconnect(); memory.delete(root); } };
}
