"""Ways of breaking what a scene says, its files and its pre-annotation."""

from __future__ import annotations

import math
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pictures
from pypcd4.pypcd4 import Encoding
from pypcd4.pypcd4 import PointCloud as Cloud

from kognic.io.model.calibration import RotationQuaternion
from kognic.io.model.scene.file_data import FileData
from kognic.io.model.scene.resources import Image, PointCloud
from kognic.io.model.scene.sensor_specification import SensorSpecification
from kognic.scenes.content import read_points
from tests.scenes.checks.mutations.mutation import Mutation, Subject

DRIVE = "sample_drive"
KITTI, NUSCENES, PANDASET, AV2 = "kitti_frame", "nuscenes_frame", "pandaset_sequence", "av2_lidar_sequence"
CAMERAS = (KITTI, NUSCENES, PANDASET, "fisheye_frame", "distorted_pinhole_frame", DRIVE)
ALL = (*CAMERAS, AV2)
SEQUENCES = (PANDASET, AV2, DRIVE)
TIMED = (NUSCENES, PANDASET, AV2, DRIVE)
SHUTTERS = (NUSCENES, PANDASET, DRIVE)
STRUCTURE, FILES, OPENLABEL = ("structure",), ("files",), ("openlabel",)

MUTATIONS: list[Mutation] = []
Break = Callable[[Subject], None]


def breaks(code: str, *samples: str, groups: tuple[str, ...] = STRUCTURE) -> Callable[[Break], Break]:
    """Make a function a mutation of some recordings."""

    def add(function: Break) -> Break:
        name = function.__name__.strip("_").replace("_", "-")
        MUTATIONS.append(Mutation(name=name, code=code, samples=samples, apply=function, groups=groups))
        return function

    return add


def images(subject: Subject) -> list[Any]:
    return [image for frame in subject.frames for image in getattr(frame, "images", ())]


# -- frames and their times


@breaks("scene-external-id", *ALL)
def _no_name(subject: Subject) -> None:
    subject.scene.external_id = ""


@breaks("frame-id-duplicate", *SEQUENCES)
def _frame_id_twice(subject: Subject) -> None:
    subject.frames[1].frame_id = subject.frames[0].frame_id


@breaks("frame-id-empty", *SEQUENCES)
def _empty_frame_id(subject: Subject) -> None:
    subject.frames[-1].frame_id = ""


@breaks("relative-timestamp-order", *SEQUENCES)
def _frames_backwards(subject: Subject) -> None:
    subject.scene.frames.reverse()


@breaks("relative-timestamp-unit", *SEQUENCES)
def _relative_times_in_nanoseconds(subject: Subject) -> None:
    for frame in subject.frames:
        frame.relative_timestamp *= 1_000_000


@breaks("relative-timestamp-gap", PANDASET, DRIVE)
def _frames_left_out(subject: Subject) -> None:
    subject.frames[-1].relative_timestamp += 5000


@breaks("unix-timestamp-missing", *TIMED)
def _no_unix_time(subject: Subject) -> None:
    subject.frames[0].unix_timestamp = None


@breaks("unix-timestamp-unit", *TIMED)
def _unix_times_in_milliseconds(subject: Subject) -> None:
    for frame in subject.frames:
        frame.unix_timestamp //= 1_000_000


@breaks("unix-timestamp-order", *SEQUENCES)
def _one_unix_time_for_all(subject: Subject) -> None:
    for frame in subject.frames:
        frame.unix_timestamp = subject.frames[0].unix_timestamp


@breaks("timestamps-disagree", *SEQUENCES)
def _relative_times_in_hundredths(subject: Subject) -> None:
    for frame in subject.frames:
        frame.relative_timestamp *= 10


# -- IMU data


@breaks("imu-frame-range", *TIMED)
def _imu_data_of_the_next_minute(subject: Subject) -> None:
    for sample in subject.scene.imu_data:
        sample.timestamp += 60_000_000_000


@breaks("imu-unit", *TIMED)
def _imu_data_in_microseconds(subject: Subject) -> None:
    for sample in subject.scene.imu_data:
        sample.timestamp //= 1000


@breaks("imu-order", *TIMED)
def _imu_data_backwards(subject: Subject) -> None:
    subject.scene.imu_data.reverse()


@breaks("imu-duplicate", *TIMED)
def _imu_sample_twice(subject: Subject) -> None:
    subject.scene.imu_data.insert(1, subject.scene.imu_data[0])


@breaks("imu-rate", PANDASET, AV2, DRIVE)
def _imu_data_with_a_gap(subject: Subject) -> None:
    samples = subject.scene.imu_data
    del samples[len(samples) // 4 : 3 * len(samples) // 4]


@breaks("imu-value", *TIMED)
def _imu_position_not_a_number(subject: Subject) -> None:
    subject.scene.imu_data[1].position.x = math.nan


@breaks("imu-quaternion", *TIMED)
def _imu_rotation_in_degrees(subject: Subject) -> None:
    for sample in subject.scene.imu_data:
        sample.rotation_quaternion = RotationQuaternion(w=0, x=0, y=0, z=90)


@breaks("imu-jump", PANDASET, AV2, DRIVE)
def _imu_positions_in_millimetres(subject: Subject) -> None:
    for sample in subject.scene.imu_data:
        for axis in "xyz":
            setattr(sample.position, axis, getattr(sample.position, axis) * 1000)


@breaks("imu-ego-disagree", PANDASET, DRIVE)
def _imu_data_of_another_world(subject: Subject) -> None:
    for sample in subject.scene.imu_data:
        sample.position.y += 100


# -- ego poses


@breaks("ego-pose-partial", *SEQUENCES)
def _no_ego_pose_in_one_frame(subject: Subject) -> None:
    subject.frames[-1].ego_vehicle_pose = None


@breaks("ego-pose-value", *SEQUENCES)
def _ego_pose_with_zero_quaternion(subject: Subject) -> None:
    subject.frames[0].ego_vehicle_pose.rotation = RotationQuaternion(w=0, x=0, y=0, z=0)


@breaks("ego-pose-quaternion", *SEQUENCES)
def _ego_pose_with_euler_angles(subject: Subject) -> None:
    subject.frames[0].ego_vehicle_pose.rotation = RotationQuaternion(w=0, x=0.01, y=0.02, z=1.57)


@breaks("ego-pose-jump", *SEQUENCES)
def _ego_pose_of_another_place(subject: Subject) -> None:
    subject.frames[-1].ego_vehicle_pose.position.x += 5000


@breaks("ego-pose-rotation", *SEQUENCES)
def _ego_pose_the_other_way_round(subject: Subject) -> None:
    q = subject.frames[-1].ego_vehicle_pose.rotation
    subject.frames[-1].ego_vehicle_pose.rotation = RotationQuaternion(w=-q.z, x=q.y, y=-q.x, z=q.w)


# -- exposures


@breaks("shutter-order", *SHUTTERS)
def _shutter_times_exchanged(subject: Subject) -> None:
    timing = images(subject)[0].metadata
    start, end = timing.shutter_time_start_ns, timing.shutter_time_end_ns
    timing.shutter_time_start_ns, timing.shutter_time_end_ns = end, start


@breaks("shutter-unit", *SHUTTERS)
def _shutter_times_in_microseconds(subject: Subject) -> None:
    for image in images(subject):
        image.metadata.shutter_time_start_ns //= 1000
        image.metadata.shutter_time_end_ns //= 1000


@breaks("shutter-duration", *SHUTTERS)
def _exposed_for_a_minute(subject: Subject) -> None:
    images(subject)[-1].metadata.shutter_time_end_ns += 60_000_000_000


@breaks("shutter-frame", *SHUTTERS)
def _exposed_an_hour_later(subject: Subject) -> None:
    for image in images(subject):
        image.metadata.shutter_time_start_ns += 3_600_000_000_000
        image.metadata.shutter_time_end_ns += 3_600_000_000_000


@breaks("imu-shutter-range", *SHUTTERS)
def _exposed_after_the_imu_data(subject: Subject) -> None:
    last = subject.scene.imu_data[-1].timestamp
    images(subject)[-1].metadata.shutter_time_end_ns = last + 1


@breaks("shutter-partial", *SHUTTERS)
def _one_image_without_shutter_times(subject: Subject) -> None:
    images(subject)[-1].metadata = None


# -- sensors


@breaks("sensor-duplicate", *CAMERAS)
def _two_images_of_a_camera(subject: Subject) -> None:
    subject.frames[0].images.append(subject.frames[0].images[0].model_copy())


@breaks("sensor-kind", *CAMERAS)
def _camera_called_like_the_lidar(subject: Subject) -> None:
    subject.frames[0].images[0].sensor_name = subject.frames[0].point_clouds[0].sensor_name


@breaks("sensor-name", *ALL)
def _blank_behind_a_name(subject: Subject) -> None:
    subject.frames[0].point_clouds[0].sensor_name += " "


@breaks("calibration-sensor-missing", *CAMERAS)
def _camera_not_in_the_calibration(subject: Subject) -> None:
    del subject.calibration.calibration[images(subject)[0].sensor_name]


@breaks("calibration-sensor-missing", *ALL)
def _lidar_not_in_the_calibration(subject: Subject) -> None:
    del subject.calibration.calibration[subject.frames[0].point_clouds[0].sensor_name]


@breaks("calibration-sensor-kind", *CAMERAS)
def _lidar_calibration_for_a_camera(subject: Subject) -> None:
    lidar, camera = subject.frames[0].point_clouds[0].sensor_name, images(subject)[0].sensor_name
    subject.calibration.calibration[camera] = subject.calibration.calibration[lidar]


@breaks("calibration-sensor-unused", *ALL)
def _calibration_of_one_more_sensor(subject: Subject) -> None:
    some = next(iter(subject.calibration.calibration.values()))
    subject.calibration.calibration["SPARE"] = some


@breaks("frame-images-count", *CAMERAS)
def _too_many_images(subject: Subject) -> None:
    first = subject.frames[0].images[0]
    subject.frames[0].images += [first.model_copy(update={"sensor_name": f"C{n}"}) for n in range(9)]


@breaks("frame-images-count", KITTI, NUSCENES, "fisheye_frame", "distorted_pinhole_frame")
def _no_image(subject: Subject) -> None:
    subject.frames[0].images = []


@breaks("frame-without-images", PANDASET, DRIVE)
def _no_image_in_one_frame(subject: Subject) -> None:
    subject.frames[1].images = []


@breaks("sensor-dropout", PANDASET, DRIVE)
def _camera_missing_in_one_frame(subject: Subject) -> None:
    del subject.frames[1].images[0]


@breaks("frame-clouds-count", *ALL)
def _no_point_cloud(subject: Subject) -> None:
    subject.frames[0].point_clouds = []


@breaks("specification-sensor", *CAMERAS)
def _order_of_an_unknown_camera(subject: Subject) -> None:
    subject.scene.sensor_specification = SensorSpecification(sensor_order=["MISSPELT"])


@breaks("metadata-value", *ALL)
def _nested_metadata(subject: Subject) -> None:
    subject.scene.metadata.vehicle = {"id": 7}


@breaks("metadata-region", *ALL)
def _region_as_a_number(subject: Subject) -> None:
    subject.scene.metadata.region = 1


@breaks("file-duplicate", *SEQUENCES)
def _same_cloud_in_two_frames(subject: Subject) -> None:
    subject.frames[1].point_clouds[0] = subject.frames[0].point_clouds[0].model_copy()


@breaks("resource-id-clash", *SEQUENCES)
def _two_clouds_of_one_resource_id(subject: Subject) -> None:
    first, second = subject.frames[0].point_clouds[0], subject.frames[1].point_clouds[0]
    second.resource_id = first.resource_id or first.filename


# -- images


def read(resource: Any, suffix: str | None = None) -> bytes:
    """The content of a file, or of the file beside it in another format."""
    held = resource.file_data
    path = Path(resource.filename if held is None else held.data)
    return (path if suffix is None else path.with_suffix(suffix)).read_bytes()


def put_image(subject: Subject, content: bytes, suffix: str = ".png") -> None:
    """Replace the first image."""
    old = images(subject)[0]
    path = subject.folder / f"broken{suffix}"
    path.write_bytes(content)
    new = Image(filename=path, sensor_name=old.sensor_name, metadata=old.metadata)
    subject.frames[0].images[0] = new


def put_cloud(subject: Subject, content: bytes, suffix: str = ".pcd", *, frame: int = 0) -> None:
    """Replace the first point cloud of a frame."""
    old = subject.frames[frame].point_clouds[0]
    path = subject.folder / f"broken{suffix}"
    path.write_bytes(content)
    subject.frames[frame].point_clouds[0] = PointCloud(filename=path, sensor_name=old.sensor_name)


def encoded(picture: Any, form: str, **options: Any) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def opened(subject: Subject) -> Any:
    return Pictures.open(BytesIO(read(images(subject)[0])))


@breaks("file-missing", *ALL, groups=FILES)
def _cloud_that_is_not_there(subject: Subject) -> None:
    cloud = subject.frames[0].point_clouds[0]
    cloud.file_data = FileData(format=FileData.Format.PCD, data=subject.folder / "absent.pcd")


@breaks("file-empty", *CAMERAS, groups=FILES)
def _empty_image(subject: Subject) -> None:
    path = subject.folder / "empty.png"
    path.touch()
    subject.frames[0].images[0].file_data = FileData(format=FileData.Format.PNG, data=path)


@breaks("image-undecodable", *CAMERAS, groups=FILES)
def _text_for_an_image(subject: Subject) -> None:
    put_image(subject, b"404: the image was not found")


@breaks("image-truncated", *CAMERAS, groups=FILES)
def _half_an_image(subject: Subject) -> None:
    content, suffix = read(images(subject)[0]), Path(images(subject)[0].filename).suffix
    put_image(subject, content[: len(content) // 2], suffix)


@breaks("image-format", KITTI, DRIVE, groups=FILES)
def _bitmap(subject: Subject) -> None:
    put_image(subject, encoded(opened(subject), "BMP"))


@breaks("image-size", *CAMERAS, groups=FILES)
def _half_the_pixels(subject: Subject) -> None:
    picture = opened(subject).convert("RGB")
    put_image(subject, encoded(picture.reduce(2), "JPEG"), ".jpg")


@breaks("image-orientation", KITTI, DRIVE, groups=FILES)
def _turned_by_metadata(subject: Subject) -> None:
    exif = Pictures.Exif()
    exif[0x0112] = 3
    put_image(subject, encoded(opened(subject).convert("RGB"), "JPEG", exif=exif), ".jpg")


@breaks("image-suffix", KITTI, DRIVE, groups=FILES)
def _jpeg_called_png(subject: Subject) -> None:
    put_image(subject, encoded(opened(subject).convert("RGB"), "JPEG"))


@breaks("image-uniform", KITTI, DRIVE, groups=FILES)
def _black_image(subject: Subject) -> None:
    subject.options["full"] = True
    put_image(subject, encoded(Pictures.new("RGB", opened(subject).size), "PNG"))


@breaks("image-duplicate", PANDASET, DRIVE, groups=FILES)
def _image_of_the_next_frame(subject: Subject) -> None:
    later = subject.frames[1].images[0]
    put_image(subject, read(later), Path(later.filename).suffix)


@breaks("cloud-duplicate", *SEQUENCES, groups=FILES)
def _cloud_of_the_next_frame(subject: Subject) -> None:
    put_cloud(subject, read(subject.frames[1].point_clouds[0]))


# -- point clouds: what their headers say


def las(subject: Subject) -> bytes:
    return read(subject.frames[0].point_clouds[0], ".las")


def csv(subject: Subject, lines: int = 4000) -> list[str]:
    """The first lines of the cloud as CSV."""
    return read(subject.frames[0].point_clouds[0], ".csv").decode().splitlines()[:lines]


def put_csv(subject: Subject, lines: list[str]) -> None:
    put_cloud(subject, "\n".join([*lines, ""]).encode(), ".csv")


def pcd_with(subject: Subject, key: str, value: str) -> bytes:
    """The cloud with another line in its header."""
    content = read(subject.frames[0].point_clouds[0])
    end = content.index(b"\n", content.index(b"DATA ")) + 1
    lines = content[:end].decode().splitlines()
    lines = [f"{key} {value}" if line.startswith(f"{key} ") else line for line in lines]
    return "\n".join([*lines, ""]).encode() + content[end:]


def patched(content: bytes, offset: int, new: bytes) -> bytes:
    return content[:offset] + new + content[offset + len(new) :]


RECORDINGS = (KITTI, AV2)


@breaks("csv-separator", *RECORDINGS, groups=FILES)
def _semicolons(subject: Subject) -> None:
    put_csv(subject, [line.replace(",", ";") for line in csv(subject)])


@breaks("csv-no-header", *RECORDINGS, groups=FILES)
def _csv_without_header(subject: Subject) -> None:
    put_csv(subject, csv(subject)[1:])


@breaks("csv-columns", *RECORDINGS, groups=FILES)
def _csv_with_capitals(subject: Subject) -> None:
    first, *rest = csv(subject)
    put_csv(subject, [first.replace("x,y,z", "X,Y,Z"), *rest])


@breaks("csv-row-length", *RECORDINGS, groups=FILES)
def _csv_cut_in_a_row(subject: Subject) -> None:
    *lines, last = csv(subject)
    put_csv(subject, [*lines, last.rpartition(",")[0]])


@breaks("csv-time", *RECORDINGS, groups=FILES)
def _csv_times_in_seconds(subject: Subject) -> None:
    first, *rest = csv(subject)
    rows = (line.split(",", 1) for line in rest)
    put_csv(subject, [first, *(f"{int(time) / 1e9:.6f},{others}" for time, others in rows)])


@breaks("csv-intensity-fraction", *RECORDINGS, groups=FILES)
def _csv_intensities_as_shares(subject: Subject) -> None:
    first, *rest = csv(subject)
    put_csv(subject, [first, *(f"{line.rpartition(',')[0]},0.5" for line in rest)])


@breaks("las-version", *RECORDINGS, groups=FILES)
def _las_of_another_version(subject: Subject) -> None:
    put_cloud(subject, patched(las(subject), 25, b"\4"), ".las")


@breaks("las-point-format", *RECORDINGS, groups=FILES)
def _las_of_another_point_format(subject: Subject) -> None:
    put_cloud(subject, patched(las(subject), 104, b"\1"), ".las")


@breaks("las-truncated", *RECORDINGS, groups=FILES)
def _half_a_las_file(subject: Subject) -> None:
    put_cloud(subject, las(subject)[: len(las(subject)) // 2], ".las")


@breaks("las-scale", *RECORDINGS, groups=FILES)
def _las_without_scale(subject: Subject) -> None:
    put_cloud(subject, patched(las(subject), 131, bytes(24)), ".las")


@breaks("las-signature", *RECORDINGS, groups=FILES)
def _something_called_las(subject: Subject) -> None:
    put_cloud(subject, b"x" * 1000, ".las")


@breaks("cloud-format-mismatch", *RECORDINGS, groups=FILES)
def _las_called_pcd(subject: Subject) -> None:
    put_cloud(subject, las(subject))


@breaks("pcd-version", *ALL, groups=FILES)
def _pcd_of_another_version(subject: Subject) -> None:
    put_cloud(subject, pcd_with(subject, "VERSION", "0.5"))


@breaks("pcd-data", *RECORDINGS, DRIVE, groups=FILES)
def _pcd_of_unknown_data(subject: Subject) -> None:
    put_cloud(subject, pcd_with(subject, "DATA", "packed"))


@breaks("pcd-field-type", *RECORDINGS, DRIVE, groups=FILES)
def _pcd_with_float_intensity(subject: Subject) -> None:
    put_cloud(subject, pcd_with(subject, "TYPE", "F F F F U"))


@breaks("pcd-fields", *RECORDINGS, DRIVE, groups=FILES)
def _pcd_without_z(subject: Subject) -> None:
    put_cloud(subject, pcd_with(subject, "FIELDS", "x y height intensity timestamp"))


@breaks("pcd-count", *RECORDINGS, DRIVE, groups=FILES)
def _pcd_with_another_number_of_points(subject: Subject) -> None:
    put_cloud(subject, pcd_with(subject, "POINTS", "12"))


@breaks("pcd-truncated", *ALL, groups=FILES)
def _half_a_pcd_file(subject: Subject) -> None:
    content = read(subject.frames[0].point_clouds[0])
    put_cloud(subject, content[: len(content) // 2])


@breaks("pcd-header", *RECORDINGS, DRIVE, groups=FILES)
def _pcd_with_half_a_header(subject: Subject) -> None:
    put_cloud(subject, read(subject.frames[0].point_clouds[0])[:60])


# -- point clouds: what their points say


def remade(subject: Subject, change: Callable[[dict[str, Any]], Any], *, full: bool = True) -> None:
    """Write the first cloud anew with changed columns."""
    subject.options["full"] = full
    points = read_points(read(subject.frames[0].point_clouds[0]), "pcd")
    columns: dict[str, Any] = dict(zip("xyz", points.xyz.T.astype(np.float32), strict=True))
    columns["intensity"] = np.array(points.intensity, np.uint32)
    columns["timestamp"] = np.array(points.timestamps, np.uint64)
    change(columns)
    buffer = BytesIO()
    types = [column.dtype.type for column in columns.values()]
    made = Cloud.from_points(list(columns.values()), list(columns), types)
    made.save(buffer, encoding=Encoding.BINARY)
    put_cloud(subject, buffer.getvalue())


def scale_by(factor: float) -> Callable[[dict[str, Any]], None]:
    def change(columns: dict[str, Any]) -> None:
        for axis in "xyz":
            columns[axis] = columns[axis] * np.float32(factor)

    return change


@breaks("cloud-range", *RECORDINGS, DRIVE, groups=FILES)
def _points_in_millimetres(subject: Subject) -> None:
    remade(subject, scale_by(1000))


@breaks("cloud-range", *RECORDINGS, DRIVE, groups=FILES)
def _points_in_kilometres(subject: Subject) -> None:
    remade(subject, scale_by(0.001))


@breaks("cloud-range", *RECORDINGS, DRIVE, groups=FILES)
def _points_in_world_coordinates(subject: Subject) -> None:
    remade(subject, lambda columns: columns.update(x=columns["x"] + np.float32(5e5)))


@breaks("cloud-not-finite", *RECORDINGS, DRIVE, groups=FILES)
def _points_without_place(subject: Subject) -> None:
    remade(subject, lambda columns: np.put(columns["y"], range(50), np.nan))


@breaks("cloud-at-origin", *RECORDINGS, DRIVE, groups=FILES)
def _points_at_the_origin(subject: Subject) -> None:
    def change(columns: dict[str, Any]) -> None:
        for axis in "xyz":
            columns[axis][: len(columns[axis]) // 10] = 0

    remade(subject, change)


@breaks("cloud-flat", *RECORDINGS, DRIVE, groups=FILES)
def _points_without_height(subject: Subject) -> None:
    remade(subject, lambda columns: columns["z"].fill(0))


@breaks("cloud-intensity-range", *RECORDINGS, DRIVE, groups=FILES)
def _intensities_of_sixteen_bits(subject: Subject) -> None:
    remade(subject, lambda columns: columns.update(intensity=columns["intensity"] * 257))


@breaks("cloud-time-unit", NUSCENES, AV2, DRIVE, groups=FILES)
def _point_times_in_microseconds(subject: Subject) -> None:
    remade(subject, lambda columns: columns.update(timestamp=columns["timestamp"] // 1000))


@breaks("cloud-time-span", AV2, DRIVE, groups=FILES)
def _some_points_without_time(subject: Subject) -> None:
    remade(subject, lambda columns: np.put(columns["timestamp"], range(50), 0))


@breaks("cloud-time-frame", AV2, DRIVE, groups=FILES)
def _points_of_the_next_hour(subject: Subject) -> None:
    hour = np.uint64(3_600_000_000_000)
    remade(subject, lambda columns: columns.update(timestamp=columns["timestamp"] + hour))


@breaks("cloud-time-imu", DRIVE, groups=FILES)
def _points_beyond_the_imu_data(subject: Subject) -> None:
    minute = np.uint64(60_000_000_000)
    remade(subject, lambda columns: columns.update(timestamp=columns["timestamp"] + minute))


@breaks("cloud-time-uncompensated", DRIVE, groups=FILES)
def _points_without_times_to_be_compensated(subject: Subject) -> None:
    remade(subject, lambda columns: columns.pop("timestamp"), full=False)


@breaks("cloud-time-missing", KITTI, groups=FILES)
def _points_without_times(subject: Subject) -> None:
    remade(subject, lambda columns: columns.pop("timestamp"), full=False)


@breaks("cloud-intensity-missing", *RECORDINGS, DRIVE, groups=FILES)
def _points_without_intensities(subject: Subject) -> None:
    remade(subject, lambda columns: columns.pop("intensity"), full=False)


@breaks("cloud-few-points", *RECORDINGS, groups=FILES)
def _twenty_points(subject: Subject) -> None:
    def change(columns: dict[str, Any]) -> None:
        columns.update({name: column[:20] for name, column in columns.items()})

    remade(subject, change, full=False)


@breaks("cloud-count-change", PANDASET, DRIVE, groups=FILES)
def _a_tenth_of_a_sweep(subject: Subject) -> None:
    def change(columns: dict[str, Any]) -> None:
        columns.update({name: column[: len(column) // 10] for name, column in columns.items()})

    remade(subject, change, full=False)


# -- the pre-annotation


def document(subject: Subject) -> Any:
    return subject.pre_annotation["openlabel"]


def geometries(subject: Subject, kind: str) -> list[Any]:
    """Every geometry of a kind."""
    return [
        entry
        for frame in document(subject)["frames"].values()
        for held in frame["objects"].values()
        for entry in held["object_data"].get(kind, ())
    ]


@breaks("ol-version", DRIVE, groups=OPENLABEL)
def _another_schema_version(subject: Subject) -> None:
    document(subject)["metadata"]["schema_version"] = "0.2.0"


@breaks("ol-frame-time-unknown", DRIVE, groups=OPENLABEL)
def _document_times_in_seconds(subject: Subject) -> None:
    for number, frame in enumerate(document(subject)["frames"].values()):
        frame["frame_properties"]["timestamp"] = number


@breaks("ol-frame-time-duplicate", DRIVE, groups=OPENLABEL)
def _all_document_times_zero(subject: Subject) -> None:
    for frame in document(subject)["frames"].values():
        frame["frame_properties"]["timestamp"] = 0


@breaks("ol-frame-time", DRIVE, groups=OPENLABEL)
def _no_document_times(subject: Subject) -> None:
    for frame in document(subject)["frames"].values():
        frame["frame_properties"].pop("timestamp")


@breaks("ol-stream-unknown", DRIVE, groups=OPENLABEL)
def _stream_of_no_sensor(subject: Subject) -> None:
    document(subject)["streams"]["REAR"] = {"type": "camera"}


@breaks("ol-stream-kind", DRIVE, groups=OPENLABEL)
def _stream_of_another_kind(subject: Subject) -> None:
    for stream in document(subject)["streams"].values():
        stream["type"] = "lidar" if stream["type"] == "camera" else "camera"


@breaks("ol-stream-missing", DRIVE, groups=OPENLABEL)
def _no_streams(subject: Subject) -> None:
    document(subject)["streams"] = {}


@breaks("ol-geometry-stream", DRIVE, groups=OPENLABEL)
def _geometry_without_stream(subject: Subject) -> None:
    for cuboid in geometries(subject, "cuboid"):
        cuboid["attributes"]["text"] = []


@breaks("ol-object-id", DRIVE, groups=OPENLABEL)
def _object_called_by_number(subject: Subject) -> None:
    old = next(iter(document(subject)["objects"]))
    for holder in (document(subject), *document(subject)["frames"].values()):
        if old in holder["objects"]:
            holder["objects"]["1"] = holder["objects"].pop(old)


@breaks("ol-object-missing", DRIVE, groups=OPENLABEL)
def _object_not_declared(subject: Subject) -> None:
    document(subject)["objects"].popitem()


@breaks("ol-object-unused", DRIVE, groups=OPENLABEL)
def _object_in_no_frame(subject: Subject) -> None:
    document(subject)["objects"]["0b0b0b0b-0000-4000-8000-000000000000"] = {"name": "a", "type": "Car"}


@breaks("ol-static-geometry", DRIVE, groups=OPENLABEL)
def _cuboid_outside_frames(subject: Subject) -> None:
    held = next(iter(document(subject)["objects"].values()))
    held.setdefault("object_data", {})["cuboid"] = geometries(subject, "cuboid")[:1]


@breaks("ol-contexts", DRIVE, groups=OPENLABEL)
def _action(subject: Subject) -> None:
    document(subject)["actions"] = {"1": {"name": "turn", "type": "turn"}}


@breaks("ol-number", DRIVE, groups=OPENLABEL)
def _cuboid_with_nine_numbers(subject: Subject) -> None:
    geometries(subject, "cuboid")[0]["val"].pop()


@breaks("ol-cuboid-size", DRIVE, groups=OPENLABEL)
def _cuboid_with_negative_size(subject: Subject) -> None:
    geometries(subject, "cuboid")[0]["val"][8] *= -1


@breaks("ol-cuboid-unit", DRIVE, groups=OPENLABEL)
def _cuboid_with_yaw_in_the_quaternion(subject: Subject) -> None:
    geometries(subject, "cuboid")[0]["val"][3:7] = [0, 0, 0, 1.9]


@breaks("ol-cuboid-huge", DRIVE, groups=OPENLABEL)
def _cuboid_in_centimetres(subject: Subject) -> None:
    for cuboid in geometries(subject, "cuboid"):
        cuboid["val"][7:] = [size * 100 for size in cuboid["val"][7:]]


@breaks("ol-cuboid-far", DRIVE, groups=("openlabel", "geometry"))
def _cuboids_in_world_coordinates(subject: Subject) -> None:
    for frame in subject.frames:
        frame.images = []
    for cuboid in geometries(subject, "cuboid"):
        cuboid["val"][0] += 100_000


@breaks("ol-3d-count", DRIVE, groups=OPENLABEL)
def _two_cuboids_of_an_object(subject: Subject) -> None:
    for frame in document(subject)["frames"].values():
        for held in frame["objects"].values():
            found = held["object_data"].get("cuboid", [])
            found += [{**cuboid, "name": "other"} for cuboid in found]


@breaks("ol-3d-attribute", DRIVE, groups=OPENLABEL)
def _attribute_on_a_cuboid(subject: Subject) -> None:
    geometries(subject, "cuboid")[0]["attributes"]["text"].append({"name": "colour", "val": "red"})


@breaks("ol-bbox-size", DRIVE, groups=OPENLABEL)
def _box_with_corners_for_sizes(subject: Subject) -> None:
    geometries(subject, "bbox")[0]["val"][2:] = [-40.0, -20.0]


@breaks("ol-bbox-outside", DRIVE, groups=OPENLABEL)
def _box_in_pixels_of_a_larger_image(subject: Subject) -> None:
    for box in geometries(subject, "bbox"):
        box["val"] = [value * 20 for value in box["val"]]
