const SHOWN = 2000; // ms that the button says what has happened

export default function ({ parentElement }) {
  getOrCreate(parentElement, () => start(parentElement));
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
    say(await copied(location.href) ? "Copied" : "Copy it from the address bar", SHOWN);
  });
  root.querySelector(".keys").addEventListener("click", () => dispatchEvent(new Event("lab-shortcuts")));
  say("Copy link");
  return {};
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
