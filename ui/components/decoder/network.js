// Runs a network that `core/export/portable.py` has written, in plain JavaScript on typed arrays.
//
// All of it stands in one function without anything around it, so that its text alone makes a Web Worker (`decoder.js`)
// or a part of a page that opens from a file.
function networkReader() {
  const NUMBERS = { f32: Float32Array, i32: Int32Array };

  function numbers(buffer, start, { at, size, type, scale }) {
    if (type !== "i16") return new NUMBERS[type](buffer.slice(start + at, start + at + 4 * size));
    const whole = new Int16Array(buffer, start + at, size), factors = numbers(buffer, start, scale);
    const length = size / factors.length;
    return Float32Array.from(whole, (value, k) => value * factors[Math.floor(k / length)]);
  }

  // c[m, n] += a[m, k] · b[k, n], row by row. Four rows of b at once, so that c is read a quarter as often.
  function multiply(c, a, b, m, k, n) {
    for (let i = 0; i < m; i++) {
      const from = i * n, row = i * k;
      let j = 0;
      for (; j + 3 < k; j += 4) {
        const w0 = a[row + j], w1 = a[row + j + 1], w2 = a[row + j + 2], w3 = a[row + j + 3];
        const b0 = j * n, b1 = b0 + n, b2 = b1 + n, b3 = b2 + n;
        for (let x = 0; x < n; x++) {
          c[from + x] += w0 * b[b0 + x] + w1 * b[b1 + x] + w2 * b[b2 + x] + w3 * b[b3 + x];
        }
      }
      for (; j < k; j++) {
        const w = a[row + j], b0 = j * n;
        for (let x = 0; x < n; x++) c[from + x] += w * b[b0 + x];
      }
    }
  }

  // Where the pixels of a window of a convolution lie: calls `each(row of the columns, output pixel, input pixel)`.
  function windows([channels, height, width], [, rows, columns], kernel, stride, padding, each) {
    for (let c = 0, row = 0; c < channels; c++) {
      for (let ky = 0; ky < kernel[0]; ky++) {
        for (let kx = 0; kx < kernel[1]; kx++, row++) {
          for (let y = 0; y < rows; y++) {
            const from = y * stride[0] + ky - padding[0];
            if (from < 0 || from >= height) continue;
            for (let x = 0; x < columns; x++) {
              const at = x * stride[1] + kx - padding[1];
              if (at >= 0 && at < width) each(row, y * columns + x, (c * height + from) * width + at);
            }
          }
        }
      }
    }
  }

  const softplus = (x) => (x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x)));
  const sigmoid = (x) => 1 / (1 + Math.exp(-x));
  const each = (change) => ({ size }) => {
    const y = new Float32Array(size);
    return (x) => {
      for (let i = 0; i < size; i++) y[i] = change(x[i], i);
      return y;
    };
  };

  // Kind of layer → what makes a function of its input out of it. Outputs are kept and written over at each call.
  const kinds = {
    relu: each((v) => (v > 0 ? v : 0)),
    silu: each((v) => v * sigmoid(v)),
    sigmoid: each(sigmoid),
    clamp: each((v) => (v < 0 ? 0 : v > 1 ? 1 : v)),
    // Mean of a logistic variable cut off at 0 and 1 (`DiscretizedLogistic.mean`).
    logistic_mean: (layer) => each((v) => Math.min(1, Math.max(0,
      layer.scale * (softplus(v / layer.scale) - softplus((v - 1) / layer.scale)))))(layer),
    affine: (layer, read) => {
      const shift = read(layer.shift), scale = read(layer.scale);
      return each((v, i) => shift[i] + scale[i] * v)(layer);
    },
    linear: ({ inputs, outputs, weight, bias }, read) => {
      const w = read(weight), b = read(bias), y = new Float32Array(outputs);
      return (x) => {
        for (let i = 0, at = 0; i < outputs; i++) {
          let sum = b[i];
          for (let j = 0; j < inputs; j++, at++) sum += w[at] * x[j];
          y[i] = sum;
        }
        return y;
      };
    },
    // A convolution is a matrix times the windows of the image, which are copied beside each other first.
    conv: ({ from, to, kernel, stride, padding, weight, bias }, read) => {
      const w = read(weight), b = read(bias), pixels = to[1] * to[2], length = from[0] * kernel[0] * kernel[1];
      const columns = new Float32Array(length * pixels), y = new Float32Array(to[0] * pixels), places = [];
      windows(from, to, kernel, stride, padding, (row, out, at) => places.push(row * pixels + out, at));
      const moves = Int32Array.from(places);
      return (x) => {
        for (let i = 0; i < moves.length; i += 2) columns[moves[i]] = x[moves[i + 1]];
        for (let c = 0; c < to[0]; c++) y.fill(b[c], c * pixels, (c + 1) * pixels);
        multiply(y, w, columns, to[0], length, pixels);
        return y;
      };
    },
    // The other way round: each input pixel makes a window, and where windows overlap they are added.
    conv_transpose: ({ from, to, kernel, stride, padding, weight, bias }, read) => {
      const w = read(weight), b = read(bias), pixels = from[1] * from[2], length = to[0] * kernel[0] * kernel[1];
      const turned = new Float32Array(w.length), columns = new Float32Array(length * pixels);
      for (let i = 0; i < from[0]; i++) for (let j = 0; j < length; j++) turned[j * from[0] + i] = w[i * length + j];
      const y = new Float32Array(to[0] * to[1] * to[2]), places = [];
      windows(to, from, kernel, stride, padding, (row, out, at) => places.push(row * pixels + out, at));
      const moves = Int32Array.from(places);
      return (x) => {
        columns.fill(0);
        multiply(columns, turned, x, length, from[0], pixels);
        for (let c = 0; c < to[0]; c++) y.fill(b[c], c * to[1] * to[2], (c + 1) * to[1] * to[2]);
        for (let i = 0; i < moves.length; i += 2) y[moves[i + 1]] += columns[moves[i]];
        return y;
      };
    },
    move: ({ outputs, places }, read) => {
      const from = read(places), y = new Float32Array(outputs);
      return (x) => {
        for (let i = 0; i < outputs; i++) y[i] = from[i] < 0 ? 0 : x[from[i]];
        return y;
      };
    },
    sum: ({ size, parts }, read) => {
      const all = parts.map((layers) => chain(layers, read)), y = new Float32Array(size);
      return (x) => {
        y.fill(0);
        for (const part of all) {
          const add = part(x);
          for (let i = 0; i < size; i++) y[i] += add[i];
        }
        return y;
      };
    },
    ball: ({ size, radius }) => {
      const y = new Float32Array(size);
      return (x) => {
        const part = radius / Math.max(Math.hypot(...x), radius);
        for (let i = 0; i < size; i++) y[i] = x[i] * part;
        return y;
      };
    },
    // Weights of classes, which begin at `first`, as shares: none below 0, all together 1 (`on_simplex`).
    simplex: ({ size, first }) => {
      const y = new Float32Array(size);
      return (x) => {
        let total = 0;
        for (let i = first; i < size; i++) total += Math.max(0, x[i]);
        for (let i = 0; i < size; i++) {
          y[i] = i < first ? x[i] : total > 1e-6 ? Math.max(0, x[i]) / total : 1 / (size - first);
        }
        return y;
      };
    },
    // The nearest entry of a codebook for each cell of `dims` numbers.
    nearest: ({ size, dims, entries }, read) => {
      const table = read(entries), y = new Float32Array(size);
      return (x) => {
        for (let cell = 0; cell < size; cell += dims) {
          let best = 0, least = Infinity;
          for (let k = 0; k < table.length; k += dims) {
            let distance = 0;
            for (let j = 0; j < dims; j++) distance += (x[cell + j] - table[k + j]) ** 2;
            if (distance < least) [least, best] = [distance, k];
          }
          for (let j = 0; j < dims; j++) y[cell + j] = table[best + j];
        }
        return y;
      };
    },
  };

  function chain(layers, read) {
    const all = layers.map((layer) => kinds[layer.kind](layer, read));
    return (x) => all.reduce((value, layer) => layer(value), x);
  }

  // The network of a file: { inputs, outputs, run }, where `run` takes `inputs` numbers to an array of all outputs,
  // which the next call writes over.
  return function readNetwork(buffer) {
    const head = new DataView(buffer), length = head.getUint32(4, true);
    if (head.getUint32(0, true) !== 0x314e4c4c) throw new Error("This is no network of the lab.");
    const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
    const start = Math.ceil((8 + length) / 4) * 4;
    return { ...header, run: chain(header.layers, (place) => numbers(buffer, start, place)) };
  };
}
