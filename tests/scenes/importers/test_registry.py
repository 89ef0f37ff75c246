"""Formats by name, their options, and a team's own format."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kognic._core.scene_errors import RecordingError
from kognic.scenes.content.points import PointArrays
from kognic.scenes.geometry.poses import Rigid
from kognic.scenes.importers import Capture, Recording, Sensor, formats, open_recordings, registry


class _OneSweep(Recording):
    """The least that an importer has to tell."""

    def __init__(self, folder: Path) -> None:
        self.name = folder.name

    def sensors(self) -> list[Sensor]:
        return [Sensor(name="lidar", kind="lidar", pose=Rigid.identity())]

    def captures(self, sensor: str) -> Iterator[Capture]:
        yield Capture(sensor=sensor, reference="0", time_ns=1)

    def read(self, capture: Capture) -> PointArrays:
        return PointArrays(xyz=np.zeros((1, 3)))


def open_own(source: Path, *, part: str = "all") -> Iterator[Recording]:
    """A team's own format."""
    yield _OneSweep(source)


def test_a_format_of_ones_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An entry point is all it takes; the defaults of the interface say that there is nothing more."""
    point = EntryPoint("own", f"{__name__}:open_own", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [point])

    (recording,) = open_recordings("own", tmp_path, {"part": "a"})
    with recording:
        assert recording.frames() is None
        assert recording.trajectory() is None
        assert list(recording.labels()) == []
        assert [s.name for s in recording.sensors_of(Any)] == ["lidar"]
    assert registry.open_recording("own", str(tmp_path), tmp_path.name).name == tmp_path.name
    with pytest.raises(RecordingError, match="no recording 'other'; there are: "):
        registry.open_recording("own", tmp_path, "other")
    with pytest.raises(RecordingError, match="own has no option 'sceen'; it has: part"):
        open_recordings("own", tmp_path, {"sceen": "1"})
    with pytest.raises(RecordingError, match="nowhere: there is no such file or folder"):
        open_recordings("own", tmp_path / "nowhere")


def open_nothing(source: Path, *, part: str = "all") -> Iterator[Recording]:
    """A format of which there is nothing here."""
    yield from ()


def test_importers_that_are_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A name that the module does not have, and a source without recordings, are errors that say so."""
    points = [EntryPoint(name, f"{__name__}:open_{name}", registry.GROUP) for name in ("missing", "nothing")]
    monkeypatch.setattr(registry, "entry_points", lambda group: points)
    with pytest.raises(
        RecordingError, match=r"missing: its entry point is '.*:open_missing': module .* has no"
    ):
        open_recordings("missing", tmp_path)
    with pytest.raises(RecordingError, match=r"holds no recording of nothing with part=a$"):
        open_recordings("nothing", tmp_path, {"part": "a"})


def test_the_formats_of_the_package() -> None:
    """Every format loads, takes a source, and is listed when a name is unknown."""
    names = formats()
    assert {
        "argoverse2",
        "kitti-object",
        "kitti-odometry",
        "kitti-raw",
        "nuscenes",
        "pandaset",
        "t4",
        "zod",
    } <= set(names)
    for name in names:
        assert callable(registry.importer_of(name))
    assert registry.options_of("nuscenes") == {"version": None, "scene": None, "sweeps": "false"}
    with pytest.raises(
        RecordingError, match=r"'kitty' is not a format that can be imported; there are: .*kitti-raw"
    ):
        open_recordings("kitty", ".")


@pytest.mark.shared
def test_sources_on_object_storage(raw: Path) -> None:
    """A source may be any URL of fsspec; nothing is copied to disk."""
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    memory.put(str(raw / "nuscenes"), "/bucket/nuscenes", recursive=True)
    memory.put(str(raw / "kitti_object"), "/bucket/kitti", recursive=True)
    memory.put(str(raw / "av2"), "/bucket/av2", recursive=True)
    memory.put(str(raw / "zod"), "/bucket/zod", recursive=True)
    memory.put(str(raw / "pandaset"), "/bucket/pandaset", recursive=True)
    expected = {
        "nuscenes": 34_688,
        "kitti-object": 126_891,
        "argoverse2": 51_785,
        "zod": 9_000,
        "pandaset": 106_169,
    }
    for name, count in expected.items():
        source = {"argoverse2": "av2", "kitti-object": "kitti"}.get(name, name)
        (recording,) = open_recordings(name, f"memory://bucket/{source}")
        lidar = next(sensor for sensor in recording.sensors() if sensor.kind == "lidar")
        cloud: Any = recording.read(next(iter(recording.captures(lidar.name))))
        assert len(cloud) == count
        camera = next(sensor for sensor in recording.sensors() if sensor.kind == "camera")
        image: Any = recording.read(next(iter(recording.captures(camera.name))))
        assert str(image).startswith("memory://bucket")
        assert len(image.read_bytes()) > 1000


def test_a_url_of_an_unknown_kind() -> None:
    """The scheme is named."""
    with pytest.raises(RecordingError, match="nosuch"):
        open_recordings("kitti-raw", "nosuch://bucket/drive")
