// The parts of a chart that `curves` and `bars` share: a value under the pointer, and its text.

const FONT = 13; // CSS pixels

// Puts the text beside x, on the side with more room.
function showTip(tip, lines, x, width) {
  tip.hidden = false;
  tip.textContent = lines.join("\n");
  const left = x > width / 2 ? x - 12 - tip.offsetWidth : x + 12;
  tip.style.left = `${clamp(left, 0, Math.max(0, width - tip.offsetWidth))}px`;
}

// The title of a value axis, upwards along the left edge.
function drawVerticalTitle(ctx, text, top, height, colour) {
  ctx.save();
  ctx.translate(8, top + height / 2);
  ctx.rotate(-Math.PI / 2);
  drawText(ctx, text, 0, 0, { align: "center", baseline: "middle", colour, room: height + 14 });
  ctx.restore();
}

// Room to the left of a plot for its title and its values. axes: the ticks of each panel.
const valueAxisWidth = (ctx, axes) =>
  32 + Math.max(0, ...axes.flatMap(formatTicks).map((text) => ctx.measureText(text).width));
