export default function ({ data, parentElement }) {
  const plot = parentElement.querySelector(".plot"), { names, values, dead, height, unit = "nats", lost = "dead", even } = data;
  parentElement.querySelector(".title").textContent = data.yTitle;
  parentElement.querySelector(".axis").textContent = data.xTitle;
  plot.setAttribute("aria-label", data.alt);
  while (plot.children.length > names.length) plot.lastChild.remove();
  while (plot.children.length < names.length) {
    const bar = document.createElement("div");
    bar.className = "bar";
    bar.append(document.createElement("b"), document.createElement("i"), document.createElement("span"));
    plot.append(bar);
  }
  const mark = parentElement.querySelector(".even");
  mark.hidden = even == null;
  // Labels need about 30 pixels; where bars are narrower only some of them speak.
  const every = Math.ceil((30 * names.length) / (plot.clientWidth || 600)), most = Math.max(...values, even ?? 0, 1e-9);
  [...plot.children].forEach((bar, i) => {
    const [number, body, name] = bar.children;
    bar.classList.toggle("dead", dead[i]);
    bar.style.setProperty("--colour", dead[i] ? data.muted : data.colour);
    body.style.height = `${(height * values[i]) / most}px`;
    bar.title = `${names[i]}: ${three(values[i])} ${unit}${dead[i] ? `, ${lost}` : ""}`;
    number.textContent = every > 1 ? "" : dead[i] ? lost : three(values[i]);
    name.textContent = i % every ? "" : names[i];
  });
  if (even != null) {
    const floor = plot.lastChild?.querySelector("span").offsetHeight ?? 0;
    mark.style.bottom = `${floor + (height * even) / most}px`;
  }
}
