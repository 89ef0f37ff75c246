"""COCO: bounding boxes, polygons and masks of images.

Format: "Data format" of cocodataset.org. A box is left, top, width, height; a polygon is a flat list of
pixels and several of them are one object; a mask is run-length encoded column by column, as a list of
counts or as COCO's own text. COCO polygons have no holes: outlines with holes are written as masks.

Pixels are those of both formats: x to the right, y down, the origin at the top left. Nothing is shifted by
half a pixel.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from kognic._core.annotation_errors import AnnotationError
from kognic.annotations.labels import Box2D, Label, Mask, Outline
from kognic.annotations.rotations import FloatArray

_TRACK = "track_id"


@attrs.frozen(kw_only=True)
class CocoImage:
    """An image of a COCO file.

    Attributes:
        id: Its number.
        file_name: Its name in the dataset.
        width: Pixels.
        height: Pixels.
    """

    id: int
    file_name: str
    width: int
    height: int


def from_coco(coco: Mapping[str, Any], *, camera: str) -> Iterator[tuple[CocoImage, list[Label]]]:
    """Read a COCO file, image by image.

    Args:
        coco: The decoded file.
        camera: Stream that boxes, outlines and masks will be in.

    Returns:
        Images and their labels; the frame ID is the image's number, tracks are those of `track_id`, else the
        annotation's number. Extra keys with a text, number or boolean are properties; regions of a crowd have
        `iscrowd: true`.

    Raises:
        AnnotationError: An annotation refers to an image or category that is missing, or its segmentation is
            invalid.
    """
    images = {
        entry["id"]: CocoImage(
            id=entry["id"], file_name=entry["file_name"], width=entry["width"], height=entry["height"]
        )
        for entry in coco.get("images", ())
    }
    categories = {entry["id"]: entry["name"] for entry in coco.get("categories", ())}
    found: dict[int, list[Label]] = {number: [] for number in images}
    for entry in coco.get("annotations", ()):
        image = images.get(entry.get("image_id"))
        if image is None:
            raise AnnotationError(
                f"annotation {entry.get('id')} refers to image {entry.get('image_id')}, which is missing"
            )
        found[image.id].append(_label(entry, image, categories, camera))
    for number, labels in found.items():
        yield images[number], labels


def _label(entry: Mapping[str, Any], image: CocoImage, categories: Mapping[int, str], camera: str) -> Label:
    number = entry.get("id")
    name = categories.get(entry.get("category_id", -1), entry.get("category_name"))
    if name is None:
        raise AnnotationError(
            f"annotation {number} refers to category {entry.get('category_id')}, which is missing"
        )
    known = {
        "id",
        "image_id",
        "category_id",
        "category_name",
        "bbox",
        "area",
        "segmentation",
        "iscrowd",
        "score",
        _TRACK,
    }
    properties = {
        key: value
        for key, value in entry.items()
        if key not in known and isinstance(value, str | int | float | bool)
    }
    if entry.get("iscrowd"):
        properties["iscrowd"] = True
    boxes = []
    if entry.get("bbox"):
        left, top, width, height = entry["bbox"]
        boxes = [Box2D.of_corners(camera, left, top, left + width, top + height)]
    outlines, masks = _shapes(entry.get("segmentation"), image, camera, number)
    return Label(
        frame_id=str(image.id),
        track=str(entry.get(_TRACK, f"{image.id}-{number}")),
        class_name=name,
        boxes=boxes,
        outlines=outlines,
        masks=masks,
        properties=properties,
        confidence=entry.get("score"),
    )


def _shapes(
    segmentation: Any, image: CocoImage, camera: str, number: Any
) -> tuple[list[Outline], list[Mask]]:
    if not segmentation:
        return [], []
    if isinstance(segmentation, Mapping):
        pixels = decode_mask(segmentation)
        if pixels.shape != (image.height, image.width):
            raise AnnotationError(
                f"annotation {number}: the mask has {pixels.shape[1]}x{pixels.shape[0]} pixels, "
                f"the image {image.width}x{image.height}"
            )
        return [], [Mask(camera=camera, pixels=pixels)]
    outlines = []
    for index, polygon in enumerate(segmentation):
        # Three points are the smallest area.
        if len(polygon) < 6 or len(polygon) % 2:
            raise AnnotationError(f"annotation {number}: polygon {index} has {len(polygon)} numbers")
        outlines.append(
            Outline(
                camera=camera,
                points=np.array(polygon, dtype=float).reshape(-1, 2),
                polygon_id=str(index) if len(segmentation) > 1 else None,
            )
        )
    return outlines, []


def to_coco(
    labels: Iterable[Label],
    *,
    images: Mapping[tuple[str, str], CocoImage],
    categories: Sequence[str] = (),
    compress: bool = True,
) -> dict[str, Any]:
    """Write boxes, polygons and masks as a COCO file.

    Args:
        labels: Of any number of frames and cameras.
        images: Every image by frame ID and camera, labelled or not; labels in other images are an error.
        categories: Class names that get the numbers 1, 2, ...; other classes follow in order of appearance.
        compress: Write masks as COCO's text; False writes lists of counts.

    Returns:
        The file: one annotation per object and image. Without a box, the box is that around its polygons or
        mask. Tracks are kept as `track_id`, flat properties as keys of the annotation.

    Raises:
        AnnotationError: An image is missing, an object has two boxes in one image, or a mask has another
            size.
    """
    numbers = {name: index for index, name in enumerate(categories, start=1)}
    annotations = list(coco_annotations(labels, images=images, numbers=numbers, compress=compress))
    return {
        "images": [attrs.asdict(image) for image in images.values()],
        "categories": category_entries(numbers),
        "annotations": annotations,
    }


def coco_annotations(
    labels: Iterable[Label],
    *,
    images: Mapping[tuple[str, str], CocoImage],
    numbers: dict[str, int],
    first: int = 1,
    compress: bool = True,
) -> Iterator[dict[str, Any]]:
    """Yield the annotations of a COCO file one by one; of more than one document, call it for each.

    Args:
        labels: Of any number of frames and cameras.
        images: As for `to_coco`.
        numbers: Number of each class by name; classes that are missing are added.
        first: Number of the first annotation.
        compress: As for `to_coco`.

    Raises:
        AnnotationError: As for `to_coco`.
    """
    number = first
    for label in labels:
        for camera in label.cameras:
            image = images.get((label.frame_id, camera))
            if image is None:
                raise AnnotationError(
                    f"track {label.track!r} has a label in frame {label.frame_id!r}, camera {camera!r}: "
                    "give file name and size of every image"
                )
            category = numbers.setdefault(label.class_name, len(numbers) + 1)
            entry = _annotation(label, camera, image, compress)
            yield {"id": number, "image_id": image.id, "category_id": category, **entry}
            number += 1


def category_entries(numbers: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return the categories of a COCO file from the number of each class by name."""
    return [{"id": number, "name": name} for name, number in numbers.items()]


def _annotation(label: Label, camera: str, image: CocoImage, compress: bool) -> dict[str, Any]:
    boxes, outlines, masks = _in_camera(label, camera)
    pixels = _mask_pixels(label, outlines, masks, image)
    entry: dict[str, Any] = {"iscrowd": int(bool(label.properties.get("iscrowd", False)))}
    if pixels is not None:
        entry["segmentation"] = encode_mask(pixels, compress=compress)
        area, around = float(pixels.sum()), _box_of_mask(pixels)
    else:
        entry["segmentation"] = [outline.points.reshape(-1).tolist() for outline in outlines]
        area = float(sum(_area(outline.points) for outline in outlines))
        around = _box_of_points([outline.points for outline in outlines]) if outlines else None
    if boxes:
        left, top, right, bottom = boxes[0].corners
        around = [left, top, right - left, bottom - top]
        area = area if outlines or masks else around[2] * around[3]
    entry.update({"bbox": around or [0.0, 0.0, 0.0, 0.0], "area": area, _TRACK: label.track})
    if label.confidence is not None:
        entry["score"] = label.confidence
    return {**_extra(label, {*entry, "id", "image_id", "category_id"}), **entry}


def _in_camera(label: Label, camera: str) -> tuple[list[Box2D], list[Outline], list[Mask]]:
    """The shapes in one image: at most one box and one mask."""
    boxes = [box for box in label.boxes if box.camera == camera]
    masks = [mask for mask in label.masks if mask.camera == camera]
    if len(boxes) > 1 or len(masks) > 1:
        raise AnnotationError(
            f"frame {label.frame_id!r}, track {label.track!r} has more than one box or mask in {camera!r}"
        )
    return boxes, [outline for outline in label.outlines if outline.camera == camera], masks


def _mask_pixels(
    label: Label, outlines: Sequence[Outline], masks: Sequence[Mask], image: CocoImage
) -> npt.NDArray[np.bool_] | None:
    """The mask of an object, also where its outlines have holes; None if polygons are enough."""
    if masks:
        pixels = masks[0].pixels
    elif any(outline.is_hole for outline in outlines):
        pixels = rasterised(outlines, (image.height, image.width))
    else:
        return None
    if pixels.shape != (image.height, image.width):
        raise AnnotationError(
            f"frame {label.frame_id!r}, track {label.track!r}: the mask has "
            f"{pixels.shape[1]}x{pixels.shape[0]} pixels, the image {image.width}x{image.height}"
        )
    return pixels


def _extra(label: Label, taken: set[str]) -> dict[str, Any]:
    """Flat properties whose names COCO does not use itself."""
    return {
        name: value
        for name, value in label.properties.items()
        if name not in taken and isinstance(value, str | int | float | bool)
    }


def rasterised(outlines: Sequence[Outline], shape: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """Return which pixels have their centre inside the polygons, holes excepted, shape (height, width).

    Pixel (0, 0) reaches from 0 to 1. A hole is cut out of the polygons of its own `polygon_id` only.
    """
    pixels = np.zeros(shape, dtype=bool)
    for polygon_id in dict.fromkeys(outline.polygon_id for outline in outlines):
        members = [outline for outline in outlines if outline.polygon_id == polygon_id]
        own = np.zeros(shape, dtype=bool)
        for outline in sorted(members, key=lambda member: member.is_hole):
            inside = _inside(np.asarray(outline.points, dtype=float), shape)
            own = own & ~inside if outline.is_hole else own | inside
        pixels |= own
    return pixels


def _inside(points: FloatArray, shape: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """Which pixel centres a polygon surrounds, by the even-odd rule."""
    height, width = shape
    crossed = np.zeros((height, width + 1), dtype=np.int64)
    rows = np.arange(height) + 0.5
    for (x0, y0), (x1, y1) in zip(points, np.roll(points, -1, axis=0), strict=True):
        hit = np.flatnonzero((y0 <= rows) != (y1 <= rows))
        x = x0 + (rows[hit] - y0) / (y1 - y0) * (x1 - x0) if hit.size else rows[:0]
        np.add.at(crossed, (hit, np.clip(np.ceil(x - 0.5), 0, width).astype(int)), 1)
    return np.asarray(np.cumsum(crossed[:, :width], axis=1) % 2 == 1)


def encode_mask(pixels: npt.ArrayLike, *, compress: bool = True) -> dict[str, Any]:
    """Run-length encode a mask, shape (height, width), column by column.

    Source of the text form: `rleToString` of the COCO API (`maskApi.c`): differences to the count before the
    last one, in groups of five bits.
    """
    array = np.asarray(pixels, dtype=bool)
    flat = np.concatenate([[False], array.reshape(-1, order="F")])
    changes = np.flatnonzero(np.diff(flat))
    counts = np.diff(np.concatenate([[0], changes, [array.size]])).tolist()
    if not array.size:
        counts = []
    size = [int(array.shape[0]), int(array.shape[1])]
    if not compress:
        return {"size": size, "counts": counts}
    characters = []
    for index, count in enumerate(counts):
        value = count - counts[index - 2] if index > 2 else count
        more = True
        while more:
            group = value & 0x1F
            value >>= 5
            more = value != -1 if group & 0x10 else value != 0
            characters.append(chr((group | 0x20 if more else group) + 48))
    return {"size": size, "counts": "".join(characters)}


def decode_mask(segmentation: Mapping[str, Any]) -> npt.NDArray[np.bool_]:
    """Decode a run-length mask, as a list of counts or as COCO's text, to shape (height, width).

    Raises:
        AnnotationError: It does not have the pixels of its size, or is not a mask.
    """
    counts = segmentation.get("counts")
    try:
        height, width = (int(number) for number in segmentation["size"])
        numbers = _counts_of(counts) if isinstance(counts, str) else [int(count) for count in counts or ()]
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise AnnotationError(f"the mask is not a run-length mask: {error!r}") from error
    if any(count < 0 for count in numbers) or sum(numbers) != height * width:
        raise AnnotationError(
            f"the mask has {sum(numbers)} pixels, its size {width}x{height} has {height * width}"
        )
    flat = np.repeat(np.arange(len(numbers)) % 2 == 1, numbers)
    return np.asarray(flat.reshape((height, width), order="F"))


def _counts_of(text: str) -> list[int]:
    numbers: list[int] = []
    position = 0
    while position < len(text):
        value = shift = 0
        more = True
        while more:
            group = ord(text[position]) - 48
            # Six bits in each character from "0" (48) on: maskApi.c of the COCO API, rleFrString.
            if not 0 <= group < 64:
                raise ValueError(f"character {text[position]!r} at {position}")
            value |= (group & 0x1F) << shift
            more = bool(group & 0x20)
            position += 1
            shift += 5
            if not more and group & 0x10:
                value |= -1 << shift
        if len(numbers) > 2:
            value += numbers[-2]
        numbers.append(value)
    return numbers


def _box_of_mask(pixels: npt.NDArray[np.bool_]) -> list[float] | None:
    rows, columns = np.flatnonzero(pixels.any(axis=1)), np.flatnonzero(pixels.any(axis=0))
    if not rows.size:
        return None
    return [
        float(columns[0]),
        float(rows[0]),
        float(columns[-1] - columns[0] + 1),
        float(rows[-1] - rows[0] + 1),
    ]


def _box_of_points(polygons: Sequence[FloatArray]) -> list[float]:
    points = np.concatenate(list(polygons))
    low, high = points.min(axis=0), points.max(axis=0)
    return [*low.tolist(), *(high - low).tolist()]


def _area(points: FloatArray) -> float:
    x, y = points[:, 0], points[:, 1]
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)
