"""Rules on files: what `kognic.scenes.content` finds in each, and how files of a sensor compare.

Headers only unless asked otherwise. Files are read in parallel; findings come in the order of the scene.
"""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from statistics import median

import attrs

from kognic._core.findings import Finding
from kognic._core.scene_errors import ContentError, ContentIssue
from kognic._core.wording import counted
from kognic.scenes.checks.rules import broken
from kognic.scenes.checks.structure.imu import imu_range
from kognic.scenes.checks.structure.times import SECOND_NS, SMALLEST_NS, unit_of
from kognic.scenes.content.csv_clouds import (
    COLOURS,
    HEADER,
    bare_name,
    prefix_in_words,
    shown,
    shown_name,
)
from kognic.scenes.content.facts import PointCloudFacts
from kognic.scenes.content.images import SUFFIXES, ImageFacts, survey_image
from kognic.scenes.content.point_clouds import survey_point_cloud
from kognic.scenes.content.source import Source
from kognic.scenes.scene_view import FileView, FrameView, SceneView

Progress = Callable[[int, int], None]
ImageSizes = dict[str, tuple[int, int]]
# Pillow's modes of grey and colour images with up to 8 bits per channel.
_MODES = {"1", "L", "LA", "P", "PA", "RGB", "RGBA"}
# Duplicates are found by size, head and tail, so that files need not be read as a whole.
_ENDS = 8192
COLOUR_HEADER = ",".join([HEADER, *COLOURS])
# Metres. Lidars see 200 to 400 m, so that half of a cloud cannot be beyond 500 m, nor within 0.5 m of the
# lidar. No cloud extends over 10 km; coordinates in UTM or millimetres do.
_FAR_M, _NEAR_M, _EXTENT_M = 500.0, 0.5, 10_000.0
# A sweep has thousands of points; below this, statistics such as extents are meaningless as well.
_FEW_POINTS = 100
_COMPENSATION_OFF = (
    "turn motion compensation off if the points are compensated already (motion_compensation: false in the "
    "scene file)"
)
# Characters of column names in a message.
_LINE = 100
# Rotating lidars take 50 to 200 ms per sweep (5 to 20 Hz).
_LARGEST_SPAN_NS = 2 * SECOND_NS


@attrs.frozen
class FileResult:
    """What was found in one file; `digest` is equal for equal contents, as far as the ends tell."""

    file: FileView
    facts: ImageFacts | PointCloudFacts | None
    issues: tuple[ContentIssue, ...]
    digest: bytes | None


def read_files(
    files: Sequence[FileView],
    *,
    full: bool = False,
    workers: int | None = None,
    progress: Progress | None = None,
) -> list[FileResult]:
    """Read files in parallel.

    Args:
        files: What to read; those without readable content are left out of the result.
        full: Decode images and read all points, not only headers.
        workers: Threads; None takes the number of processors.
        progress: Called with the number of files done and of all files, from this thread.

    Raises:
        ImportError: A library is missing that the files need.
    """
    readable = [file for file in files if file.content is not None and not file.remote]
    done = []
    with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
        for result in pool.map(partial(_read, full=full), readable):
            done.append(result)
            if progress is not None:
                progress(len(done), len(readable))
    return done


def check_files(scene: SceneView, results: Sequence[FileResult], sizes: ImageSizes) -> Iterator[Finding]:
    """Judge what was read.

    Args:
        scene: The scene.
        results: What `read_files` returned for its files.
        sizes: Camera name to width and height in pixels, from the calibration.
    """
    frames = {file.place: frame for frame in scene.frames for file in frame.files}
    for result in results:
        for issue in result.issues:
            yield _of_issue(result.file, issue)
        if isinstance(result.facts, ImageFacts):
            yield from _judge_image(result.file, result.facts, sizes)
        elif result.facts is not None:
            yield from _judge_cloud(scene, frames[result.file.place], result.file, result.facts)
    yield from _compare(results, sizes)
    unread = [file for file in scene.files() if file.content is None and not file.remote]
    remote = [file for file in scene.files() if file.remote]
    for group, reason in ((unread, "from callbacks or streams"), (remote, "in your cloud")):
        if group:
            yield broken(
                "file-not-read",
                f"{counted(len(group), 'file')} not read: {reason}",
                field=group[0].place,
                value=len(group),
            )


def _read(file: FileView, *, full: bool) -> FileResult:
    content = file.content
    if content is None:
        raise ValueError(f"{file.name} has no content")
    facts: ImageFacts | PointCloudFacts | None
    try:
        source = Source.of(content)
        if file.is_image:
            facts, issues = survey_image(source, full=full)
        else:
            facts, issues = survey_point_cloud(source, file.format or _suffix(file.name), full=full)
    except ContentError as exc:
        return FileResult(file, None, exc.issues, None)
    ends = str(source.size).encode() + source.head(_ENDS) + source.tail(_ENDS)
    return FileResult(file, facts, tuple(issues), hashlib.sha256(ends).digest())


def _suffix(name: str) -> str | None:
    return os.path.splitext(name)[1].lstrip(".") or None  # noqa: PTH122 - a name, not a path


def _of_issue(file: FileView, issue: ContentIssue) -> Finding:
    return broken(
        issue.code,
        issue.problem,
        issue.hint,
        frame=file.frame_id,
        sensor=file.sensor,
        file=file.name,
        field=file.place if issue.field is None else f"{file.place} ({issue.field})",
        value=issue.value,
    )


def _judge_image(file: FileView, facts: ImageFacts, sizes: ImageSizes) -> Iterator[Finding]:
    here = partial(broken, frame=file.frame_id, sensor=file.sensor, file=file.name, field=file.place)
    size = (facts.width, facts.height)
    wanted = sizes.get(file.sensor, size)
    if size != wanted:
        turned = "; it is rotated by 90 degrees" if size == wanted[::-1] else ""
        yield here(
            "image-size",
            f"the image is {size[0]} x {size[1]} pixels, the calibration says "
            f"{wanted[0]} x {wanted[1]}{turned}",
            "use images of the calibrated size, or scale the camera matrix",
            value=f"{size[0]}x{size[1]}",
        )
    suffix = _suffix(file.name)
    if suffix is not None and SUFFIXES.get(suffix.lower()) != facts.format:
        yield here(
            "image-suffix",
            f"the name ends in .{suffix}, the content is {facts.format}",
            f"name it .{facts.format}",
            value=facts.format,
        )
    if facts.orientation != 1:
        yield here(
            "image-orientation",
            f"EXIF orientation {facts.orientation} rotates the image in viewers, but not for calibrations",
            "rotate the pixels and remove the EXIF entry",
            value=facts.orientation,
        )
    if facts.num_pictures > 1:
        yield here(
            "image-animation",
            f"the file holds {facts.num_pictures} pictures",
            "save one picture per file",
            value=facts.num_pictures,
        )
    if facts.mode not in _MODES or facts.bits > 8:
        depth = f" with {facts.bits} bits per channel" if facts.bits > 8 else ""
        yield here(
            "image-mode",
            f"the pixels are {facts.mode}{depth}",
            "convert them to 8-bit grey or RGB, scaled to the range that matters",
            value=facts.bits if facts.bits > 8 else facts.mode,
        )
    # A choice, in grey levels between averages of blocks: a covered lens shows less. A larger limit reports
    # fog and night.
    if facts.contrast is not None and facts.contrast < 3:
        yield here(
            "image-uniform",
            "the image has a single colour",
            "check whether the camera worked",
            value=facts.contrast,
        )


def _judge_cloud(
    scene: SceneView, frame: FrameView, file: FileView, facts: PointCloudFacts
) -> Iterator[Finding]:
    here = partial(broken, frame=file.frame_id, sensor=file.sensor, file=file.name, field=file.place)
    yield from _judge_columns(scene, facts, here)
    if facts.format == "laz":
        yield here("las-compressed", "LAZ is accepted by the client but not documented by the platform")
    if not facts.has_intensity:
        found = f" (found: {_names(facts)})" if facts.format == "csv" else ""
        yield here(
            "cloud-intensity-missing", f"there are no intensities{found}, so all points have the same colour"
        )
    if facts.num_points is not None and 0 < facts.num_points < _FEW_POINTS:
        yield here(
            "cloud-few-points", f"the cloud has {counted(facts.num_points, 'point')}", value=facts.num_points
        )
    if facts.fractional_intensity:
        yield here(
            "csv-intensity-fraction",
            "intensities have a fraction part; the platform documents whole numbers from 0 to 255",
            "write them as integers",
        )
    if facts.intensity_range is not None and facts.intensity_range[1] > 255:
        yield here(
            "cloud-intensity-range",
            f"intensities reach {facts.intensity_range[1]:g}",
            "scale them to 0 to 255",
            value=facts.intensity_range[1],
        )
    yield from _judge_points(facts, here)
    if facts.time_range_ns is not None and facts.has_timestamps:
        yield from _judge_times(scene, frame, facts.time_range_ns, here)


def _judge_columns(
    scene: SceneView, facts: PointCloudFacts, here: Callable[..., Finding]
) -> Iterator[Finding]:
    if facts.header_prefix:
        first = bare_name(facts.fields[0])
        yield here(
            "csv-header-prefix",
            f"{prefix_in_words(facts.header_prefix)} stands before the first column, so the platform "
            f"does not find {first}, and all its values read as 0",
            "save the file without it (a spreadsheet adds it as 'CSV UTF-8')",
            value=shown(facts.fields[0]),
        )
    elif not facts.has_timestamps:
        yield _missing_times(scene, facts, here)
    columns = ",".join(facts.fields)
    # Of a column that is missing, the finding about it lists the header.
    is_complete = facts.has_timestamps and facts.has_intensity and not facts.header_prefix
    if facts.format == "csv" and is_complete and columns not in (HEADER, COLOUR_HEADER):
        yield here(
            "csv-header",
            f"the header is {_names(facts)}; columns are found by name, others ignored",
            f"the documented header is {HEADER}",
        )


def _missing_times(scene: SceneView, facts: PointCloudFacts, here: Callable[..., Finding]) -> Finding:
    name = {"csv": "ts_gps", "pcd": "timestamp"}.get(facts.format, "gps_time")
    problem = f"there is no column {name} (found: {_names(facts)}), so all times read as 0"
    if scene.is_compensated:
        return here(
            "cloud-time-uncompensated",
            f"{problem}; motion compensation is on, and the platform rejects points whose time is not within "
            "the IMU data",
            f"add {name} in Unix nanoseconds, or {_COMPENSATION_OFF}",
        )
    return here(
        "cloud-time-missing",
        f"{problem}; the platform uses them only for motion compensation, which this scene does not have",
        f"add {name} in Unix nanoseconds if the points were taken in motion; if they are motion-compensated "
        "already, ignore this",
    )


def _names(facts: PointCloudFacts) -> str:
    """The columns of a file, no longer than a line."""
    text = ", ".join(map(shown_name, facts.fields))
    return text if len(text) <= _LINE else f"{text[:_LINE]}..."


def _judge_points(facts: PointCloudFacts, here: Callable[..., Finding]) -> Iterator[Finding]:
    count = facts.num_points or 0
    if facts.num_invalid:
        yield here(
            "cloud-not-finite",
            f"{facts.num_invalid} of {count} points have coordinates that are NaN or infinite",
            "omit them",
            value=facts.num_invalid,
        )
    if facts.num_at_origin and facts.num_at_origin > max(1, count // 1000):
        yield here(
            "cloud-at-origin",
            f"{facts.num_at_origin} of {count} points are at (0, 0, 0)",
            "remove missing returns",
            value=facts.num_at_origin,
        )
    if facts.bounds is None or count < _FEW_POINTS:
        return
    low, high = facts.bounds
    extents = [b - a for a, b in zip(low, high, strict=True)]
    if min(extents) == 0:
        yield here(
            "cloud-flat",
            f"the points span {extents[0]:.4g} x {extents[1]:.4g} x {extents[2]:.4g} m",
            "check the order and the scale of x, y and z",
            value=min(extents),
        )
    yield from _judge_range(facts.median_distance, low, high, here)


def _judge_range(
    distance: float | None,
    low: tuple[float, float, float],
    high: tuple[float, float, float],
    here: Callable[..., Finding],
) -> Iterator[Finding]:
    extents = [b - a for a, b in zip(low, high, strict=True)]
    centre = max(abs(a + b) / 2 for a, b in zip(low, high, strict=True))
    if (distance is not None and distance > _FAR_M) or max(centre, *extents) > _EXTENT_M:
        is_world = centre > max(extents)
        reason = "they look like world coordinates" if is_world else "they look like millimetres"
        yield here(
            "cloud-range",
            f"coordinates reach from {_vector(low)} to {_vector(high)} m; {reason}",
            "use metres in the lidar's own system",
            value=round(centre, 3),
        )
    elif distance is not None and distance < _NEAR_M and max(extents) < 4 * _NEAR_M:
        yield here(
            "cloud-range",
            f"coordinates reach from {_vector(low)} to {_vector(high)} m only",
            "use metres in the lidar's own system",
            value=max(extents),
        )


def _judge_times(
    scene: SceneView, frame: FrameView, times: tuple[int, int], here: Callable[..., Finding]
) -> Iterator[Finding]:
    first, last = times
    if last == 0 and scene.is_compensated:
        yield here(
            "cloud-time-uncompensated",
            "all point times are 0, but the platform compensates for motion",
            f"write times in nanoseconds, or {_COMPENSATION_OFF}",
            value=0,
        )
        return
    if last != 0 and last < SMALLEST_NS:
        yield here(
            "cloud-time-unit",
            f"point times are about {last}, which looks like {unit_of(last) or 'an invalid time'}",
            "write Unix times in nanoseconds",
            value=last,
        )
        return
    if last - first > _LARGEST_SPAN_NS:
        yield here(
            "cloud-time-span",
            f"the points are taken over {(last - first) / SECOND_NS:.3g} s ({first} to {last})",
            "check for points without a time, and whether the cloud is a single sweep",
            value=last - first,
        )
    elif frame.unix_ns is not None and last != 0 and not scene.is_aggregated:
        away = max(first - frame.unix_ns, frame.unix_ns - last, 0)
        if away > _LARGEST_SPAN_NS:
            yield here(
                "cloud-time-frame",
                f"the points are taken from {first} to {last}, {away / SECOND_NS:.3g} s from their frame",
                "check that both times come from the same clock, and that the cloud belongs to this frame",
                value=away,
            )
    if scene.is_compensated:
        low, high = imu_range(scene)
        # LAS keeps times as doubles, in steps of 256 ns.
        if first < low - 256 or last > high + 256:
            yield here(
                "cloud-time-imu",
                f"the points are taken from {first} to {last}, the IMU data from {low} to {high}",
                "IMU samples must start before the first point and end after the last",
                value=first if first < low else last,
            )


def _compare(results: Sequence[FileResult], sizes: ImageSizes) -> Iterator[Finding]:
    """What shows only beside the other files of a sensor."""
    by_sensor: dict[tuple[str, bool], list[FileResult]] = defaultdict(list)
    for result in results:
        if result.facts is not None:
            by_sensor[result.file.sensor, result.file.is_image].append(result)
    for (sensor, is_image), group in by_sensor.items():
        yield from _equal_contents(group, is_image)
        if is_image and sensor not in sizes:
            yield from _size_changes(group)
        elif not is_image:
            yield from _count_changes(group)


def _equal_contents(group: Sequence[FileResult], is_image: bool) -> Iterator[Finding]:
    seen: dict[bytes, FileView] = {}
    for result in group:
        if result.digest is None:
            continue
        file = result.file
        first = seen.setdefault(result.digest, file)
        if first is not file and first.content != file.content:
            yield broken(
                "image-duplicate" if is_image else "cloud-duplicate",
                f"the content is that of {first.name} ({first.place})",
                "check whether the vehicle stood still or files were mixed up",
                frame=file.frame_id,
                sensor=file.sensor,
                file=file.name,
                field=file.place,
            )


def _size_changes(group: Sequence[FileResult]) -> Iterator[Finding]:
    images = [(result.file, result.facts) for result in group if isinstance(result.facts, ImageFacts)]
    for file, facts in images[1:]:
        first = images[0][1]
        if (facts.width, facts.height) != (first.width, first.height):
            yield broken(
                "image-size-change",
                f"the image is {facts.width} x {facts.height} pixels, the first one "
                f"{first.width} x {first.height}",
                "use images of one size",
                frame=file.frame_id,
                sensor=file.sensor,
                file=file.name,
                field=file.place,
                value=f"{facts.width}x{facts.height}",
            )


def _count_changes(group: Sequence[FileResult]) -> Iterator[Finding]:
    counts = [
        (result.file, result.facts.num_points)
        for result in group
        if isinstance(result.facts, PointCloudFacts) and result.facts.num_points
    ]
    # Of two files that differ, neither is the usual one.
    if len(counts) < 3:
        return
    usual = median(count for _, count in counts)
    for file, count in counts:
        # A choice: a sweep that is cut off in the middle still passes; traffic and walls around change the
        # count far less.
        if usual >= _FEW_POINTS and count < usual / 5:
            yield broken(
                "cloud-count-change",
                f"the cloud has {counted(count, 'point')}, other clouds of the lidar have {usual:g}",
                "check whether the sweep is complete",
                frame=file.frame_id,
                sensor=file.sensor,
                file=file.name,
                field=file.place,
                value=count,
            )


def _vector(values: tuple[float, float, float]) -> str:
    return "({:.4g}, {:.4g}, {:.4g})".format(*values)
