"""Pairs of cameras calibrated with OpenCV's `stereoCalibrate`.

The first camera is the reference system. `R` and `T` map a point of the first camera into the second, so the
second camera's pose is their inverse; `T` has the unit of the board's squares, which is not in the file.

Sources: OpenCV's `stereoCalibrate` ("brings points given in the first camera's coordinate system to points in
the second camera's") and its sample `stereo_calib.cpp` (M1, D1, M2, D2 in `intrinsics.yml`;
R, T, R1, R2, P1, P2, Q in `extrinsics.yml`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from kognic._core.camera_errors import ConversionError
from kognic.io.model.calibration import BaseCalibration
from kognic.scenes.calibration.convert.build import placement
from kognic.scenes.calibration.convert.documents import read_parameters
from kognic.scenes.calibration.convert.opencv import matrix_data, opencv_camera, rotation_vector
from kognic.scenes.calibration.convert.options import Options
from kognic.scenes.calibration.convert.sizes import beside
from kognic.scenes.calibration.convert.values import (
    Size,
    at,
    image_size,
    number,
    numbers,
    refuse_unknown,
    rigid,
)

_MATRICES = ("m", "k", "cameramatrix", "mtx")
_DISTORTIONS = ("d", "distcoeffs", "distcoeff", "dist", "distortion", "distortioncoefficients")
_SIDES = (("1", "left", "l"), ("2", "right", "r"))
_POSES = ("r", "t", "rotation", "translation")
_SIZES = ("imagesize", "imagewidth", "imageheight", "width", "height", "size")
# What rectification adds, and how well the calibration went.
_SKIPPED = (
    *("r1", "r2", "rl", "rr", "p1", "p2", "pl", "pr", "q", "e", "f"),
    *("rms", "error", "reprojectionerror", "avgreprojectionerror", "calibrationtime", "nrofframes", "flags"),
    *("roi1", "roi2", "validroi1", "validroi2", "boardsize", "boardwidth", "boardheight", "squaresize"),
)
_SIBLINGS = ("extrinsics", "extrinsic")


def is_stereo(content: Mapping[str, Any]) -> bool:
    """Whether a file holds the intrinsics of two cameras."""
    # `k1` and `k2` are matrices of two cameras, or numbers of one lens.
    keys = {_plain(key) for key, value in content.items() if isinstance(value, (Mapping, list))}
    return all(not keys.isdisjoint(_spellings(_MATRICES, side)) for side in _SIDES)


def stereo_cameras(content: Mapping[str, Any], path: Path, options: Options) -> dict[str, BaseCalibration]:
    """Turn the content of a stereo calibration into two cameras, `left` and `right`.

    Args:
        content: The decoded file; where it has no `R` and `T`, `extrinsics.yml` beside it is read.
        path: The file.
        options: `model` says whether four coefficients are those of a pinhole or a fisheye camera.

    Raises:
        ConversionError: Something is missing, unknown, or no pair of cameras.
    """
    values = {_plain(key): value for key, value in content.items()}
    if not {"t", "translation"} & values.keys():
        values |= _extrinsics(path, options)
    own = _own_size(values)
    sides = [_side(values, side) for side in _SIDES]
    ignored = {_plain(key) for key in options.ignored}
    known = {key for _, keys in sides for key in keys} | {*_POSES, *_SIZES, *_SKIPPED, *ignored}
    refuse_unknown({key: None for key in content if _plain(key) not in known}, ())
    into_second = rigid(
        _rotation(_entry(values, "r", "rotation")), numbers(_entry(values, "t", "translation"), "T", (3,))
    )
    with at("R, T"):
        placement(into_second)  # refuses what is not a rigid motion
    found: dict[str, BaseCalibration] = {}
    poses = (np.eye(4), np.linalg.inv(into_second))
    for (camera, _), name, pose in zip(sides, ("left", "right"), poses, strict=True):
        with at(name):
            images = partial(beside, path, [name, f"{name}_camera", f"image_{name}"])
            size = options.size(name, own, images)
            camera |= {"image_width": size[0], "image_height": size[1]}
            found[name] = opencv_camera(camera, pose=pose, model=options.model)
    options.note(
        "left is the reference system; T is in the unit of the board's squares, metres without --unit"
    )
    return found


def _side(values: Mapping[str, Any], side: tuple[str, ...]) -> tuple[dict[str, Any], list[str]]:
    """The matrix and distortion of one camera, and the keys that they stand under."""
    keys = [
        next((key for key in _spellings(names, side) if key in values), None)
        for names in (_MATRICES, _DISTORTIONS)
    ]
    if keys[0] is None or keys[1] is None:
        what = "camera matrix" if keys[0] is None else "distortion"
        raise ConversionError(f"there is no {what} of camera {side[0]}")
    camera = {"camera_matrix": values[keys[0]], "distortion_coefficients": values[keys[1]]}
    return camera, [key for key in keys if key is not None]


def _spellings(names: tuple[str, ...], side: tuple[str, ...]) -> list[str]:
    return [form for name in names for word in side for form in (name + word, word + name)]


def _plain(key: object) -> str:
    """A key in lower case, without what separates its words."""
    return "".join(letter for letter in str(key).lower() if letter.isalnum())


def _entry(values: Mapping[str, Any], *keys: str) -> Any:
    found = next((values[key] for key in keys if key in values), None)
    if found is None:
        raise ConversionError(
            f"{keys[0].upper()} is missing, which says how the second camera sits beside the first; "
            "put extrinsics.yml beside the file"
        )
    return matrix_data(found, keys[0].upper())


def _rotation(value: Any) -> Any:
    return rotation_vector(value) if len(value) == 3 else value


def _extrinsics(path: Path, options: Options) -> dict[str, Any]:
    """`R` and `T` of the file that OpenCV's sample writes beside the intrinsics."""
    for name in _SIBLINGS:
        for suffix in (path.suffix, ".yml", ".yaml", ".xml"):
            other = path.with_name(f"{name}{suffix}")
            if other != path and other.is_file():
                with at(other):
                    content = read_parameters(other)
                    ignored = {_plain(key) for key in options.ignored}
                    known = {*_POSES, *_SKIPPED, *ignored}
                    refuse_unknown({key: None for key in content if _plain(key) not in known}, ())
                    options.note(f"R and T are read from {other.name}")
                    return {_plain(key): value for key, value in content.items() if _plain(key) in _POSES}
    return {}


def _own_size(values: Mapping[str, Any]) -> Size | None:
    for key in ("imagesize", "size"):
        if key in values:
            width, height = numbers(matrix_data(values[key], key), key, (2,)).tolist()
            return image_size(width, height)
    for width_key, height_key in (("imagewidth", "imageheight"), ("width", "height")):
        if width_key in values and height_key in values:
            return image_size(number(values[width_key], width_key), number(values[height_key], height_key))
    return None
