"""Scenes are checked before anything of them is sent."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from kognic._core.scene_errors import ChecksFailedError
from kognic.io.client import KognicIOClient
from kognic.io.model.scene.cameras import Cameras
from kognic.pipelines.bulk import BulkItem, BulkRun, Stage
from kognic.pipelines.bulk.files import items_from_files
from kognic.pipelines.bulk.items import BrokenItem
from kognic.sandbox import Sandbox
from kognic.sandbox.sample.drive import write_sample_drive
from tests.pipelines.bulk.conftest import picture

MakeScene = Callable[..., Cameras]


def break_image(scene: Cameras, camera: int = 0) -> Path:
    path = Path(scene.frame.images[camera].filename)
    path.write_bytes(b"not an image")
    return path


@pytest.mark.parametrize(
    "elsewhere",
    [pytest.param(False, id="threads"), pytest.param(True, id="processes", marks=pytest.mark.slow)],
)
def test_errors_stop_a_scene_and_nobody_else(
    kognic_client: KognicIOClient, kognic_sandbox: Sandbox, make_scene: MakeScene, elsewhere: bool
) -> None:
    """Of a scene with errors the platform never hears; the result says what was found."""
    scenes = [make_scene(n) for n in range(3)]
    path = break_image(scenes[1])
    options: dict[str, Any] = {"poll_interval": 0.02}
    if elsewhere:
        with ProcessPoolExecutor(1, get_context("spawn")) as executor:
            run = BulkRun(kognic_client, scenes, executor=executor, **options)
            results = {result.key: result for result in run}
    else:
        results = {result.key: result for result in BulkRun(kognic_client, scenes, **options)}

    assert {key for key, result in results.items() if result.ok} == {"scene-0", "scene-2"}
    failed = results["scene-1"]
    assert (failed.stage, failed.error_stage) == (Stage.FAILED, "scene")
    assert str(path) in str(failed.error)
    assert "(image-undecodable)" in str(failed.error)
    assert "Nothing was sent. Fix the scene, or pass check=False" in str(failed.error)
    assert {scene["externalId"] for scene in kognic_sandbox.control.scenes()} == {"scene-0", "scene-2"}
    sent = [call for call in kognic_sandbox.control.calls() if "scene-1" in json.dumps(call, default=str)]
    assert all("query" in str(call) for call in sent)


def test_pre_annotation_is_checked_against_the_scene(
    kognic_client: KognicIOClient, kognic_sandbox: Sandbox, make_scene: MakeScene, document: dict[str, Any]
) -> None:
    document["openlabel"]["frames"]["0"]["frame_properties"]["timestamp"] = 50
    (result,) = BulkRun(kognic_client, [BulkItem(scene=make_scene(1), pre_annotation=document)])
    assert "(ol-frame-time-unknown)" in str(result.error)
    assert kognic_sandbox.control.scenes() == []


def test_existing_scenes_are_not_checked(kognic_client: KognicIOClient, make_scene: MakeScene) -> None:
    """What is skipped need not be right."""
    scene = make_scene(1)
    assert [result.ok for result in BulkRun(kognic_client, [scene], poll_interval=0.02)] == [True]
    break_image(scene)
    assert [result.stage for result in BulkRun(kognic_client, [scene])] == [Stage.SKIPPED]


def test_described_scenes_are_checked_before_their_calibration_is_created(
    kognic_client: KognicIOClient, tmp_path: Path
) -> None:
    """Not even a calibration is created for a scene with errors; without the check it is."""
    drive = write_sample_drive(tmp_path, frames=1, cloud_format="csv")
    (tmp_path / "images/front/000.png").write_bytes(b"not an image")

    (broken,) = items_from_files(kognic_client, [drive.scene_file])
    assert isinstance(broken, BrokenItem)
    assert "images/front/000.png" in broken.reason
    assert "(image-undecodable)" in broken.reason
    assert kognic_client.calibration.get_calibrations() == []

    (item,) = items_from_files(kognic_client, [drive.scene_file], check=False)
    assert isinstance(item, BulkItem)
    assert (item.is_checked, len(kognic_client.calibration.get_calibrations())) == (False, 1)


def test_descriptions_come_in_order(kognic_client: KognicIOClient, tmp_path: Path) -> None:
    """Read ahead, handed out in the order of names, broken ones in their place."""
    (tmp_path / "a.png").write_bytes(picture(1))
    frame = {"images": [{"sensor_name": "A", "filename": "a.png"}]}
    for number in range(9):
        description = {"type": "cameras", "external_id": str(number), "frame": frame}
        path = tmp_path / f"{number}.scene.json"
        path.write_text("{}" if number == 5 else json.dumps(description))
    items = list(items_from_files(kognic_client, [tmp_path], check=False))
    assert [isinstance(item, BrokenItem) for item in items] == [n == 5 for n in range(9)]
    assert [item.name for item in items if isinstance(item, BulkItem)] == list("01234678")


def test_error_travels_between_processes() -> None:
    error = ChecksFailedError("scene", ["one", "two"], "Correct it")
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.problems) == (str(error), ["one", "two"])
    many = ChecksFailedError("scene", [str(n) for n in range(30)], "Correct it")
    assert "scene: and 20 more" in str(many)
