"""Cameras with their own projection, as a WebAssembly module."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
from attrs import setters

from kognic.base_clients.serialization import BaseSerializer, to_list
from kognic.base_clients.serialization.problems import Invalid
from kognic.io.model.calibration.camera.common import BaseCameraCalibration
from kognic.io.model.calibration.common import CalibrationType

if TYPE_CHECKING:
    from typing import Self

MAX_TEST_CASES = 100


@attrs.define(kw_only=True)
class Point2d(BaseSerializer):
    """A point in the image, pixels; NaN in both if the camera does not see it."""

    x: float
    y: float


@attrs.define(kw_only=True)
class Point3d(BaseSerializer):
    """A point in camera coordinates, metres."""

    x: float
    y: float
    z: float


@attrs.define(kw_only=True)
class TestCase(BaseSerializer):
    """A point, and the pixel to which the module must project it."""

    __test__ = False  # Not for pytest.

    point3d: Point3d
    point2d: Point2d


def _test_cases(value: Iterable[TestCase]) -> list[TestCase]:
    return to_list(value)


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class CustomCameraCalibration(BaseCameraCalibration):
    """A camera whose projection is a WebAssembly module.

    Attributes:
        wasm_base64: The module, Base64.
        test_cases: At most 100 points with which the platform validates the module.
    """

    calibration_type: CalibrationType = CalibrationType.CUSTOM
    wasm_base64: str = attrs.field(repr=lambda text: f"<{len(text)} characters>")
    test_cases: list[TestCase] = attrs.field(factory=list, converter=_test_cases)

    def __attrs_post_init__(self) -> None:
        if len(self.test_cases) > MAX_TEST_CASES:
            raise Invalid(f"has {len(self.test_cases)} entries, may have {MAX_TEST_CASES}", "test_cases")

    @classmethod
    def from_bytes(cls, wasm_bytes: bytes, **fields: Any) -> Self:
        """Create the calibration from a compiled module; `fields` are the other fields."""
        return cls(wasm_base64=base64.b64encode(wasm_bytes).decode("ascii"), **fields)

    @classmethod
    def from_file(cls, wasm_path: str | os.PathLike[str], **fields: Any) -> Self:
        """Create the calibration from a `.wasm` file; `fields` are the other fields.

        Raises:
            OSError: The file cannot be read.
        """
        return cls.from_bytes(Path(wasm_path).expanduser().read_bytes(), **fields)

    def get_wasm_bytes(self) -> bytes:
        """Return the compiled module.

        Raises:
            ValueError: `wasm_base64` is not Base64.
        """
        try:
            return base64.b64decode(self.wasm_base64, validate=True)
        except binascii.Error as exc:
            raise ValueError(f"wasm_base64 is not Base64 ({exc}); use from_file() or from_bytes()") from exc
