"""What the bytes of scenes and frames hold."""

from __future__ import annotations

import numpy as np

from kognic.viewer import frames
from kognic.viewer.document import Cloud, Frame, FrameEntry, Lidar, Picture, Scene, Shape, Trajectory
from kognic.viewer.frames import frame_bytes, scene_bytes
from kognic.viewer.packing import from_planes, unpack

START = 1_772_000_000_000_000_123


def scene(**values: object) -> Scene:
    """A scene of two frames, 100 ms apart."""
    entries = [FrameEntry(frame_id=f"f{i}", relative_ms=100 * i, unix_ns=START + i * 10**8) for i in (0, 1)]
    return Scene(title="drive", lidars=[Lidar(name="TOP")], frames=entries, **values)  # type: ignore[arg-type]


def test_times_are_exact_although_they_do_not_fit_a_double() -> None:
    """They are relative to the first frame, whose own time is text."""
    path = Trajectory(
        times_ns=np.array([START - 1, START + 10**9]), positions=np.zeros((2, 3)), quaternions=np.eye(4)[:2]
    )

    head, blocks = unpack(scene_bytes(scene(trajectory=path)))

    assert head["origin_ns"] == str(START)
    assert [entry["time_ns"] for entry in head["frames"]] == [0, 10**8]
    assert np.frombuffer(blocks[head["trajectory"]["times"]], "<f8").tolist() == [-1.0, 1e9]


def test_points_come_with_their_times_and_intensity() -> None:
    """In the order of the file, without those that are nowhere."""
    xyz = np.array([[1.0, 2, 3], [np.nan, 0, 0], [-4, 5, 6]])
    times = np.array([START + 10**8 - 20_000, START, START + 10**8 + 30_000], dtype=np.uint64)
    cloud = Cloud(lidar="TOP", xyz=xyz, intensity=np.array([0, 9, 200]), times_ns=times)

    document, blocks = unpack(frame_bytes(Frame(index=1, clouds=[cloud]), scene()))

    packed = document["clouds"][0]
    assert (packed["count"], packed["total"]) == (2, 3)
    assert from_planes(blocks[packed["positions"]], np.int32).tolist() == [
        1000,
        -4000,
        2000,
        5000,
        3000,
        6000,
    ]
    assert np.cumsum(from_planes(blocks[packed["times"]], np.int32)).tolist() == [-2, 3]
    assert packed["intensity"]["low"] < packed["intensity"]["high"]


def test_times_of_another_clock_are_left_out() -> None:
    """Points that seem to be days away from their frame were timed by another clock."""
    cloud = Cloud(lidar="TOP", xyz=np.ones((2, 3)), times_ns=np.array([5, 6]))

    document, _ = unpack(frame_bytes(Frame(index=0, clouds=[cloud]), scene()))

    assert document["clouds"][0]["times"] is None


def test_very_many_points_are_thinned_and_the_frame_says_so(monkeypatch: object) -> None:
    """Every n-th remains, of clouds and of baked pixels alike."""
    monkeypatch.setattr(frames, "POINT_LIMIT", 100)  # type: ignore[attr-defined]
    xyz = np.arange(750, dtype=float).reshape(250, 3)
    picture = Picture(camera="C", width=10, height=10, baked=np.zeros((250, 2)))

    document, blocks = unpack(
        frame_bytes(Frame(index=0, clouds=[Cloud(lidar="TOP", xyz=xyz)], pictures=[picture]), scene())
    )

    assert document["clouds"][0]["count"] == 84
    assert document["clouds"][0]["total"] == 250
    assert len(blocks[document["pictures"][0]["baked"]]) == 84 * 2 * 4
    assert document["notes"] == ["the frame has more than 2,000,000 points: every 3th is shown"]


def test_shapes_keep_their_numbers_and_lose_what_json_cannot_hold() -> None:
    """NaN in a property becomes null, and anything odd becomes text."""
    shape = Shape(
        object_id="a",
        kind="bbox",
        numbers=[1.5, 2, 3, 4],
        properties={"score": float("nan"), "when": START, "x": {1}},
    )

    document, _ = unpack(frame_bytes(Frame(index=0, shapes=[shape]), scene()))

    assert document["shapes"][0]["numbers"] == [1.5, 2, 3, 4]
    assert document["shapes"][0]["properties"] == {"score": None, "when": START, "x": "{1}"}
