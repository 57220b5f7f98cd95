const SOFT = 0.4; // pixels over which a stroke's edge fades, to either side
const BOX = 5 / 7; // of the shorter side: the box that MNIST's digits fill, 20 of 28 pixels
// Inks by the number of channels.
const INKS = {
  1: [["White", [255]], ["Light grey", [170]], ["Dark grey", [85]]],
  3: [["White", [255, 255, 255]], ["Grey", [140, 140, 140]], ["Red", [226, 60, 52]], ["Orange", [244, 148, 36]],
    ["Yellow", [250, 220, 60]], ["Green", [64, 176, 84]], ["Blue", [52, 120, 226]], ["Violet", [150, 92, 208]],
    ["Brown", [142, 92, 56]]],
};

export default paintable(inkEngine);

// Strokes of soft ink on a grid finer than the pixels; the image is their mean over each pixel, as MNIST was made.
// Brushes grow with the image.
function inkEngine(root, shape) {
  const hint = root.querySelector(".hint"), real = root.querySelector(".real"), answer = root.querySelector(".answer");
  const fitted = root.querySelector(".fitted"), words = root.querySelector(".words");
  const { channels } = shape, shorter = Math.min(shape.width, shape.height);
  const fine = clamp(Math.floor(280 / Math.max(shape.width, shape.height)), 2, 10); // points along one pixel
  const width = shape.width * fine, height = shape.height * fine, box = Math.round(BOX * shorter);
  const grid = imageShape([channels, height, width]), unit = Math.max(1, shorter / 28);
  const levels = new Uint8Array(grid.size);
  const nothing = Array(channels).fill(0), inks = INKS[channels].map(([name, value]) => ({ name, value }));
  let before = levels.slice(), cover = new Float32Array(grid.pixels), ink = nothing, radius = 1.35, props = null;

  real.setAttribute("aria-label", `Your drawing in ${shape.height} × ${shape.width} pixels`);
  real.parentElement.querySelector("figcaption").textContent =
    `${shape.height} × ${shape.width} pixels`;

  const swatch = (value) => {
    const node = createElement("i", { class: "swatch" });
    node.style.background = `rgb(${(channels === 3 ? value : Array(3).fill(value[0])).join()})`;
    return node;
  };

  function begin(tool, size) {
    [ink, radius] = [tool, size];
    before = levels.slice();
    cover.fill(0);
  }

  // Covers the points near the straight line from (x, y) to (u, v). A stroke that crosses itself stays even, since each
  // point counts the largest cover alone.
  function line(x, y, u, v) {
    const reach = radius + SOFT;
    const from = (a, b) => Math.max(0, Math.floor((Math.min(a, b) - reach) * fine));
    const to = (a, b, size) => Math.min(size - 1, Math.ceil((Math.max(a, b) + reach) * fine));
    for (let row = from(y, v); row <= to(y, v, height); row++) {
      for (let column = from(x, u); column <= to(x, u, width); column++) {
        const distance = distanceToLine((column + 0.5) / fine, (row + 0.5) / fine, x, y, u, v);
        // The eraser has a hard edge: along the same path it leaves no ghost of a stroke's soft one.
        const part = ink !== nothing ? clamp((reach - distance) / (2 * SOFT), 0, 1) : Number(distance < reach);
        const k = row * width + column;
        if (part <= cover[k]) continue;
        cover[k] = part;
        for (let c = 0, i = k * channels; c < channels; c++, i++) {
          levels[i] = Math.round(before[i] + part * (ink[c] - before[i]));
        }
      }
    }
  }

  function centre() {
    const moved = centred(levels, channels, width, height, box * fine);
    if (moved) levels.set(moved);
  }

  function show(ground, waiting) {
    paintImage(ground, levels, grid);
    paintGrid(real, [averagePoints(levels, shape, fine)], shape); // always in pixels: it shows what they are
    hint.hidden = levels.some((level) => level);
    for (const [canvas, pixels] of [[fitted, props.fitted], [answer, props.answer]]) {
      canvas.parentElement.hidden = !pixels;
      canvas.style.opacity = waiting ? 0.35 : 1; // it still answers the drawing before
      if (pixels) paintImage(canvas, decodeBase64(pixels), shape);
    }
    words.textContent = props.words;
  }

  function describe(k) {
    const pixel = imageAt(averagePoints(levels, shape, fine), { size: channels }, k);
    if (channels === 3) return `red ${pixel[0]}, green ${pixel[1]}, blue ${pixel[2]} (of 255)`;
    return `${Math.round((100 * pixel[0]) / 255)} % white`;
  }

  const tools = inks.map(({ name, value }) => ({ name, value, look: swatch(value) }));
  const sizes = [["Fine", 0.75], ["Medium", 1.35], ["Thick", 2.2], ["Broad", 4]];
  return {
    state: levels, begin, line, show, describe, toolLabel: "Ink", first: { tool: inks[0].value, size: 1.35 * unit },
    load: (pixels) => spreadPixels(pixels, levels, shape, fine), restore: (state) => levels.set(state),
    pixels: () => averagePoints(levels, shape, fine),
    accept: (data) => { props = data; },
    live: () => props.answers,
    fit: (narrow) => setSize(fitImage(shape, narrow ? 56 : 84), real, fitted, answer),
    tools: [...tools, { name: "Eraser", value: nothing, look: createElement("span", { text: "Eraser" }) }],
    sizes: sizes.map(([name, size]) => [name, size * unit]),
    actions: [["Clear", "Begins again with an empty image", () => levels.fill(0)],
      ["Centre it", `As in MNIST: scaled to ${box} × ${box} pixels, the centre of mass in the middle`, centre],
      ["Invert", channels === 3 ? "Swaps each colour for its complement" : "Swaps black and white",
        () => levels.forEach((level, k) => { levels[k] = 255 - level; })]],
    summary: () => touchOr("Draw with a finger.", "Draw with the mouse, or with arrow keys and Space."),
    over(ctx, cell) {
      if (hint.hidden) return; // else the box that MNIST's digits fill
      const left = ((shape.width - box) / 2) * cell, top = ((shape.height - box) / 2) * cell;
      Object.assign(ctx, { strokeStyle: "rgba(255, 255, 255, 0.28)", lineWidth: 1 });
      ctx.setLineDash([4, 4]);
      ctx.strokeRect(left + 0.5, top + 0.5, box * cell - 1, box * cell - 1);
      ctx.setLineDash([]);
    },
  };
}
