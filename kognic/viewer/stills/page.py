"""A preview as one HTML page that needs no network: pictures, style and script are inside."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from importlib import resources
from typing import TYPE_CHECKING

import attrs

from kognic.viewer.stills.birds_eye import NAME as BIRDS_EYE
from kognic.viewer.stills.colours import DepthScale
from kognic.viewer.stills.encoding import encode_layers
from kognic.viewer.stills.overlay import CameraPicture
from kognic.viewer.stills.shapes import to_svg

if TYPE_CHECKING:
    from kognic.scenes.calibration.verdict import CameraVerdict

_KEYS = (
    ("← →", "frames"),
    ("1-9", "enlarge a camera"),
    ("0", "enlarge the view from above"),
    ("p", "points"),
    ("b", "boxes"),
    ("l", "labels"),
    ("Esc", "back"),
)
_GRADIENT_STOPS = 24


@attrs.frozen(kw_only=True)
class PageHead:
    """What a page says of the whole scene.

    Attributes:
        title: The scene's name.
        facts: One line about it.
        frames: Titles of the frames.
        scale: Colours of distances; None without points in images.
        kinds: Colours of kinds of objects.
        notes: What a reader has to know.
        rows: Names of the cameras, as they are laid out.
    """

    title: str
    facts: str
    frames: Sequence[str]
    scale: DepthScale | None
    kinds: Mapping[str, str]
    notes: Sequence[str]
    rows: Sequence[Sequence[str]]


def page_start(head: PageHead) -> str:
    """Everything up to the first frame."""
    script, title = _asset("page.js"), escape(head.title)
    # Nothing may be fetched from anywhere, and only this script may run.
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    policy = f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Preview of {title}</title>\n<style>\n{_asset('page.css')}</style>\n"
        "</head>\n<body>\n<header>\n"
        f'<h1>{title} <span class="soft">{escape(head.facts)}</span></h1>\n'
        f"{_navigation(head.frames)}{_legend(head)}</header>\n<main>\n"
        + "".join(f'<p class="note">{escape(note)}</p>\n' for note in head.notes)
    )


def page_frame(
    title: str,
    pictures: Mapping[str, CameraPicture],
    head: PageHead,
    *,
    notes: Sequence[str] = (),
    caption: str = "",
    verdicts: Mapping[str, CameraVerdict] | None = None,
    is_first: bool = True,
) -> str:
    """One frame of the page.

    Args:
        title: Its name.
        pictures: By sensor; cameras that are missing leave a gap.
        head: The page.
        notes: What a reader has to know of the frame.
        caption: What the view from above shows.
        verdicts: By camera.
        is_first: It is the one that is seen at first.
    """
    rows = []
    for names in head.rows:
        figures = [
            _figure(pictures[name], title, "", (verdicts or {}).get(name))
            for name in names
            if name in pictures
        ]
        if figures:
            rows.append(f'<div class="row">{"".join(figures)}</div>')
    cameras = f'<div class="cameras">{"".join(rows)}</div>' if rows else ""
    above = _figure(pictures[BIRDS_EYE], title, caption, None) if BIRDS_EYE in pictures else ""
    hidden = "" if is_first else " hidden"
    remarks = "".join(f'<p class="note">{escape(note)}</p>' for note in notes)
    return (
        f'<section class="frame" data-title="{escape(title)}"{hidden}>\n{remarks}'
        f'<div class="views">{cameras}{above}</div>\n</section>\n'
    )


def page_end() -> str:
    """Everything behind the last frame."""
    keys = " ".join(f"<span><kbd>{key}</kbd> {escape(text)}</span>" for key, text in _KEYS)
    return (
        f"</main>\n<footer>{keys}. Click a picture to enlarge it, then scroll and drag.</footer>\n"
        "<noscript><style>.frame[hidden] { display: block; }</style></noscript>\n"
        f"<script>{_asset('page.js')}</script>\n</body>\n</html>\n"
    )


def _asset(name: str) -> str:
    return resources.files("kognic.viewer.stills").joinpath(name).read_text("utf-8")


def _navigation(frames: Sequence[str]) -> str:
    first = escape(frames[0]) if frames else ""
    if len(frames) < 2:
        return f'<nav><span id="place">{first}</span></nav>\n'
    return (
        '<nav><button data-step="-1" aria-label="previous frame">&lsaquo;</button>'
        f'<input id="slider" type="range" min="0" max="{len(frames) - 1}" value="0" aria-label="frame">'
        '<button data-step="1" aria-label="next frame">&rsaquo;</button>'
        f'<span id="place">{first}</span></nav>\n'
    )


def _legend(head: PageHead) -> str:
    layers = (("points", "points"), ("boxes", "boxes"), ("labels", "labels"))
    buttons = "".join(
        f'<button data-layer="{layer}" aria-pressed="true">{text}</button>' for layer, text in layers
    )
    kinds = "".join(
        f'<span><i style="background: {colour}"></i>{escape(kind or "no type")}</span>'
        for kind, colour in head.kinds.items()
    )
    return (
        f"<nav>{buttons}</nav>\n"
        + ("" if head.scale is None else "".join(_depth_legend(head.scale)))
        + (f'<div class="kinds">{kinds}</div>\n' if kinds else "")
    )


def _depth_legend(scale: DepthScale) -> Iterator[str]:
    distances = [
        scale.near * (scale.far / scale.near) ** (i / _GRADIENT_STOPS) for i in range(_GRADIENT_STOPS + 1)
    ]
    stops = ", ".join("rgb({}, {}, {})".format(*colour) for colour in scale.colours(distances).tolist())
    gradient = f"background: linear-gradient(to right, {stops})"
    yield f'<div class="depth" title="distance from the camera"><div class="bar" style="{gradient}"></div>'
    yield '<div class="ticks">'
    for tick, share in zip(scale.ticks(), scale.share(scale.ticks()).tolist(), strict=True):
        unit = " m" if tick == scale.far else ""
        yield f'<span style="left: {share:.1%}">{tick:g}{unit}</span>'
    yield "</div></div>\n"


def _figure(picture: CameraPicture, frame: str, caption: str, verdict: CameraVerdict | None) -> str:
    width, height = picture.image.size
    image, points = encode_layers(picture.image, picture.points)
    is_above = picture.sensor == BIRDS_EYE
    name = "from above" if is_above else picture.sensor
    parts = [f'<img src="{image}" alt="{escape(name)}">']
    if points is not None:
        parts.append(f'<img class="points" src="{points}" alt="">')
    if picture.shapes:
        parts.append(to_svg(picture.shapes, picture.image.size))
    kind, flex = ("above", "") if is_above else ("camera", f"flex: {width / height:.3f} 1 0; ")
    said = caption or f"{picture.num_points:,} points"
    return (
        f'<figure data-sensor="{escape(picture.sensor)}" class="{kind}" '
        f'style="{flex}--ratio: {width / height:.4f}">'
        f'<div class="view"><div class="layers" style="aspect-ratio: {width} / {height}">'
        f"{''.join(parts)}</div></div>"
        f'<figcaption data-frame="{escape(frame)}"><b>{escape(name)}</b>{_badge(verdict)}'
        f'<span class="soft">{escape(said)}</span>'
        + "".join(f'<span class="note">{escape(note)}</span>' for note in picture.notes)
        + "</figcaption></figure>\n"
    )


def _badge(verdict: CameraVerdict | None) -> str:
    if verdict is None:
        return ""
    kind = (
        "confirmed"
        if verdict.verdict == "confirmed"
        else "open"
        if verdict.verdict == "undecided"
        else "wrong"
    )
    return (
        f'<span class="badge {kind}" title="{escape(verdict.explanation)}">{escape(verdict.verdict)}</span>'
    )
