"""Scenes from scene requests: local files, data in memory, files in the cloud; finding, invalidating."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.interop.scripts.calibrations import every_sensor
from tests.interop.scripts.session import PROJECT, Session

START = 1_700_000_000_000_000_000


def run(s: Session) -> None:
    from kognic.io.model.calibration import SensorCalibration
    from kognic.io.model.scene import SceneInvalidatedReason

    client = s.client()
    sensors = every_sensor()
    rig = {"FRONT": sensors["PINHOLE"], "TOP": sensors["LIDAR"]}
    calibration = client.calibration.create_calibration(
        SensorCalibration(external_id="rig", calibration=rig)
    ).id

    for name, request in {
        "local files": local_files(s, calibration),
        "in memory": in_memory(s),
        "in the cloud": in_the_cloud(s, calibration, postpone=False),
        "postponed": in_the_cloud(s, calibration, postpone=True),
    }.items():
        created = s.call(f"{name} created", client.scene.create_scene, request)
        s.scenes[name] = created.scene_uuid
        final = "indexed" if name == "postponed" else "created"
        s.note(f"{name} scene", s.until_status(client, created.scene_uuid, final, "failed"))
        s.call(f"{name} summary", client.scene.get_scene_summary, created.scene_uuid)
        s.call(f"{name} ego poses", client.scene.get_ego_poses, created.scene_uuid)

    indexed = s.scenes["postponed"]
    s.call("import", client.scene.import_indexed_scene, indexed)
    s.note("imported", s.until_status(client, indexed, "created"))
    s.call("reindex", client.scene.reindex_scene, indexed)
    s.note("reindexed", s.until_status(client, indexed, "indexed"))
    s.call("forced by an input", client.input.create_from_scene, indexed, project=PROJECT)
    s.note("imported again", s.until_status(client, indexed, "created"))

    s.call("by uuids", client.scene.get_scenes_by_uuids, (s.scenes["in memory"], indexed))
    s.call("by external ids", client.scene.get_scenes_by_external_ids, ["in-memory", "cloud-True"])
    s.fails("unknown uuid", client.scene.get_scenes_by_uuids, [indexed, UNKNOWN])
    s.fails("unknown external id", client.scene.get_scenes_by_external_ids, ["nothing"])
    s.fails("unknown summary", client.scene.get_scene_summary, UNKNOWN)
    s.call("unknown ego poses", client.scene.get_ego_poses, UNKNOWN)

    reasons = zip(list(SceneInvalidatedReason), list(s.scenes.values()), strict=False)
    for reason, scene in reasons:
        s.call(f"invalidate {reason.value}", client.scene.invalidate_scenes, [scene], reason)
        s.call(f"invalidated {reason.value}", client.scene.get_scenes_by_uuids, [scene])
        s.fails(f"summary of invalidated {reason.value}", client.scene.get_scene_summary, scene)
        s.call(
            f"summary of invalidated {reason.value} on request",
            client.scene.get_scene_summary,
            scene,
            find_invalidated_scenes=True,
        )


UNKNOWN = "00000000-0000-4000-8000-0000000000ff"


def pose(n: int) -> Any:
    from kognic.io.model.scene.scene_request import EgoVehiclePose

    return EgoVehiclePose(
        x=float(n), y=0.5, z=0.0, rotation_x=0.0, rotation_y=0.0, rotation_z=0.0, rotation_w=1.0
    )


def local_files(s: Session, calibration: str) -> Any:
    from kognic.io.model.scene import scene_request as r

    def frame(n: int, image: str, cloud: str) -> Any:
        start = START + n * 500_000_000
        return r.Frame(
            frame_id=f"{n}",
            timestamp_ns=start,
            images=[
                r.ImageResource(
                    None,
                    r.LocalFile(filename=image),
                    "FRONT",
                    start_shutter_timestamp_ns=start,
                    end_shutter_timestamp_ns=start + 8_000_000,
                    reversed_shutter=True,
                )
            ],
            pointclouds=[r.SensorResource(None, r.LocalFile(filename=cloud), "TOP")],
            ego_vehicle_pose=pose(n),
            metadata={"n": n},
        )

    return r.SceneRequest(
        workspace_id=s.workspace_id,
        external_id="local-files",
        frames=[frame(0, "front.jpg", "top.csv"), frame(1, "front2.jpg", "top2.las")],
        calibration_id=calibration,
        metadata={"region": "eu", "wet": True},
        sensor_specification=r.SensorSpecification(
            sensorToPrettyName={"FRONT": "Front"}, sensorOrder=["FRONT"]
        ),
        should_motion_compensate=False,
    )


def in_memory(s: Session) -> Any:
    from kognic.io.model.scene import scene_request as r

    def content(name: str) -> bytes:
        return Path(name).read_bytes()

    async def content_later(name: str) -> bytes:
        return content("left.png")

    files = [
        r.LocalFile(filename="bytes.jpg", data=content("front.jpg")),
        r.LocalFile(filename="left.webp", callback=content),
        r.LocalFile(filename="later.png", callback=content_later),
    ]
    images = [r.ImageResource(None, file, file.filename) for file in files]
    frame = r.Frame(frame_id="1", timestamp_ns=START, images=images)
    return r.SceneRequest(workspace_id=s.workspace_id, external_id="in-memory", frames=[frame])


def in_the_cloud(s: Session, calibration: str, *, postpone: bool) -> Any:
    from kognic.io.model.scene import scene_request as r

    frame = r.Frame(
        frame_id="1",
        timestamp_ns=START,
        images=[r.ImageResource("s3://bucket/front.jpg", None, "FRONT")],
        pointclouds=[r.SensorResource("s3://bucket/top.csv", None, "TOP")],
        ego_vehicle_pose=pose(0),
    )
    return r.SceneRequest(
        workspace_id=s.workspace_id,
        external_id=f"cloud-{postpone}",
        frames=[frame],
        calibration_id=calibration,
        postpone_external_resource_import=postpone,
    )
