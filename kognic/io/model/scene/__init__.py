"""Scenes, to upload and as returned by the platform."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic._core.lazy import attach

if TYPE_CHECKING:
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
    from kognic.io.model.scene.scene_request import (
        EgoVehiclePose,
        Frame,
        ImageResource,
        LocalFile,
        Resource,
        SceneRequest,
        SensorResource,
    )
    from kognic.io.model.scene.scene_summary import SceneSummary
    from kognic.io.model.scene.scene_type import SceneType
    from kognic.io.model.scene.sensor_specification import CameraSettings, SensorSpecification
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "AggregatedLidarsAndCamerasSequence": "kognic.io.model.scene.aggregated_lidars_and_cameras_seq",
            "BaseSceneWithIMUData": "kognic.io.model.scene.abstract",
            "CameraSettings": "kognic.io.model.scene.sensor_specification",
            "Cameras": "kognic.io.model.scene.cameras",
            "CamerasSequence": "kognic.io.model.scene.cameras_sequence",
            "CreateSceneResponse": "kognic.io.model.scene.scene_job",
            "EgoVehiclePose": "kognic.io.model.scene.scene_request",
            "Frame": "kognic.io.model.scene.scene_request",
            "GetScenesRequest": "kognic.io.model.scene.get_scenes_request",
            "GetScenesRequestForExtIds": "kognic.io.model.scene.get_scenes_request",
            "GetScenesRequestForUuids": "kognic.io.model.scene.get_scenes_request",
            "Image": "kognic.io.model.scene.resources.image",
            "ImageMetadata": "kognic.io.model.scene.resources.image",
            "ImageResource": "kognic.io.model.scene.scene_request",
            "InitializedSceneJob": "kognic.io.model.scene.scene_job",
            "LidarsAndCameras": "kognic.io.model.scene.lidars_and_cameras",
            "LidarsAndCamerasSequence": "kognic.io.model.scene.lidars_and_cameras_sequence",
            "LocalFile": "kognic.io.model.scene.scene_request",
            "MissingFileError": "kognic.io.model.scene.resources.resource",
            "PointCloud": "kognic.io.model.scene.resources.point_cloud",
            "Resource": "kognic.io.model.scene.scene_request",
            "Scene": "kognic.io.model.scene.scene_entry",
            "SceneInvalidatedReason": "kognic.io.model.scene.invalidated_reason",
            "SceneJobCreated": "kognic.io.model.scene.scene_job",
            "SceneRequest": "kognic.io.model.scene.scene_request",
            "SceneStatus": "kognic.io.model.scene.scene_entry",
            "SceneSummary": "kognic.io.model.scene.scene_summary",
            "SceneType": "kognic.io.model.scene.scene_type",
            "SensorResource": "kognic.io.model.scene.scene_request",
            "SensorSpecification": "kognic.io.model.scene.sensor_specification",
            "SequenceFrame": "kognic.io.model.scene.abstract",
        },
    )

__all__ = [
    "AggregatedLidarsAndCamerasSequence",
    "BaseSceneWithIMUData",
    "CameraSettings",
    "Cameras",
    "CamerasSequence",
    "CreateSceneResponse",
    "EgoVehiclePose",
    "Frame",
    "GetScenesRequest",
    "GetScenesRequestForExtIds",
    "GetScenesRequestForUuids",
    "Image",
    "ImageMetadata",
    "ImageResource",
    "InitializedSceneJob",
    "LidarsAndCameras",
    "LidarsAndCamerasSequence",
    "LocalFile",
    "MissingFileError",
    "PointCloud",
    "Resource",
    "Scene",
    "SceneInvalidatedReason",
    "SceneJobCreated",
    "SceneRequest",
    "SceneStatus",
    "SceneSummary",
    "SceneType",
    "SensorResource",
    "SensorSpecification",
    "SequenceFrame",
]
