// Lines and images of the 3D view: grid, vehicle, path, frusta, cuboids.

import { darkened, fromHex } from "./colour";
import { rayOf } from "./optics";
import { cornersOf, linesOf } from "./overlay";
import { apply, identity, inverse, rigidOf, type Rigid } from "./poses";
import type { Shot, Stage } from "./stage";
import { isShapeShown, layers, selected, settingsOf, shapeColour } from "./state";
import { LineBuilder, type LineSet, type Plane } from "./view3d";

const GRID_M = 10;
const MOST_WAYPOINTS = 600;

export interface Look {
  grid: string;
  path: string;
  frustum: string;
  vehicle: string;
}

export function worldLines(
  stage: Stage, look: Look, forward: [number, number], reach: number, camera: string, light: number,
): LineSet {
  const builder = new LineBuilder();
  if (layers.value.grid) {
    const ground = groundOf(stage);
    addGrid(builder, fromHex(look.grid), reach, ground);
    addVehicle(builder, fromHex(look.vehicle), forward, Math.min(1, reach / 20), ground);
  }
  if (layers.value.path) addPath(builder, stage, fromHex(look.path));
  if (layers.value.frusta) {
    for (const shot of stage.shots.values()) {
      addFrustum(builder, shot, fromHex(shot.camera === camera ? look.path : look.frustum), reach);
    }
  }
  for (const solid of stage.solids) {
    const { shape } = solid;
    if (!isShapeShown(shape.layer, shape.class_name)) continue;
    const isSelected = shape.object_id === selected.value;
    const [own] = darkened(Uint32Array.of(fromHex(shapeColour(shape.layer, shape.object_id, shape.class_name))), light);
    const colour = isSelected ? fromHex(look.vehicle) : own;
    const { edges, front } = linesOf(solid);
    for (const line of [...edges, ...front]) {
      for (let i = 0; i + 1 < line.length; i++) builder.add(line[i], line[i + 1], colour);
    }
  }
  return builder.lines;
}

/** Height of the ground: where the lowest points are, else of the vehicle's system. */
export function groundOf(stage: Stage): number {
  const heights: number[] = [];
  const step = Math.max(1, Math.floor(stage.count / 4000));
  for (let i = 0; i < stage.count; i += step) {
    const z = stage.points[3 * i + 2];
    if (Math.hypot(stage.points[3 * i], stage.points[3 * i + 1]) < 25 && Number.isFinite(z)) heights.push(z);
  }
  heights.sort((a, b) => a - b);
  return heights.length ? heights[Math.floor(0.08 * heights.length)] : 0;
}

function addGrid(builder: LineBuilder, colour: number, reach: number, z: number): void {
  const step = reach < 15 ? 1 : GRID_M;
  const end = Math.ceil(Math.min(Math.max(2 * reach, 4), 200) / step) * step;
  for (let at = -end; at <= end; at += step) {
    builder.add([at, -end, z], [at, end, z], colour);
    builder.add([-end, at, z], [end, at, z], colour);
  }
}

/** An arrow on the ground below the origin of the reference system, ahead. */
function addVehicle(
  builder: LineBuilder, colour: number, [fx, fy]: [number, number], scale: number, ground: number,
): void {
  const at = (ahead: number, left: number): number[] =>
    [scale * (ahead * fx - left * fy), scale * (ahead * fy + left * fx), ground];
  const corners = [at(2.2, 0), at(-1.2, 0.9), at(-0.6, 0), at(-1.2, -0.9)];
  corners.forEach((corner, index) => builder.add(corner, corners[(index + 1) % 4], colour));
}

function addPath(builder: LineBuilder, stage: Stage, colour: number): void {
  const toWorld = stage.toWorld(settingsOf("given"));
  if (!toWorld) return;
  const toReference = inverse(toWorld);
  const path = waypoints(stage);
  const places = path.map(([x, y, z]) => apply(toReference, x, y, z));
  for (let i = 0; i + 1 < places.length; i++) builder.add(places[i], places[i + 1], colour);
}

function waypoints(stage: Stage): number[][] {
  const { trajectory, head } = stage.scene;
  if (trajectory) {
    const step = Math.max(1, Math.ceil(trajectory.times.length / MOST_WAYPOINTS));
    const found: number[][] = [];
    for (let i = 0; i < trajectory.times.length; i += step) {
      found.push(Array.from(trajectory.positions.subarray(3 * i, 3 * i + 3)));
    }
    return found;
  }
  return head.frames.flatMap(({ pose }) => (pose ? [pose.position] : []));
}

const COLUMNS = 25;
const ROWS = 15;
const rays = new WeakMap<object, Float32Array | null>();

/** Directions of a grid of pixels in the camera's system, 1 m long; NaN where the lens shows nothing. */
function raysOf(shot: Shot): Float32Array | null {
  const key = shot.optics;
  if (!key || !shot.lens) return null;
  const known = rays.get(key);
  if (known !== undefined) return known;
  const found = new Float32Array(3 * COLUMNS * ROWS).fill(NaN);
  const lens = shot.lens;
  const [middleX, middleY] = [(COLUMNS - 1) / 2, (ROWS - 1) / 2];
  // From the middle outwards: each pixel starts from a neighbour that is solved.
  const order = [...Array(COLUMNS * ROWS).keys()].sort(
    (a, b) =>
      Math.hypot((a % COLUMNS) - middleX, Math.floor(a / COLUMNS) - middleY) -
      Math.hypot((b % COLUMNS) - middleX, Math.floor(b / COLUMNS) - middleY),
  );
  for (const at of order) {
    const [i, j] = [at % COLUMNS, Math.floor(at / COLUMNS)];
    const u = (i / (COLUMNS - 1)) * shot.width - 0.5;
    const v = (j / (ROWS - 1)) * shot.height - 0.5;
    const inner = (j + Math.sign(middleY - j)) * COLUMNS + i + Math.sign(middleX - i);
    const start = found[3 * inner] === found[3 * inner] ? found.subarray(3 * inner, 3 * inner + 3) : [0, 0, 1];
    const ray = rayOf(lens, u, v, start);
    if (ray) found.set(ray, 3 * at);
  }
  rays.set(key, found);
  return found;
}

/** From the camera to the reference system; the camera as it is mounted, not when its image was taken. */
function mountingOf(shot: Shot): Rigid {
  return (shot.optics && rigidOf(shot.optics.pose)) ?? identity();
}

function addFrustum(builder: LineBuilder, shot: Shot, colour: number, reach: number): void {
  const directions = raysOf(shot);
  if (!directions) return;
  const mounting = mountingOf(shot);
  const length = 0.06 * Math.max(reach, 5);
  const place = (at: number): number[] | null => {
    const [x, y, z] = directions.subarray(3 * at, 3 * at + 3);
    return x === x ? apply(mounting, x * length, y * length, z * length) : null;
  };
  const origin = apply(mounting, 0, 0, 0);
  for (const corner of [0, COLUMNS - 1, (ROWS - 1) * COLUMNS, ROWS * COLUMNS - 1]) {
    const end = place(corner);
    if (end) builder.add(origin, end, colour);
  }
  const border: number[] = [];
  for (let i = 0; i < COLUMNS; i++) border.push(i);
  for (let j = 1; j < ROWS; j++) border.push(j * COLUMNS + COLUMNS - 1);
  for (let i = COLUMNS - 2; i >= 0; i--) border.push((ROWS - 1) * COLUMNS + i);
  for (let j = ROWS - 2; j >= 0; j--) border.push(j * COLUMNS);
  for (let i = 0; i + 1 < border.length; i++) {
    const [a, b] = [place(border[i]), place(border[i + 1])];
    if (a && b) builder.add(a, b, colour);
  }
}

/** Images where their cameras are, bent as their lenses bend them. */
export function worldPlanes(stage: Stage, reach: number): Plane[] {
  if (!layers.value.planes) return [];
  const planes: Plane[] = [];
  for (const shot of stage.shots.values()) {
    const directions = raysOf(shot);
    const bitmap = shot.picture?.bitmap;
    if (!directions || !bitmap) continue;
    const mounting = mountingOf(shot);
    const length = 0.06 * Math.max(reach, 5);
    const corners = new Float32Array(directions.length).fill(NaN);
    for (let at = 0; at < directions.length; at += 3) {
      if (directions[at] !== directions[at]) continue;
      corners.set(
        apply(mounting, directions[at] * length, directions[at + 1] * length, directions[at + 2] * length), at,
      );
    }
    planes.push({ bitmap, columns: COLUMNS, rows: ROWS, corners });
  }
  return planes;
}

export { cornersOf };
