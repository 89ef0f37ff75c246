"""Creating a scene from a scene file in Python: look-ups, creation, messages and results."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

from kognic._core.run_errors import CalibrationDiffersError, ItemError, SceneExistsError
from kognic.base_clients.http.retry import RetryPolicy
from kognic.io.client import KognicIOClient
from kognic.io.errors import ConnectionFailedError, SceneFailedError, SceneTimeoutError
from kognic.io.scene_kinds import kind_of
from kognic.pipelines.bulk.items import Target
from kognic.pipelines.scene_upload import SceneFileUpload, ensure_calibration, find_calibration
from kognic.sandbox import Sandbox
from kognic.sandbox.sample.drive import calibration as sample_calibration
from kognic.sandbox.sample.drive import write_sample_drive
from kognic.scenes.scene_file import SceneFile, load_scene_file, parse_calibration


@pytest.fixture(scope="module")
def scene_file(tmp_path_factory: pytest.TempPathFactory) -> SceneFile:
    """A scene with a calibration, one image and one point cloud per frame, and a pre-annotation."""
    return load_scene_file(write_sample_drive(tmp_path_factory.mktemp("drive"), frames=1).scene_file)


def test_calibration_is_ensured_once(kognic_client: KognicIOClient) -> None:
    """Found by external ID and compared; created only where there is none."""
    wanted = parse_calibration(sample_calibration())
    assert find_calibration(kognic_client, wanted) is None
    created = ensure_calibration(kognic_client, wanted)
    again = ensure_calibration(kognic_client, wanted)
    assert (created.existed, again.existed) == (False, True)
    assert find_calibration(kognic_client, wanted) == again
    assert again.id == created.id

    wanted.calibration["FRONT"].position.x += 1e-6
    with pytest.raises(CalibrationDiffersError, match="calibration 'sample-rig' exists") as caught:
        ensure_calibration(kognic_client, wanted)
    assert (caught.value.external_id, caught.value.id) == ("sample-rig", created.id)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_calibration_of_another_workspace_does_not_count(
    kognic_client: KognicIOClient, kognic_sandbox: Sandbox
) -> None:
    """A scene needs a calibration of its own workspace."""
    wanted = parse_calibration(sample_calibration())
    other = kognic_sandbox.control.create_workspace("other")
    with kognic_sandbox.client(write_workspace_id=other) as elsewhere:
        assert not ensure_calibration(elsewhere, wanted).existed
    with kognic_sandbox.client(write_workspace_id=kognic_sandbox.workspace_id) as here:
        assert find_calibration(here, wanted) is None


@pytest.mark.slow
def test_steps_are_told_and_counted(scene_file: SceneFile, kognic_client: KognicIOClient) -> None:
    """`tell` hears of every step; the account afterwards is what exists."""
    told: list[str] = []
    upload = SceneFileUpload(
        client=kognic_client,
        scene_file=scene_file,
        project="sandbox-project",
        tell=told.append,
        poll_interval=0.02,
    )
    assert [fact.exists for fact in upload.account()] == [False, False, False]  # a calibration may be there
    upload.run()
    assert [line.split(":")[0] for line in told] == [
        "calibration sample-rig",
        "scene sample-drive-0",
        "scene sample-drive-0",
        "pre-annotation",
    ]
    assert [(fact.part, fact.exists) for fact in upload.account()] == [
        ("calibration", True),
        ("scene", True),
        ("pre-annotation", True),
        ("inputs", True),
    ]


def test_existing_scene_is_refused(scene_file: SceneFile, kognic_client: KognicIOClient) -> None:
    SceneFileUpload(client=kognic_client, scene_file=scene_file, poll_interval=0.02).run()
    second = SceneFileUpload(client=kognic_client, scene_file=scene_file, if_exists="fail")
    with pytest.raises(SceneExistsError, match="scene 'sample-drive-0' exists already") as caught:
        second.run()
    copy = pickle.loads(pickle.dumps(caught.value))
    assert copy.scene == caught.value.scene


def test_existing_scene_is_placed_once(scene_file: SceneFile, kognic_client: KognicIOClient) -> None:
    """A second run makes up for the input that the first one did not make, and a third makes none."""
    SceneFileUpload(client=kognic_client, scene_file=scene_file, poll_interval=0.02).run()
    inputs = []
    for _ in range(2):
        again = SceneFileUpload(
            client=kognic_client, scene_file=scene_file, if_exists="skip", project="sandbox-project"
        )
        again.run()
        assert again.existed
        inputs += [placed.uuid for placed in again.inputs]
    assert len(inputs) == 2
    assert inputs[0] == inputs[1]


def test_existing_scene_is_placed_in_missing_targets(
    scene_file: SceneFile, kognic_client: KognicIOClient, kognic_sandbox: Sandbox
) -> None:
    """A second run adds the target that came later, also for a scene with a calibration."""
    control = kognic_sandbox.control
    control.create_project("later")
    control.create_batch("later", "b")
    control.create_request("later", "b")
    targets = [Target(project="sandbox-project"), Target(project="later", batch="b")]
    assert scene_file.calibration is not None
    runs = [
        SceneFileUpload(client=kognic_client, scene_file=scene_file, if_exists="skip", targets=targets[:end],
                        poll_interval=0.02)
        for end in (1, 2, 2)
    ]  # fmt: skip
    for upload in runs:
        upload.run()

    placed = [[placement.input_uuid for placement in upload.placements] for upload in runs]
    assert placed[2] == placed[1]
    assert placed[1][0] == placed[0][0]
    assert len(control.request_inputs()) == 2
    assert len(control.scenes()) == 1


def test_incomplete_scene_is_not_reused(scene_file: SceneFile, kognic_client: KognicIOClient) -> None:
    """A scene that lacks files can take no inputs; the error names the command that uploads them."""
    calibration = scene_file.calibration
    scene = scene_file.scene(calibration and ensure_calibration(kognic_client, calibration).id)
    kognic_client.scene_creation.post(kind_of(scene), scene, kognic_client.scene_creation.reserve())
    again = SceneFileUpload(client=kognic_client, scene_file=scene_file, if_exists="skip")
    with pytest.raises(ItemError, match=r"its files are incomplete.*kognic bulk run --if-exists update"):
        again.run()


def test_failed_scene_keeps_its_explanation(
    tmp_path: Path, kognic_client: KognicIOClient, kognic_sandbox: Sandbox
) -> None:
    """What the platform says of a scene is not hidden by what it says of the pre-annotation."""
    drive = write_sample_drive(tmp_path, frames=1, scene_type="cameras")
    drive.files[0].write_bytes(b"not an image")
    upload = SceneFileUpload(
        client=kognic_client, scene_file=load_scene_file(drive.scene_file), poll_interval=0.02
    )
    with pytest.raises(SceneFailedError, match=r"images/front/000\.png"):
        upload.run()
    scene = next(fact for fact in upload.account() if fact.part == "scene")
    assert scene.exists
    assert ": failed: " in scene.text


def test_timeout(scene_file: SceneFile, kognic_client: KognicIOClient, kognic_sandbox: Sandbox) -> None:
    """A scene that is not ready in time exists nevertheless."""
    upload = SceneFileUpload(client=kognic_client, scene_file=scene_file, timeout=0, poll_interval=0.02)
    with kognic_sandbox.control.held(), pytest.raises(SceneTimeoutError):
        upload.run()
    assert [fact.exists for fact in upload.account()] == [True, True, False]


def test_inputs_of_the_platform_may_come_later(
    tmp_path: Path, kognic_client: KognicIOClient, kognic_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client waits for inputs that the platform creates, but not for ever."""
    drive = write_sample_drive(tmp_path, frames=1, scene_type="cameras")
    described = json.loads(drive.scene_file.read_text())
    del described["pre_annotation"]
    drive.scene_file.write_text(json.dumps({**described, "project": "sandbox-project"}))
    scene_file = load_scene_file(drive.scene_file)
    upload = SceneFileUpload(client=kognic_client, scene_file=scene_file, poll_interval=0.02)
    upload.run()
    assert len(upload.inputs) == 1

    monkeypatch.setattr("kognic.pipelines.scene_upload._INPUTS_LISTED_WITHIN", 0.0)
    monkeypatch.setattr("kognic.io.resources.input.input.InputResource.query_inputs", lambda self, **_: [])
    later = SceneFileUpload(client=kognic_client, scene_file=scene_file, poll_interval=0.02)
    later.run()
    assert later.inputs == []
    assert (later.account()[-1].part, later.account()[-1].exists) == ("inputs", None)


def test_account_without_a_connection(scene_file: SceneFile, kognic_sandbox: Sandbox) -> None:
    """If the platform cannot be asked either, the account says so instead of failing."""
    with kognic_sandbox.client(retry=RetryPolicy.none()) as client:
        upload = SceneFileUpload(client=client, scene_file=scene_file, poll_interval=0.02)
        upload.run()
        with kognic_sandbox.unreachable():
            facts = {fact.part: fact for fact in upload.account()}
            with pytest.raises(ConnectionFailedError):
                upload.run()
    assert facts["scene"].exists is None
    assert "could not be looked up" in facts["scene"].text


def test_check_in_a_dry_run(scene_file: SceneFile, kognic_client: KognicIOClient) -> None:
    """Without its calibration a scene cannot be checked by the platform; with it, it can."""
    upload = SceneFileUpload(client=kognic_client, scene_file=scene_file)
    assert not upload.check()
    assert scene_file.calibration is not None
    ensure_calibration(kognic_client, scene_file.calibration)
    assert upload.check()
    assert upload.scene_uuid is None
