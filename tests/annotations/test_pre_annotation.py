"""Pre-annotations from the output of a model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kognic._core.annotation_errors import AnnotationError
from kognic.annotations.cuboids import ISO_8855, NUSCENES, fronts, pose_matrix
from kognic.annotations.document import Document
from kognic.annotations.labels import track_of
from kognic.annotations.openlabel import SceneContext
from kognic.annotations.pre_annotation import Detections, pre_annotation_of

SCENE = SceneContext(
    times={0: "f0", 100: "f1"},
    cameras={"FRONT": (640, 480)},
    lidars=frozenset({"ROOF"}),
    is_aggregated=False,
)
HERE = np.eye(4)


def _detections(frame_id: str = "f0", timestamp_ms: int = 0, **values: Any) -> Detections:
    given: dict[str, Any] = {
        "classes": ["Car", "Van"],
        "centres": [[10, 2, 1], [20, -3, 1]],
        "sizes": [[4, 2, 1.5], [6, 2.5, 2.5]],
        "yaws": [0.0, np.pi / 2],
        "tracks": ["a", "b"],
        "scores": [0.9, 0.4],
        **values,
    }
    return Detections(frame_id=frame_id, timestamp_ms=timestamp_ms, **given)


def test_one_call_from_arrays_to_a_valid_document() -> None:
    """The rules find nothing; the official model takes it; front, size and position are right."""
    from kognic.openlabel.models import OpenLabelAnnotation

    frames = [_detections(), _detections("f1", 100)]
    plain = pre_annotation_of(frames, convention=ISO_8855, to_scene=HERE, lidar="ROOF", scene=SCENE)
    OpenLabelAnnotation.model_validate(plain)
    document = Document.of(plain)
    (car,), (van,) = (list(document.geometries_of("0", object_id)) for object_id in document.objects)
    assert car.cuboid() == pytest.approx([10, 2, 1, 0, 0, -np.sqrt(0.5), np.sqrt(0.5), 2, 4, 1.5])
    assert fronts(van.cuboid())[0] == pytest.approx([0, 1, 0], abs=1e-12)
    assert [document.external_id(key) for key in document.frame_keys] == ["f0", "f1"]
    assert len(document.objects) == 2
    assert {track_of(document, object_id) for object_id in document.objects} == {"a", "b"}
    assert car.stream == "ROOF"
    assert car.attributes("num") == []


def test_the_teams_own_frame_is_moved_to_the_scenes() -> None:
    """A vehicle system turned by 90 degrees and 1.5 m behind the lidar."""
    to_scene = pose_matrix([-1.5, 0, 0], [np.cos(np.pi / 4), 0, 0, np.sin(np.pi / 4)], "wxyz")
    plain = pre_annotation_of(
        [_detections(classes=["Car"], centres=[[10, 0, 1]], sizes=[[2, 4, 1.5]], yaws=None,
                     quaternions=[[1, 0, 0, 0]], tracks=None, scores=None)],
        convention=NUSCENES, to_scene={"f0": to_scene}, lidar="ROOF", scene=SCENE,
    )  # fmt: skip
    (car,) = Document.of(plain).geometries()
    assert car.cuboid()[:3] == pytest.approx([-1.5, 10, 1])
    assert fronts(car.cuboid())[0] == pytest.approx([0, 1, 0], abs=1e-12)
    assert car.cuboid()[7:] == [2, 4, 1.5]


def test_scores_select_and_are_written_if_asked_for() -> None:
    """As a property of the object: the platform refuses attributes on cuboids."""
    plain = pre_annotation_of(
        [_detections()],
        convention=ISO_8855,
        to_scene=HERE,
        lidar="ROOF",
        scene=SCENE,
        min_score=0.5,
        confidence_property="confidence",
    )
    document = Document.of(plain)
    (object_id,) = document.objects
    assert document.properties(object_id, "0") == {"confidence": 0.9}


def test_boxes_in_images_and_empty_frames() -> None:
    """A row of NaN is no box; a frame without detections stays, because it was looked at."""
    boxes = {"FRONT": [[10, 20, 50, 60], [np.nan] * 4]}
    frames = [
        _detections(centres=None, boxes=boxes),
        _detections("f1", 100, classes=[], centres=None, tracks=[], scores=[]),
    ]
    document = Document.of(pre_annotation_of(frames, convention=ISO_8855, to_scene=HERE, scene=SCENE))
    (found,) = document.geometries()
    assert (found.stream, found.bbox()) == ("FRONT", [30, 40, 40, 40])
    assert document.frame_keys == ["0", "1"]


def test_detections_without_tracks_are_objects_of_their_own() -> None:
    """Different frames, different objects; the same input gives the same IDs."""
    frames = [_detections(tracks=None), _detections("f1", 100, tracks=None)]
    first, second = (
        pre_annotation_of(frames, convention=ISO_8855, to_scene=HERE, lidar="ROOF", scene=SCENE)
        for _ in range(2)
    )
    assert len(first["openlabel"]["objects"]) == 4
    assert first == second


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"timestamp_ms": 50}, r"would refuse the pre-annotation: ol-frame-time-unknown"),
        ({"centres": [[1, 2, 3]]}, r"frame 'f0': centres have shape \(1, 3\), must be \(2, 3\)"),
        ({"sizes": [[1, 1, 1], [0, 1, 1]]}, r"frame 'f0': cuboid 1 has the size"),
        ({"sizes": None}, r"frame 'f0' has centres and no sizes"),
        ({"yaws": None}, r"frame 'f0': give either quaternions or yaws"),
        ({"tracks": ["a"]}, r"frame 'f0': 1 tracks, but 2 classes"),
        ({"tracks": ["a", "a"]}, r"track 'a' is 'Car', and 'Van' in frame 'f0'"),
        ({"classes": ["Car", "Car"], "tracks": ["a", "a"]}, r"track 'a' is twice in frame 'f0'"),
        ({"boxes": {"REAR": [[1, 2, 3, 4]] * 2}}, r"ol-stream-unknown"),
        ({"properties": [{"x": None}, {}]}, r"property 'x' is None, must be text, a number"),
    ],
)
def test_what_would_not_be_taken(values: dict[str, Any], message: str) -> None:
    """Before anything is sent, with the frame and what is wrong."""
    with pytest.raises(AnnotationError, match=message):
        pre_annotation_of(
            [_detections(**values)], convention=ISO_8855, to_scene=HERE, lidar="ROOF", scene=SCENE
        )


def test_poses_and_frames_must_fit() -> None:
    """A frame without a pose, a frame given twice, cuboids without a lidar."""
    with pytest.raises(AnnotationError, match=r"frame 'f0' has no pose \(detections to scene\)"):
        pre_annotation_of([_detections()], convention=ISO_8855, to_scene={}, lidar="ROOF")
    with pytest.raises(AnnotationError, match=r"two Detections have the same frame_id"):
        pre_annotation_of([_detections(), _detections()], convention=ISO_8855, to_scene=HERE, lidar="ROOF")
    with pytest.raises(AnnotationError, match=r"track 'a' has a cuboid: name the lidar"):
        pre_annotation_of([_detections()], convention=ISO_8855, to_scene=HERE)
