// Reads packets (kognic/viewer/packing.py): JSON and blocks of numbers in byte planes.

const MAGIC = 0x3150564b; // KVP1
const HEADER = 12;

export class DamagedError extends Error {}

export interface Packet<T> {
  document: T;
  blocks: Uint8Array[];
}

/** Unpack a packet; blocks that are not deflated share its memory. */
export async function readPacket<T>(bytes: Uint8Array<ArrayBuffer>): Promise<Packet<T>> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.byteLength < HEADER || view.getUint32(0, true) !== MAGIC) {
    throw new DamagedError("This is no data of the viewer.");
  }
  if (view.getUint32(4, true) !== bytes.byteLength) throw new DamagedError("This file is cut off.");
  const start = HEADER + view.getUint32(8, true);
  const text = new TextDecoder().decode(await inflate(bytes.subarray(HEADER, start)));
  const whole = JSON.parse(text) as { document: T; blocks: [number, number][] };
  let at = start;
  const blocks = whole.blocks.map(([size, raw]) => {
    const block = bytes.subarray(at, at + size);
    at += size;
    return raw ? inflate(block) : block;
  });
  return { document: whole.document, blocks: await Promise.all(blocks) };
}

async function inflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  try {
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch {
    throw new DamagedError("This file is damaged.");
  }
}

export function int32(planes: Uint8Array): Int32Array {
  const count = planes.length >> 2;
  const out = new Int32Array(count);
  const [b, c, d] = [count, 2 * count, 3 * count];
  for (let i = 0; i < count; i++) {
    out[i] = planes[i] | (planes[b + i] << 8) | (planes[c + i] << 16) | (planes[d + i] << 24);
  }
  return out;
}

export function uint16(planes: Uint8Array): Uint16Array {
  const count = planes.length >> 1;
  const out = new Uint16Array(count);
  for (let i = 0; i < count; i++) out[i] = planes[i] | (planes[count + i] << 8);
  return out;
}

/** Sums of differences; int32 wraps, as it did when they were taken. */
export function summed(differences: Int32Array): Int32Array {
  for (let i = 1; i < differences.length; i++) differences[i] = (differences[i] + differences[i - 1]) | 0;
  return differences;
}

export function doubles(bytes: Uint8Array): Float64Array {
  return new Float64Array(bytes.slice().buffer);
}

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const native = (Uint8Array as unknown as { fromBase64?: (text: string) => Uint8Array<ArrayBuffer> }).fromBase64;
  try {
    if (native) return native.call(Uint8Array, text);
    const raw = atob(text);
    const bytes = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
    return bytes;
  } catch {
    throw new DamagedError("This file is damaged.");
  }
}
