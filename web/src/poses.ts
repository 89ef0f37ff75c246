// Rotations and rigid motions: x_out = R x_in + t. Quaternions are w, x, y, z. The same formulas as scenes/geometry.

import type { PoseData, Quaternion, Vector } from "./model";

/** Twelve numbers: the rotation row by row, then the translation in metres. */
export type Rigid = Float64Array;

export function identity(): Rigid {
  return Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0);
}

/** A pose as a motion; null if its quaternion has no direction. */
export function rigidOf(pose: PoseData): Rigid | null {
  return rigidFrom(pose.quaternion, pose.position);
}

export function rigidFrom(quaternion: ArrayLike<number>, position: ArrayLike<number>): Rigid | null {
  const length = Math.hypot(quaternion[0], quaternion[1], quaternion[2], quaternion[3]);
  if (!(length >= 1e-12) || !Number.isFinite(length)) return null;
  const w = quaternion[0] / length;
  const x = quaternion[1] / length;
  const y = quaternion[2] / length;
  const z = quaternion[3] / length;
  return Float64Array.of(
    1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
    2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
    2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y),
    position[0], position[1], position[2],
  );
}

/** First b, then a. */
export function multiply(a: Rigid, b: Rigid): Rigid {
  const out = new Float64Array(12);
  for (let row = 0; row < 3; row++) {
    const p = a[3 * row];
    const q = a[3 * row + 1];
    const r = a[3 * row + 2];
    for (let column = 0; column < 3; column++) {
      out[3 * row + column] = p * b[column] + q * b[3 + column] + r * b[6 + column];
    }
    out[9 + row] = p * b[9] + q * b[10] + r * b[11] + a[9 + row];
  }
  return out;
}

export function inverse(a: Rigid): Rigid {
  const [x, y, z] = [a[9], a[10], a[11]];
  return Float64Array.of(
    a[0], a[3], a[6],
    a[1], a[4], a[7],
    a[2], a[5], a[8],
    -(a[0] * x + a[3] * y + a[6] * z), -(a[1] * x + a[4] * y + a[7] * z), -(a[2] * x + a[5] * y + a[8] * z),
  );
}

export function apply(a: Rigid, x: number, y: number, z: number): Vector {
  return [
    a[0] * x + a[1] * y + a[2] * z + a[9],
    a[3] * x + a[4] * y + a[5] * z + a[10],
    a[6] * x + a[7] * y + a[8] * z + a[11],
  ];
}

export function quaternionProduct(a: ArrayLike<number>, b: ArrayLike<number>): Quaternion {
  return [
    a[0] * b[0] - a[1] * b[1] - a[2] * b[2] - a[3] * b[3],
    a[0] * b[1] + a[1] * b[0] + a[2] * b[3] - a[3] * b[2],
    a[0] * b[2] - a[1] * b[3] + a[2] * b[0] + a[3] * b[1],
    a[0] * b[3] + a[1] * b[2] - a[2] * b[1] + a[3] * b[0],
  ];
}

/** The quaternion of Rz Ry Rx, angles in degrees about x, y and z. */
export function quaternionOfAngles(x: number, y: number, z: number): Quaternion {
  const half = Math.PI / 360;
  const about = (angle: number, axis: 1 | 2 | 3): Quaternion => {
    const q: Quaternion = [Math.cos(angle * half), 0, 0, 0];
    q[axis] = Math.sin(angle * half);
    return q;
  };
  return quaternionProduct(quaternionProduct(about(z, 3), about(y, 2)), about(x, 1));
}

export function normalised(q: ArrayLike<number>): Quaternion {
  const length = Math.hypot(q[0], q[1], q[2], q[3]) || 1;
  return [q[0] / length, q[1] / length, q[2] / length, q[3] / length];
}

/** Between unit quaternions along the shorter arc; share 0 to 1. */
export function slerp(quaternions: Float64Array, first: number, second: number, share: number): Quaternion {
  let cosine = 0;
  for (let i = 0; i < 4; i++) cosine += quaternions[4 * first + i] * quaternions[4 * second + i];
  const sign = cosine < 0 ? -1 : 1;
  const angle = Math.acos(Math.min(Math.abs(cosine), 1));
  const sine = Math.sin(angle);
  // Nearly parallel: the limit of the formula is linear.
  const a = sine < 1e-9 ? 1 - share : Math.sin((1 - share) * angle) / sine;
  const b = (sine < 1e-9 ? share : Math.sin(share * angle) / sine) * sign;
  const mixed: Quaternion = [0, 0, 0, 0];
  for (let i = 0; i < 4; i++) mixed[i] = a * quaternions[4 * first + i] + b * quaternions[4 * second + i];
  return normalised(mixed);
}
