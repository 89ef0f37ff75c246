"""Draws the pictures of docs/concepts.md, for light and dark pages: `make pictures`.

The diagrams are the .gv files of this folder, laid out by Graphviz (`dot`). matplotlib draws axes and times.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

mpl.use("svg")
mpl.rcParams.update(
    {"svg.hashsalt": "kognic", "font.size": 10, "svg.fonttype": "none", "font.family": "sans-serif"}
)

import matplotlib.pyplot as plt  # noqa: E402

HERE = Path(__file__).parent
THEMES = {
    "light": {"ink": "#1c2733", "box": "#e3eef7", "line": "#4a6178", "soft": "#8fa3b5"},
    "dark": {"ink": "#dbe4ec", "box": "#24384a", "line": "#8fb0cc", "soft": "#5f7386"},
}
# The colours of axes that RViz and most tools use: x red, y green, z blue; a lighter blue for dark pages.
AXES = {"light": ("#c0392b", "#1e8449", "#1f5fbf"), "dark": ("#ff7b6b", "#58d68d", "#7fb2ff")}


def diagrams(theme: str) -> None:
    """Each .gv file as an SVG."""
    colours = THEMES[theme]
    ink, box, line = colours["ink"], colours["box"], colours["line"]
    font = "Helvetica,Arial,sans-serif"
    for source in sorted(HERE.glob("*.gv")):
        target = source.with_name(f"{source.stem}-{theme}.svg")
        settings = [
            "-Gbgcolor=transparent", f"-Nfontname={font}", f"-Efontname={font}", f"-Nfontcolor={ink}",
            f"-Efontcolor={ink}", f"-Ncolor={line}", f"-Ecolor={line}", f"-Nfillcolor={box}",
        ]  # fmt: skip
        subprocess.run(["dot", "-Tsvg", *settings, str(source), "-o", str(target)], check=True)  # noqa: S603, S607


def axes_at(
    axes: Any, theme: str, origin: tuple[float, float], arrows: dict[str, tuple[float, float]]
) -> None:
    """The axes of a coordinate system in the plane.

    An axis without length is perpendicular to the picture: a dot points at the reader, and a cross (name in
    brackets) away.
    """
    for (name, (dx, dy)), colour in zip(arrows.items(), AXES[theme], strict=False):
        if not (dx or dy):
            axes.plot(*origin, "o", ms=9, mfc="none", mec=colour, mew=1.5)
            axes.plot(*origin, "x" if name.startswith("(") else "o", ms=4, color=colour)
            axes.text(origin[0] - 0.16, origin[1] - 0.2, name, color=colour, ha="right", va="top")
            continue
        tip = (origin[0] + dx, origin[1] + dy)
        arrow = {"arrowstyle": "-|>", "color": colour, "lw": 2, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", tip, origin, arrowprops=arrow)
        length = float(np.hypot(dx, dy))
        at = (tip[0] + 0.22 * dx / length, tip[1] + 0.22 * dy / length)
        axes.text(*at, name, color=colour, ha="center", va="center")


def save(figure: Any, name: str, theme: str) -> None:
    path = HERE / f"{name}-{theme}.svg"
    figure.savefig(path, metadata={"Date": None, "Creator": None}, transparent=True)
    plt.close(figure)


def frames(theme: str) -> None:
    """The vehicle in bird's-eye view, with the systems of docs/concepts.md."""
    colours = THEMES[theme]
    ink = colours["ink"]
    figure, (plan, image) = plt.subplots(1, 2, figsize=(10, 4.3), width_ratios=(3, 1.5), layout="constrained")
    outline = mpl.patches.FancyBboxPatch(
        (-1.0, -0.95), 4.6, 1.9, boxstyle="round,pad=0,rounding_size=0.4",
        facecolor=colours["box"], edgecolor=colours["line"],
    )  # fmt: skip
    plan.add_patch(outline)
    axes_at(plan, theme, (0.0, 0.0), {"x": (1.0, 0.0), "y": (0.0, 1.0), "z": (0.0, 0.0)})
    plan.text(0.35, -0.58, "reference\n(here ISO 8855)", color=ink, ha="center", va="center", fontsize=9)
    axes_at(plan, theme, (1.9, 0.0), {"x": (0.0, -0.75), "y": (0.75, 0.0), "z": (0.0, 0.0)})
    plan.text(1.95, 0.42, "lidar", color=ink, ha="center", fontweight="bold")
    axes_at(plan, theme, (3.4, 0.0), {"x": (0.0, -1.2), "(y)": (0.0, 0.0), "z": (1.6, 0.0)})
    plan.text(4.35, 0.28, "camera", color=ink, ha="center", fontweight="bold")
    plan.text(3.75, -0.45, "x right, y down, z forward", color=ink, ha="left", fontsize=8)
    axes_at(plan, theme, (-3.6, -1.6), {"x": (1.0, 0.0), "y": (0.0, 1.0), "z": (0.0, 0.0)})
    plan.text(-3.6, -2.25, "world", color=ink, ha="center", fontweight="bold")
    curve = {"arrowstyle": "-|>", "color": colours["soft"], "lw": 1.4}
    plan.annotate("", (0.05, 0.1), (3.4, 0.12), arrowprops=curve | {"connectionstyle": "arc3,rad=0.5"})
    plan.text(1.7, 1.32, "calibration: sensor → reference", color=ink, ha="center", fontsize=9)
    plan.annotate("", (-3.55, -1.5), (-0.12, 0.05), arrowprops=curve | {"connectionstyle": "arc3,rad=0.3"})
    plan.text(-2.7, 0.5, "ego pose:\nreference → world", color=ink, ha="center", fontsize=9)
    plan.set(xlim=(-4.4, 5.4), ylim=(-2.5, 1.8), aspect="equal", title="")
    plan.set_title("Vehicle, bird's-eye view (metres)", color=ink, fontsize=10)
    plan.axis("off")
    picture = mpl.patches.Rectangle((0, 0), 4, 2.5, facecolor=colours["box"], edgecolor=colours["line"])
    image.add_patch(picture)
    axes_at(image, theme, (0.0, 2.5), {"u": (1.4, 0.0), "v": (0.0, -1.2)})
    image.text(2.1, 1.2, "(0, 0) is the centre of\nthe top left pixel", color=ink, ha="center", fontsize=9)
    image.set(xlim=(-0.5, 4.4), ylim=(-0.4, 3.0), aspect="equal")
    image.set_title("Image (pixels)", color=ink, fontsize=10)
    image.axis("off")
    save(figure, "coordinate-frames", theme)


def times(theme: str) -> None:
    """The clocks of a sequence on one line."""
    colours = THEMES[theme]
    ink, line = colours["ink"], colours["line"]
    figure, axes = plt.subplots(figsize=(10, 3.4), layout="constrained")
    rows = {
        "IMU samples": 4,
        "camera shutter": 3,
        "lidar points": 2,
        "frame (unix_timestamp)": 1,
        "frame (relative_timestamp)": 0,
    }
    for name, row in rows.items():
        axes.text(-12, row, name, color=ink, ha="right", va="center")
        axes.plot([-8, 238], [row, row], color=colours["soft"], lw=0.8)
    axes.plot(np.arange(-5, 236, 5), np.full(49, 4), "|", color=line, ms=8)
    for n, start in enumerate((0, 100)):
        axes.add_patch(
            mpl.patches.Rectangle((start + 30, 2.78), 30, 0.44, facecolor=colours["box"], edgecolor=line)
        )
        axes.add_patch(
            mpl.patches.Rectangle((start, 1.78), 96, 0.44, facecolor=colours["box"], edgecolor=line)
        )
        axes.plot(start + 48, 1, "v", color=line, ms=9)
        axes.text(start + 48, 0.62, f"1772000000.{n}48 s", color=ink, ha="center", fontsize=8)
        axes.text(
            start + 48,
            0,
            f"{n * 100} ms",
            color=ink,
            ha="center",
            va="center",
            bbox={"facecolor": colours["box"], "edgecolor": line},
        )
        axes.text(start + 45, 3.0, "start … end", color=ink, ha="center", va="center", fontsize=7.5)
        axes.text(start + 48, 2.0, "one time per point", color=ink, ha="center", va="center", fontsize=8)
    axes.set(xlim=(-95, 240), ylim=(-0.6, 4.7))
    axes.text(238, 4.42, "time →", color=ink, ha="right", fontsize=9)
    axes.axis("off")
    save(figure, "timestamps", theme)


if __name__ == "__main__":
    for theme in THEMES:
        diagrams(theme)
        frames(theme)
        times(theme)
