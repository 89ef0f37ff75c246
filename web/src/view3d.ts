// What both renderers of the 3D view can do.

import type { Orbit } from "./orbit";

/** Line segments: six numbers and one colour each. */
export interface LineSet {
  positions: Float32Array;
  colours: Uint32Array;
}

/** An image in space: a grid of corners, row by row, over the whole image. */
export interface Plane {
  bitmap: ImageBitmap;
  columns: number;
  rows: number;
  /** Three numbers each, metres; NaN where the lens shows nothing. */
  corners: Float32Array;
}

export interface DrawOptions {
  ground: number;
  /** Device pixels. */
  pointSize: number;
  /** 0 to 1. */
  opacity: number;
  lineWidth: number;
  /** The view is moving: be quick. */
  isMoving: boolean;
}

export interface View3D {
  readonly name: "gl" | "cpu";
  readonly canvas: HTMLCanvasElement;
  setPoints(points: Float32Array, colours: Uint32Array): void;
  setLines(lines: LineSet): void;
  setPlanes(planes: Plane[]): void;
  /** Draw with a canvas of this size, device pixels. */
  render(orbit: Orbit, width: number, height: number, options: DrawOptions): void;
  /** The picture as it is now, RGBA. */
  pixels(): ImageData;
  dispose(): void;
}

export class LineBuilder {
  private readonly numbers: number[] = [];
  private readonly colours: number[] = [];

  add(a: ArrayLike<number>, b: ArrayLike<number>, colour: number): void {
    this.numbers.push(a[0], a[1], a[2], b[0], b[1], b[2]);
    this.colours.push(colour);
  }

  get lines(): LineSet {
    return { positions: new Float32Array(this.numbers), colours: new Uint32Array(this.colours) };
  }
}
