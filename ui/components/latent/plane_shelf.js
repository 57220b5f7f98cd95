// What the planes of one page have in common: which layers are on, which classes are hidden (by data set), the z under the
// pointer, and where each slot's samples lie. It outlives every component, so that none depends on who comes first.
shelf.planes ??= { layers: { cloud: true, circles: true, marks: true }, hidden: new Map(), marks: new Map() };
const hiddenOf = (dataset) => shelf.planes.hidden.get(dataset) ?? shelf.planes.hidden.set(dataset, new Set()).get(dataset);
