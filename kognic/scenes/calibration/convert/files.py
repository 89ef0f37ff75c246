"""Read a calibration file of another tool, whichever it is."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypedDict, Unpack

import attrs
import numpy.typing as npt

from kognic._core.camera_errors import ConversionError
from kognic._core.documents import read_document, read_text
from kognic.io.model.calibration import BaseCalibration, KannalaCalibration, Position, SensorCalibration
from kognic.scenes.calibration.convert.build import motion, placement
from kognic.scenes.calibration.convert.camodocal import as_opencv, is_camodocal
from kognic.scenes.calibration.convert.documents import MAX_BYTES, read_parameters
from kognic.scenes.calibration.convert.fit import FITS, fit_sensors
from kognic.scenes.calibration.convert.frames import autoware_sensors, tf_sensors, urdf_sensors
from kognic.scenes.calibration.convert.kalibr import CAMERA, kalibr_sensors
from kognic.scenes.calibration.convert.kitti import LIDAR, kitti_raw_sensors, kitti_sensors
from kognic.scenes.calibration.convert.ocam import ocam_camera
from kognic.scenes.calibration.convert.opencalib import opencalib_sensors
from kognic.scenes.calibration.convert.opencv import check_matrix, opencv_camera, own_size, with_size
from kognic.scenes.calibration.convert.options import Options
from kognic.scenes.calibration.convert.pandaset import pandaset_sensors
from kognic.scenes.calibration.convert.sizes import beside, size_of_images
from kognic.scenes.calibration.convert.stereo import is_stereo, stereo_cameras
from kognic.scenes.calibration.convert.tables import argoverse_tables, nuscenes_sensors
from kognic.scenes.calibration.convert.values import Size, at, image_size, number, numbers, renamed
from kognic.scenes.calibration.convert.waymo import waymo_sensors
from kognic.scenes.content.images import SUFFIXES
from kognic.scenes.geometry.cameras.kannala import InverseFit, inverse_fit
from kognic.scenes.geometry.poses import Rigid

_CAM_TO_CAM, _VELO_TO_CAM = "calib_cam_to_cam.txt", "calib_velo_to_cam.txt"
_WITH_MODEL = ("opencv", "ros", "autoware", "opencalib", "urdf", "tf")
_WITH_INFOS = ("autoware", "urdf", "tf")
# Metres.
UNITS = {"m": 1.0, "cm": 0.01, "mm": 0.001, "ft": 0.3048, "in": 0.0254}


@attrs.frozen(kw_only=True)
class Conversion:
    """A converted calibration.

    Attributes:
        calibration: The result.
        notes: What to know about it: chains of frames, sizes and lenses that were replaced.
    """

    calibration: SensorCalibration
    notes: tuple[str, ...]


class Settings(TypedDict, total=False):
    """The settings of `convert`, which explains them."""

    image_size: Size | Mapping[str, Size] | None
    names: Mapping[str, str] | None
    pose: npt.ArrayLike | None
    model: str | None
    fit: str | None
    unit: str
    reference: str | None
    camera_infos: Mapping[str, Sequence[str | os.PathLike[str]]] | None
    ignore_keys: Collection[str]


def convert_calibration(
    source: str | os.PathLike[str], format: str, *, external_id: str | None = None, **how: Unpack[Settings]
) -> SensorCalibration:
    """Turn a file of another tool into a calibration for the platform, without the notes of `convert`.

    Args:
        source: As for `convert`.
        format: As for `convert`.
        external_id: As for `convert`.
        **how: As for `convert`.

    Raises:
        ConversionError: As for `convert`.
        DocumentError: As for `convert`.
        ImportError: As for `convert`.
    """
    return convert(source, format, external_id=external_id, **how).calibration


def convert(
    source: str | os.PathLike[str],
    format: str,
    *,
    external_id: str | None = None,
    image_size: Size | Mapping[str, Size] | None = None,
    names: Mapping[str, str] | None = None,
    pose: npt.ArrayLike | None = None,
    model: str | None = None,
    fit: str | None = None,
    unit: str = "m",
    reference: str | None = None,
    camera_infos: Mapping[str, Sequence[str | os.PathLike[str]]] | None = None,
    ignore_keys: Collection[str] = (),
) -> Conversion:
    """Turn a file of another tool into a calibration for the platform.

    Args:
        source: A file; for `kitti` also the folder of a day of raw recordings; for `argoverse` the folder
            `calibration` with its two tables, in Feather (extra `parquet`) or CSV; for `nuscenes` the table
            `calibrated_sensor.json` beside `sensor.json`; for `autoware` and `opencalib` also the folder of
            their files; for `pandaset` the folder of a sequence or the static calibration.
        format: One of `FORMATS`.
        external_id: Name of the calibration; that of the file or folder when None.
        image_size: Width and height in pixels, of all cameras or by camera. None takes the file's, else that
            of `sample_data.json` (`nuscenes`) or of the images beside the file.
        names: Name in the file to the sensor name of the scene; others keep theirs. Of KITTI's cameras those
            that are named are converted, by `P0` to `P3`, and `P2` as `image_2` when none is. For nuScenes,
            of which one table describes many vehicles, the `token` of a calibrated sensor to its name. In
            trees of frames (`autoware`, `urdf`, `tf`) a frame that is named is a lidar, unless a camera info
            belongs to it.
        pose: Motion from the reference system of the file to that of the calibration, shape (4, 4), metres;
            None keeps the file's. It is the camera (`opencv`, `ros`), the left camera of a pair, the IMU or
            else the first camera (`kalibr`), the Velodyne (`kitti`), the vehicle (`nuscenes`, `argoverse`,
            `waymo`, and `base_link` of trees), `car_center` or a lidar (`opencalib`, `pandaset`).
        model: `pinhole`, `fisheye` or `omnidir`, where the file does not say.
        fit: Replace cameras of other models by a fitted `pinhole`, `fisheye` or `kannala` camera; the
            residual is in the notes.
        unit: Length of the file's positions and translations: one of `UNITS`.
        reference: Frame or sensor that becomes the reference system (`autoware`, `urdf`, `tf`, `opencalib`).
        camera_infos: Camera info files by the frame of their camera, `""` for files that name it themselves
            (`autoware`, `urdf`, `tf`).
        ignore_keys: Keys to skip although their meaning is not known. Without it, an unknown key is rejected,
            because it may say where a sensor is or how its lens works.

    Raises:
        ConversionError: The content cannot be expressed in the platform's models; the message names file,
            key, value and hint.
        DocumentError: The file is missing, unreadable or not what its format says.
        ImportError: A library is missing; the message says how to install it.
    """
    _check_arguments(format, model, fit, unit, bool(camera_infos))
    path = Path(source).expanduser()
    options = Options(
        image_size=_checked(image_size),
        names=names or {},
        model=model,
        ignored=frozenset(map(str, ignore_keys)),
        infos={
            frame: tuple(Path(file).expanduser() for file in files)
            for frame, files in (camera_infos or {}).items()
        },
        reference=reference,
    )
    with at(path):
        sensors = _CONVERTERS[format](path, options)
        options.check_sizes()
        if fit is not None:
            fit_sensors(sensors, fit, options.note)
    for name, sensor in sensors.items():
        if isinstance(sensor, KannalaCalibration):
            options.note(_fit_in_words(name, inverse_fit(sensor)))
    if unit != "m":
        _scale(sensors, UNITS[unit])
    if pose is not None:
        _move(sensors, pose)
    calibration = SensorCalibration(external_id=external_id or _name(path), calibration=sensors)
    return Conversion(calibration=calibration, notes=tuple(options.notes))


def _fit_in_words(name: str, fit: InverseFit) -> str:
    """How good l1 to l4 are: four coefficients cannot follow every lens up to the sides of its image."""
    text = f"{name}: l1 to l4 are within {fit.error_deg:.2g} degrees of the inverse of the lens, up to "
    if fit.holds_deg >= fit.side_deg:
        return f"{text}the sides of the image at {fit.side_deg:.0f} degrees from the axis"
    return (
        f"{text}{fit.holds_deg:.0f} degrees from the axis; up to the sides of the image, at "
        f"{fit.side_deg:.0f} degrees, they are off by up to {fit.side_error_deg:.2g} degrees"
    )


def _check_arguments(format: str, model: str | None, fit: str | None, unit: str, infos: bool) -> None:
    if format not in _CONVERTERS:
        raise ConversionError(f"the format is {format!r}; known are {', '.join(FORMATS)}")
    if model is not None and format not in _WITH_MODEL:
        raise ConversionError(f"a model is given, which a file of {format} names itself; omit it")
    if infos and format not in _WITH_INFOS:
        raise ConversionError(f"camera infos are given, which {format} does not need; omit them")
    if fit is not None and fit not in FITS:
        raise ConversionError(f"the model to fit is {fit!r}; known are {', '.join(FITS)}")
    if unit not in UNITS:
        raise ConversionError(f"the unit is {unit!r}; known are {', '.join(UNITS)}")


def _checked(size: Size | Mapping[str, Size] | None) -> Size | Mapping[str, Size] | None:
    if size is None:
        return None
    if isinstance(size, Mapping):
        return {name: image_size(*one) for name, one in size.items()}
    return image_size(*size)


def _scale(sensors: Mapping[str, BaseCalibration], metres: float) -> None:
    for sensor in sensors.values():
        p = sensor.position
        sensor.position = Position(x=p.x * metres, y=p.y * metres, z=p.z * metres)


def _name(path: Path) -> str:
    """The file's name; that of the log for Argoverse's `calibration`."""
    path = path.resolve()
    return path.parent.name if path.stem in ("calibration", "calibrated_sensor") else path.stem


def _move(sensors: Mapping[str, BaseCalibration], pose: npt.ArrayLike) -> None:
    with at("pose"):
        matrix = motion(pose, "the pose")
        placement(matrix)  # refuses what is not a rigid motion
    to_reference = Rigid(matrix[:3, :3], matrix[:3, 3])
    for sensor in sensors.values():
        moved = to_reference @ Rigid.of_sensor(sensor)
        for name, value in placement(moved.matrix).items():
            setattr(sensor, name, value)


def _opencv(path: Path, options: Options) -> dict[str, BaseCalibration]:
    content = read_parameters(path)
    if is_stereo(content):
        return renamed(stereo_cameras(content, path, options), options.names)
    if is_camodocal(content):
        content = as_opencv(content, options)
    name = str(content.get("camera_name") or path.stem)
    check_matrix(content)
    size = options.size(name, own_size(content), lambda: beside(path, [name], alone=True))
    camera = opencv_camera(with_size(content, size), model=options.model, ignore_keys=options.ignored)
    return renamed({name: camera}, options.names)


def _kalibr(path: Path, options: Options) -> dict[str, BaseCalibration]:
    content = read_parameters(path)
    for name, camera in content.items():
        if isinstance(camera, dict) and CAMERA.fullmatch(str(name)):
            with at(name):
                own = (
                    image_size(*numbers(camera["resolution"], "resolution", (2,)))
                    if "resolution" in camera
                    else None
                )
                size = options.size(str(name), own, partial(beside, path, [str(name)]))
                camera["resolution"] = list(size)
                _note_time_shift(str(name), camera, options)
    return kalibr_sensors(content, names=options.names, ignore_keys=options.ignored)


def _note_time_shift(name: str, camera: Mapping[str, Any], options: Options) -> None:
    """Kalibr: the time of the IMU is that of the camera plus `timeshift_cam_imu`, seconds."""
    shift = number(camera.get("timeshift_cam_imu") or 0, "timeshift_cam_imu")
    if shift:
        options.note(
            f"{name}: timeshift_cam_imu is {shift:g} s, which a calibration cannot express; add it to the "
            "times of the camera's images"
        )


def _ocam(path: Path, options: Options) -> dict[str, BaseCalibration]:
    text, name = read_text(path, max_bytes=MAX_BYTES), path.stem
    camera = ocam_camera(text, lambda own: options.size(name, own))
    return renamed({name: camera}, options.names)


def _waymo(path: Path, options: Options) -> dict[str, BaseCalibration]:
    content = read_document(path, max_bytes=MAX_BYTES)
    return waymo_sensors(content, options)


def _kitti(path: Path, options: Options) -> dict[str, BaseCalibration]:
    cameras = {}
    for key, name in options.names.items():
        if key != LIDAR:
            if not (key[:1] == "P" and key[1:].isdecimal()):
                raise ConversionError(f"there is no sensor {key!r}; there are velodyne and P0, P1, P2, P3")
            cameras[int(key[1:])] = name
    lidar = {LIDAR: options.names[LIDAR]} if LIDAR in options.names else {}
    if path.is_dir() or path.name == _CAM_TO_CAM:
        folder = path if path.is_dir() else path.parent
        texts = [read_text(folder / name, max_bytes=MAX_BYTES) for name in (_CAM_TO_CAM, _VELO_TO_CAM)]
        found = kitti_raw_sensors(
            texts[0],
            texts[1],
            cameras=cameras or None,
            image_size=lambda number, own: options.size(f"P{number}", own),
            ignore_keys=options.ignored,
        )
        return renamed(found, lidar)
    text = read_text(path, max_bytes=MAX_BYTES)
    sizes = {
        number: options.size(f"P{number}", None, partial(_kitti_images, path, number))
        for number in (cameras or {2: ""})
    }
    return renamed(kitti_sensors(text, sizes, cameras=cameras or None, ignore_keys=options.ignored), lidar)


def _kitti_images(path: Path, number: int) -> Size | None:
    """Of the image of the same frame (object), else of the camera's folder (odometry, tracking)."""
    folders = [place / f"image_{number}" for place in (path.parent, path.parent.parent)]
    same = [folder / f"{path.stem}.{suffix}" for folder in folders for suffix in SUFFIXES]
    return size_of_images([*same, *folders])


_CONVERTERS: dict[str, Callable[[Path, Options], dict[str, BaseCalibration]]] = {
    "opencv": _opencv,
    "ros": _opencv,
    "kalibr": _kalibr,
    "kitti": _kitti,
    "nuscenes": nuscenes_sensors,
    "argoverse": argoverse_tables,
    "autoware": autoware_sensors,
    "opencalib": opencalib_sensors,
    "pandaset": pandaset_sensors,
    "waymo": _waymo,
    "urdf": urdf_sensors,
    "tf": tf_sensors,
    "ocam": _ocam,
}
FORMATS = tuple(_CONVERTERS)
