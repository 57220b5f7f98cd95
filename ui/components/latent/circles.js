// Circles round (0, 0) that hold shares of N(0, I), as every plane draws them. A circle is [radius, share of N(0, I)
// inside, share of a model's own z inside or null].

// CSS pixels: the room that a text takes, and the radius below which it would cover its whole circle.
const CIRCLE_TEXT = { width: 36, height: 12, radius: 20 };

// On the context of a plane. toX, toY: places of positions; lengthX, lengthY: of distances; width: of the plane; names:
// whether the circles say what they hold.
function paintCircles(ctx, circles, { toX, toY, lengthX, lengthY = lengthX, width, names = true }) {
  for (const [r] of circles) {
    // Dashed, since the contour of a class can be white as well.
    const circle = () => ctx.ellipse(toX(0), toY(0), lengthX(r), lengthY(r), 0, 0, 2 * Math.PI);
    outline(ctx, 1.5, circle, { border: 1.5, dash: [7, 4] });
  }
  const written = []; // places of texts: others would lie over them
  for (const [r, share] of names ? circles : []) {
    if (Math.max(lengthX(r), lengthY(r)) < CIRCLE_TEXT.radius) continue;
    const x = Math.min(toX(0) + lengthX(r) * Math.SQRT1_2, width - 18);
    const y = Math.max(9, toY(0) - lengthY(r) * Math.SQRT1_2);
    const covers = ([a, b]) => Math.abs(x - a) < CIRCLE_TEXT.width && Math.abs(y - b) < CIRCLE_TEXT.height + 3;
    if (written.some(covers)) continue;
    written.push([x, y]);
    Object.assign(ctx, { font: "600 12px sans-serif", lineWidth: 6, lineJoin: "round", textAlign: "center",
      textBaseline: "middle", strokeStyle: "#000", fillStyle: "#fff" });
    const text = `${Math.round(100 * share)} %`;
    ctx.strokeText(text, x, y);
    ctx.fillText(text, x, y);
  }
}

// The sentence below a plane. reference: the distribution that the circles are made for; own: what else lies in them.
function circlesHold(circles, reference, own) {
  const list = (values) => values.map((share) => Math.round(100 * share)).join(" / ");
  const known = circles.filter(([, , inside]) => inside !== null);
  return `The circles hold ${list(circles.map(([, share]) => share))} % of ${reference}` +
    (known.length ? `, and ${list(known.map(([, , inside]) => inside))} % of ${own}.` : ".");
}
