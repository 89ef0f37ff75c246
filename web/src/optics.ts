// The formulas of the camera models with their domains: points in the camera system (x right, y down, z ahead) to
// pixels. A translation of kognic's Python formulas, which name the sources; a test binds the two.

import type { OpticsData } from "./model";

/** Writes column and row of a point to `out`, and says whether the formula holds for it. */
export type Lens = (x: number, y: number, z: number, out: Float64Array) => boolean;

/** The numbers of a camera, by their names in the calibration. */
type Numbers = Record<string, number>;

/** The models, by calibration type: as in kognic/scenes/geometry/cameras. */
const LENSES: ReadonlyMap<string, (n: Numbers) => Lens> = new Map([
  ["pinhole", pinhole],
  ["fisheye", fisheye],
  ["kannala", kannala],
  ["cylindrical", cylindrical],
]);

/** The formula of a camera; null if the page cannot compute it. */
export function lensOf(optics: OpticsData): Lens | null {
  return LENSES.get(optics.kind)?.(optics.parameters) ?? null;
}

function pinhole(n: Numbers): Lens {
  const distort = brownConrady(n);
  return (x, y, z, out) => {
    if (!(z > 0)) return false;
    const inverse = 1 / z;
    return distort(x * inverse, y * inverse, out);
  };
}

function fisheye(n: Numbers): Lens {
  const distort = brownConrady(n);
  const xi = n.xi ?? 0;
  // Beyond this cosine to the axis two points of the sphere meet in one pixel (or fall behind the pinhole).
  const limit = Math.abs(xi) <= 1 ? -xi : -1 / xi;
  return (x, y, z, out) => {
    const distance = Math.sqrt(x * x + y * y + z * z);
    if (!(z > limit * distance)) return false;
    const bottom = z + xi * distance;
    const inverse = bottom !== 0 ? 1 / bottom : 0;
    return distort(x * inverse, y * inverse, out);
  };
}

function kannala(n: Numbers): Lens {
  // The model's p1 and p2 hold the third and fourth radial terms.
  const { fx, fy, cx, cy, k1 = 0, k2 = 0, p1: k3 = 0, p2: k4 = 0 } = n;
  const limit = Math.min(Math.PI, Math.sqrt(firstTurningPoint([1, 3 * k1, 5 * k2, 7 * k3, 9 * k4])));
  return (x, y, z, out) => {
    const radius = Math.sqrt(x * x + y * y);
    const angle = Math.atan2(radius, z);
    // The camera's own centre has no direction.
    if (!(angle < limit) || !(radius > 0 || z > 0)) return false;
    const square = angle * angle;
    let scale = angle * (1 + square * (k1 + square * (k2 + square * (k3 + square * k4))));
    if (radius > 0) scale /= radius;
    out[0] = fx * scale * x + cx;
    out[1] = fy * scale * y + cy;
    return true;
  };
}

function cylindrical(n: Numbers): Lens {
  const { fx, fy, cx, cy } = n;
  return (x, y, z, out) => {
    const radius = Math.sqrt(x * x + z * z);
    if (!(radius > 0)) return false;
    out[0] = fx * Math.atan2(x, z) + cx;
    out[1] = fy * (y / radius) + cy;
    return true;
  };
}

function brownConrady(n: Numbers): (x: number, y: number, out: Float64Array) => boolean {
  const { fx, fy, cx, cy, k1 = 0, k2 = 0, k3 = 0, p1 = 0, p2 = 0 } = n;
  if (!k1 && !k2 && !k3 && !p1 && !p2) {
    return (x, y, out) => {
      out[0] = fx * x + cx;
      out[1] = fy * y + cy;
      return true;
    };
  }
  // Farther out than this the polynomial folds points back towards the centre.
  const limit = firstTurningPoint([1, 3 * k1, 5 * k2, 7 * k3]);
  return (x, y, out) => {
    const square = x * x + y * y;
    if (!(square < limit)) return false;
    const radial = 1 + square * (k1 + square * (k2 + square * k3));
    const product = 2 * x * y;
    if (p1 || p2) {
      // Where the Jacobian's determinant is not positive, tangential terms fold the image over.
      const growth = 2 * (k1 + square * (2 * k2 + square * 3 * k3));
      const across = radial + x * x * growth + 2 * p1 * y + 6 * p2 * x;
      const down = radial + y * y * growth + 6 * p1 * y + 2 * p2 * x;
      const mixed = x * y * growth + 2 * p1 * x + 2 * p2 * y;
      if (!(across * down - mixed * mixed > 0)) return false;
    }
    out[0] = fx * (x * radial + p1 * product + p2 * (square + 2 * x * x)) + cx;
    out[1] = fy * (y * radial + p1 * (square + 2 * y * y) + p2 * product) + cy;
    return true;
  };
}

/** Whether a pixel lies inside an image; the centre of the first pixel is at 0. */
export function isInside(u: number, v: number, width: number, height: number): boolean {
  return u >= -0.5 && u < width - 0.5 && v >= -0.5 && v < height - 0.5;
}

/** Smallest positive root of a polynomial (lowest power first); infinite when there is none. */
export function firstTurningPoint(coefficients: number[]): number {
  const terms = coefficients.map((value) => (Math.abs(value) < 1e-30 ? 0 : value));
  const roots = positiveRoots(terms);
  return roots.length ? roots[0] : Infinity;
}

/** Between two extremes a polynomial is monotonous, so halving finds each of its roots. */
function positiveRoots(terms: number[]): number[] {
  let degree = terms.length - 1;
  while (degree > 0 && terms[degree] === 0) degree--;
  if (degree === 0) return [];
  const used = terms.slice(0, degree + 1);
  const value = (s: number): number => {
    let sum = 0;
    for (let i = degree; i >= 0; i--) sum = sum * s + used[i];
    return sum;
  };
  // Cauchy's bound: no root is larger.
  const bound = 1 + Math.max(...used.slice(0, degree).map((term) => Math.abs(term / used[degree])));
  const extremes = positiveRoots(used.slice(1).map((term, index) => term * (index + 1)));
  const edges = [0, ...extremes.filter((edge) => edge < bound), bound];
  const roots: number[] = [];
  for (let i = 0; i + 1 < edges.length; i++) {
    let [low, high] = [edges[i], edges[i + 1]];
    const start = value(low);
    if (Math.sign(start) === Math.sign(value(high)) || start === 0) continue;
    for (;;) {
      const middle = (low + high) / 2;
      if (middle <= low || middle >= high) break;
      if (Math.sign(value(middle)) === Math.sign(start)) low = middle;
      else high = middle;
    }
    roots.push(high);
  }
  return roots;
}

/** The viewing direction of a pixel (unit vector), found by Newton's method; null where none leads there. */
export function rayOf(lens: Lens, u: number, v: number, start: ArrayLike<number>): [number, number, number] | null {
  let [x, y, z] = [start[0], start[1], start[2]];
  const at = new Float64Array(2);
  const right = new Float64Array(2);
  const down = new Float64Array(2);
  const step = 1e-6;
  for (let round = 0; round < 40; round++) {
    // Two directions across the ray.
    const [ax, ay, az] = Math.abs(y) < 0.9 ? unit(z, 0, -x) : unit(0, z, -y);
    const [bx, by, bz] = unit(y * az - z * ay, z * ax - x * az, x * ay - y * ax);
    if (!lens(x, y, z, at)) return null;
    if (!lens(x + step * ax, y + step * ay, z + step * az, right)) return null;
    if (!lens(x + step * bx, y + step * by, z + step * bz, down)) return null;
    const [du, dv] = [u - at[0], v - at[1]];
    if (Math.abs(du) + Math.abs(dv) < 1e-3) return [x, y, z];
    const [a, b] = [(right[0] - at[0]) / step, (down[0] - at[0]) / step];
    const [c, d] = [(right[1] - at[1]) / step, (down[1] - at[1]) / step];
    const determinant = a * d - b * c;
    if (!determinant) return null;
    let p = (d * du - b * dv) / determinant;
    let q = (a * dv - c * du) / determinant;
    const length = Math.hypot(p, q);
    if (length > 0.3) [p, q] = [(0.3 * p) / length, (0.3 * q) / length];
    [x, y, z] = unit(x + p * ax + q * bx, y + p * ay + q * by, z + p * az + q * bz);
  }
  return null;
}

function unit(x: number, y: number, z: number): [number, number, number] {
  const length = Math.hypot(x, y, z) || 1;
  return [x / length, y / length, z / length];
}
