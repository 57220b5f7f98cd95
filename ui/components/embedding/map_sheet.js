// Pictures of a map's images: asked for once, kept on the page's shelf, nothing to see here.
export default function ({ data, setTriggerValue }) {
  const pool = poolOf(data.pool);
  if (data.tiles) {
    fill(pool, data);
    publish(`sheet:${data.pool}`);
  } else if (!pool.tiles) {
    post(() => setTriggerValue("want", data.pool));
  }
}
