// Draws one camera: image, points, shapes, marks; zooms and picks in the large one.

import { effect, untracked } from "@preact/signals";

import { GREY, fromHex, palette, readable, toCss, turbo } from "../colour";
import {
  PointLayer, type Placement, edgesOf, fitted, flatOutline, linesOf, maskImage, nearestTo, placed, traceLine,
} from "../overlay";
import type { Mask, Picture, ShapeData } from "../model";
import { pointColours } from "../points";
import type { Shot, Stage } from "../stage";
import * as state from "../state";
import { halo, labelOf, ring, withRoom } from "./viewport";

const MOST_LABELS = 60;
const DASHES = [6, 4];
const MASK_OPACITY = 0.45;
const edges = new WeakMap<Picture, OffscreenCanvas>();
const masks = new WeakMap<Mask, { key: string; image: OffscreenCanvas }>();

export class Board {
  readonly canvas: HTMLCanvasElement;
  private readonly marks = document.createElement("canvas");
  private readonly layer = new PointLayer();
  private readonly stops: (() => void)[] = [];
  private readonly observer: ResizeObserver;
  private drawing = 0;
  private marking = 0;
  /** The image at the size and place of the last picture: scaling it takes longer than anything else. */
  private readonly scaled = { key: "", image: null as CanvasImageSource | null, canvas: null as OffscreenCanvas | null };
  private drawn: Shot | undefined;
  private place: Placement = { left: 0, top: 0, scale: 1 };

  constructor(private readonly box: HTMLElement, private readonly name: () => string, private readonly isLarge: boolean) {
    this.canvas = document.createElement("canvas");
    this.marks.className = "marks";
    box.append(this.canvas, this.marks);
    this.observer = new ResizeObserver(() => this.schedule());
    this.observer.observe(box);
    this.stops.push(effect(() => {
      void [
        state.stage.value, state.otherStage.value, state.colouring.value, state.layers.value,
        state.hiddenLidars.value, state.hiddenKinds.value, state.hiddenDocuments.value, state.cover.value,
        state.pointSize.value, state.opacity.value, state.selected.value, state.scales.value, state.theme.value,
        state.classColours.value, state.isLarge.value, this.name(),
      ];
      if (isLarge) void [state.imageZoom.value, state.wipe.value, state.comparison.value];
      this.schedule();
    }));
    this.stops.push(effect(() => {
      void state.revision.value;
      // A slider of one camera changes no other image.
      const shot = untracked(() => this.shot());
      if (isLarge || shot !== this.drawn || state.colouring.peek() === "image") this.schedule();
    }));
    this.stops.push(effect(() => {
      void [state.hovered.value, state.picked.value];
      this.marking ||= requestAnimationFrame(() => {
        this.marking = 0;
        untracked(() => this.drawMarks());
      });
    }));
    if (isLarge) this.listen();
  }

  dispose(): void {
    this.stops.forEach((stop) => stop());
    this.observer.disconnect();
    cancelAnimationFrame(this.drawing);
    cancelAnimationFrame(this.marking);
    this.box.replaceChildren();
  }

  drawNow(): void {
    cancelAnimationFrame(this.drawing);
    this.drawing = 0;
    untracked(() => this.draw());
  }

  private schedule(): void {
    this.drawing ||= requestAnimationFrame(() => {
      this.drawing = 0;
      untracked(() => this.draw());
    });
  }

  private shot(): Shot | undefined {
    return state.stage.value?.shots.get(this.name());
  }

  private draw(): void {
    const stage = state.stage.value;
    const shot = this.shot();
    this.drawn = shot;
    const ratio = devicePixelRatio || 1;
    const [width, height] = [Math.round(this.box.clientWidth * ratio), Math.round(this.box.clientHeight * ratio)];
    if (!width || !height) return;
    const { canvas } = this;
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    const context = canvas.getContext("2d")!;
    context.clearRect(0, 0, width, height);
    if (!stage || !shot) {
      this.drawMarks();
      return;
    }
    this.place = this.isLarge ? placed(shot, width, height, state.imageZoom.value) : fitted(shot, width, height);
    this.drawImage(context, shot);
    context.save();
    context.beginPath();
    context.rect(this.place.left, this.place.top, shot.width * this.place.scale, shot.height * this.place.scale);
    context.clip();
    this.drawMasks(context, stage, shot);
    const other = this.isLarge ? state.otherStage.value : null;
    if (other) this.drawWipe(context, stage, other, shot, width, height);
    else {
      this.drawPoints(context, stage, shot, null);
      this.drawShapes(context, stage, shot, ratio);
    }
    context.restore();
    this.drawMarks();
  }

  private drawImage(context: CanvasRenderingContext2D, shot: Shot): void {
    const { place } = this;
    const area: [number, number, number, number] = [
      place.left, place.top, shot.width * place.scale, shot.height * place.scale,
    ];
    const picture = shot.picture;
    if (!picture?.bitmap) {
      context.fillStyle = "#3a3f46";
      context.fillRect(...area);
      return;
    }
    let image: CanvasImageSource = picture.bitmap;
    if (state.layers.value.edges) {
      let found = edges.get(picture);
      if (!found) edges.set(picture, (found = edgesOf(picture.bitmap)));
      image = found;
    }
    const { width, height } = this.canvas;
    const key = JSON.stringify([area, width, height]);
    const { scaled } = this;
    if (!scaled.canvas || scaled.key !== key || scaled.image !== image) {
      scaled.canvas ??= new OffscreenCanvas(width, height);
      [scaled.canvas.width, scaled.canvas.height] = [width, height];
      const into = scaled.canvas.getContext("2d")!;
      into.imageSmoothingQuality = "high";
      into.imageSmoothingEnabled = place.scale * (shot.width / picture.bitmap.width) < 3;
      into.drawImage(image, ...area);
      [scaled.key, scaled.image] = [key, image];
    }
    context.drawImage(scaled.canvas, 0, 0);
  }

  private drawMasks(context: CanvasRenderingContext2D, stage: Stage, shot: Shot): void {
    if (!state.layers.value.segmentation) return;
    const { left, top, scale } = this.place;
    for (const mask of stage.frame.masks) {
      if (mask.data.camera !== shot.camera || state.hiddenDocuments.value.has(mask.data.layer)) continue;
      const colours = Object.values(mask.data.names).map((name) => [name, state.maskColour(mask.data, name)] as const);
      const key = JSON.stringify(colours);
      let found = masks.get(mask);
      if (found?.key !== key) {
        const table = new Map(colours);
        masks.set(mask, (found = { key, image: maskImage(mask, (name) => table.get(name) ?? null) }));
      }
      context.globalAlpha = MASK_OPACITY;
      context.imageSmoothingEnabled = false;
      context.drawImage(found.image, left, top, shot.width * scale, shot.height * scale);
      context.globalAlpha = 1;
    }
  }

  private drawPoints(context: CanvasRenderingContext2D, stage: Stage, shot: Shot, colour: number | null): void {
    if (!state.layers.value.points) return;
    const found = stage.projected(shot);
    if (!found.count) return;
    const colours = pointColours(stage, state.colouring.value);
    const scale = state.scales.value.distance;
    const byDistance = state.colouring.value === "distance" && !state.layers.value.segmentation && scale;
    const ratio = devicePixelRatio || 1;
    const size = this.isLarge ? Math.round((state.pointSize.value + (this.place.scale > 2 * ratio ? 1 : 0)) * (state.isLarge.value ? 1.5 : 1)) : Math.max(1, Math.round(state.pointSize.value * Math.min(1, context.canvas.width / (900 * ratio))));
    this.layer.draw(context, found, shot, this.place, {
      size: Math.max(1, size),
      cover: state.cover.value,
      opacity: state.opacity.value,
      colour: (index) =>
        colour ?? (byDistance ? turbo[Math.round(255 * scale.share(found.depth[index]))] : colours[found.index[index]] || GREY),
      isShown: state.isPointShown,
    });
  }

  /** Given on the left in blue, suggested on the right in orange. */
  private drawWipe(
    context: CanvasRenderingContext2D, stage: Stage, other: Stage, shot: Shot, width: number, height: number,
  ): void {
    const at = Math.round(width * state.wipe.value);
    const ratio = devicePixelRatio || 1;
    const second = other.shots.get(shot.camera)!;
    const sides: [Stage, Shot, number, number, string][] = [
      [stage, shot, 0, at, palette.compare.given],
      [other, second, at, width - at, palette.compare.suggested],
    ];
    for (const [shown, own, left, wide, colour] of sides) {
      context.save();
      context.beginPath();
      context.rect(left, 0, wide, height);
      context.clip();
      this.drawPoints(context, shown, own, fromHex(colour));
      this.drawShapes(context, shown, own, ratio);
      context.restore();
    }
    context.fillStyle = "#ffffff";
    context.fillRect(at - ratio, 0, 2 * ratio, height);
    context.font = `${14 * ratio}px system-ui, sans-serif`;
    context.textAlign = "right";
    halo(context, "A given", at - 8 * ratio, 20 * ratio, "#7cc4f0", "#000000", ratio);
    context.textAlign = "left";
    halo(context, "B suggested", at + 8 * ratio, 20 * ratio, "#ffc04d", "#000000", ratio);
  }

  private drawShapes(context: CanvasRenderingContext2D, stage: Stage, shot: Shot, ratio: number): void {
    const labels: [number, number, string, string][] = [];
    const named = new Set<string>();
    const isDouble = (state.head.value?.layers.length ?? 0) > 1;
    const large = state.isLarge.value ? 1.7 : 1;
    const thick = (this.isLarge ? 1.6 : 1.1) * ratio * large;
    const pieces = this.isLarge ? 40 : 10;
    const solids = [...stage.solids].sort((a, b) => distanceOf(b) - distanceOf(a));
    if (shot.canProject) {
      for (const solid of solids) {
        const { shape } = solid;
        if (!state.isShapeShown(shape.layer, shape.class_name)) continue;
        const { edges: lines, front } = linesOf(solid);
        const path = new Path2D();
        let top: [number, number] | null = null;
        for (const line of lines) {
          const found = traceLine(path, shot, this.place, line, pieces);
          if (found && (!top || found[1] < top[1])) top = found;
        }
        const colour = this.stroke(context, path, shape, thick, isDouble);
        const cross = new Path2D();
        for (const line of front) traceLine(cross, shot, this.place, line, pieces);
        context.lineWidth = thick / 2;
        context.stroke(cross);
        if (top) {
          labels.push([...top, labelOf(shape), colour]);
          named.add(shape.object_id);
        }
      }
    }
    for (const line of shot.picture?.data.baked_lines ?? []) {
      const shape = stage.frame.data.shapes.find((item) => item.object_id === line.object_id && item.layer === line.layer);
      if (!shape || !state.isShapeShown(shape.layer, shape.class_name)) continue;
      const path = this.trace(line.pixels, false);
      this.stroke(context, path, shape, line.is_front ? thick / 2 : thick, isDouble);
    }
    this.drawFlat(context, stage, shot, thick, ratio, isDouble, labels, named);
    context.setLineDash([]);
    if (!this.isLarge || !state.layers.value.labels) return;
    context.font = `${Math.round(12 * ratio * (state.isLarge.value ? 1.4 : 1))}px system-ui, sans-serif`;
    context.textAlign = "center";
    // Inside the image, which may be narrower than the canvas.
    const left = Math.max(this.place.left, 0);
    const right = Math.min(this.place.left + shot.width * this.place.scale, this.canvas.width);
    const top = Math.max(this.place.top, 0) + 13 * ratio;
    // The nearest come last; each object is named once.
    const nearest = labels.reverse().map(([x, y, text, colour]): [number, number, string, string] => {
      const half = context.measureText(text).width / 2 + 4;
      const inside = right - left > 2 * half ? Math.min(Math.max(x, left + half), right - half) : x;
      return [inside, Math.max(y - 5 * ratio, top), text, colour];
    });
    const shown = withRoom(context, nearest, ([x, y, text]) => [x, y, text], 15 * ratio).slice(0, MOST_LABELS);
    for (const [x, y, text, colour] of shown) {
      halo(context, text, x, y, toCss(readable(fromHex(colour), fromHex("#000000"))), "#000000", ratio);
    }
  }

  private drawFlat(
    context: CanvasRenderingContext2D, stage: Stage, shot: Shot, thick: number, ratio: number, isDouble: boolean,
    labels: [number, number, string, string][], named: Set<string>,
  ): void {
    const own = stage.frame.data.shapes.filter(
      (shape) => shape.stream === shot.camera && state.isShapeShown(shape.layer, shape.class_name),
    );
    for (const shape of own) {
      const outline = flatOutline(shape.kind, shape.numbers);
      if (!outline) continue;
      const isClosed = shape.kind === "bbox" || shape.is_closed;
      const path = shape.kind === "point2d" ? this.cross(outline[0], 5 * ratio) : this.trace(outline.flat(), isClosed);
      const colour = this.stroke(context, path, shape, thick, isDouble);
      if (shape.is_hole) continue;
      if (isClosed) {
        for (const hole of own) if (isHoleOf(hole, shape)) path.addPath(this.trace(hole.numbers, true));
        context.globalAlpha = state.layers.value.segmentation ? MASK_OPACITY : 0.1;
        context.fillStyle = colour;
        context.fill(path, "evenodd");
        context.globalAlpha = 1;
      }
      const top = outline.reduce((best, point) => (point[1] < best[1] ? point : best));
      if (!named.has(shape.object_id)) labels.push([this.x(top[0]), this.y(top[1]), labelOf(shape), colour]);
    }
  }

  private stroke(
    context: CanvasRenderingContext2D, path: Path2D, shape: { layer: number; object_id: string; class_name: string },
    thick: number, isDouble: boolean,
  ): string {
    const colour = state.shapeColour(shape.layer, shape.object_id, shape.class_name);
    const isSelected = shape.object_id === state.selected.value;
    // Not by colour alone: the first of two documents is dashed.
    context.setLineDash(isDouble && shape.layer === 0 ? DASHES.map((length) => length * thick) : []);
    context.lineJoin = "round";
    if (isSelected) {
      context.strokeStyle = "#ffffff";
      context.lineWidth = 3 * thick;
      context.stroke(path);
    }
    context.strokeStyle = colour;
    context.lineWidth = thick;
    context.stroke(path);
    return colour;
  }

  private x(u: number): number {
    return this.place.left + (u + 0.5) * this.place.scale;
  }

  private y(v: number): number {
    return this.place.top + (v + 0.5) * this.place.scale;
  }

  private trace(numbers: number[], isClosed: boolean): Path2D {
    const path = new Path2D();
    for (let i = 0; i + 1 < numbers.length; i += 2) path.lineTo(this.x(numbers[i]), this.y(numbers[i + 1]));
    if (isClosed) path.closePath();
    return path;
  }

  private cross([u, v]: number[], arm: number): Path2D {
    const path = new Path2D();
    path.moveTo(this.x(u) - arm, this.y(v));
    path.lineTo(this.x(u) + arm, this.y(v));
    path.moveTo(this.x(u), this.y(v) - arm);
    path.lineTo(this.x(u), this.y(v) + arm);
    return path;
  }

  /** Rings around the points under the pointer and chosen, on a canvas of their own. */
  private drawMarks(): void {
    const { marks, canvas } = this;
    const [stage, shot] = [state.stage.value, this.shot()];
    const found = [state.picked.value, state.hovered.value].filter((mark) => mark !== null);
    if (!found.length && !marks.width) return;
    // A canvas without marks takes no memory.
    [marks.width, marks.height] = found.length ? [canvas.width, canvas.height] : [0, 0];
    if (!stage || !shot) return;
    const context = marks.getContext("2d")!;
    const { left, top, scale } = this.place;
    context.beginPath();
    context.rect(left, top, shot.width * scale, shot.height * scale);
    context.clip();
    for (const { point } of found) {
      const pixel = pixelOf(stage, shot, point);
      if (pixel) ring(context, this.x(pixel[0]), this.y(pixel[1]), devicePixelRatio || 1, "#ffffff", "#000000");
    }
  }

  /** What is under a place in CSS pixels: a pixel of the image, and the point next to it. */
  pickAt(x: number, y: number): state.Picked | null {
    const stage = state.stage.peek();
    const shot = this.shot();
    if (!stage || !shot) return null;
    const ratio = devicePixelRatio || 1;
    const u = (x * ratio - this.place.left) / this.place.scale - 0.5;
    const v = (y * ratio - this.place.top) / this.place.scale - 0.5;
    if (u < -0.5 || v < -0.5 || u > shot.width || v > shot.height) return null;
    const found = stage.projected(shot);
    const index = state.layers.value.points
      ? nearestTo(found, this.place, x * ratio, y * ratio, 9 * ratio, state.isPointShown)
      : -1;
    return { point: index < 0 ? -1 : found.index[index], camera: this.name(), u, v, mask: maskAt(stage, shot, u, v) };
  }

  private listen(): void {
    const { box } = this;
    let from: { x: number; y: number; moved: boolean; wipes: boolean } | null = null;
    const on = <K extends keyof HTMLElementEventMap>(name: K, act: (event: HTMLElementEventMap[K]) => void): void => {
      box.addEventListener(name, act as EventListener, { passive: false });
      this.stops.push(() => box.removeEventListener(name, act as EventListener));
    };
    on("pointerdown", (event) => {
      box.setPointerCapture(event.pointerId);
      const wipes = !!state.otherStage.value && Math.abs(event.offsetX - state.wipe.value * box.clientWidth) < 12;
      from = { x: event.clientX, y: event.clientY, moved: false, wipes };
    });
    let hovering = 0;
    on("pointermove", (event) => {
      if (from?.wipes) {
        state.wipe.value = Math.min(Math.max(event.offsetX / box.clientWidth, 0), 1);
        return;
      }
      if (from) {
        const [dx, dy] = [event.clientX - from.x, event.clientY - from.y];
        if (!from.moved && Math.hypot(dx, dy) < 3) return;
        const shot = this.shot();
        const ratio = devicePixelRatio || 1;
        if (shot) {
          const zoom = state.imageZoom.value;
          state.imageZoom.value = {
            ...zoom,
            x: zoom.x - (dx * ratio) / (shot.width * this.place.scale),
            y: zoom.y - (dy * ratio) / (shot.height * this.place.scale),
          };
        }
        from = { ...from, x: event.clientX, y: event.clientY, moved: true };
        return;
      }
      const [x, y] = [event.offsetX, event.offsetY];
      hovering ||= requestAnimationFrame(() => {
        hovering = 0;
        state.hovered.value = this.pickAt(x, y);
      });
    });
    on("pointerup", (event) => {
      if (from && !from.moved && !from.wipes) state.picked.value = this.pickAt(event.offsetX, event.offsetY);
      from = null;
    });
    on("pointercancel", () => (from = null));
    on("pointerleave", () => (state.hovered.value = null));
    on("dblclick", () => (state.imageZoom.value = { factor: 1, x: 0.5, y: 0.5 }));
    on("wheel", (event) => {
      event.preventDefault();
      this.zoom(Math.exp(-Math.min(Math.max(event.deltaY, -200), 200) * 0.002), event.offsetX, event.offsetY);
    });
  }

  /** Zoom so that what is under a place in CSS pixels stays there. */
  private zoom(by: number, x: number, y: number): void {
    const shot = this.shot();
    if (!shot) return;
    const ratio = devicePixelRatio || 1;
    const { width, height } = this.canvas;
    const old = state.imageZoom.value;
    const factor = Math.min(Math.max(old.factor * by, 1), 60);
    if (factor === 1) {
      state.imageZoom.value = { factor: 1, x: 0.5, y: 0.5 };
      return;
    }
    const [px, py] = [x * ratio, y * ratio];
    const [u, v] = [(px - this.place.left) / this.place.scale, (py - this.place.top) / this.place.scale];
    const scale = fitted(shot, width, height).scale * factor;
    state.imageZoom.value = {
      factor,
      x: (u + (width / 2 - px) / scale) / shot.width,
      y: (v + (height / 2 - py) / scale) / shot.height,
    };
  }
}

/** Where a point of the stage appears in an image; null if it does not. */
function pixelOf(stage: Stage, shot: Shot, point: number): [number, number] | null {
  if (point < 0 || point >= stage.count) return null;
  if (shot.canProject) {
    const out = new Float64Array(3);
    return shot.project(...state.positionOf(point), out) ? [out[0], out[1]] : null;
  }
  const { index, u, v } = stage.projected(shot);
  const at = index.indexOf(point);
  return at < 0 ? null : [u[at], v[at]];
}

/** Class of a pixel in the masks that are shown. */
function maskAt(stage: Stage, shot: Shot, u: number, v: number): string {
  if (!state.layers.value.segmentation) return "";
  const found: string[] = [];
  for (const { data, values } of stage.frame.masks) {
    if (data.camera !== shot.camera || state.hiddenDocuments.value.has(data.layer)) continue;
    const column = Math.floor(((u + 0.5) / shot.width) * data.width);
    const row = Math.floor(((v + 0.5) / shot.height) * data.height);
    const name = data.names[values[row * data.width + column]];
    if (name && !state.hiddenKinds.value.has(name)) found.push(name);
  }
  return found.join(", ");
}

function isHoleOf(hole: ShapeData, shape: ShapeData): boolean {
  return hole.is_hole && hole.kind === shape.kind && hole.layer === shape.layer &&
    hole.object_id === shape.object_id && hole.polygon_id === shape.polygon_id;
}

function distanceOf(solid: { cuboid: { pose: Float64Array } | null; points: Float64Array | null }): number {
  if (solid.cuboid) return Math.hypot(solid.cuboid.pose[9], solid.cuboid.pose[10]);
  return solid.points?.length ? Math.hypot(solid.points[0], solid.points[1]) : 0;
}

