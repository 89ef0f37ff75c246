// The 3D view, the large image, and the strip of all cameras.

import { GREY, fromHex, palette, turbo, viridis, toCss, listed } from "../colour";
import { sideOrbit, firstOrbit, topOrbit } from "../orbit";
import { hasClasses } from "../points";
import type { Stage } from "../stage";
import * as state from "../state";
import { Board } from "./board";
import { useDrawn } from "./hooks";
import { drawing } from "./registry";
import { Viewport } from "./viewport";

export function View3dPanel() {
  const box = useDrawn((element) => new Viewport(element), (drawn) => (drawing.viewport = drawn));
  const stage = state.stage.value;
  const views: [string, string, () => void][] = [
    ["Reset", "r", () => stage && (state.orbit.value = firstOrbit(stage.points, state.forward.value))],
    ["Top", "0", () => stage && (state.orbit.value = topOrbit(stage.points, state.forward.value))],
    ["Side", "", () => stage && (state.orbit.value = sideOrbit(stage.points, state.forward.value))],
    ["Camera", "", () => state.eyeAtCamera(state.camera.value)],
  ];
  void state.revision.value;
  return (
    <section class="view3d" aria-label="3D view">
      <div class="canvas" ref={box} role="img" tabIndex={0} id="view3d" aria-label={sentence3d()} />
      <Legend />
      <div class="viewbuttons">
        {views.map(([name, key, act]) => (
          <button type="button" key={name} onClick={act} title={key && `key ${key}`}
            disabled={name === "Camera" && !state.stage.value?.shots.get(state.camera.value)?.optics}>
            {name}
          </button>
        ))}
      </div>
      {stage && !stage.count && <p class="empty">No points in this frame.</p>}
    </section>
  );
}

function sentence3d(): string {
  const stage = state.stage.value;
  if (!stage) return "3D view";
  const cuboids = stage.solids.length;
  return `3D view: ${stage.count.toLocaleString("en")} points, ${cuboids} ${cuboids === 1 ? "object" : "objects"}`;
}

/** What the colours mean, with units. */
export function Legend() {
  const stage = state.stage.value;
  void state.revision.value;
  if (!stage || !state.layers.value.points || !stage.count) return null;
  const by = state.layers.value.segmentation && hasClasses(stage) ? "class" : state.colouring.value;
  const entries = entriesOf(stage, by);
  if (entries) {
    return (
      <ul class="legend">
        {entries.slice(0, 24).map(([name, colour]) => (
          <li key={name}><i ref={painted(toCss(colour))} />{name}</li>
        ))}
      </ul>
    );
  }
  const scale = state.scales.value[by];
  if (!scale) return null;
  const bar = by === "distance" ? turbo : viridis;
  const places = Array.from({ length: 33 }, (_, i) => toCss(bar[Math.min(255, i * 8)]));
  const title = { distance: "distance", height: "height", intensity: "intensity", time: "time to the frame" }[by as "distance"];
  return (
    <div class="legend scale">
      <span>{title}{scale.unit && `, ${scale.unit}`}</span>
      <div class="bar" ref={(element) => element?.style.setProperty("background", `linear-gradient(to right, ${places.join(",")})`)} />
      <div class="ticks">
        {scale.ticks().map((tick) => (
          <span key={tick} ref={(element) => element?.style.setProperty("left", `${100 * scale.share(tick)}%`)}>
            {by === "time" && tick > 0 ? "+" : ""}{Number(tick.toFixed(Math.abs(tick) < 100 ? 1 : 0))}
          </span>
        ))}
      </div>
    </div>
  );
}

type Entry = readonly [string, number];

/** Colours that stand for names; null where a scale shows them. */
function entriesOf(stage: Stage, by: state.Colouring): Entry[] | null {
  switch (by) {
    case "lidar": return stage.frame.clouds.map((cloud, i) => [cloud.lidar, listed(i)] as const);
    case "class": return hasClasses(stage) ? classEntries() : [["no segmentation in this frame", GREY]];
    case "track": return [...objectEntries(stage), ["in no object", GREY]];
    case "image": return [["in no image", GREY]];
    default: return null;
  }
}

/** Classes of the objects in the frame; of two documents, what they have in common. */
function objectEntries(stage: Stage): Entry[] {
  const layers = state.head.value?.layers ?? [];
  if (layers.length > 1 && !state.hiddenDocuments.value.size) {
    const { same, removed, added } = palette.difference;
    return [["same", fromHex(same)], [layers[0].name, fromHex(removed)], [layers[1].name, fromHex(added)]];
  }
  const kinds = new Set(stage.solids.map(({ shape }) => shape.class_name));
  return [...state.classColours.value].filter(([kind]) => kinds.has(kind)).map(([kind, colour]) => [kind, fromHex(colour)]);
}

function classEntries(): Entry[] {
  const names = state.head.value?.classes ?? {};
  return Object.entries(names).map(([number, name]) => [name, Number(number) ? listed(Number(number) - 1) : 0x808080] as const);
}

export const painted = (colour: string) => (element: HTMLElement | null) => {
  element?.style.setProperty("background", colour);
};

export function MainImage() {
  const box = useDrawn(
    (element) => new Board(element, () => state.camera.value, true), (drawn) => (drawing.main = drawn),
  );
  const name = state.camera.value;
  void state.revision.value;
  const shot = state.stage.value?.shots.get(name);
  const shape = (element: HTMLElement | null): void => {
    if (shot) element?.style.setProperty("--ratio", String(shot.width / shot.height));
  };
  return (
    <section ref={shape} class="mainimage" aria-label="Camera image">
      <Caption name={name} isLong />
      <div class="canvas" ref={box} role="img" tabIndex={0} id="mainimage" aria-label={sentence(name)} />
      <Note name={name} />
    </section>
  );
}

function Note({ name }: { name: string }) {
  const shot = state.stage.value?.shots.get(name);
  const camera = state.head.value?.cameras.find((item) => item.name === name);
  const texts = [shot?.picture ? shot.picture.message : shot && "no image in this frame", camera?.note];
  const shown = texts.filter((text) => text);
  return shown.length ? <p class="note">{shown.join(". ")}</p> : null;
}

function seen(name: string): { points: number; objects: number; nearest: string } {
  const stage = state.stage.value;
  const shot = stage?.shots.get(name);
  if (!stage || !shot) return { points: 0, objects: 0, nearest: "" };
  const out = new Float64Array(3);
  const objects = new Set<string>();
  for (const shape of stage.frame.data.shapes) {
    if (shape.stream === name && !shape.kind.endsWith("3d") && shape.kind !== "cuboid") objects.add(shape.object_id);
  }
  let [least, nearest] = [Infinity, ""];
  for (const { cuboid, shape } of stage.solids) {
    if (!cuboid || !shot.canProject || !shot.project(cuboid.pose[9], cuboid.pose[10], cuboid.pose[11], out)) continue;
    objects.add(shape.object_id);
    if (out[2] < least) [least, nearest] = [out[2], `${shape.class_name || "object"} ${out[2].toFixed(1)} m`];
  }
  return { points: stage.projected(shot).count, objects: objects.size, nearest };
}

function sentence(name: string): string {
  const stage = state.stage.value;
  if (!stage || !name) return "No camera";
  const { points, objects, nearest } = seen(name);
  return (
    `${name}: ${points.toLocaleString("en")} of ${stage.count.toLocaleString("en")} points, ` +
    `${objects} ${objects === 1 ? "object" : "objects"}${nearest && `, nearest ${nearest}`}`
  );
}

/** Name, what is in the image, and how long before or after the frame it was taken. */
function Caption({ name, isLong }: { name: string; isLong?: boolean }) {
  const stage = state.stage.value;
  const shot = stage?.shots.get(name);
  const camera = state.head.value?.cameras.find((item) => item.name === name);
  const shutter = shot?.picture?.data.shutter;
  const parts: string[] = [];
  if (isLong && stage && shot) {
    const { points, objects } = seen(name);
    if (stage.count) parts.push(`${points.toLocaleString("en")} points`);
    if (objects) parts.push(`${objects} ${objects === 1 ? "object" : "objects"}`);
  }
  if (shutter && isLong) {
    const ms = (shutter[0] + shutter[1]) / 2e6;
    parts.push(`${ms >= 0 ? "+" : "−"}${Math.abs(ms).toFixed(0)} ms`);
    if (isLong && Math.abs(shutter[1] - shutter[0]) > 2e6) parts.push(`rolling ${(Math.abs(shutter[1] - shutter[0]) / 1e6).toFixed(0)} ms`);
  }
  if (isLong && shot && !shot.moves && shutter && Math.abs(shutter[0]) > 1e6) parts.push("not moved to the image's time");
  return (
    <div class="caption">
      <b title={name}>{name}</b>
      {camera?.verdict && <span class={`badge ${camera.verdict === "confirmed" ? "good" : camera.verdict === "undecided" ? "open" : "bad"}`} title={camera.explanation}>{camera.verdict}</span>}
      {isLong && <span class="soft">{parts.join(" · ")}</span>}
    </div>
  );
}

export function Strip() {
  if (state.cameras.value.length < 2) return null;
  return (
    <nav class="strip" aria-label="Cameras">
      {state.cameras.value.map(({ name }, index) => <Tile key={name} name={name} index={index} />)}
    </nav>
  );
}

export function Tile({ name, index }: { name: string; index: number }) {
  const box = useDrawn(
    (element) => new Board(element, () => name, false),
    (drawn) => (drawn ? drawing.strip.set(name, drawn) : drawing.strip.delete(name)),
  );
  const shot = state.stage.value?.shots.get(name);
  const choose = (): void => {
    state.camera.value = name;
    state.sensor.value = name;
    state.imageZoom.value = { factor: 1, x: 0.5, y: 0.5 };
  };
  const shape = (element: HTMLElement | null): void => {
    if (shot) element?.style.setProperty("--ratio", String(shot.width / shot.height));
  };
  return (
    <button type="button" class="tile" ref={shape} aria-pressed={state.camera.value === name} onClick={choose}
      title={index < 9 ? `${name} (key ${index + 1})` : name}>
      <div class="canvas" ref={box} />
      <span class="name">{name}</span>
    </button>
  );
}

/** All cameras as they look: those ahead above, those behind below. */
export function Grid() {
  const all = state.cameras.value;
  const rows = state.cameraRows.value;
  return (
    <section class="imagegrid" aria-label="Images">
      {rows.map((row, number) => (
        <div class="row" key={number}>
          {row.map((name) => <Tile key={name} name={name} index={all.findIndex((item) => item.name === name)} />)}
        </div>
      ))}
    </section>
  );
}
