"""What general code asks of a camera model, and how it finds the model of a camera."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib import import_module
from typing import Any

import attrs

from kognic._core.findings import Finding
from kognic.scenes.checks.rules import broken
from kognic.scenes.geometry.cameras import KINDS
from kognic.scenes.geometry.optics import Optics


def _no_rules(_name: str, _camera: Any) -> Iterable[Finding]:
    return ()


def check_fold(name: str, reach: float, edge: float, hint: str) -> Iterator[Finding]:
    """Distortion must not bring points back before the edge of the image.

    Args:
        name: Sensor name.
        reach: How far from the principal point distortion grows, focal lengths.
        edge: How far the image reaches, focal lengths.
        hint: What is most likely wrong.
    """
    if reach < edge:
        yield broken(
            "distortion-folds",
            f"distortion brings points back from {reach:.2f} focal lengths on, the image reaches {edge:.2f}",
            hint,
            sensor=name,
            field="distortion_coefficients",
            value=reach,
        )


@attrs.frozen(kw_only=True)
class CameraModel:
    """A camera model, independent of a camera's numbers.

    Attributes:
        optics: Makes the formula of a camera from its calibration, whose numbers are finite.
        check: The rules on the model's own parameters: takes sensor name and calibration, and gives what
            breaks a rule. Camera matrix, image size and field of view are checked for all models alike.
        widest_deg: Largest horizontal field of view that an image of such a camera has, degrees.
        has_square_pixels: Whether `fx` and `fy` are alike: not where columns count angles and rows heights.
    """

    optics: Callable[[Any], Optics]
    check: Callable[[str, Any], Iterable[Finding]] = _no_rules
    # All around, less rounding: `field_of_view_deg` cannot find a full 360.
    widest_deg: float = 359.0
    has_square_pixels: bool = True


@cache
def find_model(kind: str) -> CameraModel | None:
    """Return the model of a calibration type; None when its formula is not published.

    A model's module is imported when the first camera of it is met: its converter needs the client's models.
    """
    if kind not in KINDS:
        return None
    model: CameraModel = import_module(f"kognic.scenes.geometry.cameras.{kind}").MODEL
    return model
