"""2D segmentations as masks: for each image the class and the object of every pixel.

Outlines are filled as in COCO: a pixel belongs to a polygon that has its centre. Where shapes overlap, the
object that comes later in the document has the pixels; those of a `segmentation_bitmap`, which has a class
for every pixel and no objects, lie below all others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import attrs
import numpy as np
import numpy.typing as npt

from kognic._core.annotation_errors import AnnotationError
from kognic.annotations.convert.coco import rasterised
from kognic.annotations.document import Document
from kognic.annotations.labels import Label, decode_png
from kognic.annotations.segmentation import BACKGROUND, label_classes

BITMAP = "segmentation_bitmap"
"""Type of objects whose image has a grey level of `ontologies.<n>.classifications` for every pixel."""
_LEVELS = 256
Numbers = npt.NDArray[np.uint32]


@attrs.frozen(kw_only=True, eq=False)
class ImageMask:
    """The masks of one image.

    Attributes:
        frame_id: The scene's frame ID.
        camera: The camera.
        classes: Class number of each pixel, 0 for none, shape (height, width).
        instances: Number of each pixel's object, 0 for none, same shape.
        overlapping: Number of pixels that are in more than one object.
    """

    frame_id: str
    camera: str
    classes: Numbers
    instances: Numbers
    overlapping: int


def masks_of(
    document: Document,
    labels: Sequence[Label],
    *,
    sizes: Mapping[tuple[str, str], tuple[int, int]],
    numbers: dict[str, int],
) -> Iterator[ImageMask]:
    """Draw the masks of a document.

    Args:
        document: The annotation.
        labels: Its labels with outlines and masks.
        sizes: Width and height of every image, labelled or not, by frame ID and camera.
        numbers: Number of each class by name, from 1; classes that are missing are added: those of the
            ontology under their own number where it is free. Pass the same for all documents of a project.

    Raises:
        AnnotationError: A labelled image is not in `sizes`, a mask has another size, or a bitmap has a value
            that is no class.
    """
    tracks = {track: number for number, track in enumerate(dict.fromkeys(one.track for one in labels), 1)}
    by_image: dict[tuple[str, str], list[Label]] = {image: [] for image in sizes}
    for label in labels:
        for camera in label.cameras:
            if (label.frame_id, camera) not in by_image:
                raise AnnotationError(
                    f"track {label.track!r} has a label in frame {label.frame_id!r}, camera {camera!r}: "
                    "give the size of every image"
                )
            by_image[label.frame_id, camera].append(label)
    bitmaps = _Bitmaps(document, numbers)
    for (frame_id, camera), members in by_image.items():
        width, height = sizes[frame_id, camera]
        shape = (height, width)
        classes = bitmaps.classes(frame_id, camera, shape)
        instances = np.zeros(shape, np.uint32)
        overlapping = np.zeros(shape, bool)
        for label in members:
            if label.class_name == BITMAP:
                continue
            pixels = _pixels(label, camera, shape)
            overlapping |= pixels & (instances > 0)
            classes[pixels] = number_of(label.class_name, numbers)
            instances[pixels] = tracks[label.track]
        yield ImageMask(
            frame_id=frame_id,
            camera=camera,
            classes=classes,
            instances=instances,
            overlapping=int(np.count_nonzero(overlapping)),
        )


def number_of(name: str, numbers: dict[str, int], wanted: int = 0) -> int:
    """Return the number of a class; a new class gets the wanted one if it is free, else the next."""
    if name not in numbers:
        taken = set(numbers.values())
        is_free = wanted > 0 and wanted not in taken
        numbers[name] = wanted if is_free else max(taken, default=0) + 1
    return numbers[name]


def _pixels(label: Label, camera: str, shape: tuple[int, int]) -> npt.NDArray[np.bool_]:
    pixels = rasterised([outline for outline in label.outlines if outline.camera == camera], shape)
    for mask in label.masks:
        if mask.camera == camera:
            _check(mask.pixels.shape, shape, f"frame {label.frame_id!r}, track {label.track!r}")
            pixels |= mask.pixels
    return pixels


def _check(found: tuple[int, ...], shape: tuple[int, int], what: str) -> None:
    if found != shape:
        raise AnnotationError(
            f"{what}: the mask has {found[1]} x {found[0]} pixels, the image {shape[1]} x {shape[0]}"
        )


class _Bitmaps:
    """The bitmaps of a document, with the numbers of their classes."""

    def __init__(self, document: Document, numbers: dict[str, int]) -> None:
        self._document = document
        self._found = {
            (document.external_id(frame) or frame, geometry.sensor): geometry
            for frame in document.frame_keys
            for object_id in document.objects_in(frame)
            if document.class_of(object_id) == BITMAP
            for geometry in document.geometries_of(frame, object_id, ("image",))
        }
        known = label_classes(document).values() if self._found else ()
        self._numbers = {BACKGROUND: 0} | {
            entry.value: number_of(entry.name, numbers, entry.value)
            for entry in sorted(known, key=lambda entry: entry.value)
            if BACKGROUND < entry.value < _LEVELS
        }

    def classes(self, frame_id: str, camera: str, shape: tuple[int, int]) -> Numbers:
        """Class of each pixel of an image; 0 without a bitmap."""
        geometry = self._found.get((frame_id, camera))
        if geometry is None:
            return np.zeros(shape, np.uint32)
        values = decode_png(str(geometry.val), geometry.place)
        _check(values.shape, shape, geometry.place)
        unknown = [value for value in np.unique(values).tolist() if value not in self._numbers]
        if unknown:
            raise AnnotationError(
                f"{geometry.place}: grey level {unknown[0]} is no class of the document's ontologies"
            )
        table = np.zeros(_LEVELS, np.uint32)
        table[list(self._numbers)] = list(self._numbers.values())
        return np.asarray(table[values])
