// Density of the points of a map: where a class is densest, and lines round the places that hold most of its images.
// Points lie in the unit box around zero (`unitBox`); everything here is in its units.

const CELLS = 96, REACH_OF_GRID = 0.56; // cells along a side; half of the grid's side
const SPREAD = 2; // cells: three means over 2 · SPREAD + 1 cells come near a Gaussian
const SHARES = [0.4, 0.8]; // of the images inside a line

const cellSize = () => (2 * REACH_OF_GRID) / CELLS;
const cellOf = (v) => clamp(Math.floor((v + REACH_OF_GRID) / cellSize()), 0, CELLS - 1);
const centreOf = (cell) => (cell + 0.5) * cellSize() - REACH_OF_GRID;

// Smoothed number of points in each cell, row by row from the lowest y.
function densityOf(xy, points) {
  let grid = new Float32Array(CELLS * CELLS);
  for (const k of points) grid[cellOf(xy[2 * k + 1]) * CELLS + cellOf(xy[2 * k])] += 1;
  for (const step of [1, CELLS, 1, CELLS, 1, CELLS]) grid = meanAlong(grid, step);
  return grid;
}

// Mean over 2 · SPREAD + 1 cells along a row (step 1) or a column (step CELLS); beyond the rim there is nothing.
function meanAlong(grid, step) {
  const result = new Float32Array(grid.length), across = step === 1 ? CELLS : 1;
  for (let line = 0; line < CELLS; line++) {
    const first = line * across;
    let sum = 0;
    for (let i = -SPREAD; i < CELLS + SPREAD; i++) {
      if (i + SPREAD < CELLS && i + SPREAD >= 0) sum += grid[first + (i + SPREAD) * step];
      if (i - SPREAD - 1 >= 0) sum -= grid[first + (i - SPREAD - 1) * step];
      if (i >= 0 && i < CELLS) result[first + i * step] = sum / (2 * SPREAD + 1);
    }
  }
  return result;
}

// [x, y] of the densest cell.
function densest(grid) {
  let best = 0;
  for (let i = 1; i < grid.length; i++) if (grid[i] > grid[best]) best = i;
  return [centreOf(best % CELLS), centreOf(Math.floor(best / CELLS))];
}

// The height above which the cells hold a share of the whole.
function levelHolding(grid, share) {
  const sorted = Float32Array.from(grid).sort().reverse();
  let left = share * sorted.reduce((sum, v) => sum + v, 0);
  for (const v of sorted) if ((left -= v) <= 0) return v;
  return 0;
}

// The line at a height, as pieces [x0, y0, x1, y1] (marching squares; a saddle is split).
function contour(grid, level) {
  const pieces = [];
  const at = (column, row) => grid[row * CELLS + column] - level;
  for (let row = 0; row < CELLS - 1; row++) for (let column = 0; column < CELLS - 1; column++) {
    const corners = [[column, row], [column + 1, row], [column + 1, row + 1], [column, row + 1]];
    const crossed = [];
    for (let side = 0; side < 4; side++) {
      const from = corners[side], to = corners[(side + 1) % 4], a = at(...from), b = at(...to);
      if (a > 0 === b > 0) continue;
      const t = a / (a - b);
      crossed.push([centreOf(from[0] + (to[0] - from[0]) * t), centreOf(from[1] + (to[1] - from[1]) * t)]);
    }
    for (let i = 0; i + 1 < crossed.length; i += 2) pieces.push([...crossed[i], ...crossed[i + 1]]);
  }
  return pieces;
}

// For each class with points: its number, where it is densest, and its lines; −1 stands for all points together.
function describeClasses(xy, labels, classes, only) {
  const members = new Map();
  for (let k = 0; k < labels.length; k++) {
    const label = classes ? labels[k] : -1;
    if (classes && (label < 0 || (only.size && !only.has(label)))) continue;
    if (!members.has(label)) members.set(label, []);
    members.get(label).push(k);
  }
  return [...members].sort((a, b) => b[1].length - a[1].length).map(([label, points]) => {
    const grid = densityOf(xy, points);
    return { label, count: points.length, at: densest(grid),
      lines: SHARES.map((share) => contour(grid, levelHolding(grid, share))) };
  });
}

// Places for texts [{ x, y, width, height }], the first ones first, so that none overlaps another: at its point, else
// above or below it; null where there is no room, and where it would lie outside.
function placeTexts(texts, width, height) {
  const placed = [];
  return texts.map((text) => {
    for (const shift of [0, -1, 1, -2, 2]) {
      const box = { left: text.x - text.width / 2, top: text.y - text.height / 2 + shift * text.height };
      Object.assign(box, { right: box.left + text.width, bottom: box.top + text.height });
      if (box.left < 0 || box.top < 0 || box.right > width || box.bottom > height) continue;
      const free = placed.every((other) => box.right <= other.left || other.right <= box.left
        || box.bottom <= other.top || other.bottom <= box.top);
      if (!free) continue;
      placed.push(box);
      return [text.x, text.y + shift * text.height];
    }
    return null;
  });
}

// Draws the lines of each class in its colour.
function drawContours(ctx, described, toX, toY, colour) {
  for (const { label, lines } of described) lines.forEach((pieces, place) => {
    ctx.beginPath();
    for (const [x0, y0, x1, y1] of pieces) {
      ctx.moveTo(toX(x0), toY(y0));
      ctx.lineTo(toX(x1), toY(y1));
    }
    Object.assign(ctx, { strokeStyle: colour(label), lineWidth: place ? 1 : 2, globalAlpha: place ? 0.7 : 1 });
    ctx.stroke();
    ctx.globalAlpha = 1;
  });
}

// Writes the name of each class where it is densest.
function drawClassNames(ctx, described, nameOfClass, colour, toX, toY, width, height) {
  ctx.font = "600 14px sans-serif";
  const texts = described.filter(({ label }) => label >= 0).map(({ label, at }) => {
    const name = nameOfClass(label);
    return { name, label, x: toX(at[0]), y: toY(at[1]), width: ctx.measureText(name).width + 8, height: 18 };
  });
  Object.assign(ctx, { textAlign: "center", textBaseline: "middle", lineJoin: "round" });
  placeTexts(texts, width, height).forEach((place, i) => {
    if (!place) return;
    Object.assign(ctx, { lineWidth: 5, strokeStyle: GROUND });
    ctx.strokeText(texts[i].name, ...place);
    Object.assign(ctx, { lineWidth: 1.5, strokeStyle: colour(texts[i].label), fillStyle: "#fff" });
    ctx.fillText(texts[i].name, ...place);
  });
}
