"""Pre-annotations from the output of a model, in the team's own convention and coordinate system.

    document = pre_annotation_of(
        [Detections(frame_id="17", timestamp_ms=1700, classes=names, centres=xyz, sizes=lwh, yaws=yaws,
        scores=scores)], convention=ISO_8855,
        lidar="ROOF",
        to_scene=vehicle_to_reference,
        scene=scene_context,
    )

One call converts, builds the OpenLABEL document, and applies the rules that the platform would.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from kognic._core.annotation_errors import AnnotationError
from kognic._core.findings import Severity
from kognic.annotations.cuboids import Convention, to_kognic, transform
from kognic.annotations.labels import Box2D, Label, Poses, document_of, pose_in
from kognic.annotations.openlabel import SceneContext, check_pre_annotation
from kognic.annotations.rotations import FloatArray

_SHOWN = 5
"""Broken rules that an error lists."""


@attrs.frozen(kw_only=True, eq=False)
class Detections:
    """What a model found in one frame: N objects.

    Attributes:
        frame_id: The scene's frame ID.
        timestamp_ms: The frame's relative time in the scene, milliseconds; 0 for a scene of one frame.
        classes: Class of each object, N names.
        centres: Positions, metres, shape (N, 3); None without cuboids. What they are says the convention.
        sizes: Metres, shape (N, 3), in the order of the convention.
        quaternions: Rotations, shape (N, 4), in the order of the convention.
        yaws: Instead: radians about +z, shape (N,).
        tracks: Name of each object, equal in all frames that show it; None makes every detection an object.
        scores: Confidences, 0 to 1, shape (N,).
        boxes: By camera, `left, top, right, bottom` in pixels, shape (N, 4); a row of NaN is not a box.
        properties: Of each object, N mappings.
    """

    frame_id: str
    timestamp_ms: int
    classes: Sequence[str]
    centres: npt.ArrayLike | None = None
    sizes: npt.ArrayLike | None = None
    quaternions: npt.ArrayLike | None = None
    yaws: npt.ArrayLike | None = None
    tracks: Sequence[str] | None = None
    scores: npt.ArrayLike | None = None
    boxes: Mapping[str, npt.ArrayLike] = attrs.field(factory=dict)
    properties: Sequence[Mapping[str, Any]] | None = None


def pre_annotation_of(
    frames: Iterable[Detections],
    *,
    convention: Convention,
    to_scene: Poses,
    lidar: str | None = None,
    scene: SceneContext | None = None,
    min_score: float = 0.0,
    confidence_property: str | None = None,
) -> dict[str, Any]:
    """Write detections as a pre-annotation.

    Args:
        frames: Detections of each frame; frames without any are kept, empty.
        convention: How cuboids are written, such as `kognic.annotations.cuboids.ISO_8855`.
        to_scene: Takes coordinates of the detections to the scene's: those of the only lidar, or with several
            lidars the reference system. One transform, shape (4, 4), or one per frame ID.
        lidar: Sensor that cuboids belong to.
        scene: What the rules compare with, see `kognic.scenes.checks.context.scene_context`; None checks the
            document alone.
        min_score: Leave out detections below.
        confidence_property: Write confidences as this `num` property of objects, which the annotation
            instruction must have. None leaves them out.

    Returns:
        The OpenLABEL document: for `OpenLabelAnnotation.model_validate`, a scene file or
        `client.pre_annotation.create`.

    Raises:
        AnnotationError: Arrays do not fit each other, a frame has no pose, or the platform would refuse the
            document; the broken rules are listed.
    """
    given = list(frames)
    times = {frame.frame_id: frame.timestamp_ms for frame in given}
    if len(times) != len(given):
        raise AnnotationError("two Detections have the same frame_id; pass one per frame")
    labels = [label for frame in given for label in _labels(frame, convention, to_scene, min_score)]
    document = document_of(labels, lidar=lidar, timestamps_ms=times, confidence_property=confidence_property)
    errors = [f for f in check_pre_annotation(document, scene) if f.severity is Severity.ERROR]
    if errors:
        listed = "; ".join(f"{f.code}: {f.message} ({f.location})" for f in errors[:_SHOWN])
        more = f"; and {len(errors) - _SHOWN} more" if len(errors) > _SHOWN else ""
        raise AnnotationError(f"the platform would refuse the pre-annotation: {listed}{more}")
    return document


def _labels(frame: Detections, convention: Convention, to_scene: Poses, min_score: float) -> Iterator[Label]:
    count = len(frame.classes)
    scores = None if frame.scores is None else _rows(frame, "scores", frame.scores, (count,))
    values = _cuboids(frame, convention, to_scene, count)
    boxes = {
        camera: _rows(frame, f"boxes of {camera}", edges, (count, 4)) for camera, edges in frame.boxes.items()
    }
    for name, sequence in (("tracks", frame.tracks), ("properties", frame.properties)):
        if sequence is not None and len(sequence) != count:
            raise AnnotationError(f"frame {frame.frame_id!r}: {len(sequence)} {name}, but {count} classes")
    for index, class_name in enumerate(frame.classes):
        if scores is not None and not scores[index] >= min_score:
            continue
        yield Label(
            frame_id=frame.frame_id,
            track=frame.tracks[index] if frame.tracks is not None else f"{frame.frame_id}/{index}",
            class_name=class_name,
            cuboid=None if values is None else values[index].tolist(),
            boxes=[
                Box2D.of_corners(camera, *edges[index].tolist())
                for camera, edges in boxes.items()
                if not np.isnan(edges[index]).any()
            ],
            properties=frame.properties[index] if frame.properties is not None else {},
            confidence=None if scores is None else float(scores[index]),
        )


def _cuboids(frame: Detections, convention: Convention, to_scene: Poses, count: int) -> FloatArray | None:
    if frame.centres is None:
        return None
    if frame.sizes is None:
        raise AnnotationError(f"frame {frame.frame_id!r} has centres and no sizes")
    try:
        values = to_kognic(
            _rows(frame, "centres", frame.centres, (count, 3)),
            _rows(frame, "sizes", frame.sizes, (count, 3)),
            convention,
            quaternions=frame.quaternions,
            yaws=frame.yaws,
        )
    except AnnotationError:
        raise
    except ValueError as error:
        raise AnnotationError(f"frame {frame.frame_id!r}: {error}") from error
    return transform(values, pose_in(to_scene, frame.frame_id, "detections to scene"))


def _rows(frame: Detections, name: str, values: npt.ArrayLike, shape: tuple[int, ...]) -> FloatArray:
    array = np.asarray(values, dtype=float)
    if array.size == 0 and shape[0] == 0:
        return array.reshape(shape)
    if array.shape != shape:
        raise AnnotationError(f"frame {frame.frame_id!r}: {name} have shape {array.shape}, must be {shape}")
    return array
