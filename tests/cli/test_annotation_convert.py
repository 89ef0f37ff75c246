"""`kognic annotation convert`: there and back with published labels."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image
from pycocotools.coco import COCO

from kognic.annotations.convert.coco import encode_mask
from kognic.annotations.convert.kitti import calibration_text
from kognic.annotations.convert.point_labels import read_label, read_lidarseg
from kognic.annotations.labels import Mask, Outline, document_of, encode_png
from kognic.annotations.reading import read_document
from kognic.annotations.segmentation import LabelClass, segmentation_document
from kognic.cli.annotation_convert import convert
from kognic.cli.annotation_options import EXAMPLES, NEEDS, Options
from kognic.cli.root import cli
from kognic.sandbox.sample.drive import SampleDrive, write_sample_drive
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
    run(tmp_path / "a.json", tmp_path / "out", "--to", "kitti", *options, "--image-size", "1242x375")
    for name in ("label_2/000002.txt", "calib/000002.txt"):
        assert (tmp_path / "out" / name).read_text().split() == (training / name).read_text().split()
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["calib", "label_2"]


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


@pytest.mark.slow
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
    assert json.loads((tmp_path / "b.json").read_text())["images"] == coco["images"]
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
    names = json.loads((tmp_path / "out/classes.json").read_text())
    assert names == {"0": "background", "1": "road", "7": "Car"}
    (path,) = (path for path in (tmp_path / "out").iterdir() if path.name != "classes.json")
    if form == "lidarseg":
        assert read_lidarseg(path).tolist() == [1, 7, 7]
    else:
        classes, instances = read_label(path)
        assert (classes.tolist(), instances.tolist()) == ([1, 7, 7], [0, 1, 1])


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), ["Set --from or --to: one of SOURCE and TARGET must have another format than OpenLABEL"]),
        (("--from", "kitti", "--to", "coco"), ["Set --from or --to"]),
        (("--from", "kitti"), ["--camera NAME", "--lidar NAME", "--calibration FILE|DIR"]),
        (("--from", "kitti", "--camera", "C"), ["--lidar NAME", "--calibration FILE|DIR"]),
        (("--from", "nuscenes"), ["--lidar NAME", "--system ego|lidar|world"]),
        (("--from", "t4", "--lidar", "L"), ["--system ego|lidar|world"]),
        (("--to", "nuscenes"), ["--lidar NAME", "--system ego|lidar|world", "--version DIR"]),
        (("--from", "argoverse2"), ["--lidar NAME", "--system ego"]),
        (("--from", "argoverse2", "--system", "world", "--lidar", "L"), ["--system ego"]),
        (("--to", "argoverse2"), ["--system ego"]),
        (("--from", "coco"), ["--camera NAME"]),
        (("--to", "coco"), ["--scene FILE or --image-size WxH"]),
        (
            ("--to", "kitti"),
            ["--camera NAME", "--scene FILE or --calibration", "--scene FILE or --image-size"],
        ),
        (("--to", "kitti", "--calibration", "c", "--camera", "C"), ["--scene FILE or --image-size WxH"]),
        (("--image-size", "wide"), ["'wide' is not WIDTHxHEIGHT"]),
    ],
)
def test_nothing_is_guessed(tmp_path: Path, arguments: tuple[str, ...], expected: list[str]) -> None:
    """One error lists every option that a format needs, with a complete example."""
    (tmp_path / "a.json").write_text(json.dumps(document([car("f0")]).plain))
    printed = run(tmp_path / "a.json", tmp_path / "b", *arguments, status=2).stderr
    assert all(text in printed for text in expected), printed
    lines = [line for line in printed.splitlines() if line.startswith("  --")]
    if lines:
        assert len(lines) == len(expected)
        assert "Example: kognic annotation convert " in printed
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize("key", EXAMPLES)
def test_examples_have_every_option(key: tuple[str, str]) -> None:
    """What an error suggests is complete."""
    arguments = shlex.split(EXAMPLES[key])
    context = convert.make_context("convert", list(arguments))
    names = {field.name for field in attrs.fields(Options)}
    options = Options(**{name: value for name, value in context.params.items() if name in names})
    assert [need.usage for need in NEEDS[key] if not need.is_met(options)] == []
    assert set(key) <= set(arguments)


@pytest.fixture(scope="module")
def drive(tmp_path_factory: pytest.TempPathFactory) -> SampleDrive:
    """Two frames of a lidar and cameras; only read."""
    return write_sample_drive(tmp_path_factory.mktemp("drive"), frames=2)


def test_coco_names_the_images_of_the_scene(drive: SampleDrive, tmp_path: Path) -> None:
    """File names lead from the scene file to the images, which have the stated size."""
    target = tmp_path / "coco.json"
    run(drive.pre_annotation_file, target, "--to", "coco", "--scene", drive.scene_file)
    found = COCO(str(target))
    described = json.loads(drive.scene_file.read_text())["frames"]
    assert len(found.imgs) == sum(len(frame["images"]) for frame in described)
    for image in found.loadImgs(found.getImgIds()):
        with Image.open(drive.folder / image["file_name"]) as picture:
            assert picture.size == (image["width"], image["height"])
    assert len(found.anns) > 0


def test_coco_names_images_by_a_pattern(drive: SampleDrive, tmp_path: Path) -> None:
    """One camera, without a scene."""
    target = tmp_path / "coco.json"
    options = ("--camera", "FRONT", "--image-size", "960x540", "--image-names", "{camera}_{frame_id}.png")
    run(drive.pre_annotation_file, target, "--to", "coco", *options)
    images = json.loads(target.read_text())["images"]
    assert [image["file_name"] for image in images] == ["FRONT_0.png", "FRONT_1.png"]


def test_coco_keeps_objects_of_more_than_one_camera(tmp_path: Path) -> None:
    """An object in two images has its box in the chosen one."""
    plain = document([car("f0", boxes=[box(5, 6), box(7, 8, camera="REAR")])]).plain
    (tmp_path / "a.json").write_text(json.dumps(plain))
    options = ("--camera", "FRONT", "--image-size", "40x30", "--image-names", "{frame_id}.png")
    run(tmp_path / "a.json", tmp_path / "b.json", "--to", "coco", *options)
    written = json.loads((tmp_path / "b.json").read_text())
    assert [entry["bbox"][:2] for entry in written["annotations"]] == [[-15, -14]]
    assert [image["file_name"] for image in written["images"]] == ["f0.png", "f1.png", "f2.png"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            (),
            "the document does not name the image of FRONT in frame f0: pass --scene FILE, or --image-names",
        ),
        (("--image-names", "{uri}"), "does not name the image of FRONT in frame f0"),
        (
            ("--image-names", "{x}.png"),
            "'{x}.png' is not a pattern of {camera}, {frame_id}, {scene} and {uri}",
        ),
    ],
)
def test_coco_invents_no_names(tmp_path: Path, options: tuple[str, ...], message: str) -> None:
    """A document without file names."""
    (tmp_path / "a.json").write_text(json.dumps(document([car("f0", boxes=[box(5, 6)])]).plain))
    done = run(tmp_path / "a.json", tmp_path / "b", "--to", "coco", "--image-size", "9x9", *options, status=2)
    assert message in " ".join(done.stderr.split())
    assert not (tmp_path / "b").exists()


def _straight_lens(drive: SampleDrive, folder: Path) -> Path:
    """The drive's scene with cameras whose images are rectified."""
    shutil.copytree(drive.folder, folder)
    calibration = json.loads((folder / "calibration.json").read_text())
    for sensor in calibration["calibration"].values():
        if "distortion_coefficients" in sensor:
            sensor["distortion_coefficients"] = dict.fromkeys(sensor["distortion_coefficients"], 0)
    (folder / "calibration.json").write_text(json.dumps(calibration))
    return folder / drive.scene_file.name


def test_kitti_from_a_scene(drive: SampleDrive, tmp_path: Path) -> None:
    """Labels and calibration by the format's own formula: x = P2 R0_rect Tr_velo_to_cam y, in the image."""
    scene = _straight_lens(drive, tmp_path / "drive")
    options = ("--camera", "FRONT", "--scene", scene)
    run(drive.pre_annotation_file, tmp_path / "training", "--to", "kitti", *options)
    names = [path.name for path in sorted((tmp_path / "training/label_2").iterdir())]
    assert names == [path.name for path in sorted((tmp_path / "training/calib").iterdir())]
    assert names == ["000000.txt", "000001.txt"]
    plain = read_document(drive.pre_annotation_file)
    sizes = [g.cuboid()[7:] for g in plain.geometries(("cuboid",)) if g.frame == "0"]
    lines = [line.split() for line in (tmp_path / "training/label_2/000000.txt").read_text().splitlines()]
    assert lines
    for words in lines:
        height, width, length = map(float, words[8:11])
        assert any(np.allclose([width, length, height], size, atol=1e-6) for size in sizes)
        left, top, right, bottom = map(float, words[4:8])
        assert 0 <= left < right <= 959
        assert 0 <= top < bottom <= 539
        assert 0 <= float(words[1]) <= 1
    back = tmp_path / "back.json"
    calibration = ("--calibration", tmp_path / "training/calib")
    run(tmp_path / "training", back, "--from", "kitti", "--camera", "FRONT", "--lidar", "L", *calibration)
    given = np.array([g.cuboid()[:3] for g in plain.geometries(("cuboid",)) if g.frame == "0"])
    found = [g.cuboid()[:3] for g in read_document(back).geometries(("cuboid",)) if g.frame == "0"]
    assert len(found) == len(lines)
    for centre in found:
        assert np.linalg.norm(given - centre, axis=1).min() < 1e-5


def test_kitti_needs_rectified_images(drive: SampleDrive, tmp_path: Path) -> None:
    options = ("--camera", "FRONT", "--scene", drive.scene_file)
    done = run(drive.pre_annotation_file, tmp_path / "out", "--to", "kitti", *options, status=1)
    assert "lens distortion, and KITTI describes rectified images only" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_kitti_numbers_frames_of_other_names(tmp_path: Path) -> None:
    """Readers of KITTI count in six digits; the table of names leads back. Empty frames have files, too."""
    calibration = tmp_path / "calib.txt"
    calibration.write_text(calibration_text(np.eye(4), [[9, 0, 5, 0], [0, 9, 5, 0], [0, 0, 1, 0]]))
    (tmp_path / "a.json").write_text(json.dumps(document([car("f1", boxes=[box(5, 6, 8)])]).plain))
    options = ("--camera", "FRONT", "--calibration", calibration)
    run(tmp_path / "a.json", tmp_path / "out", "--to", "kitti", *options, "--image-size", "40x30")
    files = {path.name: path.read_text() for path in (tmp_path / "out/label_2").iterdir()}
    assert sorted(files) == ["000000.txt", "000001.txt", "000002.txt"]
    assert [bool(files[name]) for name in sorted(files)] == [False, True, False]
    assert (tmp_path / "out/frames.csv").read_text() == "file,frame_id\n000000,f0\n000001,f1\n000002,f2\n"
    run(tmp_path / "out", tmp_path / "b.json", "--from", "kitti", "--lidar", "L", *options)
    (frame,) = read_document(tmp_path / "b.json").frame_keys
    assert read_document(tmp_path / "b.json").external_id(frame) == "f1"


@pytest.mark.parametrize(
    "form", ["kitti", "coco", "argoverse2", "semantickitti", "lidarseg", "nuscenes", "t4"]
)
def test_failed_conversions_write_nothing(tmp_path: Path, form: str) -> None:
    """The second of two frames cannot be written, after the first was."""
    (tmp_path / "version").mkdir()
    (tmp_path / "calib.txt").write_text(calibration_text(np.eye(4), np.eye(4)[:3]))
    labels = [car("f0", boxes=[box(5, 6, 8)]), car("f1", "big", class_name="Big car", boxes=[box(5, 6, 8)])]
    plain = document(labels).plain
    if form in ("semantickitti", "lidarseg"):
        frames = {"f0": {"L": [1, 1]}, "f1": {"L": [1, 1]}}
        plain = segmentation_document(frames, {1: "road"}, object_id="5d457588-d6d4-5e91-af4b-ed92c1a24895")
        (entry,) = plain["openlabel"]["frames"]["1"]["objects"].values()
        entry["object_data"]["binary"][0]["val"] = "#2V9"
    (tmp_path / "a.json").write_text(json.dumps(plain))
    options = {
        "kitti": ("--camera", "FRONT", "--calibration", tmp_path / "calib.txt", "--image-size", "9x9"),
        "coco": ("--image-size", "40x30", "--image-names", "{nothing}"),
        "argoverse2": ("--system", "ego"),
        "nuscenes": ("--lidar", "L", "--system", "ego", "--version", tmp_path / "version"),
        "t4": ("--lidar", "L", "--system", "ego", "--version", tmp_path / "version"),
    }.get(form, ())
    before = sorted(path.name for path in tmp_path.iterdir())
    arguments = ["annotation", "convert", tmp_path / "a.json", tmp_path / "out", "--to", form, *options]
    done = CliRunner().invoke(cli, list(map(str, arguments)))
    assert done.exit_code in (1, 2), done.output
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_what_is_not_converted_is_counted(tmp_path: Path) -> None:
    """Kinds of geometry that no format of labels has, and lines."""
    plain = json.loads(json.dumps(document([car("f0", boxes=[box(5, 6)])]).plain))
    (entry,) = plain["openlabel"]["frames"]["0"]["objects"].values()
    stream = {"text": [{"name": "stream", "val": "FRONT"}]}
    line = {"name": "l", "val": [1, 2, 3, 4], "closed": False, "mode": "MODE_POLY2D_ABSOLUTE"}
    entry["object_data"]["poly2d"] = [{**line, "attributes": stream}]
    entry["object_data"]["point3d"] = [{"name": "p", "val": [1, 2, 3]}]
    (tmp_path / "a.json").write_text(json.dumps(plain))
    options = ("--image-size", "40x30", "--image-names", "{frame_id}.png")
    printed = run(tmp_path / "a.json", tmp_path / "b.json", "--to", "coco", *options).stderr
    assert "skipped: 1 geometry of kind point3d\n" in printed
    assert "skipped: 1 line (poly2d that are not closed)\n" in printed


def test_formats_read_their_own_kinds(tmp_path: Path) -> None:
    """A cuboid that is none does not stop COCO, nor a polygon in another mode Argoverse 2."""
    plain = json.loads(json.dumps(document([car("f0", boxes=[box(5, 6)])]).plain))
    plain["openlabel"]["frames"]["0"]["frame_properties"]["external_id"] = "1000"
    (entry,) = plain["openlabel"]["frames"]["0"]["objects"].values()
    good = entry["object_data"]["cuboid"]
    entry["object_data"]["cuboid"] = [{"name": "c", "val": [-1] * 10}]
    (tmp_path / "a.json").write_text(json.dumps(plain))
    options = ("--image-size", "40x30", "--image-names", "{frame_id}.png")
    assert ": 1 label\n" in run(tmp_path / "a.json", tmp_path / "b.json", "--to", "coco", *options).stderr
    entry["object_data"].update(cuboid=good, poly2d=[{"name": "p", "val": [], "mode": "MODE_POLY2D_SRF6DCC"}])
    (tmp_path / "a.json").write_text(json.dumps(plain))
    done = run(tmp_path / "a.json", tmp_path / "b.feather", "--to", "argoverse2", "--system", "ego")
    assert "skipped: 1 geometry of kind poly2d" in done.stderr
    assert "b.feather: 1 label\n" in done.stderr


def test_coco_of_a_document_without_frames(tmp_path: Path) -> None:
    """As other producers write for a single image."""
    data = {"bbox": [{"name": "b", "val": [10, 20, 4, 6]}]}
    plain = {"openlabel": {"objects": {"o": {"name": "o", "type": "Car", "object_data": data}}}}
    (tmp_path / "a.json").write_text(json.dumps(plain))
    options = ("--camera", "CAM", "--image-size", "40x30", "--image-names", "{camera}.png")
    run(tmp_path / "a.json", tmp_path / "b.json", "--to", "coco", *options)
    written = json.loads((tmp_path / "b.json").read_text())
    assert [image["file_name"] for image in written["images"]] == ["CAM.png"]
    assert [entry["bbox"] for entry in written["annotations"]] == [[8, 17, 4, 6]]


def _export(folder: Path, documents: dict[str, Any]) -> Path:
    """An export as `kognic annotation export` writes it: documents by the external ID of their scene."""
    (folder / "annotations").mkdir(parents=True)
    lines = []
    for name, plain in documents.items():
        (folder / f"annotations/{name}.json").write_text(json.dumps(plain))
        entry = {"scene_uuid": f"uuid of {name}", "annotation_type": "t", "file": f"annotations/{name}.json"}
        lines.append(json.dumps({**entry, "annotation_uuid": f"of {name}", "scene_external_id": name}) + "\n")
    (folder / "manifest.jsonl").write_text("".join(lines))
    return folder


@pytest.fixture
def campaign(drive: SampleDrive, tmp_path: Path) -> tuple[Path, Path]:
    """A folder of two scenes with rectified images and equal frame IDs, and an export with an annotation of
    each; the object of the second has moved by a metre."""
    plain = json.loads(drive.pre_annotation_file.read_text())
    moved = json.loads(drive.pre_annotation_file.read_text())
    for entry in moved["openlabel"]["frames"].values():
        for thing in entry["objects"].values():
            for cuboid in thing["object_data"].get("cuboid", ()):
                cuboid["val"][2] += 1
    for name in ("first", "second"):
        scene = _straight_lens(drive, tmp_path / "scenes" / name)
        described = json.loads(scene.read_text())
        scene.write_text(json.dumps({**described, "external_id": name}))
    return tmp_path / "scenes", _export(tmp_path / "export", {"first": plain, "second": moved})


def test_coco_of_an_export(campaign: tuple[Path, Path], tmp_path: Path) -> None:
    """One file with all images of all scenes, under names that lead to them from the folder of the scenes."""
    scenes, export = campaign
    target = tmp_path / "instances.json"
    printed = run(export, target, "--to", "coco", "--scene", scenes).stderr
    found = COCO(str(target))
    single = tmp_path / "single.json"
    run(export / "annotations/first.json", single, "--to", "coco", "--scene", scenes / "first/scene.json")
    one = COCO(str(single))
    assert len(found.imgs) == 2 * len(one.imgs)
    assert len(found.anns) == 2 * len(one.anns)
    assert len(found.anns) > 0
    assert f"{target}: {len(found.anns)} labels of 2 documents" in printed
    assert found.dataset["categories"] == one.dataset["categories"]
    names = [image["file_name"] for image in found.dataset["images"]]
    assert len(set(names)) == len(names)
    assert {name.partition("/")[0] for name in names} == {"first", "second"}
    for image in found.loadImgs(found.getImgIds()):
        with Image.open(scenes / image["file_name"]) as picture:
            assert picture.size == (image["width"], image["height"])
    boxes = [[entry["bbox"] for entry in found.loadAnns(found.getAnnIds([number]))] for number in found.imgs]
    assert boxes == 2 * [[entry["bbox"] for entry in one.loadAnns(one.getAnnIds([n]))] for n in one.imgs]


def test_scene_files_one_by_one(campaign: tuple[Path, Path], tmp_path: Path) -> None:
    """--scene is repeatable; a document whose scene is not among them is an error that names it."""
    scenes, export = campaign
    given = [option for name in ("first", "second") for option in ("--scene", scenes / name / "scene.json")]
    run(export, tmp_path / "all.json", "--to", "coco", *given)
    assert json.loads((tmp_path / "all.json").read_text())["images"][0]["file_name"].startswith("first/")
    done = run(export, tmp_path / "half.json", "--to", "coco", *given[:2], status=1)
    assert "there is no scene file of scene 'second'" in done.stderr
    assert not (tmp_path / "half.json").exists()


def test_documents_without_the_name_of_a_scene(campaign: tuple[Path, Path], tmp_path: Path) -> None:
    """Both scenes have their frames: nothing is guessed. A file can be called after its scene."""
    scenes, export = campaign
    for path in (export / "annotations").iterdir():
        plain = json.loads(path.read_text())
        plain["openlabel"].setdefault("metadata", {})["uuid"] = f"annotation {path.stem}"
        path.write_text(json.dumps(plain))
    options = ("--to", "coco", "--scene", scenes)
    done = run(export / "annotations", tmp_path / "a.json", *options, status=1)
    assert "annotation first can be about 2 scenes" in done.stderr
    for path in (export / "annotations").iterdir():
        plain = json.loads(path.read_text())
        del plain["openlabel"]["metadata"]["uuid"]
        path.write_text(json.dumps(plain))
    run(export / "annotations", tmp_path / "a.json", *options)
    assert len(COCO(str(tmp_path / "a.json")).anns) > 0


def test_kitti_of_an_export(campaign: tuple[Path, Path], tmp_path: Path) -> None:
    """Frames of the second scene are numbered on; the table names frame and scene of each file."""
    scenes, export = campaign
    target = tmp_path / "training"
    run(export, target, "--to", "kitti", "--camera", "FRONT", "--scene", scenes)
    names = [f"00000{number}.txt" for number in range(4)]
    assert sorted(path.name for path in (target / "label_2").iterdir()) == names
    assert sorted(path.name for path in (target / "calib").iterdir()) == names
    assert (target / "frames.csv").read_text().splitlines() == [
        "file,frame_id,scene",
        "000000,0,first",
        "000001,1,first",
        "000002,0,second",
        "000003,1,second",
    ]
    single = tmp_path / "single"
    options = ("--to", "kitti", "--camera", "FRONT", "--scene", scenes / "first/scene.json")
    run(export / "annotations/first.json", single, *options)
    for name in names[:2]:
        assert (target / "label_2" / name).read_bytes() == (single / "label_2" / name).read_bytes()
    assert (target / "label_2" / names[2]).read_bytes() != (target / "label_2" / names[0]).read_bytes()
    calibration = ("--calibration", target / "calib")
    run(target, tmp_path / "b.json", "--from", "kitti", "--camera", "FRONT", "--lidar", "L", *calibration)
    assert len(read_document(tmp_path / "b.json").frames) == sum(
        bool((target / "label_2" / name).read_text()) for name in names
    )


def test_other_formats_of_an_export(tmp_path: Path) -> None:
    """A folder per document: the same files as of each document alone."""
    pytest.importorskip("pyarrow.feather", reason="the extra parquet is not installed")
    plains = {name: document_of([car("1000", x=x)], lidar="ROOF") for name, x in (("a", 10.0), ("b", 20.0))}
    export = _export(tmp_path / "export", plains)
    run(export, tmp_path / "out", "--to", "argoverse2", "--system", "ego")
    for name in plains:
        alone = tmp_path / f"{name}.feather"
        run(export / f"annotations/{name}.json", alone, "--to", "argoverse2", "--system", "ego")
        assert (tmp_path / "out" / name / "annotations.feather").read_bytes() == alone.read_bytes()
    frames = {"f0": {"L": [1, 1, 2]}, "f1": {"L": [2, 1]}}
    object_id = "5d457588-d6d4-5e91-af4b-ed92c1a24895"
    plain = segmentation_document(frames, {1: "road", 2: "car"}, object_id=object_id)
    labels = _export(tmp_path / "labels", {"a": plain, "b": plain})
    assert "4 files of 2 documents" in run(labels, tmp_path / "seg", "--to", "lidarseg").stderr
    for name in ("a", "b"):
        assert read_lidarseg(tmp_path / f"seg/{name}/f0_L_lidarseg.bin").tolist() == [1, 1, 2]
        assert json.loads((tmp_path / f"seg/{name}/classes.json").read_text())["2"] == "car"


def test_scenes_do_not_share_file_names(tmp_path: Path) -> None:
    """Without scene files, the pattern has to tell scenes apart; two documents of one scene share images."""
    plain = document([car("f0", boxes=[box(5, 6)])]).plain
    export = _export(tmp_path / "export", {"a": plain, "b": plain})
    options = ("--to", "coco", "--image-size", "40x30", "--image-names")
    done = run(export, tmp_path / "c.json", *options, "{frame_id}.png", status=2)
    assert "have the file name 'f0.png'" in " ".join(done.stderr.split())
    run(export, tmp_path / "c.json", *options, "{scene}/{frame_id}.png")
    names = [image["file_name"] for image in json.loads((tmp_path / "c.json").read_text())["images"]]
    assert names == [f"{scene}/f{number}.png" for scene in ("a", "b") for number in range(3)]
    line = (export / "manifest.jsonl").read_text().splitlines()[0]
    (export / "manifest.jsonl").write_text(f"{line}\n{line}\n")
    run(export, tmp_path / "d.json", *options, "{frame_id}.png")
    twice = json.loads((tmp_path / "d.json").read_text())
    assert (len(twice["images"]), len(twice["annotations"])) == (3, 2)


@pytest.mark.shared
def test_nuscenes_of_an_export(samples: Path, tmp_path: Path) -> None:
    """A document per sample: together the tables of one document with all samples."""
    version = samples / "raw/nuscenes/v1.0-mini"
    options = ("--lidar", "LIDAR_TOP", "--system", "lidar")
    run(version, tmp_path / "a.json", "--from", "nuscenes", *options)
    plain = json.loads((tmp_path / "a.json").read_text())
    parts = {
        key: {"openlabel": {**plain["openlabel"], "frames": {key: frame}}}
        for key, frame in plain["openlabel"]["frames"].items()
    }
    export = _export(tmp_path / "export", parts)
    run(export, tmp_path / "out", "--to", "nuscenes", *options, "--version", version)
    run(tmp_path / "a.json", tmp_path / "alone", "--to", "nuscenes", *options, "--version", version)
    for table in ("sample_annotation", "instance", "category"):
        assert (tmp_path / f"out/{table}.json").read_bytes() == (
            tmp_path / f"alone/{table}.json"
        ).read_bytes()


def test_one_source_for_openlabel(tmp_path: Path) -> None:
    options = ("--from", "coco", "--camera", "C")
    done = run(tmp_path / "a", tmp_path / "b", tmp_path / "c", *options, status=2)
    assert "Pass one SOURCE" in done.stderr


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


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small bag with a distorted camera; only read."""
    folder = tmp_path_factory.mktemp("recording") / "recording"
    done = CliRunner().invoke(cli, ["sandbox", "bag", str(folder), "--frames", "2"])
    assert done.exit_code == 0, done.output
    return folder


def _imported(recording: Path, target: Path, *options: str) -> tuple[Path, Path]:
    """The scene file of an import, and an annotation of its first frame."""
    done = CliRunner().invoke(cli, ["import", "rosbag2", str(recording), str(target), *options])
    assert done.exit_code == 0, done.output
    scene = target / "recording/scene.json"
    frame_id = json.loads(scene.read_text())["frames"][0]["frame_id"]
    label = car(frame_id, x=15, boxes=[box(100, 80, camera="camera_front")])
    path = target / "annotation.json"
    path.write_text(json.dumps(document_of([label], lidar="lidar")))
    return scene, path


@pytest.mark.slow
def test_coco_of_an_imported_scene(recording: Path, tmp_path: Path) -> None:
    """Its images are in the recording, and a note says how to write them under the names in the file."""
    target = tmp_path / "coco.json"
    options = ("--to", "coco", "--camera", "camera_front", "--scene")
    scene, annotation = _imported(recording, tmp_path / "scenes")
    printed = run(annotation, target, *options, scene).stderr
    (image,) = json.loads(target.read_text())["images"]
    assert not (scene.parent / image["file_name"]).exists()
    assert f"1 file name without a file in {target}: " in printed
    assert "--materialize" in printed
    written, annotation = _imported(recording, tmp_path / "written", "--materialize")
    printed = run(annotation, target, *options, written).stderr
    assert "--materialize" not in printed
    (again,) = json.loads(target.read_text())["images"]
    assert again == image
    with Image.open(written.parent / image["file_name"]) as picture:
        assert picture.size == (image["width"], image["height"])


@pytest.mark.slow
def test_kitti_of_an_imported_scene(recording: Path, tmp_path: Path) -> None:
    """What the error suggests works: import with --undistort."""
    options = ("--to", "kitti", "--camera", "camera_front", "--scene")
    scene, annotation = _imported(recording, tmp_path / "scenes")
    refused = run(annotation, tmp_path / "out", *options, scene, status=1).stderr
    assert "import the recording again with 'kognic import ... --undistort'" in refused
    scene, annotation = _imported(recording, tmp_path / "straight", "--undistort")
    assert "out: 1 label" in run(annotation, tmp_path / "out", *options, scene).stderr
    (labels,) = (tmp_path / "out/label_2").iterdir()
    assert labels.read_text().startswith("Car ")


def outline(points: list[tuple[float, float]], **fields: Any) -> Outline:
    return Outline(camera="FRONT", points=np.array(points, dtype=float), **fields)


def square(left: float, top: float, size: float, **fields: Any) -> Outline:
    right, bottom = left + size, top + size
    return outline([(left, top), (right, top), (right, bottom), (left, bottom)], **fields)


def test_masks(tmp_path: Path) -> None:
    """Classes and objects of each pixel: outlines with a hole, a mask, and what overlaps."""
    pixels = np.zeros((6, 8), bool)
    pixels[4:, :3] = True
    labels = [
        car("f0", "a", outlines=[square(0, 0, 4), square(1, 1, 1, is_hole=True)]),
        car("f0", "b", class_name="Van", outlines=[square(3, 0, 2)]),
        car("f1", "a", masks=[Mask(camera="FRONT", pixels=pixels)]),
        car("f2", "c", boxes=[box(3, 3)]),
    ]
    (tmp_path / "a.json").write_text(json.dumps(document(labels).plain))
    done = run(tmp_path / "a.json", tmp_path / "out", "--to", "masks", "--image-size", "8x6")
    assert "skipped: 1 object without an outline or a mask, per frame" in done.output
    assert "2 pixels in more than one object: the object that comes later" in done.output
    assert json.loads((tmp_path / "out/classes.json").read_text()) == {
        "0": "background",
        "1": "Car",
        "2": "Van",
    }
    first = np.asarray(Image.open(tmp_path / "out/FRONT/f0.png"))
    assert first.tolist() == [
        [1, 1, 1, 2, 2, 0, 0, 0],
        [1, 0, 1, 2, 2, 0, 0, 0],
        [1, 1, 1, 1, 0, 0, 0, 0],
        [1, 1, 1, 1, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0],
    ]
    objects = np.asarray(Image.open(tmp_path / "out/FRONT/f0_instances.png"))
    assert ((objects == 1) == (first == 1)).all()
    assert ((objects == 2) == (first == 2)).all()
    second = np.asarray(Image.open(tmp_path / "out/FRONT/f1_instances.png"))
    assert (second == pixels).all()
    assert not np.asarray(Image.open(tmp_path / "out/FRONT/f2.png")).any()


def test_masks_of_a_bitmap(tmp_path: Path) -> None:
    """A bitmap keeps the numbers of its ontology, and a value without a class is an error."""
    levels = np.array([[0, 3, 3], [7, 7, 0]], np.uint8)
    image = {
        "name": "bitmap",
        "val": encode_png(levels),
        "mime_type": "image/png",
        "encoding": "base64",
        "attributes": {"text": [{"name": "stream", "val": "FRONT"}]},
    }
    plain: Any = {
        "openlabel": {
            "metadata": {"schema_version": "1.0.0"},
            "ontologies": {"0": {"classifications": {"3": "road", "7": "sky"}, "uri": ""}},
            "streams": {"FRONT": {"type": "camera"}},
            "objects": {"0": {"name": "0", "type": "segmentation_bitmap"}},
            "frames": {"0": {"objects": {"0": {"object_data": {"image": [image]}}}}},
        }
    }
    (tmp_path / "a.json").write_text(json.dumps(plain))
    run(tmp_path / "a.json", tmp_path / "out", "--to", "masks", "--image-size", "3x2")
    assert (np.asarray(Image.open(tmp_path / "out/FRONT/0.png")) == levels).all()
    assert not np.asarray(Image.open(tmp_path / "out/FRONT/0_instances.png")).any()
    names = json.loads((tmp_path / "out/classes.json").read_text())
    assert names == {"0": "background", "3": "road", "7": "sky"}
    done = run(tmp_path / "a.json", tmp_path / "no", "--to", "masks", "--image-size", "4x2", status=1)
    assert "the mask has 3 x 2 pixels, the image 4 x 2" in done.output
    del plain["openlabel"]["ontologies"]["0"]["classifications"]["7"]
    (tmp_path / "a.json").write_text(json.dumps(plain))
    done = run(tmp_path / "a.json", tmp_path / "no", "--to", "masks", "--image-size", "3x2", status=1)
    assert "grey level 7 is no class of the document's ontologies" in done.output


def test_masks_of_an_export(campaign: tuple[Path, Path], tmp_path: Path) -> None:
    """Documents have folders of their own, and one list of classes."""
    scenes, export = campaign
    run(export, tmp_path / "out", "--to", "masks", "--scene", scenes)
    folders = [path for path in (tmp_path / "out").iterdir() if path.is_dir()]
    assert len(folders) > 1
    assert (tmp_path / "out/classes.json").is_file()
    assert not list((tmp_path / "out").glob("*/classes.json"))
