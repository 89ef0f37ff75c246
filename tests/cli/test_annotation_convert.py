"""`kognic annotation convert`: there and back with published labels."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from kognic.annotations.convert.coco import encode_mask
from kognic.annotations.convert.point_labels import read_label, read_lidarseg
from kognic.annotations.reading import read_document
from kognic.annotations.segmentation import LabelClass, segmentation_document
from kognic.cli.root import cli
from tests.annotations.scenes import box, car, document


def run(*arguments: object, status: int = 0) -> Result:
    """Run a conversion without credentials or network."""
    result = CliRunner().invoke(cli, ["annotation", "convert", *map(str, arguments)])
    assert result.exit_code == status, (result.output, result.exception)
    return result


@pytest.mark.shared
def test_kitti_there_and_back(samples: Path, tmp_path: Path) -> None:
    """A folder of label files with their calibrations: the published text again."""
    training = samples / "raw/kitti_object/training"
    options = ("--camera", "CAM", "--lidar", "VELO", "--calibration", training / "calib")
    run(training / "label_2", tmp_path / "a.json", "--from", "kitti", *options)
    run(tmp_path / "a.json", tmp_path / "out", "--to", "kitti", *options)
    assert (tmp_path / "out/000002.txt").read_text().split() == (
        training / "label_2/000002.txt"
    ).read_text().split()


@pytest.mark.shared
@pytest.mark.parametrize("form", ["nuscenes", "t4"])
def test_nuscenes_there_and_back(samples: Path, tmp_path: Path, form: str) -> None:
    """Positions of all boxes again, beside the recording's own tables."""
    version = samples / "raw/nuscenes/v1.0-mini"
    options = ("--lidar", "LIDAR_TOP", "--system", "lidar")
    run(version, tmp_path / "a.json", "--from", "nuscenes", *options)
    run(tmp_path / "a.json", tmp_path / "v1.0-mini", "--to", form, "--version", version, *options)
    before = {
        row["instance_token"]: row for row in json.loads((version / "sample_annotation.json").read_text())
    }
    after = json.loads((tmp_path / "v1.0-mini/sample_annotation.json").read_text())
    assert len(after) == len(before) == 68
    for row in after:
        assert row["translation"] == pytest.approx(before[row["instance_token"]]["translation"], abs=1e-6)
    assert (tmp_path / "v1.0-mini/ego_pose.json").is_file()
    instances = json.loads((tmp_path / "v1.0-mini/instance.json").read_text())
    assert all(("instance_name" in row) == (form == "t4") for row in instances)


@pytest.mark.shared
def test_argoverse_there_and_back(samples: Path, tmp_path: Path) -> None:
    """Every box of the log, found by PyArrow."""
    feather = pytest.importorskip("pyarrow.feather", reason="the extra parquet is not installed")
    (source,) = (samples / "raw/av2").rglob("annotations.feather")
    options = ("--lidar", "up_lidar", "--system", "ego")
    run(source, tmp_path / "a.json", "--from", "argoverse2", *options)
    run(tmp_path / "a.json", tmp_path / "b.feather", "--to", "argoverse2", *options)
    before, after = feather.read_table(source), feather.read_table(tmp_path / "b.feather")
    order = [("timestamp_ns", "ascending"), ("track_uuid", "ascending")]
    for name in ("tx_m", "ty_m", "tz_m", "length_m"):
        first, second = (table.sort_by(order)[name].to_numpy() for table in (before, after))
        assert np.allclose(first, second, atol=1e-6)


def test_coco_there_and_back(tmp_path: Path) -> None:
    """A box and a mask."""
    pixels = np.zeros((30, 40), dtype=bool)
    pixels[3:9, 4:8] = True
    entry = {
        "id": 1,
        "image_id": 1,
        "category_id": 1,
        "bbox": [4, 3, 4, 6],
        "segmentation": encode_mask(pixels),
    }
    coco = {
        "images": [{"id": 1, "file_name": "a.png", "width": 40, "height": 30}],
        "categories": [{"id": 1, "name": "Car"}],
        "annotations": [entry],
    }
    (tmp_path / "coco.json").write_text(json.dumps(coco))
    run(tmp_path / "coco.json", tmp_path / "a.json", "--from", "coco", "--camera", "CAM")
    run(tmp_path / "a.json", tmp_path / "b.json", "--to", "coco", "--image-size", "40x30")
    (back,) = json.loads((tmp_path / "b.json").read_text())["annotations"]
    assert (back["bbox"], back["segmentation"]) == ([4, 3, 4, 6], entry["segmentation"])


@pytest.mark.parametrize("form", ["kitti", "coco"])
def test_camera_without_labels(tmp_path: Path, form: str) -> None:
    """A misspelt camera is an error that lists the others, not an empty file."""
    plain = document([car("f0", boxes=[box(5, 6)])]).plain
    (tmp_path / "a.json").write_text(json.dumps(plain))
    options = ("--image-size", "40x30", "--calibration", tmp_path)
    done = run(tmp_path / "a.json", tmp_path / "out", "--to", form, "--camera", "FRNT", *options, status=2)
    assert "nothing is labelled in FRNT; cameras with labels: FRONT" in done.output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("form", ["semantickitti", "lidarseg"])
def test_segmentations_as_files(tmp_path: Path, form: str) -> None:
    """A file per frame and lidar, whose names cannot lead out of the folder."""
    thing = LabelClass(value=7, name="Car", object_id="1232b4f4-e3ca-446a-91cb-d8d403703df7")
    plain = segmentation_document(
        {"../f": {"L": [1, 7, 7]}},
        {1: LabelClass(value=1, name="road"), 7: thing},
        object_id="5d457588-d6d4-5e91-af4b-ed92c1a24895",
    )
    (tmp_path / "a.json").write_text(json.dumps(plain))
    run(tmp_path / "a.json", tmp_path / "out", "--to", form)
    (path,) = (tmp_path / "out").iterdir()
    if form == "lidarseg":
        assert read_lidarseg(path).tolist() == [1, 7, 7]
    else:
        classes, instances = read_label(path)
        assert (classes.tolist(), instances.tolist()) == ([1, 7, 7], [0, 1, 1])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Set --from or --to: one of SOURCE and TARGET must have another format than OpenLABEL."),
        (("--from", "kitti", "--to", "coco"), "Set --from or --to"),
        (("--from", "kitti"), "--camera is required"),
        (("--from", "kitti", "--camera", "C"), "--lidar is required"),
        (("--from", "kitti", "--camera", "C", "--lidar", "L"), "--calibration is required"),
        (("--from", "nuscenes"), "--lidar is required"),
        (("--from", "nuscenes", "--lidar", "L"), "--system is required"),
        (("--to", "nuscenes", "--lidar", "L", "--system", "ego"), "--version is required"),
        (("--from", "argoverse2", "--lidar", "L"), "--system ego is required"),
        (("--to", "argoverse2"), "--system ego is required"),
        (("--to", "coco"), "--image-size is required"),
        (("--image-size", "wide"), "'wide' is not WIDTHxHEIGHT"),
    ],
)
def test_nothing_is_guessed(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    """What a format needs is asked for."""
    (tmp_path / "a.json").write_text(json.dumps(document([car("f0")]).plain))
    assert message in run(tmp_path / "a.json", tmp_path / "b", *arguments, status=2).stderr


def test_interpolated_geometry_can_be_left_out(tmp_path: Path) -> None:
    """Two of three frames are key frames."""
    labels = [car(frame) for frame in ("f0", "f1", "f2")]
    plain = json.loads(json.dumps(document(labels).plain))
    for key, frame in plain["openlabel"]["frames"].items():
        frame["frame_properties"]["external_id"] = str(1000 + int(key))
        (entry,) = next(iter(frame["objects"].values()))["object_data"]["cuboid"]
        entry["attributes"]["boolean"] = [{"name": "interpolated", "val": key == "1"}]
    (tmp_path / "a.json").write_text(json.dumps(plain))
    pytest.importorskip("pyarrow", reason="the extra parquet is not installed")
    options = ("--to", "argoverse2", "--system", "ego")
    assert "3 labels" in run(tmp_path / "a.json", tmp_path / "b.feather", *options).stderr
    assert (
        "2 labels" in run(tmp_path / "a.json", tmp_path / "b.feather", *options, "--drop-interpolated").stderr
    )
    assert len(read_document(tmp_path / "a.json").frames) == 3
