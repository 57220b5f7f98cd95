// Pools: what all maps and details of one set of images share. A pool is a set of images in one order; every map of it
// shares the images, the selection and the point under the pointer. A point is an index into that order.

const POOLS_KEPT = 3; // 10,000 images of 28 × 28 pixels are 40 MB
const SHEET_COLUMNS = 100;

function poolOf(name) {
  const pools = (store.pools ??= new Map());
  const pool = pools.get(name) ?? {
    shape: null, tiles: null, sheet: null, ids: null, tests: 0, picks: [], lasso: null, path: null, hover: null,
    marks: [], found: false, filling: null, filled: 0,
  };
  pools.delete(name);
  pools.set(name, pool); // the newest
  dropOldest(pools, POOLS_KEPT);
  return pool;
}

// Takes over the images of a message, `first` of all `count` and those after it. Once all are there they are painted on
// one sheet, from which thumbnails are copied. Returns whether all are there.
function fillPool(pool, { shape, tiles, ids, tests, first, count }) {
  const { size } = imageShape(shape);
  if (first === 0) pool.filling = { tiles: new Uint8Array(count * size), ids: new Int32Array(count) };
  else if (first !== pool.filled) return false; // an answer that came twice
  pool.filling.tiles.set(decodeBase64(tiles), first * size);
  pool.filling.ids.set(new Int32Array(decodeBase64(ids).buffer), first);
  pool.filled = first + decodeBase64(ids).length / 4;
  if (pool.filled < count) return false;
  Object.assign(pool, pool.filling, { shape: imageShape(shape), tests, filling: null });
  paintSheet(pool);
  return true;
}

function paintSheet(pool) {
  const count = pool.ids.length, columns = Math.min(SHEET_COLUMNS, count), { width, height } = pool.shape;
  pool.sheet = createElement("canvas", { width: columns * width, height: Math.ceil(count / columns) * height });
  const ctx = pool.sheet.getContext("2d");
  for (let first = 0; first < count; first += columns) { // a row at a time: a sheet has millions of pixels
    const images = Array.from({ length: Math.min(columns, count - first) }, (_, k) => imageOf(pool, first + k));
    const row = gridPixels(images, pool.shape);
    ctx.putImageData(new ImageData(row.data, row.width, row.height), 0, (first / columns) * height);
  }
}

const imageOf = (pool, k) => imageAt(pool.tiles, pool.shape, k);

// Left, top, width and height of an image on the sheet.
function placeOnSheet(pool, k) {
  const { width, height } = pool.shape, columns = Math.min(SHEET_COLUMNS, pool.ids.length);
  return [(k % columns) * width, Math.floor(k / columns) * height, width, height];
}

function nameOf(pool, k) {
  if (!pool.ids) return "";
  const id = pool.ids[k];
  return id < pool.tests ? `test image ${id}` : `training image ${id - pool.tests}`;
}

// An image's name in the address, and back: null for one that is not on the map.
const addressOf = (pool, k) => (pool.ids[k] < pool.tests ? `${pool.ids[k]}` : `train${pool.ids[k] - pool.tests}`);

function pointOf(pool, text) {
  const match = /^(train)?(\d{1,9})$/.exec(text);
  const k = match ? pool.ids.indexOf(Number(match[2]) + (match[1] ? pool.tests : 0)) : -1;
  return k < 0 ? null : k;
}

const classOf = (props, label) => (label >= 0 ? props.classes[label] : "no class");
const colourOf = (props, label) => (label >= 0 ? props.colours[label % props.colours.length] : "#6B7280");

const letterOf = (props, label) => classLetter(props.classes, label);

// Selects the newest two points that were clicked, or many at once: never both. `path`: what many were selected by, a
// polygon in the units of the map or `shown` for the classes that are shown alone.
function choose(name, { picks = [], lasso = null, path = null }) {
  Object.assign(poolOf(name), { picks, lasso, path, marks: [] });
  publish(`chosen:${name}`);
}

function pick(name, k) {
  const { picks } = poolOf(name);
  choose(name, { picks: picks.includes(k) ? picks.filter((one) => one !== k) : [...picks, k].slice(-2) });
}

function hoverOver(name, k, source) {
  poolOf(name).hover = k;
  publish(`hover:${name}`, source);
}
