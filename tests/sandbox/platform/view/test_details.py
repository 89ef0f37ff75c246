"""Pages of scenes, inputs and calibrations, and what the viewer gets of a stored scene."""

from __future__ import annotations

import base64
import html
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from kognic.annotations.labels import encode_png
from kognic.pipelines.scene_upload import SceneFileUpload
from kognic.sandbox import Sandbox
from kognic.sandbox.platform.tables import Calibration
from kognic.sandbox.sample.drive import write_sample_drive
from kognic.scenes.scene_file import load_scene_file
from kognic.viewer.frames import frame_bytes, scene_bytes
from kognic.viewer.load import source_of
from kognic.viewer.packing import from_planes, unpack
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


def uploaded(sandbox: Sandbox, scene_file: Path) -> str:
    """Upload a scene; its UUID once it was processed."""
    with sandbox.client() as client:
        upload = SceneFileUpload(
            client=client, scene_file=load_scene_file(scene_file), tell=lambda _: None, poll_interval=0.05
        )
        upload.run()
    assert sandbox.control.wait_until_idle()
    assert upload.scene_uuid is not None
    return upload.scene_uuid


@pytest.mark.slow
def test_the_viewer_gets_what_it_gets_of_the_scene_on_disk(tmp_path: Path, kognic_sandbox: Sandbox) -> None:
    """The same sensors, poses, times, points, images and shapes, once from disk and once from the sandbox."""
    drive = write_sample_drive(tmp_path, frames=2)
    scene_uuid = uploaded(kognic_sandbox, drive.scene_file)
    browser = Browser(kognic_sandbox)
    source = source_in(browser.open(f"scene/{scene_uuid}"))
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
        del sensor["source"]  # Numbers as the platform answers them, or as the model writes them.
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


def make_custom(calibration: Path, module: bytes) -> None:
    """Let the camera FRONT of a calibration file be one that brings its formula."""
    rig = json.loads(calibration.read_text())
    kept = ("position", "rotation_quaternion", "image_width", "image_height")
    rig["calibration"]["FRONT"] = {
        "calibration_type": "custom",
        "wasm_base64": base64.b64encode(module).decode(),
        **{key: rig["calibration"]["FRONT"][key] for key in kept},
    }
    calibration.write_text(json.dumps(rig))


@pytest.mark.slow
def test_custom_cameras_are_projected_as_on_disk(tmp_path: Path, kognic_sandbox: Sandbox) -> None:
    """The module runs in the sandbox: the same pixels of points and boxes as `kognic view` has."""
    wasmtime = pytest.importorskip("wasmtime", reason="custom cameras need the extra wasm")
    # Pinhole: 500 x / z + 480, 500 y / z + 270.
    module = wasmtime.wat2wasm(
        '(module (func (export "project_point_to_image") (param f64 f64 f64) (result f64 f64)'
        " (f64.add (f64.mul (f64.const 500) (f64.div (local.get 0) (local.get 2))) (f64.const 480))"
        " (f64.add (f64.mul (f64.const 500) (f64.div (local.get 1) (local.get 2))) (f64.const 270))))"
    )
    drive = write_sample_drive(tmp_path, frames=2)
    make_custom(tmp_path / "calibration.json", bytes(module))
    scene_uuid = uploaded(kognic_sandbox, drive.scene_file)
    browser = Browser(kognic_sandbox)

    source = source_in(browser.open(f"scene/{scene_uuid}"))
    head, _ = packet(browser, f"{source}scene")
    frame, blocks = packet(browser, f"{source}frames/1")

    on_disk = source_of(drive.scene_file)
    wanted, wanted_blocks = unpack(frame_bytes(on_disk.frame(1), on_disk.scene))
    by_name = {camera["name"]: camera for camera in head["cameras"]}
    assert by_name["FRONT"]["given"]["kind"] == "baked"
    assert by_name["FRONT"]["note"] == ""
    front = next(one for one in frame["pictures"] if one["camera"] == "FRONT")
    expected = next(one for one in wanted["pictures"] if one["camera"] == "FRONT")
    assert blocks[front["baked"]] == wanted_blocks[expected["baked"]]
    seen = from_planes(blocks[front["baked"]], np.int32)
    assert (seen > 0).sum() > 200
    assert front["baked_lines"] == expected["baked_lines"] != []
    assert front["message"] == ""


def test_a_custom_camera_whose_module_fails_shows_its_image(tmp_path: Path, kognic_sandbox: Sandbox) -> None:
    """With the reason, and without taking the rest of the frame with it."""
    wasmtime = pytest.importorskip("wasmtime", reason="custom cameras need the extra wasm")
    works = wasmtime.wat2wasm(
        '(module (func (export "project_point_to_image") (param f64 f64 f64) (result f64 f64)'
        " (local.get 0) (local.get 1)))"
    )
    drive = write_sample_drive(tmp_path, frames=1)
    make_custom(tmp_path / "calibration.json", bytes(works))
    scene_uuid = uploaded(kognic_sandbox, drive.scene_file)
    with kognic_sandbox.platform.database.write() as session:
        stored = session.scalars(select(Calibration)).one()
        sensors = {name: dict(entry) for name, entry in stored.sensors.items()}
        sensors["FRONT"]["wasm_base64"] = base64.b64encode(b"no module").decode()
        stored.sensors = sensors
    browser = Browser(kognic_sandbox)

    source = source_in(browser.open(f"scene/{scene_uuid}"))
    frame, blocks = packet(browser, f"{source}frames/0")

    front = next(one for one in frame["pictures"] if one["camera"] == "FRONT")
    assert front["message"].startswith("points cannot be projected: the module is not WebAssembly")
    assert blocks[front["content"]].startswith(b"\x89PNG")
    assert frame["clouds"][0]["count"] > 1000


def test_segmentation_of_a_stored_scene(api: Api, browser: Browser) -> None:
    """Classes of points and of pixels, by their names in the document."""
    scene = api.create("lidars-and-cameras-sequence")
    placed = api.place(scene)["uuid"]
    source = source_in(browser.open(f"input/{placed}"))
    frame, _ = packet(browser, f"{source}frames/0")
    points, size = (
        frame["clouds"][0]["count"],
        (frame["pictures"][0]["height"], frame["pictures"][0]["width"]),
    )
    lidar, camera = frame["clouds"][0]["lidar"], frame["pictures"][0]["camera"]
    document = cuboid_document()
    root = document["openlabel"]
    root["ontologies"] = {"0": {"uri": "", "classifications": {"1": "road", "2": "car"}}}
    root["objects"] |= {
        "s": {"name": "s", "type": "3DPointCloudSegmentation"},
        "m": {"name": "m", "type": "segmentation_bitmap"},
    }
    first = next(iter(root["frames"].values()))
    first["objects"] |= {
        "s": {
            "object_data": {
                "binary": [
                    {
                        "name": "labels",
                        "encoding": "rle",
                        "val": f"#{points}V2",
                        "attributes": {"text": [{"name": "stream", "val": lidar}]},
                    }
                ]
            }
        },
        "m": {
            "object_data": {
                "image": [
                    {
                        "name": "m",
                        "mime_type": "image/png",
                        "encoding": "base64",
                        "val": encode_png(np.ones(size)),
                        "attributes": {"text": [{"name": "stream", "val": camera}]},
                    }
                ]
            }
        },
    }
    api.sandbox.control.deliver_annotation(placed, document)

    source = source_in(browser.open(f"input/{placed}"))
    head, _ = packet(browser, f"{source}scene")
    frame, blocks = packet(browser, f"{source}frames/0")

    assert head["classes"] == {"1": "road", "2": "car"}
    classes = from_planes(blocks[frame["clouds"][0]["classes"]], np.uint16)
    assert set(classes.tolist()) == {2}
    (mask,) = frame["masks"]
    assert (mask["camera"], mask["names"], mask["width"], mask["height"]) == (
        camera,
        {"1": "road"},
        size[1],
        size[0],
    )
    assert set(blocks[mask["values"]]) == {1}
