// A frame, computed: points in the reference system at the frame's time, and what moves them on into each image.

import type { Cloud, Frame, OpticsData, Picture, PoseData, Scene, ShapeData, Vector } from "./model";
import { NO_PIXEL, TIME_STEP_NS } from "./model";
import { type Cone, coneOf, widestAngle } from "./cone";
import { MotionTable, Trajectory, Vehicle } from "./motion";
import { type Lens, isInside, lensOf } from "./optics";
import {
  type Rigid, apply, identity, inverse, multiply, quaternionOfAngles, quaternionProduct, normalised, rigidFrom, rigidOf,
} from "./poses";

/** What sliders do to a sensor, about its own axes: degrees, metres, per cent, milliseconds. */
export interface Adjustment {
  rx: number; ry: number; rz: number;
  x: number; y: number; z: number;
  focal: number;
  time: number;
}

export const NO_ADJUSTMENT: Adjustment = { rx: 0, ry: 0, rz: 0, x: 0, y: 0, z: 0, focal: 0, time: 0 };

export interface Settings {
  variant: "given" | "suggested";
  adjustments: Record<string, Adjustment>;
  compensate: boolean;
}

/** q_new = q_given Rz Ry Rx; the offset is along the sensor's own axes as given. */
export function adjustedPose(pose: PoseData, by: Adjustment): PoseData {
  const given = normalised(pose.quaternion);
  const motion = rigidFrom(given, pose.position);
  if (!motion) return pose;
  const turn = quaternionOfAngles(by.rx, by.ry, by.rz);
  return {
    quaternion: by.rx || by.ry || by.rz ? normalised(quaternionProduct(given, turn)) : pose.quaternion,
    position: by.x || by.y || by.z ? apply(motion, by.x, by.y, by.z) : pose.position,
  };
}

export function adjustedOptics(optics: OpticsData, by: Adjustment): OpticsData {
  const factor = 1 + by.focal / 100;
  const { fx, fy } = optics.parameters;
  const parameters = by.focal ? { ...optics.parameters, fx: fx * factor, fy: fy * factor } : optics.parameters;
  return { ...optics, pose: adjustedPose(optics.pose, by), parameters };
}

/** Points that appear in an image. */
export interface Projected {
  count: number;
  index: Int32Array;
  u: Float32Array;
  v: Float32Array;
  depth: Float32Array;
}

export interface Cuboid {
  /** From the box (x right, y to the front, z up) to the reference system. */
  pose: Rigid;
  size: Vector;
}

export interface Solid {
  shape: ShapeData;
  cuboid: Cuboid | null;
  /** For lines in space: metres, three numbers each. */
  points: Float64Array | null;
}

const ROUNDS = 6;
// Points lie on surfaces, and positions are whole millimetres.
const SURFACE_M = 0.02;
const TABLE_STEPS = 257;

/** An image of a frame, and how points get into it. */
export class Shot {
  readonly optics: OpticsData | null;
  readonly lens: Lens | null;
  readonly width: number;
  readonly height: number;
  /** From the reference system at the frame's time to the camera at the time of a row. */
  private readonly motions: MotionTable;
  private readonly first: number;
  private readonly last: number;
  private readonly motion: Rigid = identity();
  private readonly midway: Rigid = identity();
  projected: Projected | null = null;

  constructor(
    readonly camera: string,
    readonly picture: Picture | undefined,
    optics: OpticsData | null,
    frameTime: number | null,
    vehicle: Vehicle | null,
    offsetNs: number,
  ) {
    this.optics = optics;
    this.lens = optics && lensOf(optics);
    this.width = picture?.data.width || optics?.width || 1280;
    this.height = picture?.data.height || optics?.height || 720;
    const mounting = optics && rigidOf(optics.pose);
    if (!mounting) this.lens = null;
    const toCamera = mounting ? inverse(mounting) : identity();
    const shutter = picture?.data.shutter;
    let [first, last] = [0, 0];
    let motion = (_: number): Rigid => toCamera;
    if (shutter && frameTime !== null && vehicle && vehicle.covers(frameTime)) {
      const [start, end] = [shutter[0] + offsetNs, shutter[1] + offsetNs];
      if (vehicle.covers(frameTime + start) && vehicle.covers(frameTime + end)) {
        [first, last] = picture?.data.is_reversed ? [end, start] : [start, end];
        motion = (time) => multiply(toCamera, vehicle.between(frameTime, frameTime + time));
      }
    }
    this.first = first;
    this.last = last;
    this.motions = new MotionTable(Math.min(first, last), Math.max(first, last), 65, motion);
    this.motions.at((first + last) / 2, this.midway);
  }

  get canProject(): boolean {
    return this.lens !== null;
  }

  /** Whether the scene knows where the vehicle was when the image was taken. */
  get moves(): boolean {
    return this.first !== 0 || this.last !== 0;
  }

  /** From the reference system to the camera, at the middle of the exposure. */
  middle(): Rigid {
    return this.midway;
  }

  /** What the camera may see; null if that is nearly everything. */
  cone(): Cone | null {
    const { lens, optics } = this;
    return lens && optics && coneOf(widestAngle(lens, optics, this.width, this.height), this.motions);
  }

  /** Column, row and distance of a point of the reference system; whether it is inside the image. */
  project(x: number, y: number, z: number, out: Float64Array): boolean {
    const { lens, motion } = this;
    if (!lens) return false;
    if (this.motions.isConstant) return this.seen(lens, this.midway, x, y, z, out);
    // The row decides when a point was seen, and that where it appears: a few rounds settle it.
    let time = (this.first + this.last) / 2;
    let held = false;
    for (let round = 0; round < ROUNDS; round++) {
      if (round) this.motions.at(time, motion);
      held = this.seen(lens, round ? motion : this.midway, x, y, z, out);
      if (Number.isNaN(out[0])) return false;
      const share = Math.min(Math.max((out[1] + 0.5) / this.height, 0), 1);
      const next = this.first + share * (this.last - this.first);
      // In two microseconds nothing on the road moves by a tenth of a millimetre.
      if (Math.abs(next - time) < 2000) break;
      time = next;
    }
    return held;
  }

  private seen(lens: Lens, m: Rigid, x: number, y: number, z: number, out: Float64Array): boolean {
    const cx = m[0] * x + m[1] * y + m[2] * z + m[9];
    const cy = m[3] * x + m[4] * y + m[5] * z + m[10];
    const cz = m[6] * x + m[7] * y + m[8] * z + m[11];
    out[2] = Math.sqrt(cx * cx + cy * cy + cz * cz);
    if (!lens(cx, cy, cz, out)) {
      out[0] = NaN;
      out[1] = NaN;
      return false;
    }
    return isInside(out[0], out[1], this.width, this.height);
  }
}

export class Stage {
  readonly frameTime: number | null;
  /** In the reference system at the frame's time, three numbers each, metres. */
  points = new Float32Array(0);
  /** From its own lidar, metres. */
  distances = new Float32Array(0);
  count = 0;
  /** First point of each cloud, and the end. */
  starts: number[] = [];
  shots = new Map<string, Shot>();
  solids: Solid[] = [];
  vehicle: Vehicle | null = null;
  /** Changes with the points. */
  version = 0;
  private pointsKey = "";
  private readonly shotKeys = new Map<string, string>();
  private membership: Int32Array | null = null;
  private held = new Int32Array(0);

  constructor(
    readonly scene: Scene,
    private readonly trajectory: Trajectory | null,
    readonly frame: Frame,
  ) {
    this.frameTime = scene.head.frames[frame.data.index].time_ns;
  }

  /** Compute what changed with the settings. */
  update(settings: Settings): void {
    const { head } = this.scene;
    const lidars = head.lidars.map(({ name }) => settings.adjustments[name] ?? null);
    const key = JSON.stringify([settings.variant, settings.compensate, lidars]);
    const isNew = key !== this.pointsKey;
    if (isNew) {
      this.pointsKey = key;
      this.vehicle = this.vehicleFor(settings);
      this.place(settings);
      this.solids = this.solidsFor(settings);
      this.membership = null;
      this.version++;
    }
    for (const camera of head.cameras) {
      const by = settings.adjustments[camera.name] ?? NO_ADJUSTMENT;
      const shotKey = JSON.stringify(by);
      if (!isNew && this.shotKeys.get(camera.name) === shotKey) continue;
      this.shotKeys.set(camera.name, shotKey);
      this.shots.set(camera.name, this.shot(camera.name, settings, by));
    }
  }

  private shot(name: string, settings: Settings, by: Adjustment): Shot {
    const camera = this.scene.head.cameras.find((item) => item.name === name)!;
    const optics = (settings.variant === "suggested" && camera.suggested) || camera.given;
    const picture = this.frame.pictures.get(name);
    return new Shot(name, picture, optics && adjustedOptics(optics, by), this.frameTime, this.vehicle, by.time * 1e6);
  }

  /** From a lidar to the reference system; null leaves it out. */
  lidarPose(name: string, settings: Settings): Rigid | null {
    const lidar = this.scene.head.lidars.find((item) => item.name === name);
    const pose = lidar && ((settings.variant === "suggested" && lidar.suggested) || lidar.given);
    return pose ? rigidOf(adjustedPose(pose, settings.adjustments[name] ?? NO_ADJUSTMENT)) : null;
  }

  /** From the system of ego poses and shapes to the reference system. */
  private ownSystem(settings: Settings): Rigid | null {
    const only = this.scene.head.only_lidar;
    return only === null ? identity() : this.lidarPose(only, settings);
  }

  private vehicleFor(settings: Settings): Vehicle | null {
    const own = this.ownSystem(settings);
    return own && this.trajectory && new Vehicle(this.trajectory, own);
  }

  /** From the reference system at one frame to that at another. */
  private between(start: number, end: number, settings: Settings): Rigid {
    const own = this.ownSystem(settings);
    const [first, second] = [this.vehicleAt(start), this.vehicleAt(end)];
    if (start === end || !own || !first || !second) return identity();
    return multiply(multiply(own, multiply(inverse(second), first)), inverse(own));
  }

  private vehicleAt(index: number): Rigid | null {
    const entry = this.scene.head.frames[index];
    const pose = entry.pose && rigidOf(entry.pose);
    if (pose) return pose;
    const time = entry.time_ns;
    return this.trajectory && time !== null && this.trajectory.covers(time) ? this.trajectory.at(time) : null;
  }

  /** From the reference system to the world; null if unknown. */
  toWorld(settings: Settings): Rigid | null {
    const own = this.ownSystem(settings);
    const vehicle = this.vehicleAt(this.frame.data.index);
    return own && vehicle && multiply(vehicle, inverse(own));
  }

  private place(settings: Settings): void {
    const { data, clouds } = this.frame;
    const source = data.cloud_frame ?? data.index;
    const time = this.scene.head.frames[source].time_ns;
    const after = source === data.index ? null : this.between(source, data.index, settings);
    const count = clouds.reduce((sum, cloud) => sum + cloud.count, 0);
    if (this.points.length !== 3 * count) {
      this.points = new Float32Array(3 * count);
      this.distances = new Float32Array(count);
    }
    this.count = count;
    this.starts = [0];
    let at = 0;
    for (const cloud of clouds) {
      const pose = this.lidarPose(cloud.lidar, settings);
      this.placeCloud(cloud, pose, time, settings, after, at);
      at += cloud.count;
      this.starts.push(at);
    }
  }

  private placeCloud(
    cloud: Cloud, pose: Rigid | null, time: number | null, settings: Settings, after: Rigid | null, at: number,
  ): void {
    const { points, distances } = this;
    const { positions, count, times } = cloud;
    if (!pose) {
      points.fill(NaN, 3 * at, 3 * (at + count));
      return;
    }
    const table = this.compensation(cloud, time, settings);
    const whole = after ? multiply(after, pose) : pose;
    const motion = identity();
    const [ys, zs] = [count, 2 * count];
    for (let i = 0; i < count; i++) {
      const x = positions[i] / 1000;
      const y = positions[ys + i] / 1000;
      const z = positions[zs + i] / 1000;
      distances[at + i] = Math.sqrt(x * x + y * y + z * z);
      const m = table ? pose : whole;
      let a = m[0] * x + m[1] * y + m[2] * z + m[9];
      let b = m[3] * x + m[4] * y + m[5] * z + m[10];
      let c = m[6] * x + m[7] * y + m[8] * z + m[11];
      if (table && times) {
        table.at(times[i] * TIME_STEP_NS, motion);
        [a, b, c] = [
          motion[0] * a + motion[1] * b + motion[2] * c + motion[9],
          motion[3] * a + motion[4] * b + motion[5] * c + motion[10],
          motion[6] * a + motion[7] * b + motion[8] * c + motion[11],
        ];
        if (after) [a, b, c] = apply(after, a, b, c);
      }
      const to = 3 * (at + i);
      points[to] = a;
      points[to + 1] = b;
      points[to + 2] = c;
    }
  }

  /** From the reference system at a point's own time to that at the frame's; null where points stay. */
  private compensation(cloud: Cloud, time: number | null, settings: Settings): MotionTable | null {
    const { vehicle } = this;
    if (!settings.compensate || !vehicle || time === null || !cloud.times?.length || !vehicle.covers(time)) return null;
    let [first, last] = [Infinity, -Infinity];
    for (const step of cloud.times) {
      if (step < first) first = step;
      if (step > last) last = step;
    }
    [first, last] = [first * TIME_STEP_NS, last * TIME_STEP_NS];
    if (!vehicle.covers(time + first) || !vehicle.covers(time + last)) return null;
    return new MotionTable(first, last, TABLE_STEPS, (offset) => vehicle.between(time + offset, time));
  }

  private solidsFor(settings: Settings): Solid[] {
    const { head } = this.scene;
    const own = this.ownSystem(settings);
    if (!own) return [];
    const { index } = this.frame.data;
    const motion = multiply(this.between(head.home_frame ?? index, index, settings), own);
    const solids: Solid[] = [];
    for (const shape of this.frame.data.shapes) {
      const n = shape.numbers;
      if (shape.kind === "cuboid" && n.length === 10) {
        const pose = rigidFrom([n[6], n[3], n[4], n[5]], n.slice(0, 3));
        if (!pose) continue;
        const size: Vector = [Math.abs(n[7]), Math.abs(n[8]), Math.abs(n[9])];
        solids.push({ shape, cuboid: { pose: multiply(motion, pose), size }, points: null });
      } else if (shape.kind === "poly3d") {
        const points = new Float64Array(n.length);
        for (let i = 0; i + 2 < n.length; i += 3) points.set(apply(motion, n[i], n[i + 1], n[i + 2]), i);
        solids.push({ shape, cuboid: null, points });
      }
    }
    return solids;
  }

  /** Which cloud a point belongs to. */
  cloudOf(point: number): number {
    let cloud = 0;
    while (cloud + 1 < this.starts.length - 1 && point >= this.starts[cloud + 1]) cloud++;
    return cloud;
  }

  /** Milliseconds from the frame's time to that of a point; null if unknown. */
  timeOf(point: number): number | null {
    const number = this.cloudOf(point);
    const times = this.frame.clouds[number]?.times;
    return times ? (times[point - this.starts[number]] * TIME_STEP_NS) / 1e6 : null;
  }

  /** Index in `solids` of the cuboid that holds each point, -1 for none. */
  members(): Int32Array {
    if (this.membership) return this.membership;
    const found = new Int32Array(this.count).fill(-1);
    this.held = new Int32Array(this.solids.length);
    const { points } = this;
    this.solids.forEach(({ cuboid }, number) => {
      if (!cuboid) return;
      const m = inverse(cuboid.pose);
      const [a, b, c] = cuboid.size.map((length) => length / 2 + SURFACE_M);
      const reach = a * a + b * b + c * c;
      const [px, py, pz] = [cuboid.pose[9], cuboid.pose[10], cuboid.pose[11]];
      for (let i = 0; i < this.count; i++) {
        const x = points[3 * i];
        const y = points[3 * i + 1];
        const z = points[3 * i + 2];
        if ((x - px) ** 2 + (y - py) ** 2 + (z - pz) ** 2 > reach) continue;
        if (
          Math.abs(m[0] * x + m[1] * y + m[2] * z + m[9]) <= a &&
          Math.abs(m[3] * x + m[4] * y + m[5] * z + m[10]) <= b &&
          Math.abs(m[6] * x + m[7] * y + m[8] * z + m[11]) <= c
        ) {
          found[i] = number;
          this.held[number]++;
        }
      }
    });
    this.membership = found;
    return found;
  }

  /** How many points each of `solids` holds; a point may lie in more than one. */
  pointsIn(): Int32Array {
    this.members();
    return this.held;
  }

  /** Every point that appears in an image; computed once. */
  projected(shot: Shot): Projected {
    return (shot.projected ??= shot.picture?.baked ? this.unbaked(shot) : this.projectAll(shot));
  }

  private projectAll(shot: Shot): Projected {
    const { points, count } = this;
    if (!shot.canProject) return cut(room(0), 0);
    const found = room(count);
    const cone = shot.cone();
    const [ax, ay, az] = cone?.axis ?? [0, 0, 0];
    const [px, py, pz] = cone?.apex ?? [0, 0, 0];
    const square = cone?.square ?? 0;
    const out = new Float64Array(3);
    let n = 0;
    for (let i = 0, at = 0; i < count; i++, at += 3) {
      const x = points[at];
      const y = points[at + 1];
      const z = points[at + 2];
      if (cone) {
        const [a, b, c] = [x - px, y - py, z - pz];
        const ahead = ax * a + ay * b + az * c;
        if (!(ahead > 0 && ahead * ahead >= square * (a * a + b * b + c * c))) continue;
      }
      if (!shot.project(x, y, z, out)) continue;
      found.index[n] = i;
      found.u[n] = out[0];
      found.v[n] = out[1];
      found.depth[n] = out[2];
      n++;
    }
    return cut(found, n);
  }

  /** Pixels that came with the frame, for cameras whose formula the page does not have. */
  private unbaked(shot: Shot): Projected {
    const baked = shot.picture!.baked!;
    const count = Math.min(this.count, baked.length >> 1);
    const found = room(count);
    const m = shot.middle();
    let n = 0;
    for (let i = 0; i < count; i++) {
      const [u, v] = [baked[i], baked[baked.length / 2 + i]];
      if (u === NO_PIXEL || v === NO_PIXEL) continue;
      if (!isInside(u / 8, v / 8, shot.width, shot.height)) continue;
      const [x, y, z] = apply(m, this.points[3 * i], this.points[3 * i + 1], this.points[3 * i + 2]);
      found.index[n] = i;
      found.u[n] = u / 8;
      found.v[n] = v / 8;
      found.depth[n] = Math.hypot(x, y, z);
      n++;
    }
    return cut(found, n);
  }
}

let spare: Projected | null = null;

/** Room for so many points, the same for every image: what is kept is copied. */
function room(count: number): Projected {
  if (!spare || spare.u.length < count) {
    spare = {
      count: 0,
      index: new Int32Array(count),
      u: new Float32Array(count),
      v: new Float32Array(count),
      depth: new Float32Array(count),
    };
  }
  return spare;
}

/** A copy of the first so many points. */
function cut(found: Projected, count: number): Projected {
  return {
    count,
    index: found.index.slice(0, count),
    u: found.u.slice(0, count),
    v: found.v.slice(0, count),
    depth: found.depth.slice(0, count),
  };
}
