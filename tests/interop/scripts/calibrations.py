"""Create a calibration of every sensor type and read it back in every way."""

from __future__ import annotations

from typing import Any

from tests.interop.scripts.session import Session


def run(s: Session) -> None:
    from kognic.io.model.calibration import SensorCalibration

    client = s.client()
    sensors = every_sensor()
    made = s.call(
        "created",
        client.calibration.create_calibration,
        SensorCalibration(external_id="all", calibration=sensors),
    )
    got = s.call("by id", client.calibration.get_calibration, made.id)
    s.note(
        "equal to what was sent", {name: got.calibration[name] == sensor for name, sensor in sensors.items()}
    )
    s.call("by keyword", client.calibration.get_calibration, id=made.id)
    s.call("by external id", client.calibration.get_calibrations, external_id="all")
    s.call("all", client.calibration.get_calibrations)
    s.call(
        "created from json",
        client.calibration.create_calibration,
        SensorCalibration.from_json({"externalId": "again", "calibration": {"LIDAR": sensors["LIDAR"]}}),
    )
    s.fails(
        "same external id",
        client.calibration.create_calibration,
        SensorCalibration(external_id="all", calibration={"LIDAR": sensors["LIDAR"]}),
    )
    s.fails("unknown id", client.calibration.get_calibration, "0" * 8 + "-0000-4000-8000-" + "0" * 12)


def every_sensor() -> dict[str, Any]:
    from kognic.io.model import calibration as c
    from kognic.io.model.calibration.camera import custom_camera_calibration as custom
    from kognic.io.model.calibration.camera import fused_cylindrical_calibration as fused
    from kognic.io.model.calibration.camera import kannala_calibration as kannala
    from kognic.io.model.calibration.camera import principal_point_distortion_calibration as distortion
    from kognic.io.model.calibration.camera import principal_point_fisheye_calibration as fisheye

    pose: dict[str, Any] = {
        "position": c.Position(x=1.2, y=-0.25, z=1.6),
        "rotation_quaternion": c.RotationQuaternion(w=0.5, x=-0.5, y=0.5, z=-0.5),
    }
    camera: dict[str, Any] = {
        **pose,
        "image_height": 1080,
        "image_width": 1920,
        "camera_matrix": c.CameraMatrix(fx=1000.0, fy=1005.5, cx=960.0, cy=540.0),
    }
    brown = c.DistortionCoefficients(k1=0.01, k2=-0.02, p1=1e-6, p2=0.0, k3=0.3)
    return {
        "LIDAR": c.LidarCalibration(
            **pose, field_of_view=c.LidarFieldOfView(start_angle_deg=315, stop_angle_deg=45, depth=200.5)
        ),
        "PINHOLE": c.PinholeCalibration(**camera, distortion_coefficients=brown, field_of_view=92.5),
        "FISHEYE": c.FisheyeCalibration(**camera, distortion_coefficients=brown, xi=1.25),
        "KANNALA": c.KannalaCalibration(
            **camera,
            distortion_coefficients=kannala.KannalaDistortionCoefficients(
                k1=-0.05, k2=0.09, p1=-0.09, p2=0.03
            ),
            undistortion_coefficients=kannala.UndistortionCoefficients(l1=0.05, l2=-0.09, l3=0.1, l4=-0.04),
        ),
        "PRINCIPAL": c.PrincipalPointDistortionCalibration(
            **camera,
            principal_point_distortion_coefficients=distortion.PrincipalPointDistortionCoefficients(
                k1=0.1, k2=0.2
            ),
            distortion_center=distortion.DistortionCenter(x=0.0, y=0.5),
            principal_point=distortion.PrincipalPoint(x=960.0, y=540.0),
            lens_projection_coefficients=distortion.LensProjectionCoefficients(
                c1=1, c2=2, c3=3, c4=4, c5=5, c6=6
            ),
        ),
        "FUSED": c.FusedCylindricalCalibration(
            **camera, cut_angles_degree=fused.CutAngles(upper=-40.0, lower=30.0)
        ),
        "CYLINDRICAL": c.CylindricalCalibration(**camera),
        "FISHEYE_PRINCIPAL": c.PrincipalPointFisheyeCalibration(
            **camera,
            principal_point_fisheye_coefficients=fisheye.PrincipalPointFisheyeCoefficients(
                alpha_l=0.1, alpha_r=0.2, beta_u=0.3, beta_l=0.4
            ),
        ),
        "CUSTOM": c.CustomCameraCalibration.from_bytes(
            bytes.fromhex(PROJECTION_MODULE),
            **pose,
            image_height=480,
            image_width=640,
            test_cases=[
                custom.TestCase(
                    point3d=custom.Point3d(x=2.0, y=4.0, z=8.0), point2d=custom.Point2d(x=0.25, y=0.5)
                )
            ],
        ),
    }


# (module (func (export "project_point_to_image") (param f64 f64 f64) (result f64 f64)
#   (f64.div (local.get 0) (local.get 2)) (f64.div (local.get 1) (local.get 2))))
PROJECTION_MODULE = (
    "0061736d01000000"
    "01090160037c7c7c027c7c"
    "03020100"
    "071a011670726f6a6563745f706f696e745f746f5f696d6167650000"
    "0a10010e00200020"
    "02a320012002a30b"
)
