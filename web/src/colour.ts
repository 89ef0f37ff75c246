// Colours as 32-bit numbers the way ImageData has them: red in the lowest byte.

import palette from "../../kognic/viewer/palette.json";

export { palette };

export function packed(red: number, green: number, blue: number, alpha = 255): number {
  return ((alpha << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

export function fromHex(colour: string): number {
  const value = Number.parseInt(colour.slice(1), 16);
  return packed((value >> 16) & 255, (value >> 8) & 255, value & 255);
}

export function toCss(colour: number): string {
  return `rgb(${colour & 255}, ${(colour >> 8) & 255}, ${(colour >> 16) & 255})`;
}

/** The same colours with a share of their light; 0, which hides, stays. */
export function darkened(colours: Uint32Array, share: number): Uint32Array {
  const out = new Uint32Array(colours.length);
  for (let i = 0; i < colours.length; i++) {
    const colour = colours[i];
    if (colour) out[i] = packed((colour & 255) * share, ((colour >> 8) & 255) * share, ((colour >> 16) & 255) * share);
  }
  return out;
}

// Of text and its ground, as WCAG 2.1 asks for (success criterion 1.4.3).
const CONTRAST = 4.5;

/** A colour for text on a ground: mixed with white or black as far as it must be to stand out. */
export function readable(colour: number, ground: number): number {
  const isDark = luminance(ground) < 0.18;
  for (let share = 1; share > 0; share -= 0.05) {
    const towards = isDark ? 255 * (1 - share) : 0;
    const [red, green, blue] = channels(colour).map((value) => value * share + towards);
    const found = packed(red, green, blue);
    const [light, dark] = [luminance(found), luminance(ground)].sort((a, b) => b - a);
    if ((light + 0.05) / (dark + 0.05) >= CONTRAST) return found;
  }
  return isDark ? packed(255, 255, 255) : packed(0, 0, 0);
}

function channels(colour: number): number[] {
  return [colour & 255, (colour >> 8) & 255, (colour >> 16) & 255];
}

/** Relative luminance of WCAG 2.1. */
function luminance(colour: number): number {
  const [red, green, blue] = channels(colour).map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

export function toHex(colour: number): string {
  const value = ((colour & 255) << 16) | (colour & 0xff00) | ((colour >> 16) & 255);
  return `#${value.toString(16).padStart(6, "0")}`;
}

type Polynomials = [number[], number[], number[]];

// Turbo (A. Mikhailov, 2019) in the polynomial form of R. Du.
const TURBO: Polynomials = [
  [0.13572138, 4.6153926, -42.66032258, 132.13108234, -152.94239396, 59.28637943],
  [0.09140261, 2.19418839, 4.84296658, -14.18503333, 4.27729857, 2.82956604],
  [0.1066733, 12.64194608, -60.58204836, 110.36276771, -89.90310912, 27.34824973],
];
// Viridis (S. van der Walt, N. Smith, 2015) in the polynomial form of M. Zucker.
const VIRIDIS: Polynomials = [
  [0.2777273272, 0.1050930431, -0.3308618287, -4.634230499, 6.228269936, 4.776384998, -5.435455856],
  [0.005407344544, 1.404613529, 0.214847559, -5.799100973, 14.17993337, -13.74514538, 4.645852612],
  [0.3340998053, 1.384590163, 0.09509516302, -19.33244096, 56.69055260, -65.35303263, 26.3124352],
];

function table(polynomials: Polynomials, share: (index: number) => number): Uint32Array {
  const colours = new Uint32Array(256);
  for (let i = 0; i < 256; i++) {
    const x = share(i / 255);
    const [red, green, blue] = polynomials.map((terms) => {
      let sum = 0;
      for (let k = terms.length - 1; k >= 0; k--) sum = sum * x + terms[k];
      return Math.min(Math.max(Math.round(sum * 255), 0), 255);
    });
    colours[i] = packed(red, green, blue);
  }
  return colours;
}

/** Near is red, far is blue; both ends of Turbo are cut off because they are as dark as shadows. */
export const turbo = table(TURBO, (share) => 0.93 - 0.87 * share);
export const viridis = table(VIRIDIS, (share) => 0.08 + 0.92 * share);

export const GREY = packed(128, 134, 142);

const LISTED = [...palette.lidars, ...palette.more].map(fromHex);

/** Colours for many things; neighbours differ for colour-blind people, too. */
export function listed(index: number): number {
  return LISTED[index % LISTED.length];
}

/** A colour for each class of objects, the same for the same set of classes. */
export function kindColours(kinds: Iterable<string>): Map<string, string> {
  const names = [...new Set(kinds)].sort();
  return new Map(names.map((name, index) => [name, palette.kinds[index % palette.kinds.length]]));
}

const NICE = [0.1, 0.2, 0.5, 1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 300, 500, 1000];

/** A scale with two ends; `share` is 0 to 1 between them. */
export class Scale {
  constructor(readonly low: number, readonly high: number, readonly isLog: boolean, readonly unit: string) {}

  share(value: number): number {
    const share = this.isLog
      ? Math.log(Math.max(value, 1e-9) / this.low) / Math.log(this.high / this.low)
      : (value - this.low) / (this.high - this.low || 1);
    return Math.min(Math.max(share, 0), 1);
  }

  /** Round numbers to name on a legend. */
  ticks(): number[] {
    if (!this.isLog) {
      const middle = (this.low + this.high) / 2;
      return [this.low, middle, this.high];
    }
    const chosen = [this.low];
    for (const nice of NICE) {
      const [last, here, end] = [chosen[chosen.length - 1], nice, this.high].map((value) => this.share(value));
      if (nice > this.low && nice < this.high && here - last > 0.14 && end - here > 0.2) chosen.push(nice);
    }
    return [...chosen, this.high];
  }
}

function percentile(sorted: Float32Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.round(share * (sorted.length - 1))))];
}

/** A part of some numbers, sorted: enough to find ends. */
function sample(values: Float32Array): Float32Array {
  const step = Math.max(1, Math.floor(values.length / 20_000));
  const chosen = new Float32Array(Math.floor(values.length / step));
  for (let i = 0; i < chosen.length; i++) chosen[i] = values[i * step];
  return chosen.sort();
}

export function distanceScale(distances: Float32Array): Scale {
  const sorted = sample(distances);
  if (!sorted.length) return new Scale(2, 80, true, "m");
  const [low, high] = [percentile(sorted, 0.02), percentile(sorted, 0.96)];
  const near = NICE.filter((nice) => nice <= low).pop() ?? NICE[0];
  const far = NICE.find((nice) => nice >= high && nice > near) ?? 2 * Math.max(high, near);
  return new Scale(near, far, true, "m");
}

export function linearScale(values: Float32Array, low: number, high: number, unit: string): Scale {
  const sorted = sample(values);
  if (!sorted.length) return new Scale(0, 1, false, unit);
  const [first, last] = [percentile(sorted, low), percentile(sorted, high)];
  return new Scale(first, last > first ? last : first + 1, false, unit);
}
