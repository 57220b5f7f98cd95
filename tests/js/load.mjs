// Loads scripts of browser components outside a browser: the text that Streamlit would send, in a context of its own.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import vm from "node:vm";

export const COMPONENTS = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "ui", "components");
const EVERYWHERE = ["shared/dom", "shared/images", "shared/numbers"]; // as in ui/components/base.py

// The named top-level values of the files (paths below ui/components, without ending) after those that every component
// begins with. `globals` adds or replaces global names, such as `window`.
export function load(names, files = [], globals = {}) {
  const text = [...EVERYWHERE, ...files].map((file) => readFileSync(join(COMPONENTS, `${file}.js`), "utf8")).join("\n");
  const script = text.replace(/^export default /m, "const component = ");
  const browser = { atob, btoa, setTimeout, clearTimeout, window: { devicePixelRatio: 1 } };
  const context = vm.createContext({ ...browser, ...globals });
  return vm.runInContext(`${script}\n;({ ${names.join(", ")} })`, context);
}

// Arrays of another context are not deepEqual to ours: copies of arrays and typed arrays, nested ones too.
export const plain = (value) => (value && typeof value === "object" && typeof value.length === "number"
  ? Array.from(value, plain) : value);
