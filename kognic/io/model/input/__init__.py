"""Inputs: scenes placed in a request; and, below, deprecated names of scenes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic._core.lazy import attach

if TYPE_CHECKING:
    from kognic.io.model.input.abstract import BaseFrame, BaseInput, BaseInputWithIMUData, SequenceFrame
    from kognic.io.model.input.aggregated_lidars_and_cameras_seq import AggregatedLidarsAndCamerasSequence
    from kognic.io.model.input.cameras import Cameras
    from kognic.io.model.input.cameras_sequence import CamerasSequence
    from kognic.io.model.input.feature_flags import FeatureFlags
    from kognic.io.model.input.input import Input
    from kognic.io.model.input.invalidated_reason_input import InvalidatedReasonInput
    from kognic.io.model.input.lidars import Lidars
    from kognic.io.model.input.lidars_and_cameras import LidarsAndCameras
    from kognic.io.model.input.lidars_and_cameras_sequence import LidarsAndCamerasSequence
    from kognic.io.model.input.lidars_sequence import LidarsSequence
    from kognic.io.model.input.metadata.metadata import FrameMetaData, MetaData
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
    from kognic.io.model.input.resources import Image, ImageMetadata, MissingFileError, PointCloud, Resource
    from kognic.io.model.input.sensor_specification import CameraSettings, SensorSpecification
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "AggregatedLidarsAndCamerasSequence": "kognic.io.model.input.aggregated_lidars_and_cameras_seq",
            "BaseFrame": "kognic.io.model.input.abstract",
            "BaseInput": "kognic.io.model.input.abstract",
            "BaseInputWithIMUData": "kognic.io.model.input.abstract",
            "CameraSettings": "kognic.io.model.input.sensor_specification",
            "Cameras": "kognic.io.model.input.cameras",
            "CamerasSequence": "kognic.io.model.input.cameras_sequence",
            "CurrentTask": "kognic.io.model.input.request_input",
            "FeatureFlags": "kognic.io.model.input.feature_flags",
            "FrameMetaData": "kognic.io.model.input.metadata.metadata",
            "Image": "kognic.io.model.input.resources",
            "ImageMetadata": "kognic.io.model.input.resources",
            "Input": "kognic.io.model.input.input",
            "InputProgressDetails": "kognic.io.model.input.request_input",
            "InvalidatedReasonInput": "kognic.io.model.input.invalidated_reason_input",
            "Lidars": "kognic.io.model.input.lidars",
            "LidarsAndCameras": "kognic.io.model.input.lidars_and_cameras",
            "LidarsAndCamerasSequence": "kognic.io.model.input.lidars_and_cameras_sequence",
            "LidarsSequence": "kognic.io.model.input.lidars_sequence",
            "MetaData": "kognic.io.model.input.metadata.metadata",
            "MissingFileError": "kognic.io.model.input.resources",
            "Phase": "kognic.io.model.input.request_input",
            "PhaseAction": "kognic.io.model.input.request_input",
            "PhaseDefinition": "kognic.io.model.input.request_input",
            "PointCloud": "kognic.io.model.input.resources",
            "RequestInput": "kognic.io.model.input.request_input",
            "RequestInputStatus": "kognic.io.model.input.request_input",
            "Resource": "kognic.io.model.input.resources",
            "SensorSpecification": "kognic.io.model.input.sensor_specification",
            "SequenceFrame": "kognic.io.model.input.abstract",
            "TaskType": "kognic.io.model.input.request_input",
            "WorkflowStage": "kognic.io.model.input.request_input",
        },
    )

__all__ = [
    "AggregatedLidarsAndCamerasSequence",
    "BaseFrame",
    "BaseInput",
    "BaseInputWithIMUData",
    "CameraSettings",
    "Cameras",
    "CamerasSequence",
    "CurrentTask",
    "FeatureFlags",
    "FrameMetaData",
    "Image",
    "ImageMetadata",
    "Input",
    "InputProgressDetails",
    "InvalidatedReasonInput",
    "Lidars",
    "LidarsAndCameras",
    "LidarsAndCamerasSequence",
    "LidarsSequence",
    "MetaData",
    "MissingFileError",
    "Phase",
    "PhaseAction",
    "PhaseDefinition",
    "PointCloud",
    "RequestInput",
    "RequestInputStatus",
    "Resource",
    "SensorSpecification",
    "SequenceFrame",
    "TaskType",
    "WorkflowStage",
]
