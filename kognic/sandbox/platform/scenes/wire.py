"""Bodies of the v2 scene calls."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from kognic.sandbox.platform.scenes.typed_wire import MAX_IMAGES, MAX_POINT_CLOUDS
from kognic.sandbox.platform.wire import FlatValue, Pose, SensorSpecification, Text, Wire


class Resource(Wire):
    """A file that will be uploaded, or one in the customer's cloud."""

    local_filename: Text | None = None
    external_resource_uri: Text | None = None

    @model_validator(mode="after")
    def _exactly_one_source(self) -> Resource:
        if (self.local_filename is None) == (self.external_resource_uri is None):
            raise ValueError("exactly one of localFilename and externalResourceUri must be given")
        return self


class SensorResource(Resource):
    """A file of a sensor."""

    sensor_name: Text


class ShutterTimes(Wire):
    """When the exposure of an image started and ended, Unix nanoseconds."""

    start_shutter_timestamp_ns: int
    end_shutter_timestamp_ns: int
    reversed_shutter: bool | None = None

    @model_validator(mode="after")
    def _starts_before_it_ends(self) -> ShutterTimes:
        if self.start_shutter_timestamp_ns >= self.end_shutter_timestamp_ns:
            raise ValueError("startShutterTimestampNs must be less than endShutterTimestampNs")
        return self


class Image(Wire):
    """An image of a frame."""

    resource: SensorResource
    metadata: ShutterTimes | None = None


class PointClouds(Wire):
    """The point clouds of a frame, and the vehicle's pose."""

    resources: Annotated[list[SensorResource], Field(min_length=1, max_length=MAX_POINT_CLOUDS)]
    ego_vehicle_pose: Pose | None = None


class Frame(Wire):
    """A frame; its time is Unix nanoseconds."""

    id: Text
    timestamp_ns: int
    images: Annotated[list[Image], Field(max_length=MAX_IMAGES)] = []
    point_clouds: PointClouds | None = None
    metadata: dict[str, FlatValue] = {}

    @model_validator(mode="after")
    def _holds_something(self) -> Frame:
        if not self.images and self.point_clouds is None:
            raise ValueError("a frame needs images or point clouds")
        return self


class Specification(Wire):
    """The content of a scene: frames, metadata, IMU data."""

    frames: Annotated[list[Frame], Field(min_length=1)]
    sensor_specification: SensorSpecification | None = None
    metadata: dict[str, FlatValue] = {}
    imu_data: Resource | None = None
    should_motion_compensate: bool | None = None


class CreateScene(Wire):
    """A scene of local files, files in the customer's cloud, or both."""

    workspace_id: Text
    external_id: Text
    calibration_id: str | None = None
    postpone_external_resource_import: bool | None = None
    converted_specification: Specification


class QueryScenes(Wire):
    """The scenes to return, by UUID or by external ID."""

    scene_uuids: list[str] | None = None
    external_ids: list[str] | None = None

    @model_validator(mode="after")
    def _exactly_one_key(self) -> QueryScenes:
        if (self.scene_uuids is None) == (self.external_ids is None):
            raise ValueError("exactly one of sceneUuids and externalIds must be given")
        return self


Reason = Literal["bad-content", "duplicate", "incorrectly-created"]


class InvalidateScenes(Wire):
    """The scenes to invalidate, and why."""

    scene_uuids: Annotated[list[str], Field(min_length=1)]
    reason: Reason


class PatchScene(Wire):
    """A change of state: imports an indexed scene, or takes the import back."""

    status: Literal["created", "indexed"]
