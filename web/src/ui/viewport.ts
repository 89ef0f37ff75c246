// Draws the 3D view and its labels, and turns pointers into motions of the eye.

import { effect, untracked } from "@preact/signals";

import { darkened, fromHex, readable, toCss } from "../colour";
import { CpuView } from "../cpu";
import { GlView } from "../gl";
import { eyeOf, onScreen, panned, turned, zoomed } from "../orbit";
import { pointColours } from "../points";
import type { Stage } from "../stage";
import * as state from "../state";
import type { View3D } from "../view3d";
import { type Look, worldLines, worldPlanes } from "../world";
import { cornersOf } from "../overlay";

export const LOOKS: Record<"light" | "dark", Look & { ground: string; text: string; halo: string }> = {
  dark: { ground: "#0e1116", grid: "#262d37", path: "#ffd54f", frustum: "#6f8794", vehicle: "#ffffff", text: "#f2f5f9", halo: "#0e1116" },
  light: { ground: "#f3f4f6", grid: "#d5d9df", path: "#b45309", frustum: "#64748b", vehicle: "#111827", text: "#111827", halo: "#f3f4f6" },
};

/** Of colours on the light ground, so that yellow and green are readable. */
const DARKER = 0.78;
const SOFTWARE = /SwiftShader|llvmpipe|softpipe|Software|Basic Render/i;
const SETTLE_MS = 150;
const SLOW_MS = 60;
const SLOW_FRAMES = 5;
const PICK_PIXELS = 7;
const MOST_LABELS = 60;

/** Whether a GPU draws here, as far as the browser says. */
function hasGpu(): boolean {
  const context = document.createElement("canvas").getContext("webgl2");
  if (!context) return false;
  const info = context.getExtension("WEBGL_debug_renderer_info");
  const name = String(context.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : context.RENDERER));
  context.getExtension("WEBGL_lose_context")?.loseContext();
  return !SOFTWARE.test(name);
}

export class Viewport {
  private view: View3D;
  private readonly labels = document.createElement("canvas");
  private readonly stops: (() => void)[] = [];
  private readonly observer: ResizeObserver;
  private drawing = 0;
  private settling = 0;
  private isMoving = false;
  private slow = 0;
  private last = 0;
  /** Points that the view holds; unchanged ones are not uploaded twice. */
  private shown: { colours: Uint32Array; version: number; theme: string } | null = null;
  private dirty = { points: true, lines: true, planes: true };
  /** When pictures were drawn while the view moved, milliseconds; for measurements. */
  frames: number[] = [];

  constructor(private readonly box: HTMLElement) {
    this.view = this.choose();
    box.append(this.view.canvas, this.labels);
    this.labels.className = "labels";
    this.observer = new ResizeObserver(() => this.schedule());
    this.observer.observe(box);
    this.listen();
    this.follow();
    state.rendererName.value = this.view.name;
  }

  get canvas(): HTMLCanvasElement {
    return this.view.canvas;
  }

  get renderer(): View3D {
    return this.view;
  }

  dispose(): void {
    this.stops.forEach((stop) => stop());
    this.observer.disconnect();
    cancelAnimationFrame(this.drawing);
    this.view.dispose();
    this.box.replaceChildren();
  }

  /** Draw now, all of it; for tests and pictures. */
  drawNow(): void {
    cancelAnimationFrame(this.drawing);
    this.drawing = 0;
    this.isMoving = false;
    this.draw();
  }

  private choose(): View3D {
    const wish = state.forcedRenderer;
    if (wish !== "cpu" && (wish === "gl" || hasGpu())) {
      try {
        return new GlView(() => this.useCpu());
      } catch {
        // WebGL is missing or refused.
      }
    }
    return new CpuView();
  }

  private useCpu(): void {
    if (this.view.name === "cpu") return;
    const old = this.view;
    this.view = new CpuView();
    old.canvas.replaceWith(this.view.canvas);
    old.dispose();
    this.shown = null;
    this.dirty = { points: true, lines: true, planes: true };
    state.rendererName.value = "cpu";
    this.schedule();
  }

  /** Each group of signals leads to the part that depends on it. */
  private follow(): void {
    const { layers } = state;
    const on = (part: "points" | "lines" | "planes" | null, read: () => void): void => {
      this.stops.push(effect(() => {
        read();
        if (part) this.dirty[part] = true;
        this.schedule();
      }));
    };
    on("points", () => void [
      state.revision.value, state.colouring.value, state.hiddenLidars.value, state.hiddenKinds.value,
      layers.value.points, layers.value.segmentation, state.scales.value, state.stage.value, state.theme.value,
    ]);
    on("lines", () => void [
      state.revision.value, layers.value, state.hiddenKinds.value, state.hiddenDocuments.value, state.selected.value,
      state.theme.value, state.camera.value, state.classColours.value,
    ]);
    on("planes", () => void [state.revision.value, layers.value.planes]);
    on(null, () => void [
      state.pointSize.value, state.opacity.value, state.hovered.value, state.picked.value, state.isLarge.value,
    ]);
    this.stops.push(effect(() => {
      void state.orbit.value;
      untracked(() => this.move());
    }));
    this.stops.push(effect(() => {
      const moved = state.adjustments.value;
      // Of a camera only lines move; of a lidar, points.
      untracked(() => state.head.value?.lidars.some(({ name }) => name in moved) && this.move());
    }));
  }

  private move(): void {
    this.isMoving = true;
    this.settle();
    this.schedule();
  }

  /** Draw everything when nothing has moved for a moment. */
  private settle(): void {
    clearTimeout(this.settling);
    this.settling = window.setTimeout(() => {
      this.isMoving = false;
      this.last = 0;
      this.schedule();
    }, SETTLE_MS);
  }

  private schedule(): void {
    if (!this.drawing) {
      this.drawing = requestAnimationFrame(() => {
        this.drawing = 0;
        this.draw();
      });
    }
  }

  private draw(): void {
    untracked(() => this.drawParts());
    if (!this.isMoving) return;
    // A slow picture is no pause.
    this.settle();
    const now = performance.now();
    const took = now - this.last;
    this.frames.push(now);
    if (this.frames.length > 1000) this.frames.shift();
    this.slow = this.last && took > SLOW_MS && took < 2000 ? this.slow + 1 : 0;
    this.last = now;
    if (this.slow >= SLOW_FRAMES && this.view.name === "gl" && !state.forcedRenderer) this.useCpu();
  }

  private drawParts(): void {
    const stage = state.stage.value;
    const [width, height] = this.size();
    if (!stage || !width || !height) return;
    const look = LOOKS[state.theme.value];
    const reach = this.reach(stage);
    if (this.dirty.points) {
      const colours = pointColours(stage, state.colouring.value);
      const theme = state.theme.value;
      const isNew = colours !== this.shown?.colours || stage.version !== this.shown.version || theme !== this.shown.theme;
      if (isNew) this.view.setPoints(stage.points, theme === "light" ? darkened(colours, DARKER) : colours);
      this.shown = { colours, version: stage.version, theme };
    }
    if (this.dirty.lines) {
      const light = state.theme.value === "light" ? DARKER : 1;
      this.view.setLines(worldLines(stage, look, state.forward.value, reach, state.camera.value, light));
    }
    if (this.dirty.planes) this.view.setPlanes(worldPlanes(stage, reach));
    this.dirty = { points: false, lines: false, planes: false };
    const large = state.isLarge.value ? 1.5 : 1;
    this.view.render(state.orbit.value, width, height, {
      ground: fromHex(look.ground),
      pointSize: state.pointSize.value * large,
      opacity: state.opacity.value,
      lineWidth: (devicePixelRatio > 1.4 ? 2 : 1) * large,
      isMoving: this.isMoving,
    });
    this.drawLabels(stage, width, height);
  }

  /** The scene's extent, which grid and frusta go by. */
  private reach(stage: Stage): number {
    if (this.reachOf?.count !== stage.count) {
      const far: number[] = [];
      for (let i = 0; i < stage.count; i += Math.max(1, Math.floor(stage.count / 3000))) far.push(stage.distances[i]);
      far.sort((a, b) => a - b);
      this.reachOf = { count: stage.count, reach: far.length ? far[Math.floor(0.8 * (far.length - 1))] : 30 };
    }
    return this.reachOf.reach;
  }
  private reachOf: { count: number; reach: number } | null = null;

  private size(): [number, number] {
    const ratio = devicePixelRatio || 1;
    return [Math.round(this.box.clientWidth * ratio), Math.round(this.box.clientHeight * ratio)];
  }

  private drawLabels(stage: Stage, width: number, height: number): void {
    const { labels } = this;
    if (labels.width !== width || labels.height !== height) [labels.width, labels.height] = [width, height];
    const context = labels.getContext("2d")!;
    context.clearRect(0, 0, width, height);
    const eye = eyeOf(state.orbit.value, width, height);
    const look = LOOKS[state.theme.value];
    const ratio = devicePixelRatio || 1;
    context.font = `${Math.round((state.isLarge.value ? 16 : 12) * ratio)}px system-ui, sans-serif`;
    context.textAlign = "center";
    if (state.layers.value.labels && state.layers.value.boxes) {
      const found: [number, number, number, string, string][] = [];
      for (const { shape, cuboid } of stage.solids) {
        if (!cuboid || !state.isShapeShown(shape.layer, shape.class_name)) continue;
        const top = cornersOf(cuboid.pose, cuboid.size).reduce((best, corner) => (corner[2] > best[2] ? corner : best));
        const place = onScreen(eye, cuboid.pose[9], cuboid.pose[10], top[2]);
        if (!place || place[0] < 0 || place[0] > width || place[1] < 0 || place[1] > height) continue;
        const text = labelOf(shape);
        const half = context.measureText(text).width / 2 + 4;
        // A wide label of a place at the edge is moved inside.
        if (width > 2 * half) place[0] = Math.min(Math.max(place[0], half), width - half);
        found.push([...place, text, state.shapeColour(shape.layer, shape.object_id, shape.class_name)]);
      }
      found.sort((a, b) => a[2] - b[2]);
      const shown = withRoom(context, found, ([x, y, , text]) => [x, y, text], 15 * ratio).slice(0, MOST_LABELS);
      for (const [x, y, , text, colour] of shown) {
        const shade = toCss(readable(fromHex(colour), fromHex(look.halo)));
        halo(context, text, x, y - 5 * ratio, shade, look.halo, ratio);
      }
    }
    for (const mark of [state.picked.value, state.hovered.value]) {
      if (!mark || mark.point < 0) continue;
      const place = onScreen(eye, ...state.positionOf(mark.point));
      if (place) ring(context, place[0], place[1], ratio, look.text, look.halo);
    }
  }

  private listen(): void {
    const { box } = this;
    let from: { x: number; y: number; isPan: boolean; moved: boolean } | null = null;
    const on = <K extends keyof HTMLElementEventMap>(name: K, act: (event: HTMLElementEventMap[K]) => void): void => {
      box.addEventListener(name, act as EventListener, { passive: false });
      this.stops.push(() => box.removeEventListener(name, act as EventListener));
    };
    on("pointerdown", (event) => {
      box.setPointerCapture(event.pointerId);
      from = { x: event.clientX, y: event.clientY, isPan: event.button !== 0 || event.shiftKey, moved: false };
    });
    on("pointermove", (event) => {
      if (!from) {
        this.hover(event);
        return;
      }
      const [dx, dy] = [event.clientX - from.x, event.clientY - from.y];
      if (!from.moved && Math.hypot(dx, dy) < 3) return;
      state.orbit.value = from.isPan
        ? panned(state.orbit.value, dx, dy, box.clientHeight)
        : turned(state.orbit.value, dx * 0.006, dy * 0.006);
      from = { ...from, x: event.clientX, y: event.clientY, moved: true };
    });
    on("pointerup", (event) => {
      if (from && !from.moved) state.picked.value = this.pickAt(event.offsetX, event.offsetY);
      from = null;
    });
    on("pointercancel", () => (from = null));
    on("pointerleave", () => (state.hovered.value = null));
    on("dblclick", (event) => {
      const found = this.pickAt(event.offsetX, event.offsetY);
      if (found) state.orbit.value = { ...state.orbit.value, target: state.positionOf(found.point) };
    });
    on("contextmenu", (event) => event.preventDefault());
    on("wheel", (event) => {
      event.preventDefault();
      state.orbit.value = zoomed(state.orbit.value, Math.exp(Math.min(Math.max(event.deltaY, -200), 200) * 0.0015));
    });
  }

  private hovering = 0;

  /** Once per picture at most: it looks at every point. */
  private hover(event: PointerEvent): void {
    if (this.hovering) return;
    const [x, y] = [event.offsetX, event.offsetY];
    this.hovering = requestAnimationFrame(() => {
      this.hovering = 0;
      state.hovered.value = this.pickAt(x, y);
    });
  }

  /** The nearest point around a place in CSS pixels. */
  pickAt(x: number, y: number): state.Picked | null {
    const stage = state.stage.peek();
    if (!stage || !state.layers.value.points) return null;
    const ratio = devicePixelRatio || 1;
    const [width, height] = this.size();
    const eye = eyeOf(state.orbit.peek(), width, height);
    const within = PICK_PIXELS * ratio;
    const [px, py] = [x * ratio, y * ratio];
    const { points, count } = stage;
    const [ex, ey, ez] = eye.position;
    let [best, least] = [-1, Infinity];
    for (let i = 0; i < count; i++) {
      const a = points[3 * i] - ex;
      const b = points[3 * i + 1] - ey;
      const c = points[3 * i + 2] - ez;
      const depth = eye.ahead[0] * a + eye.ahead[1] * b + eye.ahead[2] * c;
      if (!(depth > 0.05)) continue;
      const scale = eye.focal / depth;
      const dx = width / 2 + scale * (eye.right[0] * a + eye.right[1] * b + eye.right[2] * c) - px;
      if (dx > within || dx < -within) continue;
      const dy = height / 2 - scale * (eye.up[0] * a + eye.up[1] * b + eye.up[2] * c) - py;
      if (dy > within || dy < -within) continue;
      // Near the pointer counts, and so does what is in front.
      const score = depth * (1 + (4 * (dx * dx + dy * dy)) / (within * within));
      if (score < least && state.isPointShown(i)) [best, least] = [i, score];
    }
    return best < 0 ? null : { point: best, camera: null, u: NaN, v: NaN, mask: "" };
  }
}

/** UUIDs, hashes and tokens: their first digits tell them apart. */
const GENERATED = /^(?=.*\d)[0-9a-f-]{12,}$/i;

/** Class and name; the class once if the name begins with it. */
export function labelOf(shape: { class_name: string; name: string; object_id: string }): string {
  const given = shape.name || shape.object_id;
  const name = given && GENERATED.test(given) ? given.slice(0, 8) : given;
  const isNamed = name.toLowerCase().startsWith(shape.class_name.toLowerCase());
  return (shape.class_name && !isNamed ? `${shape.class_name} ${name}` : name).slice(0, 40);
}

/** Labels that would lie on others are left out; those that come first are kept. */
export function withRoom<T>(
  context: CanvasRenderingContext2D, labels: T[], place: (label: T) => [number, number, string], height: number,
): T[] {
  const taken: [number, number, number][] = [];
  return labels.filter((label) => {
    const [x, y, text] = place(label);
    const half = context.measureText(text).width / 2 + 3;
    if (taken.some(([tx, ty, other]) => Math.abs(tx - x) < half + other && Math.abs(ty - y) < height)) return false;
    taken.push([x, y, half]);
    return true;
  });
}

export function halo(
  context: CanvasRenderingContext2D, text: string, x: number, y: number, colour: string, ground: string, ratio: number,
): void {
  context.lineWidth = 3 * ratio;
  context.lineJoin = "round";
  context.strokeStyle = ground;
  context.strokeText(text, x, y);
  context.fillStyle = colour;
  context.fillText(text, x, y);
}

export function ring(
  context: CanvasRenderingContext2D, x: number, y: number, ratio: number, colour: string, ground: string,
): void {
  for (const [width, style] of [[4, ground], [2, colour]] as const) {
    context.beginPath();
    context.arc(x, y, 7 * ratio, 0, 2 * Math.PI);
    context.lineWidth = width * ratio;
    context.strokeStyle = style;
    context.stroke();
  }
}
