"""Pages of scenes, inputs and calibrations, and what the viewer gets of a stored scene."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kognic.sandbox import Sandbox
from kognic.sandbox.sample.drive import write_sample_drive
from kognic.scenes.scene_file import load_scene_file
from kognic.viewer.frames import frame_bytes, scene_bytes
from kognic.viewer.load import source_of
from kognic.viewer.packing import unpack
from tests.sandbox.platform.view.test_lists import Browser
from tests.sandbox.protocol import Api, cuboid_document


@pytest.fixture
def browser(api: Api) -> Browser:
    return Browser(api.sandbox)


def source_in(text: str) -> str:
    found = re.search(r'data-source="/view/([^"]+)"', text)
    assert found is not None
    return found[1]


def packet(browser: Browser, path: str) -> tuple[dict[str, Any], list[bytes]]:
    answer = browser.session.get(f"{browser.sandbox.url}/view/{path}", timeout=20)
    assert answer.status_code == 200, answer.text
    return unpack(answer.content)


def test_the_viewer_gets_what_it_gets_of_the_scene_on_disk(tmp_path: Path, kognic_sandbox: Sandbox) -> None:
    """The same sensors, poses, times, points, images and shapes, once from disk and once from the sandbox."""
    from kognic.pipelines.scene_upload import SceneFileUpload

    drive = write_sample_drive(tmp_path, frames=2)
    with kognic_sandbox.client() as client:
        upload = SceneFileUpload(
            client=client,
            scene_file=load_scene_file(drive.scene_file),
            tell=lambda _: None,
            poll_interval=0.05,
        )
        upload.run()
    assert kognic_sandbox.control.wait_until_idle()
    browser = Browser(kognic_sandbox)
    source = source_in(browser.open(f"scene/{upload.scene_uuid}"))
    on_disk = source_of(drive.scene_file)

    head, head_blocks = packet(browser, f"{source}scene")
    expected, expected_blocks = unpack(scene_bytes(on_disk.scene))
    assert head_blocks == expected_blocks
    for key in (
        "kind",
        "frames",
        "trajectory",
        "is_compensated",
        "only_lidar",
        "layers",
        "num_frames",
    ):
        assert head[key] == expected[key], key
    for sensor in (*head["lidars"], *expected["lidars"]):
        del sensor["source"]  # Spelled as the platform answers it, or as the model writes it.
    assert head["lidars"] == expected["lidars"]
    order = [camera["name"] for camera in head["cameras"]]
    cameras = sorted(expected["cameras"], key=lambda camera: order.index(camera["name"]))
    assert [camera["given"] for camera in head["cameras"]] == [camera["given"] for camera in cameras]
    for index in range(2):
        frame, blocks = packet(browser, f"{source}frames/{index}")
        wanted, wanted_blocks = unpack(frame_bytes(on_disk.frame(index), on_disk.scene))
        assert frame == wanted
        assert [np.frombuffer(block, np.uint8).tolist() for block in blocks] == [
            np.frombuffer(block, np.uint8).tolist() for block in wanted_blocks
        ]
    assert browser.session.get(f"{kognic_sandbox.url}/view/{source}frames/2").status_code == 404
    assert browser.session.get(f"{kognic_sandbox.url}/view/{source}frames/x").status_code == 404


def test_scene_page(api: Api, browser: Browser) -> None:
    """Facts, metadata, calibration, files with their state, and the next step."""
    scene = api.create("lidars-and-cameras-sequence", externalId="drive-7", metadata={"city": "Lund"})

    text = html.unescape(browser.open(f"scene/{scene}"))

    assert "<h1><bdi>drive-7</bdi>" in text
    assert '"city": "Lund"' in text
    assert "pinhole" in text
    assert text.count(">uploaded</bdi>") == 4
    assert f"kognic input create --scene {scene} --project PROJECT" in text
    calibration = api.scene(scene)["calibrationId"]
    assert "8 x 6" in browser.open(f"calibration/{calibration}")


def test_failed_scene(api: Api, browser: Browser) -> None:
    """The error with its file, in a list and beside the file; no viewer."""
    scene = api.create("lidars-and-cameras", {"c0.jpg": b"no image"})

    text = browser.open(f"scene/{scene}")

    assert "Why it failed" in text
    assert "<code><bdi>c0.jpg</bdi></code>: " in text
    assert ">failed</bdi>" in text
    assert "viewer.js" not in text
    assert "data-source" not in text


def test_waiting_scene(api: Api, browser: Browser) -> None:
    """A scene that is not committed lists what is missing; one that is processed refreshes itself."""
    body = api.body("cameras")
    made = api.post(f"/v1/inputs/cameras?workspaceId={api.workspace}", body)
    page = f"scene/{body['internalId']}"

    assert "Files are being uploaded" in browser.open(page)
    assert ">missing</bdi>" in browser.open(page)
    with api.sandbox.control.held():
        api.upload(made["files"], {"c0.jpg": b""})
        api.post(f"/v1/inputs/{body['internalId']}/actions/commit")
        text = browser.open(page)
    assert "The scene is being processed" in text
    assert '<meta http-equiv="refresh" content="3">' in text


def test_input_page(api: Api, browser: Browser) -> None:
    """The workflow with its phases, tasks, annotations and reviews, and the command for the next step."""
    scene = api.create("lidars-and-cameras-sequence")
    placed = api.place(scene)["uuid"]
    page, control = f"input/{placed}", api.sandbox.control

    first = html.unescape(browser.open(page))
    assert '<li class="s-phase-now" aria-current="step"><bdi>Annotate</bdi></li>' in first
    assert f"kognic sandbox complete-task {placed} ANNOTATION.json --root {api.sandbox.root}" in first
    judgement = control.complete_task(placed, cuboid_document())
    second = html.unescape(browser.open(page))
    assert f"kognic review create {judgement} --accept" in second
    assert ">preliminary</bdi>" in second
    api.post(
        f"/v1/annotations/{judgement}/review", {"accepted": True, "feedbackItems": []}, status=(200, 201, 204)
    )
    third = html.unescape(browser.open(page))
    assert ">delivered</bdi>" in third
    assert ">accepted</bdi>" in third
    assert '<li class="s-phase-now" aria-current="step"><bdi>Delivery</bdi></li>' in third
    assert f"kognic annotation download --input {placed}" in third


def test_versions_of_an_annotation(api: Api, browser: Browser) -> None:
    """The viewer shows the delivered annotation, or the one that is chosen."""
    scene = api.create("lidars-and-cameras-sequence")
    placed = api.place(scene)["uuid"]
    old = api.sandbox.control.deliver_annotation(placed, cuboid_document())
    new = api.sandbox.control.deliver_annotation(placed, cuboid_document())

    assert f"/a-{new}/" in browser.open(f"input/{placed}")
    chosen = browser.open(f"input/{placed}", annotation=old)
    assert f"/a-{old}/" in chosen
    assert ">replaced</bdi>" in chosen
    head, _ = packet(browser, f"{source_in(chosen)}scene")
    assert [layer["name"] for layer in head["layers"]] == ["annotation"]
    source = source_in(chosen)
    foreign = source.replace(old, placed)
    assert browser.session.get(f"{api.sandbox.url}/view/{foreign}scene").status_code == 404


def test_a_damaged_file_is_said_in_its_place(api: Api, browser: Browser) -> None:
    """What the platform took but cannot be shown does not take the rest of the frame with it."""
    scene = api.create("lidars-and-cameras")
    storage = api.sandbox.platform.storage
    image = storage.find(scene, "c0.jpg")
    cloud = storage.find(scene, "l0.csv")
    assert image is not None
    assert cloud is not None
    image.path.write_bytes(b"no image")
    cloud.path.write_bytes(b"no cloud")

    frame, _ = packet(browser, f"{source_in(browser.open(f'scene/{scene}'))}frames/0")

    assert "the image cannot be shown" in frame["pictures"][0]["message"]
    assert "the points cannot be read" in frame["clouds"][0]["message"]
