// What is shown, as signals: views redraw when a signal they read changes.

import { batch, computed, effect, signal } from "@preact/signals";

import { Scale, distanceScale, kindColours, linearScale, listed, palette, toHex } from "./colour";
import { FrameCache, HostSource, LoadError, PageSource, ProcessingError, type Source, loadScene } from "./loader";
import type { CameraData, MaskData, Scene } from "./model";
import { Trajectory } from "./motion";
import { type Orbit, firstOrbit } from "./orbit";
import { DamagedError } from "./packet";
import { apply, rigidOf } from "./poses";
import { type Adjustment, NO_ADJUSTMENT, type Settings, Stage } from "./stage";

export type Colouring = "distance" | "height" | "intensity" | "time" | "lidar" | "class" | "track" | "image" | "plain";
export type Layout = "3d" | "images" | "both";
export type Comparison = "given" | "suggested" | "wipe";
export const LAYERS = ["points", "boxes", "labels", "segmentation", "frusta", "planes", "grid", "path", "edges"] as const;
export type LayerName = (typeof LAYERS)[number];

export type Status =
  | { kind: "loading"; text: string }
  | { kind: "ready" }
  | { kind: "processing"; text: string }
  | { kind: "failed"; text: string; errors: { file: string; message: string }[] };

export interface Picked {
  /** Position in the points of the stage; -1 for a pixel without a point. */
  point: number;
  camera: string | null;
  u: number;
  v: number;
  /** Class of the pixel in a mask. */
  mask: string;
}

const root = document.getElementById("app")!;
const address = root.dataset.source;
export const source: Source = address ? new HostSource(address) : new PageSource();
export const back = root.dataset.back ?? "";

export const status = signal<Status>({ kind: "loading", text: "Reading the scene" });
export const scene = signal<Scene | null>(null);
export const frameIndex = signal(0);
export const stage = signal<Stage | null>(null);
/** The same frame in the other calibration, while both are compared. */
export const otherStage = signal<Stage | null>(null);
/** Counts up whenever numbers inside the stages change. */
export const revision = signal(0);
export const frameError = signal("");
export const isWaiting = signal(false);
export const cache = signal<FrameCache | null>(null);

export const layout = signal<Layout>("both");
export const camera = signal("");
export const colouring = signal<Colouring>("distance");
export const pointSize = signal(2);
export const cover = signal(0.2);
export const opacity = signal(1);
export const layers = signal<Record<LayerName, boolean>>({
  points: true, boxes: true, labels: true, segmentation: false, frusta: true, planes: false, grid: true, path: true,
  edges: false,
});
export const hiddenLidars = signal<ReadonlySet<string>>(new Set());
export const hiddenKinds = signal<ReadonlySet<string>>(new Set());
export const hiddenDocuments = signal<ReadonlySet<number>>(new Set());
export const compensate = signal(true);
export const comparison = signal<Comparison>("given");
export const wipe = signal(0.5);
export const adjustments = signal<Record<string, Adjustment>>({});
export const sensor = signal("");
export const isPlaying = signal(false);
export const speed = signal(1);
export const hovered = signal<Picked | null>(null);
export const picked = signal<Picked | null>(null);
export const selected = signal<string | null>(null);
/** The chosen object is kept in view from frame to frame. */
export const isFollowing = signal(false);
export const theme = signal<"light" | "dark">(matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark");
export const isLarge = signal(new URLSearchParams(location.search).has("large"));
export const dialog = signal<"" | "keys" | "notes" | "search" | "time">("");
export const orbit = signal<Orbit>({ target: [0, 0, 0], distance: 40, yaw: 0, pitch: 0.5 });
export const imageZoom = signal({ factor: 1, x: 0.5, y: 0.5 });
export const rendererName = signal("");
export const tab = signal<"view" | "images" | "panel">("view");
export const panel = signal<"view" | "calibration" | "objects">("view");

export const forcedRenderer = ((): "gl" | "cpu" | null => {
  const wish = new URLSearchParams(location.search).get("renderer");
  return wish === "gl" || wish === "cpu" ? wish : null;
})();

export const head = computed(() => scene.value?.head ?? null);
export const count = computed(() => head.value?.frames.length ?? 0);

/** Cameras by where they look, from left to right, those behind at the ends. */
export const cameras = computed<CameraData[]>(() => {
  const all = head.value?.cameras ?? [];
  const front = forward.value;
  const azimuth = new Map(all.map((item) => [item.name, azimuthOf(item, front)]));
  if ([...azimuth.values()].some((angle) => angle === null)) return all;
  return [...all].sort((a, b) => azimuth.get(b.name)! - azimuth.get(a.name)!);
});

const AHEAD = (75 * Math.PI) / 180;
const PER_ROW = 3;

/** The same in rows: those that look ahead, then those behind; what is on the left stays on the left. */
export const cameraRows = computed<string[][]>(() => {
  const all = cameras.value;
  const azimuth = new Map(all.map((item) => [item.name, azimuthOf(item, forward.value)]));
  const names = all.map(({ name }) => name);
  if (all.length <= 2) return [names];
  if ([...azimuth.values()].some((angle) => angle === null)) return inRows(names);
  const isAhead = (name: string): boolean => Math.abs(azimuth.get(name)!) <= AHEAD;
  const fromLeft = (name: string): number => (azimuth.get(name)! + 2 * Math.PI) % (2 * Math.PI);
  const behind = names.filter((name) => !isAhead(name)).sort((a, b) => fromLeft(a) - fromLeft(b));
  return [...inRows(names.filter(isAhead)), ...inRows(behind)];
});

/** Rows of about the same length. */
function inRows(names: string[]): string[][] {
  const rows = Math.ceil(names.length / PER_ROW);
  const length = Math.ceil(names.length / rows);
  return Array.from({ length: rows }, (_, row) => names.slice(row * length, (row + 1) * length));
}

const AHEAD_NAME = /front|forward/i;
const ASIDE_NAME = /left|right|side|rear|back/i;

function isAheadByName(name: string): boolean {
  return AHEAD_NAME.test(name) && !ASIDE_NAME.test(name);
}

/** Where the vehicle's front is: from its motion, else from its cameras (by their names, if they say), else +x. */
export const forward = computed<[number, number]>(() => {
  const found = head.value;
  if (!found) return [1, 0];
  if (found.forward) return found.forward;
  const named = found.cameras.filter(({ name }) => isAheadByName(name));
  const chosen = named.length ? named : found.cameras;
  const looks = chosen.map((item) => axisOf(item)).filter((axis) => axis !== null);
  const sum = looks.reduce((total, [x, y]) => [total[0] + x, total[1] + y], [0, 0]);
  const length = Math.hypot(...sum);
  // Cameras all around look nowhere on average.
  return looks.length && length > 0.3 * looks.length ? [sum[0] / length, sum[1] / length] : [1, 0];
});

function axisOf(item: CameraData): [number, number] | null {
  const motion = item.given && rigidOf(item.given.pose);
  return motion && [motion[2], motion[5]];
}

function azimuthOf(item: CameraData, [fx, fy]: [number, number]): number | null {
  const axis = axisOf(item);
  return axis && Math.atan2(fx * axis[1] - fy * axis[0], fx * axis[0] + fy * axis[1]);
}

export const classColours = computed(() => {
  const kinds = new Set<string>();
  // Classes of frames not yet seen come in as they are read.
  for (const kind of knownKinds.value) kinds.add(kind);
  const colours = kindColours(kinds);
  // Objects, pixels and points of a class have one colour.
  for (const [number, name] of Object.entries(head.value?.classes ?? {})) {
    if (colours.has(name)) colours.set(name, toHex(listed(Number(number) - 1)));
  }
  return colours;
});
const knownKinds = signal<ReadonlySet<string>>(new Set());

/** Scales fit the first frame, and stay. */
export const scales = signal<Partial<Record<Colouring, Scale>>>({});

export const canCompare = computed(
  () => !!head.value?.has_second_calibration || Object.keys(adjustments.value).length > 0,
);

export function settingsOf(side: "given" | "suggested"): Settings {
  return {
    variant: side,
    // What was given is shown as it was given; sliders belong to the other side.
    adjustments: side === "given" ? {} : adjustments.value,
    compensate: compensate.value,
  };
}

export function adjustmentOf(name: string): Adjustment {
  return adjustments.value[name] ?? NO_ADJUSTMENT;
}

export function adjust(name: string, change: Partial<Adjustment>): void {
  const next = { ...adjustmentOf(name), ...change };
  const rest = { ...adjustments.value };
  if (Object.values(next).every((value) => value === 0)) delete rest[name];
  else rest[name] = next;
  batch(() => {
    adjustments.value = rest;
    if (comparison.value === "given") comparison.value = "suggested";
    if (!canCompare.value) comparison.value = "given";
  });
}

export function toggle(name: LayerName): void {
  layers.value = { ...layers.value, [name]: !layers.value[name] };
}

export function switched<T>(set: ReadonlySet<T>, item: T): ReadonlySet<T> {
  const next = new Set(set);
  if (!next.delete(item)) next.add(item);
  return next;
}

export async function start(): Promise<void> {
  try {
    const loaded = await loadScene(source);
    document.title = loaded.head.title;
    batch(() => {
      scene.value = loaded;
      compensate.value = loaded.head.is_compensated;
      cache.value = new FrameCache(source, loaded.head.frames.length, (frame) => {
        for (const { bitmap } of frame.pictures.values()) bitmap?.close();
      });
      camera.value = firstCamera();
      sensor.value = camera.value || (loaded.head.lidars[0]?.name ?? "");
      if (!loaded.head.cameras.length) layout.value = "3d";
      else if (!loaded.head.lidars.length) layout.value = "images";
    });
    readHash();
    await show(frameIndex.value);
    status.value = { kind: "ready" };
    // Only now: what the address says must be read before it is written.
    effect(writeHash);
  } catch (error) {
    status.value = statusOf(error);
    if (status.value.kind === "processing") setTimeout(() => void start(), 2000);
  }
}

function statusOf(error: unknown): Status {
  if (error instanceof ProcessingError) return { kind: "processing", text: error.message };
  const errors = error instanceof LoadError ? error.errors : [];
  const text = error instanceof LoadError || error instanceof DamagedError ? error.message : String(error);
  return { kind: "failed", text, errors };
}

/** The camera that looks ahead. */
function firstCamera(): string {
  const [fx, fy] = forward.value;
  const score = (item: CameraData): number => {
    const axis = axisOf(item);
    // Of cameras that look the same way, the one whose name says ahead.
    return axis ? axis[0] * fx + axis[1] * fy + (isAheadByName(item.name) ? 1e-6 : 0) : -2;
  };
  const all = [...(head.value?.cameras ?? [])].sort((a, b) => score(b) - score(a));
  return all[0]?.name ?? "";
}

let wanted = 0;

/** Show a frame; of requests that overtake each other the last one counts. */
export async function show(index: number): Promise<void> {
  const frames = cache.value;
  const loaded = scene.value;
  if (!frames || !loaded || !loaded.head.frames.length) return;
  const chosen = Math.min(Math.max(index, 0), count.value - 1);
  const number = ++wanted;
  frameIndex.value = chosen;
  frames.shown = chosen;
  const slow = setTimeout(() => (isWaiting.value = true), 200);
  try {
    const frame = await frames.get(chosen);
    if (number !== wanted) return;
    const path = loaded.trajectory && loaded.trajectory.times.length > 1 ? new Trajectory(loaded.trajectory) : null;
    const fresh = new Stage(loaded, path, frame);
    batch(() => {
      const isFirst = !stage.value;
      hovered.value = null;
      picked.value = null;
      otherStage.value = comparison.value === "wipe" ? new Stage(loaded, path, frame) : null;
      const before = placeOfSelected();
      stage.value = fresh;
      updateStages();
      follow(before);
      learn(fresh, isFirst);
      frameError.value = "";
    });
    frames.ahead(chosen);
  } catch (error) {
    if (number !== wanted || (error instanceof DOMException && error.name === "AbortError")) return;
    frameError.value = error instanceof Error ? error.message : String(error);
  } finally {
    clearTimeout(slow);
    if (number === wanted) isWaiting.value = false;
  }
}

function learn(fresh: Stage, isFirst: boolean): void {
  const kinds = fresh.frame.data.shapes.map((shape) => shape.class_name);
  for (const { names } of fresh.frame.data.masks) kinds.push(...Object.values(names));
  if (kinds.some((kind) => !knownKinds.value.has(kind))) knownKinds.value = new Set([...knownKinds.value, ...kinds]);
  if (!isFirst) return;
  // Without its colours a mask is not there.
  if (fresh.frame.masks.length && !hasLayers) layers.value = { ...layers.value, segmentation: true };
  if (!hasOrbit) orbit.value = firstOrbit(fresh.points, forward.value);
  const depth = scene.value!.head.depth_range;
  const heights = new Float32Array(fresh.count);
  for (let i = 0; i < fresh.count; i++) heights[i] = fresh.points[3 * i + 2];
  const times = new Float32Array(fresh.count);
  for (let i = 0; i < fresh.count; i++) times[i] = fresh.timeOf(i) ?? NaN;
  const ends = fresh.frame.clouds.find((cloud) => cloud.intensity)?.intensityEnds ?? [0, 1];
  scales.value = {
    distance: depth ? new Scale(depth[0], depth[1], true, "m") : distanceScale(depthsOf(fresh)),
    height: linearScale(heights.filter(Number.isFinite), 0.05, 0.97, "m"),
    intensity: new Scale(ends[0], ends[1], false, ""),
    time: linearScale(times.filter(Number.isFinite), 0, 1, "ms"),
  };
}

/** Distances that matter for the scale: of what the cameras see, else of everything but the vehicle itself. */
function depthsOf(fresh: Stage): Float32Array {
  const seen = [...fresh.shots.values()].map((shot) => fresh.projected(shot).depth);
  const found = new Float32Array(seen.reduce((sum, depths) => sum + depths.length, 0));
  let at = 0;
  for (const depths of seen) {
    found.set(depths, at);
    at += depths.length;
  }
  return found.length > 100 ? found : fresh.distances.filter((distance) => distance > 2.5);
}

/** Compute the stages again after a setting changed. */
export function updateStages(): void {
  const main = stage.value;
  if (!main) return;
  const side = comparison.value === "suggested" ? "suggested" : "given";
  main.update(settingsOf(side));
  if (comparison.value === "wipe") {
    const loaded = scene.value!;
    const path = loaded.trajectory && loaded.trajectory.times.length > 1 ? new Trajectory(loaded.trajectory) : null;
    if (otherStage.value?.frame !== main.frame) otherStage.value = new Stage(loaded, path, main.frame);
    otherStage.value.update(settingsOf("suggested"));
  } else {
    otherStage.value = null;
  }
  revision.value++;
}

effect(() => {
  // Read, so that each of them leads here.
  void [comparison.value, adjustments.value, compensate.value];
  batch(updateStagesUntracked);
});

function updateStagesUntracked(): void {
  // A microtask later, nothing is tracked.
  queueMicrotask(() => batch(updateStages));
}

/** Colour of a shape: of its class, or of what two documents have in common. */
export function shapeColour(layer: number, objectId: string, className: string): string {
  if ((head.value?.layers.length ?? 0) > 1 && !hiddenDocuments.value.size) return difference(layer, objectId);
  return classColours.value.get(className) ?? "#ffffff";
}

const TOLERANCE = 0.011;

function difference(layer: number, objectId: string): string {
  const shapes = stage.value?.frame.data.shapes ?? [];
  const own = shapes.filter((shape) => shape.layer === layer && shape.object_id === objectId);
  const others = shapes.filter((shape) => shape.layer !== layer && shape.object_id === objectId);
  const isSame = own.length === others.length && own.every((shape) =>
    others.some((other) => other.kind === shape.kind && other.class_name === shape.class_name &&
      other.numbers.length === shape.numbers.length &&
      other.numbers.every((value, index) => Math.abs(value - shape.numbers[index]) < TOLERANCE)));
  if (isSame) return palette.difference.same;
  return layer === 0 ? palette.difference.removed : palette.difference.added;
}

/** Colour of a class in a mask; null if it is hidden. */
export function maskColour(mask: MaskData, name: string): string | null {
  if (hiddenKinds.value.has(name)) return null;
  return shapeColour(mask.layer, mask.object_id, name);
}

/** Middle of the chosen cuboid in the reference system of the frame on the screen. */
function placeOfSelected(): [number, number, number] | null {
  const pose = stage.value?.solids.find(({ shape, cuboid }) => cuboid && shape.object_id === selected.value)?.cuboid?.pose;
  return pose ? [pose[9], pose[10], pose[11]] : null;
}

/** Shift the eye with the chosen object, and show the camera that sees it best. */
function follow(before: [number, number, number] | null): void {
  const now = placeOfSelected();
  if (!isFollowing.value || !now) return;
  const { target } = orbit.value;
  // Where it was not in the last frame, the eye turns to it.
  const from = before ?? target;
  orbit.value = { ...orbit.value, target: [0, 1, 2].map((i) => target[i] + now[i] - from[i]) as [number, number, number] };
  lookAt(now);
}

/** Choose the camera that sees a place nearest to its middle; the present one stays while it sees it. */
function lookAt([x, y, z]: [number, number, number]): void {
  const out = new Float64Array(3);
  let [best, least] = ["", Infinity];
  for (const shot of stage.value?.shots.values() ?? []) {
    if (!shot.project(x, y, z, out)) continue;
    if (shot.camera === camera.value) return;
    const off = Math.hypot(out[0] / shot.width - 0.5, out[1] / shot.height - 0.5);
    if (off < least) [best, least] = [shot.camera, off];
  }
  if (!best) return;
  camera.value = best;
  sensor.value = best;
}

export function setFollowing(on: boolean): void {
  batch(() => {
    isFollowing.value = on && selected.value !== null;
    follow(null);
  });
}

export function isShapeShown(layer: number, className: string): boolean {
  return layers.value.boxes && !hiddenKinds.value.has(className) && !hiddenDocuments.value.has(layer);
}

/** Segmentation has its own switch; without it a point is shown if its lidar is. */
export function isPointShown(point: number): boolean {
  const shown = stage.value;
  if (!shown || !hiddenLidars.value.size) return true;
  return !hiddenLidars.value.has(shown.frame.clouds[shown.cloudOf(point)].lidar);
}

export function positionOf(point: number): [number, number, number] {
  const { points } = stage.value!;
  return [points[3 * point], points[3 * point + 1], points[3 * point + 2]];
}

/** Time of a frame in words of people, UTC; empty without one. */
export function clockOf(index: number): string {
  const time = head.value?.frames[index]?.time_ns;
  if (time === null || time === undefined) return "";
  const ms = Number((BigInt(head.value!.origin_ns) + BigInt(Math.round(time))) / 1_000_000n);
  // Small numbers are no times of day, but counters.
  return ms < 86_400_000 * 365 ? "" : `${new Date(ms).toISOString().slice(11, 23)} UTC`;
}

export function frameTitle(index: number): string {
  const whole = head.value?.frames[index]?.frame_id ?? "";
  const id = whole.length > 20 ? `${whole.slice(0, 8)}…` : whole;
  return id && id !== String(index) ? `frame ${index + 1} of ${count.value} (${id})` : `frame ${index + 1} of ${count.value}`;
}

// The state in the address, so that a view can be sent.

let hasOrbit = false;
let hasLayers = false;
const NUMBER = /^-?\d+(\.\d+)?(e-?\d+)?$/;

export function readHash(): void {
  const values = new URLSearchParams(location.hash.slice(1));
  const text = (key: string): string => values.get(key) ?? "";
  const numbers = (key: string): number[] => {
    const parts = text(key).split(",");
    return parts.every((part) => NUMBER.test(part)) ? parts.map(Number) : [];
  };
  batch(() => {
    const [frame] = numbers("f");
    if (frame) frameIndex.value = Math.min(Math.max(Math.round(frame) - 1, 0), Math.max(count.value - 1, 0));
    if (head.value?.cameras.some(({ name }) => name === text("cam"))) {
      camera.value = text("cam");
      sensor.value = text("cam");
    }
    if (["3d", "images", "both"].includes(text("view"))) layout.value = text("view") as Layout;
    if (COLOURINGS.some(([name]) => name === text("k"))) colouring.value = text("k") as Colouring;
    if (["given", "suggested", "wipe"].includes(text("ab"))) comparison.value = text("ab") as Comparison;
    if (text("m")) compensate.value = text("m") === "1";
    const eye = numbers("eye");
    if (eye.length === 6) {
      hasOrbit = true;
      orbit.value = { target: [eye[0], eye[1], eye[2]], distance: eye[3], yaw: eye[4], pitch: eye[5] };
    }
    const [size] = numbers("size");
    if (size >= 1 && size <= 8) pointSize.value = size;
    if (values.has("on")) {
      hasLayers = true;
      const shown = new Set(text("on").split("."));
      layers.value = Object.fromEntries(LAYERS.map((name) => [name, shown.has(name)])) as Record<LayerName, boolean>;
    }
    if (values.has("obj")) selected.value = text("obj");
    isFollowing.value = selected.value !== null && text("follow") === "1";
    const turned = numbers("turn");
    if (turned.length === 8 && turned.some((value) => value)) {
      const [rx, ry, rz, x, y, z, focal, time] = turned;
      adjust(sensor.value, { rx, ry, rz, x, y, z, focal, time });
    }
  });
}

export const COLOURINGS: [Colouring, string][] = [
  ["distance", "distance"], ["height", "height"], ["intensity", "intensity"], ["time", "time in sweep"],
  ["lidar", "lidar"], ["class", "segmentation class"], ["track", "object"], ["image", "camera image"],
  ["plain", "one colour"],
];

let writing = 0;

/** Not at once: browsers refuse hundreds of changes in a few seconds. */
function writeHash(): void {
  const values = new URLSearchParams();
  values.set("f", String(frameIndex.value + 1));
  if (camera.value) values.set("cam", camera.value);
  values.set("view", layout.value);
  values.set("k", colouring.value);
  if (comparison.value !== "given") values.set("ab", comparison.value);
  if (head.value && compensate.value !== head.value.is_compensated) values.set("m", compensate.value ? "1" : "0");
  if (pointSize.value !== 2) values.set("size", String(pointSize.value));
  values.set("on", LAYERS.filter((name) => layers.value[name]).join("."));
  if (selected.value) values.set("obj", selected.value);
  if (selected.value && isFollowing.value) values.set("follow", "1");
  const by = adjustments.value[sensor.value];
  if (by) values.set("turn", [by.rx, by.ry, by.rz, by.x, by.y, by.z, by.focal, by.time].join(","));
  const { target, distance, yaw, pitch } = orbit.value;
  values.set("eye", [...target, distance, yaw, pitch].map((value) => Number(value.toFixed(3))).join(","));
  clearTimeout(writing);
  writing = window.setTimeout(() => {
    try {
      history.replaceState(null, "", `#${values}`);
    } catch {
      // Pages inside a notebook's frame have no address of their own.
    }
  }, 150);
}

/** A point of the camera's middle ray, for "go to camera". */
export function eyeAtCamera(name: string): void {
  const shot = stage.value?.shots.get(name);
  const motion = shot?.optics && rigidOf(shot.optics.pose);
  if (!motion) return;
  const target = apply(motion, 0, 0, 10);
  orbit.value = {
    target, distance: 10, yaw: Math.atan2(motion[5], motion[2]), pitch: Math.asin(Math.min(Math.max(-motion[8], -1), 1)),
  };
}
