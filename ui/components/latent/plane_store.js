// State that all planes of the page share: what is drawn over them, which classes are hidden (by data set), the data of
// each plane by slot, the one that is enlarged, the image that is linked, and where the samples of each slot lie. It
// outlives every component, so that their order of arrival does not matter. What a visitor chooses stands in the
// address.
const PLANE_MODES = ["density", "dots", "letters", "pictures"];
const PLANE_LAYERS = ["circles", "regions", "samples"];

store.planes ??= { hidden: new Map(), marks: new Map(), data: new Map(), regions: new Map(), sets: new Map(),
  order: [], large: null, pinned: null, link: null, mode: "density",
  layers: { circles: true, regions: false, samples: true } };

function hiddenClasses(dataset) {
  if (!store.planes.hidden.has(dataset)) store.planes.hidden.set(dataset, new Set());
  return store.planes.hidden.get(dataset);
}

// What the address says of the layers: their mode, and which are on; what it does not say is as at first.
function readLayers() {
  const asked = new URL(location.href).searchParams, mode = asked.get("layer");
  store.planes.mode = PLANE_MODES.includes(mode) ? mode : "density";
  for (const name of PLANE_LAYERS) {
    const at = asked.get(name), first = name !== "regions";
    store.planes.layers[name] = at === "1" || at === "0" ? at === "1" : first;
  }
}

function writeLayers() {
  setAddress("layer", store.planes.mode === "density" ? null : store.planes.mode);
  for (const name of PLANE_LAYERS) {
    const on = store.planes.layers[name], first = name !== "regions";
    setAddress(name, on === first ? null : on ? "1" : "0");
  }
}

// Shows the plane of a slot large.
function enlarge(slot) {
  if (!store.planes.order.includes(slot) || store.planes.large === slot) return;
  store.planes.large = slot;
  setAddress("plane", slot);
  publish("planes:large");
}
