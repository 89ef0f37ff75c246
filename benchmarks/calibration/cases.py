"""Recordings and what is done to them: as they are, with fewer points, rotated, with images of elsewhere.

A case is one camera of one or more frames under one condition. What the right answer is comes with it.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import attrs
import numpy as np
from PIL import Image

from kognic.io.model.calibration import RotationQuaternion
from kognic.scenes.calibration.evidence import Evidence, FrameEvidence, gather
from kognic.scenes.calibration.objective import Change
from kognic.scenes.calibration.observe import Observations
from kognic.scenes.content.points import PointArrays
from kognic.scenes.geometry.poses import Rigid, quaternion_of, rotate_about
from kognic.scenes.importers.registry import formats
from kognic.scenes.importers.writing import import_recordings
from kognic.scenes.scene_view import view_of

SIZES_DEG = (1, 2, 5, 10)
GOOD = ("good", "half", "quarter", "no-motion")
WRONG = ("other-drive", "other-image", "mirrored", "upside-down")
LENS, TIMES = ("wrong-lens",), ("late", "next-frame", "no-motion-fast")
# Vehicles faster than this need motion data: images are some 20 ms from their clouds.
_SLOW = 10.0
_LATE_NS = 100_000_000
Sensors = Mapping[str, Any]


@attrs.frozen(kw_only=True, eq=False)
class Recording:
    """Frames whose calibration is known to be right.

    Attributes:
        site: Place and rig of the recording; thresholds are never tested on the site they were chosen with.
        evidence: Points and images.
        sensors: The right calibration.
    """

    site: str
    evidence: Evidence
    sensors: Sensors


@attrs.frozen(kw_only=True, eq=False)
class Case:
    """One camera under one condition.

    Attributes:
        site, camera: Where it is from.
        condition: One of `GOOD`, `WRONG`, `LENS` or `TIMES`, or `rotated-5-x`.
        error: Rotation vector of the error, degrees: the pose given is the right one times this.
        evidence, sensors: What is judged.
        undone: What corrects a time or a motion that is wrong.
        right: The calibration, where a lens is wrong.
    """

    site: str
    camera: str
    condition: str
    error: tuple[float, float, float]
    evidence: Evidence
    sensors: Sensors
    undone: Change | None = None
    right: Sensors | None = None

    @property
    def observations(self) -> Observations:
        """What an estimate starts from."""
        return Observations([self.evidence], self.sensors)


def load(folder: Path, frames: int) -> Recording:
    """Read a folder: a scene file with its calibration, or a sample in the schema of the shared ones.

    Args:
        folder: With the name of a format before it (`kitti-object:folder`), the first scene of a recording in
            that format, which is imported.
        frames: How many are read.

    Raises:
        ValueError: The scene file names no calibration.
        RecordingError: The recording cannot be imported.
    """
    kind, _, place = str(folder).partition(":")
    if place and kind in formats():
        with TemporaryDirectory() as out:
            written = next(iter(import_recordings(kind, place, out, materialize=True)))
            return load(Path(written.path).parent, frames)
    if (folder / "manifest.json").exists():
        from tests.scenes.conftest import Samples

        scene, calibration, compensated = Samples(folder.parent).load(folder.name)
        view = view_of(scene, motion_compensation=compensated)
        sensors = dict(calibration.calibration)
    else:
        from kognic.scenes.scene_file import load_scene_file
        from kognic.scenes.scene_search import find_scene_files

        file = load_scene_file(next(iter(find_scene_files([folder]))))
        if file.calibration is None:
            raise ValueError(f"{folder}: the scene file names no calibration file")
        view = view_of(file.scene("calibration"))
        sensors = dict(file.calibration.calibration)
    return Recording(site=folder.name, evidence=gather(view, max_frames=frames), sensors=sensors)


def cases(
    recording: Recording, *, pooled: bool = False, elsewhere: Recording | None = None
) -> Iterator[Case]:
    """All conditions of all cameras, frame by frame or all frames together.

    Args:
        recording: What is judged.
        pooled: Judge all frames of a camera together.
        elsewhere: A recording of another place, whose images are taken as those of another drive.
    """
    cameras = [name for name in recording.sensors if _pictures(recording.evidence, name)]
    for number, camera in enumerate(cameras):
        only = [_only(frame, camera) for frame in recording.evidence.frames]
        kept = [frame for frame in only if frame.pictures]
        for index, frames in enumerate([tuple(kept)] if pooled else [(frame,) for frame in kept]):
            evidence = attrs.evolve(recording.evidence, frames=frames)
            full = pooled or index == 0
            yield from _conditions(recording, camera, evidence, number + index, full=full, pooled=pooled)
            if full and elsewhere is not None:
                yield Case(
                    site=recording.site,
                    camera=camera,
                    condition="other-drive",
                    error=(0.0, 0.0, 0.0),
                    evidence=of_another_drive(evidence, elsewhere, number),
                    sensors=recording.sensors,
                )


def _conditions(
    recording: Recording, camera: str, evidence: Evidence, number: int, *, full: bool, pooled: bool
) -> Iterator[Case]:
    rng = np.random.default_rng(number)

    def case(condition: str, changed: Evidence = evidence, error: Sequence[float] = (0, 0, 0)) -> Case:
        return Case(
            site=recording.site,
            camera=camera,
            condition=condition,
            error=(float(error[0]), float(error[1]), float(error[2])),
            evidence=changed,
            sensors=rotated(recording.sensors, camera, error),
        )

    yield case("good")
    yield case("half", _thinned(evidence, 0.5, rng))
    yield case("quarter", _thinned(evidence, 0.25, rng))
    if evidence.trajectory is not None and speed_of(evidence) < _SLOW:
        yield case("no-motion", attrs.evolve(evidence, trajectory=None))
    if not full:
        return
    for size in SIZES_DEG:
        for axis, name in enumerate("xyz"):
            error = np.zeros(3)
            error[axis] = size * rng.choice([-1, 1])
            yield case(f"rotated-{size}-{name}", error=error.tolist())
    for other in others(recording, camera)[:2]:
        yield case("other-image", _with_images(evidence, recording.evidence, other))
    yield case("mirrored", _flipped(evidence, 1))
    yield case("upside-down", _flipped(evidence, 0, 1))
    bent = _other_lens(recording.sensors[camera])
    if bent is not None:
        sensors = {**recording.sensors, camera: bent}
        yield attrs.evolve(case("wrong-lens"), sensors=sensors, right=recording.sensors)
    if evidence.trajectory is not None and speed_of(evidence) >= _SLOW:
        unknown = case("no-motion-fast", attrs.evolve(evidence, trajectory=None))
        yield attrs.evolve(unknown, undone=Change(speed=speed_of(evidence)))
    pictures = _pictures(evidence, camera)
    path = evidence.trajectory
    timed = all(picture.shutter is not None for picture in pictures)
    if path is not None and timed and speed_of(evidence) > 2 and not pooled:
        late = with_pictures(evidence, stated_earlier)
        # Where no motion is known at the time stated, points stay where they are, and no error is made.
        if all(path.covers(picture.time_ns) for picture in _pictures(late, camera)):
            yield attrs.evolve(case("late", late), undone=Change(time_s=_LATE_NS * 1e-9))
        later = _pictures(recording.evidence, camera)
        if len(later) > 1:
            following = with_pictures(evidence, lambda _, p: attrs.evolve(p, image=later[1].image))
            step = (later[1].time_ns - later[0].time_ns) * 1e-9
            yield attrs.evolve(case("next-frame", following), undone=Change(time_s=step))


def speed_of(evidence: Evidence) -> float:
    """Of the vehicle, m/s, median of its path, to a centimetre per second."""
    path = evidence.trajectory
    if path is None or len(path.times) < 2:
        return 0.0
    steps = np.linalg.norm(np.diff(path.positions, axis=0), axis=1) / (np.diff(path.times) * 1e-9)
    return round(float(np.median(steps)), 2)


def stated_earlier(_: int, picture: Any) -> Any:
    """A picture that was taken 100 ms later than it says."""
    start, end = picture.shutter
    return attrs.evolve(picture, shutter=(start - _LATE_NS, end - _LATE_NS))


def _other_lens(camera: Any) -> Any | None:
    """The distortion of a raw image for one that is rectified, or none for one that is not."""
    lens = getattr(camera, "distortion_coefficients", None)
    if camera.calibration_type.value != "pinhole" or lens is None:
        return None
    k1, k2 = (0.0, 0.0) if lens.k1 else (-0.28, 0.09)
    changed = attrs.evolve(lens, k1=k1, k2=k2, p1=0.0, p2=0.0, k3=0.0)
    return attrs.evolve(camera, distortion_coefficients=changed)


def is_in_part(key: Sequence[str], part: float) -> bool:
    """Whether a case is among a share of all, 0 to 1: always the same ones, whatever else is measured."""
    return zlib.crc32(" ".join(key).encode()) < part * 2**32


def rotated(sensors: Sensors, camera: str, error: Sequence[float]) -> Sensors:
    """The calibration with one camera rotated about its own axes by a rotation vector, degrees."""
    size = float(np.linalg.norm(error))
    if size == 0:
        return sensors
    pose = Rigid.of_sensor(sensors[camera])
    w, x, y, z = map(float, quaternion_of(pose.rotation @ rotate_about(error, size)))
    turned = attrs.evolve(sensors[camera], rotation_quaternion=RotationQuaternion(w=w, x=x, y=y, z=z))
    return {**sensors, camera: turned}


def _pictures(evidence: Evidence, camera: str) -> list[Any]:
    return [p for frame in evidence.frames for p in frame.pictures if p.camera == camera]


def _only(frame: FrameEvidence, camera: str) -> FrameEvidence:
    return attrs.evolve(frame, pictures=tuple(p for p in frame.pictures if p.camera == camera))


def _thinned(evidence: Evidence, share: float, rng: np.random.Generator) -> Evidence:
    def thin(points: PointArrays) -> PointArrays:
        kept = rng.random(len(points)) < share
        return PointArrays(
            xyz=points.xyz[kept],
            intensity=None if points.intensity is None else points.intensity[kept],
            timestamps=None if points.timestamps is None else points.timestamps[kept],
        )

    return with_points(evidence, thin)


def with_points(evidence: Evidence, change: Callable[[PointArrays], PointArrays]) -> Evidence:
    """With the points of each cloud changed."""
    return attrs.evolve(
        evidence,
        frames=tuple(
            attrs.evolve(
                frame,
                clouds=tuple(attrs.evolve(cloud, points=change(cloud.points)) for cloud in frame.clouds),
            )
            for frame in evidence.frames
        ),
    )


def others(recording: Recording, camera: str) -> list[str]:
    """Cameras with images of the same size."""
    size = _pictures(recording.evidence, camera)[0].image.size
    return [
        name
        for name in recording.sensors
        if name != camera
        and any(picture.image.size == size for picture in _pictures(recording.evidence, name))
    ]


def _with_images(evidence: Evidence, source: Evidence, other: str) -> Evidence:
    images = [picture.image for picture in _pictures(source, other)]
    return with_pictures(
        evidence, lambda index, picture: attrs.evolve(picture, image=images[index % len(images)])
    )


def of_another_drive(evidence: Evidence, elsewhere: Recording, number: int = 0) -> Evidence:
    """With the images of another recording, scaled to the size of its own."""
    images = [picture.image for frame in elsewhere.evidence.frames for picture in frame.pictures]
    other = images[number % len(images)]

    def replace(_: int, picture: Any) -> Any:
        height, width = picture.image.pixels.shape[:2]
        pixels = np.asarray(Image.fromarray(other.pixels).resize((width, height)))
        return attrs.evolve(picture, image=attrs.evolve(picture.image, pixels=pixels))

    return with_pictures(evidence, replace)


def _flipped(evidence: Evidence, *axes: int) -> Evidence:
    def flip(_: int, picture: Any) -> Any:
        pixels = np.ascontiguousarray(np.flip(picture.image.pixels, axes))
        return attrs.evolve(picture, image=attrs.evolve(picture.image, pixels=pixels))

    return with_pictures(evidence, flip)


def with_pictures(evidence: Evidence, change: Any) -> Evidence:
    """With every picture changed by a function of the number of its frame and the picture."""
    return attrs.evolve(
        evidence,
        frames=tuple(
            attrs.evolve(frame, pictures=tuple(change(index, picture) for picture in frame.pictures))
            for index, frame in enumerate(evidence.frames)
        ),
    )
