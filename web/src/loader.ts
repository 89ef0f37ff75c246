// Where scenes and frames come from: the page itself, or the host it came from. Keeps frames within a bound in bytes.

import type { Cloud, Frame, FrameData, Head, Picture, PictureData, Scene } from "./model";
import { DamagedError, doubles, fromBase64, int32, readPacket, summed, uint16 } from "./packet";

const CACHE_BYTES = 384 * 2 ** 20;
const AHEAD = 2;
const MOST_REQUESTS = 4;

/** Something a person can read; `errors` are those of a scene that failed. */
export class LoadError extends Error {
  constructor(message: string, readonly errors: { file: string; message: string }[] = []) {
    super(message);
  }
}

export class ProcessingError extends Error {}

export interface Source {
  scene(): Promise<Uint8Array<ArrayBuffer>>;
  frame(index: number, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>>;
}

export class PageSource implements Source {
  async scene(): Promise<Uint8Array<ArrayBuffer>> {
    return this.block("scene");
  }

  async frame(index: number): Promise<Uint8Array<ArrayBuffer>> {
    return this.block(`frame-${index}`);
  }

  private block(id: string): Uint8Array<ArrayBuffer> {
    const element = document.getElementById(id);
    if (!element) throw new DamagedError("This file is cut off.");
    return fromBase64(element.textContent ?? "");
  }
}

export class HostSource implements Source {
  constructor(private readonly base: string) {}

  scene(): Promise<Uint8Array<ArrayBuffer>> {
    return this.fetched("scene");
  }

  frame(index: number, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    return this.fetched(`frames/${index}`, signal);
  }

  private async fetched(path: string, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    let answer: Response;
    try {
      answer = await fetch(new URL(this.base + path, location.href), { signal, credentials: "same-origin" });
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new LoadError("The server does not answer. Is it still running?");
    }
    if (answer.status === 200) return new Uint8Array(await answer.arrayBuffer());
    const said = (await answer.json().catch(() => ({}))) as {
      message?: string;
      errors?: { file: string; message: string }[];
    };
    if (answer.status === 202) throw new ProcessingError(said.message ?? "");
    throw new LoadError(said.message ?? `The server answered with status ${answer.status}.`, said.errors ?? []);
  }
}

export async function loadScene(source: Source): Promise<Scene> {
  const packet = await readPacket<Head>(await source.scene());
  const path = packet.document.trajectory;
  const trajectory = path && {
    times: doubles(packet.blocks[path.times]),
    positions: doubles(packet.blocks[path.positions]),
    quaternions: doubles(packet.blocks[path.quaternions]),
  };
  return { head: packet.document, trajectory };
}

async function unpacked(bytes: Uint8Array<ArrayBuffer>): Promise<Frame> {
  const { document: data, blocks } = await readPacket<FrameData>(bytes);
  const clouds = data.clouds.map((cloud): Cloud => ({
    lidar: cloud.lidar,
    count: cloud.count,
    total: cloud.total,
    message: cloud.message,
    positions: int32(blocks[cloud.positions]),
    intensity: cloud.intensity && blocks[cloud.intensity.block],
    intensityEnds: cloud.intensity ? [cloud.intensity.low, cloud.intensity.high] : [0, 1],
    times: cloud.times === null ? null : summed(int32(blocks[cloud.times])),
    classes: cloud.classes === null ? null : uint16(blocks[cloud.classes]),
  }));
  const pictures = await Promise.all(data.pictures.map((picture) => decoded(picture, blocks)));
  const masks = data.masks.map((mask) => ({ data: mask, values: blocks[mask.values] }));
  let size = 0;
  for (const cloud of clouds) size += 40 * cloud.count;
  for (const { bitmap } of pictures) if (bitmap) size += 4 * bitmap.width * bitmap.height;
  // The numbers, and the colours that are kept of those that were drawn.
  for (const { values } of masks) size += 5 * values.length;
  return { data, clouds, pictures: new Map(pictures.map((picture) => [picture.data.camera, picture])), masks, bytes: size };
}

async function decoded(data: PictureData, blocks: Uint8Array[]): Promise<Picture> {
  let bitmap: ImageBitmap | null = null;
  let message = data.message;
  if (data.content !== null) {
    try {
      const blob = new Blob([blocks[data.content] as Uint8Array<ArrayBuffer>], { type: data.media_type });
      // The platform takes pixels as they are stored, so no rotation by EXIF.
      bitmap = await createImageBitmap(blob, { imageOrientation: "none" as ImageOrientation });
    } catch {
      message = "The browser cannot decode this image.";
    }
  }
  return { data, bitmap, baked: data.baked === null ? null : int32(blocks[data.baked]), message };
}

/** Frames by position: those asked for, and a few ahead; the longest unused go first. */
export class FrameCache {
  private readonly kept = new Map<number, Frame>();
  /** The frame on the screen, which stays whatever comes. */
  shown = 0;
  private readonly running = new Map<number, { promise: Promise<Frame>; abort: AbortController }>();

  constructor(
    private readonly source: Source,
    private readonly count: number,
    private readonly release: (frame: Frame) => void,
  ) {}

  has(index: number): boolean {
    return this.kept.has(index);
  }

  get bytes(): number {
    let sum = 0;
    for (const frame of this.kept.values()) sum += frame.bytes;
    return sum;
  }

  /** A frame, and what its points are taken from. Requests of frames that were skipped over are given up. */
  async get(index: number): Promise<Frame> {
    for (const [other, { abort }] of this.running) {
      if (other < index || other > index + AHEAD) {
        abort.abort();
        this.running.delete(other);
      }
    }
    const frame = await this.load(index);
    if (frame.data.cloud_frame !== null && !frame.clouds.length) {
      frame.clouds = (await this.load(frame.data.cloud_frame)).clouds;
    }
    return frame;
  }

  /** Fetch what comes next while nobody waits. */
  ahead(index: number): void {
    for (let next = index + 1; next <= Math.min(index + AHEAD, this.count - 1); next++) {
      if (!this.kept.has(next) && this.running.size < MOST_REQUESTS) this.load(next).catch(() => undefined);
    }
  }

  private async load(index: number): Promise<Frame> {
    const found = this.kept.get(index);
    if (found) {
      this.kept.delete(index);
      this.kept.set(index, found);
      return found;
    }
    const running = this.running.get(index);
    if (running) return running.promise;
    const abort = new AbortController();
    const promise = this.source.frame(index, abort.signal).then(unpacked);
    this.running.set(index, { promise, abort });
    try {
      const frame = await promise;
      this.keep(index, frame);
      return frame;
    } finally {
      if (this.running.get(index)?.promise === promise) this.running.delete(index);
    }
  }

  private keep(index: number, frame: Frame): void {
    this.kept.set(index, frame);
    let bytes = this.bytes;
    for (const [old, dropped] of this.kept) {
      if (bytes <= CACHE_BYTES || this.kept.size <= 2) break;
      if (old === index || old === this.shown) continue;
      this.kept.delete(old);
      bytes -= dropped.bytes;
      this.release(dropped);
    }
  }
}
