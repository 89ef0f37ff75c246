"""Finding descriptions in folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from kognic.scenes.scene_search import find_scene_files


def test_find_scene_files(tmp_path: Path) -> None:
    """Files as they are given, folders in the order of names; what has another name is something else."""
    for name in ("b/scene.yml", "a/2.scene.yaml", "a/scene.json", "a/calibration.json", "a/deep/scene.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")
    given = tmp_path / "a" / "calibration.json"

    found = [str(path.relative_to(tmp_path)) for path in find_scene_files([given, tmp_path])]

    expected = ["a/calibration.json", "a/2.scene.yaml", "a/scene.json", "a/deep/scene.json", "b/scene.yml"]
    assert found == expected


def test_find_scene_files_misses_nothing_in_silence(tmp_path: Path) -> None:
    """A path that does not exist and a folder without descriptions are errors."""
    with pytest.raises(FileNotFoundError, match=r"absent does not exist"):
        list(find_scene_files([tmp_path / "absent"]))
    with pytest.raises(FileNotFoundError, match=r"holds no scene file: scene.json"):
        list(find_scene_files([tmp_path]))
