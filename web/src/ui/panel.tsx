// The column on the right: what is under the pointer, what is shown, sliders, objects.

import { useSignal } from "@preact/signals";

import type { ShapeData } from "../model";
import { hasClasses, isAvailable } from "../points";
import { type Adjustment, NO_ADJUSTMENT, adjustedOptics, adjustedPose } from "../stage";
import * as state from "../state";
import { toCss, listed } from "../colour";
import { labelOf } from "./viewport";
import { painted } from "./views";

export function Readout() {
  const stage = state.stage.value;
  const mark = state.hovered.value ?? state.picked.value;
  void state.revision.value;
  const parts: [string, string][] = [];
  if (stage && mark) {
    if (mark.camera) parts.push(["u", mark.u.toFixed(1)], ["v", `${mark.v.toFixed(1)} px`]);
    if (mark.mask) parts.push(["mask", mark.mask]);
    if (mark.point >= 0 && mark.point < stage.count) parts.push(...pointFacts(mark.point));
  }
  return (
    <output class="readout" aria-live="off" id="readout">
      {parts.length
        ? parts.map(([name, value]) => <span key={name}><i>{name}</i> {value}</span>)
        : <span class="soft">Hover over a point to inspect it; click to pin it.</span>}
    </output>
  );
}

function pointFacts(point: number): [string, string][] {
  const stage = state.stage.value!;
  const [x, y, z] = state.positionOf(point);
  const number = stage.cloudOf(point);
  const cloud = stage.frame.clouds[number];
  const own = point - stage.starts[number];
  const facts: [string, string][] = [
    ["distance", `${stage.distances[point].toFixed(2)} m`],
    ["x", x.toFixed(2)], ["y", y.toFixed(2)], ["z", `${z.toFixed(2)} m`],
    ["lidar", cloud.lidar],
  ];
  if (cloud.intensity) {
    const [low, high] = cloud.intensityEnds;
    facts.push(["intensity", (low + (cloud.intensity[own] / 255) * (high - low)).toFixed(0)]);
  }
  const time = stage.timeOf(point);
  if (time !== null) facts.push(["t", `${time >= 0 ? "+" : "−"}${Math.abs(time).toFixed(1)} ms`]);
  if (cloud.classes) {
    const code = cloud.classes[own];
    facts.push(["class", state.head.value?.classes[code] ?? String(code)]);
  }
  if (stage.solids.length) {
    const member = stage.members()[point];
    if (member >= 0) facts.push(["object", labelOf(stage.solids[member].shape)]);
  }
  return facts;
}

export function Panel() {
  const tabs: [typeof state.panel.value, string][] = [["view", "View"], ["calibration", "Calibration"], ["objects", "Objects"]];
  return (
    <section class="panel" aria-label="Settings">
      <div class="tabs" role="group" aria-label="Panel">
        {tabs.map(([name, title]) => (
          <button type="button" key={name} aria-pressed={state.panel.value === name} onClick={() => (state.panel.value = name)}>
            {title}
          </button>
        ))}
      </div>
      {state.panel.value === "view" && <ViewSettings />}
      {state.panel.value === "calibration" && <Calibration />}
      {state.panel.value === "objects" && <Objects />}
    </section>
  );
}

const LAYER_TITLES: [state.LayerName, string, string][] = [
  ["points", "Points", "p"], ["boxes", "Boxes", "b"], ["labels", "Labels", "l"], ["segmentation", "Segmentation", "s"],
  ["frusta", "Frusta", "f"], ["planes", "Images in 3D", "f"], ["grid", "Grid and vehicle", ""], ["path", "Path", ""], ["edges", "Edges", "e"],
];

function ViewSettings() {
  const head = state.head.value!;
  const stage = state.stage.value;
  const hasImages = head.cameras.length > 0;
  return (
    <div class="settings">
      <label>Colour
        <select id="colouring" value={state.colouring.value}
          onChange={(event) => (state.colouring.value = event.currentTarget.value as state.Colouring)}>
          {state.COLOURINGS.map(([name, title]) => (
            <option key={name} value={name} disabled={!!stage && !isAvailable(stage, name)}>{title}</option>
          ))}
        </select>
      </label>
      <Range name="Size" id="size" least={1} most={8} step={1} value={state.pointSize.value} unit="px" set={(value) => (state.pointSize.value = value)} />
      {hasImages && <Range name="Cover" id="cover" least={0.02} most={1} step={0.01} value={state.cover.value} unit="%" factor={100} set={(value) => (state.cover.value = value)} />}
      <Range name="Opacity" id="opacity" least={0.1} most={1} step={0.05} value={state.opacity.value} unit="%" factor={100} set={(value) => (state.opacity.value = value)} />
      <fieldset>
        <legend>Layers</legend>
        <div class="chips">
          {LAYER_TITLES.filter(([name]) => name !== "segmentation" || (stage && (hasClasses(stage) || hasFlat()))).map(([name, title, key]) => (
            <button type="button" key={name} aria-pressed={state.layers.value[name]} title={key && `key ${key}`} onClick={() => state.toggle(name)}>
              {title}
            </button>
          ))}
          <button type="button" aria-pressed={state.compensate.value} disabled={!canMove()} id="compensate"
            title={canMove() ? "key m" : "The scene has no IMU data or ego poses, so nothing moves."}
            onClick={() => (state.compensate.value = !state.compensate.value)}>
            Motion compensation
          </button>
        </div>
      </fieldset>
      {head.lidars.length > 1 && (
        <Chips legend="Lidars" items={head.lidars.map(({ name }, index) => [name, toCss(listed(index))])}
          hidden={state.hiddenLidars.value} onToggle={(name) => (state.hiddenLidars.value = state.switched(state.hiddenLidars.value, name))} />
      )}
      {head.layers.length > 1 && <Documents />}
      {state.classColours.value.size > 0 && (
        <Chips legend="Classes" items={[...state.classColours.value]} hidden={state.hiddenKinds.value}
          onToggle={(name) => (state.hiddenKinds.value = state.switched(state.hiddenKinds.value, name))} />
      )}
    </div>
  );
}

function canMove(): boolean {
  return !!state.scene.value?.trajectory && !!state.stage.value?.frame.clouds.some((cloud) => cloud.times);
}

function hasFlat(): boolean {
  const frame = state.stage.value?.frame;
  return !!frame && (frame.masks.length > 0 || frame.data.shapes.some((shape) => shape.kind === "poly2d"));
}

function Documents() {
  const head = state.head.value!;
  return (
    <>
    <Chips legend="Documents" items={head.layers.map((layer, index) => [`${layer.name}`, index ? "#0072b2" : "#e69f00"])}
      hidden={new Set(head.layers.filter((_, index) => state.hiddenDocuments.value.has(index)).map(({ name }) => name))}
      onToggle={(name) => {
        const index = head.layers.findIndex((layer) => layer.name === name);
        state.hiddenDocuments.value = state.switched(state.hiddenDocuments.value, index);
      }} />
    <p class="soft">Grey objects are the same in both documents; those of {head.layers[0].name} are dashed.</p>
    </>
  );
}

interface ChipsProps {
  legend: string;
  items: [string, string][];
  hidden: ReadonlySet<string>;
  onToggle: (name: string) => void;
}

function Chips({ legend, items, hidden, onToggle }: ChipsProps) {
  return (
    <fieldset>
      <legend>{legend}</legend>
      <div class="chips">
        {items.map(([name, colour]) => (
          <button type="button" key={name} aria-pressed={!hidden.has(name)} onClick={() => onToggle(name)}>
            <i ref={painted(colour)} />{name || "no type"}
          </button>
        ))}
      </div>
    </fieldset>
  );
}

interface RangeProps {
  name: string;
  id: string;
  least: number;
  most: number;
  step: number;
  value: number;
  unit: string;
  factor?: number;
  digits?: number;
  isDisabled?: boolean;
  set: (value: number) => void;
}

function Range({ name, id, least, most, step, value, unit, factor = 1, digits = 0, isDisabled, set }: RangeProps) {
  return (
    <label class="range">
      <span>{name}</span>
      <input type="range" id={id} min={least} max={most} step={step} value={value} disabled={isDisabled}
        onInput={(event) => set(Number(event.currentTarget.value))} onDblClick={() => set(least < 0 ? 0 : value)} />
      <output>{(value * factor).toFixed(digits)} {unit}</output>
    </label>
  );
}

const SLIDERS: [keyof Adjustment, string, number, number, string, number][] = [
  ["rx", "Pitch (x)", 5, 0.02, "°", 2], ["ry", "Yaw (y)", 5, 0.02, "°", 2], ["rz", "Roll (z)", 5, 0.02, "°", 2],
  ["x", "x right", 1, 0.005, "m", 3], ["y", "y down", 1, 0.005, "m", 3], ["z", "z ahead", 1, 0.005, "m", 3],
  ["focal", "Focal", 10, 0.05, "%", 2], ["time", "Time", 100, 1, "ms", 0],
];

/** A quaternion with nine digits: enough for the same pixels when it is pasted. */
function digits(value: number): string {
  return value.toFixed(9);
}

function Calibration() {
  const head = state.head.value!;
  const name = state.sensor.value;
  const camera = head.cameras.find((item) => item.name === name);
  const lidar = head.lidars.find((item) => item.name === name);
  const optics = camera && (camera.suggested ?? camera.given);
  const pose = optics?.pose ?? lidar?.suggested ?? lidar?.given ?? null;
  const by = state.adjustments.value[name] ?? NO_ADJUSTMENT;
  const isBlind = !!camera && optics?.kind !== undefined && (optics.kind === "baked" || optics.kind === "none");
  const corrected = pose && adjustedPose(pose, by);
  const sliders = SLIDERS.filter(([key]) => camera || (key !== "focal" && key !== "time"));
  return (
    <div class="settings">
      <label>Sensor
        <select id="sensor" value={name} onChange={(event) => choose(event.currentTarget.value)}>
          {[...state.cameras.value, ...head.lidars].map((item) => <option key={item.name} value={item.name}>{item.name}</option>)}
        </select>
      </label>
      <div class="row" role="group" aria-label="Calibration shown">
        {(["given", "suggested", "wipe"] as const).map((side) => (
          <button type="button" key={side} aria-pressed={state.comparison.value === side} disabled={side !== "given" && !state.canCompare.value}
            onClick={() => (state.comparison.value = side)}>
            {{ given: "A given", suggested: "B suggested", wipe: "A | B" }[side]}
          </button>
        ))}
      </div>
      {!pose && <p class="note">{camera?.note || "This sensor has no calibration, so there is nothing to adjust."}</p>}
      {isBlind && <p class="note">{camera?.note || "The page cannot compute this camera's formula, so its points do not follow sliders."}</p>}
      <div class="sliders">
        {pose && sliders.map(([key, title, most, step, unit, places]) => (
          <Range key={key} id={`slider-${key}`} name={title} least={-most} most={most} step={step} value={by[key]} unit={unit} digits={places}
            isDisabled={isBlind} set={(value) => state.adjust(name, { [key]: value })} />
        ))}
      </div>
      {corrected && <Corrected name={name} pose={corrected} />}
    </div>
  );
}

function choose(name: string): void {
  state.sensor.value = name;
  if (state.head.value!.cameras.some((item) => item.name === name)) state.camera.value = name;
}

function Corrected({ name, pose }: { name: string; pose: { position: number[]; quaternion: number[] } }) {
  const copied = useSignal("");
  const camera = state.head.value!.cameras.find((item) => item.name === name);
  const lidar = state.head.value!.lidars.find((item) => item.name === name);
  const by = state.adjustmentOf(name);
  const given = camera?.suggested ?? camera?.given;
  const optics = given && adjustedOptics(given, by);
  const [w, x, y, z] = pose.quaternion;
  const quaternion = `{"w": ${digits(w)}, "x": ${digits(x)}, "y": ${digits(y)}, "z": ${digits(z)}}`;
  const lines = [
    `"rotation_quaternion": ${quaternion}`,
    `"position": {"x": ${pose.position[0].toFixed(4)}, "y": ${pose.position[1].toFixed(4)}, "z": ${pose.position[2].toFixed(4)}}`,
  ];
  if (optics && optics.parameters.fx !== undefined) {
    lines.push(`"fx": ${Number(optics.parameters.fx.toFixed(6))}, "fy": ${Number(optics.parameters.fy.toFixed(6))}`);
  }
  const copy = async (text: string, what: string): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      copied.value = `${what} copied`;
    } catch {
      copied.value = "The browser does not allow copying here; select the text instead.";
    }
  };
  const source = camera?.source ?? lidar?.source;
  return (
    <div class="corrected">
      <pre id="quaternion">{lines.join("\n")}</pre>
      <div class="row">
        <button type="button" onClick={() => void copy(quaternion, "Quaternion")}>Copy</button>
        {source && (
          <button type="button" onClick={() => void copy(JSON.stringify({ [name]: entryOf(source, pose, optics?.parameters) }, null, 2), "Calibration")}>
            Copy as calibration JSON
          </button>
        )}
        <button type="button" id="reset-sliders" disabled={by === NO_ADJUSTMENT} onClick={() => state.adjust(name, NO_ADJUSTMENT)}>Reset</button>
      </div>
      <p class="soft" role="status">{copied.value}</p>
    </div>
  );
}

/** The calibration entry as it was given, with what the sliders changed. */
export function entryOf(
  source: Record<string, unknown>, pose: { position: number[]; quaternion: number[] }, parameters?: Record<string, number>,
): Record<string, unknown> {
  const [w, x, y, z] = pose.quaternion;
  const [px, py, pz] = pose.position;
  const entry: Record<string, unknown> = {
    ...source, rotation_quaternion: { w, x, y, z }, position: { x: px, y: py, z: pz },
  };
  const matrix = source.camera_matrix as Record<string, number> | undefined;
  if (matrix && parameters) entry.camera_matrix = { ...matrix, fx: parameters.fx, fy: parameters.fy };
  return entry;
}

interface Row {
  shape: ShapeData;
  distance: number | null;
  size: string;
  points: number | null;
}

function rowsOf(filter: string): Row[] {
  const stage = state.stage.value;
  if (!stage) return [];
  const counts = stage.solids.length ? stage.pointsIn() : [];
  const rows: Row[] = [];
  stage.solids.forEach(({ shape, cuboid }, index) => {
    const at = cuboid && Math.hypot(cuboid.pose[9], cuboid.pose[10], cuboid.pose[11]);
    const size = cuboid ? cuboid.size.map((length) => length.toFixed(1)).join(" × ") : "";
    rows.push({ shape, distance: at, size, points: cuboid ? counts[index] : null });
  });
  for (const shape of stage.frame.data.shapes) {
    if (shape.kind !== "cuboid" && shape.kind !== "poly3d" && !shape.is_hole) rows.push({ shape, distance: null, size: shape.stream ?? "", points: null });
  }
  const wanted = filter.toLowerCase();
  return rows
    .filter(({ shape }) => state.isShapeShown(shape.layer, shape.class_name))
    .filter(({ shape }) => !wanted || `${shape.class_name} ${shape.name} ${shape.object_id}`.toLowerCase().includes(wanted))
    .sort((a, b) => (a.distance ?? Infinity) - (b.distance ?? Infinity));
}

const filter = { value: "" };

function Objects() {
  const text = useSignal(filter.value);
  void state.revision.value;
  const rows = rowsOf(text.value);
  const isDouble = state.head.value!.layers.length > 1;
  return (
    <div class="settings">
      <label>Find
        <input type="search" id="find" value={text.value} placeholder="class, name or id"
          onInput={(event) => (text.value = filter.value = event.currentTarget.value)} />
      </label>
      <Details />
      {!rows.length && <p class="soft">{state.head.value!.layers.length ? "No objects in this frame." : "The scene has no annotations."}</p>}
      {rows.length > 0 && (
        <table class="objects">
          <thead><tr><th>Object</th><th>Distance</th><th>Size, m</th><th>Points</th></tr></thead>
          <tbody>
            {rows.slice(0, 300).map(({ shape, distance, size, points }, index) => (
              <tr key={index} aria-selected={shape.object_id === state.selected.value}>
                <td>
                  <button type="button" class="link" title={shape.name || shape.object_id} onClick={() => select(shape)}>
                    <i ref={painted(state.shapeColour(shape.layer, shape.object_id, shape.class_name))} />
                    {labelOf(shape)}{shape.kind !== "cuboid" && ` (${shape.kind})`}
                    {isDouble && <small> {state.head.value!.layers[shape.layer].name}</small>}
                  </button>
                </td>
                <td class="number">{distance === null ? "" : `${distance.toFixed(1)} m`}</td>
                <td class="number">{size}</td>
                <td class="number">{points ?? ""}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}

function select(shape: ShapeData): void {
  const isNew = state.selected.value !== shape.object_id;
  state.selected.value = isNew ? shape.object_id : null;
  if (!isNew) state.isFollowing.value = false;
  const solid = state.stage.value?.solids.find((item) => item.shape === shape);
  if (isNew && solid?.cuboid) {
    const { pose } = solid.cuboid;
    state.orbit.value = { ...state.orbit.value, target: [pose[9], pose[10], pose[11]], distance: Math.min(state.orbit.value.distance, 25) };
  }
}

/** Properties and relations of the chosen object. */
function Details() {
  const id = state.selected.value;
  const shapes = state.stage.value?.frame.data.shapes.filter((shape) => shape.object_id === id) ?? [];
  if (!id) return null;
  if (!shapes.length) {
    return <div class="settings"><p class="soft">The chosen object is not in this frame.</p><Follow /></div>;
  }
  const relations = state.head.value!.layers.flatMap(({ relations: found }) => found).filter(({ source, target }) => source === id || target === id);
  const properties = shapes.flatMap((shape) => Object.entries(shape.properties).map(([key, value]) => [shape, key, value] as const));
  return (
    <>
    <Follow />
    <dl class="details" id="details">
      <dt>id</dt><dd>{id}</dd>
      <dt>class</dt><dd>{shapes[0].class_name || "none"}</dd>
      {properties.map(([shape, key, value], index) => [
        <dt key={`k${index}`}>{key}</dt>,
        <dd key={`v${index}`}>{typeof value === "string" ? value : JSON.stringify(value)}
          {state.head.value!.layers.length > 1 && <small> {state.head.value!.layers[shape.layer].name}</small>}</dd>,
      ])}
      {relations.map(({ kind, source, target }, index) => [
        <dt key={`r${index}`}>{kind}</dt>, <dd key={`t${index}`}>{source === id ? named(target) : `of ${named(source)}`}</dd>,
      ])}
    </dl>
    </>
  );
}

/** An object as a label names it; its id if it is not in the frame. */
function named(id: string): string {
  const shape = state.stage.value?.frame.data.shapes.find((item) => item.object_id === id);
  return shape ? labelOf(shape) : id;
}

function Follow() {
  if (state.count.value < 2) return null;
  return (
    <div class="row">
      <button type="button" id="follow" aria-pressed={state.isFollowing.value} title="key o"
        onClick={() => state.setFollowing(!state.isFollowing.value)}>
        Follow
      </button>
    </div>
  );
}
