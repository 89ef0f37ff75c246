"""Bodies of calibration calls. Inside a calibration keys are snake_case."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from kognic.sandbox.platform.wire import Position, Rotation, Text, Wire

MAX_TEST_CASES = 100


class Snake(BaseModel):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False, frozen=True)


class Sensor(Snake):
    position: Position
    rotation_quaternion: Rotation


class FieldOfView(Snake):
    start_angle_deg: float
    stop_angle_deg: float
    depth: float | None = None


class Lidar(Sensor):
    calibration_type: Literal["lidar"]
    field_of_view: FieldOfView | None = None


class Camera(Sensor):
    image_height: Annotated[int, Field(gt=0)]
    image_width: Annotated[int, Field(gt=0)]


class CameraMatrix(Snake):
    fx: float
    fy: float
    cx: float
    cy: float


class StandardCamera(Camera):
    camera_matrix: CameraMatrix
    field_of_view: float | None = None


class Distortion(Snake):
    k1: float
    k2: float
    p1: float
    p2: float
    k3: float


class Pinhole(StandardCamera):
    calibration_type: Literal["pinhole"]
    distortion_coefficients: Distortion


class Fisheye(StandardCamera):
    calibration_type: Literal["fisheye"]
    distortion_coefficients: Distortion
    xi: float


class KannalaDistortion(Snake):
    k1: float
    k2: float
    p1: float
    p2: float


class Undistortion(Snake):
    l1: float
    l2: float
    l3: float
    l4: float


class Kannala(StandardCamera):
    calibration_type: Literal["kannala"]
    distortion_coefficients: KannalaDistortion
    undistortion_coefficients: Undistortion


class Point(Snake):
    x: float
    y: float


class PrincipalPointDistortionCoefficients(Snake):
    k1: float
    k2: float


class LensProjection(Snake):
    c1: float
    c2: float
    c3: float
    c4: float
    c5: float
    c6: float


class PrincipalPointDistortion(StandardCamera):
    calibration_type: Literal["principal_point_distortion"]
    principal_point_distortion_coefficients: PrincipalPointDistortionCoefficients
    distortion_center: Point
    principal_point: Point
    lens_projection_coefficients: LensProjection | None = None


class CutAngles(Snake):
    upper: float
    lower: float


class FusedCylindrical(StandardCamera):
    calibration_type: Literal["fused_cylindrical"]
    cut_angles_degree: CutAngles
    # The documented default.
    vertical_fov_degree: float = 72.5
    # The documented default.
    horizontal_fov_degree: float = 93
    max_altitude_angle_degree: float = 90.0


class Cylindrical(StandardCamera):
    calibration_type: Literal["cylindrical"]


class PrincipalPointFisheyeCoefficients(Snake):
    alpha_l: float
    alpha_r: float
    beta_u: float
    beta_l: float


class PrincipalPointFisheye(StandardCamera):
    calibration_type: Literal["principal_point_fisheye"]
    principal_point_fisheye_coefficients: PrincipalPointFisheyeCoefficients


class ModulePoint(Snake):
    x: float
    y: float
    z: float


class TestCase(Snake):
    __test__ = False  # Not a test, whatever pytest thinks of the name.

    point3d: ModulePoint
    point2d: Point


class Custom(Camera):
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
    external_id: Text
    calibration: Annotated[dict[Text, AnyCalibration], Field(min_length=1)]
