"""Bags as they come from the field: parts of sweeps, clocks of their own, headers without time, other sizes,
damage."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from kognic._core.scene_errors import RecordingError
from kognic.scenes.importers.bag_recording import BagRecording, open_mcap, open_rosbag2
from kognic.scenes.importers.building import ImportOptions
from kognic.scenes.importers.clouds import CloudReading, TimeField, read_as
from kognic.scenes.importers.writing import import_recordings
from kognic.scenes.scene_file import load_scene_file
from tests.scenes.importers.bag_writing import (
    FORWARD,
    IDENTITY,
    START,
    opened,
    ros1_bag,
    ros2_bag,
    stamp,
    write_json_mcap,
)

MS = 1_000_000
XYZ = [("x", "f4"), ("y", "f4"), ("z", "f4")]


def table(count: int = 4, order: str = "<", **columns: Any) -> np.ndarray:
    """Points at (1, 2, 3) with more fields: a kind and values."""
    kinds = [(name, f"{order}f4") for name in "xyz"]
    kinds += [(name, order + kind) for name, (kind, _) in columns.items()]
    found = np.zeros(count, kinds)
    found["x"], found["y"], found["z"] = 1, 2, 3
    for name, (_, values) in columns.items():
        found[name] = values
    return found


def read_all(recording: BagRecording, sensor: str) -> list[Any]:
    """The content of all captures."""
    return [recording.read(capture) for capture in recording.captures(sensor)]


def offsets(cloud: Any, start: int = START) -> list[int]:
    """Times of points from a time on."""
    return (cloud.timestamps.astype(np.int64) - start).tolist()


def reasons(recording: BagRecording) -> str:
    """All that was left out."""
    return "\n".join(map(str, recording.skipped))


def test_a_first_sweep_that_is_a_part(tmp_path: Path) -> None:
    """The unit is that of whole sweeps; a part of one keeps it, also in uploads, which read no others."""
    with ros2_bag(tmp_path / "drive") as bag:
        for number in range(4):
            now = START + number * 100 * MS
            last = 3_000 if number == 0 else 100_000  # microseconds
            bag.write("/points", now, bag.make.cloud(now, "lidar", table(2, t=("u4", [0, last]))))
    recording = opened(tmp_path / "drive")
    captures = list(recording.captures("points"))
    assert (
        "/points: point timestamps: read from the field 't' (us since the timestamp of the message)"
        in recording.notes
    )
    assert captures[0].end_ns == START + 3 * MS
    assert captures[0].reference.endswith(";time=t:us:stamp;scale=1.0")
    assert "#" not in captures[1].reference
    assert ";" not in captures[1].reference
    fresh = opened(tmp_path / "drive")
    assert offsets(fresh.read(captures[0])) == [0, 3 * MS]
    assert offsets(fresh.read(captures[1])) == [100 * MS, 200 * MS]


def test_intensities_have_one_scale(tmp_path: Path) -> None:
    """A dark sweep of floats does not become bright, nor one flash all others dark."""
    with ros2_bag(tmp_path / "drive") as bag:
        for number, highest in enumerate((200.0, 0.5, 200.0)):
            now = START + number * 100 * MS
            bag.write("/points", now, bag.make.cloud(now, "lidar", table(2, intensity=("f4", [0, highest]))))
    recording = opened(tmp_path / "drive")
    captures = list(recording.captures("points"))
    fresh = opened(tmp_path / "drive")
    found: list[Any] = [fresh.read(capture) for capture in captures]
    assert [int(cloud.intensity.max()) for cloud in found] == [200, 0, 200]


@pytest.mark.parametrize(
    ("ahead", "said"),
    [(37.0, "+37 s"), (18.0, "+18 s"), (-18.0, None), (-25200.0, "-25200 s"), (12345.6, None)],
)
def test_clocks_of_lidars(tmp_path: Path, ahead: float, said: str | None) -> None:
    """TAI, GPS and local time are corrected by whole seconds; any other clock is not used."""
    with ros2_bag(tmp_path / "drive") as bag:
        for number in range(3):
            now = START + number * 100 * MS
            times = now / 1e9 + ahead + np.array([0, 0.1])
            bag.write("/points", now, bag.make.cloud(now, "lidar", table(2, timestamp=("f8", times))))
    recording = opened(tmp_path / "drive")
    captures = list(recording.captures("points"))
    fresh = opened(tmp_path / "drive")
    found = offsets(fresh.read(captures[0]))
    if said is None:
        assert found == [0, 0]
        assert "no usable timestamps of their own" in "\n".join(recording.notes)
    else:
        assert found == pytest.approx([0, 100 * MS], abs=1000)
        assert f"corrected for a clock {said} from that of the headers" in "\n".join(recording.notes)


def test_readings_as_text() -> None:
    """What stands in scene files is read again."""
    for reading in (
        CloudReading(TimeField("timestamp", "s", absolute=True, ahead_s=-3600), 1 / 256),
        CloudReading(TimeField("t", "ns", absolute=False), 255.0),
        CloudReading(None, 1.0),
    ):
        assert read_as(reading.as_text()) == reading
    with pytest.raises(RecordingError, match="'time=t' does not say how a cloud is read"):
        read_as("time=t")
    with pytest.raises(RecordingError, match="does not say how a cloud is read"):
        read_as("time=t:years:stamp;scale=1")


@pytest.mark.parametrize("storage", ["mcap", "ros1"])
@pytest.mark.parametrize("name", ["t", "time", "timestamp", "offset_time", "time_stamp", "time_offset_ns"])
def test_big_endian_clouds(tmp_path: Path, storage: str, name: str) -> None:
    """Sensors on other processors; times, coordinates and intensities are those of little-endian clouds."""
    path = tmp_path / ("drive.bag" if storage == "ros1" else "drive")
    points = table(3, ">", intensity=("u2", [0, 100, 255]), **{name: ("u4", [0, 50 * MS, 100 * MS])})
    with ros1_bag(path) if storage == "ros1" else ros2_bag(path) as bag:
        cloud = bag.make.cloud(START, "lidar", points)
        cloud.is_bigendian = True
        bag.write("/points", START, cloud)
    (cloud,) = read_all(opened(path), "points")
    assert cloud.xyz.tolist() == [[1, 2, 3]] * 3
    assert cloud.intensity.tolist() == [0, 100, 255]
    assert offsets(cloud) == [0, 50 * MS, 100 * MS]


@pytest.mark.parametrize("time", [0, -5_000_000_000])
def test_headers_without_time(tmp_path: Path, time: int) -> None:
    """The log times are taken, by the upload as well, and the notes say so."""
    with ros2_bag(tmp_path / "drive") as bag:
        for number in range(3):
            now = START + number * 100 * MS
            points = table(2, t=("u4", [0, 100 * MS]))
            bag.write("/points", now, bag.make.cloud(time, "lidar", points))
            bag.write("/cam/image_raw", now, bag.make.image(time, "cam", np.zeros((4, 4), np.uint8), "mono8"))
    recording = opened(tmp_path / "drive")
    sweeps = list(recording.captures("points"))
    assert [sweep.start_ns for sweep in sweeps] == [START + number * 100 * MS for number in range(3)]
    assert offsets(opened(tmp_path / "drive").read(sweeps[1]), START + 100 * MS) == [0, 100 * MS]
    assert [shot.time_ns for shot in recording.captures("cam")] == [
        START + number * 100 * MS for number in range(3)
    ]
    assert (
        "/points: 3 message headers have no timestamp; these messages use their log time instead"
        in recording.notes
    )


def test_simulated_time(tmp_path: Path) -> None:
    """Clocks that start at 0, points of absolute time; points before 0 are left out."""
    with ros2_bag(tmp_path / "drive") as bag:
        for number in range(1, 40, 4):
            now = number * 1_000 * MS
            times = ("f8", now / 1e9 + np.array([0, 0.1]))
            bag.write("/points", now, bag.make.cloud(now, "lidar", table(2, timestamp=times)))
        early = table(2, time=("f4", [-0.05, 0.05]))
        for number in range(3):
            bag.write("/early", 10 * MS + number, bag.make.cloud(10 * MS + number * 100 * MS, "lidar", early))
    recording = opened(tmp_path / "drive")
    assert offsets(read_all(recording, "points")[3], 13_000 * MS) == [0, 100 * MS]
    assert len(list(recording.captures("early"))) == 2
    assert f"/early at {10 * MS}: its points were taken before 1970" in reasons(recording)


def test_clouds_that_cannot_be_used(tmp_path: Path) -> None:
    """Each is reported by its reason when the bag is read, not when its scene is uploaded."""
    with ros2_bag(tmp_path / "drive") as bag:
        make = bag.make
        polar = np.ones(2, [("range", "f4"), ("azimuth", "f4")])
        nowhere = np.full(2, np.nan, XYZ)
        whole = np.ones(2, [("x", "i2"), ("y", "i2"), ("z", "i2")])
        for topic, points in (
            ("/polar", polar),
            ("/nowhere", nowhere),
            ("/whole", whole),
            ("/good", table()),
        ):
            for number in range(3):
                now = START + number * 100 * MS
                bag.write(topic, now, make.cloud(now, "lidar", points))
    recording = opened(tmp_path / "drive")
    assert [sensor.name for sensor in recording.sensors()] == ["good"]
    found = reasons(recording)
    assert f"/polar at {START}: the cloud has no field x, y, z; it has range, azimuth (3 times)" in found
    assert f"/nowhere at {START}: no point of the cloud has a place: all are NaN or at (0, 0, 0)" in found
    assert f"/whole at {START}: x, y, z of the cloud are whole numbers" in found


def png(pixels: np.ndarray) -> bytes:
    """A PNG of any depth."""
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def test_compressed_images_that_are_not_taken_as_they_are(tmp_path: Path) -> None:
    """16-bit PNG, compressedDepth with its header, BMP and TIFF are converted; an empty one is left out."""
    deep = np.arange(64, dtype=np.uint16).reshape(8, 8) * 1000
    grey = (np.arange(64, dtype=np.uint8) * 3).reshape(8, 8)
    kinds: dict[str, tuple[bytes, str]] = {
        "deep": (png(deep), "16UC1; png compressed"),
        "depth": (b"\0" * 12 + png(deep), "16UC1; compressedDepth png"),
        "grey": (png(grey), "mono8; png compressed mono8"),
    }
    for suffix in ("bmp", "tiff"):
        buffer = BytesIO()
        Image.fromarray(grey).save(buffer, suffix)
        kinds[suffix] = buffer.getvalue(), suffix
    with ros2_bag(tmp_path / "drive") as bag:
        for name, (data, kind) in kinds.items():
            topic = f"/{name}/image_raw/{'compressedDepth' if name == 'depth' else 'compressed'}"
            bag.write(topic, START, bag.make.compressed(START, name, b"", kind))
            for number in range(1, 3):
                now = START + number * 100 * MS
                bag.write(topic, now, bag.make.compressed(now, name, data, kind))
    recording = opened(tmp_path / "drive")
    expected = (deep >> 8).astype(np.uint8)
    for name in ("deep", "depth"):
        assert (read_all(recording, name)[1].pixels == expected).all()
    assert read_all(recording, "grey")[0] == kinds["grey"][0]
    for name in ("bmp", "tiff"):
        assert (read_all(recording, name)[0].pixels == grey).all()
    assert f"/bmp/image_raw/compressed at {START}: the image is empty" in reasons(recording)


def test_images_that_cannot_be_used(tmp_path: Path) -> None:
    """Too few bytes, odd widths of YUV, 32-bit depth, other data than the format says."""
    with ros2_bag(tmp_path / "drive") as bag:
        make = bag.make
        short = make.image(START, "cam", np.zeros((4, 4), np.uint8), "mono8")
        short.height = 40
        bag.write("/short/image_raw", START, short)
        bag.write("/odd/image_raw", START, make.image(START, "cam", np.zeros((4, 5, 2), np.uint8), "yuv422"))
        bag.write("/text/compressed", START, make.compressed(START, "cam", b"hello", "jpeg"))
        floats = b"\0" * 12 + png(np.zeros((4, 4), np.uint16))
        bag.write(
            "/far/compressedDepth", START, make.compressed(START, "cam", floats, "32FC1; compressedDepth png")
        )
        bag.write("/points", START, make.cloud(START, "lidar", table()))
    recording = opened(tmp_path / "drive")
    assert [sensor.name for sensor in recording.sensors()] == ["points"]
    found = reasons(recording)
    assert "/short/image_raw at 1700000000000000000: 16 bytes are too few for 4 x 40 pixels of mono8" in found
    assert "5 x 4 pixels: images in yuv422 have even sizes" in found
    assert "its bytes are not jpeg, png, webp, avif, bmp, tiff or jp2; the format is 'jpeg'" in found
    assert "the format is '32FC1 as compressedDepth'" in found


def test_camera_info_of_another_size(tmp_path: Path) -> None:
    """Images that were resized scale the matrix, with the corner of the image fixed; others lose it."""
    with ros2_bag(tmp_path / "drive") as bag:
        make = bag.make
        for name, size in (("half", (40, 20)), ("other", (40, 40)), ("part", (30, 20))):
            roi = {"x_offset": 10, "y_offset": 4, "width": 30, "height": 20} if name == "part" else {}
            bag.write(f"/{name}/camera_info", START, make.info(START, name, (80, 40), roi=roi))
            pixels = np.zeros((size[1], size[0]), np.uint8)
            bag.write(f"/{name}/image_raw", START, make.image(START, name, pixels, "mono8"))
    recording = opened(tmp_path / "drive")
    optics = {sensor.name: sensor.optics for sensor in recording.sensors()}
    assert optics["other"] is None
    assert "/other/image_raw: images are 40 x 40, CameraInfo is for 80 x 40" in reasons(recording)
    # fx 100, cx 40 of 80 pixels: the centre of the first pixel moves by a quarter.
    half, part = optics["half"], optics["part"]
    assert half is not None
    assert part is not None
    assert half.matrix.tolist() == [[50, 0, 19.75], [0, 50, 9.75], [0, 0, 1]]
    assert "the camera matrix is scaled by 0.5 and 0.5" in "\n".join(recording.notes)
    assert (part.size, part.matrix[0, 2], part.matrix[1, 2]) == ((30, 20), 30, 16)


def test_camera_info_that_comes_late(tmp_path: Path) -> None:
    """Drivers send empty ones first; coefficients that are not numbers cost the camera its lens."""
    with ros2_bag(tmp_path / "drive") as bag:
        make = bag.make
        zero, bad = np.zeros(9).tolist(), [float("nan")] * 5
        for number in range(3):
            now = START + number * 100 * MS
            late = {"k": zero} if number == 0 else {}
            bag.write("/late/camera_info", now, make.info(now, "late", (8, 4), **late))
            bag.write(
                "/bad/camera_info", now, make.info(now, "bad", (8, 4), d=bad, distortion_model="plumb_bob")
            )
            for name in ("late", "bad"):
                pixels = np.zeros((4, 8), np.uint8)
                bag.write(f"/{name}/image_raw", now, make.image(now, name, pixels, "mono8"))
    recording = opened(tmp_path / "drive")
    optics = {sensor.name: sensor.optics for sensor in recording.sensors()}
    assert optics["late"] is not None
    assert optics["bad"] is None
    assert "/bad/image_raw: the distortion" in reasons(recording)


def test_transforms_that_lead_nowhere(tmp_path: Path) -> None:
    """A circle, a rotation of zeros, and names with slashes on one side only."""
    with ros2_bag(tmp_path / "drive") as bag:
        make = bag.make
        zeros = (0.0, 0.0, 0.0, 0.0)
        edges = [("/a", "b", (1.0, 0.0, 0.0), IDENTITY), ("b", "a", (1.0, 0.0, 0.0), IDENTITY)]
        edges += [
            ("base_link", "broken", (0.0, 0.0, 0.0), zeros),
            ("/base_link", "/lidar", (0.0, 0.0, 2.0), IDENTITY),
        ]
        bag.write(
            "/tf_static",
            START,
            make.transform(START, *edges, ("base_link", "cam", (0.0, 0.0, 1.0), IDENTITY)),
        )
        for name, frame in (("points", "lidar"), ("turning", "b"), ("lost", "broken")):
            for number in range(2):
                now = START + number * 100 * MS
                bag.write(f"/{name}", now, make.cloud(now, frame, table()))
        bag.write("/cam/camera_info", START, make.info(START, "/cam", (4, 4)))
        bag.write("/cam/image_raw", START, make.image(START, "/cam", np.zeros((4, 4), np.uint8), "mono8"))
    recording = opened(tmp_path / "drive")
    sensors = {sensor.name: sensor for sensor in recording.sensors()}
    assert sensors["points"].pose.position.tolist() == [0, 0, 2]  # type: ignore[union-attr]
    assert sensors["cam"].pose.position.tolist() == [0, 0, 1]  # type: ignore[union-attr]
    assert sensors["turning"].pose is None
    assert sensors["lost"].pose is None
    assert "a: its parents form a circle, which has no top: a -> b -> a" in reasons(recording)
    assert "broken: no transform from it to base_link is finite with a rotation" in reasons(recording)


def test_a_cut_recording_with_metadata(tmp_path: Path) -> None:
    """How many messages of each topic are missing is reported; so is a silence."""
    with ros2_bag(tmp_path / "drive") as bag:
        rng = np.random.default_rng(1)
        for number in range(40):
            now = START + number * 100 * MS + (5_000 * MS if number >= 5 else 0)
            pixels = rng.integers(0, 255, (300, 300, 3)).astype(np.uint8)
            bag.write("/cam/image_raw", now, bag.make.image(now, "cam", pixels, "rgb8"))
    path = tmp_path / "drive" / "drive.mcap"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    recording = opened(tmp_path / "drive")
    captures = list(recording.captures("cam"))
    found = reasons(recording)
    assert 5 < len(captures) < 40
    assert f"/cam/image_raw at {captures[-1].time_ns}: {len(captures)} of 40 messages were read" in found
    assert f"what follows is lost: {len(captures)} messages were read, the last of 2023-11-14T22:13:" in found
    assert "'mcap recover drive.mcap -o whole.mcap'" in found
    assert f"/cam/image_raw at {START + 400 * MS}: no messages for the next 5100 ms" in found


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
@pytest.mark.parametrize("mode", ["message", "file"])
def test_compressed_rosbag2(tmp_path: Path, storage: str, mode: str) -> None:
    """What `ros2 bag record --compression-mode` writes, in a folder with a space."""
    import zstandard
    from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer

    from kognic.sandbox.sample.messages import ROS2, BagWriter, Messages

    folder = tmp_path / "my drive"
    plugin = StoragePlugin.MCAP if storage == "mcap" else StoragePlugin.SQLITE3
    writer = Writer(folder, version=9, storage_plugin=plugin)
    if not (storage == "mcap" and mode == "message"):
        kind = CompressionMode.MESSAGE if mode == "message" else CompressionMode.FILE
        writer.set_compression(kind, CompressionFormat.ZSTD)
    with writer:
        bag = BagWriter(writer, Messages(ROS2))
        if storage == "mcap" and mode == "message":  # rosbags does not write this form
            plain, bag._writer = bag._writer, _Packing(bag._writer, zstandard.ZstdCompressor())
            assert plain is writer
        for number in range(3):
            now = START + number * 100 * MS
            bag.write("/points", now, bag.make.cloud(now, "lidar", table()))
    if storage == "mcap" and mode == "message":
        path = folder / "metadata.yaml"
        document = yaml.safe_load(path.read_text())
        document["rosbag2_bagfile_information"] |= {
            "compression_mode": "MESSAGE",
            "compression_format": "zstd",
        }
        path.write_text(yaml.safe_dump(document))
    (recording,) = open_rosbag2(folder)
    assert isinstance(recording, BagRecording)
    assert [cloud.xyz.tolist() for cloud in read_all(recording, "points")] == [[[1, 2, 3]] * 4] * 3


@pytest.mark.parametrize("kind", ["NONE", "BZ2", "LZ4"])
def test_compressed_ros1(tmp_path: Path, kind: str) -> None:
    """What `rosbag record -j` and `--lz4` write: chunks are compressed."""
    from rosbags.rosbag1 import Writer

    from kognic.sandbox.sample.messages import ROS1, BagWriter, Messages

    writer = Writer(tmp_path / "drive.bag")
    if kind != "NONE":
        writer.set_compression(Writer.CompressionFormat[kind])
    with writer:
        bag = BagWriter(writer, Messages(ROS1))
        for number in range(3):
            now = START + number * 100 * MS
            bag.write("/points", now, bag.make.cloud(now, "lidar", table()))
    recording = opened(tmp_path / "drive.bag")
    assert [cloud.xyz.tolist() for cloud in read_all(recording, "points")] == [[[1, 2, 3]] * 4] * 3
    assert recording.skipped == []


@pytest.mark.parametrize("storage", ["sqlite3", "mcap"])
def test_split_recording(tmp_path: Path, storage: str) -> None:
    """Two files in one metadata.yaml; then with one of them gone, and with damaged metadata."""
    suffix = "mcap" if storage == "mcap" else "db3"
    folder = tmp_path / "drive"
    folder.mkdir()
    parts = []
    for part in range(2):
        with ros2_bag(tmp_path / f"drive_{part}", storage) as bag:
            for number in (2 * part, 2 * part + 1):
                now = START + number * 100 * MS
                bag.write("/points", now, bag.make.cloud(now, "lidar", table()))
        shutil.copy(tmp_path / f"drive_{part}" / f"drive_{part}.{suffix}", folder)
        text = (tmp_path / f"drive_{part}" / "metadata.yaml").read_text()
        parts.append(yaml.safe_load(text)["rosbag2_bagfile_information"])
    whole = parts[0]
    for key in ("relative_file_paths", "files"):
        whole[key] = parts[0][key] + parts[1][key]
    whole["message_count"] = whole["topics_with_message_count"][0]["message_count"] = 4
    whole["duration"]["nanoseconds"] = 300 * MS
    metadata = yaml.safe_dump({"rosbag2_bagfile_information": whole})
    (folder / "metadata.yaml").write_text(metadata)

    def times() -> list[int]:
        return [(capture.time_ns or 0) - START for capture in opened(folder).captures("points")]

    assert times() == [0, 100 * MS, 200 * MS, 300 * MS]
    assert opened(folder).skipped == []
    (folder / f"drive_1.{suffix}").unlink()
    assert times() == [0, 100 * MS]
    assert reasons(opened(folder)) == f"drive_1.{suffix}: metadata.yaml lists it, the file is missing"
    (folder / "metadata.yaml").write_text(metadata[:40])
    assert times() == [0, 100 * MS]
    (folder / "metadata.yaml").unlink()
    assert times() == [0, 100 * MS]


@pytest.mark.parametrize("storage", ["sqlite3", "mcap"])
def test_log_times_out_of_order(tmp_path: Path, storage: str) -> None:
    """Captures come in the order of their headers, also where these are a day off the log times."""
    for shift in (0, -86_400_000 * MS):
        folder = tmp_path / str(shift)
        with ros2_bag(folder, storage) as bag:
            for number in (2, 0, 1, 4, 3):
                now = START + number * 100 * MS
                bag.write("/points", now, bag.make.cloud(now + shift, "lidar", table()))
        recording = opened(folder)
        found = [(capture.time_ns or 0) - START - shift for capture in recording.captures("points")]
        assert found == [number * 100 * MS for number in range(5)]
        assert len(read_all(recording, "points")) == 5


@pytest.mark.parametrize("ros1", [False, True])
@pytest.mark.parametrize(
    ("encoding", "pixels", "expected"),
    [
        ("16UC1", np.full((4, 6), 2500, "<u2"), 2500 >> 4),  # 2.5 m in mm, 12 bits
        ("mono16", np.full((4, 6), 4095, "<u2"), 255),
        ("bayer_grbg8", np.full((4, 6), 200, "u1"), [200] * 3),
        ("bayer_bggr16", np.full((4, 6), 1023, "<u2"), [255] * 3),
        ("yuv422", np.tile(np.array([90, 81, 240, 81], np.uint8), (4, 3)), [254, 0, 0]),  # red in BT.601
        ("yuv422_yuy2", np.tile(np.array([81, 90, 81, 240], np.uint8), (4, 3)), [254, 0, 0]),
        ("32FC1", np.full((4, 6), 2.5, "<f4"), None),
    ],
)
def test_encodings_of_a_bag(
    tmp_path: Path, ros1: bool, encoding: str, pixels: np.ndarray, expected: Any
) -> None:
    """Raw images of a camera become pictures; depth in metres is a reported skip."""
    path = tmp_path / ("drive.bag" if ros1 else "drive")
    with ros1_bag(path) if ros1 else ros2_bag(path) as bag:
        for number in range(2):
            now = START + number * 100 * MS
            message = bag.make.image(
                now, "camera", np.frombuffer(pixels.tobytes(), "u1").reshape(4, -1), encoding
            )
            message.width = 6
            bag.write("/points", now, bag.make.cloud(now, "lidar", table()))
            bag.write("/front/image_raw", now, message)
    recording = opened(path)
    if expected is None:
        assert [sensor.name for sensor in recording.sensors()] == ["points"]
        (skip,) = recording.skipped
        assert (skip.source, skip.count) == ("/front/image_raw", 2)
        assert "images in 32FC1 are measurements, such as depth" in skip.reason
        return
    (capture, _) = recording.captures("front")
    picture: Any = recording.read(capture)
    assert picture.pixels.shape[:2] == (4, 6)
    assert picture.pixels[1, 2].tolist() == pytest.approx(expected, abs=1)
    assert recording.skipped == []


class _Packing:
    """A writer that compresses each message."""

    def __init__(self, writer: Any, packer: Any) -> None:
        self._writer, self._packer = writer, packer

    def add_connection(self, *args: Any, **options: Any) -> Any:
        """A topic."""
        return self._writer.add_connection(*args, **options)

    def write(self, connection: Any, time: int, data: bytes) -> None:
        """A message."""
        self._writer.write(connection, time, self._packer.compress(data))


def test_folders_and_names(tmp_path: Path) -> None:
    """Files without metadata, upper case, the metadata itself, compressed files, folders of bags."""
    for part in range(2):
        with ros2_bag(tmp_path / "all" / f"part_{part}", "sqlite3") as bag:
            now = START + part * 1_000 * MS
            bag.write("/points", now, bag.make.cloud(now, "lidar", table()))
    assert len(list(opened(tmp_path / "all" / "part_0" / "metadata.yaml").captures("points"))) == 1
    with pytest.raises(RecordingError, match=r"these folders in it are bags: part_0, part_1"):
        opened(tmp_path / "all")
    loose = tmp_path / "loose"
    loose.mkdir()
    for part in range(2):
        shutil.copy(tmp_path / "all" / f"part_{part}" / f"part_{part}.db3", loose / f"part_{part}.db3")
    recording = opened(loose)
    assert [shot.time_ns for shot in recording.captures("points")] == [START, START + 1_000 * MS]
    with ros2_bag(tmp_path / "drive") as bag:
        bag.write("/points", START, bag.make.cloud(START, "lidar", table()))
    shutil.copy(tmp_path / "drive" / "drive.mcap", tmp_path / "DRIVE.MCAP")
    assert opened(tmp_path / "DRIVE.MCAP").name == "DRIVE"
    for name, command in (("a.bag.gz", "gunzip a.bag.gz"), ("b.mcap.zst", "zstd -d b.mcap.zst")):
        (tmp_path / name).write_bytes(b"\0")
        with pytest.raises(RecordingError, match=rf"as a whole; decompress it first, with '{command}'"):
            opened(tmp_path / name)
    (tmp_path / "now.bag.active").write_bytes(b"\0")
    with pytest.raises(RecordingError, match=r"still being recorded.*rosbag reindex"):
        opened(tmp_path / "now.bag.active")
    with pytest.raises(
        RecordingError, match=r"is a ROS 2 bag in SQLite, which 'mcap' does not read; use the"
    ):
        list(open_mcap(loose))


def test_one_message(tmp_path: Path) -> None:
    """A bag of one sweep and one image is a scene of one frame."""
    with ros2_bag(tmp_path / "drive") as bag:
        make = bag.make
        bag.write("/points", START, make.cloud(START, "lidar", table()))
        edges = [("base_link", name, (0.0, 0.0, 1.0), IDENTITY) for name in ("lidar", "cam")]
        bag.write("/tf_static", START, make.transform(START, *edges))
        bag.write("/cam/camera_info", START, make.info(START, "cam", (8, 4)))
        bag.write("/cam/image_raw", START, make.image(START, "cam", np.zeros((4, 8), np.uint8), "mono8"))
    for form in ("sequence", "frames"):
        options = ImportOptions(form=form)  # type: ignore[arg-type]
        (written,) = import_recordings("rosbag2", str(tmp_path / "drive"), tmp_path / form, options=options)
        assert (written.frames, written.sensors) == (1, {"points": 1, "cam": 1})
        files: Any = load_scene_file(written.path).files
        assert all(file.load() for file in files.values())


def test_foxglove_with_odd_content(tmp_path: Path) -> None:
    """Fields of no known type, clouds that end too soon, frames with slashes, images without an encoding."""
    fields = [{"name": n, "offset": i * 4, "type": 7} for i, n in enumerate("xyz")]
    odd = [*fields, {"name": "label", "offset": 12, "type": 99}]
    good = np.ones(8, "<f4").tobytes()
    messages: list[Any] = []
    for number in range(3):
        now = START + number * 100 * MS
        base = {"timestamp": stamp(now), "frame_id": "/lidar"}
        messages += [
            ("/good", "foxglove.PointCloud", now, base | {"point_stride": 16, "fields": odd, "data": good}),
            ("/none", "foxglove.PointCloud", now, base | {"fields": odd, "data": good}),
            (
                "/short",
                "foxglove.PointCloud",
                now,
                base | {"point_stride": 8, "fields": fields, "data": good},
            ),
            ("/raw", "foxglove.RawImage", now, base | {"width": 2, "height": 2, "step": 2, "data": b"1234"}),
            ("/list", "foxglove.PointCloud", now, [1, 2]),
            ("/half", "foxglove.CompressedImage", now, base | {"format": "jpeg"}),
        ]
    recording = opened(write_json_mcap(tmp_path / "drive.mcap", messages))
    assert [sensor.name for sensor in recording.sensors()] == ["good"]
    assert [len(cloud) for cloud in read_all(recording, "good")] == [2, 2, 2]
    found = reasons(recording)
    for text in (
        "/none at 1700000000000000000: the message cannot be read: the cloud has no point_stride (3 times)",
        "/short at 1700000000000000000: the message cannot be read: the field z reaches beyond its point",
        "/raw at 1700000000000000000: the encoding '' is not known",
        "/half at 1700000000000000000: the image is empty",
        "/list at 1700000000000000000: the message cannot be read",
    ):
        assert text in found


@pytest.mark.parametrize("edges", [(), ("cam",), ("lidar",)])
def test_transforms_that_are_missing(tmp_path: Path, edges: tuple[str, ...]) -> None:
    """Without them, or with those of one sensor only, the scene is one of the lidar, and it is valid."""
    with ros2_bag(tmp_path / "drive") as bag:
        make = bag.make
        if edges:
            placed = [("base_link", name, (1.0, 0.0, 1.0), IDENTITY) for name in edges]
            bag.write("/tf_static", START, make.transform(START, *placed))
        for number in range(3):
            now = START + number * 100 * MS
            bag.write("/points", now, make.cloud(now, "lidar", table()))
            bag.write("/cam/camera_info", now, make.info(now, "cam", (8, 4)))
            bag.write("/cam/image_raw", now, make.image(now, "cam", np.zeros((4, 8), np.uint8), "mono8"))
    (written,) = import_recordings("rosbag2", str(tmp_path / "drive"), tmp_path / "out")
    assert (written.type, written.sensors) == ("lidars_sequence", {"points": 3})
    assert [skip.source for skip in written.skipped] == ["cam"]
    assert load_scene_file(written.path).check(full=True).errors == ()


def test_headers_without_a_frame(tmp_path: Path) -> None:
    """Two sensors without a frame do not sit at the same place."""
    with ros2_bag(tmp_path / "drive") as bag:
        make = bag.make
        bag.write("/points", START, make.cloud(START, "", table()))
        bag.write("/cam/camera_info", START, make.info(START, "", (8, 4)))
        bag.write("/cam/image_raw", START, make.image(START, "", np.zeros((4, 8), np.uint8), "mono8"))
    assert [sensor.pose for sensor in opened(tmp_path / "drive").sensors()] == [None, None]


def test_cameras_with_the_same_end_of_their_topics(tmp_path: Path) -> None:
    """They are different cameras, even if their headers have one frame."""
    with ros2_bag(tmp_path / "drive") as bag:
        for topic in ("/left/cam", "/rear/left/cam", "/rear/right/cam"):
            image = bag.make.image(START, "cam", np.zeros((4, 8), np.uint8), "mono8")
            bag.write(f"{topic}/image_raw", START, image)
    names = [sensor.name for sensor in opened(tmp_path / "drive").sensors()]
    assert names == ["left_cam_image_raw", "rear_left_cam_image_raw", "right_cam"]


def write_poses(bag: Any, steps: Iterable[int], *, topic: str = "/tf") -> None:
    """A lidar at the vehicle's front, sweeps over 2 s, and poses at 100 Hz."""
    make = bag.make
    bag.write("/tf_static", START, make.transform(START, ("base_link", "lidar", (1.0, 0.0, 2.0), IDENTITY)))
    for step in steps:
        now = START + step * 10 * MS
        moved = make.transform(now, ("map", "base_link", (step * 0.1, 0.0, 0.0), IDENTITY))
        bag.write(topic, now, moved if topic == "/tf" else moved.transforms[0])
    for frame in range(20):
        now = START + frame * 100 * MS
        bag.write("/lidar/points", now, make.cloud(now, "lidar", table()))


def test_poses_with_a_gap(tmp_path: Path) -> None:
    """A silence of tf is reported with its start, its length and the frames in it."""
    with ros2_bag(tmp_path / "drive") as bag:
        write_poses(bag, [step for step in range(-30, 230) if not 40 < step < 150])
    (written,) = import_recordings("rosbag2", str(tmp_path / "drive"), tmp_path / "out")
    assert written.frames == 20
    assert [str(skip) for skip in written.skipped] == [
        (
            f"drive at {START + 400 * MS}: no pose of the vehicle for the next 1100 ms; the poses of "
            "10 frames in between are interpolated"
        )
    ]


def test_poses_as_transforms_on_a_topic(tmp_path: Path) -> None:
    """Drivers of GNSS send TransformStamped; one that says where a sensor sits is no pose."""
    with ros2_bag(tmp_path / "drive") as bag:
        write_poses(bag, range(-30, 230), topic="/vehicle/pose")
        for step in range(3):
            now = START + step * 10 * MS
            place = bag.make.transform(now, ("base_link", "lidar", (1.0, 0.0, 2.0), IDENTITY)).transforms[0]
            bag.write("/a/place", now, place)
    recording = opened(tmp_path / "drive")
    trajectory = recording.trajectory()
    assert trajectory is not None
    assert trajectory.pose_at(START + 1000 * MS).position == pytest.approx([10, 0, 0])
    assert "ego poses: read from the topic /vehicle/pose" in recording.notes


def test_images_of_one_depth(tmp_path: Path) -> None:
    """A dark image of 16-bit words is scaled as the others of its topic: the images do not flicker."""
    dark, bright = (np.full((4, 6), value, "<u2") for value in (160, 3200))
    with ros2_bag(tmp_path / "drive") as bag:
        for index, pixels in enumerate((dark, bright)):
            now = START + index * 100 * MS
            image = bag.make.image(now, "cam", pixels.view(np.uint8).reshape(4, 12), "mono16")
            image.width = 6
            bag.write("/thermal/image_raw", now, image)
    recording = opened(tmp_path / "drive")
    pictures = read_all(recording, "thermal")
    assert [int(picture.pixels[0, 0]) for picture in pictures] == [160 >> 4, 3200 >> 4]


@pytest.mark.parametrize(("datatype", "count"), [(10, 1), (9, 1), (6, 2), (2, 8)])
def test_point_times_of_64_bits(tmp_path: Path, datatype: int, count: int) -> None:
    """ROS has no field of 64-bit integers: PCL numbers its own, drivers send two words or eight bytes."""
    times = START + np.array([0, 33_333_333, 66_666_667, 100_000_001])
    with ros2_bag(tmp_path / "drive") as bag:
        cloud = bag.make.cloud(START, "lidar", table(timestamp=("f8", times.astype("<u8").view("<f8"))))
        cloud.fields[3].datatype, cloud.fields[3].count = datatype, count
        bag.write("/points", START, cloud)
    recording = opened(tmp_path / "drive")
    (read,) = read_all(recording, "points")
    assert offsets(read) == (times - START).tolist()
    assert any("'timestamp' (ns since 1970)" in note for note in recording.notes)


def test_captures_halfway_between_frames(tmp_path: Path) -> None:
    """Cameras that are triggered as sweeps begin are half a sweep from their middle: rounding loses none."""
    with ros2_bag(tmp_path / "drive") as bag:
        make = bag.make
        place = ("lidar", "cam", (0.0, 0.0, 0.0), FORWARD)
        bag.write("/tf_static", START, make.transform(START, place))
        for index in range(12):
            now = START + index * 100 * MS
            seconds = now / 1e9 + np.array([0, 0.03, 0.07, 0.1])
            bag.write("/lidar/points", now, make.cloud(now, "lidar", table(timestamp=("f8", seconds))))
            image = make.image(now, "cam", np.full((4, 6, 3), index, np.uint8), "rgb8")
            bag.write("/front/image_raw", now, image)
            bag.write("/front/camera_info", now, make.info(now, "cam", (6, 4)))
    (written,) = import_recordings("rosbag2", str(tmp_path / "drive"), tmp_path / "out")
    assert list(written.skipped) == []
    assert written.sensors == {"lidar": 12, "front": 12}
