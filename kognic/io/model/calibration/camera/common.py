"""Base classes of camera calibrations."""

from __future__ import annotations

import attrs

from kognic.base_clients.serialization import BaseSerializer
from kognic.io.model.calibration.common import BaseCalibration


@attrs.define(kw_only=True)
class CameraMatrix(BaseSerializer):
    """Focal lengths and principal point, pixels."""

    fx: float
    fy: float
    cx: float
    cy: float


@attrs.define(kw_only=True)
class DistortionCoefficients(BaseSerializer):
    """Radial (`k`) and tangential (`p`) distortion in OpenCV's order."""

    k1: float
    k2: float
    p1: float
    p2: float
    k3: float


@attrs.define(kw_only=True)
class BaseCameraCalibration(BaseCalibration):
    """Base class of camera calibrations.

    Attributes:
        image_height: Rows, pixels.
        image_width: Columns, pixels.
    """

    image_height: int
    image_width: int


@attrs.define(kw_only=True)
class BaseStandardCameraCalibration(BaseCameraCalibration):
    """Base class of cameras with a built-in projection.

    Attributes:
        camera_matrix: Focal lengths and principal point.
        field_of_view: Horizontal, degrees; None if unknown.
    """

    camera_matrix: CameraMatrix
    field_of_view: float | None = None
