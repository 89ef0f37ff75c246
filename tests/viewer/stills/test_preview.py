"""`preview_scene`: from scenes of every kind to pictures."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
from PIL import Image as Pictures

from kognic._core.scene_errors import SceneFileError
from kognic.io.model.calibration import CustomCameraCalibration, FusedCylindricalCalibration
from kognic.io.model.calibration.camera.standard import CutAngles
from kognic.io.model.scene import scene_request
from kognic.io.model.scene.cameras import Cameras
from kognic.io.model.scene.cameras import Frame as CamerasFrame
from kognic.io.model.scene.lidars import Frame as LidarsFrame
from kognic.io.model.scene.lidars import Lidars
from kognic.sandbox.sample.drive import SampleDrive, write_sample_drive
from kognic.scenes.scene_file import load_scene_file
from kognic.scenes.scene_view import view_of
from kognic.viewer.stills import Preview, PreviewOptions, preview_scene
from kognic.viewer.stills.drawing import Drawing
from kognic.viewer.stills.shapes import Line
from tests.scenes.conftest import ALL, SAMPLES, WITH_CAMERAS, Samples
from tests.viewer.pages import Page
from tests.viewer.stills.rigs import (
    CAMERA,
    HEIGHT,
    START,
    WIDTH,
    calibration,
    cloud,
    csv,
    frame,
    image,
    openlabel,
    pinhole,
    pose_values,
    scene,
)

pytestmark = pytest.mark.slow

POINTS = [[0.3, 6, -1.4], [-2.0, 25, 0.5], [1.2, 9, -0.2]]
PINHOLE = """
(module (func (export "project_point_to_image") (param $x f64) (param $y f64) (param $z f64) (result f64 f64)
  (f64.add (f64.mul (f64.const 500) (f64.div (local.get $x) (local.get $z))) (f64.const 322))
  (f64.add (f64.mul (f64.const 505) (f64.div (local.get $y) (local.get $z))) (f64.const 238))))
"""


@pytest.fixture(scope="module")
def drive(tmp_path_factory: pytest.TempPathFactory) -> SampleDrive:
    """A sample drive of two frames; only read."""
    return write_sample_drive(tmp_path_factory.mktemp("drive"), frames=2)


def make(made: Any, folder: Path, **values: Any) -> tuple[Preview, Page]:
    preview = preview_scene(made, folder / "page.html", **values)
    (file,) = preview.files
    return preview, Page.read(file)


def test_a_drive_in_every_form(drive: SampleDrive, tmp_path: Path) -> None:
    """A scene file by its path, read, or its scene object: the same page."""
    read = load_scene_file(drive.scene_file)
    small = PreviewOptions(image_width=240)
    forms = (drive.scene_file, str(drive.scene_file), read)
    pages = [make(form, tmp_path, options=small)[1] for form in forms]
    own = {"calibration": read.calibration, "pre_annotation": read.pre_annotation}
    pages.append(make(read.scene("c"), tmp_path, options=small, **own)[1])

    assert len({page.text for page in pages}) == 1
    assert pages[0].cameras == ["FRONT", "LEFT"]
    assert all(count > 1000 for count in pages[0].point_counts)
    assert "Pedestrian" in pages[0].classes


def test_cuboids_and_boxes_of_the_drive_coincide(drive: SampleDrive) -> None:
    """The drive's 2D boxes are the outlines of its cuboids as its own camera drew them."""
    read = load_scene_file(drive.scene_file)
    view = view_of(read.scene("c"))
    drawing = Drawing(view, read.calibration, read.pre_annotation, PreviewOptions(cameras=["FRONT"]), [1])
    shapes = [shape for shape in drawing.draw(1).pictures["FRONT"].shapes if isinstance(shape, Line)]

    def outlines(kind: str) -> dict[str, np.ndarray]:
        found = {}
        for shape in shapes:
            if f", {kind} " in shape.title:
                points = np.vstack(shape.parts)
                found[shape.object_id] = np.concatenate([points.min(axis=0), points.max(axis=0)])
        return found

    cuboids, boxes = outlines("cuboid"), outlines("bbox")
    assert len(boxes) >= 3
    for name, box in boxes.items():
        assert np.abs(cuboids[name] - box).max() < 1.5, name


def test_frames_and_cameras_are_chosen(drive: SampleDrive, tmp_path: Path) -> None:
    options = PreviewOptions(frames=[1], cameras=["LEFT"], birds_eye=False)

    preview, page = make(drive.scene_file, tmp_path, options=options)

    assert preview.frames == ("frame 1",)
    assert page.cameras == ["LEFT"]
    assert (len(page.frames), page.head["num_frames"]) == (1, 2)


def test_workers_change_nothing(drive: SampleDrive, tmp_path: Path) -> None:
    pages = [
        make(drive.scene_file, tmp_path, options=PreviewOptions(workers=count, image_width=200))[1].text
        for count in (1, 3)
    ]

    assert pages[0] == pages[1]


def test_progress_counts_frames(drive: SampleDrive, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []

    make(drive.scene_file, tmp_path, progress=lambda done, total: told.append((done, total)))

    assert told == [(1, 2), (2, 2)]


def test_a_scene_of_cameras_shows_its_boxes(tmp_path: Path) -> None:
    made = Cameras(external_id="c", frame=CamerasFrame(images=[image(), image("REAR")]))
    document = openlabel({"is": "bbox", "val": [200, 100, 40, 20], "stream": "FRONT"})

    preview, page = make(made, tmp_path, pre_annotation=document)

    assert page.cameras == ["FRONT", "REAR"]
    assert [shape["numbers"] for shape in page.frames[0]["shapes"]] == [[200, 100, 40, 20]]
    assert "there is no calibration" in preview.notes[0]


def test_a_scene_of_lidars_has_points_alone(tmp_path: Path) -> None:
    made = Lidars(external_id="l", frame=LidarsFrame(point_clouds=[cloud(POINTS)]))

    preview, page = make(made, tmp_path)

    assert page.cameras == []
    assert page.point_counts == [3]
    assert preview.notes == ()


def test_cameras_without_a_public_formula_keep_their_image(tmp_path: Path) -> None:
    camera = FusedCylindricalCalibration(
        **pose_values(CAMERA),
        camera_matrix=pinhole().camera_matrix,
        image_width=WIDTH,
        image_height=HEIGHT,
        cut_angles_degree=CutAngles(upper=-40, lower=30),
    )

    preview, page = make(scene(), tmp_path, calibration=calibration(FRONT=camera))

    assert "the platform does not publish how fused_cylindrical cameras project" in preview.notes[0]
    (camera_shown,) = page.head["cameras"]
    assert camera_shown["note"] in preview.notes[0]
    assert camera_shown["given"]["kind"] == "none"


def test_custom_cameras_run_their_module(tmp_path: Path) -> None:
    """A pinhole as WebAssembly shows the points that the pinhole model shows, at the same pixels."""
    wasmtime = pytest.importorskip("wasmtime", reason="custom cameras need the extra wasm")
    custom = CustomCameraCalibration.from_bytes(
        bytes(wasmtime.wat2wasm(PINHOLE)), **pose_values(CAMERA), image_width=WIDTH, image_height=HEIGHT
    )
    made = scene(frame(point_clouds=[cloud(POINTS)]))
    flat = pinhole(k1=0, k2=0, p1=0, p2=0)

    pictures = []
    for name, camera in (("custom", custom), ("pinhole", flat)):
        preview_scene(made, tmp_path / name, calibration=calibration(FRONT=camera))
        pictures.append(np.asarray(Pictures.open(tmp_path / name / "frame-0000/FRONT.png")))

    assert np.array_equal(*pictures)
    assert len(np.unique(pictures[0].reshape(-1, 3), axis=0)) == 4


def test_a_module_that_cannot_be_run_is_told(tmp_path: Path) -> None:
    pytest.importorskip("wasmtime", reason="custom cameras need the extra wasm")
    custom = CustomCameraCalibration.from_bytes(
        b"no module", **pose_values(CAMERA), image_width=WIDTH, image_height=HEIGHT
    )

    preview, _ = make(scene(), tmp_path, calibration=calibration(FRONT=custom))

    assert "FRONT: the module is not WebAssembly" in preview.notes[0]


def test_a_module_that_traps_is_told_once(tmp_path: Path) -> None:
    """The image, and everything else, is still shown."""
    wasmtime = pytest.importorskip("wasmtime", reason="custom cameras need the extra wasm")
    trap = wasmtime.wat2wasm(
        '(module (func (export "project_point_to_image") (param f64 f64 f64) (result f64 f64) unreachable))'
    )
    custom = CustomCameraCalibration.from_bytes(
        bytes(trap), **pose_values(CAMERA), image_width=WIDTH, image_height=HEIGHT
    )
    document = openlabel({"is": "cuboid", "val": [0.5, 12, -0.9, 0, 0, 0, 1, 1.8, 4.4, 1.6]})

    preview, page = make(
        scene(frame(0), frame(1)), tmp_path, calibration=calibration(FRONT=custom), pre_annotation=document
    )

    (note,) = preview.notes
    assert note.startswith("FRONT: project_point_to_image failed: ")
    for shown in page.frames:
        assert note == f"FRONT: {shown['pictures'][0]['message']}"
        assert shown["pictures"][0]["content"] is not None
        assert shown["pictures"][0]["baked"] is None


def test_scene_requests(tmp_path: Path) -> None:
    """Local files are drawn; files in a bucket are reported."""
    (tmp_path / "a.csv").write_bytes(csv([[0, 10, 0]]))
    away = scene_request.ImageResource("s3://bucket/front.png", None, "FRONT", START - 10, START + 10)
    here = scene_request.SensorResource(None, scene_request.LocalFile(tmp_path / "a.csv"), "TOP")
    made = scene_request.SceneRequest(
        "w", "r", [scene_request.Frame("a", START, [away], [here])], calibration_id="c"
    )

    preview, page = make(made, tmp_path, calibration=calibration())

    assert preview.notes == ("FRONT: the image cannot be shown: its content is not on this machine",)
    assert page.point_counts == [1]


def test_files_that_cannot_be_read_are_told_once(tmp_path: Path) -> None:
    bad = cloud(POINTS)
    bad = attrs.evolve(
        bad, file_data=attrs.evolve(bad.file_data, data=b"ts_gps,x,y,z,intensity\n1,a,b,c,d\n")
    )
    frames = [frame(index, point_clouds=[bad], images=[image(content=b"no")]) for index in range(2)]

    preview, page = make(scene(*frames), tmp_path, calibration=calibration())

    assert [note.partition(": ")[0] for note in preview.notes] == ["frame 0 (f0)", "FRONT", "frame 1 (f1)"]
    messages = [shown["pictures"][0]["message"] for shown in page.frames]
    assert messages == ["the image cannot be shown: the content is not an image"] * 2


def test_nowhere_to_write() -> None:
    with pytest.raises(ValueError, match=r"output is None; pass a folder, a file that ends in \.html"):
        preview_scene(scene())


def test_what_is_no_scene(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="dict is not a scene"):
        preview_scene({}, tmp_path / "a.html")
    with pytest.raises(SceneFileError, match="there is no such file"):
        preview_scene(tmp_path / "no.json", tmp_path / "a.html")
    with pytest.raises(TypeError, match="int is not an OpenLABEL document"):
        preview_scene(scene(), tmp_path / "a.html", pre_annotation=3)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("missing", "extra", "call"),
    [
        ("numpy", "checks", "preview_scene(scene, 'a.html')"),
        ("PIL", "checks", "preview_scene(scene, 'a.html')"),
        ("rerun", "rerun", "preview_scene(scene, rerun='a.rrd')"),
    ],
)
def test_missing_extras_name_the_hint(missing: str, extra: str, call: str, tmp_path: Path) -> None:
    """And nothing is left behind."""
    code = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "from kognic.io.model.scene.cameras import Cameras, Frame\n"
        "from kognic.io.model.scene.resources import Image\n"
        "open('a.png', 'wb').write(b'x')\n"
        "scene = Cameras(external_id='c', frame=Frame(images=[Image(filename='a.png', sensor_name='A')]))\n"
        "from kognic.viewer.stills import preview_scene\n"
        f"{call}\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
        check=False,
    )

    assert f'pip install "kognic-client[{extra}]"' in done.stderr.splitlines()[-1], done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


@pytest.fixture(scope="module")
def recordings() -> Samples:
    """Real recordings; skips where they are absent."""
    if not SAMPLES.is_dir():
        pytest.skip(f"there are no recordings at {SAMPLES}")
    return Samples(SAMPLES)


@pytest.mark.shared
@pytest.mark.parametrize("name", ALL)
def test_real_recordings(name: str, recordings: Samples, tmp_path: Path) -> None:
    """Nothing to complain of, points in every image, and each frame far below the limit."""
    sample = recordings.load(name, frames=2)

    preview, page = make(
        sample.scene,
        tmp_path,
        calibration=sample.calibration,
        motion_compensation=sample.motion_compensation,
        options=PreviewOptions(image_width=640),
    )

    assert preview.notes == ()
    assert len(page.text) / len(preview.frames) < 5_000_000
    assert all(count > 1000 for count in page.point_counts)
    assert bool(page.cameras) == (name in WITH_CAMERAS)
    assert all(picture["content"] is not None for shown in page.frames for picture in shown["pictures"])


@pytest.mark.shared
def test_verdicts_stand_beside_the_cameras(recordings: Samples, tmp_path: Path) -> None:
    sample = recordings.load("distorted_pinhole_frame")

    _, page = make(
        sample.scene, tmp_path, calibration=sample.calibration, options=PreviewOptions(verdict=True)
    )

    (camera,) = page.head["cameras"]
    assert camera["verdict"] == "consistent"
    assert camera["explanation"].startswith("consistent with a rotation error below")
