const SHOWN = 2000; // ms that the button says what has happened

export default function ({ parentElement }) {
  const view = getOrCreate(parentElement, () => start(parentElement));
  return cleanup(parentElement, view.stop);
}

function start(root) {
  const button = root.querySelector(".copy-link"), text = button.querySelector(".text");
  let timer = null;

  function say(words, ms) {
    clearTimeout(timer);
    text.textContent = words;
    if (ms) timer = setTimeout(() => say("Copy link"), ms);
  }

  button.addEventListener("click", async () => {
    flushAddress();
    setAddress(LOOK, chosenLook()); // *Back* may have led to an address without
    say(await copied(location.href) ? "Copied" : "Copy it from the address bar", SHOWN);
  });
  root.querySelector(".keys").addEventListener("click", () => dispatchEvent(new Event("lab-shortcuts")));
  say("Copy link");
  const endLook = startLook(root.querySelector(".look"));
  return { stop() { endLook(); removeView(root); } };
}

// How much enlarged pictures are drawn: smoothly, as a person takes them in, or with each pixel as a square, as the
// model has them. The choice holds on all pages of this visit and stands in the address.
function startLook(button) {
  function apply() {
    document.documentElement.style.setProperty("--lab-enlarged", wantsPixels() ? "pixelated" : "auto");
    button.setAttribute("aria-pressed", String(wantsPixels()));
  }

  const offer = () => { button.hidden = store.enlarged !== location.pathname; };
  button.addEventListener("click", () => {
    store.pixels = !wantsPixels();
    setAddress(LOOK, chosenLook());
    apply();
  });
  apply();
  offer();
  addEventListener("lab-enlarged", offer);
  return () => removeEventListener("lab-enlarged", offer);
}

// Whether the text is now on the clipboard. Browsers have the new way on pages of this machine alone and may refuse it.
async function copied(words) {
  try {
    await navigator.clipboard.writeText(words);
    return true;
  } catch {
    const field = createElement("textarea", { "aria-hidden": "true" });
    field.value = words;
    field.style.position = "fixed";
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
}
