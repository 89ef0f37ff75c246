"""What may be missing or wrong with a scene has a form of its own, and strangers' texts are texts."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path

import attrs
import cv2
import numpy as np
import pytest

from kognic.viewer.document import BakedLine, Camera, Cloud, Frame, Layer, Lidar, Picture
from kognic.viewer.frames import frame_bytes, scene_bytes
from kognic.viewer.page import bundle, served_page, write_page
from kognic.viewer.server import ViewServer
from tests.viewer.browser.conftest import Open
from tests.viewer.browser.scenes import POINTS, annotated, box, cuboid, frame, image, optics, picture, scene

pytestmark = pytest.mark.slow

HOSTILE = (
    "</script><script>fail()</script>",
    "<img src=x onerror=fail()>",
    "\u202eevil\u2066\u0000",
    "x" * 10_000,
)


def text_of(viewer: object) -> str:
    return str(viewer.page.locator("body").inner_text())  # type: ignore[attr-defined]


def test_images_alone(open_scene: Open) -> None:
    """Without lidars there is no 3D view, and the grid of images fills the page."""
    cameras = [Camera(name=name, note="there is no calibration") for name in ("A", "B", "C")]
    shown = Frame(index=0, pictures=[picture(name) for name in ("A", "B", "C")])
    viewer = open_scene(scene(cameras=cameras, lidars=[]), [shown])

    assert viewer.page.locator("#view3d").count() == 0
    assert viewer.page.locator(".imagegrid .tile").count() == 3


def test_points_alone(open_scene: Open) -> None:
    """Without cameras there are no images, and no strip."""
    viewer = open_scene(scene(cameras=[]), [frame(pictures=[])])

    assert viewer.state()["points"] == 3
    assert viewer.page.locator("#mainimage, .strip").count() == 0


def test_a_frame_without_points_or_image(open_scene: Open) -> None:
    """It says so in their place."""
    broken = Picture(camera="FRONT", message="the image cannot be shown: the content is not an image")
    cloud = Cloud(lidar="TOP", message="the points cannot be read: no such file")
    viewer = open_scene(scene(), [Frame(index=0, clouds=[cloud], pictures=[broken])])

    text = text_of(viewer)
    assert "No points in this frame." in text
    assert "the content is not an image" in text
    viewer.page.locator("#notes-button").click()
    assert "TOP: the points cannot be read: no such file" in text_of(viewer)


def test_an_image_that_the_browser_cannot_decode(open_scene: Open) -> None:
    viewer = open_scene(scene(), [frame(pictures=[picture(content=b"no image")])])

    assert "The browser cannot decode this image." in text_of(viewer)


def test_a_secret_formula_disables_the_sliders(open_scene: Open) -> None:
    """With a word why; the image is shown."""
    secret = Camera(name="FRONT", given=optics(kind="none", parameters={}), note="the formula is not public")
    viewer = open_scene(scene(cameras=[secret]), [frame()])

    assert "the formula is not public" in text_of(viewer)
    viewer.page.locator("button", has_text="Calibration").click()
    assert viewer.page.locator("#slider-rx").is_disabled()


def test_baked_pixels_are_drawn(open_scene: Open) -> None:
    """Points and shapes of a camera that Python computed."""
    baked = np.array([[100.0, 100], [np.nan, np.nan], [400, 300]])
    line = BakedLine(object_id="a", layer=0, pixels=np.array([[50.0, 400], [600, 400]]))
    shown = frame(pictures=[picture(baked=baked, baked_lines=[line])], shapes=[cuboid("a")])
    head = scene(
        cameras=[Camera(name="FRONT", given=optics(kind="baked", parameters={}))], layers=[Layer(name="d")]
    )
    viewer = open_scene(head, [shown], suffix="#on=points.boxes&size=4")

    canvas = viewer.pixels("image")
    height, width = canvas.shape[:2]
    scale = min(width / 640, height / 480)
    left, top = (width - 640 * scale) / 2, (height - 480 * scale) / 2
    lit = (canvas[..., :3].max(axis=2) > 60).astype(np.uint8)
    _, _, _, middles = cv2.connectedComponentsWithStats(lit, connectivity=8)
    expected = [
        (left + (u + 0.5) * scale - 0.5, top + (v + 0.5) * scale - 0.5) for u, v in ((100, 100), (400, 300))
    ]
    for place in expected:
        assert np.hypot(*(middles[1:] - place).T).min() < 1
    assert lit[round(top + 400.5 * scale), round(width / 2)] == 1


@pytest.mark.parametrize("share", [0.999, 0.5])
def test_a_page_that_is_cut_off_says_so(share: float, open_url: Open, tmp_path: Path) -> None:
    """A packet that ends too early; the script came before it."""
    head, first = scene(), frame()
    packet = frame_bytes(first, head)
    file = BytesIO()
    cut = packet[: int(len(packet) * share)]
    write_page(file, title="cut", scene=scene_bytes(head), frames=[cut])
    (tmp_path / "cut.html").write_bytes(file.getvalue())

    viewer = open_url(f"file://{tmp_path}/cut.html")

    assert "This file is cut off." in text_of(viewer)
    assert viewer.page.get_by_role("button", name="Retry").is_visible()


def test_webgl_that_is_lost_falls_back(open_scene: Open) -> None:
    """The view continues on the CPU."""
    viewer = open_scene(scene(), [frame()], suffix="?renderer=gl")
    viewer.page.evaluate(
        "document.querySelector('#view3d canvas').getContext('webgl2')"
        ".getExtension('WEBGL_lose_context').loseContext()"
    )

    viewer.wait("s.renderer === 'cpu'")
    assert viewer.pixels("view3d")[..., :3].max() > 60


def test_without_webgl_the_cpu_draws(open_scene: Open, browser: object) -> None:
    """No GPU here, so no wish is needed."""
    viewer = open_scene(scene(), [frame()])

    assert viewer.state()["renderer"] == "cpu"


@pytest.mark.parametrize("text", HOSTILE)
def test_texts_of_strangers_are_shown_as_texts(text: str, open_scene: Open) -> None:
    """In every field of a scene; nothing runs, nothing is asked for."""
    lidar = Lidar(name=text, given=scene().lidars[0].given)
    camera = Camera(name=text, given=optics(), note=text, verdict=text, explanation=text, source={text: text})
    texts = {"title": text, "notes": [text], "findings": [text], "classes": {1: text}, "command": text}
    head = scene(cameras=[camera], lidars=[lidar], layers=[Layer(name=text)], **texts)
    head = attrs.evolve(head, frames=[attrs.evolve(head.frames[0], frame_id=text)])
    cloud = Cloud(lidar=text, xyz=POINTS, classes=np.array([1, 1, 0]), message=text)
    shapes = [
        cuboid(text, class_name=text, name=text, properties={text: text}),
        box(text, stream=text, name=text),
    ]
    shown = Frame(
        index=0, clouds=[cloud], pictures=[picture(text, message=text)], shapes=shapes, notes=[text]
    )

    viewer = open_scene(head, [shown])
    viewer.page.locator("button", has_text="Objects").click()
    viewer.page.locator(".objects button").first.click()
    viewer.page.locator("button", has_text="Calibration").click()
    viewer.page.locator("#notes-button").click()

    assert viewer.page.title().strip("\ufffd\u0000") != ""
    assert text.replace("\u0000", "")[:40] in text_of(viewer).replace("\ufffd", "").replace("\u0000", "")
    assert viewer.page.locator("img, script[src]").count() == 0


class Answers:
    """A host whose `scene` says one thing after the other."""

    def __init__(self, *answers: tuple[int, bytes]) -> None:
        self.answers = list(answers)
        self.frames: list[bytes] = []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body, kind = owner.answer(self.path)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, path: str) -> tuple[int, bytes, str]:
        if path == "/":
            return (
                200,
                served_page(title="t", source="data/", assets="a/", back="/view/").encode(),
                "text/html",
            )
        if path == "/a/viewer.js":
            return 200, bundle().script.encode(), "text/javascript"
        if path == "/a/viewer.css":
            return 200, bundle().style.encode(), "text/css"
        if path == "/data/scene":
            status, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            return status, body, "application/octet-stream"
        if path.startswith("/data/frames/") and self.frames:
            return 200, self.frames[int(path.rsplit("/", 1)[1])], "application/octet-stream"
        return 503, b'{"message": "the disk is gone"}', "application/json"


@pytest.fixture
def hosts() -> Iterator[list[Answers]]:
    """Hosts that are stopped in the end."""
    started: list[Answers] = []
    yield started
    for host in started:
        host.server.shutdown()
        host.server.server_close()


def test_a_scene_that_is_processed_shows_itself_when_it_is_ready(
    open_url: Open, hosts: list[Answers]
) -> None:
    """The page asks again by itself."""
    host = Answers((202, b'{"message": "frame 3 of 9"}'), (200, scene_bytes(scene())))
    host.frames = [frame_bytes(frame(), scene())]
    hosts.append(host)

    viewer = open_url(host.url, hosts=[host.url], is_ready=False)

    viewer.page.get_by_text("frame 3 of 9").wait_for()
    viewer.wait("s.status === 'ready' && s.points === 3")


def test_a_scene_that_failed_lists_its_errors(open_url: Open, hosts: list[Answers]) -> None:
    """With the file of each; there is no view, and a way back."""
    errors = [
        {"file": "lidar/0.pcd", "message": "<b>not a point cloud</b>"},
        {"file": "", "message": "too few"},
    ]
    host = Answers((422, json.dumps({"message": "The scene failed.", "errors": errors}).encode()))
    hosts.append(host)

    viewer = open_url(host.url, hosts=[host.url], allowed_errors=["422"])

    assert "lidar/0.pcd: <b>not a point cloud</b>" in text_of(viewer)
    assert viewer.page.get_by_role("link", name="Back").get_attribute("href") == "/view/"
    assert viewer.page.locator("canvas").count() == 0


def test_a_frame_that_fails_can_be_tried_again(open_url: Open, hosts: list[Answers]) -> None:
    """And the others work."""
    host = Answers((200, scene_bytes(scene(frames=2))))
    hosts.append(host)

    viewer = open_url(host.url, hosts=[host.url], allowed_errors=["503"])
    assert "the disk is gone" in text_of(viewer)
    host.frames = [frame_bytes(frame(index), scene(frames=2)) for index in range(2)]
    viewer.page.get_by_role("button", name="Retry").click()

    viewer.wait("s.shown === 0 && s.points === 3")
    assert "the disk is gone" not in text_of(viewer)


def test_a_drive_is_served_frame_by_frame(open_url: Open) -> None:
    """From the link of `kognic view` on, with no complaint and no other host."""
    head, first = annotated(frames=30)

    class Drive:
        scene = head

        def frame(self, index: int) -> Frame:
            return attrs.evolve(first, index=index)

    with ViewServer(Drive(), state="cam=FRONT&k=height") as server:
        viewer = open_url(server.link, hosts=[f"http://127.0.0.1:{server.port}/"])
        assert (viewer.state()["shown"], viewer.state()["colouring"]) == (0, "height")
        for key in ("End", "Home", "ArrowRight"):
            viewer.press(key)
        viewer.wait("s.shown === 1")
        viewer.press("Space")
        viewer.wait("s.shown === 6")
        viewer.press("Space")
        assert "key=" not in viewer.page.url


def test_an_image_of_another_size_is_placed_by_its_own_pixels(open_scene: Open) -> None:
    """The page scales nothing by the calibration's size."""
    file = image("#ff0000")
    viewer = open_scene(
        scene(), [frame(points=np.empty((0, 3)), pictures=[picture(content=file)])], suffix="#on="
    )

    canvas = viewer.pixels("image")
    height, width = canvas.shape[:2]
    assert canvas[height // 2, width // 2, :3].tolist() == [255, 0, 0]
