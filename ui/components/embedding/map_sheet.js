// The images of a pool: requested once, then kept in the browser. Nothing is shown here.
export default function ({ data, parentElement, setTriggerValue }) {
  const pool = poolOf(data.pool), view = getOrCreate(parentElement, () => ({ stop() {} }));
  view.stop();
  if (data.tiles) {
    fillPool(pool, data);
    publish(`sheet:${data.pool}`);
  } else {
    view.stop = requestUntil(() => pool.tiles, () => queueMessage(() => setTriggerValue("want", data.pool)));
  }
  return cleanup(parentElement, () => view.stop());
}
