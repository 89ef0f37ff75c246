// The keyboard.

import { firstOrbit, topOrbit, turned, zoomed } from "./orbit";
import { isAvailable } from "./points";
import * as state from "./state";

export const KEYS: [string, string][] = [
  ["space", "play or pause"], ["← →", "previous, next frame (with shift ten)"], ["home end", "first, last frame"],
  ["1-9", "camera"], ["0", "bird's-eye view"], ["tab", "focus; arrows then orbit the 3D view"], ["+ −", "zoom"], ["r", "reset the view"],
  ["p b l s", "points, boxes, labels, segmentation"], ["f", "frusta: outlines, images, none"], ["e", "edges of the image"],
  ["m", "motion compensation"], ["c", "calibration A or B"], ["k", "next colouring"], ["[ ]", "point size"],
  [", .", "cover"], ["g", "go to a frame or time"], ["/", "find an object"], ["o", "follow the chosen object"], ["?", "this list"], ["esc", "back"],
];

const TURN = 0.08;

export function listenToKeys(): void {
  addEventListener("keydown", (event) => {
    const target = event.target as HTMLElement;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      escape(target);
      return;
    }
    if (target.matches("input, select, textarea")) return;
    // Buttons act on space themselves.
    if (event.key === " " && target.matches("button, a")) return;
    const act = target.id === "view3d" ? (orbiting(event) ?? plain(event)) : plain(event);
    if (!act || state.status.value.kind !== "ready") return;
    event.preventDefault();
    act();
  });
}

function escape(target: HTMLElement): void {
  if (state.dialog.value) state.dialog.value = "";
  else if (target.matches("input, select")) target.blur();
  else if (state.picked.value) state.picked.value = null;
  else if (state.isFollowing.value) state.isFollowing.value = false;
  else if (state.selected.value) state.selected.value = null;
  else state.imageZoom.value = { factor: 1, x: 0.5, y: 0.5 };
}

function orbiting(event: KeyboardEvent): (() => void) | null {
  const turn = (dx: number, dy: number) => () => (state.orbit.value = turned(state.orbit.value, dx, dy));
  switch (event.key) {
    case "ArrowLeft": return turn(-TURN, 0);
    case "ArrowRight": return turn(TURN, 0);
    case "ArrowUp": return turn(0, TURN);
    case "ArrowDown": return turn(0, -TURN);
    default: return null;
  }
}

function plain(event: KeyboardEvent): (() => void) | null {
  const { key } = event;
  const step = event.shiftKey ? 10 : 1;
  if (/^[1-9]$/.test(key)) {
    const chosen = state.cameras.value[Number(key) - 1];
    return chosen ? () => {
      state.camera.value = chosen.name;
      state.sensor.value = chosen.name;
    } : null;
  }
  const layer = ({ p: "points", b: "boxes", l: "labels", s: "segmentation", e: "edges" } as const)[key];
  if (layer) return () => state.toggle(layer);
  return actions(step)[key] ?? null;
}

function actions(step: number): Record<string, () => void> {
  const go = (index: number) => () => void state.show(index);
  const stage = state.stage.value;
  return {
    " ": () => (state.isPlaying.value = !state.isPlaying.value),
    ArrowLeft: go(state.frameIndex.value - step),
    ArrowRight: go(state.frameIndex.value + step),
    Home: go(0),
    End: go(state.count.value - 1),
    "0": () => stage && (state.orbit.value = topOrbit(stage.points, state.forward.value)),
    r: () => {
      if (stage) state.orbit.value = firstOrbit(stage.points, state.forward.value);
      state.imageZoom.value = { factor: 1, x: 0.5, y: 0.5 };
    },
    "+": () => (state.orbit.value = zoomed(state.orbit.value, 1 / 1.2)),
    "=": () => (state.orbit.value = zoomed(state.orbit.value, 1 / 1.2)),
    "-": () => (state.orbit.value = zoomed(state.orbit.value, 1.2)),
    f: nextFrusta,
    m: () => (state.compensate.value = !state.compensate.value),
    c: () => {
      if (state.canCompare.value) state.comparison.value = state.comparison.value === "suggested" ? "given" : "suggested";
    },
    k: () => {
      const names = state.COLOURINGS.map(([name]) => name);
      const at = names.indexOf(state.colouring.value) + 1;
      const others = [...names.slice(at), ...names.slice(0, at)];
      state.colouring.value = others.find((name) => !stage || isAvailable(stage, name)) ?? "distance";
    },
    "[": () => (state.pointSize.value = Math.max(1, state.pointSize.value - 1)),
    "]": () => (state.pointSize.value = Math.min(8, state.pointSize.value + 1)),
    ",": () => (state.cover.value = Math.max(0.02, Number((state.cover.value / 1.5).toFixed(3)))),
    ".": () => (state.cover.value = Math.min(1, Number((state.cover.value * 1.5).toFixed(3)))),
    o: () => state.setFollowing(!state.isFollowing.value),
    g: () => (state.dialog.value = "time"),
    "/": () => {
      state.panel.value = "objects";
      requestAnimationFrame(() => document.getElementById("find")?.focus());
    },
    "?": () => (state.dialog.value = state.dialog.value === "keys" ? "" : "keys"),
  };
}

/** Outlines, then with images, then nothing. */
function nextFrusta(): void {
  const { frusta, planes } = state.layers.value;
  if (frusta && !planes) state.layers.value = { ...state.layers.value, planes: true };
  else if (planes) state.layers.value = { ...state.layers.value, frusta: false, planes: false };
  else state.layers.value = { ...state.layers.value, frusta: true };
}
