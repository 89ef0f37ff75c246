"""Everything that a program can do wrong, or that goes wrong on its machine, and the class of the error."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from tests.interop.scripts.session import Session

DOCUMENT = {"openlabel": {"metadata": {"schema_version": "1.0.0"}, "frames": {"0": {}}}}


def run(s: Session) -> None:
    client = s.client(max_retry_attempts=1, max_retry_wait_time=0)
    _resources(s)
    _sources(s, client)
    _calls(s, client)
    _credentials(s)


def _resources(s: Session) -> None:
    from kognic.io.model.calibration import CustomCameraCalibration, LidarCalibration, Position
    from kognic.io.model.scene.cameras import Cameras, Frame
    from kognic.io.model.scene.resources import Image
    from kognic.io.resources.scene.file_data import FileData

    Path("nothing.jpg").write_bytes(b"")
    s.fails("no such image", Image, filename="absent.jpg", sensor_name="CAM")
    s.fails("an empty image", Image, filename="nothing.jpg", sensor_name="CAM")
    s.fails("an image without a name", Image, sensor_name="CAM")
    s.fails("an image of a wrong type", Image, filename=5, sensor_name="CAM")
    s.fails("file data without a format", FileData, data=b"x")
    s.fails("file data with two sources", FileData, data=b"x", callback=str, format=FileData.Format.JPG)
    s.fails("file data without a source", FileData, format=FileData.Format.JPG)
    s.fails("a scene of a wrong type", Cameras, external_id=5, frame=Frame(images=[]))
    s.fails("a scene without a frame", Cameras, external_id="a")
    s.fails("a position of text", Position, x="a", y=0, z=0)
    s.fails("a calibration without a position", LidarCalibration)
    s.fails("no such module", CustomCameraCalibration.from_file, "absent.wasm")


def _raiser(error: BaseException) -> Any:
    def callback(name: str) -> bytes:
        raise error

    return callback


def _blocks(error: BaseException) -> Any:
    def callback(name: str) -> Any:
        yield b"a"
        raise error

    return callback


def _late(error: BaseException) -> Any:
    async def callback(name: str) -> bytes:
        await asyncio.sleep(0)
        raise error

    return callback


def _sources(s: Session, client: Any) -> None:
    from kognic.io.model.scene.cameras import Cameras, Frame
    from kognic.io.model.scene.resources import Image
    from kognic.io.resources.scene.file_data import FileData

    def create(image: Any) -> Any:
        return client.cameras.create(Cameras(external_id="s", frame=Frame(images=[image])))

    def data(callback: Any) -> Any:
        source = FileData(callback=callback, format=FileData.Format.JPG)
        return Image(filename="a", sensor_name="CAM", file_data=source)

    Path("gone.jpg").write_bytes(b"x")
    gone = Image(filename="gone.jpg", sensor_name="CAM")
    Path("gone.jpg").unlink()
    s.fails("a file that has gone", create, gone)
    Path("gone.jpg").mkdir()
    s.fails("a file that has become a folder", create, gone)
    Path("gone.jpg").rmdir()
    errors = (
        TypeError("t"),
        ValueError("v"),
        KeyError("k"),
        FileNotFoundError(2, "No such file or directory", "f"),
        PermissionError(13, "Permission denied", "f"),
        OSError(5, "Input/output error"),
        RuntimeError("r"),
        TimeoutError("late"),
        ZeroDivisionError("z"),
        NotImplementedError("n"),
    )
    for error in errors:
        name = type(error).__name__
        s.fails(f"a callback that raises {name}", create, data(_raiser(error)))
        s.fails(f"a generator that raises {name}", create, data(_blocks(error)))
        s.fails(f"an async callback that raises {name}", create, data(_late(error)))
    s.fails("a callback that returns None", create, data(lambda name: None))
    s.fails("a callback that returns a number", create, data(lambda name: 7))
    s.fails("a callback that takes no name", create, data(lambda: b"x"))


def _calls(s: Session, client: Any) -> None:
    from kognic.io.model.calibration import SensorCalibration
    from kognic.io.model.scene.cameras import Cameras, Frame

    scene = Cameras(external_id="s", frame=Frame(images=[]))
    s.fails("a scene for another creator", client.lidars.create, scene)
    s.fails("a scene that is a dict", client.cameras.create, {"externalId": "s"})
    s.fails("a batch for neither project nor request", client.input.create_from_scene, "scene")
    s.fails("no such scene", client.scene.get_scenes_by_uuids, ["5b7b3c1e-0a44-4d0e-8b0a-6d8f8f0f3a21"])
    s.fails("no such project", client.project.get_project_batches, "nowhere")
    s.fails("no such batch", client.project.publish_batch, "sandbox-project", "nowhere")
    s.fails("a batch that is there", client.project.create_batch, "sandbox-project", "batch-1")
    s.fails(
        "an empty calibration",
        client.calibration.create_calibration,
        SensorCalibration(external_id="", calibration={}),
    )
    s.fails(
        "a page size out of range", lambda: list(client.input.get_request_inputs(request_id="r", page_size=0))
    )
    s.fails("a pre-annotation by half a name", client.pre_annotation.get_with_content, scene_uuid="s")
    s.fails("a pre-annotation by two names", client.pre_annotation.get_with_content, uuid="u", scene_uuid="s")
    s.fails("an unexpected argument", client.project.get_projects, colour="red")
    s.fails("a missing argument", client.project.get_project_batches)


def _credentials(s: Session) -> None:
    good = json.loads(Path(s.credentials).read_text()) if Path(s.credentials).is_file() else {}
    Path("broken.json").write_text("{")
    Path("list.json").write_text("[]")
    Path("partial.json").write_text(json.dumps({"clientId": "a"}))
    Path("folder").mkdir(exist_ok=True)
    Path("wrong.json").write_text(json.dumps({**good, "clientSecret": "wrong"}))
    cases: dict[str, Any] = {
        "credentials that are not there": "absent.json",
        "credentials that are no JSON": "broken.json",
        "credentials that are a list": "list.json",
        "credentials without a secret": "partial.json",
        "credentials in a folder": "folder",
        "credentials that are refused": "wrong.json",
        "credentials of one part": ("a",),
        "credentials that are a number": 5,
    }

    def use(auth: Any) -> Any:
        return s.client(auth=auth).project.get_projects()

    for name, auth in cases.items():
        s.fails(name, use, auth)
