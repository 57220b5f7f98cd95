// Circles round (0, 0) that hold shares of N(0, I), as every plane draws them. A circle is [radius, share of N(0, I)
// inside, share of a model's own z inside or null].

const CIRCLE_APART = 15; // CSS pixels between two circles that both say what they hold

// On the context of a plane. toX, toY: places of positions; lengthX, lengthY: of distances; width: of the plane; names:
// whether the circles say what they hold.
function paintCircles(ctx, circles, { toX, toY, lengthX, lengthY = lengthX, width, names = true }) {
  for (const [r] of circles) {
    outline(ctx, 1.5, () => ctx.ellipse(toX(0), toY(0), lengthX(r), lengthY(r), 0, 0, 7), { border: 1.5 });
  }
  let free = -Infinity; // radii that are nearly alike would write over each other
  for (const [r, share] of names ? circles : []) {
    if (lengthX(r) < free + CIRCLE_APART) continue;
    free = lengthX(r);
    const x = toX(0) + lengthX(r) * Math.SQRT1_2, y = Math.max(9, toY(0) - lengthY(r) * Math.SQRT1_2);
    Object.assign(ctx, { font: "600 12px sans-serif", lineWidth: 6, lineJoin: "round", textAlign: "center",
      textBaseline: "middle", strokeStyle: "#000", fillStyle: "#fff" });
    const text = `${Math.round(100 * share)} %`;
    ctx.strokeText(text, Math.min(x, width - 18), y);
    ctx.fillText(text, Math.min(x, width - 18), y);
  }
}

// The sentence below a plane. reference: the distribution that the circles are made for; own: what else lies in them.
function circlesHold(circles, reference, own) {
  const list = (values) => values.map((share) => Math.round(100 * share)).join(" / ");
  const known = circles.filter(([, , inside]) => inside !== null);
  return `The circles hold ${list(circles.map(([, share]) => share))} % of ${reference}` +
    (known.length ? `, and ${list(known.map(([, , inside]) => inside))} % of ${own}.` : ".");
}
