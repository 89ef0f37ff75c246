"""The page: whole in itself, safe with any name, small."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import Any

import numpy as np
from PIL import Image

from kognic.scenes.calibration.verdict import CameraVerdict
from kognic.viewer.stills.birds_eye import NAME
from kognic.viewer.stills.colours import DepthScale
from kognic.viewer.stills.overlay import CameraPicture
from kognic.viewer.stills.page import PageHead, page_end, page_frame, page_start
from kognic.viewer.stills.raster import draw_points
from kognic.viewer.stills.shapes import Line, Text, box

EVIL = "\"><script>alert('x')</script><img src=//evil.example>&'"
MEGABYTE = 1_000_000


class Reader(HTMLParser):
    """Elements with their attributes, and texts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.elements if name == tag]


def picture(sensor: str, image: Image.Image | None = None, **values: Any) -> CameraPicture:
    image = image or Image.new("RGB", (64, 36), "#446688")
    defaults: dict[str, Any] = {"points": None, "shapes": [], "num_points": 1234, "notes": []}
    return CameraPicture(sensor=sensor, image=image, **{**defaults, **values})


def head(**values: Any) -> PageHead:
    defaults: dict[str, Any] = {
        "title": "drive",
        "facts": "lidars and cameras: 1 frame",
        "frames": ["frame 0", "frame 1"],
        "scale": DepthScale(2, 80),
        "kinds": {"Car": "#33bbee"},
        "notes": [],
        "rows": [["LEFT", "FRONT"], ["BACK"]],
    }
    return PageHead(**{**defaults, **values})


def whole(
    head: PageHead, *frames: dict[str, CameraPicture], verdicts: dict[str, CameraVerdict] | None = None
) -> str:
    parts = [
        page_frame(head.frames[index], pictures, head, is_first=index == 0, verdicts=verdicts)
        for index, pictures in enumerate(frames)
    ]
    return page_start(head) + "".join(parts) + page_end()


def test_nothing_is_fetched() -> None:
    """No address but those of data inside; the page itself forbids all others."""
    shapes = [Line(parts=[box((5, 5), (4, 4))], colour="#ff0000", title="Car")]
    page = whole(head(), {"FRONT": picture("FRONT", shapes=shapes), NAME: picture(NAME)})
    reader = Reader(page)

    addresses = [
        value
        for _, attrs in reader.elements
        for name, value in attrs.items()
        if name in ("src", "href", "srcset", "data", "action", "poster", "xlink:href")
    ]
    assert len(addresses) == 2
    assert all(value and value.startswith("data:image/webp;base64,") for value in addresses)
    without_pictures = re.sub(r"data:image/webp;base64,[\w+/=]+", "", page)
    assert not re.search(r"https?:|//\w|url\(|@import|fetch\(|XMLHttpRequest", without_pictures)
    policy = next(a["content"] for a in reader.named("meta") if a.get("http-equiv"))
    assert policy is not None
    assert "default-src 'none'; img-src data:" in policy


def test_only_its_own_script_may_run() -> None:
    page = whole(head(), {"FRONT": picture("FRONT")})

    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)

    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page


def test_names_are_escaped() -> None:
    """Of the scene, frames, sensors, kinds, notes, objects and verdicts."""
    shapes = [
        Line(parts=[box((5, 5), (4, 4))], colour="#ff0000", title=EVIL),
        Text(at=(3, 3), text=EVIL, colour="#ff0000"),
    ]
    verdict = CameraVerdict(
        sensor=EVIL,
        verdict="confirmed",
        confidence=1,
        share_in_view=0.1,
        points_in_view=9,
        score=9,
        explanation=EVIL,
    )
    names = head(title=EVIL, facts=EVIL, frames=[EVIL], kinds={EVIL: "#33bbee"}, notes=[EVIL], rows=[[EVIL]])
    pictures = {EVIL: picture(EVIL, shapes=shapes, notes=[EVIL])}

    reader = Reader(whole(names, pictures, verdicts={EVIL: verdict}))

    assert len(reader.named("script")) == 1
    assert all(a["src"] and a["src"].startswith("data:") for a in reader.named("img"))
    assert [a["data-sensor"] for a in reader.named("figure")] == [EVIL]
    assert [a["data-title"] for a in reader.named("section")] == [EVIL]
    assert reader.texts.count(EVIL) >= 6


def test_layout_is_that_of_the_rig() -> None:
    """Rows as given; a sensor that misses a frame leaves no hole; the first frame is seen."""
    full = {name: picture(name) for name in ("FRONT", "LEFT", "BACK", NAME)}

    reader = Reader(whole(head(), full, {"FRONT": picture("FRONT")}))

    assert [a["data-sensor"] for a in reader.named("figure")] == ["LEFT", "FRONT", "BACK", NAME, "FRONT"]
    assert [a["class"] for a in reader.named("div") if a.get("class") == "row"] == ["row"] * 3
    assert ["hidden" in a for a in reader.named("section")] == [False, True]
    assert [a["max"] for a in reader.named("input")] == ["1"]
    assert {"2", "80 m", "Car", "1,234 points", "from above"} <= {text.strip() for text in reader.texts}


def test_one_frame_needs_no_slider() -> None:
    page = whole(head(frames=["frame 0"], scale=None, kinds={}), {"FRONT": picture("FRONT")})

    assert not Reader(page).named("input")
    assert "linear-gradient" not in page


def test_verdicts_and_notes_are_shown() -> None:
    def verdict(name: str, code: str) -> CameraVerdict:
        return CameraVerdict(
            sensor=name,
            verdict=code,
            confidence=1,
            share_in_view=0,
            points_in_view=0,
            score=0,
            explanation=f"why {name}",
        )

    codes = {"FRONT": "confirmed", "LEFT": "undecided", "BACK": "camera-misaligned"}
    pictures = {name: picture(name, notes=[f"note {name}"]) for name in codes}

    reader = Reader(
        whole(head(), pictures, verdicts={name: verdict(name, code) for name, code in codes.items()})
    )

    badges = {a["title"]: a["class"] for a in reader.named("span") if "badge" in (a.get("class") or "")}
    assert badges == {
        "why FRONT": "badge confirmed",
        "why LEFT": "badge open",
        "why BACK": "badge wrong",
    }
    assert {"note FRONT", "camera-misaligned"} <= set(reader.texts)


def test_a_frame_of_seven_sensors_stays_below_five_megabytes() -> None:
    """Noise is the worst that a camera can send; with many points and many boxes."""
    rng = np.random.default_rng(3)
    photo = Image.fromarray(rng.integers(0, 256, (720, 1280, 3), dtype=np.uint8))
    pixels = rng.uniform(0, 1, (60_000, 2)) * [1280, 720]
    colours = rng.integers(0, 256, (60_000, 3), dtype=np.uint8)
    layer = draw_points((1280, 720), pixels, colours, rng.uniform(size=60_000), radius=1)
    shapes = [
        Line(parts=[rng.uniform(0, 700, (4, 2)) for _ in range(12)], colour="#33bbee", title=f"Car {index}")
        for index in range(100)
    ]
    one = page_frame(
        "frame 0",
        {"FRONT": picture("FRONT", photo, points=layer, shapes=shapes)},
        head(rows=[["FRONT"]]),
    )

    frame_of_seven = 7 * len(one)
    assert frame_of_seven < 5 * MEGABYTE
