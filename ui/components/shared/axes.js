// Axes: ticks, scales, ranges and the search for the value under the pointer. Plain functions of numbers.

// The smallest of 1, 2, 5 · 10ⁿ that cuts `span` into at most about `count` parts.
function niceStep(span, count) {
  const raw = span / Math.max(1, count), power = 10 ** Math.floor(Math.log10(raw));
  return power * ([1, 2, 5].find((factor) => factor * power >= raw * (1 - 1e-9)) ?? 10);
}

// Round values from `low` to `high`, both included, about `count` of them, and at least two: one alone tells no scale.
function linearTicks(low, high, count) {
  if (!(high > low)) return [low];
  const step = niceStep(high - low, count), ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i++) {
    ticks.push(Number((i * step).toPrecision(12)) || 0); // no −0
  }
  return ticks.length > 1 ? ticks : linearTicks(low, high, 2 * Math.max(1, count));
}

// As `linearTicks`, for what is counted (epochs, steps): halves only where there are not three whole numbers.
function countTicks(low, high, count) {
  const ticks = linearTicks(low, high, count), whole = ticks.filter(Number.isInteger);
  return whole.length > 2 ? whole : ticks;
}

// Powers of ten, with 2 and 5 between them where the range has fewer than four; linear ticks where less than a decade
// would have fewer than three.
function logTicks(low, high) {
  const inside = (factors) => {
    const ticks = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
      for (const factor of factors) ticks.push(Number((factor * 10 ** power).toPrecision(12)));
    }
    return ticks.filter((value) => value >= low && value <= high);
  };
  const decades = inside([1]), ticks = decades.length > 3 ? decades : inside([1, 2, 5]);
  return ticks.length > 2 ? ticks : linearTicks(low, high, 4).filter((value) => value > 0);
}

// A map from [low, high] onto [from, to] in pixels, with its inverse; logarithmic if asked for.
function axisScale(low, high, from, to, log = false) {
  const forward = log ? Math.log : (value) => value, back = log ? Math.exp : (value) => value;
  const start = forward(low), span = forward(high) - start;
  const scale = (value) => from + (span ? (forward(value) - start) / span : 0.5) * (to - from);
  scale.invert = (pixel) => back(start + ((pixel - from) / (to - from)) * span);
  return scale;
}

// Lowest and highest finite value with a margin of `part` of their distance on either side, 0.5 where they are equal.
function paddedRange(values, part = 0.06) {
  let low = Infinity, high = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return [0, 1];
  const margin = part * (high - low) || 0.5;
  return [low - margin, high + margin];
}

// Index of the entry of an ascending list that is nearest to `value`; of two equally near ones the later.
function nearestIndex(ascending, value) {
  let low = 0, high = ascending.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (ascending[middle] < value) low = middle; else high = middle;
  }
  return value - ascending[low] < ascending[high] - value ? low : high;
}

// Ascending places with at least `apart` between any two: moved up where one before is too near, and back where that
// leads beyond `high`. The order stays.
function spreadApart(places, apart, low, high) {
  const moved = [];
  for (const place of places) moved.push(Math.max(place, low, moved.length ? moved.at(-1) + apart : low));
  for (let k = moved.length - 1, most = high; k >= 0; k--, most = moved[k + 1] - apart) {
    moved[k] = Math.min(moved[k], most);
  }
  return moved;
}

// Number of the bin that a value of [0, 1] falls into, out of `count`.
const binIndex = (share, count) => Math.min(count - 1, Math.max(0, Math.floor(share * count)));
