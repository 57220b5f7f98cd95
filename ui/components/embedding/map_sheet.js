// The images of a pool: requested part by part, then kept in the browser. Nothing is shown here.
export default function ({ data, parentElement, setTriggerValue }) {
  const pool = poolOf(data.pool), view = getOrCreate(parentElement, () => ({ stop() {} }));
  view.stop();
  if (data.tiles && (pool.tiles || fillPool(pool, data))) publish(`sheet:${data.pool}`);
  const first = pool.filled;
  view.stop = requestUntil(() => pool.tiles || pool.filled > first,
    () => queueMessage(() => setTriggerValue("want", { pool: data.pool, first })));
  return cleanup(parentElement, () => view.stop());
}
