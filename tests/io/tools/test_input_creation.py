"""`create_inputs`, over real sockets: every scene on its own, nothing forgotten."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import pytest

from kognic.base_clients.errors import AuthenticationError, BadRequestError, ConnectionFailedError
from kognic.base_clients.http.retry import RetryPolicy
from kognic.io.client import KognicIOClient
from kognic.io.model.scene import cameras
from kognic.io.model.scene.feature_flags import FeatureFlags
from kognic.io.resources.errors import WorkspaceUnknownError
from kognic.io.resources.scene.file_data import FileData
from kognic.io.tools.input_creation import (
    CONSERVATIVE_CHUNK_SIZE,
    DEFAULT_CHUNK_SIZE,
    InputCreationResult,
    InputCreationStage,
    InputCreationStatus,
    SceneWithPreAnnotation,
    create_inputs,
)
from kognic.openlabel.models import OpenLabelAnnotation
from kognic.sandbox import Sandbox
from kognic.sandbox.control import Control
from tests.io.resources.scenes import MAKERS, OPENLABEL, cameras_scene, image, imu_data, lidars_scene

PROJECT, BATCH = "sandbox-project", "batch-1"
FAST = {"sleep_time": 0.02, "wait_timeout": 30}


@pytest.fixture
def control(kognic_sandbox: Sandbox) -> Control:
    return kognic_sandbox.control


@pytest.fixture
def client(kognic_sandbox: Sandbox) -> Iterator[KognicIOClient]:
    with kognic_sandbox.client(
        retry=RetryPolicy(lookup_window=0, first_wait=0, max_wait=0, max_attempts=3)
    ) as client:
        yield client


def scenes(*names: str, **options: Any) -> list[SceneWithPreAnnotation]:
    return [SceneWithPreAnnotation(scene=cameras_scene(name), **options) for name in names]


def broken(name: str) -> SceneWithPreAnnotation:
    """A scene whose only file cannot be had."""

    def content(name: str) -> bytes:
        raise LookupError("the disk is gone")

    images = [image(file_data=FileData(callback=content, format="jpg"))]
    return SceneWithPreAnnotation(scene=cameras_scene(name, frame=cameras.Frame(images=images)))


def by_name(results: Any) -> dict[str, InputCreationResult]:
    return {each.external_id: each for each in results}


def test_signature() -> None:
    """Names, order and defaults as documented."""
    parameters = inspect.signature(create_inputs).parameters

    assert {name: each.default for name, each in list(parameters.items())[3:-1]} == {
        "dryrun": False,
        "feature_flags": None,
        "wait_timeout": 1800,
        "sleep_time": 1,
    }
    assert list(parameters)[:3] == ["client", "scenes_with_pre_annotations", "project"]
    assert (DEFAULT_CHUNK_SIZE, CONSERVATIVE_CHUNK_SIZE) == (100, 20)


def test_created(client: KognicIOClient, control: Control) -> None:
    """Scene, pre-annotation and input of each, with their own UUIDs."""
    given = scenes("one", "two", "three", pre_annotation=OpenLabelAnnotation.model_validate(OPENLABEL))
    given.append(SceneWithPreAnnotation(scene=cameras_scene("bare")))
    results = by_name(create_inputs(client, given, PROJECT, batch=BATCH, **FAST))

    assert {each.status for each in results.values()} == {InputCreationStatus.CREATED}
    inputs = {each["uuid"]: each for each in control.request_inputs()}
    for name, result in results.items():
        made = inputs[result.input_uuid]
        assert (made["sceneUuid"], made["preAnnotationUuid"]) == (
            result.scene_uuid,
            result.preannotation_uuid,
        )
        assert (result.preannotation_uuid is None) == (name == "bare")
        assert result.error is None
    assert len(inputs) == len(results) == 4


@pytest.mark.parametrize("attribute", MAKERS)
def test_every_kind(attribute: str, client: KognicIOClient, control: Control) -> None:
    """All seven kinds of scenes, also those with point clouds only."""
    given = [SceneWithPreAnnotation(scene=MAKERS[attribute](client))]
    (result,) = create_inputs(client, given, PROJECT, **FAST)

    assert result.status is InputCreationStatus.CREATED
    assert control.request_inputs()[0]["uuid"] == result.input_uuid


def test_bare_scenes_are_refused(client: KognicIOClient, control: Control) -> None:
    """The error with its hint is raised before anything is created."""
    given: Any = [*scenes("one"), MAKERS["cameras"](client)]

    with pytest.raises(TypeError, match=r"scene 1 is a Cameras, .* SceneWithPreAnnotation\(scene=\.\.\.\)"):
        create_inputs(client, given, PROJECT)
    assert control.calls() == []


def test_nothing_is_done_before_results_are_asked_for(client: KognicIOClient, control: Control) -> None:
    """A generator, as in the official client."""
    results = create_inputs(client, scenes("one"), PROJECT)

    assert inspect.isgenerator(results)
    assert control.calls() == []


def test_a_closed_stream_is_that_scene_s_result(client: KognicIOClient, control: Control) -> None:
    """The scene does not exist; the other one does."""
    stream = BytesIO(b"closed")
    stream.close()
    picture = image(file_data=FileData(data=stream, format="jpg"))
    closed = SceneWithPreAnnotation(scene=cameras_scene("closed", frame=cameras.Frame(images=[picture])))
    results = by_name(create_inputs(client, [closed, *scenes("open")], PROJECT, **FAST))

    failed = results["closed"]
    assert (failed.status, failed.scene_uuid) == (InputCreationStatus.FAILED, "")
    assert failed.error is not None
    assert failed.error.stage is InputCreationStage.SCENE
    assert "the file object for front is closed" in failed.error.message
    assert results["open"].status is InputCreationStatus.CREATED
    assert control.scenes("closed") == []


def test_no_scenes(client: KognicIOClient, control: Control) -> None:
    """Nothing to do is done without a call."""
    assert list(create_inputs(client, [], PROJECT)) == []
    assert list(create_inputs(client, [], PROJECT, dryrun=True)) == []
    assert control.calls() == []


def test_dry_run(client: KognicIOClient, control: Control) -> None:
    """Every scene is checked; nothing is created, nothing yielded."""
    assert list(create_inputs(client, scenes("one", "two", "three"), PROJECT, dryrun=True)) == []

    assert control.scenes() == []
    checked = [call for call in control.calls() if "x-dryrun" in call.headers]
    assert len(checked) == 3


def test_dry_run_of_bad_scenes(
    client: KognicIOClient, control: Control, caplog: pytest.LogCaptureFixture
) -> None:
    """All of them are checked and logged; the first refusal is raised."""
    given = [*scenes("good"), SceneWithPreAnnotation(scene=cameras_scene("")), *scenes("fine")]
    given += [SceneWithPreAnnotation(scene=cameras_scene("bad", frame=cameras.Frame(images=[])))]
    with caplog.at_level(logging.ERROR), pytest.raises(BadRequestError, match="externalId"):
        list(create_inputs(client, given, PROJECT, dryrun=True))
    assert "Scene bad would be refused" in caplog.text


def test_feature_flags(client: KognicIOClient) -> None:
    """They reach every scene."""
    given = [SceneWithPreAnnotation(scene=lidars_scene(imu_data=imu_data()))]
    (result,) = create_inputs(client, given, PROJECT, feature_flags=FeatureFlags(), **FAST)

    assert not client.scene.get_scene_summary(result.scene_uuid).is_motion_compensated


@pytest.mark.parametrize("position", [0, 1, 3])
def test_a_scene_that_cannot_be_created(position: int, client: KognicIOClient, control: Control) -> None:
    """Its failure is its result; the others are not stopped, whichever it is."""
    given = scenes("a", "b", "c")
    given.insert(position, broken("broken"))
    results = by_name(create_inputs(client, given, PROJECT, **FAST))

    failed = results.pop("broken")
    assert failed.status is InputCreationStatus.FAILED
    assert failed.error is not None
    assert failed.error.stage is InputCreationStage.SCENE
    assert "the disk is gone" in failed.error.message
    assert failed.scene_uuid == control.scenes("broken")[0]["uuid"]
    assert {each.status for each in results.values()} == {InputCreationStatus.CREATED}
    assert len(results) == 3


def test_a_scene_that_is_refused(client: KognicIOClient) -> None:
    """There is no scene then, and so no UUID."""
    results = by_name(create_inputs(client, [*scenes("a"), *scenes("")], PROJECT, **FAST))

    assert results["a"].status is InputCreationStatus.CREATED
    assert (results[""].status, results[""].scene_uuid) == (InputCreationStatus.FAILED, "")


def test_a_scene_that_cannot_be_converted(client: KognicIOClient, control: Control) -> None:
    """The platform's message is the result's."""
    corrupt = cameras.Frame(images=[image(file_data=FileData(data=b"no image", format="jpg"))])
    given = [*scenes("a"), SceneWithPreAnnotation(scene=cameras_scene("invalid", frame=corrupt))]
    results = by_name(create_inputs(client, given, PROJECT, **FAST))

    assert results["a"].status is InputCreationStatus.CREATED
    error = results["invalid"].error
    assert error is not None
    assert error.stage is InputCreationStage.SCENE
    assert error.message == control.scenes("invalid")[0]["errorMessage"]


def test_a_pre_annotation_that_is_refused(client: KognicIOClient, control: Control) -> None:
    """The scene exists, the input does not; the platform's explanation is the result's."""
    bad = {"openlabel": {"metadata": {"schema_version": "1.0.0"}}}
    given = [*scenes("a", pre_annotation=bad), *scenes("b", pre_annotation=OPENLABEL)]
    results = by_name(create_inputs(client, given, PROJECT, **FAST))

    assert results["b"].status is InputCreationStatus.CREATED
    error = results["a"].error
    assert error is not None
    assert error.stage is InputCreationStage.PRE_ANNOTATION
    assert "frames" in error.message
    assert control.request_inputs(results["a"].scene_uuid) == []


def test_an_input_that_is_refused(client: KognicIOClient) -> None:
    """The pre-annotation that was made is not forgotten."""
    client.project.publish_batch(PROJECT, BATCH)
    given = scenes("a", pre_annotation=OPENLABEL)
    (result,) = create_inputs(client, given, PROJECT, batch=BATCH, **FAST)

    assert result.status is InputCreationStatus.FAILED
    assert result.error is not None
    assert result.error.stage is InputCreationStage.INPUT_FROM_SCENE
    assert result.preannotation_uuid == client.pre_annotation.list()[0]["id"]
    assert result.input_uuid is None


def test_a_batch_without_requests(client: KognicIOClient, control: Control) -> None:
    """No input is no success."""
    control.create_batch(PROJECT, "empty")
    (result,) = create_inputs(client, scenes("a"), PROJECT, batch="empty", **FAST)

    assert result.status is InputCreationStatus.FAILED


def test_scenes_that_are_not_ready_in_time(client: KognicIOClient, control: Control) -> None:
    """They are named, and nothing is created from them."""
    with control.held():
        results = list(create_inputs(client, scenes("a", "b"), PROJECT, wait_timeout=0.05, sleep_time=0.01))

    assert {each.status for each in results} == {InputCreationStatus.PROCESSING}
    assert {each.external_id: each.scene_uuid for each in results} == {
        each["externalId"]: each["uuid"] for each in control.scenes()
    }
    assert control.request_inputs() == []


def test_questions_that_fail(
    client: KognicIOClient, control: Control, caplog: pytest.LogCaptureFixture
) -> None:
    """Scenes that could not be asked for are asked for again."""
    with control.fault("status", "POST /v2/scenes/query", status=500, times=3):
        results = list(create_inputs(client, scenes("a", "b"), PROJECT, **FAST))

    assert {each.status for each in results} == {InputCreationStatus.CREATED}
    assert "will ask for fewer" in caplog.text


def test_an_outage_before_the_first_scene(client: KognicIOClient, control: Control) -> None:
    """What is wrong with all scenes is raised before any exists."""
    assert client.workspace_id
    control.clear_calls()
    with control.fault("reset"), pytest.raises(ConnectionFailedError, match="inputs/initialize"):
        list(create_inputs(client, scenes("a", "b", "c"), PROJECT, **FAST))
    assert control.scenes() == []
    assert len(control.calls()) == 3


@pytest.mark.parametrize("dryrun", [False, True])
def test_no_workspace_to_write_to(dryrun: bool, client: KognicIOClient, control: Control) -> None:
    """The first scene shows it, and it is raised."""
    control.create_workspace("second")
    with pytest.raises(WorkspaceUnknownError, match="write_workspace_id"):
        list(create_inputs(client, scenes("a", "b"), PROJECT, dryrun=dryrun))
    assert sum("workspaces" in call.route for call in control.calls()) == 1


def test_access_lost_while_waiting(client: KognicIOClient, control: Control) -> None:
    """The existing scenes are reported before the error is raised."""
    with control.fault("status", "POST /v2/scenes/query", status=401):
        results = create_inputs(client, scenes("a", "b"), PROJECT, **FAST)
        assert [next(results).status for _ in range(2)] == [InputCreationStatus.PROCESSING] * 2
        with pytest.raises(AuthenticationError, match="401"):
            next(results)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    "route", ["POST /v1/pre-annotations", "POST /v1/inputs", "POST /v1/inputs/*/actions/commit"]
)
def test_lost_answers_double_nothing(
    route: str, after: bool, client: KognicIOClient, control: Control
) -> None:
    """Also not an unnamed pre-annotation: the scene is new, so the only one is the one."""
    with control.fault("reset", route, after=after, times=1):
        (result,) = create_inputs(client, scenes("a", pre_annotation=OPENLABEL), PROJECT, **FAST)

    assert result.status is InputCreationStatus.CREATED
    assert [each["id"] for each in client.pre_annotation.list()] == [result.preannotation_uuid]
    assert [each["uuid"] for each in control.request_inputs()] == [result.input_uuid]


def test_giving_up_half_way_is_not_silent(
    client: KognicIOClient, control: Control, caplog: pytest.LogCaptureFixture
) -> None:
    """If the iteration is stopped, the remaining scenes are reported."""
    results = create_inputs(client, [*scenes("first"), broken("broken"), *scenes("a", "b")], PROJECT, **FAST)
    assert next(results).external_id == "broken"
    results.close()

    created = [each["uuid"] for each in control.scenes() if each["status"] != "pending"]
    assert control.scenes("first")[0]["uuid"] in created
    assert [uuid for uuid in created if uuid not in caplog.text] == []


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        (
            lambda: [*scenes("a"), SceneWithPreAnnotation(scene=lidars_scene())],
            AssertionError,
            "all scenes must be of one kind, there are Cameras, Lidars",
        ),
        (
            lambda: scenes("a", pre_annotation={"frames": {}}),
            ValueError,
            r"the pre-annotation of scene 0 \(a\) is not an OpenLABEL document: it has the keys \['frames'\]",
        ),
    ],
)
def test_arguments(
    given: Callable[[], Any], kind: type[Exception], message: str, client: KognicIOClient, control: Control
) -> None:
    """What cannot work is refused by the call itself, before anything is sent."""
    with pytest.raises(kind, match=message):
        create_inputs(client, given(), PROJECT)
    assert control.calls() == []


def test_no_scene_by_type(client: KognicIOClient) -> None:
    """Something else than a scene is refused by the call itself."""
    stranger = SceneWithPreAnnotation(scene=cameras_scene("a"))
    stranger.scene = object()  # type: ignore[assignment]
    with pytest.raises(ValueError, match="is not a scene by type; expected one of Cameras"):
        create_inputs(client, [stranger], PROJECT)


def test_more_arguments(client: KognicIOClient) -> None:
    """`batch` is the only one with an effect; unknown ones are refused by the call itself."""
    with pytest.raises(TypeError, match="create_inputs has no argument btach; it takes batch"):
        create_inputs(client, scenes("a"), PROJECT, btach=BATCH)
    with pytest.warns(FutureWarning, match="annotation_types has no effect") as caught:
        create_inputs(client, scenes("a"), PROJECT, annotation_types=["signs"])
    assert caught[0].filename == __file__


@pytest.mark.slow
def test_waits_for_what_takes_its_time(client: KognicIOClient, control: Control) -> None:
    """Scenes that cannot be queried yet, and pre-annotations that are processed, are waited for."""
    control.tune(scene_visibility_delay=0.1, processing_delay=0.02, pre_annotation_delay=0.1)
    given = scenes("one", "two", "three", pre_annotation=OPENLABEL)

    results = list(create_inputs(client, given, PROJECT, **FAST))

    assert [result.status for result in results] == [InputCreationStatus.CREATED] * 3
    made = {one["preAnnotationUuid"] for one in control.request_inputs() if not one["isDeleted"]}
    assert made == {result.preannotation_uuid for result in results}
    assert not any(one["isDeleted"] for one in control.request_inputs())


def test_no_input_without_its_pre_annotation(
    client: KognicIOClient, control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the platform cannot process a pre-annotation, its scene gets no input, and the result says why."""
    control.tune(pre_annotation_delay=0.05)
    create = client.pre_annotation.create

    def create_and_fail(*args: Any, **kwargs: Any) -> Any:
        with control.held():
            made = create(*args, **kwargs)
            control.fail_pre_annotation(made.id)
        return made

    monkeypatch.setattr(client.pre_annotation, "create", create_and_fail)
    given = scenes("one", pre_annotation=OPENLABEL)

    (result,) = create_inputs(client, given, PROJECT, **FAST)

    assert result.status == InputCreationStatus.FAILED
    assert result.error is not None
    assert result.error.stage == InputCreationStage.PRE_ANNOTATION
    assert "could not process 1 pre-annotation" in result.error.message
    assert control.request_inputs() == []
