// Geometry of a map: points in a unit box, points in a polygon, points that are far enough apart.

// Middle and side of the square box round points [x0, y0, x1, y1, …].
function frameOf(points) {
  const low = [Infinity, Infinity], high = [-Infinity, -Infinity];
  for (let i = 0; i < points.length; i++) {
    low[i % 2] = Math.min(low[i % 2], points[i]);
    high[i % 2] = Math.max(high[i % 2], points[i]);
  }
  return { middle: [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2],
    side: Math.max(high[0] - low[0], high[1] - low[1]) || 1 };
}

// Points scaled so that a box becomes one unit wide around zero: t-SNE's own units mean nothing, and the view need not
// follow a growing map.
const inFrame = (points, { middle, side }) => points.map((v, i) => (v - middle[i % 2]) / side);

const unitBox = (points) => inFrame(points, frameOf(points));

// A polygon as text for the address, at most 60 corners with three decimals, and back; null where it is none.
function polygonText(corners) {
  const every = Math.ceil(corners.length / 60);
  return corners.filter((_, i) => i % every === 0).flat().map((v) => Number(v.toFixed(3))).join(",");
}

function polygonOf(text) {
  const values = text.split(",").map(Number);
  if (values.length < 6 || values.length % 2 || !values.every(Number.isFinite)) return null;
  return Array.from({ length: values.length / 2 }, (_, i) => [values[2 * i], values[2 * i + 1]]);
}

// Whether (x, y) lies inside the polygon with these corners (even-odd rule).
function insidePolygon(corners, x, y) {
  let inside = false;
  for (let i = 0, j = corners.length - 1; i < corners.length; j = i++) {
    const [xi, yi] = corners[i], [xj, yj] = corners[j];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
  }
  return inside;
}

// Indices of points that are at least `cell` apart along x or y, chosen in their order among those that `bright` takes:
// the same at every position of the view.
function spacedPoints(xy, cell, bright) {
  const taken = new Map(), chosen = [];
  for (let k = 0; k < xy.length / 2; k++) {
    if (!bright(k)) continue;
    const x = xy[2 * k], y = xy[2 * k + 1], column = Math.floor(x / cell), row = Math.floor(y / cell);
    let free = true;
    for (let i = -1; i <= 1 && free; i++) for (let j = -1; j <= 1 && free; j++) {
      const other = taken.get((column + i) * 65536 + row + j);
      if (other === undefined) continue;
      if (Math.abs(xy[2 * other] - x) < cell && Math.abs(xy[2 * other + 1] - y) < cell) free = false;
    }
    if (!free) continue;
    taken.set(column * 65536 + row, k);
    chosen.push(k);
  }
  return chosen;
}

// Classes whose names contain the sought text, as [name, label], in their order.
function matchingClasses(names, sought) {
  const text = sought.trim().toLowerCase();
  return names.map((name, label) => [name, label]).filter(([name]) => !text || name.toLowerCase().includes(text));
}

// [label, count] of each label among the points, the most frequent first.
function countLabels(points, labels) {
  const counts = new Map();
  for (const k of points) counts.set(labels[k], (counts.get(labels[k]) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]);
}
