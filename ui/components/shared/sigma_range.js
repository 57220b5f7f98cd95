// A slider in σ from its centre: its ends, its step, where its fill begins and ends, what was typed. Plain functions.

const MOST_SIGMA = 100; // values beyond are clipped by the server as well

// Steps of a slider of ± span: 60 to either side, on a round number.
const sliderStep = (span) => Number((span / 60).toPrecision(1));

const isBeyond = (value, span) => Math.abs(value) > span * (1 + 1e-4);

// How far the slider reaches while it holds `value`: as far as the range, or to the value where that lies beyond.
const sliderReach = (value, span) => (isBeyond(value, span) ? Math.max(span, Math.ceil(Math.abs(value) - 1e-9)) : span);

// Where a value lies on a slider of ± reach, 0 to 1.
const sliderPart = (value, reach) => clamp((value + reach) / (2 * reach), 0, 1);

// The number in a text, with either minus and either decimal sign; null where there is none.
function typedNumber(text) {
  const plainText = text.trim().replace(/[−–]/, "-").replace(",", ".").replace(/\s*σ$/, "");
  if (!/^[+-]?(\d+\.?\d*|\.\d+)$/.test(plainText)) return null;
  return clamp(Number(plainText), -MOST_SIGMA, MOST_SIGMA);
}
