// Decoders of models in the browser: any point becomes a picture without a message to the server.
//
// One Web Worker decodes for all components of the page, so that the page itself never stutters. The server says
// whether a model's decoder is there (`ui/shared/decoder_files.py`): not where it is too large, and not behind a server
// that is not the lab's own. Then everything goes on as without it.
const DECODERS_KEPT = 4; // networks in the worker at once

// What the worker does: keeps networks by name, and decodes. Outputs are [channels, height, width] in [0, 1]; a picture
// has the channels of a pixel beside each other.
function decoderWork(readNetwork) {
  const networks = new Map();

  function picture({ outputs: [channels, height, width], run }, point) {
    const values = run(point), pixels = height * width, bytes = new Uint8ClampedArray(channels * pixels);
    for (let c = 0, i = 0; c < channels; c++) {
      for (let k = 0; k < pixels; k++, i++) bytes[k * channels + c] = 255 * values[i]; // rounded by the array
    }
    return new Uint8Array(bytes.buffer);
  }

  self.onmessage = ({ data: { number, name, load, drop, point } }) => {
    let result = null;
    try {
      if (load) networks.set(name, readNetwork(load));
      else if (drop) networks.delete(name);
      else result = picture(networks.get(name), point);
      self.postMessage({ number, name, result, ready: Boolean(load) }, result ? [result.buffer] : []);
    } catch (error) {
      self.postMessage({ number, name, failed: String(error) });
    }
  };
}

// The state that all components of the page share: the worker, the networks by model, and who waits for which picture.
function decoders() {
  return (store.decoders ??= { worker: null, models: new Map(), waiting: new Map(), asked: 0 });
}

function decoderWorker() {
  const all = decoders();
  if (all.worker) return all.worker;
  const text = `(${decoderWork})((${networkReader})());`;
  const address = URL.createObjectURL(new Blob([text], { type: "application/javascript" }));
  all.worker = new Worker(address);
  all.worker.onmessage = ({ data: { number, name, result, ready, failed } }) => {
    const model = all.models.get(name), done = all.waiting.get(number);
    all.waiting.delete(number);
    if (failed) end(model);
    else if (ready) begin(model);
    done?.(failed ? null : result);
  };
  all.worker.onerror = () => all.models.forEach(end); // a browser that allows no worker
  return all.worker;

  function begin(model) {
    if (!model) return;
    model.ready = true;
    for (const listener of model.listeners) listener();
  }
  function end(model) {
    if (model) Object.assign(model, { ready: false, listeners: new Set() });
  }
}

async function fetchDecoder(name, model) {
  const address = answerAddress(`decoder?run=${encodeURIComponent(name)}`);
  if (!address || !window.Worker) return;
  try {
    const answer = await fetch(address);
    if (answer.status !== 200) return; // 204: its pictures come from the server
    const load = await answer.arrayBuffer(), worker = decoderWorker(), { models } = decoders();
    if (models.get(name) === model) worker.postMessage({ name, load }, [load]);
  } catch {
    // Without the server, or without a worker, pictures come as they did before.
  }
}

// A model's decoder for one component: `ready` once it can decode, `ask(point, done)` calls done(picture, point). Of
// points asked for while one is decoded only the last is decoded. `whenReady` is called once.
function browserDecoder(name, whenReady = () => {}) {
  const all = decoders();
  let model = all.models.get(name), busy = false, next = null;
  if (!model) {
    model = { ready: false, listeners: new Set() };
    all.models.set(name, model);
    fetchDecoder(name, model);
  }
  for (const old of [...all.models.keys()].slice(0, -DECODERS_KEPT)) {
    if (all.models.get(old).ready) all.worker.postMessage({ name: old, drop: true });
    all.models.delete(old);
  }
  if (model.ready) queueMicrotask(whenReady);
  else model.listeners.add(whenReady);

  function ask(point, done) {
    next = { point, done };
    if (!busy) decodeNext();
  }

  function decodeNext() {
    if (!next || !model.ready) return;
    const { point, done } = next, number = ++all.asked;
    [next, busy] = [null, true];
    all.waiting.set(number, (picture) => {
      busy = false;
      if (picture) done(picture, point);
      decodeNext();
    });
    all.worker.postMessage({ number, name, point: Float32Array.from(point) });
  }

  return {
    name,
    get ready() { return model.ready; },
    ask,
    stop: () => model.listeners.delete(whenReady),
  };
}
