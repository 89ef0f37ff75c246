// A cone that holds everything a camera sees: most points of a lidar are outside, and need no formula.

import type { OpticsData } from "./model";
import type { Lens } from "./optics";
import type { MotionTable } from "./motion";
import { type Rigid, identity } from "./poses";

const ANGLES = 200;
const AZIMUTHS = 36;
/** Beyond the image by this share of its size: between the samples the lens may see a little more. */
const BEYOND = 0.02;
const WIDER = 1.04;
/** A wider cone than this is no use, and has no apex that could be moved back. */
const WIDEST = (80 * Math.PI) / 180;

const angles = new WeakMap<object, Map<string, number>>();

/** The largest angle to the axis under which a lens sees anything, radians, rather too large than too small. */
export function widestAngle(lens: Lens, optics: OpticsData, width: number, height: number): number {
  let known = angles.get(optics.parameters);
  if (!known) angles.set(optics.parameters, (known = new Map()));
  const key = `${optics.kind} ${width} ${height}`;
  let found = known.get(key);
  if (found === undefined) known.set(key, (found = measured(lens, optics.parameters, width, height)));
  return found;
}

function measured(lens: Lens, { fx, fy, cx, cy }: Record<string, number>, width: number, height: number): number {
  const azimuths = Array.from({ length: AZIMUTHS }, (_, i) => (2 * Math.PI * i) / AZIMUTHS);
  // The corners are farthest out.
  for (const x of [0, width]) for (const y of [0, height]) azimuths.push(Math.atan2((y - cy) / fy, (x - cx) / fx));
  const out = new Float64Array(3);
  const [padU, padV] = [BEYOND * width, BEYOND * height];
  let widest = 0;
  for (const azimuth of azimuths) {
    const [across, down] = [Math.cos(azimuth), Math.sin(azimuth)];
    for (let step = ANGLES; step > widest; step--) {
      const angle = (step * Math.PI) / ANGLES;
      const radius = Math.sin(angle);
      if (!lens(across * radius, down * radius, Math.cos(angle), out)) continue;
      const isSeen = out[0] > -padU && out[0] < width + padU && out[1] > -padV && out[1] < height + padV;
      if (isSeen) widest = step;
    }
  }
  // If no sample is visible, the samples are too coarse for this lens.
  return widest ? (WIDER * (widest + 1) * Math.PI) / ANGLES : Math.PI;
}

/** Which points of the reference system a camera may see while it moves. */
export interface Cone {
  /** Ahead of the camera, a unit vector. */
  axis: [number, number, number];
  apex: [number, number, number];
  /** Square of the cosine of its half angle. */
  square: number;
}

/**
 * The cone of a camera whose motion from the reference system changes while the image is exposed; null if it would
 * hold nearly everything.
 *
 * A point q of the camera at the middle time is at q + (R - R0) q + d at another one: within a |q| + b of it. The
 * first widens the cone by asin(a), the second moves its apex back by b / sin(angle).
 */
export function coneOf(widest: number, motions: MotionTable): Cone | null {
  const { middle, turn, shift } = spread(motions);
  const angle = widest + Math.asin(Math.min(turn, 1));
  if (!(angle < WIDEST)) return null;
  const axis: [number, number, number] = [middle[6], middle[7], middle[8]];
  const back = shift / Math.sin(angle);
  const [a, b, c] = [middle[9], middle[10], middle[11] + back];
  const apex = [0, 1, 2].map((i) => -(middle[i] * a + middle[3 + i] * b + middle[6 + i] * c)) as [number, number, number];
  return { axis, apex, square: Math.cos(angle) ** 2 };
}

/** How far the motions of a table are from their middle: in rotation (Frobenius norm), and at the camera, metres. */
function spread(motions: MotionTable): { middle: Rigid; turn: number; shift: number } {
  const all = motions.all();
  const middle = all[all.length >> 1] ?? identity();
  const centre = [0, 1, 2].map((i) => -(middle[i] * middle[9] + middle[3 + i] * middle[10] + middle[6 + i] * middle[11]));
  let [turn, shift] = [0, 0];
  for (const other of all) {
    let square = 0;
    for (let i = 0; i < 9; i++) square += (other[i] - middle[i]) ** 2;
    turn = Math.max(turn, Math.sqrt(square));
    const moved = [0, 1, 2].map((row) =>
      other[3 * row] * centre[0] + other[3 * row + 1] * centre[1] + other[3 * row + 2] * centre[2] + other[9 + row]);
    shift = Math.max(shift, Math.hypot(...moved));
  }
  return { middle, turn, shift };
}
