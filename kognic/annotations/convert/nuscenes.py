"""nuScenes and T4: annotations as tables of JSON, one folder per version.

Formats: "nuScenes schema" of the development kit; T4 is TIER IV's variant, with a folder `annotation`,
names of instances, 2D boxes and masks in `object_ann`, and masks of surfaces in `surface_ann`. Boxes are in
the world, size is width, length, height, the quaternion has its scalar first, rotation 0 faces +x. Times are
microseconds. Every sensor has its own ego pose; boxes of a key frame are transformed to the vehicle with the
ego pose of the lidar.
"""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import attrs
import msgspec
import numpy as np
import numpy.typing as npt

from kognic._core.annotation_errors import AnnotationError
from kognic._core.files import replacing_files
from kognic._core.wording import of_plural
from kognic.annotations.convert.coco import decode_mask
from kognic.annotations.convert.dataset_files import json_table
from kognic.annotations.convert.nuscenes_rows import (
    Calibrated,
    EgoPose,
    InImage,
    Rows,
)
from kognic.annotations.convert.nuscenes_rows import Row as RowT
from kognic.annotations.cuboids import NUSCENES, from_kognic, pose_matrix, to_kognic, transform
from kognic.annotations.labels import Box2D, Label, Mask, Poses, object_uuid, pose_in
from kognic.annotations.rotations import FloatArray

System = Literal["world", "ego", "lidar"]
Row = dict[str, Any]
Tables = dict[str, list[Row]]
_COUNTS = ("num_lidar_pts", "num_radar_pts")


@attrs.frozen(kw_only=True, eq=False)
class KeyFrame:
    """A sample: one annotated moment of a scene.

    Attributes:
        token: Token of the sample; the frame ID of its labels.
        scene: Name of its scene.
        timestamp_us: Unix time, microseconds.
        ego_to_world: The vehicle at the time of the lidar, shape (4, 4).
        lidar_to_ego: Calibration of the lidar, shape (4, 4).
    """

    token: str
    scene: str
    timestamp_us: int
    ego_to_world: FloatArray
    lidar_to_ego: FloatArray

    def from_world(self, system: System) -> FloatArray:
        """Return the transform from the world to a system at this moment."""
        if system == "world":
            return np.eye(4)
        matrix = self.ego_to_world if system == "ego" else self.ego_to_world @ self.lidar_to_ego
        return np.asarray(np.linalg.inv(matrix), dtype=np.float64)


def read_version(folder: str | Path) -> Tables:
    """Read the tables of a version (`v1.0-mini`, T4's `annotation`), also those that annotations do not need.

    Raises:
        AnnotationError: The folder has no `sample.json`, or a table is not a list of objects with tokens.
    """
    source = Path(folder)
    if not (source / "sample.json").is_file():
        raise AnnotationError(f"{source} has no sample.json: pass the folder of a version, such as v1.0-mini")
    tables = {}
    for path in sorted(source.glob("*.json")):
        rows: Any = json_table(path.read_bytes(), str(path), object, AnnotationError)
        if isinstance(rows, list) and all(isinstance(row, dict) and "token" in row for row in rows):
            tables[path.stem] = rows
    missing = {"sample", "sample_data", "ego_pose", "calibrated_sensor", "sensor", "scene"} - set(tables)
    if missing:
        raise AnnotationError(f"{source} lacks tables, or they have no tokens: {', '.join(sorted(missing))}")
    return tables


class _OfVersion(Rows):
    """The rows of tables that have been read."""

    error = AnnotationError

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self.where = "the version"

    def rows(self, name: str, kind: type[RowT]) -> list[RowT]:
        """Return a table.

        Raises:
            AnnotationError: It is missing, or lacks a column.
        """
        if name not in self._tables:
            raise AnnotationError(f"{self.where} has no table {name}")
        return self.optional(name, kind)

    def optional(self, name: str, kind: type[RowT]) -> list[RowT]:
        """Return a table that may be missing.

        Raises:
            AnnotationError: It lacks a column.
        """
        try:
            return msgspec.convert(self._tables.get(name, []), list[kind])  # type: ignore[valid-type]
        except msgspec.ValidationError as exc:
            raise AnnotationError(f"{name}.json: {exc}") from exc


def key_frames(tables: Tables, *, lidar: str, scene: str | None = None) -> list[KeyFrame]:
    """Return the key frames of a version in chronological order.

    Args:
        tables: Of `read_version`.
        lidar: Channel of the lidar, such as LIDAR_TOP; T4 has LIDAR_CONCAT.
        scene: Only this scene, by name or token.

    Raises:
        AnnotationError: The scene does not exist, a sample has no data of the lidar, or a row is missing.
    """
    rows = _OfVersion(tables)
    found = []
    for owner in rows.scenes:
        if scene is not None and scene not in (owner.name, owner.token):
            continue
        for sample in rows.samples.get(owner.token, ()):
            data = next(
                (
                    entry
                    for entry in rows.data.get(sample.token, ())
                    if entry.is_key_frame and rows.channel(entry).channel == lidar
                ),
                None,
            )
            if data is None:
                raise AnnotationError(f"sample {sample.token} has no key frame of {lidar}")
            found.append(
                KeyFrame(
                    token=sample.token,
                    scene=owner.name,
                    timestamp_us=sample.timestamp,
                    ego_to_world=_pose(rows.pose(data)),
                    lidar_to_ego=_pose(rows.calibrated[data.calibrated_sensor_token]),
                )
            )
    if scene is not None and not found:
        names = ", ".join(owner.name for owner in rows.scenes)
        raise AnnotationError(f"there is no scene {scene!r}; the version has {names}")
    return sorted(found, key=lambda frame: frame.timestamp_us)


def from_nuscenes(tables: Tables, frames: Iterable[KeyFrame], *, system: System) -> Iterator[Label]:
    """Read the annotations of key frames.

    Args:
        tables: Of `read_version`.
        frames: Of `key_frames`.
        system: The coordinate system that the cuboids will be in: of the vehicle, the lidar or the world.

    Returns:
        Labels; tracks are the tokens of instances. Attributes become text properties: `vehicle.moving` is
        `vehicle: moving`, `moving` is `attribute: moving`. Visibility and numbers of points are properties
        as well, numbers below 0 (unknown) are left out. Boxes and masks in images come along; those of
        nuImages, which have no instance, are tracks of their own.

    Raises:
        AnnotationError: A row lacks a column, or a mask cannot be decoded.
    """
    rows = _OfVersion(tables)
    for frame in frames:
        pose = frame.from_world(system)
        for found in rows.objects(frame.token):
            cuboid = None
            if found.box is not None:
                box = found.box
                value = to_kognic([box.translation], [box.size], NUSCENES, quaternions=[box.rotation])
                cuboid = transform(value, pose)[0].tolist()
            label = Label(
                frame_id=frame.token,
                track=found.track,
                class_name=found.category,
                cuboid=cuboid,
                boxes=[
                    Box2D.of_corners(channel, *corners)
                    for channel, row in found.in_images
                    if (corners := row.corners) is not None
                ],
                masks=[_mask_of(row, channel) for channel, row in found.in_images if row.mask],
                properties=found.properties,
            )
            if label.cuboid is not None or label.boxes or label.masks:
                yield label
        for channel, surface in rows.surfaces.get(frame.token, ()):
            if surface.mask:
                yield Label(
                    frame_id=frame.token,
                    track=surface.token,
                    class_name=rows.category(surface.category_token),
                    masks=[_mask_of(surface, channel)],
                )


def _mask_of(row: InImage, channel: str) -> Mask:
    """A mask of T4 or nuImages: COCO's run-length text, in Base64, and `[height, width]`.

    Raises:
        AnnotationError: It is no such mask.
    """
    mask = row.mask
    try:
        counts = base64.b64decode(mask["counts"], validate=True).decode("ascii")
        pixels = decode_mask({"size": mask["size"], "counts": counts})
    except (AnnotationError, KeyError, TypeError, ValueError) as exc:
        raise AnnotationError(f"annotation {row.token}: the mask cannot be decoded: {exc}") from exc
    return Mask(camera=channel, pixels=pixels)


def to_nuscenes(
    labels: Iterable[Label],
    *,
    to_world: Poses,
    samples: Mapping[str, str] | None = None,
    order: Sequence[str],
    version: Tables | None = None,
    t4: bool = False,
) -> tuple[Tables, list[str]]:
    """Write labels as the tables of annotations.

    Args:
        labels: Cuboids in one coordinate system, which `to_world` starts from. Labels without a cuboid are
            left out.
        to_world: Takes that system to the world: one transform per frame ID, shape (4, 4), such as
            `frame.ego_to_world` of `key_frames` for cuboids in the vehicle's system.
        samples: Token of the sample by frame ID; None if frame IDs are the tokens.
        order: Frame IDs in the order of time: annotations of an instance are linked along it.
        version: Tables that the recording has, of `read_version`: categories, attributes and visibilities
            of the same name keep their rows, and so do annotations of samples that are not in `order`, such
            as those of other scenes.
        t4: Write T4's `instance_name` as well.

    Returns:
        The tables `sample_annotation`, `instance`, `category`, `attribute` and `visibility`, for
        `write_version`, and what was left out. Text and boolean properties become attributes; other
        properties have no place.

    Raises:
        AnnotationError: A frame has no pose or sample, or is not in `order`.
    """
    samples = {frame_id: frame_id for frame_id in order} if samples is None else samples
    rank = {frame_id: index for index, frame_id in enumerate(order) if frame_id in samples}
    rows: dict[str, list[tuple[int, Row]]] = {}
    instances: dict[str, Row] = {}
    names = _named_rows(version or {})
    left_out: dict[str, int] = {}
    for label in labels:
        if label.cuboid is None:
            left_out["labels without a cuboid"] = left_out.get("labels without a cuboid", 0) + 1
            continue
        if label.frame_id not in rank:
            raise AnnotationError(
                f"frame {label.frame_id!r} of track {label.track!r} is not a sample: frame IDs must be "
                "tokens of samples, as in scenes that were imported from the same version"
            )
        sample = samples[label.frame_id]
        instance = _instance(label, instances, names["category"], t4)
        row = _annotation(label, instance, sample, pose_in(to_world, label.frame_id, "document to world"))
        _describe(row, label, names, left_out)
        rows.setdefault(instance, []).append((rank[label.frame_id], row))
    tables: Tables = {name: list(found.values()) for name, found in names.items()}
    others, of_others = _of_other_samples(version or {}, {samples[frame_id] for frame_id in rank})
    tables["sample_annotation"] = [*others, *_linked(rows, instances)]
    tables["instance"] = [*of_others, *instances.values()]
    return tables, [of_plural(count, what) for what, count in left_out.items()]


def _named_rows(version: Tables) -> dict[str, dict[str, Row]]:
    """Categories, attributes and visibilities of a version by what labels call them."""
    return {
        table: {row[key]: row for row in version.get(table, ()) if key in row}
        for table, key in (("category", "name"), ("attribute", "name"), ("visibility", "level"))
    }


def _instance(label: Label, instances: dict[str, Row], categories: dict[str, Row], t4: bool) -> str:
    """Add the instance of a label, if it is new, and return its token."""
    token = _instance_token(label.track)
    category = _named(categories, "category", label.class_name)
    name = {"instance_name": label.track} if t4 else {}
    known = instances.setdefault(token, {"token": token, "category_token": category, **name})
    if known["category_token"] != category:
        raise AnnotationError(f"track {label.track!r} has more than one class; an instance has one category")
    return token


def _linked(rows: Mapping[str, list[tuple[int, Row]]], instances: Mapping[str, Row]) -> Iterator[Row]:
    """Annotations of each instance in the order of time, linked to each other and to the instance."""
    for instance, entries in rows.items():
        linked = [row for _, row in sorted(entries, key=lambda entry: entry[0])]
        for before, after in pairwise(linked):
            before["next"], after["prev"] = after["token"], before["token"]
        instances[instance].update(
            nbr_annotations=len(linked),
            first_annotation_token=linked[0]["token"],
            last_annotation_token=linked[-1]["token"],
        )
        yield from linked


def _of_other_samples(version: Tables, samples: Container[str]) -> tuple[list[Row], list[Row]]:
    """Annotations of samples that are not written, and their instances."""
    others = [row for row in version.get("sample_annotation", ()) if row["sample_token"] not in samples]
    tokens = {row["instance_token"] for row in others}
    return others, [row for row in version.get("instance", ()) if row["token"] in tokens]


def write_version(tables: Tables, annotations: Tables, folder: str | Path) -> None:
    """Write a version: the recording's own tables, with the annotations exchanged.

    Args:
        tables: Of `read_version`: what the recording has.
        annotations: Of `to_nuscenes`.
        folder: Created if it is missing, such as `dataset/v1.0-mini`.
    """
    with replacing_files(Path(folder)) as unfinished:
        for name, rows in {**tables, **annotations}.items():
            (unfinished / f"{name}.json").write_bytes(json.dumps(rows, indent=1).encode())


def _annotation(label: Label, instance: str, sample: str, pose: npt.NDArray[np.float64]) -> Row:
    centre, size, rotation = from_kognic(transform(np.array(label.cuboid), pose), NUSCENES)
    return {
        "token": _token("sample_annotation", sample, instance),
        "sample_token": sample,
        "instance_token": instance,
        "attribute_tokens": [],
        "visibility_token": "",
        "translation": centre[0].tolist(),
        "size": size[0].tolist(),
        "rotation": rotation[0].tolist(),
        "num_lidar_pts": int(label.properties.get("num_lidar_pts", -1)),
        "num_radar_pts": int(label.properties.get("num_radar_pts", -1)),
        "next": "",
        "prev": "",
    }


def _describe(row: Row, label: Label, names: dict[str, dict[str, Row]], left_out: dict[str, int]) -> None:
    """Turn properties into attributes and visibility."""
    for name, value in label.properties.items():
        if name in _COUNTS:
            continue
        if name == "visibility" and isinstance(value, str):
            row["visibility_token"] = _named(names["visibility"], "visibility", value, key="level")
        elif isinstance(value, str | bool):
            text = value if isinstance(value, str) else str(value).lower()
            attribute = text if name == "attribute" else f"{name}.{text}"
            row["attribute_tokens"].append(_named(names["attribute"], "attribute", attribute))
        else:
            what = f"values of the property {name!r}"
            left_out[what] = left_out.get(what, 0) + 1


def _named(rows: dict[str, Row], table: str, name: str, key: str = "name") -> str:
    row = rows.setdefault(name, {"token": _token(table, name), key: name, "description": ""})
    return str(row["token"])


def _instance_token(track: str) -> str:
    return uuid.UUID(object_uuid(track)).hex


def _token(*parts: str) -> str:
    return hashlib.md5("/".join(parts).encode(), usedforsecurity=False).hexdigest()


def _pose(row: Calibrated | EgoPose) -> FloatArray:
    return pose_matrix(row.translation, row.rotation, "wxyz")
