const PICTURE = 56; // CSS pixels

export default function ({ parentElement }) {
  const view = getOrCreate(parentElement, () => start(parentElement));
  return cleanup(parentElement, view.stop);
}

function start(root) {
  const [original, picture] = root.querySelectorAll("canvas");
  const title = root.querySelector(".title"), text = root.querySelector(".text");
  const unsubscribe = subscribe("planes:peek", (now) => {
    original.style.opacity = now.original ? 1 : 0.2;
    if (now.original) paintImage(original, now.original, now.shape);
    if (now.picture) paintImage(picture, now.picture, now.shape);
    for (const canvas of [original, picture]) setSize(fitImage(now.shape, PICTURE), canvas);
    title.textContent = now.title;
    text.textContent = now.text;
    original.setAttribute("aria-label", now.original ? now.title : "No image");
    picture.setAttribute("aria-label", now.text);
  });
  publish("planes:askPeek");
  return { stop() { unsubscribe(); removeView(root); } };
}
