// Numbers as text and vectors compared, the same in every component.

// A typographic minus, as in the page's captions.
const withMinus = (text) => text.replace(/^-/, "−");

// With so many decimals; what rounds to 0 has no sign.
const fixedDigits = (value, decimals) => value.toFixed(decimals).replace(/^-(?=0(\.0*)?$)/, "");

// About three significant digits with a fixed number of decimals for each size: 0.12, 12.3, 123.
function formatNumber(value) {
  if (!Number.isFinite(value)) return "–";
  return withMinus(fixedDigits(value, Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2));
}

const formatSigned = (value) => (value <= -0.005 ? "−" : "+") + Math.abs(value).toFixed(2);

// Three significant digits with separators between thousands.
function formatSignificant(value, digits = 3) {
  return withMinus(Number(value.toPrecision(digits)).toLocaleString("en", { maximumSignificantDigits: digits }));
}

// The same with zeros at the end, so that figures beside each other have equally many digits: 0.011, 0.0080.
function evenDigits(value, digits = 2) {
  const rounded = Number(value.toPrecision(digits));
  const decimals = rounded ? Math.max(0, digits - 1 - Math.floor(Math.log10(Math.abs(rounded)))) : 0;
  return withMinus(rounded.toFixed(decimals));
}

const formatCount = (count) => count.toLocaleString("en");

// A value on an axis: no more digits than it needs, powers of ten where it is very large or very small.
function formatTick(value, digits = 4) {
  const short = Number(value.toPrecision(digits)), size = Math.abs(short);
  return withMinus(short !== 0 && (size >= 1e6 || size < 1e-4) ? short.toExponential() : String(short));
}

// The values of one axis, with as many digits as tell them apart.
function formatTicks(values) {
  const texts = (digits) => values.map((value) => formatTick(value, digits));
  let digits = 4;
  while (digits < 12 && new Set(texts(digits)).size < values.length) digits++;
  return texts(digits);
}

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

// Whether two vectors agree in all places but `except`; they travel rounded to four decimals.
const sameVector = (a, b, except = -1) =>
  a.length === b.length && a.every((value, k) => k === except || Math.abs(value - b[k]) < 2e-4);
