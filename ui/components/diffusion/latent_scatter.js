export default function ({ data, parentElement }) {
  const view = getOrCreate(parentElement, () => start(parentElement));
  view.accept(data);
  return cleanup(parentElement, view.stop);
}

const GAP = 16, LEAST = 150; // CSS pixels between two planes, and along a side

function start(root) {
  const figure = root.querySelector(".scatter"), view = { accept, stop };
  let props = null, density = null;

  function accept(data) {
    if (props?.id === data.id) return;
    props = data;
    density = unpackDensity(data.density);
    figure.replaceChildren(...data.planes.map((plane) => createElement("div", { class: "one" },
      createElement("p", { class: "name", text: plane.name }),
      createElement("canvas", { role: "img", "data-points": plane.n,
        "aria-label": `${plane.name}: ${plane.n} points over the training latents. ${plane.note}` }),
      createElement("p", { class: "note number", text: plane.note }))));
    fit();
  }

  function fit() {
    if (!props || !figure.clientWidth) return;
    const room = figure.clientWidth, count = props.planes.length;
    const columns = Math.max(1, Math.min(count, Math.floor((room + GAP) / (LEAST + GAP))));
    const side = Math.floor(Math.min(props.most, (room - GAP * (columns - 1)) / columns));
    figure.querySelectorAll(".one").forEach((node, k) => {
      node.style.width = `${side}px`;
      const canvas = node.querySelector("canvas");
      Object.assign(canvas.style, { width: `${side}px`, height: `${side}px` });
      resizeCanvas(canvas, side, side);
      draw(canvas, props.planes[k], side);
    });
  }

  function draw(canvas, plane, side) {
    const { ctx, ink } = beginPlot(canvas, figure), scales = planeScales(props.window, side);
    paintLatentDensity(ctx, density, scales, props.latent);
    paintHolesEdge(ctx, density, scales, ink);
    const points = new Float32Array(decodeBase64(plane.points).buffer);
    for (let k = 0; k < plane.n; k++) {
      drawDot(ctx, scales.x(points[2 * k]), scales.y(points[2 * k + 1]), 1.5, plane.colour);
    }
  }

  const watch = new ResizeObserver(fit);
  watch.observe(figure);

  function stop() {
    watch.disconnect();
    removeView(root);
  }
  return view;
}
