// Where the vehicle is at any time, and where points are then. The same interpolation as scenes/geometry.

import type { TrajectoryArrays } from "./model";
import { type Rigid, rigidFrom, identity, inverse, multiply, slerp } from "./poses";

const SLACK_NS = 200_000_000;

/** Poses over time: linear in position, spherical in rotation. Times are nanoseconds to the scene's origin. */
export class Trajectory {
  constructor(private readonly arrays: TrajectoryArrays) {}

  /** Whether a time lies within the poses, or so little outside that the nearest will do. */
  covers(time: number): boolean {
    const { times } = this.arrays;
    return times[0] - SLACK_NS <= time && time <= times[times.length - 1] + SLACK_NS;
  }

  /** From the vehicle at a time to the world. */
  at(time: number): Rigid {
    const { times, positions, quaternions } = this.arrays;
    const after = Math.min(Math.max(firstNotBelow(times, time), 1), times.length - 1);
    const before = after - 1;
    const share = (time - times[before]) / (times[after] - times[before]);
    const position = [0, 1, 2].map(
      (i) => positions[3 * before + i] + share * (positions[3 * after + i] - positions[3 * before + i]),
    );
    const turned = slerp(quaternions, before, after, Math.min(Math.max(share, 0), 1));
    return rigidFrom(turned, position) ?? identity();
  }

  /** Positions in the world, at most `most` of them. */
  path(most: number): number[][] {
    const { times, positions } = this.arrays;
    const step = Math.max(1, Math.ceil(times.length / most));
    const found: number[][] = [];
    for (let i = 0; i < times.length; i += step) found.push(Array.from(positions.subarray(3 * i, 3 * i + 3)));
    return found;
  }
}

function firstNotBelow(times: Float64Array, time: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Motions at evenly spaced times, with straight lines between them; good to a hundredth of a millimetre. */
export class MotionTable {
  private readonly steps: Float64Array;
  private readonly perNs: number;
  readonly isConstant: boolean;

  constructor(
    private readonly first: number,
    last: number,
    private readonly count: number,
    motion: (time: number) => Rigid,
  ) {
    this.isConstant = !(last > first) || count < 2;
    this.count = this.isConstant ? 1 : count;
    this.perNs = this.isConstant ? 0 : (count - 1) / (last - first);
    this.steps = new Float64Array(12 * (this.count + 1));
    for (let i = 0; i < this.count; i++) {
      this.steps.set(motion(this.isConstant ? first : first + i / this.perNs), 12 * i);
    }
    this.steps.copyWithin(12 * this.count, 12 * (this.count - 1), 12 * this.count);
  }

  /** The motions at its times; those between are on straight lines between them. */
  all(): Rigid[] {
    return Array.from({ length: this.count }, (_, i) => this.steps.subarray(12 * i, 12 * (i + 1)));
  }

  /** Write the motion at a time to `out`. */
  at(time: number, out: Rigid): void {
    let place = (time - this.first) * this.perNs;
    if (!(place > 0)) place = 0;
    else if (place > this.count - 1) place = this.count - 1;
    const index = Math.floor(place);
    const share = place - index;
    const { steps } = this;
    for (let i = 0, from = 12 * index; i < 12; i++, from++) out[i] = steps[from] + share * (steps[from + 12] - steps[from]);
  }
}

/** What moves the reference system: the trajectory, seen from where the vehicle is in it. */
export class Vehicle {
  private readonly back: Rigid;

  /** `mounting` leads from the vehicle (with one lidar: that lidar) to the reference system. */
  constructor(
    private readonly trajectory: Trajectory,
    private readonly mounting: Rigid,
  ) {
    this.back = inverse(mounting);
  }

  covers(time: number): boolean {
    return this.trajectory.covers(time);
  }

  /** From the reference system at one time to that at another. */
  between(start: number, end: number): Rigid {
    const moved = multiply(inverse(this.trajectory.at(end)), this.trajectory.at(start));
    return multiply(multiply(this.mounting, moved), this.back);
  }

  /** From the reference system at a time to the world. */
  toWorld(time: number): Rigid {
    return multiply(this.trajectory.at(time), this.back);
  }
}
