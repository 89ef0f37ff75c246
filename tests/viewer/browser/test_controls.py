"""Keys, buttons, sliders and the address: each of them does what it says."""

from __future__ import annotations

import json
from typing import Any

import attrs
import numpy as np
import pytest

from kognic.viewer.document import Camera, Layer, Pose
from tests.viewer.browser.conftest import Open, Viewer
from tests.viewer.browser.scenes import POINTS, annotated, cuboid, frame, optics, picture, scene

pytestmark = pytest.mark.slow

Scene = Any


@pytest.fixture
def viewer(open_scene: Open) -> Viewer:
    """Twelve frames, two cameras, two objects."""
    back = optics(pose=Pose(position=(0, 0, 0), quaternion=(0.5, -0.5, -0.5, 0.5)))
    cameras = [Camera(name="FRONT", given=optics()), Camera(name="BACK", given=back)]
    head, first = annotated(frames=12, cameras=cameras)
    first = attrs.evolve(first, pictures=[picture(), picture("BACK")])
    return open_scene(head, [attrs.evolve(first, index=index) for index in range(12)])


KEYS = [
    ("ArrowRight", "s.shown === 1"),
    ("Shift+ArrowRight", "s.shown === 11"),
    ("ArrowLeft", "s.shown === 10"),
    ("Shift+ArrowLeft", "s.shown === 0"),
    ("End", "s.shown === 11"),
    ("Home", "s.shown === 0"),
    ("Space", "s.playing"),
    ("Space", "!s.playing"),
    ("2", "s.camera === s.cameras[1]"),
    ("1", "s.camera === s.cameras[0]"),
    ("p", "!s.layers.points"),
    ("b", "!s.layers.boxes"),
    ("l", "!s.layers.labels"),
    ("s", "s.layers.segmentation"),
    ("e", "s.layers.edges"),
    ("f", "s.layers.frusta && s.layers.planes"),
    ("f", "!s.layers.frusta && !s.layers.planes"),
    ("f", "s.layers.frusta && !s.layers.planes"),
    ("k", "s.colouring === 'height'"),
    ("]", "s.pointSize === 3"),
    ("[", "s.pointSize === 2"),
    (",", "s.cover < 0.2"),
    (".", "s.cover > 0.19"),
    ("m", "s.compensate"),
    ("0", "s.orbit.pitch > 1.5"),
    ("r", "s.orbit.pitch < 0.6"),
]


def test_keys(viewer: Viewer) -> None:
    """Each key of the list does what it says."""
    for key, condition in KEYS:
        viewer.press(key)
        viewer.wait(condition)


def test_next_colouring_skips_what_the_frame_lacks(open_scene: Open) -> None:
    """There are intensities, but neither times, classes nor objects; the image is there."""
    viewer = open_scene(scene(), [frame()], suffix="#k=class")
    assert "no segmentation" in viewer.page.locator(".legend").inner_text()
    seen = []
    for _ in range(6):
        viewer.press("k")
        viewer.settle()
        seen.append(viewer.state()["colouring"])

    assert seen == ["image", "plain", "distance", "height", "intensity", "lidar"]


def test_cameras_that_look_ahead_share_rows(open_scene: Open) -> None:
    """Four in two rows; the one whose name says front is shown first."""
    names = ["BACK", "LEFT", "FRONT", "RIGHT"]
    viewer = open_scene(
        scene(cameras=[Camera(name=name, given=optics()) for name in names]),
        [frame(pictures=[picture(name) for name in names])],
    )
    assert viewer.state()["camera"] == "FRONT"
    viewer.page.locator("button", has_text="Images").first.click()
    tops = viewer.page.locator(".imagegrid .tile").evaluate_all("(all) => all.map((tile) => tile.offsetTop)")
    assert len(tops) == 4
    assert len(set(tops)) == 2


def test_keys_do_nothing_while_a_field_has_the_focus(viewer: Viewer) -> None:
    """They are typed into it."""
    viewer.page.locator("button", has_text="Objects").click()
    viewer.settle()
    before = {**viewer.state(), "cacheBytes": 0}
    viewer.page.locator("#find").focus()
    for key, _ in KEYS:
        viewer.page.keyboard.press(key)
    viewer.settle()

    assert {**viewer.state(), "cacheBytes": 0} == before
    assert "pbls" in viewer.page.locator("#find").input_value()


def test_zoom_help_and_escape(viewer: Viewer) -> None:
    start = viewer.state()["orbit"]
    viewer.press("+")
    viewer.wait(f"s.orbit.distance < {start['distance']}")
    viewer.press("-")
    viewer.wait(f"Math.abs(s.orbit.distance - {start['distance']}) < 1e-6")
    viewer.press("?")
    viewer.page.get_by_role("dialog", name="Keys").wait_for()
    viewer.press("Escape")
    viewer.settle()
    assert viewer.page.get_by_role("dialog").count() == 0


def test_arrows_orbit_while_the_3d_view_has_the_focus(viewer: Viewer) -> None:
    """And lead through frames everywhere else."""
    yaw = viewer.state()["orbit"]["yaw"]
    viewer.page.locator("#view3d").focus()
    viewer.page.keyboard.press("ArrowLeft")
    viewer.wait(f"s.orbit.yaw > {yaw} && s.shown === 0")


def test_playing_goes_on_and_round(viewer: Viewer) -> None:
    """Past the last frame it begins again."""
    viewer.press("End")
    viewer.wait("s.shown === 11")
    viewer.press("Space")
    viewer.wait("s.shown === 2")
    viewer.press("Space")
    viewer.wait("!s.playing")


def test_going_to_a_frame_by_its_id_or_time(viewer: Viewer) -> None:
    for text, index in (("f7", 7), ("0.4s", 4), ("12", 11)):
        viewer.press("g")
        viewer.page.locator("#goto").fill(text)
        viewer.page.keyboard.press("Enter")
        viewer.wait(f"s.shown === {index}")
    viewer.press("g")
    viewer.page.locator("#goto").fill("nothing")
    viewer.page.keyboard.press("Enter")
    assert viewer.page.get_by_role("alert").inner_text() == "There is no such frame."


def test_dragging_orbits_and_the_wheel_zooms(viewer: Viewer) -> None:
    box = viewer.page.locator("#view3d").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    before = viewer.state()["orbit"]
    viewer.page.mouse.move(x, y)
    viewer.page.mouse.down()
    viewer.page.mouse.move(x + 60, y + 30, steps=3)
    viewer.page.mouse.up()
    after = viewer.state()["orbit"]
    assert after["yaw"] < before["yaw"]
    assert after["pitch"] > before["pitch"]
    viewer.page.mouse.wheel(0, -200)
    viewer.wait(f"s.orbit.distance < {after['distance']}")
    viewer.page.keyboard.down("Shift")
    viewer.page.mouse.down()
    viewer.page.mouse.move(x + 20, y, steps=2)
    viewer.page.mouse.up()
    viewer.page.keyboard.up("Shift")
    assert viewer.state()["orbit"]["target"] != after["target"]


def test_a_point_that_is_picked_says_all_about_itself(open_scene: Open) -> None:
    """In the image, and with the same numbers in 3D."""
    viewer = open_scene(scene(), [frame()], suffix="#size=4")
    (u, v, _), *_ = viewer.project("FRONT", POINTS)
    box = viewer.page.locator("#mainimage").bounding_box()
    assert box is not None
    scale = min(box["width"] / 640, box["height"] / 480)
    left, top = (box["width"] - 640 * scale) / 2, (box["height"] - 480 * scale) / 2
    viewer.page.mouse.click(box["x"] + left + (u + 0.5) * scale, box["y"] + top + (v + 0.5) * scale)
    viewer.wait("s.picked && s.picked.point === 0")

    said = viewer.page.locator("#readout").inner_text()

    for part in (
        f"{np.linalg.norm(POINTS[0]):.2f} m",
        "x 10.00",
        "y 2.00",
        "z 1.00",
        "lidar TOP",
        "intensity",
    ):
        assert part in said.replace("\n", " "), said
    ring = viewer.pixels("view3d")
    assert ring.shape[2] == 4
    found = viewer.page.evaluate(
        """() => {
          const box = document.getElementById('view3d').getBoundingClientRect();
          for (let y = 0; y < box.height; y += 3)
            for (let x = 0; x < box.width; x += 3) {
              const picked = kognicViewer.pick(x, y);
              if (picked && picked.point === 0) return picked.position;
            }
          return null;
        }"""
    )
    assert np.allclose(found, POINTS[0], atol=1e-3)


def test_the_address_holds_the_view(viewer: Viewer, open_url: Open) -> None:
    """A copied address shows the same."""
    for key in ("ArrowRight", "k", "p", "]", "2", "0"):
        viewer.press(key)
    viewer.wait("s.shown === 1")
    viewer.page.wait_for_function("() => /f=2.*k=height/.test(location.hash)")
    # The address follows a moment after the last change.
    viewer.page.wait_for_function(
        """() => {
          const values = new URLSearchParams(location.hash.slice(1)), s = kognicViewer.state();
          const pitch = Number(s.orbit.pitch.toFixed(3));
          return values.get("eye").endsWith(`,${pitch}`) && values.get("view") === s.layout;
        }"""
    )
    viewer.page.wait_for_timeout(300)
    address = viewer.page.evaluate("location.href")

    again = open_url(address)

    kept = ("shown", "camera", "layout", "colouring", "layers", "pointSize")
    assert {key: again.state()[key] for key in kept} == {key: viewer.state()[key] for key in kept}
    assert again.state()["orbit"]["pitch"] == pytest.approx(viewer.state()["orbit"]["pitch"], abs=1e-3)


def test_an_address_of_nonsense_is_ignored(open_scene: Open) -> None:
    viewer = open_scene(
        scene(), [frame()], suffix="#f=99&cam=NONE&view=x&k=y&eye=1,2&size=900&turn=1,a,3&on=&ab=z&m=2"
    )

    state = viewer.state()
    assert (state["shown"], state["camera"], state["layout"], state["colouring"], state["pointSize"]) == (
        0,
        "FRONT",
        "both",
        "distance",
        2,
    )


def set_slider(viewer: Viewer, name: str, value: float) -> None:
    viewer.page.locator(f"#slider-{name}").evaluate(
        "(element, value) => {"
        " element.value = value; element.dispatchEvent(new Event('input', {bubbles: true})); }",
        value,
    )
    viewer.settle()


def test_sliders_print_a_quaternion_that_shows_the_same(open_scene: Open) -> None:
    """A page built with the printed numbers and sliders at zero has the same pixels."""
    rng = np.random.default_rng(4)
    points = np.column_stack([rng.uniform(6, 30, 3000), rng.uniform(-8, 8, 3000), rng.uniform(-4, 4, 3000)])
    viewer = open_scene(scene(), [frame(points=points)], suffix="#on=points")
    before = viewer.pixels("image")
    viewer.page.locator("button", has_text="Calibration").click()
    for name, value in (("rx", 0.4), ("ry", -1.0), ("rz", 0.3), ("x", 0.05), ("focal", 1.5)):
        set_slider(viewer, name, value)
    viewer.wait("s.comparison === 'suggested'")
    turned = viewer.pixels("image")
    printed = json.loads("{" + viewer.page.locator("#quaternion").inner_text().replace("\n", ",") + "}")

    q, p = printed["rotation_quaternion"], printed["position"]
    pose = Pose(position=(p["x"], p["y"], p["z"]), quaternion=(q["w"], q["x"], q["y"], q["z"]))
    given = optics(pose=pose)
    given = attrs.evolve(given, parameters={**given.parameters, "fx": printed["fx"], "fy": printed["fy"]})
    rebuilt = open_scene(
        scene(cameras=[Camera(name="FRONT", given=given)]), [frame(points=points)], suffix="#on=points"
    ).pixels("image")

    assert (before != turned).any(axis=2).sum() > 2000
    assert (rebuilt != turned).any(axis=2).sum() < 40


def test_lines_drawn_over_kept_points_are_those_of_a_new_picture(open_scene: Open) -> None:
    """A camera's slider moves its frustum in the 3D view; the points behind it are not drawn again."""
    viewer = open_scene(scene(), [frame(points=np.random.default_rng(0).normal(size=(3000, 3)) * 4)])
    viewer.page.locator("button", has_text="Calibration").click()
    set_slider(viewer, "ry", 1)
    before = viewer.pixels("view3d")
    set_slider(viewer, "ry", 4)
    kept = viewer.pixels("view3d")
    for key in ("]", "["):
        viewer.press(key)
        fresh = viewer.pixels("view3d")

    assert (before != kept).any()
    assert np.array_equal(kept, fresh)


def test_what_was_given_stays_a_and_sliders_make_b(viewer: Viewer) -> None:
    """Key `c` goes between them; reset ends it."""
    given = viewer.project("FRONT", POINTS)
    viewer.page.locator("button", has_text="Calibration").click()
    set_slider(viewer, "ry", 2)
    viewer.wait("s.comparison === 'suggested'")
    turned = viewer.project("FRONT", POINTS)
    viewer.press("c")
    viewer.wait("s.comparison === 'given'")
    viewer.settle()

    assert viewer.project("FRONT", POINTS) == given
    assert turned != given
    viewer.press("c")
    viewer.page.locator("#reset-sliders").click()
    viewer.wait("s.comparison === 'given'")


def test_the_opened_rotation_is_that_of_the_command(open_scene: Open) -> None:
    """`kognic view --camera FRONT --rotation 0.4,-1.0,0` opens with sliders set and B shown."""
    viewer = open_scene(scene(), [frame()], suffix="#cam=FRONT&turn=0.4,-1,0,0,0,0,0,0")

    assert viewer.state()["comparison"] == "suggested"
    viewer.page.locator("button", has_text="Calibration").click()
    assert viewer.page.locator("#slider-rx").input_value() == "0.4"
    assert viewer.page.locator("#slider-ry").input_value() == "-1"


def test_a_against_b_is_two_pages_in_one(open_scene: Open) -> None:
    """Each side of the wipe line shows what the calibration alone would show."""
    other = optics(pose=Pose(position=(0.5, 0.4, 0.2), quaternion=(0.5, -0.5, 0.5, -0.5)))
    cameras = [Camera(name="FRONT", given=optics(), suggested=other)]
    viewer = open_scene(
        scene(cameras=cameras, has_second_calibration=True), [frame()], suffix="#on=points&size=4"
    )
    a = viewer.project("FRONT", POINTS)
    viewer.press("c")
    viewer.settle()
    b = viewer.project("FRONT", POINTS)
    viewer.page.locator("button", has_text="Calibration").click()
    viewer.page.get_by_role("button", name="A | B").click()
    viewer.wait("s.comparison === 'wipe'")
    canvas = viewer.pixels("image")[..., :3].astype(int)

    alone = open_scene(scene(cameras=[Camera(name="FRONT", given=other)]), [frame()])
    assert np.allclose([row[:2] for row in alone.project("FRONT", POINTS)], [row[:2] for row in b])
    height, width = canvas.shape[:2]
    scale = min(width / 640, height / 480)
    left, top = (width - 640 * scale) / 2, (height - 480 * scale) / 2
    for rows, colour, is_left in ((a, (0, 114, 178), True), (b, (230, 159, 0), False)):
        shown = 0
        for u, v, _ in rows:
            x, y = round(left + (u + 0.5) * scale), round(top + (v + 0.5) * scale)
            if (x < width / 2 - 4) if is_left else (x > width / 2 + 4):
                assert np.abs(canvas[y, x] - colour).max() < 12, (x, y)
                shown += 1
        assert shown


def test_objects_are_listed_found_and_described(open_scene: Open) -> None:
    """Class, distance, size, points inside; properties and relations of the chosen one."""
    head, first = annotated()
    inside = np.array([[10.0, 0.5, 0.2], [10.2, -0.3, 0.0], [30.0, 0, 0]])
    first = attrs.evolve(first, clouds=frame(points=inside).clouds)
    viewer = open_scene(head, [first])
    viewer.page.locator("button", has_text="Objects").click()
    rows = viewer.page.locator(".objects tbody tr")
    assert [text.split("\t") for text in rows.all_inner_texts()] == [
        ["car-1", "10.0 m", "2.0 \u00d7 4.0 \u00d7 1.5", "2"],
        ["van-2", "15.5 m", "2.0 \u00d7 5.0 \u00d7 2.0", "0"],
        ["car-1 (bbox)", "", "FRONT", ""],
    ]

    viewer.press("/")
    viewer.page.locator("#find:focus").fill("van")
    assert rows.count() == 1
    viewer.page.locator("#find").fill("")
    viewer.page.get_by_role("button", name="car-1", exact=True).click()

    said = viewer.page.locator("#details").inner_text()
    viewer.wait("s.selected === 'a'")
    assert "colour\nred" in said
    assert "occluded\nfalse" in said
    assert "tows\nvan-2" in said


def test_classes_and_documents_are_filtered(open_scene: Open) -> None:
    """Differences of two documents in colour: alike grey, only the first orange, only the second blue."""
    layers = [Layer(name="pre-annotation"), Layer(name="annotation")]
    moved = [9.0, 3, 0, 0, 0, 0, 1, 2, 4, 1.5]
    shapes = [
        cuboid("same"),
        cuboid("same", layer=1),
        cuboid("gone", numbers=[9.0, -3, 0, 0, 0, 0, 1, 2, 4, 1.5]),
        cuboid("new", layer=1, numbers=moved, class_name="Van"),
    ]
    shown = attrs.evolve(frame(points=np.empty((0, 3))), shapes=shapes)
    viewer = open_scene(scene(layers=layers), [shown], suffix="#on=boxes")

    def colours() -> set[tuple[int, ...]]:
        canvas = viewer.pixels("view3d")[..., :3]
        known = ((154, 164, 178), (230, 159, 0), (0, 114, 178))
        return {colour for colour in known if (canvas == colour).all(axis=-1).any()}

    assert colours() == {(154, 164, 178), (230, 159, 0), (0, 114, 178)}
    viewer.page.get_by_role("button", name="Van", exact=True).click()
    assert colours() == {(154, 164, 178), (230, 159, 0)}
    viewer.page.get_by_role("button", name="pre-annotation", exact=True).click()
    assert (230, 159, 0) not in colours()


def test_equal_objects_of_two_documents_hold_the_same_points(open_scene: Open) -> None:
    """A point may lie in more than one object."""
    head, first = annotated(frames=1)
    head = attrs.evolve(head, layers=[Layer(name="one"), Layer(name="other")])
    numbers = [*POINTS[0].tolist(), 0, 0, 0, 1, 1, 1, 1]
    shapes = [cuboid("a", numbers=numbers, layer=layer) for layer in (0, 1)]
    viewer = open_scene(head, [attrs.evolve(first, shapes=shapes)])
    viewer.page.get_by_role("button", name="Objects", exact=True).click()

    assert viewer.page.locator(".objects tbody td:last-child").all_inner_texts() == ["1", "1"]
