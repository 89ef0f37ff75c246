// The 3D view without a GPU: projection and depth test in plain JavaScript, ten times as fast as WebGL in software.

import { NEAR, type Eye, type Orbit, eyeOf } from "./orbit";
import type { DrawOptions, LineSet, Plane, View3D } from "./view3d";

const MOST_PIXELS = 2_000_000;
const BUDGET_MS = 33;

export class CpuView implements View3D {
  readonly name = "cpu";
  readonly canvas = document.createElement("canvas");
  private readonly context: CanvasRenderingContext2D;
  private points: Float32Array = new Float32Array(0);
  private colours: Uint32Array = new Uint32Array(0);
  private lines: LineSet = { positions: new Float32Array(0), colours: new Uint32Array(0) };
  private planes: { points: Float32Array; colours: Uint32Array }[] = [];
  private image: ImageData | null = null;
  private pixelsOut = new Uint32Array(0);
  private depth = new Float32Array(0);
  private every = 1;
  /** The last picture without its lines, and what it shows: lines alone change often. */
  private readonly still = { pixels: new Uint32Array(0), depth: new Float32Array(0), key: "" };
  private content = 0;

  constructor() {
    this.context = this.canvas.getContext("2d", { alpha: false })!;
  }

  setPoints(points: Float32Array, colours: Uint32Array): void {
    this.points = points;
    this.colours = colours;
    this.content++;
  }

  setLines(lines: LineSet): void {
    this.lines = lines;
  }

  setPlanes(planes: Plane[]): void {
    if (planes.length || this.planes.length) this.content++;
    this.planes = planes.map(sampled);
  }

  render(orbit: Orbit, width: number, height: number, options: DrawOptions): void {
    const shrink = Math.min(1, Math.sqrt(MOST_PIXELS / Math.max(width * height, 1)));
    this.resize(Math.max(1, Math.round(width * shrink)), Math.max(1, Math.round(height * shrink)));
    const start = performance.now();
    const eye = eyeOf(orbit, this.canvas.width, this.canvas.height);
    const step = options.isMoving ? this.every : 1;
    const { ground, pointSize, opacity } = options;
    const { canvas, still, content } = this;
    const key = JSON.stringify([orbit, canvas.width, canvas.height, ground, pointSize, opacity, content]);
    const isKept = still.key === key;
    if (isKept) {
      this.pixelsOut.set(still.pixels);
      this.depth.set(still.depth);
    } else {
      this.drawPoints(eye, step, options);
      if (!options.isMoving) this.keep(key);
    }
    this.drawLines(eye, Math.max(1, Math.round(options.lineWidth * shrink)));
    this.context.putImageData(this.image!, 0, 0);
    const took = performance.now() - start;
    if (step === this.every && !isKept) {
      // Half of the time is spent on points; aim below the budget, but come back slowly.
      if (took > BUDGET_MS) this.every = Math.min(64, Math.ceil(this.every * (took / BUDGET_MS)));
      else if (took < BUDGET_MS / 3 && this.every > 1) this.every--;
    }
  }

  private drawPoints(eye: Eye, step: number, options: DrawOptions): void {
    this.pixelsOut.fill(options.ground);
    this.depth.fill(Infinity);
    this.splat(eye, this.points, this.colours, step, Math.max(1, Math.round(options.pointSize)), options);
    for (const { points, colours } of this.planes) {
      const size = Math.max(2, Math.min(6, Math.ceil(eye.focal / 150)));
      this.splat(eye, points, colours, 1, size, { ...options, opacity: 1 });
    }
  }

  private keep(key: string): void {
    const { still } = this;
    if (still.pixels.length !== this.pixelsOut.length) {
      still.pixels = new Uint32Array(this.pixelsOut.length);
      still.depth = new Float32Array(this.depth.length);
    }
    still.pixels.set(this.pixelsOut);
    still.depth.set(this.depth);
    still.key = key;
  }

  pixels(): ImageData {
    return this.context.getImageData(0, 0, this.canvas.width, this.canvas.height);
  }

  dispose(): void {
    this.image = null;
    this.pixelsOut = new Uint32Array(0);
    this.depth = new Float32Array(0);
    this.still.pixels = new Uint32Array(0);
    this.still.depth = new Float32Array(0);
    this.still.key = "";
    this.planes = [];
  }

  private resize(width: number, height: number): void {
    if (this.image && this.canvas.width === width && this.canvas.height === height) return;
    this.canvas.width = width;
    this.canvas.height = height;
    this.image = this.context.createImageData(width, height);
    this.pixelsOut = new Uint32Array(this.image.data.buffer);
    this.depth = new Float32Array(width * height);
  }

  private splat(
    eye: Eye, points: Float32Array, colours: Uint32Array, step: number, size: number, options: DrawOptions,
  ): void {
    const { pixelsOut, depth } = this;
    const { width, height, focal } = eye;
    const [ex, ey, ez] = eye.position;
    const [ax, ay, az] = eye.ahead;
    const [rx, ry, rz] = eye.right.map((value) => value * focal);
    const [ux, uy, uz] = eye.up.map((value) => value * focal);
    const [middleX, middleY] = [width / 2, height / 2];
    const half = (size - 1) / 2;
    const [right, bottom] = [width - size, height - size];
    const isOpaque = options.opacity >= 1;
    const count = colours.length;
    for (let i = 0; i < count; i += step) {
      const x = points[3 * i] - ex;
      const y = points[3 * i + 1] - ey;
      const z = points[3 * i + 2] - ez;
      const ahead = ax * x + ay * y + az * z;
      if (!(ahead > NEAR)) continue;
      const inverse = 1 / ahead;
      const left = Math.round(middleX + (rx * x + ry * y + rz * z) * inverse - 0.5 - half);
      const top = Math.round(middleY - (ux * x + uy * y + uz * z) * inverse - 0.5 - half);
      if (!(left >= 0 && top >= 0 && left <= right && top <= bottom)) continue;
      let colour = colours[i];
      if (!colour) continue;
      if (!isOpaque) colour = mixed(options.ground, colour, options.opacity);
      let at = top * width + left;
      for (let row = 0; row < size; row++, at += width) {
        for (let column = 0; column < size; column++) {
          if (ahead < depth[at + column]) {
            depth[at + column] = ahead;
            pixelsOut[at + column] = colour;
          }
        }
      }
    }
  }

  private drawLines(eye: Eye, lineWidth: number): void {
    const { positions, colours } = this.lines;
    const a = new Float64Array(3);
    const b = new Float64Array(3);
    for (let i = 0; i < colours.length; i++) {
      inEye(eye, positions, 6 * i, a);
      inEye(eye, positions, 6 * i + 3, b);
      if (clipped(a, b)) this.drawLine(eye, a, b, colours[i], lineWidth);
    }
  }

  /** Steps of one pixel; a sample is drawn where nothing nearer is, with room for points on the line itself. */
  private drawLine(eye: Eye, a: Float64Array, b: Float64Array, colour: number, lineWidth: number): void {
    const { width, height, focal } = eye;
    let [x0, y0, w0] = [width / 2 + (focal * a[0]) / a[2], height / 2 - (focal * a[1]) / a[2], 1 / a[2]];
    let [x1, y1, w1] = [width / 2 + (focal * b[0]) / b[2], height / 2 - (focal * b[1]) / b[2], 1 / b[2]];
    // Cut at the edges of the picture first: a line may be much longer than it.
    let [from, to] = [0, 1];
    for (const [start, change, low, high] of [[x0, x1 - x0, 0, width - 1], [y0, y1 - y0, 0, height - 1]]) {
      if (change === 0) {
        if (start < low || start > high) return;
        continue;
      }
      const [p, q] = [(low - start) / change, (high - start) / change];
      from = Math.max(from, Math.min(p, q));
      to = Math.min(to, Math.max(p, q));
    }
    if (!(from < to)) return;
    [x0, y0, w0, x1, y1, w1] = [
      x0 + from * (x1 - x0), y0 + from * (y1 - y0), w0 + from * (w1 - w0),
      x0 + to * (x1 - x0), y0 + to * (y1 - y0), w0 + to * (w1 - w0),
    ];
    const steps = Math.max(1, Math.ceil(Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0))));
    const { pixelsOut, depth } = this;
    for (let i = 0; i <= steps; i++) {
      const share = i / steps;
      const x = Math.floor(x0 + share * (x1 - x0));
      const y = Math.floor(y0 + share * (y1 - y0));
      const near = 0.995 / (w0 + share * (w1 - w0));
      for (let row = y; row < Math.min(y + lineWidth, height); row++) {
        for (let column = x; column < Math.min(x + lineWidth, width); column++) {
          const at = row * width + column;
          if (near < depth[at]) {
            depth[at] = near;
            pixelsOut[at] = colour;
          }
        }
      }
    }
  }
}

function inEye(eye: Eye, positions: Float32Array, at: number, out: Float64Array): void {
  const x = positions[at] - eye.position[0];
  const y = positions[at + 1] - eye.position[1];
  const z = positions[at + 2] - eye.position[2];
  out[0] = eye.right[0] * x + eye.right[1] * y + eye.right[2] * z;
  out[1] = eye.up[0] * x + eye.up[1] * y + eye.up[2] * z;
  out[2] = eye.ahead[0] * x + eye.ahead[1] * y + eye.ahead[2] * z;
}

/** Cut a line at the near plane; whether anything of it is left. */
function clipped(a: Float64Array, b: Float64Array): boolean {
  if (!(a[2] > NEAR || b[2] > NEAR)) return false;
  const [hidden, seen] = a[2] > NEAR ? [b, a] : [a, b];
  if (hidden[2] > NEAR) return true;
  const share = (NEAR * 1.01 - hidden[2]) / (seen[2] - hidden[2]);
  for (let i = 0; i < 3; i++) hidden[i] += share * (seen[i] - hidden[i]);
  return true;
}

export function mixed(ground: number, colour: number, share: number): number {
  const rest = 1 - share;
  const red = (ground & 255) * rest + (colour & 255) * share;
  const green = ((ground >> 8) & 255) * rest + ((colour >> 8) & 255) * share;
  const blue = ((ground >> 16) & 255) * rest + ((colour >> 16) & 255) * share;
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

const PLANE_PIXELS = 192;

/** An image in space as points: dense enough for the size at which it is seen. */
function sampled(plane: Plane): { points: Float32Array; colours: Uint32Array } {
  const width = PLANE_PIXELS;
  const height = Math.max(2, Math.round((width * plane.bitmap.height) / plane.bitmap.width));
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d")!;
  context.drawImage(plane.bitmap, 0, 0, width, height);
  const colours = new Uint32Array(context.getImageData(0, 0, width, height).data.buffer);
  const points = new Float32Array(3 * width * height);
  const { corners, columns, rows } = plane;
  for (let y = 0; y < height; y++) {
    const row = ((y + 0.5) / height) * (rows - 1);
    const j = Math.min(Math.floor(row), rows - 2);
    for (let x = 0; x < width; x++) {
      const column = ((x + 0.5) / width) * (columns - 1);
      const i = Math.min(Math.floor(column), columns - 2);
      for (let k = 0; k < 3; k++) {
        const corner = (di: number, dj: number): number => corners[3 * ((j + dj) * columns + i + di) + k];
        const top = corner(0, 0) + (column - i) * (corner(1, 0) - corner(0, 0));
        const low = corner(0, 1) + (column - i) * (corner(1, 1) - corner(0, 1));
        points[3 * (y * width + x) + k] = top + (row - j) * (low - top);
      }
    }
  }
  return { points, colours };
}
