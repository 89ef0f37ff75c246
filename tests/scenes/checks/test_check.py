"""All groups of rules in one call."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from kognic.io.model.calibration import RotationQuaternion
from kognic.sandbox.sample.drive import write_sample_drive
from kognic.scenes.calibration import evidence
from kognic.scenes.checks import check_calibration, check_document, check_scene
from kognic.scenes.content import read_points
from kognic.scenes.scene_file import load_scene_file
from tests.annotations.openlabel.documents import good_document
from tests.scenes.checks.scenes import codes, good_calibration, good_scene


def test_groups_are_checked_as_asked(tmp_path: Path) -> None:
    """Nothing of a group that was not asked for, everything of those that were."""
    scene, calibration, document = good_scene(tmp_path), good_calibration(), good_document()
    scene.external_id = ""
    (tmp_path / "FRONT_0.png").write_bytes(b"")
    calibration.calibration["LEFT"].rotation_quaternion = RotationQuaternion(w=0, x=0, y=0, z=0)
    document["openlabel"]["metadata"]["schema_version"] = "2.0"
    expected = {
        "structure": "scene-external-id",
        "files": "file-empty",
        "geometry": "quaternion-value",
        "openlabel": "ol-version",
    }

    def found(*groups: str) -> set[str]:
        options: dict[str, Any] = {"groups": groups} if groups else {}
        return codes(check_scene(scene, calibration=calibration, pre_annotation=document, **options))

    for group, code in expected.items():
        assert found(group) & set(expected.values()) == {code}
    assert set(expected.values()) <= found()


def test_facts_and_name(tmp_path: Path) -> None:
    """What was looked at, and what the report is called."""
    scene = good_scene(tmp_path)
    report = check_scene(scene, groups=["structure", "files"], name="mine")
    assert report.name == "mine"
    assert report.facts["frames"] == 4
    assert report.facts["file headers read"] == 12
    assert check_scene(scene, groups=["files"], full=True).facts["files read"] == 12
    assert check_scene(scene, groups=[]).name == "good"


def test_good_scene_breaks_nothing(tmp_path: Path) -> None:
    """Points and pictures of noise say nothing on the cameras, and that alone is said."""
    report = check_scene(
        good_scene(tmp_path), calibration=good_calibration(), pre_annotation=good_document(), full=True
    )
    assert (report.errors, report.warnings) == ((), ()), report.to_json()
    assert {camera.sensor for camera in report.cameras} <= {"FRONT", "LEFT"}


@pytest.mark.slow
def test_each_cloud_is_decoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cameras, units and lidars look at the same frames of a short scene."""
    drive = load_scene_file(write_sample_drive(tmp_path, frames=4, cloud_format="csv").scene_file)
    decoded: Counter[str] = Counter()

    def counting(source: Any, format: str | None = None) -> Any:
        decoded[source.name] += 1
        return read_points(source, format)

    monkeypatch.setattr(evidence, "read_points", counting)
    scene: Any = drive.scene("calibration")
    for frame in scene.frames:
        # One camera is enough.
        frame.images = frame.images[:1]
    check_scene(scene, calibration=drive.calibration, groups=["geometry"])

    assert len(decoded) == 4
    assert set(decoded.values()) == {1}


def test_motion_compensation_decides_on_times(tmp_path: Path) -> None:
    """Times before the IMU data matter only to who compensates."""
    scene = good_scene(tmp_path)
    scene.imu_data = [
        sample for sample in scene.imu_data if sample.timestamp >= scene.frames[0].unix_timestamp
    ]
    options: dict[str, Any] = {"groups": ["files"], "full": True}
    assert codes(check_scene(scene, **options)) == {"cloud-time-imu"}
    assert codes(check_scene(scene, motion_compensation=False, **options)) == set()


def test_cuboids_are_compared_with_points(tmp_path: Path) -> None:
    """A cuboid far from the points of its frame is found where geometry is checked, too."""
    scene, document = good_scene(tmp_path), good_document()
    for frame in document["openlabel"]["frames"].values():
        for data in frame["objects"].values():
            for cuboid in data["object_data"].get("cuboid", []):
                cuboid["val"][0] = 5000.0
    options: dict[str, Any] = {"calibration": good_calibration(), "pre_annotation": document}
    assert "ol-cuboid-far" in codes(check_scene(scene, groups=["openlabel", "geometry"], **options))
    assert "ol-cuboid-far" not in codes(check_scene(scene, groups=["openlabel"], **options))


def test_what_cannot_be_checked() -> None:
    with pytest.raises(TypeError, match=r"dict is not a scene; pass one of Cameras, "):
        check_scene({})
    with pytest.raises(ValueError, match=r"there is no group 'file' of rules; there are structure, files, "):
        check_scene(good_scene(), groups=["file"])
    with pytest.raises(TypeError, match=r"int is not an OpenLABEL document"):
        check_document(5)


def test_check_calibration() -> None:
    """The numbers of a calibration, without a scene."""
    calibration = good_calibration()
    report = check_calibration(calibration)
    assert (report.name, report.facts, report.errors) == ("rig", {"sensors": 3}, ())
    calibration.calibration["LEFT"].image_width = 0  # type: ignore[attr-defined]
    assert "image-size-value" in check_calibration(calibration).codes


def test_check_document() -> None:
    """A document without its scene."""
    report = check_document(good_document(), name="mine")
    assert (report.name, len(report)) == ("mine", 0)
    assert "ol-schema" in check_document({}).codes
