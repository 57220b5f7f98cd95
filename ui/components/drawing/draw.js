const FINE = 10; // points of the drawing along one pixel of the picture
const WIDE = TILE * FINE;
const SOFT = 0.4; // pixels over which a stroke's edge fades, to either side

export default paintable(ink);

// Strokes of soft ink on 280 × 280 points; the picture is their average over each pixel, as MNIST was made.
function ink(root) {
  const hint = root.querySelector(".hint"), real = root.querySelector(".real"), answer = root.querySelector(".answer");
  const levels = new Uint8Array(WIDE * WIDE);
  let before = levels.slice(), cover = new Float32Array(levels.length), grey = 255, radius = 1.35, facts = null;

  const swatch = (colour) => {
    const node = make("i", { class: "swatch" });
    node.style.background = colour;
    return node;
  };

  function load(pixels) {
    for (let y = 0; y < WIDE; y++) for (let x = 0; x < WIDE; x++) {
      levels[y * WIDE + x] = pixels[Math.floor(y / FINE) * TILE + Math.floor(x / FINE)];
    }
  }

  function pixels() {
    const sums = new Uint32Array(TILE * TILE);
    for (let y = 0; y < WIDE; y++) {
      const row = Math.floor(y / FINE) * TILE;
      for (let x = 0; x < WIDE; x++) sums[row + Math.floor(x / FINE)] += levels[y * WIDE + x];
    }
    return Uint8Array.from(sums, (sum) => Math.round(sum / FINE ** 2));
  }

  function begin(tool, size) {
    [grey, radius] = [tool, size];
    before = levels.slice();
    cover.fill(0);
  }

  // Covers the points near the straight line from (x, y) to (u, v). A stroke that crosses itself stays even, since each
  // point counts the largest cover alone.
  function line(x, y, u, v) {
    const far = radius + SOFT, length = (u - x) ** 2 + (v - y) ** 2;
    const from = (a, b) => Math.max(0, Math.floor((Math.min(a, b) - far) * FINE));
    const to = (a, b) => Math.min(WIDE - 1, Math.ceil((Math.max(a, b) + far) * FINE));
    for (let row = from(y, v); row <= to(y, v); row++) for (let column = from(x, u); column <= to(x, u); column++) {
      const px = (column + 0.5) / FINE, py = (row + 0.5) / FINE, k = row * WIDE + column;
      const t = length ? Math.min(1, Math.max(0, ((px - x) * (u - x) + (py - y) * (v - y)) / length)) : 0;
      const away = Math.hypot(px - x - t * (u - x), py - y - t * (v - y));
      // The eraser has a hard edge: along the same path it leaves no ghost of a stroke's soft one.
      const part = grey ? Math.min(1, Math.max(0, (far - away) / (2 * SOFT))) : Number(away < far);
      if (part <= cover[k]) continue;
      cover[k] = part;
      levels[k] = Math.round(before[k] + part * (grey - before[k]));
    }
  }

  // As MNIST's digits lie: fitted into 20 × 20 pixels, the centre of mass in the middle. Where that would push a part
  // over the edge, it moves less.
  function centre() {
    let [left, right, top, bottom, sum, across, down] = [WIDE, -1, WIDE, -1, 0, 0, 0];
    levels.forEach((level, k) => {
      if (!level) return;
      const x = k % WIDE, y = Math.floor(k / WIDE);
      [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x), Math.min(top, y), Math.max(bottom, y)];
      sum += level;
      across += level * (x + 0.5);
      down += level * (y + 0.5);
    });
    if (!sum) return;
    const scale = (20 * FINE) / Math.max(right - left + 1, bottom - top + 1), source = levels.slice();
    const shift = (low, high, mass) => {
      const [first, last] = [low, high].map((edge) => (edge - mass) * scale + WIDE / 2);
      return WIDE / 2 + (first < 0 ? -first : last > WIDE ? WIDE - last : 0);
    };
    const [x0, y0] = [shift(left, right + 1, across / sum), shift(top, bottom + 1, down / sum)];
    const point = (x, y) => (x < 0 || y < 0 || x >= WIDE || y >= WIDE ? 0 : source[y * WIDE + x]);
    for (let row = 0; row < WIDE; row++) for (let column = 0; column < WIDE; column++) {
      const x = (column + 0.5 - x0) / scale + across / sum - 0.5, y = (row + 0.5 - y0) / scale + down / sum - 0.5;
      const [i, j] = [Math.floor(x), Math.floor(y)], [a, b] = [x - i, y - j];
      levels[row * WIDE + column] = Math.round((1 - b) * ((1 - a) * point(i, j) + a * point(i + 1, j))
        + b * ((1 - a) * point(i, j + 1) + a * point(i + 1, j + 1)));
    }
  }

  function show(ground, waiting) {
    paint(ground, levels, WIDE, WIDE);
    paint(real, pixels());
    hint.hidden = levels.some((level) => level);
    answer.parentElement.hidden = !facts.answers;
    answer.style.opacity = waiting ? 0.35 : 1; // it still answers the drawing before
    if (facts.answer) paint(answer, bytes(facts.answer));
    else answer.getContext("2d").clearRect(0, 0, TILE, TILE);
  }

  return {
    state: levels, load, pixels, begin, line, show, toolLabel: "Ink", first: { tool: 255, size: 1.35 },
    accept: (data) => { facts = data; }, restore: (state) => levels.set(state),
    tools: [["White", 255], ["Light grey", 170], ["Dark grey", 85]].map(([name, value]) => (
      { name, value, look: swatch(`rgb(${value}, ${value}, ${value})`) }))
      .concat({ name: "Eraser", value: 0, look: make("span", { text: "Eraser" }) }),
    sizes: [["Fine", 0.75], ["Medium", 1.35], ["Thick", 2.2], ["Broad", 4]],
    acts: [["Clear", "Begins again with an empty picture", () => levels.fill(0)],
      ["Centre it", "As in MNIST: fitted into 20 × 20 pixels, the centre of mass in the middle", centre],
      ["Invert", "Swaps black and white", () => levels.forEach((level, k) => { levels[k] = 255 - level; })]],
    name: (level) => `${Math.round((100 * level) / 255)} % white`,
    words: () => "Mouse or finger; or arrow keys and Space.",
    over(pen, cell) {
      if (hint.hidden) return; // the box that MNIST's digits fill
      Object.assign(pen, { strokeStyle: "rgba(255, 255, 255, 0.28)", lineWidth: 1 });
      pen.setLineDash([4, 4]);
      pen.strokeRect(4 * cell + 0.5, 4 * cell + 0.5, 20 * cell - 1, 20 * cell - 1);
      pen.setLineDash([]);
    },
  };
}
