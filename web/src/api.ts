// What the page offers to programs: reads, never writes. Tests measure with it.

import type { OpticsData } from "./model";
import { isInside, lensOf } from "./optics";
import { fromBase64 } from "./packet";
import * as state from "./state";
import { drawing } from "./ui/registry";

export function offer(ready: Promise<void>): void {
  const viewer = {
    /** Resolves when the first picture is drawn, or the page says why there is none. */
    ready: ready.then(() => new Promise<void>((done) => {
      // Components, then their canvases.
      setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(() => done())), 0);
    })),
    state: () => ({
      status: state.status.value.kind,
      frame: state.frameIndex.value,
      shown: state.stage.value?.frame.data.index ?? null,
      points: state.stage.value?.count ?? 0,
      objects: state.stage.value?.solids.length ?? 0,
      camera: state.camera.value,
      cameras: state.cameras.value.map(({ name }) => name),
      layout: state.layout.value,
      colouring: state.colouring.value,
      layers: { ...state.layers.value },
      compensate: state.compensate.value,
      comparison: state.comparison.value,
      pointSize: state.pointSize.value,
      cover: state.cover.value,
      playing: state.isPlaying.value,
      selected: state.selected.value,
      following: state.isFollowing.value,
      masks: state.stage.value?.frame.masks.length ?? 0,
      renderer: state.rendererName.value,
      orbit: { ...state.orbit.value },
      zoom: { ...state.imageZoom.value },
      picked: state.picked.value && { ...state.picked.value },
      theme: state.theme.value,
      cacheBytes: state.cache.value?.bytes ?? 0,
    }),
    /** Column, row and visibility of points of the reference system at the frame's time, as the page draws them. */
    project: (camera: string, points: [number, number, number][]): [number, number, boolean][] => {
      const shot = state.stage.value?.shots.get(camera);
      const out = new Float64Array(3);
      return points.map(([x, y, z]) => {
        const isSeen = shot?.project(x, y, z, out) ?? false;
        return [out[0], out[1], isSeen];
      });
    },
    /** Which points of the frame appear in the image of a camera, by their numbers. */
    visible: (camera: string): number[] => {
      const shot = state.stage.value?.shots.get(camera);
      return shot ? Array.from(state.stage.value!.projected(shot).index) : [];
    },
    /** Project points of the camera system with any camera; per point three doubles: column, row, is inside. */
    projectWith: (optics: OpticsData, points: string): string => {
      const given = new Float64Array(fromBase64(points).buffer);
      const lens = lensOf(optics);
      const found = new Float64Array(given.length);
      const out = new Float64Array(2);
      for (let i = 0; i < given.length; i += 3) {
        const holds = lens?.(given[i], given[i + 1], given[i + 2], out) ?? false;
        const isSeen = holds && isInside(out[0], out[1], optics.width, optics.height);
        found.set(holds ? [out[0], out[1], Number(isSeen)] : [NaN, NaN, 0], i);
      }
      return base64(new Uint8ClampedArray(found.buffer));
    },
    /** Positions of the frame's points in the reference system at the frame's time, from a place on. */
    positions: (start: number, end: number): number[] => Array.from(state.stage.value?.points.slice(3 * start, 3 * end) ?? []),
    /** The point of the 3D view under a place in CSS pixels. */
    pick: (x: number, y: number) => {
      const found = drawing.viewport?.pickAt(x, y);
      return found ? { point: found.point, position: state.positionOf(found.point) } : null;
    },
    /** A canvas as it is now: `view3d`, `image`, or a camera of the strip. */
    pixels: (name: string): { width: number; height: number; data: string } | null => {
      let image: ImageData | null = null;
      if (name === "view3d" && drawing.viewport) {
        drawing.viewport.drawNow();
        image = drawing.viewport.renderer.pixels();
      } else {
        const board = name === "image" ? drawing.main : drawing.strip.get(name);
        board?.drawNow();
        const canvas = board?.canvas;
        image = canvas ? canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height) : null;
      }
      return image && { width: image.width, height: image.height, data: base64(image.data) };
    },
    /** When pictures of the 3D view were drawn while it moved, milliseconds. */
    frameTimes: () => [...(drawing.viewport?.frames ?? [])],
  };
  Object.defineProperty(window, "kognicViewer", { value: Object.freeze(viewer), writable: false, configurable: false });
}

function base64(bytes: Uint8ClampedArray): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 32_768) text += String.fromCharCode(...bytes.subarray(i, i + 32_768));
  return btoa(text);
}
