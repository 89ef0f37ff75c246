"""Upload a scene of every type, wait for it, and read it back."""

from __future__ import annotations

from typing import Any

from tests.interop.scripts.session import BATCH, PROJECT, Session

START = 1_700_000_000_000_000_000
MS = 1_000_000


def run(s: Session) -> None:
    client = s.client()
    calibration = create_calibration(s, client)
    for name, scene in scenes(calibration).items():
        creator = getattr(client, name)
        s.call(f"{name} dry run", creator.create, scene, dryrun=True)
        created = s.attempt(f"{name} created", creator.create, scene, project=PROJECT, batch=BATCH)
        if created is None:
            # Whatever was raised, the platform has the scene.
            s.scenes[name] = client.scene.get_scenes_by_external_ids([scene.external_id])[0].uuid
            continue
        s.scenes[name] = created.scene_uuid
        s.note(f"{name} scene", s.until_status(client, created.scene_uuid, "created", "failed"))
        s.call(f"{name} ego poses", client.scene.get_ego_poses, created.scene_uuid)
        inputs = s.call(f"{name} inputs", client.input.query_inputs, scene_uuids=[created.scene_uuid])
        s.note(f"{name} request input", [i.uuid for i in inputs] == [created.request_input_uuid])
        s.fails(f"{name} summary", client.scene.get_scene_summary, created.scene_uuid)


def create_calibration(s: Session, client: Any) -> str:
    from kognic.io.model.calibration import (
        CameraMatrix,
        DistortionCoefficients,
        LidarCalibration,
        PinholeCalibration,
        Position,
        RotationQuaternion,
        SensorCalibration,
    )

    pose: dict[str, Any] = {
        "position": Position(x=0.5, y=0.0, z=1.5),
        "rotation_quaternion": RotationQuaternion(w=0.5, x=-0.5, y=0.5, z=-0.5),
    }
    camera = PinholeCalibration(
        **pose,
        camera_matrix=CameraMatrix(fx=50.0, fy=50.0, cx=32.0, cy=24.0),
        distortion_coefficients=DistortionCoefficients(k1=0.0, k2=0.0, p1=0.0, p2=0.0, k3=0.0),
        image_height=48,
        image_width=64,
    )
    sensors = {
        "FRONT": camera,
        "LEFT": camera,
        "TOP": LidarCalibration(**pose),
        "REAR": LidarCalibration(**pose),
    }
    made = client.calibration.create_calibration(SensorCalibration(external_id="rig", calibration=sensors))
    s.note("calibration", made)
    return str(made.id)


def scenes(calibration: str) -> dict[str, Any]:
    """One scene of each type, by the client's attribute that creates it."""
    from kognic.io.model.scene import aggregated_lidars_and_cameras_seq as aggregated
    from kognic.io.model.scene import cameras, cameras_sequence, lidars, lidars_and_cameras, lidars_sequence
    from kognic.io.model.scene import lidars_and_cameras_sequence as both_sequence
    from kognic.io.model.scene.metadata.metadata import FrameMetaData, MetaData
    from kognic.io.model.scene.resources import Image, ImageMetadata, PointCloud
    from kognic.io.model.scene.sensor_specification import SensorSpecification

    front, left = (
        Image(filename="front.jpg", sensor_name="FRONT"),
        Image(filename="left.png", sensor_name="LEFT"),
    )
    top, rear = (
        PointCloud(filename="top.csv", sensor_name="TOP"),
        PointCloud(filename="rear.pcd", sensor_name="REAR"),
    )
    order = SensorSpecification(sensor_to_pretty_name={"FRONT": "Front"}, sensor_order=["LEFT", "FRONT"])

    def at(n: int) -> dict[str, Any]:
        return {"frame_id": f"{n}", "relative_timestamp": n * 100, "metadata": FrameMetaData(n=n)}

    def shuttered(n: int) -> Any:
        start = START + n * 100 * MS
        shutter = ImageMetadata(shutter_time_start_ns=start, shutter_time_end_ns=start + 5 * MS)
        return Image(filename=("front.jpg", "front2.jpg")[n], sensor_name="FRONT", metadata=shutter)

    def cloud(n: int) -> Any:
        return PointCloud(filename=("top.csv", "top2.las")[n], sensor_name="TOP")

    return {
        "cameras": cameras.Cameras(
            external_id="images",
            frame=cameras.Frame(images=[front, left]),
            sensor_specification=order,
            metadata=MetaData(region="eu", run=7, ratio=0.5, wet=True),
        ),
        "cameras_sequence": cameras_sequence.CamerasSequence(
            external_id="image sequence",
            frames=[cameras_sequence.Frame(images=[shuttered(n)], **at(n)) for n in range(2)],
        ),
        "lidars": lidars.Lidars(
            external_id="clouds",
            frame=lidars.Frame(point_clouds=[top, rear], unix_timestamp=START + 50 * MS),
            imu_data=imu(),
        ),
        "lidars_sequence": lidars_sequence.LidarsSequence(
            external_id="cloud sequence",
            frames=[lidars_sequence.Frame(point_clouds=[cloud(n)], **at(n)) for n in range(2)],
        ),
        "lidars_and_cameras": lidars_and_cameras.LidarsAndCameras(
            external_id="both",
            frame=lidars_and_cameras.Frame(point_clouds=[top], images=[front, left]),
            calibration_id=calibration,
            sensor_specification=order,
        ),
        "lidars_and_cameras_sequence": both_sequence.LidarsAndCamerasSequence(
            external_id="both in sequence",
            frames=[
                both_sequence.Frame(
                    point_clouds=[cloud(n)],
                    images=[shuttered(n)],
                    ego_vehicle_pose=pose(n),
                    unix_timestamp=START + n * 100 * MS,
                    **at(n),
                )
                for n in range(2)
            ],
            calibration_id=calibration,
            imu_data=imu(),
        ),
        "aggregated_lidars_and_cameras_seq": aggregated.AggregatedLidarsAndCamerasSequence(
            external_id="aggregated",
            frames=[
                aggregated.Frame(
                    point_clouds=[cloud(0)] if n == 0 else [],
                    images=[shuttered(n)],
                    ego_vehicle_pose=pose(n),
                    **at(n),
                )
                for n in range(2)
            ],
            calibration_id=calibration,
        ),
    }


def pose(n: int) -> Any:
    from kognic.io.model import EgoVehiclePose, Position, RotationQuaternion

    rotation = RotationQuaternion(w=1.0, x=0.0, y=0.0, z=0.0)
    return EgoVehiclePose(position=Position(x=float(n), y=0.25, z=0.0), rotation=rotation)


def imu() -> list[Any]:
    from kognic.io.model import IMUData, Position, RotationQuaternion

    return [
        IMUData(
            position=Position(x=0.1 * n, y=0.0, z=0.0),
            rotation_quaternion=RotationQuaternion(w=1.0, x=0.0, y=0.0, z=0.0),
            timestamp=START + (n - 1) * 100 * MS,
        )
        for n in range(5)
    ]
