"""Frames, their files, and the sensors these come from."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from kognic._core.findings import Finding
from kognic._core.suggestions import nearest
from kognic.scenes.checks.rules import broken
from kognic.scenes.scene_view import PLACEHOLDER, FileView, FrameView, SceneView

# The platform's documented limits per frame.
MAX_IMAGES, MAX_CLOUDS = 9, 20


def check_sensors(scene: SceneView, sensors: dict[str, str] | None) -> Iterator[Finding]:
    """Check names, counts and duplicates."""
    if not scene.external_id.strip():
        yield broken(
            "scene-external-id",
            "the external ID is empty",
            "set an external ID, by which the scene can be found",
            field="external_id",
            value=scene.external_id,
        )
    if not scene.frames:
        yield broken("scene-no-frames", "the scene has no frames", "add frames", field="frames")
    yield from _frame_ids(scene)
    yield from _counts(scene)
    for frame in scene.frames:
        yield from _names(frame)
    yield from _kinds(scene)
    yield from _dropouts(scene)
    yield from _calibration(scene, sensors)
    yield from _specification(scene)
    yield from _duplicates(scene)


def _frame_ids(scene: SceneView) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for frame in scene.frames:
        if frame.frame_id is None:
            continue
        place = f"{frame.place}.frame_id"
        if not frame.frame_id:
            yield broken("frame-id-empty", "the frame has no ID", "give it one", field=place, value="")
        elif frame.frame_id in seen:
            yield broken(
                "frame-id-duplicate",
                f"the frame ID {frame.frame_id!r} is that of {seen[frame.frame_id]} as well",
                "use a unique ID for every frame",
                frame=frame.frame_id,
                field=place,
                value=frame.frame_id,
            )
        else:
            seen[frame.frame_id] = frame.place


def _counts(scene: SceneView) -> Iterator[Finding]:
    # The platform takes a sequence with images in some frames, and refuses one without any.
    is_partial = scene.is_sequence and any(frame.images for frame in scene.frames)
    for frame in scene.frames:
        images, clouds = len(frame.images), len(frame.clouds)
        if images > MAX_IMAGES or (scene.has_cameras and images == 0 and not is_partial):
            yield _count(frame, "images", images, MAX_IMAGES)
        elif scene.has_cameras and images == 0:
            yield broken(
                "frame-without-images",
                "the frame has no image",
                "remove the frame, or add an image",
                frame=frame.frame_id,
                field=f"{frame.place}.images",
            )
        if scene.has_lidars and not scene.is_aggregated and not 1 <= clouds <= MAX_CLOUDS:
            yield _count(frame, "clouds", clouds, MAX_CLOUDS)
    if scene.is_aggregated and scene.frames:
        yield from _aggregated_counts(scene)


def _aggregated_counts(scene: SceneView) -> Iterator[Finding]:
    """Clouds in every frame, or one aggregated cloud per lidar in the first."""
    first, *others = scene.frames
    if not 1 <= len(first.clouds) <= MAX_CLOUDS:
        yield _count(first, "clouds", len(first.clouds), MAX_CLOUDS)
    for frame in others:
        if len(frame.clouds) > MAX_CLOUDS:
            yield _count(frame, "clouds", len(frame.clouds), MAX_CLOUDS)
    with_clouds = [frame for frame in others if frame.clouds]
    if with_clouds and len(with_clouds) < len(others):
        empty = next(frame for frame in others if not frame.clouds)
        yield broken(
            "frame-clouds-aggregated",
            f"{len(with_clouds) + 1} of {len(scene.frames)} frames have point clouds",
            "add point clouds to all frames, or merge all of them in the first frame",
            frame=empty.frame_id,
            field=f"{empty.place}.point_clouds",
            value=len(with_clouds) + 1,
        )


def _count(frame: FrameView, what: str, found: int, limit: int) -> Finding:
    words = "images" if what == "images" else "point clouds"
    return broken(
        f"frame-{what}-count",
        f"the frame has {found} {words}, must be 1 to {limit}",
        f"remove some {words}" if found else f"add {words}, or choose another type of scene",
        frame=frame.frame_id,
        field=f"{frame.place}.{words.replace(' ', '_')}",
        value=found,
    )


def _names(frame: FrameView) -> Iterator[Finding]:
    for files in (frame.images, frame.clouds):
        counts = Counter(file.sensor for file in files)
        for file in files:
            if file.sensor != file.sensor.strip() or not file.sensor:
                yield broken(
                    "sensor-name",
                    f"the sensor name {file.sensor!r} is empty or has leading or trailing blanks",
                    "use the name in the calibration",
                    frame=frame.frame_id,
                    sensor=file.sensor,
                    field=f"{file.place}.sensor_name",
                    value=file.sensor,
                )
        for name, count in counts.items():
            if count > 1:
                yield broken(
                    "sensor-duplicate",
                    f"the sensor {name!r} has {count} files in the frame",
                    "use a different name for each sensor; the name is CAM or lidar unless set",
                    frame=frame.frame_id,
                    sensor=name,
                    field=next(file.place for file in files if file.sensor == name),
                    value=count,
                )


def _kinds(scene: SceneView) -> Iterator[Finding]:
    for name in set(scene.camera_names) & set(scene.lidar_names):
        yield broken(
            "sensor-kind",
            f"{name!r} is the name of a camera and of a lidar",
            "use different names",
            sensor=name,
        )


def _dropouts(scene: SceneView) -> Iterator[Finding]:
    expected = {True: scene.camera_names, False: scene.lidar_names}
    missing: dict[tuple[str, bool], list[FrameView]] = defaultdict(list)
    for frame in scene.frames:
        for is_image, names in expected.items():
            present = {file.sensor for file in frame.files if file.is_image is is_image}
            if not is_image and scene.is_aggregated and not frame.clouds:
                continue  # aggregated into the first frame
            for name in names:
                if name not in present:
                    missing[name, is_image].append(frame)
    for (name, _), frames in missing.items():
        yield broken(
            "sensor-dropout",
            f"the sensor has no file in {len(frames)} of {len(scene.frames)} frames",
            frame=frames[0].frame_id,
            sensor=name,
            value=len(frames),
        )


def _calibration(scene: SceneView, sensors: dict[str, str] | None) -> Iterator[Finding]:
    if scene.has_cameras and scene.has_lidars and not scene.calibration_id and sensors is None:
        yield broken(
            "scene-calibration-missing",
            "the scene has lidars and cameras, but no calibration",
            "create the calibration first and set calibration_id",
            field="calibration_id",
        )
    if scene.calibration_id == PLACEHOLDER:
        yield broken(
            "scene-calibration-missing",
            f"calibration_id is still {PLACEHOLDER}",
            "create the calibration first and set calibration_id, or set calibration to a file",
            field="calibration_id",
            value=PLACEHOLDER,
        )
        return
    if sensors is None:
        if scene.calibration_id:
            yield broken(
                "calibration-unread",
                f"the calibration {scene.calibration_id} is not available, so it was not compared",
                "pass the calibration to the check as well",
                field="calibration_id",
                value=scene.calibration_id,
            )
        return
    yield from _missing_sensors(scene, sensors)
    yield from _sensor_kinds(scene, sensors)
    for name in sensors:
        if name not in scene.camera_names and name not in scene.lidar_names:
            yield broken(
                "calibration-sensor-unused", f"the scene has no files of {name!r}", sensor=name, value=name
            )


def _missing_sensors(scene: SceneView, sensors: dict[str, str]) -> Iterator[Finding]:
    for name in [*scene.camera_names, *scene.lidar_names]:
        if name not in sensors:
            near = nearest(name, sensors)
            hint = "" if near is None else f"is it {near!r}? "
            yield broken(
                "calibration-sensor-missing",
                f"the calibration has no sensor {name!r}; it has {_listed(sensors)}",
                f"{hint}use the same names in scene and calibration",
                sensor=name,
                value=name,
            )


def _sensor_kinds(scene: SceneView, sensors: dict[str, str]) -> Iterator[Finding]:
    for is_image, names in ((True, scene.camera_names), (False, scene.lidar_names)):
        for name in names:
            kind = sensors.get(name)
            if kind is not None and (kind != "lidar") is not is_image:
                yield broken(
                    "calibration-sensor-kind",
                    f"{name!r} has {'images' if is_image else 'point clouds'}, its calibration is {kind}",
                    "use a calibration of the same kind for the sensor",
                    sensor=name,
                    value=kind,
                )


def _specification(scene: SceneView) -> Iterator[Finding]:
    known = {*scene.camera_names, *scene.lidar_names}
    for place, name in scene.specification:
        if name not in known:
            yield broken(
                "specification-sensor",
                f"the scene has no sensor {name!r}",
                f"name one of {_listed(known)}",
                sensor=name,
                field=place,
                value=name,
            )


def _duplicates(scene: SceneView) -> Iterator[Finding]:
    by_path: dict[str, FileView] = {}
    by_id: dict[str, FileView] = {}
    for file in scene.files():
        source = str(file.path) if file.path is not None else None
        first = by_path.setdefault(source, file) if source else file
        if first is not file:
            yield broken(
                "file-duplicate",
                f"the file is used by {first.place} as well",
                "use the file of this frame and sensor",
                frame=file.frame_id,
                sensor=file.sensor,
                file=file.name,
                field=file.place,
            )
            continue
        other = by_id.setdefault(file.resource_id or file.name, file)
        if other is not file:
            yield broken(
                "resource-id-clash",
                f"the resource ID {file.resource_id!r} is that of {other.name} ({other.place}) as well, "
                "so one of the two would not be uploaded",
                "rename one of the files; dots in names become underscores",
                frame=file.frame_id,
                sensor=file.sensor,
                file=file.name,
                field=f"{file.place}.resource_id",
                value=file.resource_id,
            )


# A choice: twelve names fit on two lines, and name a pattern; the rest is counted.
def _listed(names: Iterable[str], limit: int = 12) -> str:
    found = sorted(names)
    return ", ".join(found[:limit]) + (f" and {len(found) - limit} more" if len(found) > limit else "")
