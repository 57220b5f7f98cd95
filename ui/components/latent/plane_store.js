// State that all planes of a page share: which layers are shown, which classes are hidden (by data set), and where the
// samples of each slot lie. It outlives every component, so that their order of arrival does not matter.
store.planes ??= { layers: { cloud: true, circles: true, marks: true, letters: false },
  hidden: new Map(), marks: new Map() };

function hiddenClasses(dataset) {
  if (!store.planes.hidden.has(dataset)) store.planes.hidden.set(dataset, new Set());
  return store.planes.hidden.get(dataset);
}
