"""Which frame of a scene a frame of a document belongs to."""

from __future__ import annotations

from typing import Any

import pytest

from kognic._core.annotation_errors import AnnotationError
from kognic.annotations.document import Document
from kognic.annotations.frames import SceneFrame, match_frames

SCENE = [
    SceneFrame(frame_id="a", relative_ms=0, resources={"ROOF": "000.csv", "FRONT": "front/0.png"}),
    SceneFrame(frame_id="b", relative_ms=100, resources={"ROOF": "100.csv", "FRONT": "front/1.png"}),
    SceneFrame(frame_id="c", relative_ms=200, resources={"ROOF": "200.csv", "FRONT": "front/2.png"}),
]


def _document(*properties: dict[str, Any]) -> Document:
    frames = {str(key): {"frame_properties": value} for key, value in enumerate(properties)}
    return Document.of({"openlabel": {"frames": frames}})


def test_external_ids_win_over_position_and_time() -> None:
    """A request for the last two frames starts with key 0 and time 0."""
    match = match_frames(_document({"external_id": "b", "timestamp": 0}, {"external_id": "c"}), SCENE)
    assert match.frames == {"0": "b", "1": "c"}
    assert (match.unmatched, match.missing) == ([], ["a"])


def test_uris_match_with_and_without_a_frame_number() -> None:
    """Lidar resources may have the number of the frame in front of their name."""
    document = _document(
        {"streams": {"ROOF": {"uri": "550_100.csv"}}},
        {"streams": {"FRONT": {"uri": "https://host/front/2.png?signature=x"}}},
        {"streams": {"REAR": {"uri": "front/0.png"}}},
    )
    match = match_frames(document, SCENE)
    assert match.frames == {"0": "b", "1": "c"}
    assert match.unmatched == ["2"]


def test_times_are_used_where_nothing_else_is() -> None:
    """An external ID that the scene does not have is no match, whatever the time says."""
    match = match_frames(_document({"timestamp": 100}, {"timestamp": 200, "external_id": "z"}), SCENE)
    assert match.frames == {"0": "b"}
    assert match.unmatched == ["1"]


def test_position_is_never_used() -> None:
    """Three frames without anything match nothing."""
    assert match_frames(_document({}, {}, {}), SCENE).unmatched == ["0", "1", "2"]


def test_two_frames_cannot_be_the_same() -> None:
    """Both keys and the frame are named."""
    with pytest.raises(AnnotationError, match=r"frames 0 and 1 of the document both match frame 'a'"):
        match_frames(_document({"external_id": "a"}, {"external_id": "a"}), SCENE)
