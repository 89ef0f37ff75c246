"""The classic mistakes in calibrations, each made in recordings that carry it.

A mistake in a pose is evaluated with one frame of the recording and the images of the cameras concerned,
which are read once. `test_exhaustive` makes the same mistakes in every camera and has all cameras judged.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import attrs
import numpy as np

from kognic._core.findings import Finding
from kognic.io.model.calibration import Position, RotationQuaternion, SensorCalibration
from kognic.io.model.calibration.camera.standard import UndistortionCoefficients
from kognic.scenes.calibration.evidence import Evidence, gather
from kognic.scenes.calibration.hypotheses import AXES
from kognic.scenes.calibration.verdict import findings_of, judge_cameras
from kognic.scenes.checks.parameters import check_calibration
from kognic.scenes.geometry.poses import Rigid, quaternion_of, rotate_about
from kognic.scenes.scene_view import view_of
from tests.scenes.checks.mutations.mutation import Mutation, Subject

GROUPS = ("geometry",)
KITTI, NUSCENES, PANDASET = "kitti_frame", "nuscenes_frame", "pandaset_sequence"
FISHEYE, DISTORTED = "fisheye_frame", "distorted_pinhole_frame"
# One camera of each recording; those to the side carry every mistake, see NOT_CARRIED.
CAMERAS = {
    KITTI: "cam_left_color",
    NUSCENES: "CAM_FRONT_LEFT",
    PANDASET: "front_left_camera",
    FISHEYE: "cam_front",
    DISTORTED: "center_camera",
}
Sensors = dict[str, Any]
Change = Callable[[Sensors, str], Any]


# Mistakes in poses: the broken calibration of a sensor, given all and its name.


def posed(sensor: Any, pose: Rigid) -> Any:
    """A sensor placed elsewhere."""
    w, x, y, z = map(float, quaternion_of(pose.rotation))
    position = Position(**dict(zip("xyz", map(float, pose.position), strict=True)))
    return attrs.evolve(sensor, position=position, rotation_quaternion=RotationQuaternion(w=w, x=x, y=y, z=z))


def inverse(sensors: Sensors, name: str) -> Any:
    return posed(sensors[name], Rigid.of_sensor(sensors[name]).inverse())


def inverse_rotation(sensors: Sensors, name: str) -> Any:
    pose = Rigid.of_sensor(sensors[name])
    return posed(sensors[name], Rigid(pose.rotation.T, pose.position))


def reordered(order: str) -> Change:
    """The fields w, x, y, z hold other components."""

    def change(sensors: Sensors, name: str) -> Any:
        q = sensors[name].rotation_quaternion
        values = {field: getattr(q, held) for field, held in zip("wxyz", order, strict=True)}
        return attrs.evolve(sensors[name], rotation_quaternion=RotationQuaternion(**values))

    return change


def with_axes(columns: np.ndarray) -> Change:
    """The pose of a camera system with other axes."""

    def change(sensors: Sensors, name: str) -> Any:
        pose = Rigid.of_sensor(sensors[name])
        return posed(sensors[name], Rigid(pose.rotation @ columns.T, pose.position))

    return change


def euler_in_radians(sensors: Sensors, name: str) -> Any:
    """Roll, pitch and yaw in radians, handed to a function that wants degrees."""
    pose = Rigid.of_sensor(sensors[name])
    r = pose.rotation
    roll, yaw = math.atan2(r[2, 1], r[2, 2]), math.atan2(r[1, 0], r[0, 0])
    pitch = math.asin(max(-1.0, min(1.0, -r[2, 0])))
    tiny = rotate_about([0, 0, 1], yaw) @ rotate_about([0, 1, 0], pitch) @ rotate_about([1, 0, 0], roll)
    return posed(sensors[name], Rigid(tiny, pose.position))


def vector_in_radians(sensors: Sensors, name: str) -> Any:
    """The rotation vector likewise."""
    pose = Rigid.of_sensor(sensors[name])
    w, *xyz = quaternion_of(pose.rotation)
    angle = 2 * math.acos(w)
    return posed(sensors[name], Rigid(rotate_about(xyz, angle), pose.position))


def turned(axis: str, degrees: float) -> Change:
    """Turned a little about an axis of its own."""

    def change(sensors: Sensors, name: str) -> Any:
        pose = Rigid.of_sensor(sensors[name])
        turn = rotate_about(np.eye(3)["xyz".index(axis)], degrees)
        return posed(sensors[name], Rigid(pose.rotation @ turn, pose.position))

    return change


POSES: dict[str, tuple[str, Change]] = {
    "pose-inverted": ("pose-inverted", inverse),
    "rotation-inverted": ("pose-inverted", inverse_rotation),
    "quaternion-xyzw-as-wxyz": ("quaternion-order", reordered("xyzw")),
    "quaternion-wxyz-as-xyzw": ("quaternion-order", reordered("zwxy")),
    "euler-angles-in-radians": ("angle-unit", euler_in_radians),
    "rotation-vector-in-radians": ("angle-unit", vector_in_radians),
    **{
        f"axes-{axes.replace(', ', '-').replace(' ', '-')}": ("axes-convention", with_axes(columns))
        for axes, columns in AXES.items()
    },
    **{
        f"turned-{axis}{degrees:+d}-degrees": ("camera-misaligned", turned(axis, degrees))
        for axis, degrees in (("x", 3), ("x", -5), ("y", -3), ("y", 5), ("z", 5))
    },
}
# Mistakes in numbers, which the calibration alone gives away.


def optics(**factors: float) -> Change:
    """The camera matrix with entries multiplied."""

    def change(sensors: Sensors, name: str) -> Any:
        matrix = sensors[name].camera_matrix
        scaled = {key: getattr(matrix, key) * factor for key, factor in factors.items()}
        return attrs.evolve(sensors[name], camera_matrix=attrs.evolve(matrix, **scaled))

    return change


def field(**values: Any) -> Change:
    """The sensor with fields replaced; a function is given the sensor."""

    def change(sensors: Sensors, name: str) -> Any:
        sensor = sensors[name]
        found = {key: value(sensor) if callable(value) else value for key, value in values.items()}
        return attrs.evolve(sensor, **found)

    return change


def lens(**values: Any) -> Change:
    """Distortion coefficients replaced; a function is given the coefficients."""

    def change(sensors: Sensors, name: str) -> Any:
        given = sensors[name].distortion_coefficients
        found = {key: value(given) if callable(value) else value for key, value in values.items()}
        return attrs.evolve(sensors[name], distortion_coefficients=attrs.evolve(given, **found))

    return change


def in_millimetres(sensor: Any) -> Position:
    p = sensor.position
    return Position(x=p.x * 1000, y=p.y * 1000, z=p.z * 1000)


def scaled_quaternion(sensor: Any) -> RotationQuaternion:
    q = sensor.rotation_quaternion
    return RotationQuaternion(w=q.w * 0.5, x=q.x * 0.5, y=q.y * 0.5, z=q.z * 0.5)


def exchanged_centre(sensor: Any) -> Any:
    matrix = sensor.camera_matrix
    return attrs.evolve(matrix, cx=matrix.cy, cy=matrix.cx)


def forward_as_inverse(sensor: Any) -> UndistortionCoefficients:
    k = sensor.distortion_coefficients
    return UndistortionCoefficients(l1=k.k1, l2=k.k2, l3=k.p1, l4=k.p2)


EVERY = tuple(CAMERAS)
NOWHERE = RotationQuaternion(w=0.0, x=0.0, y=0.0, z=0.0)
NUMBERS: dict[str, tuple[str, tuple[str, ...], Change]] = {
    "position-in-millimetres": ("position-unit", EVERY, field(position=in_millimetres)),
    "position-nan": ("position-value", EVERY, field(position=Position(x=math.nan, y=0.0, z=0.0))),
    "quaternion-zero": ("quaternion-value", EVERY, field(rotation_quaternion=NOWHERE)),
    "quaternion-half-as-long": ("quaternion-length", EVERY, field(rotation_quaternion=scaled_quaternion)),
    "focal-length-in-millimetres": ("focal-length", EVERY, optics(fx=0.003, fy=0.003)),
    "focal-length-negative": ("camera-matrix-value", EVERY, optics(fx=-1.0)),
    "focal-length-of-another-zoom": ("field-of-view", EVERY, optics(fx=1.6, fy=1.6)),
    "fx-of-another-width": ("focal-ratio", EVERY, optics(fx=0.5, cx=0.5)),
    "matrix-of-half-the-size": ("principal-point", EVERY, optics(fx=0.5, fy=0.5, cx=0.5, cy=0.5)),
    "matrix-of-twice-the-size": ("principal-point", EVERY, optics(fx=2.0, fy=2.0, cx=2.0, cy=2.0)),
    "centre-exchanged": ("principal-point-swapped", EVERY, field(camera_matrix=exchanged_centre)),
    "field-of-view-in-radians": (
        "field-of-view-unit",
        EVERY,
        field(field_of_view=lambda sensor: math.radians(sensor.field_of_view)),
    ),
    "image-size-zero": ("image-size-value", EVERY, field(image_width=0)),
    "distortion-nan": ("distortion-value", EVERY, lens(k1=math.nan)),
    # Tangential coefficients are small and radial ones are not: exchanged, points fly apart.
    "distortion-in-the-order-k1-k2-k3-p1-p2": (
        "distortion-order",
        (DISTORTED,),
        lens(p1=lambda k: k.k3, p2=lambda k: k.p1, k3=lambda k: k.p2),
    ),
    "distortion-folds": ("distortion-folds", (KITTI, NUSCENES, PANDASET, DISTORTED), lens(k1=-2.0)),
    "distortion-folds-in-angles": ("distortion-folds", (FISHEYE,), lens(k1=-0.6, k2=-0.2)),
    "undistortion-not-inverted": (
        "undistortion",
        (FISHEYE,),
        field(undistortion_coefficients=forward_as_inverse),
    ),
}


# How a mutation is applied and judged.


_KEPT = 8
_EVIDENCE: dict[tuple[str, tuple[str, ...] | None], Evidence] = {}


def evidence_of(subject: Subject, cameras: tuple[str, ...] | None) -> Evidence:
    """One frame of a recording, with the images of some cameras or of all.

    Mutations here leave the scene as it is, so what was read once will do.
    """
    key = (subject.sample, cameras)
    if key not in _EVIDENCE:
        view = view_of(subject.scene, motion_compensation=subject.motion_compensation)
        frames = [
            attrs.evolve(
                frame,
                images=tuple(image for image in frame.images if cameras is None or image.sensor in cameras),
            )
            for frame in view.frames
        ]
        while len(_EVIDENCE) >= _KEPT:
            del _EVIDENCE[next(iter(_EVIDENCE))]
        _EVIDENCE[key] = gather(attrs.evolve(view, frames=tuple(frames)), max_frames=1)
    return _EVIDENCE[key]


def judged(subject: Subject, cameras: tuple[str, ...] | None) -> Sequence[Finding]:
    """Findings on the calibration, by the images of some cameras or of all; of none, by its numbers alone."""
    sensors = subject.calibration.calibration
    found = list(check_calibration(sensors))
    if cameras == ():
        return found
    return [*found, *findings_of(judge_cameras(evidence_of(subject, cameras), sensors))]


def applied(changes: Mapping[str, Change], cameras: tuple[str, ...] | None) -> Callable[[Subject], None]:
    """Change sensors, and evaluate the calibration with the images of some cameras."""

    def apply(subject: Subject) -> None:
        good = dict(subject.calibration.calibration)
        broken = {name: change(good, name) for name, change in changes.items()}
        subject.calibration = SensorCalibration(
            external_id=subject.calibration.external_id, calibration={**good, **broken}
        )
        subject.judge = functools.partial(judged, cameras=cameras)

    return apply


def take(other: str) -> Change:
    """The calibration of another sensor."""
    return lambda sensors, name: sensors[other]


def pose_of(other: str) -> Change:
    """The pose of another sensor with one's own optics."""
    return lambda sensors, name: posed(sensors[name], Rigid.of_sensor(sensors[other]))


def _poses() -> Iterator[Mutation]:
    """Each mistake in one recording, in turn; `make mutations` makes all of them in all cameras."""
    # KITTI's camera looks along its lidar's x axis with few rows in view, and carries few of them.
    samples = [sample for sample in CAMERAS if sample != KITTI]
    for index, (name, (code, change)) in enumerate(POSES.items()):
        sample = samples[index % len(samples)]
        if code == "quaternion-order":  # which rotates cameras that look straight ahead by a little only
            sample = PANDASET if "as-wxyz" in name else NUSCENES
        elif code == "axes-convention":
            sample = DISTORTED
        elif code == "pose-inverted":  # nuScenes has too few rows for it in one image
            sample = PANDASET
        camera = CAMERAS[sample]
        yield Mutation(
            name=name,
            code=code,
            samples=(sample,),
            sensor=camera,
            groups=GROUPS,
            apply=applied({camera: change}, (camera,)),
            is_slow=True,
        )


def _numbers() -> Iterator[Mutation]:
    for name, (code, samples, change) in NUMBERS.items():
        for sample in samples:
            camera = CAMERAS[sample]
            apply = applied({camera: change}, ())
            yield Mutation(name=name, code=code, samples=(sample,), sensor=camera, groups=GROUPS, apply=apply)


def _pairs() -> Iterator[Mutation]:
    pairs = (
        (NUSCENES, "CAM_FRONT_LEFT", "CAM_FRONT_RIGHT"),
        (NUSCENES, "CAM_BACK_LEFT", "CAM_BACK_RIGHT"),
        (PANDASET, "left_camera", "right_camera"),
        (PANDASET, "front_left_camera", "front_right_camera"),
    )
    for sample, left, right in pairs[1:3]:
        yield Mutation(
            name=f"cameras-exchanged-{left}",
            code="cameras-swapped",
            samples=(sample,),
            sensor=left,
            groups=GROUPS,
            apply=applied({left: take(right), right: take(left)}, (left, right)),
            is_slow=True,
        )
        yield Mutation(
            name=f"pose-copied-{left}",
            code="sensor-pose-duplicate",
            samples=(sample,),
            groups=GROUPS,
            apply=applied({left: pose_of(right)}, ()),
        )


LIDARS = {
    NUSCENES: ("LIDAR_TOP", ("CAM_FRONT_LEFT", "CAM_BACK_LEFT", "CAM_BACK")),
    PANDASET: ("main_pandar64", ("left_camera", "right_camera", "back_camera")),
}
LIDAR_POSES = {
    "pose-inverted": PANDASET,
    "quaternion-xyzw-as-wxyz": NUSCENES,
    "euler-angles-in-radians": PANDASET,
}
"""Mistakes in the pose of a lidar, and the recording that carries each in `make test`."""


def lidars(*, elsewhere: bool) -> Iterator[Mutation]:
    """Each mistake in the recording that is chosen for it, or in all others."""
    for sample, (lidar, seen_by) in LIDARS.items():
        for name, chosen in LIDAR_POSES.items():
            if (sample != chosen) is not elsewhere:
                continue
            code, change = POSES[name]
            yield Mutation(
                name=f"lidar-{name}",
                code=code,
                samples=(sample,),
                sensor=lidar,
                groups=GROUPS,
                apply=applied({lidar: change}, seen_by),
                is_slow=True,
            )


MUTATIONS: list[Mutation] = [*_poses(), *_numbers(), *_pairs(), *lidars(elsewhere=False)]
