"""The pictures of docs/concepts.md show the states of the models, and match their sources."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from kognic.io.model.input.request_input import RequestInputStatus
from kognic.io.model.projects.project_batch import ProjectBatchStatus
from kognic.io.model.scene.scene_entry import SceneStatus
from kognic.sandbox.platform.pre_annotations import states as pre_annotations

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "images" / "concepts"
PAGE = PICTURES.parents[1] / "concepts.md"
PRE_ANNOTATION_STATES = {
    # `created` is the state before the first look at the document: it lasts milliseconds.
    pre_annotations.PENDING, pre_annotations.INDEXED, pre_annotations.PROCESSING, pre_annotations.AVAILABLE,
    pre_annotations.FAILED,
}  # fmt: skip
STATES = {
    "scene": {one.value.partition(":")[0] for one in SceneStatus},
    "batch": {one.value for one in ProjectBatchStatus},
    "input": {one.value for one in RequestInputStatus},
    "pre-annotation": PRE_ANNOTATION_STATES,
}
EDGE = re.compile(r'^\s*(?:"([^"]+)"|(\w+)) -> (?:"([^"]+)"|(\w+))(?: \[label="([^"]*)")?', re.MULTILINE)


def edges(name: str) -> list[tuple[str, str, str]]:
    """Source, target and label of each arrow."""
    text = (PICTURES / f"{name}.gv").read_text()
    return [(a or b, c or d, label.replace("\\n", "\n")) for a, b, c, d, label in EDGE.findall(text)]


def texts(path: Path) -> set[str]:
    root = ET.parse(path).getroot()
    return {one.text or "" for one in root.iter("{http://www.w3.org/2000/svg}text")}


@pytest.mark.parametrize("name", STATES)
def test_states(name: str) -> None:
    drawn = {end for source, target, _ in edges(name) for end in (source, target)} - {"start"}
    assert drawn == STATES[name]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("source", sorted(PICTURES.glob("*.gv")), ids=lambda path: path.stem)
def test_picture_is_drawn_from_its_source(source: Path, theme: str) -> None:
    """`make pictures` was run after the source changed: every label and every arrow is there."""
    picture = source.with_name(f"{source.stem}-{theme}.svg")
    shown = texts(picture)
    arrows = edges(source.stem)
    labels = {line for _, _, label in arrows for line in label.split("\n") if line}
    assert labels <= shown
    root = ET.parse(picture).getroot()
    drawn = [
        (one.findtext("{http://www.w3.org/2000/svg}title") or "").split("->")
        for one in root.iter("{http://www.w3.org/2000/svg}g")
        if one.get("class") == "edge"
    ]
    assert sorted(drawn) == sorted([source, target] for source, target, _ in arrows)


def test_every_picture_is_on_the_page() -> None:
    page = PAGE.read_text()
    pictures = {path.name for path in PICTURES.glob("*.svg")}
    assert {name.rpartition("/")[2] for name in re.findall(r"images/concepts/\S+\.svg", page)} == pictures
    assert {name.rsplit("-", 1)[1] for name in pictures} == {"light.svg", "dark.svg"}
