"""`kognic annotation convert`: labels of other formats to OpenLABEL and back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click

from kognic.cli.array_failures import array_failures
from kognic.cli.options import size_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from kognic.annotations.convert.nuscenes import System
    from kognic.annotations.labels import Label

FORMATS = ("openlabel", "kitti", "nuscenes", "t4", "coco", "argoverse2", "semantickitti", "lidarseg")
_SEGMENTATIONS = ("semantickitti", "lidarseg")
_PATH = click.Path(path_type=Path)


@attrs.frozen(kw_only=True)
class _Options:
    """What the formats need beside source and target."""

    lidar: str | None
    camera: str | None
    calibration: Path | None
    version: Path | None
    scene: str | None
    system: System | None
    image_size: tuple[int, int] | None
    drop_interpolated: bool

    def needed(self, name: str, option: str, why: str) -> Any:
        """The value of an option that a format cannot do without."""
        value = getattr(self, name)
        if value is None:
            raise click.UsageError(f"{option} is required: {why}")
        return value


def _size(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[int, int] | None:
    found = size_of(value or "")
    if value is not None and found is None:
        raise click.BadParameter(f"{value!r} is not WIDTHxHEIGHT, such as 1920x1080", ctx, param)
    return found


@click.command("convert")
@click.argument("source", type=_PATH)
@click.argument("target", type=_PATH)
@click.option(
    "--from",
    "source_format",
    type=click.Choice(FORMATS[:6]),
    default="openlabel",
    show_default=True,
    help="Format of SOURCE.",
)
@click.option(
    "--to",
    "target_format",
    type=click.Choice(FORMATS),
    default="openlabel",
    show_default=True,
    help="Format of TARGET.",
)
@click.option(
    "--lidar",
    metavar="NAME",
    help="Lidar of the cuboids; for nuScenes and T4 also the channel whose poses are used.",
)
@click.option("--camera", metavar="NAME", help="Camera of the bounding boxes (KITTI, COCO).")
@click.option(
    "--calibration", type=_PATH, metavar="FILE", help="KITTI: calibration file, or folder of them (calib)."
)
@click.option(
    "--version",
    type=_PATH,
    metavar="DIR",
    help="To nuScenes or T4: the recording's own tables, such as v1.0-mini.",
)
@click.option("--scene", metavar="NAME", help="nuScenes, T4: name or token of the scene.")
@click.option(
    "--system",
    type=click.Choice(("ego", "lidar", "world")),
    help="nuScenes, T4, Argoverse 2: coordinate system of the cuboids in OpenLABEL.",
)
@click.option("--image-size", callback=_size, metavar="WIDTHxHEIGHT", help="To COCO: size of the images.")
@click.option("--drop-interpolated", is_flag=True, help="Leave out geometry that is marked as interpolated.")
def convert(source: Path, target: Path, source_format: str, target_format: str, **options: Any) -> None:
    """Convert annotations between OpenLABEL and the formats of public datasets.

    \b
    openlabel      a file; as TARGET one document with all frames
    kitti          a label file or a folder of them (label_2)
    nuscenes, t4   the folder of a version (v1.0-mini, annotation)
    coco           a file
    argoverse2     annotations.feather
    semantickitti  TARGET is a folder: a .label file per frame and lidar, from a lidar segmentation
    lidarseg       TARGET is a folder: a _lidarseg.bin file per frame and lidar, from a lidar segmentation

    One of SOURCE and TARGET is OpenLABEL. The command never guesses coordinate systems: it asks for the
    options that a format needs.
    """
    from kognic.cli.output import note

    if (source_format == "openlabel") == (target_format == "openlabel"):
        raise click.UsageError(
            "Set --from or --to: one of SOURCE and TARGET must have another format than OpenLABEL."
        )
    chosen = _Options(**options)
    with array_failures():
        if target_format in _SEGMENTATIONS:
            count = _write_segmentations(source, target, target_format)
            note(f"{target}: {count} files")
            return
        if target_format == "openlabel":
            count = _to_openlabel(_READERS[source_format](source, chosen), target, chosen)
        else:
            from kognic.annotations.labels import labels_of
            from kognic.annotations.reading import read_document

            document = read_document(source)
            labels = labels_of(document, interpolated="drop" if chosen.drop_interpolated else "keep")
            count = _WRITERS[target_format](list(labels), target, chosen)
        note(f"{target}: {count} labels")


def _to_openlabel(labels: Iterable[Label], target: Path, options: _Options) -> int:
    from kognic._core.files import replacing
    from kognic.annotations.labels import document_of

    found = list(labels)
    plain = document_of(found, lidar=options.lidar)
    with replacing(target) as file:
        file.write(json.dumps(plain, ensure_ascii=False).encode() + b"\n")
    return len(found)


def _read_kitti(source: Path, options: _Options) -> Iterator[Label]:
    from kognic.annotations.convert.kitti import from_kitti

    camera = options.needed("camera", "--camera", "KITTI boxes belong to a camera")
    options.needed("lidar", "--lidar", "KITTI cuboids become cuboids of a lidar")
    for path in sorted(source.glob("*.txt")) if source.is_dir() else [source]:
        pose, _ = _kitti_calibration(options, path.stem)
        text = path.read_text("utf-8")
        yield from from_kitti(text, frame_id=path.stem, camera=camera, camera_from_lidar=pose)


def _kitti_calibration(
    options: _Options, frame_id: str
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    from kognic.annotations.convert.kitti import read_calibration

    path = options.needed(
        "calibration", "--calibration", "KITTI labels are in the system of the rectified camera"
    )
    return read_calibration(path / f"{frame_id}.txt" if path.is_dir() else path)


def _expect_camera(labels: list[Label], camera: str) -> None:
    """Refuse the name of a camera in which nothing is labelled, if others have labels."""
    known = sorted({name for label in labels for name in label.cameras})
    if known and camera not in known:
        raise click.BadParameter(
            f"nothing is labelled in {camera}; cameras with labels: {', '.join(known)}", param_hint="--camera"
        )


def _write_kitti(labels: list[Label], target: Path, options: _Options) -> int:
    from kognic.annotations.convert.kitti import to_kitti

    camera = options.needed("camera", "--camera", "KITTI has the boxes of one camera")
    _expect_camera(labels, camera)
    by_frame: dict[str, list[Label]] = {}
    for label in labels:
        by_frame.setdefault(label.frame_id, []).append(label)
    target.mkdir(parents=True, exist_ok=True)
    for frame_id, members in by_frame.items():
        pose, projection = _kitti_calibration(options, frame_id)
        text = to_kitti(
            members,
            camera=camera,
            camera_from_lidar=pose,
            projection=projection,
            image_size=options.image_size,
        )
        (target / f"{_file_name(frame_id)}.txt").write_text(text, "utf-8")
    return len(labels)


def _read_nuscenes(source: Path, options: _Options) -> Iterator[Label]:
    from kognic.annotations.convert.nuscenes import from_nuscenes, key_frames, read_version

    lidar = options.needed("lidar", "--lidar", "its pose relates boxes to the vehicle, such as LIDAR_TOP")
    system = options.needed(
        "system", "--system", "boxes are in the world and can be moved to the vehicle or lidar"
    )
    tables = read_version(source)
    return from_nuscenes(tables, key_frames(tables, lidar=lidar, scene=options.scene), system=system)


def _write_nuscenes(labels: list[Label], target: Path, options: _Options, *, t4: bool = False) -> int:
    import numpy as np

    from kognic.annotations.convert.nuscenes import key_frames, read_version, to_nuscenes, write_version
    from kognic.cli.output import note

    lidar = options.needed("lidar", "--lidar", "its pose relates boxes to the vehicle, such as LIDAR_TOP")
    system = options.needed("system", "--system", "it tells where the cuboids of the document are")
    version = options.needed("version", "--version", "annotations refer to the recording's samples and poses")
    tables = read_version(version)
    frames = key_frames(tables, lidar=lidar, scene=options.scene)
    written, left_out = to_nuscenes(
        labels,
        to_world={frame.token: np.linalg.inv(frame.from_world(system)) for frame in frames},
        order=[frame.token for frame in frames],
        t4=t4,
    )
    write_version(tables, written, target)
    for what in left_out:
        note(f"skipped: {what}")
    return len(written["sample_annotation"])


def _write_t4(labels: list[Label], target: Path, options: _Options) -> int:
    return _write_nuscenes(labels, target, options, t4=True)


def _read_coco(source: Path, options: _Options) -> Iterator[Label]:
    from kognic._core.documents import read_document
    from kognic.annotations.convert.coco import from_coco

    camera = options.needed("camera", "--camera", "COCO does not name the camera")
    for _, labels in from_coco(read_document(source), camera=camera):
        yield from labels


def _write_coco(labels: list[Label], target: Path, options: _Options) -> int:
    from kognic._core.files import replacing
    from kognic.annotations.convert.coco import CocoImage, to_coco

    width, height = options.needed("image_size", "--image-size", "COCO has the size of every image")
    if options.camera:
        _expect_camera(labels, options.camera)
    cameras = [options.camera] if options.camera else None
    images: dict[tuple[str, str], CocoImage] = {}
    for label in labels:
        for camera in label.cameras:
            if cameras is None or camera in cameras:
                key = (label.frame_id, camera)
                file_name = f"{camera}/{label.frame_id}"
                images.setdefault(
                    key, CocoImage(id=len(images) + 1, file_name=file_name, width=width, height=height)
                )
    kept = [label for label in labels if all((label.frame_id, camera) in images for camera in label.cameras)]
    coco = to_coco(kept, images=images)
    with replacing(target) as file:
        file.write(json.dumps(coco).encode())
    return len(coco["annotations"])


def _read_argoverse(source: Path, options: _Options) -> Iterator[Label]:
    from kognic.annotations.convert.argoverse import from_argoverse, read_feather

    options.needed("lidar", "--lidar", "cuboids become cuboids of a lidar")
    if options.system != "ego":
        raise click.UsageError("--system ego is required: Argoverse 2 boxes are in the vehicle's system")
    return from_argoverse(read_feather(source))


def _write_argoverse(labels: list[Label], target: Path, options: _Options) -> int:
    import numpy as np

    from kognic.annotations.convert.argoverse import to_argoverse, write_feather

    if options.system != "ego":
        raise click.UsageError("--system ego is required: cuboids must be in the vehicle's system")
    names = {label.frame_id for label in labels}
    unknown = sorted(name for name in names if not name.isdecimal())
    if unknown:
        raise ValueError(f"frame {unknown[0]!r} is not a timestamp: Argoverse 2 names frames by nanoseconds")
    table = to_argoverse(labels, to_ego=np.eye(4), times_ns={name: int(name) for name in names})
    write_feather(table, target)
    return int(table.num_rows)


def _write_segmentations(source: Path, target: Path, form: str) -> int:
    from kognic.annotations.convert.point_labels import write_label, write_lidarseg
    from kognic.annotations.reading import read_document
    from kognic.annotations.segmentation import read_segmentations

    target.mkdir(parents=True, exist_ok=True)
    count = 0
    for segmentation in read_segmentations(read_document(source)):
        name = _file_name(
            "_".join(filter(None, (segmentation.frame_id or segmentation.frame, segmentation.lidar)))
        )
        if form == "lidarseg":
            write_lidarseg(target / f"{name}_lidarseg.bin", segmentation.labels)
        else:
            write_label(target / f"{name}.label", segmentation.labels, segmentation.instance_ids()[0])
        count += 1
    return count


def _file_name(name: str) -> str:
    # Frame IDs come from documents: nothing in them may lead out of the folder.
    return re.sub(r"[^\w.-]", "_", name).lstrip(".") or "frame"


_READERS = {
    "kitti": _read_kitti,
    "nuscenes": _read_nuscenes,
    "t4": _read_nuscenes,
    "coco": _read_coco,
    "argoverse2": _read_argoverse,
}
_WRITERS = {
    "kitti": _write_kitti,
    "nuscenes": _write_nuscenes,
    "t4": _write_t4,
    "coco": _write_coco,
    "argoverse2": _write_argoverse,
}
