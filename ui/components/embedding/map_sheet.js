// The images of a pool: requested once, then kept in the browser. Nothing is shown here.
export default function ({ data, setTriggerValue }) {
  const pool = poolOf(data.pool);
  if (data.tiles) {
    fillPool(pool, data);
    publish(`sheet:${data.pool}`);
  } else if (!pool.tiles) {
    queueMessage(() => setTriggerValue("want", data.pool));
  }
}
