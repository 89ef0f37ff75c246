// Colours of points, by what they are coloured by.

import { GREY, fromHex, listed, turbo, viridis } from "./colour";
import type { Picture } from "./model";
import type { Shot, Stage } from "./stage";
import {
  type Colouring, classColours, hiddenDocuments, hiddenKinds, hiddenLidars, layers, revision, scales, shapeColour,
} from "./state";

const PLAIN = fromHex("#8fb8de");

let kept: { stage: Stage; key: string; colours: Uint32Array } | null = null;

/** One colour for each point, 0 for those that are hidden; the same array as long as nothing changed. */
export function pointColours(stage: Stage, by: Colouring): Uint32Array {
  const mode: Colouring = layers.value.segmentation && hasClasses(stage) ? "class" : by;
  const key = JSON.stringify([
    mode, stage.version, layers.value.points, [...hiddenLidars.value], mode === "image" ? revision.value : 0,
    mode === "track" ? [[...hiddenKinds.value], [...hiddenDocuments.value], [...classColours.value.keys()]] : 0,
    scales.value[mode]?.low ?? 0,
  ]);
  if (kept?.stage !== stage || kept.key !== key) kept = { stage, key, colours: computed(stage, mode) };
  return kept.colours;
}

function computed(stage: Stage, mode: Colouring): Uint32Array {
  const colours = new Uint32Array(stage.count);
  if (!layers.value.points) return colours;
  paint(stage, mode, colours);
  if (hiddenLidars.value.size) {
    stage.frame.clouds.forEach((cloud, index) => {
      if (hiddenLidars.value.has(cloud.lidar)) colours.fill(0, stage.starts[index], stage.starts[index + 1]);
    });
  }
  return colours;
}

export function hasClasses(stage: Stage): boolean {
  return stage.frame.clouds.some((cloud) => cloud.classes);
}

/** Whether the frame has what points are coloured by. */
export function isAvailable(stage: Stage, by: Colouring): boolean {
  const { clouds } = stage.frame;
  switch (by) {
    case "time": return clouds.some((cloud) => cloud.times);
    case "intensity": return clouds.some((cloud) => cloud.intensity);
    case "class": return hasClasses(stage);
    case "track": return stage.solids.length > 0;
    case "image": return [...stage.shots.values()].some((shot) => shot.canProject && shot.picture?.bitmap);
    default: return true;
  }
}

function paint(stage: Stage, by: Colouring, colours: Uint32Array): void {
  const { count, points, frame, starts } = stage;
  switch (by) {
    case "distance": {
      const scale = scales.value.distance!;
      for (let i = 0; i < count; i++) colours[i] = turbo[Math.round(255 * scale.share(stage.distances[i]))];
      break;
    }
    case "height": {
      const scale = scales.value.height!;
      for (let i = 0; i < count; i++) colours[i] = viridis[Math.round(255 * scale.share(points[3 * i + 2]))];
      break;
    }
    case "intensity":
    case "time":
    case "class":
    case "lidar":
      frame.clouds.forEach((cloud, number) => {
        const [start, end] = [starts[number], starts[number + 1]];
        if (by === "lidar") {
          colours.fill(listed(number), start, end);
          return;
        }
        const values = by === "intensity" ? cloud.intensity : by === "time" ? cloud.times : cloud.classes;
        if (!values) {
          colours.fill(GREY, start, end);
          return;
        }
        const scale = scales.value.time!;
        for (let i = start; i < end; i++) {
          const value = values[i - start];
          if (by === "intensity") colours[i] = viridis[value];
          else if (by === "time") colours[i] = viridis[Math.round(255 * scale.share(value / 100))];
          else colours[i] = value ? listed(value - 1) : GREY;
        }
      });
      break;
    case "track": {
      const members = stage.members();
      const own = stage.solids.map(({ shape }) =>
        hiddenKinds.value.has(shape.class_name)
          ? GREY
          : fromHex(shapeColour(shape.layer, shape.object_id, shape.class_name)));
      void classColours.value;
      for (let i = 0; i < count; i++) colours[i] = members[i] < 0 ? GREY : own[members[i]];
      break;
    }
    case "image":
      paintFromImages(stage, colours);
      break;
    default:
      colours.fill(PLAIN);
  }
}

const samples = new WeakMap<Picture, { width: number; height: number; pixels: Uint32Array }>();

function sampleOf(picture: Picture): { width: number; height: number; pixels: Uint32Array } | null {
  const found = samples.get(picture);
  if (found || !picture.bitmap) return found ?? null;
  const { bitmap } = picture;
  const factor = Math.min(1, 960 / bitmap.width);
  const [width, height] = [Math.round(bitmap.width * factor), Math.round(bitmap.height * factor)];
  const context = new OffscreenCanvas(width, height).getContext("2d")!;
  context.drawImage(bitmap, 0, 0, width, height);
  const made = { width, height, pixels: new Uint32Array(context.getImageData(0, 0, width, height).data.buffer) };
  samples.set(picture, made);
  return made;
}

const CELLS = 240;

/** From the image of the camera that sees a point from the shortest distance; grey where none does. */
function paintFromImages(stage: Stage, colours: Uint32Array): void {
  colours.fill(GREY);
  const nearest = new Float32Array(stage.count).fill(Infinity);
  for (const shot of stage.shots.values()) {
    const sample = shot.picture && sampleOf(shot.picture);
    if (sample) paintFrom(stage, shot, sample, colours, nearest);
  }
}

function paintFrom(
  stage: Stage, shot: Shot, sample: { width: number; height: number; pixels: Uint32Array }, colours: Uint32Array,
  nearest: Float32Array,
): void {
  const { count, index, u, v, depth } = stage.projected(shot);
  const rows = Math.ceil((CELLS * shot.height) / shot.width);
  const front = new Float32Array(CELLS * rows).fill(Infinity);
  const cells = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const row = Math.min(rows - 1, Math.floor(((v[i] + 0.5) / shot.height) * rows));
    const cell = row * CELLS + Math.min(CELLS - 1, Math.floor(((u[i] + 0.5) / shot.width) * CELLS));
    cells[i] = cell;
    if (depth[i] < front[cell]) front[cell] = depth[i];
  }
  for (let i = 0; i < count; i++) {
    const point = index[i];
    // What lies behind something else in the same place has not the colour that the camera saw there.
    if (depth[i] > 1.1 * front[cells[i]] + 0.3 || depth[i] >= nearest[point]) continue;
    nearest[point] = depth[i];
    const x = Math.min(sample.width - 1, Math.floor(((u[i] + 0.5) / shot.width) * sample.width));
    const y = Math.min(sample.height - 1, Math.floor(((v[i] + 0.5) / shot.height) * sample.height));
    colours[point] = sample.pixels[y * sample.width + x];
  }
}
