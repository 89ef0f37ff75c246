"""Masks and polygons in images, an object that is followed, and what is copied."""

from __future__ import annotations

import json
from typing import Any

import attrs
import numpy as np
import pytest

from kognic.io.model.calibration import SensorCalibration
from kognic.sandbox.sample.drive import write_sample_drive
from kognic.viewer.document import Camera, Layer, Mask, Pose, Shape
from kognic.viewer.frames import frame_bytes, scene_bytes
from kognic.viewer.load import source_of
from kognic.viewer.page import write_page
from kognic.viewer.palette import PALETTE
from tests.viewer.browser.conftest import Open
from tests.viewer.browser.scenes import HEIGHT, WIDTH, cuboid, frame, optics, picture, scene
from tests.viewer.browser.test_pixels import placed

pytestmark = pytest.mark.slow

EMPTY = np.empty((0, 3))
# The first two colours of classes, 45 % over black.
FIRST, SECOND = (
    0.45 * np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) for colour in PALETTE["lidars"][:2]
)


def at(canvas: np.ndarray, u: float, v: float) -> np.ndarray:
    """Colour of the canvas where a pixel of the image is."""
    x, y = np.rint(placed([[u, v]], canvas)[0]).astype(int)
    return canvas[y, x, :3].astype(float)


def mask(**values: Any) -> Mask:
    """A road in the lower half, a car of 100 x 50 pixels in it."""
    pixels = np.zeros((HEIGHT, WIDTH), np.uint8)
    pixels[240:] = 1
    pixels[300:350, 200:300] = 2
    return Mask(
        **{
            "object_id": "m",
            "camera": "FRONT",
            "values": pixels,
            "names": {1: "road", 2: "car"},
            **values,
        }
    )


def test_a_mask_has_the_colours_of_its_classes(open_scene: Open) -> None:
    """At once, where it was drawn; read under the pointer, hidden by class and by key `s`."""
    head = scene(layers=[Layer(name="annotation")], classes={1: "road", 2: "car"})
    shown = attrs.evolve(frame(points=EMPTY), masks=[mask()])
    viewer = open_scene(head, [shown])

    canvas = viewer.pixels("image")
    assert viewer.state()["layers"]["segmentation"]
    assert np.abs(at(canvas, 100, 400) - FIRST).max() < 3
    assert np.abs(at(canvas, 250, 325) - SECOND).max() < 3
    assert at(canvas, 100, 100).max() == 0
    # Edges of the mask are where they are in the image, to a pixel.
    assert np.abs(at(canvas, 201.5, 325) - SECOND).max() < 3
    assert np.abs(at(canvas, 197.5, 325) - FIRST).max() < 3

    box = viewer.page.locator("#mainimage").bounding_box()
    assert box is not None
    x, y = placed([[250, 325]], canvas)[0]
    viewer.page.mouse.move(box["x"] + x, box["y"] + y)
    viewer.page.locator("#readout", has_text="mask car").wait_for()
    viewer.page.get_by_role("button", name="road", exact=True).click()
    assert at(viewer.pixels("image"), 100, 400).max() == 0
    viewer.press("s")
    viewer.wait("!s.layers.segmentation")
    assert at(viewer.pixels("image"), 250, 325).max() == 0


def polygon(points: list[list[float]], **values: Any) -> Shape:
    numbers = [value for point in points for value in point]
    common = {"object_id": "p", "kind": "poly2d", "class_name": "Lake", "stream": "FRONT", "is_closed": True}
    return Shape(**{**common, "numbers": numbers, **values})


def square(x: float, y: float, side: float) -> list[list[float]]:
    return [[x, y], [x + side, y], [x + side, y + side], [x, y + side]]


def test_a_hole_is_not_filled(open_scene: Open) -> None:
    """It is cut out of the polygon of its own `polygon_id`, and is no object of its own."""
    shapes = [
        polygon(square(100, 100, 200), polygon_id="1"),
        polygon(square(150, 150, 100), polygon_id="1", is_hole=True),
        polygon(square(350, 100, 200), polygon_id="2"),
        polygon(square(400, 150, 100), polygon_id="1", is_hole=True),
    ]
    shown = attrs.evolve(frame(points=EMPTY), shapes=shapes)
    viewer = open_scene(scene(layers=[Layer(name="annotation")]), [shown], suffix="#on=boxes.segmentation")

    canvas = viewer.pixels("image")

    assert at(canvas, 125, 200).max() > 50
    assert at(canvas, 200, 200).max() == 0
    # The last hole belongs to the first polygon, so the second one stays filled there.
    assert at(canvas, 450, 130).max() > 50
    assert at(canvas, 450, 200).max() > 0
    viewer.page.locator("button", has_text="Objects").click()
    assert viewer.page.locator(".objects tbody tr").count() == 2


def test_an_object_is_followed_through_cameras(open_scene: Open) -> None:
    """The eye keeps its offset from the cuboid, the camera that sees it is shown; escape ends it."""
    back = optics(pose=Pose(position=(0, 0, 0), quaternion=(0.5, -0.5, -0.5, 0.5)))
    cameras = [Camera(name="FRONT", given=optics()), Camera(name="BACK", given=back)]
    frames = [
        attrs.evolve(
            frame(index, points=EMPTY),
            pictures=[picture(), picture("BACK")],
            shapes=[cuboid("a", numbers=[x, 1.0, 0, 0, 0, 0, 1, 2, 4, 1.5]), cuboid("b")],
        )
        for index, x in enumerate((12.0, 7.0, -9.0))
    ]
    viewer = open_scene(scene(frames=3, cameras=cameras, layers=[Layer(name="annotation")]), frames)
    viewer.page.locator("button", has_text="Objects").click()
    viewer.page.locator(".objects tbody tr", has_text="12.0 m").get_by_role("button").click()
    viewer.page.locator("#follow").click()
    viewer.wait("s.following && s.selected === 'a'")
    assert viewer.state()["orbit"]["target"] == pytest.approx([12, 1, 0], abs=1e-6)

    viewer.press("ArrowRight")
    viewer.wait("s.shown === 1")
    assert viewer.state()["orbit"]["target"] == pytest.approx([7, 1, 0], abs=1e-6)
    assert viewer.state()["camera"] == "FRONT"
    viewer.press("End")
    viewer.wait("s.shown === 2 && s.camera === 'BACK'")
    assert viewer.state()["orbit"]["target"] == pytest.approx([-9, 1, 0], abs=1e-6)
    viewer.page.wait_for_function("() => /follow=1/.test(location.hash)")

    viewer.press("Escape")
    viewer.wait("!s.following && s.selected === 'a'")
    viewer.press("o")
    viewer.wait("s.following")


def test_the_copied_calibration_is_an_entry_of_a_calibration_file(open_url: Open, tmp_path: Any) -> None:
    """Each key once, spelled as in the file; only what the sliders changed differs."""
    drive = write_sample_drive(tmp_path, frames=1)
    source = source_of(drive.scene_file)
    path = tmp_path / "page.html"
    with path.open("wb") as file:
        packets = [frame_bytes(source.frame(0), source.scene)]
        write_page(file, title="drive", scene=scene_bytes(source.scene), frames=packets)
    viewer = open_url(f"file://{path}#cam=FRONT&turn=0.5,0,0,0,0,0,1,0")
    page = viewer.page
    page.evaluate("() => { navigator.clipboard.writeText = async (text) => { window.copied = text; }; }")
    page.locator("button", has_text="Calibration").first.click()
    page.get_by_role("button", name="Copy as calibration JSON").click()
    copied = json.loads(page.evaluate("window.copied"))

    written = json.loads((tmp_path / "calibration.json").read_text())["calibration"]["FRONT"]
    assert set(copied) == {"FRONT"}
    entry = copied["FRONT"]
    assert set(entry) == set(written)
    assert {key for key in written if entry[key] != written[key]} == {"rotation_quaternion", "camera_matrix"}
    assert entry["camera_matrix"]["fx"] == pytest.approx(1.01 * written["camera_matrix"]["fx"])
    SensorCalibration.from_json({"externalId": "x", "calibration": copied})


def test_the_front_is_where_the_front_camera_looks(open_scene: Open) -> None:
    """A vehicle that stands, with cameras all around, x to the right and y ahead, as PandaSet has it."""
    turns = {"front_camera": 0, "left_camera": 90, "back_camera": 180, "right_camera": 270}
    cameras = []
    for name, degrees in turns.items():
        # A camera that looks along +y, turned about z: q = qz(degrees) * q(+y ahead).
        half = np.radians(degrees) / 2
        c, s = np.cos(half), np.sin(half)
        w = x = np.sqrt(0.5)
        x = -x
        pose = Pose(position=(0, 0, 0), quaternion=(c * w, c * x, s * x, s * w))
        cameras.append(Camera(name=name, given=optics(pose=pose)))
    shown = attrs.evolve(frame(), pictures=[picture(name) for name in turns])
    viewer = open_scene(scene(cameras=cameras), [shown])

    state = viewer.state()

    assert state["camera"] == "front_camera"
    order = [name for name in state["cameras"] if name != "back_camera"]
    assert order == ["left_camera", "front_camera", "right_camera"]
    assert state["cameras"].index("back_camera") in (0, 3)
    assert state["orbit"]["yaw"] == pytest.approx(np.pi / 2, abs=1e-3)


def test_names_that_no_person_gave_are_shortened(open_scene: Open) -> None:
    """In labels and lists; the whole name is the title of the row."""
    uuid = "99b5b04e-8bfa-4846-b39b-ce87cf21d328"
    shapes = [cuboid(uuid, name=uuid), cuboid("b", name="cafe")]
    viewer = open_scene(scene(layers=[Layer(name="a")]), [attrs.evolve(frame(), shapes=shapes)])
    viewer.page.locator("button", has_text="Objects").click()

    rows = viewer.page.locator(".objects .link")

    assert sorted(rows.all_inner_texts()) == ["Car 99b5b04e", "Car cafe"]
    assert rows.nth(0).get_attribute("title") == uuid
