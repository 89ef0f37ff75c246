"use strict";
const frames = [...document.querySelectorAll(".frame")];
const slider = document.querySelector("#slider");
const place = document.querySelector("#place");
let current = 0;
let enlarged = null; // the sensor whose picture fills the window
let zoom = { scale: 1, x: 0, y: 0 };

function figures() {
  return [...frames[current].querySelectorAll("figure")];
}

function show(index) {
  current = Math.min(Math.max(index, 0), frames.length - 1);
  frames.forEach((frame, at) => { frame.hidden = at !== current; });
  place.textContent = frames[current].dataset.title;
  if (slider) slider.value = current;
  enlarge(enlarged, false);
}

function enlarge(sensor, fresh = true) {
  document.querySelectorAll(".enlarged").forEach((figure) => figure.classList.remove("enlarged"));
  const figure = figures().find((one) => one.dataset.sensor === sensor);
  enlarged = figure ? sensor : null;
  if (figure) figure.classList.add("enlarged");
  if (fresh || !figure) zoom = { scale: 1, x: 0, y: 0 };
  applyZoom();
  const name = enlarged === null ? "" : "/" + encodeURIComponent(enlarged);
  history.replaceState(null, "", "#" + current + name);
}

function applyZoom() {
  document.querySelectorAll(".layers").forEach((layers) => { layers.style.transform = ""; });
  const layers = document.querySelector(".enlarged .layers");
  if (layers) layers.style.transform = `translate(${zoom.x}px, ${zoom.y}px) scale(${zoom.scale})`;
}

function toggle(layer) {
  const hidden = document.body.classList.toggle("no-" + layer);
  document.querySelector(`button[data-layer="${layer}"]`)?.setAttribute("aria-pressed", String(!hidden));
}

function readHash() {
  const [index, sensor] = location.hash.slice(1).split("/");
  enlarged = sensor === undefined ? null : decodeURIComponent(sensor);
  show(Number(index) || 0);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const actions = {
    ArrowRight: () => show(current + 1),
    ArrowLeft: () => show(current - 1),
    Home: () => show(0),
    End: () => show(frames.length - 1),
    Escape: () => enlarge(null),
    p: () => toggle("points"),
    b: () => toggle("boxes"),
    l: () => toggle("labels"),
    0: () => enlarge("birds-eye"),
  };
  let action = actions[event.key];
  if (!action && /^[1-9]$/.test(event.key)) {
    const figure = figures()[Number(event.key) - 1];
    action = figure && (() => enlarge(figure.dataset.sensor));
  }
  if (action) {
    event.preventDefault();
    action();
  }
});

let drag = null;
document.addEventListener("pointerdown", (event) => {
  const view = event.target.closest(".view");
  if (view && event.button === 0) drag = { x: event.clientX, y: event.clientY, moved: false };
});
document.addEventListener("pointermove", (event) => {
  if (!drag) return;
  const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
  if (!drag.moved && Math.hypot(dx, dy) < 4) return;
  drag.moved = true;
  if (enlarged === null) return;
  drag.x = event.clientX;
  drag.y = event.clientY;
  zoom.x += dx;
  zoom.y += dy;
  applyZoom();
});
document.addEventListener("pointerup", (event) => {
  const view = event.target.closest(".view");
  const figure = view && view.closest("figure");
  if (drag && !drag.moved && figure) {
    enlarge(figure.classList.contains("enlarged") ? null : figure.dataset.sensor);
  }
  drag = null;
});
document.addEventListener("wheel", (event) => {
  const layers = event.target.closest(".enlarged .view")?.querySelector(".layers");
  if (!layers) return;
  event.preventDefault();
  const box = layers.getBoundingClientRect();
  const scale = Math.min(Math.max(zoom.scale * Math.exp(-event.deltaY / 400), 1), 20);
  const share = 1 - scale / zoom.scale;
  zoom.x += (event.clientX - box.left) * share;
  zoom.y += (event.clientY - box.top) * share;
  zoom.scale = scale;
  if (scale === 1) zoom = { scale: 1, x: 0, y: 0 };
  applyZoom();
}, { passive: false });

slider?.addEventListener("input", () => show(Number(slider.value)));
document.querySelectorAll("button[data-step]").forEach((button) => {
  button.addEventListener("click", () => show(current + Number(button.dataset.step)));
});
document.querySelectorAll("button[data-layer]").forEach((button) => {
  button.addEventListener("click", () => toggle(button.dataset.layer));
});
window.addEventListener("hashchange", readHash);
readHash();
