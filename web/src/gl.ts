// The 3D view on a GPU, with three.js.

import {
  BufferAttribute, BufferGeometry, CanvasTexture, Color, DoubleSide, LineBasicMaterial, LineSegments, Matrix4, Mesh,
  MeshBasicMaterial, PerspectiveCamera, Points, Scene, ShaderMaterial, NoColorSpace, NoToneMapping,
  LinearSRGBColorSpace, WebGLRenderer,
} from "three";

import { type Orbit, eyeOf, NEAR } from "./orbit";
import type { DrawOptions, LineSet, Plane, View3D } from "./view3d";

const QUICK_POINTS = 60_000;
const VERTEX = `
attribute vec4 colour;
uniform float size;
varying vec4 shown;
void main() {
  shown = colour;
  gl_Position = colour.a < 0.5 ? vec4(0.0, 0.0, 2.0, 1.0) : projectionMatrix * modelViewMatrix * vec4(position, 1.0);
  gl_PointSize = size;
}`;
const FRAGMENT = `
uniform vec3 ground;
uniform float opacity;
varying vec4 shown;
void main() {
  gl_FragColor = vec4(mix(ground, shown.rgb, opacity), 1.0);
}`;

export class GlView implements View3D {
  readonly name = "gl";
  readonly canvas = document.createElement("canvas");
  private readonly renderer: WebGLRenderer;
  private readonly scene = new Scene();
  private readonly camera = new PerspectiveCamera();
  private readonly material = new ShaderMaterial({
    vertexShader: VERTEX,
    fragmentShader: FRAGMENT,
    uniforms: { size: { value: 2 }, opacity: { value: 1 }, ground: { value: new Color() } },
  });
  private readonly all = new Points(new BufferGeometry(), this.material);
  private readonly few = new Points(new BufferGeometry(), this.material);
  private readonly lines = new LineSegments(new BufferGeometry(), new LineBasicMaterial({ vertexColors: true }));
  private planes: Mesh[] = [];

  /** Throws where WebGL is missing. */
  constructor(onLost: () => void) {
    this.renderer = new WebGLRenderer({ canvas: this.canvas, antialias: false, preserveDrawingBuffer: true });
    // Colours are given as they are to be shown.
    this.renderer.outputColorSpace = LinearSRGBColorSpace;
    this.renderer.toneMapping = NoToneMapping;
    this.canvas.addEventListener("webglcontextlost", (event) => {
      event.preventDefault();
      onLost();
    });
    for (const object of [this.all, this.few, this.lines]) {
      object.frustumCulled = false;
      this.scene.add(object);
    }
  }

  setPoints(points: Float32Array, colours: Uint32Array): void {
    fill(this.all.geometry, points, colours, 1);
    fill(this.few.geometry, points, colours, Math.max(1, Math.ceil(colours.length / QUICK_POINTS)));
  }

  setLines(lines: LineSet): void {
    const { geometry } = this.lines;
    geometry.dispose();
    const colours = new Uint8Array(8 * lines.colours.length);
    const words = new Uint32Array(colours.buffer);
    lines.colours.forEach((colour, index) => words.fill(colour, 2 * index, 2 * index + 2));
    geometry.setAttribute("position", new BufferAttribute(lines.positions, 3));
    geometry.setAttribute("color", new BufferAttribute(colours, 4, true));
    geometry.setDrawRange(0, 2 * lines.colours.length);
  }

  setPlanes(planes: Plane[]): void {
    this.dropPlanes();
    this.planes = planes.map((plane) => {
      const texture = new CanvasTexture(drawn(plane.bitmap));
      // Not to be decoded: see outputColorSpace.
      texture.colorSpace = NoColorSpace;
      const mesh = new Mesh(meshOf(plane), new MeshBasicMaterial({ map: texture, side: DoubleSide }));
      mesh.frustumCulled = false;
      this.scene.add(mesh);
      return mesh;
    });
  }

  render(orbit: Orbit, width: number, height: number, options: DrawOptions): void {
    if (this.canvas.width !== width || this.canvas.height !== height) this.renderer.setSize(width, height, false);
    const eye = eyeOf(orbit, width, height);
    const { right, up, ahead, position } = eye;
    const { camera } = this;
    camera.fov = 50;
    camera.aspect = width / height;
    camera.near = Math.max(NEAR, orbit.distance / 2000);
    camera.far = orbit.distance * 20 + 2000;
    camera.updateProjectionMatrix();
    camera.matrixAutoUpdate = false;
    camera.matrix.copy(new Matrix4().set(
      right[0], up[0], -ahead[0], position[0],
      right[1], up[1], -ahead[1], position[1],
      right[2], up[2], -ahead[2], position[2],
      0, 0, 0, 1,
    ));
    camera.matrixWorldNeedsUpdate = true;
    const ground = components(options.ground);
    this.renderer.setClearColor(new Color(...ground), 1);
    this.material.uniforms.size.value = Math.max(1, Math.round(options.pointSize));
    this.material.uniforms.opacity.value = options.opacity;
    this.material.uniforms.ground.value.setRGB(...ground);
    this.all.visible = !options.isMoving;
    this.few.visible = options.isMoving;
    this.renderer.render(this.scene, camera);
  }

  pixels(): ImageData {
    const { width, height } = this.canvas;
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext("2d")!;
    context.drawImage(this.canvas, 0, 0);
    return context.getImageData(0, 0, width, height);
  }

  dispose(): void {
    this.dropPlanes();
    for (const object of [this.all, this.few, this.lines]) object.geometry.dispose();
    this.material.dispose();
    this.renderer.dispose();
    this.renderer.forceContextLoss();
  }

  private dropPlanes(): void {
    for (const mesh of this.planes) {
      const material = mesh.material as MeshBasicMaterial;
      material.map?.dispose();
      material.dispose();
      mesh.geometry.dispose();
      this.scene.remove(mesh);
    }
    this.planes = [];
  }
}

function components(colour: number): [number, number, number] {
  return [(colour & 255) / 255, ((colour >> 8) & 255) / 255, ((colour >> 16) & 255) / 255];
}

function fill(geometry: BufferGeometry, points: Float32Array, colours: Uint32Array, step: number): void {
  const count = Math.ceil(colours.length / step);
  const positions = new Float32Array(3 * count);
  const chosen = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    const from = 3 * i * step;
    // Points that are left out are NaN, which a GPU may draw anywhere: they get no colour and no place.
    const isThere = points[from] === points[from];
    chosen[i] = isThere ? colours[i * step] : 0;
    for (let k = 0; k < 3; k++) positions[3 * i + k] = isThere ? points[from + k] : 0;
  }
  geometry.dispose();
  geometry.setAttribute("position", new BufferAttribute(positions, 3));
  geometry.setAttribute("colour", new BufferAttribute(new Uint8Array(chosen.buffer), 4, true));
  geometry.setDrawRange(0, count);
}

function drawn(bitmap: ImageBitmap): OffscreenCanvas {
  const factor = Math.min(1, 1024 / bitmap.width);
  const canvas = new OffscreenCanvas(Math.round(bitmap.width * factor), Math.round(bitmap.height * factor));
  canvas.getContext("2d")!.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return canvas;
}

function meshOf(plane: Plane): BufferGeometry {
  const { columns, rows, corners } = plane;
  const places = new Float32Array(2 * columns * rows);
  const triangles: number[] = [];
  const isThere = (index: number): boolean => corners[3 * index] === corners[3 * index];
  for (let j = 0; j < rows; j++) {
    for (let i = 0; i < columns; i++) {
      const at = j * columns + i;
      places[2 * at] = i / (columns - 1);
      places[2 * at + 1] = 1 - j / (rows - 1);
      const square = [at, at + 1, at + columns, at + columns + 1];
      if (i + 1 < columns && j + 1 < rows && square.every(isThere)) {
        triangles.push(square[0], square[2], square[1], square[1], square[2], square[3]);
      }
    }
  }
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(corners.map((value) => (value === value ? value : 0)), 3));
  geometry.setAttribute("uv", new BufferAttribute(places, 2));
  geometry.setIndex(triangles);
  return geometry;
}
