// The eye of the 3D view: it looks at a target, z is up. Both renderers and all labels use the same numbers.

import type { Vector } from "./model";

export interface Orbit {
  target: Vector;
  /** From the eye to the target, metres. */
  distance: number;
  /** Where the eye looks, radians from +x to +y. */
  yaw: number;
  /** How far it looks down, radians; half pi is a map. */
  pitch: number;
}

const FOV = (50 * Math.PI) / 180;
const STEEPEST = Math.PI / 2;
export const NEAR = 0.05;

/** Rows of the camera matrix, and the focal length in pixels. */
export interface Eye {
  position: Vector;
  right: Vector;
  up: Vector;
  ahead: Vector;
  focal: number;
  width: number;
  height: number;
}

export function eyeOf(orbit: Orbit, width: number, height: number): Eye {
  const [cy, sy] = [Math.cos(orbit.yaw), Math.sin(orbit.yaw)];
  const [cp, sp] = [Math.cos(orbit.pitch), Math.sin(orbit.pitch)];
  const ahead: Vector = [cp * cy, cp * sy, -sp];
  return {
    ahead,
    right: [sy, -cy, 0],
    up: [sp * cy, sp * sy, cp],
    position: [0, 1, 2].map((i) => orbit.target[i] - orbit.distance * ahead[i]) as Vector,
    focal: height / 2 / Math.tan(FOV / 2),
    width,
    height,
  };
}

/** Column, row and depth of a point; null behind the eye. */
export function onScreen(eye: Eye, x: number, y: number, z: number): Vector | null {
  const [a, b, c] = [x - eye.position[0], y - eye.position[1], z - eye.position[2]];
  const depth = eye.ahead[0] * a + eye.ahead[1] * b + eye.ahead[2] * c;
  if (!(depth > NEAR)) return null;
  const scale = eye.focal / depth;
  return [
    eye.width / 2 + scale * (eye.right[0] * a + eye.right[1] * b + eye.right[2] * c),
    eye.height / 2 - scale * (eye.up[0] * a + eye.up[1] * b + eye.up[2] * c),
    depth,
  ];
}

export function turned(orbit: Orbit, dx: number, dy: number): Orbit {
  return {
    ...orbit,
    yaw: orbit.yaw - dx,
    pitch: Math.min(Math.max(orbit.pitch + dy, -0.3), STEEPEST),
  };
}

/** Shift the target across the screen, pixels. */
export function panned(orbit: Orbit, dx: number, dy: number, height: number): Orbit {
  const eye = eyeOf(orbit, height, height);
  const scale = orbit.distance / eye.focal;
  const target = orbit.target.map(
    (value, i) => value - scale * dx * eye.right[i] + scale * dy * eye.up[i],
  ) as Vector;
  return { ...orbit, target };
}

export function zoomed(orbit: Orbit, factor: number): Orbit {
  return { ...orbit, distance: Math.min(Math.max(orbit.distance * factor, 0.3), 3000) };
}

/** Behind and above the vehicle, framing four fifths of the points. */
export function firstOrbit(points: Float32Array, forward: [number, number]): Orbit {
  const reach = reachOf(points);
  return {
    target: [0.3 * reach * forward[0], 0.3 * reach * forward[1], 0],
    distance: 1.15 * reach,
    yaw: Math.atan2(forward[1], forward[0]),
    pitch: 0.5,
  };
}

export function topOrbit(points: Float32Array, forward: [number, number]): Orbit {
  return {
    target: [0, 0, 0],
    distance: 2.3 * reachOf(points),
    yaw: Math.atan2(forward[1], forward[0]),
    pitch: STEEPEST,
  };
}

export function sideOrbit(points: Float32Array, forward: [number, number]): Orbit {
  return { target: [0, 0, 1], distance: 1.4 * reachOf(points), yaw: Math.atan2(forward[1], forward[0]) - Math.PI / 2, pitch: 0.05 };
}

function reachOf(points: Float32Array): number {
  const step = 3 * Math.max(1, Math.floor(points.length / 3 / 5000));
  const found: number[] = [];
  for (let i = 0; i < points.length; i += step) {
    const distance = Math.hypot(points[i], points[i + 1]);
    if (Number.isFinite(distance)) found.push(distance);
  }
  if (!found.length) return 30;
  found.sort((a, b) => a - b);
  return Math.min(Math.max(found[Math.floor(0.8 * (found.length - 1))], 2), 150);
}
