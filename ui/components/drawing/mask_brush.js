export default paintable(maskEngine);

// Hidden pixels lie under stripes of two hues. A hidden pixel is hidden in all channels.
function maskEngine(root, shape) {
  const visible = new Uint8Array(shape.pixels), unit = Math.max(1, Math.min(shape.width, shape.height) / 28);
  const odd = (pixels) => 2 * Math.round((pixels * unit - 1) / 2) + 1; // a brush has a middle pixel
  let image = null, level = 0, radius = 1.5;

  // The cells whose middle is within the brush, and those that the line's ends lie in.
  function line(x, y, u, v) {
    for (const [row, column] of [[Math.floor(y), Math.floor(x)], [Math.floor(v), Math.floor(u)]]) {
      const inside = row >= 0 && column >= 0 && row < shape.height && column < shape.width;
      if (inside) visible[row * shape.width + column] = level;
    }
    for (let k = 0; k < visible.length; k++) {
      const column = k % shape.width, row = Math.floor(k / shape.width);
      if (distanceToLine(column + 0.5, row + 0.5, x, y, u, v) <= radius) visible[k] = level;
    }
  }

  function summary() {
    const count = visible.reduce((sum, seen) => sum + 1 - seen, 0);
    return `${count} of ${visible.length} pixels hidden (${Math.round((100 * count) / visible.length)} %)`;
  }

  const invert = () => visible.forEach((seen, k) => { visible[k] = 1 - seen; });
  const hide = createElement("span", { class: "named" }, createElement("i", { class: "stripes" }), "Hide");
  return {
    state: visible, line, summary, toolLabel: "What the brush does", first: { tool: 0, size: odd(3) / 2 },
    load: (state) => visible.set(state), restore: (state) => visible.set(state), pixels: () => visible.slice(),
    begin(tool, size) { [level, radius] = [tool, size]; },
    accept(data) { image = decodeBase64(data.image); },
    show(ground) { paintImage(ground, image, shape); },
    over: (ctx, cell, ratio) => coverHidden(ctx, visible, shape, cell, ratio),
    tools: [{ name: "Hide", value: 0, look: hide },
      { name: "Show again", value: 1, look: createElement("span", { text: "Show again" }) }],
    sizes: [["Single pixel", 0.5], ...[3, 5, 9].map((pixels) => [`${odd(pixels)} pixels wide`, odd(pixels) / 2])],
    actions: [["Show all", "Shows every pixel", () => visible.fill(1)],
      ["Invert", "Hides what is visible and shows what is hidden", invert]],
    describe: (k) => (visible[k] ? "visible" : "hidden"),
  };
}
