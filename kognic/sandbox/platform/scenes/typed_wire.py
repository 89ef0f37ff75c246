"""Bodies of the seven typed scene calls, of `initialize` and of the IMU call."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from kognic.sandbox.platform.wire import (
    FlatValue,
    Pose,
    Position,
    Rotation,
    SensorSpecification,
    Text,
    Wire,
)

# Documented limits per frame.
MAX_IMAGES = 9
# As documented.
MAX_POINT_CLOUDS = 20


class Initialize(Wire):
    """The workspace to reserve the UUID of a scene in."""

    workspace_id: Text


class ImuSample(Wire):
    """The vehicle's pose in the world at a Unix time, nanoseconds."""

    position: Position
    rotation_quaternion: Rotation
    timestamp: int


class ImuRequest(Wire):
    """The IMU data of a scene to validate; `internal_id` is the scene's UUID."""

    internal_id: Text
    imu_data: Annotated[list[ImuSample], Field(min_length=1)]


class ShutterTimes(Wire):
    """When the exposure of an image started and ended, Unix nanoseconds."""

    shutter_time_start_ns: int
    shutter_time_end_ns: int
    reversed_shutter: bool | None = None


class PointCloud(Wire):
    """A file of a lidar."""

    filename: Text
    resource_id: Text
    sensor_name: Text


class Image(PointCloud):
    """A file of a camera."""

    metadata: ShutterTimes | None = None


class FeatureFlags(Wire):
    """How the scene is processed."""

    should_motion_compensate: bool = True


Images = Annotated[list[Image], Field(min_length=1, max_length=MAX_IMAGES)]
# Sensors drop out: a frame of a sequence may lack its images, and the models leave them out by default.
SomeImages = Annotated[list[Image], Field(max_length=MAX_IMAGES)]
PointClouds = Annotated[list[PointCloud], Field(min_length=1, max_length=MAX_POINT_CLOUDS)]


class CamerasFrame(Wire):
    """The frame of a scene of one frame, of cameras."""

    images: Images


class LidarsFrame(Wire):
    """The frame of a scene of one frame, of lidars."""

    point_clouds: PointClouds
    unix_timestamp: int | None = None


class LidarsAndCamerasFrame(LidarsFrame):
    """The frame of a scene of one frame, of both."""

    images: Images


class SequenceFrame(Wire):
    """A frame of a sequence; the relative time is in milliseconds."""

    frame_id: Text
    relative_timestamp: int
    metadata: dict[str, FlatValue] = {}


class CamerasSequenceFrame(SequenceFrame):
    """A frame of a sequence of cameras."""

    images: SomeImages = []
    unix_timestamp: int | None = None
    ego_vehicle_pose: Pose | None = None


class LidarsSequenceFrame(SequenceFrame):
    """A frame of a sequence of lidars."""

    point_clouds: PointClouds
    unix_timestamp: int | None = None
    ego_vehicle_pose: Pose | None = None


class LidarsAndCamerasSequenceFrame(LidarsSequenceFrame):
    """A frame of a sequence of both."""

    images: SomeImages = []


class AggregatedFrame(SequenceFrame):
    """Clouds may be missing after the first frame: see `validation`."""

    point_clouds: Annotated[list[PointCloud], Field(max_length=MAX_POINT_CLOUDS)]
    images: SomeImages = []
    unix_timestamp: int | None = None
    ego_vehicle_pose: Pose


class SceneBody(Wire):
    """What the bodies of all seven types have; `internal_id` is the reserved UUID."""

    external_id: Text
    internal_id: Text
    metadata: dict[str, FlatValue] = {}
    feature_flags: FeatureFlags = FeatureFlags()
    sensor_specification: SensorSpecification | None = None
    imu_data: str | None = None

    @field_validator("metadata")
    @classmethod
    def _region_is_text(cls, metadata: dict[str, FlatValue]) -> dict[str, FlatValue]:
        if not isinstance(metadata.get("region", ""), str):
            raise ValueError("region must be text")
        return metadata


class CamerasBody(SceneBody):
    """A scene of type `cameras`."""

    frame: CamerasFrame
    calibration_id: Text | None = None


class LidarsBody(SceneBody):
    """A scene of type `lidars`."""

    frame: LidarsFrame


class LidarsAndCamerasBody(SceneBody):
    """A scene of type `lidars_and_cameras`."""

    frame: LidarsAndCamerasFrame
    calibration_id: Text


class CamerasSequenceBody(SceneBody):
    """A scene of type `cameras_sequence`."""

    frames: Annotated[list[CamerasSequenceFrame], Field(min_length=1)]
    calibration_id: Text | None = None


class LidarsSequenceBody(SceneBody):
    """A scene of type `lidars_sequence`."""

    frames: Annotated[list[LidarsSequenceFrame], Field(min_length=1)]


class LidarsAndCamerasSequenceBody(SceneBody):
    """A scene of type `lidars_and_cameras_sequence`."""

    frames: Annotated[list[LidarsAndCamerasSequenceFrame], Field(min_length=1)]
    calibration_id: Text


class AggregatedBody(SceneBody):
    """A scene of type `aggregated_lidars_and_cameras_sequence`."""

    frames: Annotated[list[AggregatedFrame], Field(min_length=1)]
    calibration_id: Text


# Path segment of the call to the shape of its body. The scene type is the segment with underscores.
BODIES: dict[str, type[SceneBody]] = {
    "cameras": CamerasBody,
    "cameras-sequence": CamerasSequenceBody,
    "lidars": LidarsBody,
    "lidars-sequence": LidarsSequenceBody,
    "lidars-and-cameras": LidarsAndCamerasBody,
    "lidars-and-cameras-sequence": LidarsAndCamerasSequenceBody,
    "aggregated-lidars-and-cameras-sequence": AggregatedBody,
}
