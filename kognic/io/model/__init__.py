"""Models to build and returned by the platform, each imported at first use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic._core.lazy import attach

if TYPE_CHECKING:
    from kognic.base_clients.cloud_storage.upload_spec import Callback, UploadableData
    from kognic.base_clients.serialization import BaseSerializer
    from kognic.io.model import (
        annotation,
        calibration,
        ego,
        input,  # noqa: A004
        pre_annotation,
        projects,
        request,
        scene,
        workspace,
    )
    from kognic.io.model.annotation.annotation import Annotation, PartialAnnotation, SignedAnnotation
    from kognic.io.model.calibration.calib import SensorCalibration, SensorCalibrationEntry
    from kognic.io.model.calibration.camera.common import (
        BaseStandardCameraCalibration,
        CameraMatrix,
        DistortionCoefficients,
    )
    from kognic.io.model.calibration.camera.custom_camera_calibration import CustomCameraCalibration
    from kognic.io.model.calibration.camera.standard import (
        CylindricalCalibration,
        FisheyeCalibration,
        FusedCylindricalCalibration,
        KannalaCalibration,
        PinholeCalibration,
        PrincipalPointDistortionCalibration,
        PrincipalPointFisheyeCalibration,
    )
    from kognic.io.model.calibration.common import (
        BaseCalibration,
        CalibrationType,
        Position,
        RotationQuaternion,
    )
    from kognic.io.model.calibration.lidar.lidar_calibration import LidarCalibration, LidarFieldOfView
    from kognic.io.model.ego.imu_data import IMUData
    from kognic.io.model.ego.utils import UnixTimestampNs
    from kognic.io.model.ego.vehicle_pose import EgoVehiclePose
    from kognic.io.model.files_to_upload import FilesToUpload
    from kognic.io.model.input.input_entry import Input, InputStatus
    from kognic.io.model.input.request_input import (
        CurrentTask,
        InputProgressDetails,
        Phase,
        PhaseAction,
        PhaseDefinition,
        RequestInput,
        RequestInputStatus,
        TaskType,
        WorkflowStage,
    )
    from kognic.io.model.pre_annotation.pre_annotation import CreatedPreAnnotation
    from kognic.io.model.pre_annotation.resolved_pre_annotation import ResolvedPreAnnotation
    from kognic.io.model.projects.project import Project
    from kognic.io.model.projects.project_batch import ProjectBatch, ProjectBatchStatus
    from kognic.io.model.request.request import InputProgressCounts, Request
    from kognic.io.model.scene.abstract import BaseSceneWithIMUData, SequenceFrame
    from kognic.io.model.scene.aggregated_lidars_and_cameras_seq import AggregatedLidarsAndCamerasSequence
    from kognic.io.model.scene.cameras import Cameras
    from kognic.io.model.scene.cameras_sequence import CamerasSequence
    from kognic.io.model.scene.get_scenes_request import (
        GetScenesRequest,
        GetScenesRequestForExtIds,
        GetScenesRequestForUuids,
    )
    from kognic.io.model.scene.invalidated_reason import SceneInvalidatedReason
    from kognic.io.model.scene.lidars_and_cameras import LidarsAndCameras
    from kognic.io.model.scene.lidars_and_cameras_sequence import LidarsAndCamerasSequence
    from kognic.io.model.scene.resources.image import Image, ImageMetadata
    from kognic.io.model.scene.resources.point_cloud import PointCloud
    from kognic.io.model.scene.resources.resource import MissingFileError
    from kognic.io.model.scene.scene_entry import Scene, SceneStatus
    from kognic.io.model.scene.scene_job import CreateSceneResponse, InitializedSceneJob, SceneJobCreated
    from kognic.io.model.scene.scene_summary import SceneSummary
    from kognic.io.model.scene.scene_type import SceneType
    from kognic.io.model.scene.sensor_specification import CameraSettings, SensorSpecification
    from kognic.io.model.upload_url import UploadUrls
    from kognic.io.model.workspace.workspace import Workspace
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "AggregatedLidarsAndCamerasSequence": "kognic.io.model.scene.aggregated_lidars_and_cameras_seq",
            "Annotation": "kognic.io.model.annotation.annotation",
            "BaseCalibration": "kognic.io.model.calibration.common",
            "BaseSceneWithIMUData": "kognic.io.model.scene.abstract",
            "BaseSerializer": "kognic.base_clients.serialization",
            "BaseStandardCameraCalibration": "kognic.io.model.calibration.camera.common",
            "CalibrationType": "kognic.io.model.calibration.common",
            "Callback": "kognic.base_clients.cloud_storage.upload_spec",
            "CameraMatrix": "kognic.io.model.calibration.camera.common",
            "CameraSettings": "kognic.io.model.scene.sensor_specification",
            "Cameras": "kognic.io.model.scene.cameras",
            "CamerasSequence": "kognic.io.model.scene.cameras_sequence",
            "CreateSceneResponse": "kognic.io.model.scene.scene_job",
            "CreatedPreAnnotation": "kognic.io.model.pre_annotation.pre_annotation",
            "CurrentTask": "kognic.io.model.input.request_input",
            "CustomCameraCalibration": "kognic.io.model.calibration.camera.custom_camera_calibration",
            "CylindricalCalibration": "kognic.io.model.calibration.camera.standard",
            "DistortionCoefficients": "kognic.io.model.calibration.camera.common",
            "EgoVehiclePose": "kognic.io.model.ego.vehicle_pose",
            "FilesToUpload": "kognic.io.model.files_to_upload",
            "FisheyeCalibration": "kognic.io.model.calibration.camera.standard",
            "FusedCylindricalCalibration": "kognic.io.model.calibration.camera.standard",
            "GetScenesRequest": "kognic.io.model.scene.get_scenes_request",
            "GetScenesRequestForExtIds": "kognic.io.model.scene.get_scenes_request",
            "GetScenesRequestForUuids": "kognic.io.model.scene.get_scenes_request",
            "IMUData": "kognic.io.model.ego.imu_data",
            "Image": "kognic.io.model.scene.resources.image",
            "ImageMetadata": "kognic.io.model.scene.resources.image",
            "InitializedSceneJob": "kognic.io.model.scene.scene_job",
            "Input": "kognic.io.model.input.input_entry",
            "InputProgressCounts": "kognic.io.model.request.request",
            "InputProgressDetails": "kognic.io.model.input.request_input",
            "InputStatus": "kognic.io.model.input.input_entry",
            "KannalaCalibration": "kognic.io.model.calibration.camera.standard",
            "LidarCalibration": "kognic.io.model.calibration.lidar.lidar_calibration",
            "LidarFieldOfView": "kognic.io.model.calibration.lidar.lidar_calibration",
            "LidarsAndCameras": "kognic.io.model.scene.lidars_and_cameras",
            "LidarsAndCamerasSequence": "kognic.io.model.scene.lidars_and_cameras_sequence",
            "MissingFileError": "kognic.io.model.scene.resources.resource",
            "PartialAnnotation": "kognic.io.model.annotation.annotation",
            "Phase": "kognic.io.model.input.request_input",
            "PhaseAction": "kognic.io.model.input.request_input",
            "PhaseDefinition": "kognic.io.model.input.request_input",
            "PinholeCalibration": "kognic.io.model.calibration.camera.standard",
            "PointCloud": "kognic.io.model.scene.resources.point_cloud",
            "Position": "kognic.io.model.calibration.common",
            "PrincipalPointDistortionCalibration": "kognic.io.model.calibration.camera.standard",
            "PrincipalPointFisheyeCalibration": "kognic.io.model.calibration.camera.standard",
            "Project": "kognic.io.model.projects.project",
            "ProjectBatch": "kognic.io.model.projects.project_batch",
            "ProjectBatchStatus": "kognic.io.model.projects.project_batch",
            "Request": "kognic.io.model.request.request",
            "RequestInput": "kognic.io.model.input.request_input",
            "RequestInputStatus": "kognic.io.model.input.request_input",
            "ResolvedPreAnnotation": "kognic.io.model.pre_annotation.resolved_pre_annotation",
            "RotationQuaternion": "kognic.io.model.calibration.common",
            "Scene": "kognic.io.model.scene.scene_entry",
            "SceneInvalidatedReason": "kognic.io.model.scene.invalidated_reason",
            "SceneJobCreated": "kognic.io.model.scene.scene_job",
            "SceneStatus": "kognic.io.model.scene.scene_entry",
            "SceneSummary": "kognic.io.model.scene.scene_summary",
            "SceneType": "kognic.io.model.scene.scene_type",
            "SensorCalibration": "kognic.io.model.calibration.calib",
            "SensorCalibrationEntry": "kognic.io.model.calibration.calib",
            "SensorSpecification": "kognic.io.model.scene.sensor_specification",
            "SequenceFrame": "kognic.io.model.scene.abstract",
            "SignedAnnotation": "kognic.io.model.annotation.annotation",
            "TaskType": "kognic.io.model.input.request_input",
            "UnixTimestampNs": "kognic.io.model.ego.utils",
            "UploadUrls": "kognic.io.model.upload_url",
            "UploadableData": "kognic.base_clients.cloud_storage.upload_spec",
            "WorkflowStage": "kognic.io.model.input.request_input",
            "Workspace": "kognic.io.model.workspace.workspace",
            "annotation": "kognic.io.model.annotation:",
            "calibration": "kognic.io.model.calibration:",
            "ego": "kognic.io.model.ego:",
            "input": "kognic.io.model.input:",
            "pre_annotation": "kognic.io.model.pre_annotation:",
            "projects": "kognic.io.model.projects:",
            "request": "kognic.io.model.request:",
            "scene": "kognic.io.model.scene:",
            "workspace": "kognic.io.model.workspace:",
        },
    )

__all__ = [
    "AggregatedLidarsAndCamerasSequence",
    "Annotation",
    "BaseCalibration",
    "BaseSceneWithIMUData",
    "BaseSerializer",
    "BaseStandardCameraCalibration",
    "CalibrationType",
    "Callback",
    "CameraMatrix",
    "CameraSettings",
    "Cameras",
    "CamerasSequence",
    "CreateSceneResponse",
    "CreatedPreAnnotation",
    "CurrentTask",
    "CustomCameraCalibration",
    "CylindricalCalibration",
    "DistortionCoefficients",
    "EgoVehiclePose",
    "FilesToUpload",
    "FisheyeCalibration",
    "FusedCylindricalCalibration",
    "GetScenesRequest",
    "GetScenesRequestForExtIds",
    "GetScenesRequestForUuids",
    "IMUData",
    "Image",
    "ImageMetadata",
    "InitializedSceneJob",
    "Input",
    "InputProgressCounts",
    "InputProgressDetails",
    "InputStatus",
    "KannalaCalibration",
    "LidarCalibration",
    "LidarFieldOfView",
    "LidarsAndCameras",
    "LidarsAndCamerasSequence",
    "MissingFileError",
    "PartialAnnotation",
    "Phase",
    "PhaseAction",
    "PhaseDefinition",
    "PinholeCalibration",
    "PointCloud",
    "Position",
    "PrincipalPointDistortionCalibration",
    "PrincipalPointFisheyeCalibration",
    "Project",
    "ProjectBatch",
    "ProjectBatchStatus",
    "Request",
    "RequestInput",
    "RequestInputStatus",
    "ResolvedPreAnnotation",
    "RotationQuaternion",
    "Scene",
    "SceneInvalidatedReason",
    "SceneJobCreated",
    "SceneStatus",
    "SceneSummary",
    "SceneType",
    "SensorCalibration",
    "SensorCalibrationEntry",
    "SensorSpecification",
    "SequenceFrame",
    "SignedAnnotation",
    "TaskType",
    "UnixTimestampNs",
    "UploadUrls",
    "UploadableData",
    "WorkflowStage",
    "Workspace",
    "annotation",
    "calibration",
    "ego",
    "input",
    "pre_annotation",
    "projects",
    "request",
    "scene",
    "workspace",
]
