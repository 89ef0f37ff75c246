// Frames: slider, steps, playing.

import { effect } from "@preact/signals";

import * as state from "../state";

const SPEEDS = [0.25, 0.5, 1, 2, 4];
const USUAL_MS = 100;

export function Timeline() {
  const { count, frameIndex, isPlaying } = state;
  const index = frameIndex.value;
  const entry = state.head.value?.frames[index];
  const relative = entry?.relative_ms;
  const clock = state.clockOf(index);
  const go = (step: number): void => void state.show(index + step);
  const isOne = count.value < 2;
  return (
    <footer class="timeline">
      <div class="row" role="group" aria-label="Frames">
        <button type="button" aria-label="First frame" disabled={isOne} onClick={() => void state.show(0)}>|◂</button>
        <button type="button" aria-label="Previous frame" disabled={isOne} onClick={() => go(-1)}>◂</button>
        <button type="button" id="play" aria-label={isPlaying.value ? "Pause" : "Play"} disabled={isOne} onClick={() => (isPlaying.value = !isPlaying.value)}>
          {isPlaying.value ? "❚❚" : "▶"}
        </button>
        <button type="button" aria-label="Next frame" disabled={isOne} onClick={() => go(1)}>▸</button>
        <button type="button" aria-label="Last frame" disabled={isOne} onClick={() => void state.show(count.value - 1)}>▸|</button>
      </div>
      <input type="range" id="frame" aria-label="Frame" min={0} max={Math.max(count.value - 1, 1)} value={index} disabled={isOne}
        onInput={(event) => void state.show(Number(event.currentTarget.value))} />
      <span class="place" id="place" title={entry?.frame_id}>{state.frameTitle(index)}</span>
      {clock && <span class="soft">{clock}</span>}
      {relative !== null && relative !== undefined && <span class="soft">+{(relative / 1000).toFixed(3)} s</span>}
      <select aria-label="Speed" disabled={isOne} value={state.speed.value} onChange={(event) => (state.speed.value = Number(event.currentTarget.value))}>
        {SPEEDS.map((speed) => <option key={speed} value={speed}>{speed}×</option>)}
      </select>
      <span class="soft grow" />
      {state.isWaiting.value && <span class="soft" role="status">loading</span>}
      <span class="soft" id="renderer" title="How the 3D view is drawn: by the GPU (gl) or without one (cpu)">{state.rendererName.value}</span>
      <Notes />
    </footer>
  );
}

function Notes() {
  const number = notes().length;
  if (!number) return null;
  return (
    <button type="button" id="notes-button" onClick={() => (state.dialog.value = state.dialog.value === "notes" ? "" : "notes")}>
      notes ({number})
    </button>
  );
}

export function notes(): string[] {
  const head = state.head.value;
  const frame = state.stage.value?.frame;
  const clouds = frame?.clouds.filter((cloud) => cloud.message).map((cloud) => `${cloud.lidar}: ${cloud.message}`) ?? [];
  const thinned = frame?.clouds.filter((cloud) => cloud.total > cloud.count)
    .map((cloud) => `${cloud.lidar}: ${cloud.count.toLocaleString("en")} of ${cloud.total.toLocaleString("en")} points are shown`) ?? [];
  return [...(head?.findings ?? []), ...(head?.notes ?? []), ...(frame?.data.notes ?? []), ...clouds, ...thinned];
}

let timer = 0;

/** While playing, the next frame is asked for when the last one is there and its time has passed. */
effect(() => {
  const isPlaying = state.isPlaying.value;
  const speed = state.speed.value;
  clearTimeout(timer);
  if (isPlaying) void tick(speed);
});

async function tick(speed: number): Promise<void> {
  const index = state.frameIndex.peek();
  const next = index + 1 < state.count.peek() ? index + 1 : 0;
  const frames = state.head.peek()?.frames ?? [];
  const [from, to] = [frames[index]?.relative_ms, frames[next]?.relative_ms];
  const pause = from != null && to != null && to > from ? Math.min(to - from, 2000) : USUAL_MS;
  const started = performance.now();
  await state.show(next);
  if (!state.isPlaying.peek() || state.speed.peek() !== speed) return;
  timer = window.setTimeout(() => void tick(speed), Math.max(0, pause / speed - (performance.now() - started)));
}
