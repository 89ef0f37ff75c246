"""Segmentations as files with one value per point or pixel: SemanticKITTI, nuScenes-lidarseg, PNG masks.

`.label` of SemanticKITTI (Behley et al., 2019) has a little-endian uint32 per point: the class in the lower
16 bits, the instance in the upper. `_lidarseg.bin` of nuScenes has a uint8 class per point. Both are in the
order of the cloud.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from kognic._core.annotation_errors import AnnotationError
from kognic._core.standard_classes import keep_class

Labels = npt.NDArray[np.uint32]


def write_label(path: str | Path, classes: npt.ArrayLike, instances: npt.ArrayLike | None = None) -> None:
    """Write a `.label` file of SemanticKITTI.

    Args:
        path: The file.
        classes: Class of each point, 0 to 65535, shape (N,).
        instances: Instance of each point, 0 to 65535, shape (N,); 0 is none.

    Raises:
        AnnotationError: A number does not fit 16 bits, or the lengths differ.
    """
    low = _fitting(classes, 0xFFFF, "classes")
    high = np.zeros_like(low) if instances is None else _fitting(instances, 0xFFFF, "instances")
    if low.shape != high.shape:
        raise AnnotationError(f"there are {len(low)} classes and {len(high)} instances")
    (low | (high << np.uint32(16))).astype("<u4").tofile(path)


def read_label(path: str | Path, points: int | None = None) -> tuple[Labels, Labels]:
    """Read a `.label` file: classes and instances, each of shape (N,).

    Raises:
        AnnotationError: It does not have four bytes per point, or `points` differs from its length.
    """
    content = Path(path).read_bytes()
    if len(content) % 4:
        raise AnnotationError(f"{path} has {len(content)} bytes, which is not four per point")
    values = np.frombuffer(content, dtype="<u4").astype(np.uint32)
    _check_length(path, len(values), points)
    return values & np.uint32(0xFFFF), values >> np.uint32(16)


def write_lidarseg(path: str | Path, classes: npt.ArrayLike) -> None:
    """Write a `_lidarseg.bin` of nuScenes.

    Raises:
        AnnotationError: A class does not fit 8 bits.
    """
    _fitting(classes, 0xFF, "classes").astype(np.uint8).tofile(path)


def read_lidarseg(path: str | Path, points: int | None = None) -> Labels:
    """Read a `_lidarseg.bin` of nuScenes, shape (N,).

    Raises:
        AnnotationError: `points` differs from its length.
    """
    values = np.fromfile(path, dtype=np.uint8).astype(np.uint32)
    _check_length(path, len(values), points)
    return values


def write_png(path: str | Path, pixels: npt.ArrayLike) -> None:
    """Write a mask, shape (height, width), as a grey PNG: 8 bits, or 16 if a value needs them.

    Raises:
        AnnotationError: A value does not fit 16 bits, or the shape is wrong.
    """
    from PIL import Image

    values = np.asarray(pixels)
    if values.ndim != 2:
        raise AnnotationError(f"the mask has shape {values.shape}, must be (height, width)")
    fitting = _fitting(values, 0xFFFF, "mask values")
    kind = np.uint8 if not fitting.size or int(fitting.max()) <= 0xFF else np.uint16
    Image.fromarray(fitting.astype(kind)).save(path, format="PNG")


def read_png(path: str | Path) -> Labels:
    """Read a mask from a grey or palette PNG, shape (height, width); a palette gives its indices.

    Raises:
        AnnotationError: The image is not readable, or has colours.
    """
    from PIL import Image

    try:
        with Image.open(path, formats=["PNG"]) as image:
            if image.mode not in ("1", "L", "P", "I", "I;16"):
                raise AnnotationError(
                    f"{path} is an image of mode {image.mode}, a mask is grey or has a palette"
                )
            return np.asarray(image).astype(np.uint32)
    except OSError as error:
        raise keep_class(AnnotationError(f"cannot read {path}: {error}"), error) from error


def _fitting(values: npt.ArrayLike, largest: int, what: str) -> Labels:
    array = np.asarray(values)
    if array.size and array.dtype.kind not in "iub":
        raise AnnotationError(f"{what} are {array.dtype}, must be integers")
    if array.size and not 0 <= int(array.min()) <= int(array.max()) <= largest:
        raise AnnotationError(
            f"{what} reach from {array.min()} to {array.max()}, the format has 0 to {largest}"
        )
    return array.astype(np.uint32)


def _check_length(path: str | Path, found: int, points: int | None) -> None:
    if points is not None and found != points:
        raise AnnotationError(f"{path} has {found} points, the point cloud has {points}")
