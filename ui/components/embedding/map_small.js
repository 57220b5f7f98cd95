const EDGE = 10; // CSS pixels round the points

// Small still maps side by side: nothing to click, redrawn when the page gets wider.
export default function ({ data, parentElement }) {
  const view = getOrCreate(parentElement, () => start(parentElement));
  view.accept(data);
  return cleanup(parentElement, view.stop);
}

function start(root) {
  const figure = root.querySelector(".map-small");
  let props = null;

  function accept(data) {
    props = data;
    figure.replaceChildren(...data.panels.map((panel) => createElement("div", { class: "panel" },
      createElement("p", { class: "title", text: panel.title }),
      createElement("canvas", { role: "img", "aria-label": `${panel.title}. ${panel.note}` }),
      createElement("p", { class: "note", text: panel.note }))));
    draw();
  }

  function draw() {
    const ratio = deviceRatio();
    figure.querySelectorAll("canvas").forEach((canvas, i) => {
      if (!canvas.clientWidth) return;
      resizeCanvas(canvas, canvas.clientWidth, canvas.clientWidth);
      const side = canvas.width, xy = unitBox(new Float32Array(decodeBase64(props.panels[i].xy).buffer));
      const labels = new Int16Array(decodeBase64(props.panels[i].labels).buffer);
      const ctx = canvas.getContext("2d", { willReadFrequently: true }), pixels = emptyPixels(ctx, side, side);
      const room = side - 2 * EDGE * ratio, dot = discMask((labels.length > 400 ? 1.9 : 2.3) * ratio);
      labels.forEach((label, k) => {
        const colour = colourChannels(colourOf(props, label));
        blendMask(pixels, dot, side / 2 + xy[2 * k] * room, side / 2 - xy[2 * k + 1] * room, colour, 0.92);
      });
      ctx.putImageData(pixels, 0, 0);
    });
  }

  const watch = new ResizeObserver(() => { if (props) draw(); });
  watch.observe(figure);

  function stop() {
    watch.disconnect();
    removeView(root);
  }
  return { accept, stop };
}
