"""Video streams in bags: encoded here with PyAV, decoded on the fly."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from rosbags.typesys import get_types_from_msg

from kognic._core.scene_errors import RecordingError
from kognic.scenes.importers import video
from kognic.scenes.importers.writing import import_recordings
from kognic.scenes.scene_file import load_scene_file
from tests.scenes.importers.bag_writing import START, opened, ros1_bag, ros2_bag, stamp, write_json_mcap

FRAMES = 24
STEP = 33_000_000


def encoded(encoder: str, *, frames: int = FRAMES, every: int = 8) -> list[bytes]:
    """A bar that moves by four pixels from frame to frame, with a key frame every so many."""
    context: Any = av.CodecContext.create(encoder, "w")
    context.width, context.height, context.pix_fmt = 128, 64, "yuv420p"
    context.time_base = Fraction(1, 30)
    context.gop_size = every
    context.max_b_frames = 0
    if encoder in ("libx264", "libx265"):
        context.options = {"preset": "ultrafast", "tune": "zerolatency", "forced-idr": "1"}
    packets: list[bytes] = []
    for number in range(frames):
        pixels = np.full((64, 128, 3), 40, np.uint8)
        pixels[:, number * 4 : number * 4 + 16] = 220
        picture = av.VideoFrame.from_ndarray(pixels, format="rgb24")
        picture.pts = number
        packets += [bytes(packet) for packet in context.encode(picture)]
    return packets + [bytes(packet) for packet in context.encode(None)]


@pytest.fixture(scope="module")
def h264() -> list[bytes]:
    """A stream of H.264."""
    return encoded("libx264")


def bar(picture: Any) -> int:
    """Where the bar is, in frames."""
    bright = np.flatnonzero(picture.pixels[32, :, 1] > 130)
    assert len(bright) == pytest.approx(16, abs=2)
    return round(float(bright.min()) / 4)


def write(bag: Any, packets: list[bytes], topic: str = "/camera/image_raw/h264", first: int = 0) -> None:
    """A video as CompressedImage, from a frame on."""
    for number in range(first, len(packets)):
        now = START + number * STEP
        bag.write(topic, now, bag.make.compressed(now, "camera", packets[number], "h264"))


@pytest.mark.parametrize("storage", ["mcap", "sqlite3", "ros1"])
def test_compressed_images_of_a_video(tmp_path: Path, h264: list[bytes], storage: str) -> None:
    """Each message is one image of its time; in order, backwards, and at random."""
    path = tmp_path / ("drive.bag" if storage == "ros1" else "drive")
    with ros1_bag(path) if storage == "ros1" else ros2_bag(path, storage) as bag:
        write(bag, h264)
    recording = opened(path)
    (camera,) = recording.sensors()
    captures = list(recording.captures(camera.name))
    assert camera.name == "camera"
    assert [capture.time_ns for capture in captures] == [START + number * STEP for number in range(FRAMES)]
    assert [bar(recording.read(capture)) for capture in captures] == list(range(FRAMES))
    assert [bar(recording.read(capture)) for capture in captures[::-1]] == list(range(FRAMES))[::-1]
    other = opened(path)  # as the upload does, which makes no pass over the bag
    for number in (13, 2, 3, 20, 9):
        assert bar(other.read(captures[number])) == number


@pytest.mark.parametrize(
    ("encoder", "codec"),
    [
        ("libx264", "h264"),
        ("libx265", "h265"),
        ("libvpx-vp9", "vp9"),
        ("libvpx", "vp8"),
        ("libsvtav1", "av1"),
    ],
)
def test_foxglove_videos(tmp_path: Path, encoder: str, codec: str) -> None:
    """CompressedVideo in each of the codecs."""
    packets = encoded(encoder)
    messages: list[Any] = []
    for number, data in enumerate(packets):
        now = START + number * STEP
        content = {"timestamp": stamp(now), "frame_id": "camera", "format": codec, "data": data}
        messages.append(("/camera", "foxglove.CompressedVideo", now, content))
    recording = opened(write_json_mcap(tmp_path / "drive.mcap", messages))
    captures = list(recording.captures("camera"))
    assert [bar(recording.read(capture)) for capture in captures] == list(range(FRAMES))
    assert bar(recording.read(captures[5])) == 5


def test_packets_of_ffmpeg_image_transport(tmp_path: Path, h264: list[bytes]) -> None:
    """Its encoding names an encoder."""
    name = "ffmpeg_image_transport_msgs/msg/FFMPEGPacket"
    text = (
        "std_msgs/Header header\nint32 width\nint32 height\nstring encoding\nuint64 pts\nuint8 flags\n"
        "bool is_bigendian\nuint8[] data"
    )
    with ros2_bag(tmp_path / "drive") as bag:
        make = bag.make
        types = get_types_from_msg(text, name)
        # Another test may know a shorter form of it.
        make.store.fielddefs.pop(name, None)
        make.store.types.pop(name, None)
        make.store.register(types)
        for number, data in enumerate(h264):
            now = START + number * STEP
            packet = make.new(
                name, header=make.header(now, "camera"), width=128, height=64, encoding="libx264;yuv420p",
                pts=number, flags=0, is_bigendian=False, data=np.frombuffer(data, np.uint8),
            )  # fmt: skip
            bag.write("/camera/image_raw/ffmpeg", now, packet)
    recording = opened(tmp_path / "drive")
    captures = list(recording.captures("camera"))
    assert [bar(recording.read(capture)) for capture in captures[::5]] == list(range(FRAMES))[::5]


def test_a_video_that_begins_in_the_middle(tmp_path: Path, h264: list[bytes]) -> None:
    """What is before the first key frame cannot be shown, and is reported; a damaged frame is an error."""
    damaged = [*h264]
    damaged[20] = b"\0\0\0\1\x41" + b"\xff" * 40
    with ros2_bag(tmp_path / "drive") as bag:
        write(bag, damaged, first=5)
    recording = opened(tmp_path / "drive")
    captures = list(recording.captures("camera"))
    assert captures[0].time_ns == START + 8 * STEP
    (skip,) = recording.skipped
    assert (skip.time_ns, skip.count) == (START + 5 * STEP, 3)
    assert "no key frame before this frame" in skip.reason
    assert bar(recording.read(captures[0])) == 8
    with pytest.raises(
        RecordingError, match=rf"/camera/image_raw/h264 at {START + 20 * STEP}: the video cannot"
    ):
        recording.read(captures[12])


def test_videos_without_the_decoder(
    tmp_path: Path, h264: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason names what to install."""
    with ros2_bag(tmp_path / "drive") as bag:
        write(bag, h264)
    monkeypatch.setattr(video, "find_spec", lambda _: None)
    with pytest.raises(RecordingError, match=r"a video stream: .*kognic-client\[video\]"):
        opened(tmp_path / "drive").sensors()


def test_scenes_of_a_video(tmp_path: Path, h264: list[bytes]) -> None:
    """Files are made of the bag when they are needed, by as many threads as upload them."""
    with ros2_bag(tmp_path / "drive") as bag:
        write(bag, h264)
    (written,) = import_recordings("rosbag2", str(tmp_path / "drive"), tmp_path / "out")
    files: Any = load_scene_file(written.path).files
    assert all(name.endswith(".png") for name in files)
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda file: file.load(), files.values()))
    assert all(content.startswith(b"\x89PNG") for content in made)
    assert len(set(made)) == FRAMES
