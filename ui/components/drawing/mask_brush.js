export default paintable(hatch);

// Pixels that are hidden lie under coloured stripes, which no grey level looks like.
function hatch() {
  const visible = new Uint8Array(TILE * TILE);
  let image = null, level = 0, radius = 1.5;

  // The cells whose middle is within the brush, and those that the line's ends lie in.
  function line(x, y, u, v) {
    const length = (u - x) ** 2 + (v - y) ** 2, inside = (row, column) => row >= 0 && column >= 0 && row < TILE && column < TILE;
    for (const [row, column] of [[Math.floor(y), Math.floor(x)], [Math.floor(v), Math.floor(u)]]) {
      if (inside(row, column)) visible[row * TILE + column] = level;
    }
    for (let k = 0; k < visible.length; k++) {
      const px = (k % TILE) + 0.5, py = Math.floor(k / TILE) + 0.5;
      const t = length ? Math.min(1, Math.max(0, ((px - x) * (u - x) + (py - y) * (v - y)) / length)) : 0;
      if (Math.hypot(px - x - t * (u - x), py - y - t * (v - y)) <= radius) visible[k] = level;
    }
  }

  return {
    state: visible, line, toolLabel: "What the brush does", first: { tool: 0, size: 1.5 },
    load: (state) => visible.set(state), restore: (state) => visible.set(state), pixels: () => visible.slice(),
    begin(tool, size) { [level, radius] = [tool, size]; },
    accept(data) { image = bytes(data.image); },
    show(ground) { paint(ground, image); },
    over(pen, cell, ratio) {
      pen.fillStyle = stripes(pen, ratio);
      visible.forEach((seen, k) => {
        if (!seen) pen.fillRect((k % TILE) * cell, Math.floor(k / TILE) * cell, cell, cell);
      });
    },
    tools: [{ name: "Hide", value: 0, look: make("span", { class: "named" }, make("i", { class: "stripes" }), "Hide") },
      { name: "Show again", value: 1, look: make("span", { text: "Show again" }) }],
    sizes: [["Single pixel", 0.5], ["3 pixels wide", 1.5], ["5 pixels wide", 2.5], ["9 pixels wide", 4.5]],
    acts: [["Show all", "Nothing stays hidden", () => visible.fill(1)],
      ["Invert", "Hides what is visible and shows what is hidden", () => visible.forEach((seen, k) => { visible[k] = 1 - seen; })]],
    name: (seen) => (seen ? "visible" : "hidden"),
    words() {
      const count = visible.reduce((sum, seen) => sum + 1 - seen, 0);
      return `${count} of ${visible.length} pixels hidden (${Math.round((100 * count) / visible.length)} %)`;
    },
  };
}
