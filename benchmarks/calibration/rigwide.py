"""What is said of whole rigs: clouds with exchanged axes or in another unit, lidars and ego poses.

The answers come from the functions that `kognic check` calls, with the thresholds as shipped; each is kept,
so that a run can be resumed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from benchmarks.calibration.cases import (
    Recording,
    is_in_part,
    of_another_drive,
    others,
    speed_of,
    stated_earlier,
    with_pictures,
    with_points,
)
from benchmarks.calibration.rigs import Rig, record_together
from kognic._core.wording import counted
from kognic.scenes.calibration.evidence import Evidence, Picture
from kognic.scenes.calibration.lidars import EGO, LidarEstimate, estimate_lidars
from kognic.scenes.calibration.verdict import judge_cameras
from kognic.scenes.checks.units import check_units
from kognic.scenes.geometry.poses import FloatArray
from tests.scenes.calibration import drives

# What the points of all lidars of a rig are multiplied by, and the codes that name the mistake.
AXES: Mapping[str, tuple[FloatArray, str]] = {
    "lidar mirrored": (np.diag([1.0, -1, 1]), "lidar-mirrored"),
    "lidar x and y exchanged": (np.array([[0.0, 1, 0], [1, 0, 0], [0, 0, 1]]), "lidar-axes"),
}
UNITS = {"cloud in millimetres": 0.001, "cloud in feet": 0.3048}
RIG, POSES, LIDAR = "rig", "lidar against ego poses", "lidar against lidar"
TIMES = "times of the images, all cameras"
RIGHT = "right"
FITS, FITS_NOT = f"cameras, {RIGHT}", "cameras with images of another drive"
COSTS = (FITS, FITS_NOT)
_SEEDS = (0, 1, 2)
# Vehicles with several cameras: what they look at, and how fast they are.
_AROUND = (("pinhole", 0.0), ("pinhole", 70.0), ("kannala", -80.0), ("distorted", 180.0))
_SPEEDS = (("town", 15.0, 0.0), ("suburb", 5.0, 0.0), ("country", 10.0, 6.0))
# A single camera can be taken for rotated; slower vehicles say nothing, faster ones need motion data, m/s.
_FEWEST_CAMERAS, _SLOWEST, _FAST = 2, 2.0, 10.0
_TRUE = drives.mounted()
_SECOND = drives.mounted(yaw=10, position=(2.2, 0.3, 0.9))


@attrs.frozen(kw_only=True)
class Answered:
    """What was said of a rig.

    Attributes:
        site: Of the recording, or the drive.
        group: Rows of one table.
        condition: What was done to it.
        noticed: Something is reported that is wrong.
        named: It is what was done; for estimates, it is also as large as what was done, within four standard
            deviations.
        seconds: Processor time per camera or lidar.
    """

    site: str
    group: str
    condition: str
    noticed: bool
    named: bool
    seconds: float


# Whether anything was noticed, whether it was the right thing, and of how many cameras or lidars.
Ask = Callable[[], tuple[bool, bool, int]]
Job = tuple[str, str, str, Ask]


def answered(
    source: Sequence[Recording], cache: Path, *, with_drives: bool, part: float = 1.0, only: bool = False
) -> list[Answered]:
    """Ask about all rigs and drives, those that are in the cache not again.

    Args:
        source: The recordings.
        cache: File that answers are appended to.
        with_drives: Drive with lidars as well.
        part: Share of the questions that are asked, always the same ones.
        only: What is in the cache, and nothing else.
    """
    lines = cache.read_text(encoding="utf-8").splitlines() if cache.exists() else []
    known = {(one.site, one.condition): one for one in (Answered(**json.loads(line)) for line in lines)}
    if only:
        return list(known.values())
    cache.parent.mkdir(parents=True, exist_ok=True)
    found = []
    with cache.open("a", encoding="utf-8") as file:
        for site, group, condition, ask in _jobs(source, with_drives=with_drives):
            if (site, condition) not in known:
                if not is_in_part((site, condition), part):
                    continue
                start = time.process_time()
                noticed, named, count = ask()
                one = Answered(
                    site=site,
                    group=group,
                    condition=condition,
                    noticed=noticed,
                    named=named,
                    seconds=(time.process_time() - start) / max(count, 1),
                )
                known[site, condition] = one
                file.write(json.dumps(attrs.asdict(one)) + "\n")
                file.flush()
            found.append(known[site, condition])
    return found


def _jobs(source: Sequence[Recording], *, with_drives: bool) -> Iterator[Job]:
    for place, recording in enumerate(source):
        site = recording.site
        yield site, RIG, FITS, partial(_cameras, recording, recording.evidence)
        if len(source) > 1:
            strange = of_another_drive(recording.evidence, source[place - 1])
            yield site, RIG, FITS_NOT, partial(_cameras, recording, strange)
        exchanged = _with_images_of_another(recording)
        if exchanged is not None:
            condition = "a camera with the images of another"
            yield site, RIG, condition, partial(_cameras, recording, exchanged, "cameras-swapped")
        yield site, RIG, f"units, {RIGHT}", partial(_units, recording, 1.0)
        for condition, metres in UNITS.items():
            yield site, RIG, condition, partial(_units, recording, metres)
        for condition, (matrix, code) in AXES.items():
            turned = _changed(recording.evidence, matrix)
            yield site, RIG, condition, partial(_cameras, recording, turned, code)
    around = [_around(*one, seed) for seed, one in enumerate(_SPEEDS, start=31)] if with_drives else []
    for recording in [*source, *around]:
        yield from _times(recording)
    for seed in _SEEDS if with_drives else ():
        for kind in ("straight", "turns"):
            for condition, ask in _against_poses(kind, seed):
                yield f"drive {seed} {kind}", POSES, f"{POSES}, {condition}", ask
        for kind in ("straight", "stands"):
            for angle in (0.0, 1.0, 2.0):
                condition = f"{counted(round(angle), 'degree')} of yaw" if angle else RIGHT
                yield (
                    f"drive {seed} {kind}",
                    LIDAR,
                    f"{LIDAR}, {condition}",
                    partial(_pair, kind, seed, angle),
                )


def _with_images_of_another(recording: Recording) -> Evidence | None:
    """The first camera with the images of another one of the same size; None if there is none."""
    evidence = recording.evidence
    first = next(picture for frame in evidence.frames for picture in frame.pictures)
    other = next(iter(others(recording, first.camera)), None)
    if other is None:
        return None
    images = [p.image for frame in evidence.frames for p in frame.pictures if p.camera == other]

    def replaced(index: int, picture: Picture) -> Picture:
        if picture.camera != first.camera:
            return picture
        return attrs.evolve(picture, image=images[index % len(images)])

    return with_pictures(evidence, replaced)


def _around(world: str, speed: float, yaw_rate: float, seed: int) -> Recording:
    """A vehicle with cameras all around, in a street of its own."""
    rig = Rig(world=world, speed=speed, yaw_rate_deg=yaw_rate, frames=2, frame_ns=200_000_000, seed=seed)
    cameras = [attrs.evolve(rig, model=model, yaw_deg=yaw) for model, yaw in _AROUND]
    evidence, sensors = record_together(cameras)
    return Recording(site=f"around {seed} ({world}, {speed:.0f} m/s)", evidence=evidence, sensors=sensors)


def _times(recording: Recording) -> Iterator[Job]:
    """Cameras of one clock: right, late, with the images of the next frame, and without motion data."""
    evidence, site = recording.evidence, recording.site
    pictures = [picture for frame in evidence.frames for picture in frame.pictures]
    speed = speed_of(evidence)
    if len({picture.camera for picture in pictures}) < _FEWEST_CAMERAS or speed < _SLOWEST:
        return
    if any(picture.shutter is None for picture in pictures):
        return
    yield site, TIMES, f"times, {RIGHT}", partial(_cameras, recording, evidence)
    late = with_pictures(evidence, stated_earlier)
    yield site, TIMES, "images 100 ms late", partial(_cameras, recording, late, "image-time")
    if len(evidence.frames) > 1:
        following = _following(evidence)
        yield site, TIMES, "images of the next frame", partial(_cameras, recording, following, "image-time")
    if speed >= _FAST:
        still = attrs.evolve(evidence, trajectory=None)
        name = f"no motion data, {_FAST:.0f} m/s and more"
        yield site, TIMES, name, partial(_cameras, recording, still, "image-time")


def _following(evidence: Evidence) -> Evidence:
    """Each frame but the last with the images of the next."""
    frames = []
    for frame, following in zip(evidence.frames, evidence.frames[1:], strict=False):
        images = {picture.camera: picture.image for picture in following.pictures}
        pictures = (attrs.evolve(p, image=images[p.camera]) for p in frame.pictures if p.camera in images)
        frames.append(attrs.evolve(frame, pictures=tuple(pictures)))
    return attrs.evolve(evidence, frames=tuple(frames))


def _against_poses(kind: str, seed: int) -> Iterator[tuple[str, Ask]]:
    """A drive that is right, and with errors put in."""
    ask = partial(_drive, kind, seed)
    yield RIGHT, partial(ask, {}, None)
    for angle in (1.0, 2.0, 3.0):
        yield (
            f"{counted(round(angle), 'degree')} of yaw",
            partial(ask, {"yaw": angle}, ("rotation_z", -angle)),
        )
        yield (
            f"{counted(round(angle), 'degree')} of pitch",
            partial(ask, {"pitch": angle}, ("rotation_y", -angle)),
        )
    yield "motion 12 % too long", partial(ask, {}, ("motion_length", 100 / 1.12 - 100), scale=1.12)
    yield "poses of another drive", partial(ask, {}, ("poses", 0.0), wrong_poses=True)
    if kind == "turns":
        yield "60 ms late, in a bend", partial(ask, {}, ("time_offset", 60.0), late_s=0.06)
        moved = {"position": (1.8, 0.0, 1.8)}
        yield "0.8 m forward, in a bend", partial(ask, moved, ("position_x", -0.8))


def _changed(evidence: Evidence, matrix: FloatArray) -> Evidence:
    """The points of all lidars multiplied by a matrix, in their own systems."""
    return with_points(evidence, lambda points: attrs.evolve(points, xyz=points.xyz @ matrix.T))


def _units(recording: Recording, metres: float) -> tuple[bool, bool, int]:
    findings = list(check_units([_changed(recording.evidence, np.eye(3) / metres)], recording.sensors))
    named = any(f.code == "cloud-unit" and f.value == metres for f in findings)
    return bool(findings), named, 1


def _cameras(recording: Recording, evidence: Evidence, code: str | None = None) -> tuple[bool, bool, int]:
    """Without a code, that anything is reported is all that is wanted."""
    verdicts = judge_cameras(evidence, recording.sensors)
    wrong = [v for v in verdicts if v.verdict not in ("consistent", "undecided")]
    named = wrong if code is None else [v for v in wrong if v.verdict == code]
    return bool(wrong), bool(named), len(verdicts)


def _drive(
    kind: str, seed: int, mount: dict[str, Any], error: tuple[str, float] | None, **how: Any
) -> tuple[bool, bool, int]:
    evidence = drives.drive(kind, {"top": _TRUE}, seed=seed, **how)
    found = estimate_lidars([evidence], {"top": drives.sensor(drives.mounted(**mount))})
    return _said(next(one for one in found if one.against == EGO), error)


def _pair(kind: str, seed: int, yaw: float) -> tuple[bool, bool, int]:
    lidars = {"top": _TRUE, "front": _SECOND}
    evidence = drives.drive(kind, lidars, frames=4, seed=seed, sectors={"front": (-80, 80)})
    wrong = drives.mounted(yaw=10 + yaw, position=tuple(_SECOND.position))
    sensors = {name: drives.sensor(pose) for name, pose in {"top": _TRUE, "front": wrong}.items()}
    found = estimate_lidars([evidence], sensors)
    error = ("rotation_z", -yaw) if yaw else None
    return _said(next(one for one in found if one.against != EGO), error)


def _said(found: LidarEstimate, error: tuple[str, float] | None) -> tuple[bool, bool, int]:
    noticed = found.verdict not in ("consistent", "undecided")
    if error is None:
        return noticed, noticed, 1
    name, value = error
    if name == "poses":
        return noticed, found.verdict == "poses", 1
    one = next(direction for direction in found.directions if direction.name == name)
    is_near = one.observable and abs(one.correction - value) < max(4 * one.deviation, 0.1 * abs(value))
    return noticed, noticed and is_near, 1
