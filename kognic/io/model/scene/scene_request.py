"""Scenes as the newer call takes them: files here or in your own storage, in one shape for all types.

Plain data classes: arguments by position or keyword, no coercion. Their JSON has another shape than they
have, so that it is written out here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs
from attrs import setters

from kognic.base_clients.errors import ModelValidationError
from kognic.base_clients.serialization.scalars import plain

if TYPE_CHECKING:
    from kognic.base_clients.cloud_storage.upload_spec import Callback
    from kognic.io.model.scene.metadata.metadata import MetaDataBase, MetaDataValue
    from kognic.io.model.scene.sensor_specification import SensorSpecification as SceneSensorSpecification


def _file_name(value: str | os.PathLike[str]) -> str:
    return os.fspath(value)


@attrs.define(on_setattr=setters.NO_OP)
class LocalFile:
    """A file of yours: `data`, else what `callback` returns for the name, else the file of that name.

    Attributes:
        filename: The name on the platform too; not looked at before the upload.
        data: The content.
        callback: Gets the content when the upload starts; plain or async.
    """

    filename: str = attrs.field(converter=_file_name)
    data: bytes | None = attrs.field(
        default=None, repr=lambda data: "None" if data is None else f"<{len(data)} bytes>"
    )
    callback: Callback | None = None


@attrs.define
class Resource:
    """One file: in your own connected storage, or here.

    Attributes:
        external_resource_uri: Where it is, such as `s3://bucket/key`.
        local_file: The file to upload.

    Raises:
        ModelValidationError: Neither or both are given.
    """

    external_resource_uri: str | None
    local_file: LocalFile | None

    def __attrs_post_init__(self) -> None:
        if bool(self.external_resource_uri) == (self.local_file is not None):
            raise ModelValidationError(
                "Exactly one of external_resource_uri or local_file must be provided",
                path="external_resource_uri",
            )

    def to_dict(self) -> dict[str, Any]:
        """Return the file in the form of the API."""
        if self.local_file is not None:
            return {"localFilename": self.local_file.filename}
        return {"externalResourceUri": self.external_resource_uri}


@attrs.define
class SensorResource(Resource):
    """One file of a sensor."""

    sensor_name: str

    def to_dict(self) -> dict[str, Any]:
        """Return the file in the form of the API."""
        return {"sensorName": self.sensor_name, **Resource.to_dict(self)}


@attrs.define
class ImageResource(SensorResource):
    """An image of a camera.

    Attributes:
        start_shutter_timestamp_ns: Unix time of the first row, nanoseconds; None if unknown.
        end_shutter_timestamp_ns: Unix time of the last row, nanoseconds; None if unknown.
        reversed_shutter: Whether the bottom row was exposed first; only with the times.

    Raises:
        ModelValidationError: One time without the other, the start not before the end, or a direction without
            times.
    """

    start_shutter_timestamp_ns: int | None = None
    end_shutter_timestamp_ns: int | None = None
    reversed_shutter: bool | None = None

    def __attrs_post_init__(self) -> None:
        Resource.__attrs_post_init__(self)
        start, end = self.start_shutter_timestamp_ns, self.end_shutter_timestamp_ns
        if (start is None) != (end is None):
            raise ModelValidationError(
                "Both start_shutter_timestamp_ns and end_shutter_timestamp_ns must be provided, or neither: "
                f"they are {start} and {end}",
                path="start_shutter_timestamp_ns" if start is None else "end_shutter_timestamp_ns",
            )
        if start is not None and end is not None and start >= end:
            raise ModelValidationError(
                f"start_shutter_timestamp_ns is {start}, must be less than end_shutter_timestamp_ns, {end}",
                path="start_shutter_timestamp_ns",
            )
        if start is None and self.reversed_shutter is not None:
            raise ModelValidationError(
                f"reversed_shutter is {self.reversed_shutter}, which needs both shutter timestamps",
                path="reversed_shutter",
            )

    def image_to_dict(self) -> dict[str, Any]:
        """Return the image in the form of the API."""
        image: dict[str, Any] = {"resource": self.to_dict()}
        if self.start_shutter_timestamp_ns is not None:
            image["metadata"] = _without_none(
                startShutterTimestampNs=self.start_shutter_timestamp_ns,
                endShutterTimestampNs=self.end_shutter_timestamp_ns,
                reversedShutter=self.reversed_shutter,
            )
        return image


@attrs.define
class EgoVehiclePose:
    """The pose of the vehicle in world coordinates at a frame.

    Attributes:
        x: Position, metres.
        y: Position, metres.
        z: Position, metres.
        rotation_x: Quaternion that maps vehicle to world coordinates.
        rotation_y: The same.
        rotation_z: The same.
        rotation_w: The same; the scalar.
    """

    x: float
    y: float
    z: float
    rotation_x: float
    rotation_y: float
    rotation_z: float
    rotation_w: float

    def to_dict(self) -> dict[str, Any]:
        """Return the pose in the form of the API."""
        return {
            "position": {"x": self.x, "y": self.y, "z": self.z},
            "rotation": {
                "x": self.rotation_x,
                "y": self.rotation_y,
                "z": self.rotation_z,
                "w": self.rotation_w,
            },
        }


@attrs.define
class Frame:
    """A frame of a scene.

    Attributes:
        frame_id: ID of the frame, unique in the scene.
        timestamp_ns: Unix time of the frame, nanoseconds.
        images: At most one per camera; may be empty when there are point clouds.
        pointclouds: At most one per lidar.
        ego_vehicle_pose: Pose of the vehicle; sent only with point clouds.
        metadata: Strings, numbers and booleans.

    Raises:
        ModelValidationError: There are neither images nor point clouds.
    """

    frame_id: str
    timestamp_ns: int
    images: Sequence[ImageResource]
    pointclouds: Sequence[SensorResource] | None = None
    ego_vehicle_pose: EgoVehiclePose | None = None
    metadata: Mapping[str, MetaDataValue] | MetaDataBase | None = None

    def __attrs_post_init__(self) -> None:
        if not self.images and not self.pointclouds:
            raise ModelValidationError(
                "Frame must contain at least one image, or point clouds", path="images"
            )

    def to_dict(self) -> dict[str, Any]:
        """Return the frame in the form of the API."""
        clouds = None
        if self.pointclouds:
            pose = self.ego_vehicle_pose
            clouds = _without_none(
                resources=[cloud.to_dict() for cloud in self.pointclouds],
                egoVehiclePose=None if pose is None else pose.to_dict(),
            )
        return _without_none(
            id=self.frame_id,
            timestampNs=self.timestamp_ns,
            images=[image.image_to_dict() for image in self.images],
            pointClouds=clouds,
            metadata=_metadata(self.metadata),
        )


@attrs.define
class SensorSpecification:
    """Display options of the sensors of a scene; the attribute names are those of the API.

    Attributes:
        sensorToPrettyName: Sensor name to the name that annotators see.
        sensorOrder: The order of the camera images, by sensor name.
    """

    sensorToPrettyName: Mapping[str, str]  # noqa: N815
    sensorOrder: Sequence[str]  # noqa: N815

    def to_dict(self) -> dict[str, Any]:
        """Return the specification in the form of the API."""
        return {"sensorToPrettyName": dict(self.sensorToPrettyName), "sensorOrder": list(self.sensorOrder)}


@attrs.define
class SceneRequest:
    """A scene of any type.

    Attributes:
        workspace_id: The workspace it will belong to.
        external_id: External ID, chosen by you.
        frames: Frames in chronological order.
        sensor_specification: Display options of the sensors.
        calibration_id: ID of the calibration; required with point clouds.
        metadata: Strings, numbers and booleans.
        imudata_resource: The vehicle's pose, many times per second, as a JSON file.
        should_motion_compensate: Whether to motion-compensate lidar points; None leaves it to the
            platform, which does.
        postpone_external_resource_import: Whether files in your own storage stay there for now.

    Raises:
        ModelValidationError: There are no frames.
    """

    workspace_id: str
    external_id: str
    frames: Sequence[Frame]
    sensor_specification: SensorSpecification | SceneSensorSpecification | None = None
    calibration_id: str | None = None
    metadata: Mapping[str, MetaDataValue] | MetaDataBase | None = None
    imudata_resource: Resource | None = None
    should_motion_compensate: bool | None = None
    postpone_external_resource_import: bool | None = None

    def __attrs_post_init__(self) -> None:
        if not self.frames:
            raise ModelValidationError("Scene must contain at least one frame", path="frames")

    def get_files(self) -> dict[str, LocalFile]:
        """Return the files to upload by name, each once."""
        files: dict[str, LocalFile] = {}
        for resource in self._resources():
            if resource.local_file is not None:
                files.setdefault(resource.local_file.filename, resource.local_file)
        return files

    def to_dict(self) -> dict[str, Any]:
        """Return the scene in the form of the API."""
        specification, imu = self.sensor_specification, self.imudata_resource
        return _without_none(
            workspaceId=self.workspace_id,
            externalId=self.external_id,
            calibrationId=self.calibration_id or None,
            postponeExternalResourceImport=self.postpone_external_resource_import,
            convertedSpecification=_without_none(
                frames=[frame.to_dict() for frame in self.frames],
                sensorSpecification=None if specification is None else specification.to_dict(),
                metadata=_metadata(self.metadata),
                imuData=None if imu is None else imu.to_dict(),
                shouldMotionCompensate=self.should_motion_compensate,
            ),
        )

    def to_json(self) -> str:
        """Return the JSON text of `to_dict()`."""
        return json.dumps(self.to_dict())

    def _resources(self) -> Iterator[Resource]:
        for frame in self.frames:
            yield from frame.images
            yield from frame.pointclouds or ()
        if self.imudata_resource is not None:
            yield self.imudata_resource


def _without_none(**entries: Any) -> dict[str, Any]:
    return {key: value for key, value in entries.items() if value is not None}


def _metadata(metadata: Mapping[str, MetaDataValue] | MetaDataBase | None) -> dict[str, Any] | None:
    """Return metadata in the form of the API; None if empty."""
    if metadata is None:
        return None
    entries = metadata if isinstance(metadata, Mapping) else metadata.to_dict()
    # Cells of tables are NumPy scalars, which JSON does not know.
    return {key: plain(value) for key, value in entries.items()} or None
