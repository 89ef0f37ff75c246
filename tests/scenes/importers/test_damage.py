"""Damaged recordings of every format end in a typed error or in reported skips, never in anything else."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kognic._core.errors import KognicError
from kognic.scenes.importers import files as files_module
from kognic.scenes.importers.writing import import_recordings
from kognic.scenes.scene_file import load_scene_file
from tests.scenes.importers.bag_writing import ros1_bag, ros2_bag, write_drive

TRIES = 12
Change = Callable[[bytes, random.Random], bytes]


def cut(data: bytes, rng: random.Random) -> bytes:
    """The end is missing."""
    return data[: rng.randrange(len(data))]


def flip(data: bytes, rng: random.Random) -> bytes:
    """Some bytes are others."""
    changed = bytearray(data)
    for _ in range(rng.randrange(1, 20)):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def drop(data: bytes, rng: random.Random) -> bytes:
    """A part in the middle is missing."""
    start = rng.randrange(len(data))
    return data[:start] + data[start + rng.randrange(1, 200) :]


def attempt(format: str, source: Path, out: Path) -> str:
    """Import, load and make all files; whatever is wrong must be a `KognicError`."""
    shutil.rmtree(out, ignore_errors=True)
    files_module._opened.cache_clear()  # a recording that is open does not expect to change
    try:
        for written in import_recordings(format, str(source), out):
            files: Any = load_scene_file(written.path).files
            for file in files.values():
                if not isinstance(file, Path):
                    file.load()
    except KognicError as exc:
        return str(exc)
    return ""


def damage(format: str, source: Path, tmp_path: Path) -> None:
    """Change one file after the other in each of the ways."""
    files = [path for path in sorted(source.rglob("*")) if path.is_file()] if source.is_dir() else [source]
    rng = random.Random(format)
    for number in range(TRIES):
        path = files[rng.randrange(len(files))]
        whole = path.read_bytes()
        if not whole:
            continue
        change: Change = rng.choice([cut, flip, drop])
        path.write_bytes(change(whole, rng))
        message = attempt(format, source, tmp_path / "out")
        assert "Traceback" not in message, (number, path.name, change.__name__)
        path.write_bytes(whole)
    assert attempt(format, source, tmp_path / "out") == ""


@pytest.mark.slow
@pytest.mark.parametrize("storage", ["mcap", "sqlite3", "ros1"])
def test_bags(tmp_path: Path, storage: str) -> None:
    """Containers, messages and their contents."""
    if storage == "ros1":
        with ros1_bag(tmp_path / "drive.bag") as bag:
            write_drive(bag, frames=2)
        damage("rosbag1", tmp_path / "drive.bag", tmp_path)
        return
    with ros2_bag(tmp_path / "drive", storage) as bag:
        write_drive(bag, frames=2)
    damage("rosbag2", tmp_path / "drive", tmp_path)


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.parametrize(
    ("format", "source"),
    [
        ("nuscenes", "nuscenes"),
        ("t4", "t4/composed_concat"),
        ("kitti-raw", "kitti_raw/2011_09_26"),
        ("zod", "zod"),
        ("mcap", "mcap_foxglove/kitti_json.mcap"),
        ("mcap", "mcap_foxglove/nuscenes_protobuf.mcap"),
    ],
)
def test_data_sets(raw: Path, tmp_path: Path, format: str, source: str) -> None:
    """Tables, calibrations, clouds and messages of others."""
    target = tmp_path / Path(source).name
    if (raw / source).is_dir():
        shutil.copytree(raw / source, target, ignore=shutil.ignore_patterns("*_0001_sync", "facts.json"))
    else:
        shutil.copy(raw / source, target)
    damage(format, target, tmp_path)


def test_kitti_object(tmp_path: Path) -> None:
    """Text and packed floats."""
    folder = tmp_path / "kitti" / "training"
    for name in ("calib", "velodyne", "label_2"):
        (folder / name).mkdir(parents=True)
    lines = ["P2: 700 0 600 70 0 700 180 0 0 0 1 0", "R0_rect: 1 0 0 0 1 0 0 0 1"]
    text = "\n".join([*lines, "Tr_velo_to_cam: 0 -1 0 0 0 0 -1 0 1 0 0 0", ""])
    (folder / "calib" / "000000.txt").write_text(text)
    (folder / "label_2" / "000000.txt").write_text("Car 0 1 0 1 2 3 4 1.5 1.8 4 2 1.7 10 0\n")
    np.ones((50, 4), "<f4").tofile(folder / "velodyne" / "000000.bin")
    damage("kitti-object", tmp_path / "kitti", tmp_path)
