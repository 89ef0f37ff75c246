"""Annotated scenes as a dataset; PyTorch and Hugging Face are tried by `make train-example`."""

from __future__ import annotations

import json
import pickle
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kognic._core.annotation_errors import AnnotationError
from kognic.annotations.cuboids import count_points
from kognic.annotations.segmentation import segmentation_document
from kognic.sandbox.sample.drive import SampleDrive, write_sample_drive
from kognic.scenes.training import AnnotatedFrames, as_list, to_hugging_face, to_torch

CLASSES = ["Car", "Pedestrian"]


@pytest.fixture(scope="module")
def drive(tmp_path_factory: pytest.TempPathFactory) -> SampleDrive:
    """Three frames; only read."""
    return write_sample_drive(tmp_path_factory.mktemp("drive"), frames=3)


def _frames(drive: SampleDrive, annotation: Path | None = None, **options: Any) -> AnnotatedFrames:
    pairs = [(drive.scene_file, annotation or drive.pre_annotation_file)]
    return AnnotatedFrames(pairs, **{"classes": CLASSES, **options})


@pytest.mark.slow
def test_images_points_and_targets_are_aligned(drive: SampleDrive) -> None:
    """Pixels are those of the files, cuboids hold points, boxes lie in their images."""
    frames = _frames(drive)
    described = json.loads(drive.scene_file.read_text())["frames"]
    assert len(frames) == len(described) == 3
    for sample, frame in zip(frames, described, strict=True):
        assert sample["frame_id"] == frame["frame_id"]
        for image in frame["images"]:
            with Image.open(drive.folder / image["filename"]) as picture:
                expected = np.asarray(picture.convert("RGB"))
            assert np.array_equal(sample["images"][image["sensor_name"]], expected)
        assert sum(sample["point_counts"].values()) == len(sample["points"])
        assert len(sample["cuboids"]) == len(sample["labels"]) == len(sample["tracks"]) > 0
        inside = count_points(sample["points"][:, :3], sample["cuboids"], grow=0.1)
        assert (inside > 0).mean() > 0.5
        for camera, boxes in sample["boxes"].items():
            height, width = sample["images"][camera].shape[:2]
            assert len(boxes) == len(sample["box_labels"][camera])
            assert (boxes[:, 2] > boxes[:, 0]).all()
            assert ((boxes[:, [0, 2]].mean(axis=1) > 0) & (boxes[:, [0, 2]].mean(axis=1) < width)).all()
            assert ((boxes[:, [1, 3]].mean(axis=1) > 0) & (boxes[:, [1, 3]].mean(axis=1) < height)).all()


def test_relative_paths_are_of_the_current_folder(
    drive: SampleDrive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another folder with files of the same names is read anew, and a dataset keeps its own."""
    found = []
    for name in ("first", "second"):
        shutil.copytree(drive.folder, tmp_path / name)
        described = json.loads((tmp_path / name / "scene.json").read_text())
        described["external_id"] = name
        (tmp_path / name / "scene.json").write_text(json.dumps(described))
        monkeypatch.chdir(tmp_path / name)
        pairs = [("scene.json", "pre_annotation.json")]
        found.append(AnnotatedFrames(pairs, classes=CLASSES, cameras=[], with_points=False))

    assert [frames[0]["scene"] for frames in found] == ["first", "second"]


def test_only_what_is_asked_for_is_read(drive: SampleDrive) -> None:
    """No cameras, no points, one class."""
    everything = _frames(drive)[0]
    sample = _frames(drive, cameras=[], with_points=False, classes=["Pedestrian"])[0]
    assert sample["images"] == {}
    assert "points" not in sample
    pedestrian = CLASSES.index("Pedestrian")
    assert len(sample["labels"]) == int((everything["labels"] == pedestrian).sum())


def test_a_dataset_is_a_sequence_that_can_be_pickled(drive: SampleDrive) -> None:
    """As the workers of a loader need it."""
    frames = _frames(drive)
    again = pickle.loads(pickle.dumps(frames))
    assert np.array_equal(again[-1]["points"], frames[2]["points"])
    assert [sample["frame_id"] for sample in frames[::2]] == [frames[0]["frame_id"], frames[2]["frame_id"]]
    with pytest.raises(IndexError):
        frames[3]
    assert as_list([frames[0]])[0]["frame_id"] == frames[0]["frame_id"]


def test_frames_are_matched_by_id(drive: SampleDrive, tmp_path: Path) -> None:
    """An annotation of the last frame alone is not given to the first."""
    plain = json.loads(drive.pre_annotation_file.read_text())
    frames = plain["openlabel"]["frames"]
    last = json.loads(drive.scene_file.read_text())["frames"][2]
    frames["0"] = frames.pop("2")
    frames["0"]["frame_properties"] = {"external_id": last["frame_id"]}
    del frames["1"]
    (tmp_path / "a.json").write_text(json.dumps(plain))
    (sample,) = _frames(drive, tmp_path / "a.json")
    assert sample["frame_id"] == last["frame_id"]
    assert np.array_equal(sample["cuboids"], _frames(drive)[2]["cuboids"])


def test_segmentations_label_every_point(drive: SampleDrive, tmp_path: Path) -> None:
    """In the order of the merged points; what is no class of the dataset is -1."""
    sample = _frames(drive)[0]
    counts = sample["point_counts"]
    values = {lidar: np.arange(count) % 3 for lidar, count in counts.items()}
    plain = segmentation_document(
        {sample["frame_id"]: values},
        {1: "Car", 2: "road"},
        object_id="5d457588-d6d4-5e91-af4b-ed92c1a24895",
    )
    (tmp_path / "a.json").write_text(json.dumps(plain))
    (labelled,) = _frames(drive, tmp_path / "a.json")
    expected = np.concatenate([np.where(value == 1, 0, -1) for value in values.values()])
    assert np.array_equal(labelled["point_labels"], expected)


def test_an_export_is_paired_with_its_scenes(drive: SampleDrive, tmp_path: Path) -> None:
    """By the UUID of the scene, as the manifest has it."""
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations/a.json").write_text(drive.pre_annotation_file.read_text())
    entry = {"scene_uuid": "s-1", "annotation_type": "x", "file": "annotations/a.json"}
    (tmp_path / "manifest.jsonl").write_text(json.dumps(entry) + "\n")
    frames = AnnotatedFrames.of_export(tmp_path, {"s-1": drive.scene_file}, classes=CLASSES)
    assert len(frames) == 3
    with pytest.raises(AnnotationError, match=r"has no annotation of the 1 scenes that are given"):
        AnnotatedFrames.of_export(tmp_path, {"s-2": drive.scene_file}, classes=CLASSES)
    with pytest.raises(AnnotationError, match=r"has no manifest.jsonl: it is not an export"):
        AnnotatedFrames.of_export(tmp_path / "annotations", {}, classes=CLASSES)
    (tmp_path / "manifest.jsonl").write_text(json.dumps({**entry, "cuboids": "iso8855"}) + "\n")
    with pytest.raises(AnnotationError, match=r"was exported with ISO 8855 cuboids"):
        AnnotatedFrames.of_export(tmp_path, {"s-1": drive.scene_file}, classes=CLASSES)


def test_what_does_not_fit_together(drive: SampleDrive, tmp_path: Path) -> None:
    """Another scene's annotation, classes that repeat."""
    (tmp_path / "a.json").write_text(
        '{"openlabel": {"frames": {"0": {"frame_properties": {"external_id": "z"}}}}}'
    )
    with pytest.raises(AnnotationError, match=r"no frame of .*a.json is a frame of .*scene.json"):
        _frames(drive, tmp_path / "a.json")
    with pytest.raises(
        AnnotationError, match=r"classes is \['Car', 'Car'\], must be names that do not repeat"
    ):
        _frames(drive, classes=["Car", "Car"])


@pytest.mark.parametrize(("call", "name"), [(to_torch, "torch"), (to_hugging_face, "datasets")])
def test_missing_libraries_name_their_extra(
    drive: SampleDrive, monkeypatch: pytest.MonkeyPatch, call: Any, name: str
) -> None:
    """The command to install it is in the message."""
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ModuleNotFoundError, match=rf'pip install "kognic-client\[{name}\]"'):
        call(_frames(drive))
