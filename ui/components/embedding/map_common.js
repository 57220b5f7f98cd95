// What maps and their details know together. A pool is one set of images, in one order: every map of it shares the
// pictures, the selection and what is under the pointer. A point is its place in that order.

function poolOf(name) {
  const pools = (shelf.pools ??= new Map());
  const pool = pools.get(name) ?? { tiles: null, sheet: null, ids: null, tests: 0, picks: [], lasso: null, hover: null, marks: [] };
  pools.delete(name);
  pools.set(name, pool);
  for (const old of [...pools.keys()].slice(0, -3)) pools.delete(old); // 10,000 pictures are 40 MB
  return pool;
}

const SHEET = 100; // pictures in a row of the sheet

function fill(pool, { tiles, ids, tests }) {
  pool.tiles = bytes(tiles);
  pool.ids = new Int32Array(bytes(ids).buffer);
  pool.tests = tests;
  const count = pool.ids.length, rows = Math.ceil(count / SHEET), columns = Math.min(SHEET, count);
  pool.sheet = make("canvas", { width: columns * TILE, height: rows * TILE });
  const pen = pool.sheet.getContext("2d");
  for (let row = 0; row < rows; row++) {
    const image = pen.createImageData(columns * TILE, TILE), pixels = new Uint32Array(image.data.buffer);
    for (let column = 0; column < columns && row * SHEET + column < count; column++) {
      const one = tileOf(pool, row * SHEET + column);
      for (let i = 0; i < TILE * TILE; i++) pixels[Math.floor(i / TILE) * columns * TILE + column * TILE + (i % TILE)] = 0xff000000 | (one[i] * 0x010101);
    }
    pen.putImageData(image, 0, row * TILE);
  }
}

const tileOf = (pool, k) => pool.tiles.subarray(k * TILE * TILE, (k + 1) * TILE * TILE);

function nameOf(pool, k) {
  if (!pool.ids) return "";
  const id = pool.ids[k];
  return id < pool.tests ? `test image ${id}` : `training image ${id - pool.tests}`;
}

const classOf = (facts, label) => (label >= 0 ? facts.classes[label] : "no class");
const colourOf = (facts, label) => (label >= 0 ? facts.colours[label % facts.colours.length] : "#6B7280");

// A letter that stands for a class, for eyes that cannot tell its colour.
function letterOf(facts, label) {
  if (label < 0) return "·";
  const own = facts.classes[label];
  return facts.classes.every((name) => [...name].length === 1) ? own : String.fromCharCode(65 + (label % 26));
}

// The newest two points that were clicked, or many at once: never both.
function choose(name, { picks = [], lasso = null }) {
  Object.assign(poolOf(name), { picks, lasso, marks: [] });
  publish(`chosen:${name}`);
}

function pick(name, k) {
  const { picks } = poolOf(name);
  choose(name, { picks: picks.includes(k) ? picks.filter((one) => one !== k) : [...picks, k].slice(-2) });
}

function hoverOver(name, k, from) {
  poolOf(name).hover = k;
  publish(`hover:${name}`, from);
}
