// Density of training latents in the plane, and points over it: where nothing is tinted, the decoder has learned
// nothing.

// A density's message with its bytes unpacked. window: [left, bottom, right, top] of a square.
const unpackDensity = (message) => ({ ...message, values: decodeBase64(message.values) });

// Scales of a canvas of `side` CSS pixels that shows a square window.
function planeScales([left, bottom, right, top], side) {
  return { x: axisScale(left, right, 0, side), y: axisScale(bottom, top, side, 0) };
}

const tintOf = (colour) => [1, 3, 5].map((k) => parseInt(colour.slice(k, k + 2), 16));

// Paints the density on a canvas that `beginPlot` has cleared.
function paintLatentDensity(ctx, density, scales, colour) {
  const { cells, values, low, high } = density, [red, green, blue] = tintOf(colour);
  const sheet = createElement("canvas", { width: cells, height: cells });
  const pixels = new Uint8ClampedArray(4 * cells * cells);
  for (let row = 0; row < cells; row++) {
    for (let column = 0; column < cells; column++) {
      const at = 4 * (row * cells + column), value = values[(cells - 1 - row) * cells + column];
      pixels.set([red, green, blue, value], at); // rows of the message go upwards
    }
  }
  sheet.getContext("2d").putImageData(new ImageData(pixels, cells, cells), 0, 0);
  ctx.save();
  Object.assign(ctx, { imageSmoothingEnabled: true, globalAlpha: 0.8 });
  const [x, y] = [scales.x(low[0]), scales.y(high[1])];
  ctx.drawImage(sheet, x, y, scales.x(high[0]) - x, scales.y(low[1]) - y);
  ctx.restore();
}

// The outline of the region outside which at most one in a hundred training latents lies.
function paintHolesEdge(ctx, density, scales, ink) {
  const { edges, low, high, cells } = density, step = [(high[0] - low[0]) / cells, (high[1] - low[1]) / cells];
  ctx.save();
  Object.assign(ctx, { strokeStyle: ink, globalAlpha: 0.55, lineWidth: 1 });
  ctx.beginPath();
  for (let k = 0; k < edges.length; k += 4) {
    ctx.moveTo(scales.x(low[0] + edges[k] * step[0]), scales.y(low[1] + edges[k + 1] * step[1]));
    ctx.lineTo(scales.x(low[0] + edges[k + 2] * step[0]), scales.y(low[1] + edges[k + 3] * step[1]));
  }
  ctx.stroke();
  ctx.restore();
}
