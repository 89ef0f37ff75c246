"""IMU data: order, unit, rate, and whether it covers what the platform interpolates."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise

from kognic._core.findings import Finding
from kognic.scenes.checks.rules import broken
from kognic.scenes.checks.structure.poses import FASTEST, distance, judge_pose
from kognic.scenes.checks.structure.times import SECOND_NS, SMALLEST_NS, unit_of
from kognic.scenes.scene_view import SampleView, SceneView

# Ten samples per second; poses between samples are interpolated.
_LARGEST_GAP_NS = SECOND_NS // 10
_DISAGREE_M = 1.0


def check_imu(scene: SceneView) -> Iterator[Finding]:
    """Check the IMU samples of the scene, if there are any."""
    if not scene.imu:
        return
    yield from _values(scene.imu)
    yield from _order(scene.imu)
    first, last = imu_range(scene)
    if abs(first) < SMALLEST_NS:
        yield broken(
            "imu-unit",
            f"the first sample is at {first}, which looks like {unit_of(first) or 'an invalid time'}",
            "use nanoseconds since 1970 as integers",
            field="imu_data[0].timestamp",
            value=first,
        )
    yield from _coverage(scene, first, last)
    yield from _rate(scene.imu)
    yield from _agreement(scene)


def imu_range(scene: SceneView) -> tuple[int, int]:
    """First and last time of the samples, Unix nanoseconds."""
    times = [sample.timestamp for sample in scene.imu]
    return min(times), max(times)


def _values(samples: Sequence[SampleView]) -> Iterator[Finding]:
    """The first sample of each kind of fault; the others are rarely different."""
    found: set[str] = set()
    for index, sample in enumerate(samples):
        finding = judge_pose(sample.pose, "imu", place=f"imu_data[{index}]")
        if finding is not None and finding.code not in found:
            found.add(finding.code)
            yield finding


def _order(samples: Sequence[SampleView]) -> Iterator[Finding]:
    for index, (before, sample) in enumerate(pairwise(samples), 1):
        if sample.timestamp < before.timestamp:
            yield broken(
                "imu-order",
                f"sample {index} is at {sample.timestamp}, the one before at {before.timestamp}",
                "sort the samples by time",
                field=f"imu_data[{index}].timestamp",
                value=sample.timestamp,
            )
            return
    for index, (before, sample) in enumerate(pairwise(samples), 1):
        if sample.timestamp == before.timestamp:
            yield broken(
                "imu-duplicate",
                f"samples {index - 1} and {index} are both at {sample.timestamp}",
                "keep one of them",
                field=f"imu_data[{index}].timestamp",
                value=sample.timestamp,
            )
            return


def _coverage(scene: SceneView, first: int, last: int) -> Iterator[Finding]:
    hint = "samples must start before the first and end after the last point, frame and image"
    for frame in scene.frames:
        if frame.unix_ns is not None and not first <= frame.unix_ns <= last:
            yield broken(
                "imu-frame-range",
                f"the frame is at {frame.unix_ns}, the IMU data from {first} to {last} "
                f"({_outside(frame.unix_ns, first, last)})",
                hint,
                frame=frame.frame_id,
                field=f"{frame.place}.unix_timestamp",
                value=frame.unix_ns,
            )
        for image in frame.images:
            for time in image.shutter or ():
                if not first <= time <= last:
                    yield broken(
                        "imu-shutter-range",
                        f"the image is taken at {time}, the IMU data from {first} to {last} "
                        f"({_outside(time, first, last)})",
                        hint,
                        frame=frame.frame_id,
                        sensor=image.sensor,
                        file=image.name,
                        field=f"{image.place}.metadata",
                        value=time,
                    )
                    break


def _outside(time: int, first: int, last: int) -> str:
    if time < first:
        return f"{(first - time) / SECOND_NS:.3g} s too early"
    return f"{(time - last) / SECOND_NS:.3g} s too late"


def _rate(samples: Sequence[SampleView]) -> Iterator[Finding]:
    gap, index = max(
        ((sample.timestamp - before.timestamp, i) for i, (before, sample) in enumerate(pairwise(samples), 1)),
        default=(0, 0),
    )
    if len(samples) < 2 or (gap > _LARGEST_GAP_NS and abs(samples[0].timestamp) >= SMALLEST_NS):
        yield broken(
            "imu-rate",
            f"between samples {index - 1} and {index} are {gap / SECOND_NS:.3g} s"
            if len(samples) > 1
            else "there is one sample only",
            "use at least ten samples per second; poses between them are interpolated",
            field=f"imu_data[{index}].timestamp",
            value=gap,
        )
    for i, (before, sample) in enumerate(pairwise(samples), 1):
        seconds = (sample.timestamp - before.timestamp) / SECOND_NS
        if not (before.pose.is_finite and sample.pose.is_finite) or seconds <= 0:
            continue
        moved = distance(before.pose, sample.pose)
        if moved > 1 + FASTEST * seconds and abs(sample.timestamp) >= SMALLEST_NS:
            yield broken(
                "imu-jump",
                f"the vehicle moves {moved:.4g} m in {seconds:.3g} s",
                "use positions in metres, in one world coordinate system for the whole scene",
                field=f"imu_data[{i}].position",
                value=moved,
            )
            return


def _agreement(scene: SceneView) -> Iterator[Finding]:
    """Ego poses of frames lie on the path of the IMU data."""
    samples = sorted(scene.imu, key=lambda sample: sample.timestamp)
    times = [sample.timestamp for sample in samples]
    for frame in scene.frames:
        if frame.unix_ns is None or frame.ego_pose is None or not frame.ego_pose.is_finite:
            continue
        after = bisect_left(times, frame.unix_ns)
        if not 0 < after < len(times) or times[after] - times[after - 1] > SECOND_NS:
            continue
        nearest = min(distance(frame.ego_pose, sample.pose) for sample in samples[after - 1 : after + 1])
        moved = distance(samples[after - 1].pose, samples[after].pose)
        if nearest > _DISAGREE_M + moved:
            yield broken(
                "imu-ego-disagree",
                f"the ego pose is {nearest:.4g} m away from the IMU data of that time",
                "use one world coordinate system, and the same point of the vehicle, for both",
                frame=frame.frame_id,
                field=f"{frame.place}.ego_vehicle_pose.position",
                value=nearest,
            )
            return
