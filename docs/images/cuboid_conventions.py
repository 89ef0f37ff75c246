"""Draws cuboid_conventions.svg: python docs/images/cuboid_conventions.py (needs matplotlib)."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np

from kognic.annotations.cuboids import (
    ARGOVERSE,
    ISO_8855,
    KOGNIC,
    NUSCENES,
    Convention,
    corners,
    fronts,
    to_kognic,
)

mpl.use("svg")
mpl.rcParams.update({"svg.hashsalt": "kognic", "font.size": 9, "svg.fonttype": "path"})

import matplotlib.pyplot as plt  # noqa: E402

PANELS = (
    (
        "Kognic, PandaSet",
        KOGNIC,
        "val = x y z  qx qy qz qw  width length height\nfront along the cuboid's own +y",
    ),
    (
        "ISO 8855 (iso_rotated_cuboids)",
        ISO_8855,
        "val = x y z  qx qy qz qw  length width height\nfront along +x",
    ),
    ("nuScenes, T4", NUSCENES, "size = width length height\nrotation = w x y z, front along +x"),
    ("Argoverse 2", ARGOVERSE, "length_m width_m height_m\nqw qx qy qz, front along +x"),
)
SIZES = {"w": 1.9, "l": 4.5, "h": 1.6}


def draw(axes: plt.Axes, title: str, convention: Convention, text: str) -> None:
    """One cuboid at rotation 0 in its convention, bird's-eye view."""
    size = [SIZES[letter] for letter in convention.sizes]
    value = to_kognic([[0, 0, 0.8]], [size], convention, yaws=[0])
    face = corners(value)[0, :4, :2]
    axes.fill(*face.T, facecolor="#7fb3d5", edgecolor="#1f4e6b", linewidth=1.5)
    front = fronts(value)[0, :2]
    side = (corners(value)[0, 3, :2] + corners(value)[0, 2, :2]) / 2
    axes.annotate("", side + front, side, arrowprops={"arrowstyle": "-|>", "color": "#b03a2e", "lw": 2})
    axes.text(*(side + 1.45 * front), "front", color="#b03a2e", ha="center", va="center")
    for axis, name in ((np.array([1, 0]), "+x"), (np.array([0, 1]), "+y")):
        axes.annotate("", axis * 1.1, (0, 0), arrowprops={"arrowstyle": "->", "color": "#1c2733"})
        axes.text(*(axis * 1.4), name, ha="center", va="center")
    axes.set(title=title, xlim=(-4.2, 4.2), ylim=(-4.2, 4.6), aspect="equal")
    axes.text(0, -4.0, text, ha="center", va="bottom", fontsize=8)
    axes.axis("off")


figure, panels = plt.subplots(1, len(PANELS), figsize=(12, 3.6), layout="constrained")
for panel, values in zip(panels, PANELS, strict=True):
    draw(panel, *values)
figure.savefig(Path(__file__).with_suffix(".svg"), metadata={"Date": None, "Creator": None})
