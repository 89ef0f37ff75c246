// An image with points and shapes over it, on a 2D canvas.

import { type Projected, type Shot, type Solid, type Stage } from "./stage";
import { fromHex } from "./colour";
import type { Mask } from "./model";
import type { Rigid } from "./poses";
import { apply } from "./poses";

/** From pixels of the image to those of the canvas: `x = left + (u + 0.5) * scale`. */
export interface Placement {
  left: number;
  top: number;
  scale: number;
}

/** The whole image in the middle of a canvas. */
export function fitted(shot: Shot, width: number, height: number): Placement {
  const scale = Math.min(width / shot.width, height / shot.height);
  return { scale, left: (width - scale * shot.width) / 2, top: (height - scale * shot.height) / 2 };
}

/** The placement after zooming by a factor around the middle of the image and moving, shares of the fitted image. */
export function placed(
  shot: Shot, width: number, height: number, zoom: { factor: number; x: number; y: number },
): Placement {
  const base = fitted(shot, width, height);
  const scale = base.scale * zoom.factor;
  return {
    scale,
    left: width / 2 - zoom.x * shot.width * scale,
    top: height / 2 - zoom.y * shot.height * scale,
  };
}

export interface PointStyle {
  /** Side of the square, device pixels. */
  size: number;
  /** Points cover at most this share of the picture. */
  cover: number;
  opacity: number;
  /** Colour of a point by its place in `projected`. */
  colour: (place: number) => number;
  isShown: (point: number) => boolean;
}

/** Draws points into a layer that is kept from one picture to the next. */
export class PointLayer {
  private readonly canvas = new OffscreenCanvas(1, 1);
  private readonly context = this.canvas.getContext("2d")!;
  private image: ImageData | null = null;
  private pixels = new Uint32Array(0);
  private depth = new Float32Array(0);
  private nearest = new Int32Array(0);
  private inside = new Int32Array(0);

  /** Draw points over a canvas; returns how many were drawn. */
  draw(
    target: CanvasRenderingContext2D, projected: Projected, shot: Shot, place: Placement, style: PointStyle,
  ): number {
    const { width, height } = target.canvas;
    this.resize(width, height);
    this.pixels.fill(0);
    const chosen = this.thinned(projected, shot, place, style, width, height);
    this.depth.fill(Infinity);
    const { u, v, depth } = projected;
    const { size } = style;
    const half = (size - 1) / 2;
    for (const index of chosen) {
      const x = Math.round(place.left + (u[index] + 0.5) * place.scale - 0.5 - half);
      const y = Math.round(place.top + (v[index] + 0.5) * place.scale - 0.5 - half);
      const colour = style.colour(index);
      for (let row = Math.max(y, 0); row < Math.min(y + size, height); row++) {
        for (let column = Math.max(x, 0); column < Math.min(x + size, width); column++) {
          const at = row * width + column;
          if (depth[index] < this.depth[at]) {
            this.depth[at] = depth[index];
            this.pixels[at] = colour;
          }
        }
      }
    }
    this.context.putImageData(this.image!, 0, 0);
    target.globalAlpha = style.opacity;
    target.drawImage(this.canvas, 0, 0);
    target.globalAlpha = 1;
    return chosen.length;
  }

  private resize(width: number, height: number): void {
    if (this.image?.width === width && this.image.height === height) return;
    this.canvas.width = width;
    this.canvas.height = height;
    this.image = new ImageData(width, height);
    this.pixels = new Uint32Array(this.image.data.buffer);
    this.depth = new Float32Array(width * height);
  }

  /** The nearest point of each cell; all of them if they cover little enough. */
  private thinned(
    projected: Projected, shot: Shot, place: Placement, style: PointStyle, width: number, height: number,
  ): Int32Array {
    const { u, v, depth, index } = projected;
    if (this.inside.length < projected.count) this.inside = new Int32Array(projected.count);
    let held = 0;
    for (let i = 0; i < projected.count; i++) {
      const x = place.left + (u[i] + 0.5) * place.scale;
      const y = place.top + (v[i] + 0.5) * place.scale;
      if (x >= 0 && y >= 0 && x < width && y < height && style.isShown(index[i])) this.inside[held++] = i;
    }
    const inside = this.inside.subarray(0, held);
    const area = style.size * style.size;
    const seen = Math.min(width, shot.width * place.scale) * Math.min(height, shot.height * place.scale);
    if (inside.length * area <= style.cover * seen || style.cover >= 1) return inside;
    const cell = Math.sqrt(area / style.cover);
    const columns = Math.ceil(width / cell) + 1;
    const cells = columns * (Math.ceil(height / cell) + 1);
    if (this.nearest.length < cells) this.nearest = new Int32Array(cells);
    this.nearest.fill(-1, 0, cells);
    // Cells belong to the image, so that points keep their places while it is moved.
    const [shiftX, shiftY] = [place.left % cell, place.top % cell];
    for (const i of inside) {
      const x = place.left + (u[i] + 0.5) * place.scale;
      const y = place.top + (v[i] + 0.5) * place.scale;
      const at = Math.floor((y - shiftY) / cell) * columns + Math.floor((x - shiftX) / cell);
      if (at < 0 || at >= cells) continue;
      const other = this.nearest[at];
      if (other < 0 || depth[i] < depth[other]) this.nearest[at] = i;
    }
    let chosen = 0;
    for (let i = 0; i < cells; i++) if (this.nearest[i] >= 0) this.nearest[chosen++] = this.nearest[i];
    return this.nearest.subarray(0, chosen);
  }
}

// Corners of a box of size 2: x right, y to the front, z up; 2, 3, 6 and 7 are in front.
const CORNERS = [
  [-1, -1, -1], [1, -1, -1], [1, 1, -1], [-1, 1, -1], [-1, -1, 1], [1, -1, 1], [1, 1, 1], [-1, 1, 1],
];
export const EDGES: [number, number][] = [
  [0, 1], [1, 2], [2, 3], [3, 0], [4, 5], [5, 6], [6, 7], [7, 4], [0, 4], [1, 5], [2, 6], [3, 7],
];
export const FRONT: [number, number][] = [[2, 7], [3, 6]];

export function cornersOf(pose: Rigid, size: ArrayLike<number>): [number, number, number][] {
  return CORNERS.map(([x, y, z]) => apply(pose, (x * size[0]) / 2, (y * size[1]) / 2, (z * size[2]) / 2));
}

/** Lines in space of a shape; those that mark its front apart. */
export function linesOf(solid: Solid): { edges: number[][][]; front: number[][][] } {
  if (solid.cuboid) {
    const corners = cornersOf(solid.cuboid.pose, solid.cuboid.size);
    const line = ([a, b]: [number, number]): number[][] => [corners[a], corners[b]];
    return { edges: EDGES.map(line), front: FRONT.map(line) };
  }
  const points: number[][] = [];
  const numbers = solid.points ?? new Float64Array(0);
  for (let i = 0; i + 2 < numbers.length; i += 3) points.push(Array.from(numbers.subarray(i, i + 3)));
  if (solid.shape.is_closed && points.length) points.push(points[0]);
  return { edges: [points], front: [] };
}

const BEYOND = 0.25;

/** Trace a line in space through the lens, so that straight edges bend; returns the highest visible point. */
export function traceLine(
  path: Path2D, shot: Shot, place: Placement, line: number[][], pieces: number,
): [number, number] | null {
  const out = new Float64Array(3);
  const jump = Math.max(shot.width, shot.height) / 4;
  let isDown = false;
  let [lastU, lastV] = [0, 0];
  let top: [number, number] | null = null;
  for (let segment = 0; segment + 1 < line.length; segment++) {
    const [a, b] = [line[segment], line[segment + 1]];
    for (let step = segment === 0 ? 0 : 1; step <= pieces; step++) {
      const share = step / pieces;
      const inside = shot.project(
        a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1]), a[2] + share * (b[2] - a[2]), out,
      );
      const [u, v] = out;
      const isNear = u > -BEYOND * shot.width && u < (1 + BEYOND) * shot.width &&
        v > -BEYOND * shot.height && v < (1 + BEYOND) * shot.height;
      if (!isNear) {
        isDown = false;
        continue;
      }
      const x = place.left + (u + 0.5) * place.scale;
      const y = place.top + (v + 0.5) * place.scale;
      if (isDown && Math.abs(u - lastU) < jump && Math.abs(v - lastV) < jump) path.lineTo(x, y);
      else path.moveTo(x, y);
      isDown = true;
      [lastU, lastV] = [u, v];
      if (inside && (!top || y < top[1])) top = [x, y];
    }
  }
  return top;
}

/** Outlines of 2D shapes in pixels of the image; null for what cannot be drawn. */
export function flatOutline(kind: string, numbers: number[]): number[][] | null {
  if (kind === "bbox" && numbers.length === 4) {
    const [x, y, w, h] = numbers;
    return [[x - w / 2, y - h / 2], [x + w / 2, y - h / 2], [x + w / 2, y + h / 2], [x - w / 2, y + h / 2]];
  }
  if ((kind === "poly2d" && numbers.length >= 4) || (kind === "point2d" && numbers.length === 2)) {
    const points: number[][] = [];
    for (let i = 0; i + 1 < numbers.length; i += 2) points.push([numbers[i], numbers[i + 1]]);
    return points;
  }
  return null;
}

/** A mask in the colours of its classes; hidden ones are transparent. */
export function maskImage(mask: Mask, colourOf: (name: string) => string | null): OffscreenCanvas {
  const { width, height, names } = mask.data;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d")!;
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const table = new Uint32Array(256);
  for (const [number, name] of Object.entries(names)) {
    const colour = colourOf(name);
    if (colour) table[Number(number)] = fromHex(colour);
  }
  for (let i = 0; i < pixels.length; i++) pixels[i] = table[mask.values[i]];
  context.putImageData(image, 0, 0);
  return canvas;
}

/** The image's edges in grey (Sobel), to judge a calibration by. */
export function edgesOf(bitmap: ImageBitmap): OffscreenCanvas {
  const factor = Math.min(1, 1280 / bitmap.width);
  const [width, height] = [Math.round(bitmap.width * factor), Math.round(bitmap.height * factor)];
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.drawImage(bitmap, 0, 0, width, height);
  const image = context.getImageData(0, 0, width, height);
  const { data } = image;
  const grey = new Float32Array(width * height);
  for (let i = 0; i < grey.length; i++) grey[i] = 0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2];
  data.fill(0);
  for (let y = 1; y + 1 < height; y++) {
    for (let x = 1; x + 1 < width; x++) {
      const at = y * width + x;
      const [a, b, c] = [grey[at - width - 1], grey[at - width], grey[at - width + 1]];
      const [d, e] = [grey[at - 1], grey[at + 1]];
      const [f, g, h] = [grey[at + width - 1], grey[at + width], grey[at + width + 1]];
      const strength = Math.hypot(c + 2 * e + h - a - 2 * d - f, f + 2 * g + h - a - 2 * b - c) / 3;
      data[4 * at] = data[4 * at + 1] = data[4 * at + 2] = Math.min(strength, 235);
    }
  }
  for (let i = 3; i < data.length; i += 4) data[i] = 255;
  context.putImageData(image, 0, 0);
  return canvas;
}

/** The nearest point on the screen within a few pixels: its place in `projected`; -1 for none. */
export function nearestTo(
  projected: Projected, place: Placement, x: number, y: number, within: number, isShown: (point: number) => boolean,
): number {
  let [best, least] = [-1, within * within];
  for (let i = 0; i < projected.count; i++) {
    const dx = place.left + (projected.u[i] + 0.5) * place.scale - x;
    const dy = place.top + (projected.v[i] + 0.5) * place.scale - y;
    const square = dx * dx + dy * dy;
    if (square < least && isShown(projected.index[i])) [best, least] = [i, square];
  }
  return best;
}

export type { Stage };
