// Sliders of a latent space, each of which moves the point along one direction. Positions are in σ of each dimension.
//
// A slider: { id, dim } for one latent dimension, or { id, vector, dual, offset } for a direction across all of them: a
// step of 1 adds `vector`, and its value is dual · position − offset (`core/latent/directions.py`).

// The sliders of a message of the board, the most important ones first.
function slidersOf({ order, directions }) {
  if (!directions) return order.map((dim) => ({ id: dim, dim }));
  const numbers = (text) => new Float32Array(decodeBase64(text).buffer);
  const vectors = numbers(directions.vectors), duals = numbers(directions.dual), d = vectors.length / order.length;
  const row = (all, k) => all.subarray(k * d, (k + 1) * d);
  return order.map((id, k) => (
    { id, vector: row(vectors, k), dual: row(duals, k), offset: directions.offset[k] }));
}

// Where a position lies along a slider, in its σ.
function sliderValue({ dim, dual, offset }, position) {
  if (dim !== undefined) return position[dim];
  let sum = -offset;
  for (let j = 0; j < position.length; j++) sum += dual[j] * position[j];
  return Math.round(sum * 1e4) / 1e4;
}

// The position with a slider at another value: what lies perpendicular to its direction stays.
function sliderMoved(slider, position, value) {
  if (slider.dim !== undefined) return position.map((x, j) => (j === slider.dim ? value : x));
  const by = value - sliderValue(slider, position);
  return position.map((x, j) => clamp(x + by * slider.vector[j], -MOST_SIGMA, MOST_SIGMA));
}

// Whether a position differs from a base along one slider alone; both travel rounded to four decimals.
function movedAlone(slider, position, base) {
  if (slider.dim !== undefined) return sameVector(position, base, slider.dim);
  let by = 0;
  for (let j = 0; j < base.length; j++) by += slider.dual[j] * (position[j] - base[j]);
  return position.length === base.length
    && position.every((x, j) => Math.abs(x - base[j] - by * slider.vector[j]) < 3e-4);
}
