"""Bodies of calibration calls. Inside a calibration keys are snake_case."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from kognic.sandbox.platform.wire import Position, Rotation, Text, Wire

MAX_TEST_CASES = 100


class Snake(BaseModel):
    """snake_case keys, which calibrations have on the wire; unknown keys are ignored, as in `Wire`."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False, frozen=True)


class Sensor(Snake):
    """The pose of a sensor, from the sensor to the reference system."""

    position: Position
    rotation_quaternion: Rotation


class FieldOfView(Snake):
    """The sector that a lidar sweeps, degrees, and how far it sees, metres."""

    start_angle_deg: float
    stop_angle_deg: float
    depth: float | None = None


class Lidar(Sensor):
    """A lidar: a pose, and perhaps a field of view."""

    calibration_type: Literal["lidar"]
    field_of_view: FieldOfView | None = None


class Camera(Sensor):
    """The size of a camera's images, pixels."""

    image_height: Annotated[int, Field(gt=0)]
    image_width: Annotated[int, Field(gt=0)]


class CameraMatrix(Snake):
    """Focal lengths and principal point, pixels."""

    fx: float
    fy: float
    cx: float
    cy: float


class StandardCamera(Camera):
    """A camera with a camera matrix; the field of view is in degrees."""

    camera_matrix: CameraMatrix
    field_of_view: float | None = None


class Distortion(Snake):
    """Brown-Conrady: radial `k1` to `k3`, tangential `p1` and `p2`."""

    k1: float
    k2: float
    p1: float
    p2: float
    k3: float


class Pinhole(StandardCamera):
    """A pinhole camera with Brown-Conrady distortion."""

    calibration_type: Literal["pinhole"]
    distortion_coefficients: Distortion


class Fisheye(StandardCamera):
    """The unified model: `xi` is the distance of the second centre from the sphere's."""

    calibration_type: Literal["fisheye"]
    distortion_coefficients: Distortion
    xi: float


class KannalaDistortion(Snake):
    """The four radial terms; `p1` and `p2` are the third and the fourth."""

    k1: float
    k2: float
    p1: float
    p2: float


class Undistortion(Snake):
    """The polynomial of the inverse, radius to angle."""

    l1: float
    l2: float
    l3: float
    l4: float


class Kannala(StandardCamera):
    """A Kannala-Brandt fisheye camera."""

    calibration_type: Literal["kannala"]
    distortion_coefficients: KannalaDistortion
    undistortion_coefficients: Undistortion


class Point(Snake):
    """A point of the image, or a shift of one."""

    x: float
    y: float


class PrincipalPointDistortionCoefficients(Snake):
    """Radial distortion about the centre of distortion."""

    k1: float
    k2: float


class LensProjection(Snake):
    """The polynomial from angle to radius."""

    c1: float
    c2: float
    c3: float
    c4: float
    c5: float
    c6: float


class PrincipalPointDistortion(StandardCamera):
    """A camera whose centre of distortion is not its principal point."""

    calibration_type: Literal["principal_point_distortion"]
    principal_point_distortion_coefficients: PrincipalPointDistortionCoefficients
    distortion_center: Point
    principal_point: Point
    lens_projection_coefficients: LensProjection | None = None


class CutAngles(Snake):
    """Where the image of a fused cylinder is cut, degrees."""

    upper: float
    lower: float


class FusedCylindrical(StandardCamera):
    """A cylinder in the middle of the image, planes above and below it."""

    calibration_type: Literal["fused_cylindrical"]
    cut_angles_degree: CutAngles
    # The documented default.
    vertical_fov_degree: float = 72.5
    # The documented default.
    horizontal_fov_degree: float = 93
    max_altitude_angle_degree: float = 90.0


class Cylindrical(StandardCamera):
    """An image on a cylinder with a vertical axis."""

    calibration_type: Literal["cylindrical"]


class PrincipalPointFisheyeCoefficients(Snake):
    """Scales of the four quadrants."""

    alpha_l: float
    alpha_r: float
    beta_u: float
    beta_l: float


class PrincipalPointFisheye(StandardCamera):
    """A fisheye camera with a scale for each quadrant."""

    calibration_type: Literal["principal_point_fisheye"]
    principal_point_fisheye_coefficients: PrincipalPointFisheyeCoefficients


class ModulePoint(Snake):
    """A point in the camera's system, metres."""

    x: float
    y: float
    z: float


class TestCase(Snake):
    """A point and the pixel that a custom camera's module must give it."""

    __test__ = False  # Not a test, whatever pytest thinks of the name.

    point3d: ModulePoint
    point2d: Point


class Custom(Camera):
    """A camera whose projection is a WebAssembly module in Base64."""

    calibration_type: Literal["custom"]
    wasm_base64: Text
    test_cases: Annotated[list[TestCase], Field(max_length=MAX_TEST_CASES)] = []


AnyCalibration = Annotated[
    Lidar
    | Pinhole
    | Fisheye
    | Kannala
    | PrincipalPointDistortion
    | FusedCylindrical
    | Cylindrical
    | PrincipalPointFisheye
    | Custom,
    Field(discriminator="calibration_type"),
]


class CreateCalibration(Wire):
    """The body of `POST /v1/calibrations`: sensors by name."""

    external_id: Text
    calibration: Annotated[dict[Text, AnyCalibration], Field(min_length=1)]
