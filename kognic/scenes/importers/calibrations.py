"""The platform's calibration of a recording's sensors, exactly as far as its models go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from kognic._core.camera_errors import ConversionError
from kognic._core.scene_errors import RecordingError
from kognic.io.model.calibration import (
    BaseCalibration,
    BaseStandardCameraCalibration,
    KannalaCalibration,
)
from kognic.io.model.calibration.camera.standard import UndistortionCoefficients
from kognic.scenes.calibration.convert.build import lidar
from kognic.scenes.geometry.cameras.kannala import kannala_camera
from kognic.scenes.geometry.cameras.pinhole import pinhole_camera
from kognic.scenes.geometry.poses import Rigid
from kognic.scenes.importers.recording import Optics, Sensor

# Of OpenCV's order: what the platform's pinhole model has.
_BROWN_CONRADY = 5


def calibrations_of(
    sensors: Sequence[Sensor],
    reference_from_ego: Rigid,
    sizes: Mapping[str, tuple[int, int]],
    *,
    undistorted: bool = False,
) -> dict[str, BaseCalibration]:
    """Calibrations by sensor name.

    Args:
        sensors: Those of a scene; each has a pose, and each camera optics.
        reference_from_ego: Ego to the scene's reference system.
        sizes: Width and height of the images, by camera, for optics without a size.
        undistorted: The images will be undistorted: cameras get the same matrix without distortion.

    Raises:
        RecordingError: A camera model that the platform cannot express, or a pose is missing.
    """
    return {
        sensor.name: _calibration(sensor, reference_from_ego, sizes.get(sensor.name), undistorted)
        for sensor in sensors
    }


def needs_undistortion(optics: Optics | None) -> bool:
    """Whether the platform has no camera model for a lens, so that its images must be undistorted."""
    return optics is not None and optics.model == "rational" and any(optics.distortion[_BROWN_CONRADY:])


def _calibration(
    sensor: Sensor, reference_from_ego: Rigid, size: tuple[int, int] | None, undistorted: bool
) -> BaseCalibration:
    if sensor.pose is None:
        raise RecordingError(f"{sensor.name}: the recording does not say where it sits")
    pose = (reference_from_ego @ sensor.pose).matrix
    try:
        if sensor.kind == "lidar":
            return lidar(pose)
        if sensor.optics is None:
            raise RecordingError(f"{sensor.name}: the recording has no camera matrix")
        return camera_of(sensor.optics, size, pose, undistorted=undistorted)
    except ConversionError as exc:
        raise RecordingError(f"{sensor.name}: {exc}") from exc


def camera_of(
    optics: Optics, size: tuple[int, int] | None, pose: object = None, *, undistorted: bool = False
) -> BaseStandardCameraCalibration:
    """Return the platform's camera of a lens.

    Args:
        optics: The lens.
        size: Width and height of the images; None takes those of the optics.
        pose: Camera to reference, shape (4, 4); None when the camera is the reference system.
        undistorted: Leave the distortion out.

    Raises:
        ConversionError: The platform's models cannot express it.
        RecordingError: Neither the optics nor the images have a size.
    """
    shape = optics.size or size
    if shape is None:
        raise RecordingError("the size of the images is not known")
    distortion = () if undistorted or needs_undistortion(optics) else optics.distortion
    if optics.model != "kannala" or undistorted:
        return pinhole_camera(optics.matrix, shape, distortion=distortion, pose=pose)  # type: ignore[arg-type]
    camera: KannalaCalibration = kannala_camera(
        optics.matrix,
        shape,
        distortion=distortion,
        pose=pose,  # type: ignore[arg-type]
    )
    if optics.inverse is not None:
        l1, l2, l3, l4 = optics.inverse
        camera = attrs.evolve(
            camera, undistortion_coefficients=UndistortionCoefficients(l1=l1, l2=l2, l3=l3, l4=l4)
        )
    return camera
