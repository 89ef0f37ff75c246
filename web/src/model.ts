// What kognic/viewer/document.py describes, as kognic/viewer/frames.py packs it. Times are nanoseconds to the scene's
// origin (a double holds them exactly for 104 days) or to the frame; lengths are metres.

export type Vector = [number, number, number];
export type Quaternion = [number, number, number, number];

export interface PoseData {
  position: Vector;
  quaternion: Quaternion;
}

export interface OpticsData {
  /** Calibration type; `baked` where pixels come with the frames, `none` where there are none. */
  kind: string;
  width: number;
  height: number;
  parameters: Record<string, number>;
  pose: PoseData;
}

export interface CameraData {
  name: string;
  given: OpticsData | null;
  suggested: OpticsData | null;
  note: string;
  source: Record<string, unknown> | null;
  verdict: string;
  explanation: string;
}

export interface LidarData {
  name: string;
  given: PoseData | null;
  suggested: PoseData | null;
  source: Record<string, unknown> | null;
}

export interface FrameEntry {
  frame_id: string;
  relative_ms: number | null;
  time_ns: number | null;
  pose: PoseData | null;
}

export interface Relation {
  kind: string;
  source: string;
  target: string;
}

export interface Head {
  version: number;
  title: string;
  kind: string;
  cameras: CameraData[];
  lidars: LidarData[];
  frames: FrameEntry[];
  num_frames: number | null;
  only_lidar: string | null;
  trajectory: { count: number; times: number; positions: number; quaternions: number } | null;
  is_compensated: boolean;
  home_frame: number | null;
  forward: [number, number] | null;
  layers: { name: string; relations: Relation[] }[];
  classes: Record<string, string>;
  depth_range: [number, number] | null;
  has_second_calibration: boolean;
  findings: string[];
  notes: string[];
  command: string;
  origin_ns: string;
}

export interface CloudData {
  lidar: string;
  count: number;
  total: number;
  message: string;
  positions: number;
  intensity: { block: number; low: number; high: number } | null;
  times: number | null;
  classes: number | null;
}

export interface BakedLineData {
  object_id: string;
  layer: number;
  is_front: boolean;
  pixels: number[];
}

export interface PictureData {
  camera: string;
  content: number | null;
  media_type: string;
  width: number;
  height: number;
  shutter: [number, number] | null;
  is_reversed: boolean;
  message: string;
  baked: number | null;
  baked_lines: BakedLineData[];
}

export type ShapeKind = "cuboid" | "poly3d" | "bbox" | "poly2d" | "point2d";

export interface ShapeData {
  layer: number;
  object_id: string;
  kind: ShapeKind;
  class_name: string;
  name: string;
  stream: string | null;
  numbers: number[];
  is_closed: boolean;
  is_hole: boolean;
  polygon_id: string | null;
  properties: Record<string, unknown>;
}

/** What the pixels of an image show: a number for each, row by row, 0 for nothing. */
export interface MaskData {
  layer: number;
  object_id: string;
  camera: string;
  width: number;
  height: number;
  values: number;
  names: Record<string, string>;
}

export interface FrameData {
  index: number;
  cloud_frame: number | null;
  notes: string[];
  clouds: CloudData[];
  pictures: PictureData[];
  shapes: ShapeData[];
  masks: MaskData[];
}

/** The points of one lidar, unpacked. */
export interface Cloud {
  lidar: string;
  count: number;
  total: number;
  message: string;
  /** Millimetres: all x, all y, all z. */
  positions: Int32Array;
  intensity: Uint8Array | null;
  intensityEnds: [number, number];
  /** Steps of 10 microseconds to the frame. */
  times: Int32Array | null;
  classes: Uint16Array | null;
}

export interface Picture {
  data: PictureData;
  bitmap: ImageBitmap | null;
  /** Eighths of pixels: all columns, all rows. */
  baked: Int32Array | null;
  message: string;
}

export interface Mask {
  data: MaskData;
  values: Uint8Array;
}

/** A frame, ready to be computed with; `bytes` is what it holds in memory. */
export interface Frame {
  data: FrameData;
  clouds: Cloud[];
  pictures: Map<string, Picture>;
  masks: Mask[];
  bytes: number;
}

export interface TrajectoryArrays {
  times: Float64Array;
  positions: Float64Array;
  quaternions: Float64Array;
}

export interface Scene {
  head: Head;
  trajectory: TrajectoryArrays | null;
}

export const TIME_STEP_NS = 10_000;
export const NO_PIXEL = -(2 ** 31);
