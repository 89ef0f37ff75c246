"""What a user's own, strictly typed program may look like: it touches every resource of the client.

Never run, only type-checked, from a folder of its own: each `assert_type` says what a result is known to be.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, assert_type

from kognic.auth.credentials import ApiCredentials
from kognic.io.client import KognicIOClient
from kognic.io.errors import ApiError, NotFoundError
from kognic.io.model import (
    Annotation,
    BaseCalibration,
    CreatedPreAnnotation,
    CreateSceneResponse,
    CustomCameraCalibration,
    EgoVehiclePose,
    IMUData,
    PinholeCalibration,
    Position,
    Project,
    ProjectBatch,
    Request,
    RequestInput,
    ResolvedPreAnnotation,
    RotationQuaternion,
    Scene,
    SceneInvalidatedReason,
    SceneStatus,
    SceneSummary,
    SensorCalibration,
    SensorCalibrationEntry,
    SensorSpecification,
    Workspace,
)
from kognic.io.model.annotation import client_annotation
from kognic.io.model.calibration import CameraMatrix, DistortionCoefficients, LidarCalibration
from kognic.io.model.calibration.camera.custom_camera_calibration import Point2d, Point3d, TestCase
from kognic.io.model.input import Input
from kognic.io.model.input.input_entry import Input as InputEntry
from kognic.io.model.review.review import (
    AddFeedbackItem,
    Review,
    ReviewErrorType,
    ReviewRequest,
    ReviewResponse,
    ReviewWorkflowEnum,
)
from kognic.io.model.scene import scene_request
from kognic.io.model.scene.aggregated_lidars_and_cameras_seq import (
    AggregatedLidarsAndCamerasSequence,
)
from kognic.io.model.scene.aggregated_lidars_and_cameras_seq import Frame as AggregatedFrame
from kognic.io.model.scene.cameras import Cameras
from kognic.io.model.scene.cameras import Frame as CamerasFrame
from kognic.io.model.scene.cameras_sequence import CamerasSequence
from kognic.io.model.scene.cameras_sequence import Frame as CamerasSequenceFrame
from kognic.io.model.scene.feature_flags import FeatureFlags
from kognic.io.model.scene.lidars import Frame as LidarsFrame
from kognic.io.model.scene.lidars import Lidars
from kognic.io.model.scene.lidars_and_cameras import Frame as LidarsAndCamerasFrame
from kognic.io.model.scene.lidars_and_cameras import LidarsAndCameras
from kognic.io.model.scene.lidars_and_cameras_sequence import Frame as LidarsAndCamerasSequenceFrame
from kognic.io.model.scene.lidars_and_cameras_sequence import LidarsAndCamerasSequence
from kognic.io.model.scene.lidars_sequence import Frame as LidarsSequenceFrame
from kognic.io.model.scene.lidars_sequence import LidarsSequence
from kognic.io.model.scene.metadata.metadata import MetaData
from kognic.io.model.scene.resources import Image, PointCloud
from kognic.io.resources.scene.file_data import FileData
from kognic.io.tools.input_creation import InputCreationResult, SceneWithPreAnnotation, create_inputs
from kognic.query.query_api_client import QueryApiClient


def clients(credentials: ApiCredentials) -> KognicIOClient:
    KognicIOClient(auth=("id", "secret"), write_workspace_id="w").close()
    KognicIOClient(auth=Path("~/credentials.json"), timeout=10, max_connections=20).close()
    KognicIOClient(auth="credentials.json", client_organization_id=42).close()
    return KognicIOClient(auth=credentials)


def read(client: KognicIOClient, uuid: str) -> None:
    assert_type(client.workspace.get_workspaces(roles=["developer"]), list[Workspace])
    assert_type(client.project.get_projects(), list[Project])
    assert_type(client.project.get_project_batches("p"), list[ProjectBatch])
    assert_type(client.project.get_annotation_types("p", batch="b"), list[str])
    assert_type(client.request.get_requests(project_id=uuid), list[Request])
    assert_type(client.scene.get_scenes_by_uuids([uuid]), list[Scene])
    assert_type(client.scene.get_scenes_by_external_ids([uuid]), list[Scene])
    assert_type(client.scene.get_scene_summary(uuid), SceneSummary)
    assert_type(client.scene.get_ego_poses(uuid), "dict[str, EgoVehiclePose] | None")
    assert_type(client.calibration.get_calibration(uuid), SensorCalibrationEntry)
    assert_type(client.calibration.get_calibrations(external_id="rig"), list[SensorCalibrationEntry])
    assert_type(client.input.query_inputs(project="p", batch="b"), list[Input])
    assert_type(client.input.get_request_input(uuid), RequestInput)
    request_inputs: Iterator[RequestInput] = client.input.get_request_inputs(request_id=uuid, page_size=10)
    assert_type(next(request_inputs), RequestInput)
    assert_type(client.annotation.get_annotation_by_id(uuid), Annotation)
    assert_type(client.annotation.get_annotation_for_input(uuid, iso_rotated_cuboids=True), Annotation)
    assert_type(client.annotation.get_annotations_for_scene(uuid), list[Annotation])
    assert_type(next(client.annotation.get_project_annotations("p", "signs")), client_annotation.Annotation)
    assert_type(client.annotation.get_annotation(uuid, "signs"), client_annotation.Annotation)
    assert_type(client.pre_annotation.get_with_content(uuid=uuid), ResolvedPreAnnotation)
    assert_type(client.review.get_review(uuid), Review)
    assert_type(client.review.get_auto_reviews(uuid), list[Review])
    assert_type(client.review.get_error_types(), list[ReviewErrorType])
    for item in client.pre_annotation.list(statuses=["available"]):
        print(item["id"])
    assert_type(client.scene.wait_until_created([uuid], timeout=60, poll_interval=1), list[Scene])
    for partial in client.annotation.list_project_annotations("p", "signs"):
        assert_type(client.annotation.download(partial, Path("a.json")).size, int)
    assert_type(client.input.get_inputs("p", include_invalidated=True), list[InputEntry])
    assert_type(client.input.get_inputs_by_uuids([uuid]), list[InputEntry])


def datasets(client: KognicIOClient, uuid: str) -> None:
    assert_type([dataset["uuid"] for dataset in client.dataset.get_datasets()], list[Any])
    assert_type(next(client.dataset.get_annotations(uuid)), dict[str, Any])
    assert_type(client.dataset.get_predictions_groups(uuid), list[dict[str, Any]])
    mapping = [{"annotated": "Car", "predicted": "car"}]
    assert_type(client.dataset.create_predictions_group(uuid, "n", "d", class_mapping=mapping), str)
    assert_type(client.dataset.create_prediction(uuid, uuid, Path("prediction.json")), str)
    assert_type(client.dataset.create_predictions(uuid, {uuid: "prediction.json"}), list[str])


def write(client: KognicIOClient, uuid: str) -> None:
    assert_type(client.project.create_batch("p", "b", publish_previous_batches=True), ProjectBatch)
    assert_type(client.project.publish_batch("p", "b"), ProjectBatch)
    assert_type(client.input.create_from_scene(uuid, project="p", batch="b"), Input)
    assert_type(client.input.create_from_scene(uuid, project="p", dryrun=True), "Input | None")
    assert_type(client.input.create_from_pre_annotation(uuid, request_uuid=uuid), Input)
    client.input.update_pre_annotation(uuid, uuid)
    client.input.delete_input(uuid)
    content = {"openlabel": {"metadata": {"schema_version": "1.0.0"}}}
    assert_type(client.pre_annotation.create(uuid, content, dryrun=False), CreatedPreAnnotation)
    assert_type(client.pre_annotation.create_from_cloud_resource(uuid, "e", "s3://bucket/a.json"), str)
    client.pre_annotation.make_indexed_pre_annotation_available(uuid)
    client.pre_annotation.delete(uuid)
    item = AddFeedbackItem(error_type_id=uuid, description="Too small")
    review = ReviewRequest(feedback_items=[item], workflow=ReviewWorkflowEnum.CORRECT, accepted=False)
    assert_type(client.review.create_review(uuid, review), ReviewResponse)
    client.task.assign_task(uuid, user_id=1)
    client.task.unassign_task(uuid)
    client.scene.commit_scene(uuid)
    client.scene.invalidate_scenes([uuid], SceneInvalidatedReason.DUPLICATE)
    client.scene.import_indexed_scene(uuid)
    client.scene.reindex_scene(uuid)


def calibrate(client: KognicIOClient) -> str:
    position, rotation = Position(x=0.0, y=0.0, z=1.5), RotationQuaternion(w=1.0, x=0.0, y=0.0, z=0.0)
    camera = PinholeCalibration(
        position=position,
        rotation_quaternion=rotation,
        camera_matrix=CameraMatrix(fx=1.0, fy=1.0, cx=1.0, cy=1.0),
        distortion_coefficients=DistortionCoefficients(k1=0.0, k2=0.0, p1=0.0, p2=0.0, k3=0.0),
        image_height=480,
        image_width=640,
    )
    lidar = LidarCalibration(position=position, rotation_quaternion=rotation)
    rig = SensorCalibration(external_id="rig", calibration={"CAM": camera, "lidar": lidar})
    return client.calibration.create_calibration(rig).id


def create(client: KognicIOClient, calibration: str) -> list[CreateSceneResponse | None]:
    image, cloud = Image(filename="a.jpg", sensor_name="CAM"), PointCloud(filename="a.las")
    data = FileData(data=b"content", format=FileData.Format.PNG)
    image_in_memory = Image(filename="b.png", file_data=data)
    position, rotation = Position(x=0.0, y=0.0, z=0.0), RotationQuaternion(w=1.0, x=0.0, y=0.0, z=0.0)
    pose = EgoVehiclePose(position=position, rotation=rotation)
    imu = [IMUData(position=position, rotation_quaternion=rotation, timestamp=1)]
    aggregated_frame = AggregatedFrame(
        frame_id="0", relative_timestamp=0, images=[image], point_clouds=[cloud], ego_vehicle_pose=pose
    )
    both = LidarsAndCameras(
        external_id="e",
        frame=LidarsAndCamerasFrame(images=[image], point_clouds=[cloud]),
        calibration_id=calibration,
    )
    both_frame = LidarsAndCamerasSequenceFrame(
        frame_id="0", relative_timestamp=0, images=[image], point_clouds=[cloud]
    )
    return [
        client.cameras.create(
            Cameras(external_id="e", frame=CamerasFrame(images=[image_in_memory])),
            project="p",
            feature_flags=FeatureFlags.defaults(),
        ),
        client.cameras_sequence.create(
            CamerasSequence(
                external_id="e",
                frames=[CamerasSequenceFrame(frame_id="0", relative_timestamp=0, images=[image])],
            )
        ),
        client.lidars.create(
            Lidars(external_id="e", frame=LidarsFrame(point_clouds=[cloud], unix_timestamp=1), imu_data=imu)
        ),
        client.lidars_sequence.create(
            LidarsSequence(
                external_id="e",
                frames=[LidarsSequenceFrame(frame_id="0", relative_timestamp=0, point_clouds=[cloud])],
            )
        ),
        client.lidars_and_cameras.create(both, project="p", batch="b", dryrun=True),
        client.lidars_and_cameras_sequence.create(
            LidarsAndCamerasSequence(external_id="e", frames=[both_frame], calibration_id=calibration)
        ),
        client.aggregated_lidars_and_cameras_seq.create(
            AggregatedLidarsAndCamerasSequence(
                external_id="e", frames=[aggregated_frame], calibration_id=calibration
            )
        ),
    ]


def build(pins: list[PinholeCalibration], names: tuple[str, ...]) -> list[LidarsAndCamerasSequenceFrame]:
    # Lists and dicts of subclasses, paths, plain dicts as metadata: what the models accept, the checkers do.
    SensorCalibration(external_id="rig", calibration={str(n): pin for n, pin in enumerate(pins)})
    rig: dict[str, PinholeCalibration] = {"CAM": pins[0]}
    entry = SensorCalibration(external_id="rig", calibration=rig)
    assert_type(entry.calibration, dict[str, BaseCalibration])
    data = FileData(FileData.Format.JPG, callback=lambda name: name.encode())
    image = Image(filename=Path("~/a.jpg"), sensor_name="CAM", file_data=data, metadata=None)
    assert_type(image.filename, str)
    frame = CamerasFrame(images=(image,))
    frame.images.append(image)
    assert_type(frame.images, list[Image])
    scene = Cameras(
        external_id="x",
        frame=frame,
        metadata={"region": "EU", "night": False, "speed": 31.5},
        sensor_specification=SensorSpecification(sensor_order=names, sensor_to_pretty_name={"CAM": "Front"}),
    )
    scene.metadata = MetaData(region="EU", vehicle_id="v12", lanes=2)
    assert_type(scene.metadata.region, "str | None")
    assert_type(Cameras.from_json(scene.to_dict()), Cameras)
    assert_type(scene.model_copy(update={"external_id": "y"}), Cameras)
    case = TestCase(point3d=Point3d(x=1, y=2, z=3), point2d=Point2d(x=1.5, y=2.5))
    custom = CustomCameraCalibration.from_file(Path("camera.wasm"), test_cases=[case])
    assert_type(custom, CustomCameraCalibration)
    frames = [
        LidarsAndCamerasSequenceFrame(
            frame_id=str(n), relative_timestamp=n, point_clouds=[], images=frame.images, metadata={"n": n}
        )
        for n in range(3)
    ]
    LidarsAndCamerasSequence(external_id="x", frames=iter(frames), calibration_id="c", metadata=None)
    return frames


def status(scene: Scene) -> str:
    assert_type(scene.status, SceneStatus)
    if scene.status is SceneStatus.Failed:
        return scene.error_message or ""
    return scene.status.value


def create_from_request(client: KognicIOClient) -> str:
    file = scene_request.LocalFile(filename="a.jpg")
    image = scene_request.ImageResource(None, file, "CAM")
    frame = scene_request.Frame(frame_id="0", timestamp_ns=1, images=[image])
    request = scene_request.SceneRequest(workspace_id="w", external_id="e", frames=[frame])
    return client.scene.create_scene(request).scene_uuid


def create_many(client: KognicIOClient, scenes: list[Cameras]) -> None:
    wrapped = [SceneWithPreAnnotation(scene=scene) for scene in scenes]
    for result in create_inputs(client, wrapped, "project", batch="batch"):
        assert_type(result, InputCreationResult)


def search() -> None:
    client = QueryApiClient(auth=("id", "secret"))
    for item in client.query_judgements("requestId = 5", limit=10).items():
        print(item)


def handle(client: KognicIOClient) -> str:
    try:
        with client:
            return client.scene.get_scene_summary("unknown").external_id
    except NotFoundError as error:
        assert_type(error.status_code, int)
        return error.message
    except ApiError as error:
        return str(error.request_id)
