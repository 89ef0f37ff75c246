"""Cameras with a built-in projection of the platform; `CustomCameraCalibration` is in another module."""

from __future__ import annotations

import attrs

from kognic.base_clients.serialization import BaseSerializer
from kognic.io.model.calibration.camera.common import BaseStandardCameraCalibration, DistortionCoefficients
from kognic.io.model.calibration.common import CalibrationType

__all__ = [
    "CutAngles",
    "CylindricalCalibration",
    "DistortionCenter",
    "FisheyeCalibration",
    "FusedCylindricalCalibration",
    "KannalaCalibration",
    "KannalaDistortionCoefficients",
    "LensProjectionCoefficients",
    "PinholeCalibration",
    "PrincipalPoint",
    "PrincipalPointDistortionCalibration",
    "PrincipalPointDistortionCoefficients",
    "PrincipalPointFisheyeCalibration",
    "PrincipalPointFisheyeCoefficients",
    "UndistortionCoefficients",
]


@attrs.define(kw_only=True)
class PinholeCalibration(BaseStandardCameraCalibration):
    """A pinhole camera with radial and tangential distortion."""

    calibration_type: CalibrationType = CalibrationType.PINHOLE
    distortion_coefficients: DistortionCoefficients


@attrs.define(kw_only=True)
class FisheyeCalibration(BaseStandardCameraCalibration):
    """A fisheye camera in the unified omnidirectional model.

    Attributes:
        xi: Distance between the centres of the unit sphere and of the projection.
    """

    calibration_type: CalibrationType = CalibrationType.FISHEYE
    distortion_coefficients: DistortionCoefficients
    xi: float


@attrs.define(kw_only=True)
class KannalaDistortionCoefficients(BaseSerializer):
    """Radial coefficients of the Kannala-Brandt model; `p1` and `p2` hold the third and fourth."""

    k1: float
    k2: float
    p1: float
    p2: float


@attrs.define(kw_only=True)
class UndistortionCoefficients(BaseSerializer):
    """Coefficients of the inverse of the distortion polynomial."""

    l1: float
    l2: float
    l3: float
    l4: float


@attrs.define(kw_only=True)
class KannalaCalibration(BaseStandardCameraCalibration):
    """A fisheye camera in the Kannala-Brandt model."""

    calibration_type: CalibrationType = CalibrationType.KANNALA
    distortion_coefficients: KannalaDistortionCoefficients
    undistortion_coefficients: UndistortionCoefficients


@attrs.define(kw_only=True)
class PrincipalPointDistortionCoefficients(BaseSerializer):
    """Radial distortion about the distortion centre."""

    k1: float
    k2: float


@attrs.define(kw_only=True)
class DistortionCenter(BaseSerializer):
    """The point that distortion is measured from."""

    x: float
    y: float


@attrs.define(kw_only=True)
class PrincipalPoint(BaseSerializer):
    """The principal point, pixels."""

    x: float
    y: float


@attrs.define(kw_only=True)
class LensProjectionCoefficients(BaseSerializer):
    """The polynomial of the lens."""

    c1: float
    c2: float
    c3: float
    c4: float
    c5: float
    c6: float

    def get_coefficients(self) -> list[float]:
        """Return the six coefficients in order."""
        return [self.c1, self.c2, self.c3, self.c4, self.c5, self.c6]


@attrs.define(kw_only=True)
class PrincipalPointDistortionCalibration(BaseStandardCameraCalibration):
    """A camera with a separate distortion centre."""

    calibration_type: CalibrationType = CalibrationType.PRINCIPALPOINTDIST
    principal_point_distortion_coefficients: PrincipalPointDistortionCoefficients
    distortion_center: DistortionCenter
    principal_point: PrincipalPoint
    lens_projection_coefficients: LensProjectionCoefficients | None = None


@attrs.define(kw_only=True)
class CutAngles(BaseSerializer):
    """Limits of the cylinder, degrees."""

    upper: float
    lower: float


@attrs.define(kw_only=True)
class FusedCylindricalCalibration(BaseStandardCameraCalibration):
    """Images fused onto a cylinder.

    Attributes:
        cut_angles_degree: Limits of the cylinder.
        vertical_fov_degree: Vertical field of view, degrees.
        horizontal_fov_degree: Horizontal field of view, degrees.
        max_altitude_angle_degree: Largest angle above the horizon, degrees.
    """

    calibration_type: CalibrationType = CalibrationType.FUSEDCYLINDRICAL
    cut_angles_degree: CutAngles
    # The platform's defaults, which the official client sends as well.
    vertical_fov_degree: float = 72.5
    # The platform's default.
    horizontal_fov_degree: float = 93
    max_altitude_angle_degree: float = 90.0


@attrs.define(kw_only=True)
class CylindricalCalibration(BaseStandardCameraCalibration):
    """Images on a cylinder."""

    calibration_type: CalibrationType = CalibrationType.CYLINDRICAL


@attrs.define(kw_only=True)
class PrincipalPointFisheyeCoefficients(BaseSerializer):
    """Opening angles to the left and right (`alpha`), up and down (`beta`)."""

    alpha_l: float
    alpha_r: float
    beta_u: float
    beta_l: float


@attrs.define(kw_only=True)
class PrincipalPointFisheyeCalibration(BaseStandardCameraCalibration):
    """A fisheye camera described by its opening angles."""

    calibration_type: CalibrationType = CalibrationType.PRINCIPALPOINTFISHEYE
    principal_point_fisheye_coefficients: PrincipalPointFisheyeCoefficients
