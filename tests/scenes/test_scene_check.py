"""Checking described scenes from Python."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kognic._core.scene_errors import DocumentError
from kognic.sandbox.sample.drive import write_sample_drive
from kognic.scenes.scene_check import CheckOptions, check_rigs, check_scene_files, load_pre_annotation


def test_check_scene_files(tmp_path: Path) -> None:
    """One report per description, in order; progress names the description."""
    drive = write_sample_drive(tmp_path, frames=1, cloud_format="csv")
    (tmp_path / "broken.json").write_text('{"type": "cameras"}')
    seen: list[tuple[str, int, int]] = []
    options = CheckOptions(groups=("structure", "files"), workers=1)

    broken, good = check_scene_files(
        [tmp_path / "broken.json", drive.scene_file], options, progress=lambda *step: seen.append(step)
    )

    assert (broken.name, broken.source) == (str(tmp_path / "broken.json"),) * 2
    assert set(broken.codes) == {"scene-file"}
    assert (good.name, good.source, good.errors) == ("sample-drive-0", str(drive.scene_file), ())
    assert seen[-1] == (str(drive.scene_file), 3, 3)


def test_load_pre_annotation(tmp_path: Path) -> None:
    """Only what has `openlabel` is a document."""
    path = tmp_path / "document.json"
    path.write_text(json.dumps({"openlabel": {"frames": {}}}))
    assert load_pre_annotation(path) == {"openlabel": {"frames": {}}}
    path.write_text("[]")
    with pytest.raises(DocumentError, match=r"document.json: is not an OpenLABEL document"):
        load_pre_annotation(path)


@pytest.mark.slow
def test_cameras_of_scenes_that_share_a_calibration(tmp_path: Path) -> None:
    """One report for the rig, with the frames of all its scenes; a scene alone keeps its cameras."""
    scenes = [
        write_sample_drive(tmp_path / name, seed=seed, frames=2).folder / "scene.json"
        for name, seed in (("first", 1), ("second", 2))
    ]
    options = CheckOptions(groups=["geometry"], max_frames=1)

    steps: list[tuple[str, int, int]] = []
    *each, rig = check_rigs(scenes, options, camera_progress=lambda *step: steps.append(step))
    (alone,) = check_rigs(scenes[:1], options, camera_progress=lambda *step: steps.append(step))

    assert [bool(report.cameras) for report in each] == [False, False]
    assert rig.name.startswith("rig ")
    assert {key: rig.facts[key] for key in ("scenes", "frames used")} == {"scenes": 2, "frames used": 2}
    assert rig.source == str(scenes[0])
    assert {camera.sensor for camera in rig.cameras} == {camera.sensor for camera in alone.cameras} != set()
    names = [camera.sensor for camera in rig.cameras]
    assert steps == 2 * [(name, number, len(names)) for number, name in enumerate(names, start=1)]
    assert {finding.sensor for finding in rig} == {camera.sensor for camera in rig.cameras}
    assert alone.source == str(scenes[0])
    assert check_rigs(scenes, CheckOptions(groups=["structure"]))[0].cameras == ()
