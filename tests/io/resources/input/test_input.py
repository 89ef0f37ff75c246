"""Inputs and request inputs, over real sockets."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import attrs
import pytest

from kognic.base_clients.errors import AmbiguousWriteError, ApiError, BadRequestError, NotFoundError
from kognic.io.client import KognicIOClient
from kognic.io.model.input.request_input import RequestInputStatus
from kognic.io.model.scene.invalidated_reason import SceneInvalidatedReason
from kognic.sandbox import Sandbox
from kognic.sandbox.control import Control
from tests.io.resources.scenes import OPENLABEL, cameras_scene, created_scene

PROJECT, BATCH = "sandbox-project", "batch-1"
UNKNOWN = str(uuid4())
Create = Callable[..., Any]


@pytest.fixture
def scene_uuid(client: KognicIOClient) -> str:
    return created_scene(client)


@pytest.fixture
def pre_annotation_uuid(client: KognicIOClient, control: Control, scene_uuid: str) -> str:
    uuid = client.pre_annotation.create(scene_uuid, OPENLABEL, dryrun=False).id
    assert control.wait_until_idle()
    return uuid


def request_uuid(control: Control, **options: Any) -> str:
    return control.create_request(PROJECT, BATCH, **options)


def test_create_from_scene(client: KognicIOClient, scene_uuid: str, control: Control) -> None:
    """In the latest open batch, in a batch, or in a request."""
    request = request_uuid(control)
    control.create_project("other")
    control.create_batch("other", "only")
    control.create_request("other", "only")

    in_project = client.input.create_from_scene(scene_uuid, project="other")
    in_batch = client.input.create_from_scene(scene_uuid, project=PROJECT, batch=BATCH)
    assert in_project.scene_uuid == in_batch.scene_uuid == scene_uuid
    assert in_batch.request_uid != in_project.request_uid
    if in_batch.request_uid != request:
        assert client.input.create_from_scene(scene_uuid, request_uuid=request).request_uid == request


def test_create_from_scene_with_pre_annotation(
    client: KognicIOClient, scene_uuid: str, pre_annotation_uuid: str, control: Control
) -> None:
    """The pre-annotation is exactly the one given, or none."""
    with_it = client.input.create_from_scene(
        scene_uuid, pre_annotation_uuid, request_uuid=request_uuid(control)
    )
    without = client.input.create_from_scene(scene_uuid, request_uuid=request_uuid(control))

    used = {each["uuid"]: each["preAnnotationUuid"] for each in control.request_inputs(scene_uuid)}
    assert used == {with_it.uuid: pre_annotation_uuid, without.uuid: None}


def test_create_from_pre_annotation(
    client: KognicIOClient, scene_uuid: str, pre_annotation_uuid: str, control: Control
) -> None:
    """The scene is that of the pre-annotation."""
    created = client.input.create_from_pre_annotation(pre_annotation_uuid, project=PROJECT)

    assert created.scene_uuid == scene_uuid
    assert control.request_inputs(scene_uuid)[0]["preAnnotationUuid"] == pre_annotation_uuid


def test_dry_runs(
    client: KognicIOClient, scene_uuid: str, pre_annotation_uuid: str, control: Control
) -> None:
    """Nothing is created and the result is None; wrong arguments are still refused."""
    assert client.input.create_from_scene(scene_uuid, project=PROJECT, dryrun=True) is None
    assert client.input.create_from_pre_annotation(pre_annotation_uuid, project=PROJECT, dryrun=True) is None
    assert control.request_inputs() == []
    with pytest.raises(NotFoundError, match=UNKNOWN):
        client.input.create_from_scene(UNKNOWN, project=PROJECT, dryrun=True)


@pytest.fixture(params=["create_from_scene", "create_from_pre_annotation"])
def create(request: pytest.FixtureRequest, client: KognicIOClient) -> Create:
    method: Create = getattr(client.input, request.param)
    return method


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({}, "Either request_uuid or project must be specified: neither is given"),
        ({"project": "", "request_uuid": ""}, "neither is given"),
        ({"request_uuid": ""}, "neither is given"),
        ({"batch": "b"}, "neither is given"),
        ({"project": "p", "request_uuid": "r"}, "Either request_uuid or project must be specified: both are"),
    ],
)
def test_one_target(target: dict[str, str], message: str, create: Create, control: Control) -> None:
    """A project or a request, not both: refused before anything is sent."""
    with pytest.raises(ValueError, match=message):
        create(UNKNOWN, **target)
    assert control.calls() == []


@pytest.mark.parametrize("wrong", ["", None, 7])
def test_what_to_place_is_named(wrong: Any, create: Create, control: Control) -> None:
    """An empty id, or none, is refused before anything is sent."""
    with pytest.raises(ValueError, match="_uuid is "):
        create(wrong, project=PROJECT)
    assert control.calls() == []


def test_batch_beside_a_request_is_ignored(client: KognicIOClient, scene_uuid: str, control: Control) -> None:
    """A request belongs to a batch already: the batch is not sent, and a warning says so."""
    request = control.create_request(PROJECT, BATCH)

    with pytest.warns(UserWarning, match="batch 'elsewhere' is ignored") as caught:
        placed = client.input.create_from_scene(scene_uuid, request_uuid=request, batch="elsewhere")
    assert placed.request_uid == request
    assert caught[0].filename == __file__


def test_ids_may_be_uuids(client: KognicIOClient, scene_uuid: str, pre_annotation_uuid: str) -> None:
    """`uuid.UUID` objects are taken where ids are."""
    placed = client.input.create_from_scene(UUID(scene_uuid), UUID(pre_annotation_uuid), project=PROJECT)
    assert placed.scene_uuid == scene_uuid


def test_unknown_things(create: Create, client: KognicIOClient, scene_uuid: str) -> None:
    """Whatever does not exist is named."""
    with pytest.raises(NotFoundError, match=UNKNOWN):
        create(UNKNOWN, project=PROJECT)
    with pytest.raises(NotFoundError, match="nowhere"):
        client.input.create_from_scene(scene_uuid, project="nowhere")
    with pytest.raises(NotFoundError, match="nothing"):
        client.input.create_from_scene(scene_uuid, project=PROJECT, batch="nothing")


def test_closed_batch(client: KognicIOClient, scene_uuid: str, pre_annotation_uuid: str) -> None:
    """A published batch takes no more inputs."""
    client.project.publish_batch(PROJECT, BATCH)

    with pytest.raises(BadRequestError, match=BATCH):
        client.input.create_from_scene(scene_uuid, project=PROJECT, batch=BATCH)
    with pytest.raises(BadRequestError, match=BATCH):
        client.input.create_from_pre_annotation(pre_annotation_uuid, project=PROJECT, batch=BATCH)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("target", ["project", "batch", "request", "pre-annotation"])
def test_create_is_not_doubled(
    target: str,
    after: bool,
    client: KognicIOClient,
    scene_uuid: str,
    pre_annotation_uuid: str,
    control: Control,
) -> None:
    """After a lost response the input is searched for: returned if it exists, created if not."""
    arguments = {
        "project": {"project": PROJECT},
        "batch": {"project": PROJECT, "batch": BATCH},
        "request": {"request_uuid": request_uuid(control)},
        "pre-annotation": {"project": PROJECT},
    }[target]
    with control.fault("reset", "POST /v2/inputs", after=after, times=1):
        if target == "pre-annotation":
            created = client.input.create_from_pre_annotation(pre_annotation_uuid, **arguments)
        else:
            created = client.input.create_from_scene(scene_uuid, **arguments)

    assert [each["uuid"] for each in control.request_inputs(scene_uuid)] == [created.uuid]


def test_lost_input_of_a_scene_that_is_not_ready(client: KognicIOClient, control: Control) -> None:
    """The platform lists inputs only of scenes that are ready: nobody can tell, so nothing is repeated."""
    with control.held():
        uuid = client.cameras.create(cameras_scene()).scene_uuid
        with (
            control.fault("reset", "POST /v2/inputs", after=True, times=1),
            pytest.raises(
                AmbiguousWriteError, match=f"An input of scene {uuid} may have been created"
            ) as info,
        ):
            client.input.create_from_scene(uuid, project=PROJECT)
    assert info.value.operation == "POST v2/inputs"
    assert len(control.request_inputs(uuid)) == 1


def test_lost_input_among_several(client: KognicIOClient, scene_uuid: str, control: Control) -> None:
    """Where several could be it, they are named."""
    request_uuid(control)
    there = client.cameras.create_from_scene(scene_uuid, PROJECT)
    with (
        control.fault("reset", "POST /v2/inputs", times=1),
        pytest.raises(AmbiguousWriteError, match="there are 2 that could be it") as info,
    ):
        client.input.create_from_scene(scene_uuid, project=PROJECT)
    assert all(each.uuid in str(info.value) for each in there)


def test_lost_input_in_another_request(client: KognicIOClient, scene_uuid: str, control: Control) -> None:
    """Inputs in other requests do not prove that there is none in this one."""
    client.input.create_from_scene(scene_uuid, project=PROJECT)
    request = request_uuid(control)
    with (
        control.fault("reset", "POST /v2/inputs", times=1),
        pytest.raises(AmbiguousWriteError, match=f"in request {request} may have been created"),
    ):
        client.input.create_from_scene(scene_uuid, request_uuid=request)


@pytest.mark.slow
def test_older_inputs_are_not_taken(client: KognicIOClient, scene_uuid: str, control: Control) -> None:
    """Without a batch the platform takes an open one: an input in a published batch is another one."""
    older = client.input.create_from_scene(scene_uuid, project=PROJECT)
    client.project.publish_batch(PROJECT, BATCH)
    control.create_batch(PROJECT, "batch-2")
    control.create_request(PROJECT, "batch-2")
    with control.fault("reset", "POST /v2/inputs", times=1):
        created = client.input.create_from_scene(scene_uuid, project=PROJECT)

    assert created.uuid != older.uuid
    assert len(control.request_inputs(scene_uuid)) == 2


def test_lost_input_of_an_unknown_scene(client: KognicIOClient, control: Control) -> None:
    """A pre-annotation that is not listed leads to no scene, and so to no input."""
    with (
        control.fault("reset", "POST /v2/inputs", times=1),
        pytest.raises(
            AmbiguousWriteError, match=f"An input from pre-annotation {UNKNOWN} may have been created"
        ),
    ):
        client.input.create_from_pre_annotation(UNKNOWN, project=PROJECT)


def test_query_inputs(client: KognicIOClient, control: Control) -> None:
    """All given filters must match; pages are read to the end; nothing found is an empty list."""
    scenes = {name: created_scene(client, name) for name in ("one", "two")}
    inputs = {name: client.input.create_from_scene(uuid, project=PROJECT) for name, uuid in scenes.items()}

    def found(**filters: Any) -> set[str]:
        return {each.scene_external_id for each in client.input.query_inputs(**filters)}

    assert found() == found(project=PROJECT) == found(project=PROJECT, batch=BATCH) == {"one", "two"}
    assert found(scene_uuids=[scenes["one"]]) == found(external_ids=["one"]) == {"one"}
    assert found(project=PROJECT, external_ids=["none"]) == set()
    # The link is signed anew, for so many seconds from now.
    (two,) = client.input.query_inputs(external_ids=["two"])
    assert attrs.evolve(two, view_link=inputs["two"].view_link) == inputs["two"]


def test_query_inputs_crosses_pages() -> None:
    """More inputs than fit a page are all returned."""
    with Sandbox(page_size=2) as sandbox, sandbox.client() as client:
        uuid = created_scene(client)
        for _ in range(4):
            sandbox.control.create_request(PROJECT, BATCH)
        client.cameras.create_from_scene(uuid, PROJECT)

        assert len({each.uuid for each in client.input.query_inputs(project=PROJECT)}) == 5
        assert sum(call.route == "/v2/inputs/query" for call in sandbox.control.calls()) == 3


def test_query_inputs_errors(client: KognicIOClient, control: Control) -> None:
    """A text where a list belongs is refused; a refusal is an ApiError."""
    with pytest.raises(ValueError, match="scene_uuids is 'abc', must be a list"):
        client.input.query_inputs(scene_uuids="abc")  # type: ignore[arg-type]
    with control.fault("status", "POST /v2/inputs/query", status=403), pytest.raises(ApiError, match="403"):
        client.input.query_inputs()


def test_delete_input(client: KognicIOClient, scene_uuid: str) -> None:
    """A deleted input is gone, its scene stays."""
    created = client.input.create_from_scene(scene_uuid, project=PROJECT)
    client.input.delete_input(created.uuid)

    assert client.input.query_inputs(scene_uuids=[scene_uuid]) == []
    with pytest.raises(NotFoundError, match=UNKNOWN):
        client.input.delete_input(UNKNOWN)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_delete_input_once(after: bool, client: KognicIOClient, scene_uuid: str, control: Control) -> None:
    """That a repeated deletion finds nothing means that the first one was carried out."""
    created = client.input.create_from_scene(scene_uuid, project=PROJECT)
    with control.fault("reset", "DELETE /v2/inputs/*", after=after, times=1):
        client.input.delete_input(created.uuid)

    assert control.request_inputs(scene_uuid)[0]["isDeleted"]


def test_delete_unknown_input_after_a_refusal(client: KognicIOClient, control: Control) -> None:
    """A call that was turned away has deleted nothing: the 404 after it is a 404."""
    with (
        control.fault("status", "DELETE /v2/inputs/*", status=503, times=1),
        pytest.raises(NotFoundError, match=UNKNOWN),
    ):
        client.input.delete_input(UNKNOWN)


def test_update_pre_annotation(
    client: KognicIOClient, scene_uuid: str, pre_annotation_uuid: str, control: Control
) -> None:
    """Before annotation starts, an input may get another pre-annotation of its scene."""
    created = client.input.create_from_scene(scene_uuid, project=PROJECT)
    client.input.update_pre_annotation(created.uuid, pre_annotation_uuid)
    assert control.request_inputs(scene_uuid)[0]["preAnnotationUuid"] == pre_annotation_uuid

    with pytest.raises(NotFoundError, match=UNKNOWN):
        client.input.update_pre_annotation(UNKNOWN, pre_annotation_uuid)
    control.start_task(created.uuid)
    with pytest.raises(BadRequestError, match="started"):
        client.input.update_pre_annotation(created.uuid, pre_annotation_uuid)


def test_get_request_inputs(client: KognicIOClient, control: Control) -> None:
    """Inputs of a request with their progress, page by page as they are consumed."""
    request = request_uuid(control)
    scenes = [created_scene(client, name) for name in ("one", "two", "three")]
    for uuid in scenes:
        client.input.create_from_scene(uuid, request_uuid=request)
    control.clear_calls()

    found = client.input.get_request_inputs(request_id=request, page_size=2)
    assert control.calls() == []
    first = next(found)
    assert first.status is RequestInputStatus.NOT_STARTED
    assert first.progress_details is not None
    assert len(control.calls()) == 1
    assert {first.scene_id, *(each.scene_id for each in found)} == set(scenes)
    assert len(control.calls()) == 2
    (only,) = client.input.get_request_inputs(request_id=request, scene_id=scenes[1])
    assert only.scene_id == scenes[1]


@pytest.mark.parametrize("page_size", [0, -1, 5001])
def test_get_request_inputs_page_size(page_size: int, client: KognicIOClient, control: Control) -> None:
    """A page size that the platform would refuse is refused by the call itself."""
    with pytest.raises(ValueError, match=f"page_size is {page_size}, must be 1 to 5000"):
        client.input.get_request_inputs(request_id=UNKNOWN, page_size=page_size)
    assert control.calls() == []


def test_get_request_inputs_errors(client: KognicIOClient, control: Control) -> None:
    """An unknown request, and one without flexible workflow: raised at the first input."""
    with pytest.raises(NotFoundError, match=UNKNOWN):
        next(client.input.get_request_inputs(request_id=UNKNOWN))
    rigid = request_uuid(control, phases=None)
    with pytest.raises(BadRequestError, match="flexible workflow"):
        next(client.input.get_request_inputs(request_id=rigid))


def test_get_request_input(client: KognicIOClient, scene_uuid: str, control: Control) -> None:
    """One input with its progress; unknown ones are not found."""
    created = client.input.create_from_scene(scene_uuid, project=PROJECT)
    found = client.input.get_request_input(created.uuid)

    assert (found.id, found.scene_id) == (created.uuid, scene_uuid)
    with pytest.raises(NotFoundError, match=UNKNOWN):
        client.input.get_request_input(UNKNOWN)
    rigid = client.input.create_from_scene(scene_uuid, request_uuid=request_uuid(control, phases=None))
    with pytest.raises(BadRequestError, match="flexible workflow"):
        client.input.get_request_input(rigid.uuid)


# Deprecated


def test_get_inputs(client: KognicIOClient, scene_uuid: str) -> None:
    """The old list of a project's scenes warns at the caller."""
    client.input.create_from_scene(scene_uuid, project=PROJECT)
    with pytest.warns(DeprecationWarning, match="get_inputs is deprecated, use query_inputs") as caught:
        (entry,) = client.input.get_inputs(PROJECT, BATCH, external_ids=["cameras"])

    assert (entry.scene_uuid, entry.batch, entry.external_id) == (scene_uuid, BATCH, "cameras")
    assert caught[0].filename == __file__
    with pytest.warns(DeprecationWarning, match="deprecated"):
        assert client.input.get_inputs(PROJECT, include_invalidated=True) == []
    with pytest.warns(DeprecationWarning, match="deprecated"), pytest.raises(NotFoundError, match="nowhere"):
        client.input.get_inputs("nowhere")


@pytest.mark.parametrize("keyword", [None, "scene_uuids", "input_uuids"])
def test_get_inputs_by_uuids(keyword: str | None, client: KognicIOClient, scene_uuid: str) -> None:
    """By position, by its name, and by its old name, which emits a second warning."""
    client.input.create_from_scene(scene_uuid, project=PROJECT)
    arguments = ([scene_uuid],) if keyword is None else ()
    named = {} if keyword is None else {keyword: [scene_uuid]}
    with pytest.warns(DeprecationWarning, match="deprecated") as caught:
        (entry,) = client.input.get_inputs_by_uuids(*arguments, **named)

    assert entry.scene_uuid == scene_uuid
    assert [each.filename for each in caught] == [__file__] * (2 if keyword == "input_uuids" else 1)
    with pytest.warns(DeprecationWarning, match="deprecated"), pytest.raises(ValueError, match="is 'abc'"):
        client.input.get_inputs_by_uuids("abc")


def test_invalidate_inputs(client: KognicIOClient, scene_uuid: str) -> None:
    """It invalidates the scenes, and warns at the caller."""
    with pytest.warns(DeprecationWarning, match=r"use client\.scene\.invalidate_scenes") as caught:
        client.input.invalidate_inputs([scene_uuid], SceneInvalidatedReason.DUPLICATE)

    assert caught[0].filename == __file__
    (scene,) = client.scene.get_scenes_by_uuids([scene_uuid])
    assert scene.status.value == "invalidated:duplicate"
    with pytest.warns(DeprecationWarning, match="deprecated"), pytest.raises(NotFoundError, match=UNKNOWN):
        client.input.invalidate_inputs([UNKNOWN], SceneInvalidatedReason.DUPLICATE)


@pytest.mark.parametrize(
    ("method", "argument"), [("add_annotation_type", "signs"), ("remove_annotation_types", ["signs"])]
)
def test_annotation_types_only_warn(
    method: str, argument: object, client: KognicIOClient, control: Control
) -> None:
    """Two warnings at the caller, as from the official client, and no call."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert getattr(client.input, method)(UNKNOWN, argument) is None
        getattr(client.input, method)(input_uuid=UNKNOWN, **{_second(client, method): argument})

    kinds = [each.category for each in caught]
    assert kinds == [DeprecationWarning, FutureWarning, DeprecationWarning, DeprecationWarning, FutureWarning]
    assert {each.filename for each in caught} == {__file__}
    assert f"{method} does nothing any more" in str(caught[0].message)
    assert control.calls() == []


def _second(client: KognicIOClient, method: str) -> str:
    return list(inspect.signature(getattr(client.input, method)).parameters)[1]
