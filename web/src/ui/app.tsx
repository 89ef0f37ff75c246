// The page as a whole.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { ComponentChildren } from "preact";

import { KEYS } from "../keys";
import * as state from "../state";
import { Panel, Readout } from "./panel";
import { Timeline, notes } from "./timeline";
import { Grid, MainImage, Strip, View3dPanel } from "./views";

export function App() {
  const status = state.status.value;
  useEffect(() => {
    document.documentElement.dataset.theme = state.theme.value;
  }, [state.theme.value]);
  useEffect(() => {
    document.documentElement.classList.toggle("large", state.isLarge.value);
  }, [state.isLarge.value]);
  if (status.kind === "loading") return <Waiting text={status.text} />;
  if (status.kind === "processing") return <Message title="Not ready yet" text={status.text || "The scene is being processed. This page refreshes itself."} />;
  if (status.kind === "failed") return <Failure text={status.text} errors={status.errors} />;
  return <Viewer />;
}

function Waiting({ text }: { text: string }) {
  const isSlow = useSignal(false);
  useEffect(() => {
    const timer = setTimeout(() => (isSlow.value = true), 200);
    return () => clearTimeout(timer);
  }, []);
  return isSlow.value ? <main class="skeleton"><div /><div /><p role="status">{text}</p></main> : <main />;
}

function Message({ title, text }: { title: string; text: string }) {
  return <main class="message"><h1>{title}</h1><p role="status">{text}</p><Back /></main>;
}

function Failure({ text, errors }: { text: string; errors: { file: string; message: string }[] }) {
  return (
    <main class="message">
      <h1>Nothing to show</h1>
      <p role="alert">{text}</p>
      {errors.length > 0 && (
        <ul>{errors.map(({ file, message }, index) => <li key={index}>{file && <b>{file}: </b>}{message}</li>)}</ul>
      )}
      <Back />
    </main>
  );
}

function Back() {
  return state.back ? <p><a href={state.back}>Back</a></p> : null;
}

function Viewer() {
  const head = state.head.value!;
  const layout = state.layout.value;
  const has3d = head.lidars.length > 0 || head.cameras.some((camera) => camera.given);
  const hasImages = head.cameras.length > 0;
  const shows3d = has3d && layout !== "images";
  const showsGrid = hasImages && !shows3d;
  const showsImage = hasImages && layout === "both" && shows3d;
  const kind = showsImage ? "both" : "single";
  return (
    <div class={`viewer ${kind} tab-${state.tab.value}`}>
      <Header has3d={has3d} hasImages={hasImages} />
      <Tabs />
      <main>
        <div class="left">
          {shows3d && <View3dPanel />}
          {showsGrid && <Grid />}
          {state.frameError.value && <FrameError />}
        </div>
        <div class="right">
          {showsImage && <MainImage />}
          <Readout />
          <Panel />
        </div>
      </main>
      {showsImage && <Strip />}
      <Timeline />
      <Dialogs />
    </div>
  );
}

function FrameError() {
  return (
    <div class="frameerror" role="alert">
      <p>This frame cannot be shown: {state.frameError.value}</p>
      <button type="button" onClick={() => void state.show(state.frameIndex.value)}>Retry</button>
    </div>
  );
}

function Header({ has3d, hasImages }: { has3d: boolean; hasImages: boolean }) {
  const head = state.head.value!;
  const { layout, comparison, theme, dialog } = state;
  const shown = head.num_frames && head.num_frames > head.frames.length ? ` (${head.frames.length} here)` : "";
  const counts: [number, string][] = [[head.lidars.length, "lidar"], [head.cameras.length, "camera"], [head.num_frames ?? head.frames.length, "frame"]];
  const facts = counts.filter(([number]) => number).map(([number, name]) => `${number} ${name}${number === 1 ? "" : "s"}`);
  return (
    <header class="top">
      {state.back && <a href={state.back} aria-label="Back">‹</a>}
      <h1 title={head.title}>{head.title}</h1>
      <span class="soft facts">{facts.join(" · ")}{shown}</span>
      <span class="grow" />
      {has3d && hasImages && (
        <div class="row" role="group" aria-label="Layout">
          {(["3d", "images", "both"] as const).map((name) => (
            <button type="button" key={name} aria-pressed={layout.value === name} onClick={() => (layout.value = name)}>
              {{ "3d": "3D", images: "Images", both: "Both" }[name]}
            </button>
          ))}
        </div>
      )}
      <div class="row" role="group" aria-label="Calibration">
        {(["given", "suggested"] as const).map((side) => (
          <button type="button" key={side} aria-pressed={comparison.value === side} disabled={side === "suggested" && !state.canCompare.value}
            title={side === "suggested" ? "The suggested calibration, or the given one with what the sliders change (key c)" : "The calibration as given (key c)"}
            onClick={() => (comparison.value = side)}>
            {side === "given" ? "A given" : "B suggested"}
          </button>
        ))}
      </div>
      <button type="button" aria-pressed={dialog.value === "keys"} onClick={() => (dialog.value = dialog.value === "keys" ? "" : "keys")}>? keys</button>
      <button type="button" id="theme" aria-label={`Theme: ${theme.value}`} onClick={() => (theme.value = theme.value === "dark" ? "light" : "dark")}>
        {theme.value === "dark" ? "☀" : "☾"}
      </button>
    </header>
  );
}

/** On narrow screens one part at a time. */
function Tabs() {
  return (
    <nav class="narrow" aria-label="Parts">
      {(["view", "images", "panel"] as const).map((name) => (
        <button type="button" key={name} aria-pressed={state.tab.value === name} onClick={() => (state.tab.value = name)}>
          {{ view: "View", images: "Image", panel: "Settings" }[name]}
        </button>
      ))}
    </nav>
  );
}

function Dialogs() {
  const { dialog } = state;
  if (dialog.value === "keys") {
    return (
      <Dialog title="Keys">
        <dl class="keys">{KEYS.map(([key, text]) => [<dt key={key}><kbd>{key}</kbd></dt>, <dd key={text}>{text}</dd>])}</dl>
      </Dialog>
    );
  }
  if (dialog.value === "notes") {
    const head = state.head.value!;
    return (
      <Dialog title="Notes">
        <ul>{notes().map((note, index) => <li key={index}>{note}</li>)}</ul>
        {head.command && <p class="soft"><code>{head.command}</code></p>}
      </Dialog>
    );
  }
  if (dialog.value === "time") return <GoTo />;
  return null;
}

function Dialog({ title, children }: { title: string; children: ComponentChildren }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    const first = box.current?.querySelector<HTMLElement>("input") ?? box.current;
    first?.focus();
    return () => before?.focus?.();
  }, []);
  return (
    <div class="dialog" role="dialog" aria-label={title} tabIndex={-1} ref={box}>
      <div class="row"><h2>{title}</h2><span class="grow" />
        <button type="button" aria-label="Close" onClick={() => (state.dialog.value = "")}>✕</button></div>
      {children}
    </div>
  );
}

/** A frame by its number, its id, or seconds since the start. */
function GoTo() {
  const text = useSignal("");
  const error = useSignal("");
  const go = (event: Event): void => {
    event.preventDefault();
    const index = find(text.value.trim());
    if (index < 0) error.value = "There is no such frame.";
    else {
      state.dialog.value = "";
      void state.show(index);
    }
  };
  return (
    <Dialog title="Go to">
      <form onSubmit={go}>
        <label>Frame number, frame id, or seconds such as 4.1s
          <input type="text" id="goto" value={text.value} onInput={(event) => (text.value = event.currentTarget.value)} />
        </label>
        <button type="submit">Go</button>
        <p role="alert">{error.value}</p>
      </form>
    </Dialog>
  );
}

function find(text: string): number {
  const frames = state.head.value!.frames;
  const seconds = /^(\d+(?:\.\d+)?)\s*s$/.exec(text);
  if (seconds) {
    const wanted = 1000 * Number(seconds[1]);
    let best = -1;
    frames.forEach(({ relative_ms: ms }, index) => {
      if (ms !== null && (best < 0 || Math.abs(ms - wanted) < Math.abs(frames[best].relative_ms! - wanted))) best = index;
    });
    return best;
  }
  const named = frames.findIndex(({ frame_id: id }) => id === text);
  if (named >= 0) return named;
  return /^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= frames.length ? Number(text) - 1 : -1;
}
