"""Projects and batches, over real sockets."""

from __future__ import annotations

import pytest

from kognic.base_clients.errors import ApiError, BadRequestError, ConflictError, NotFoundError
from kognic.io.client import KognicIOClient
from kognic.io.model.projects.project_batch import ProjectBatchStatus
from kognic.sandbox.control import Control

PROJECT, BATCH = "sandbox-project", "batch-1"


def test_get_projects(client: KognicIOClient, control: Control) -> None:
    """Projects are known by their external id."""
    control.create_project("other", title="Another")

    assert {each.project: each.title for each in client.project.get_projects()} == {
        PROJECT: "Sandbox Project",
        "other": "Another",
    }


def test_get_projects_refused(client: KognicIOClient, control: Control) -> None:
    """A refusal is an ApiError with its status."""
    with (
        control.fault("status", "GET /v1/projects", status=403),
        pytest.raises(ApiError, match="403") as info,
    ):
        client.project.get_projects()
    assert info.value.status_code == 403


def test_get_project_batches(client: KognicIOClient) -> None:
    """Batches come with their status."""
    (batch,) = client.project.get_project_batches(PROJECT)

    assert (batch.project, batch.batch, batch.status) == (PROJECT, BATCH, ProjectBatchStatus.OPEN)


@pytest.mark.parametrize(
    "call",
    [
        lambda project: project.get_project_batches("nowhere"),
        lambda project: project.create_batch("nowhere", "b"),
        lambda project: project.publish_batch("nowhere", "b"),
        lambda project: project.get_annotation_types("nowhere"),
    ],
    ids=["get_project_batches", "create_batch", "publish_batch", "get_annotation_types"],
)
def test_unknown_project(call: object, client: KognicIOClient) -> None:
    """Every method names the project that there is not."""
    with pytest.raises(NotFoundError, match="nowhere"):
        call(client.project)  # type: ignore[operator]


@pytest.mark.parametrize("method", ["publish_batch", "get_annotation_types"])
def test_unknown_batch(method: str, client: KognicIOClient) -> None:
    """Every method names the batch that there is not."""
    with pytest.raises(NotFoundError, match="nothing"):
        getattr(client.project, method)(PROJECT, "nothing")


def test_create_batch(client: KognicIOClient) -> None:
    """A new batch is open, and leaves the others open."""
    created = client.project.create_batch(PROJECT, "a/b #2")

    assert (created.batch, created.status) == ("a/b #2", ProjectBatchStatus.OPEN)
    statuses = {each.batch: each.status for each in client.project.get_project_batches(PROJECT)}
    assert statuses == {BATCH: ProjectBatchStatus.OPEN, "a/b #2": ProjectBatchStatus.OPEN}


def test_create_batch_publishes_the_others(client: KognicIOClient) -> None:
    """When asked to."""
    client.project.create_batch(PROJECT, "second", publish_previous_batches=True)

    statuses = {each.batch: each.status for each in client.project.get_project_batches(PROJECT)}
    assert statuses == {BATCH: ProjectBatchStatus.READY, "second": ProjectBatchStatus.OPEN}


def test_create_batch_of_a_taken_name(client: KognicIOClient) -> None:
    """Names are unique in a project."""
    with pytest.raises((BadRequestError, ConflictError), match=BATCH):
        client.project.create_batch(PROJECT, BATCH)


@pytest.mark.parametrize("publish", [False, True], ids=["keep", "publish"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_create_batch_is_not_doubled(
    after: bool, publish: bool, client: KognicIOClient, control: Control
) -> None:
    """After a lost response the batch is searched for: returned if it exists, created if not."""
    with control.fault("reset", "POST /v1/projects/*", after=after, times=1):
        created = client.project.create_batch(PROJECT, "second", publish_previous_batches=publish)

    assert created.batch == "second"
    assert [each.batch for each in client.project.get_project_batches(PROJECT)].count("second") == 1


def test_lost_creation_of_a_taken_name(client: KognicIOClient, control: Control) -> None:
    """A batch that was there before, with others open, is not what the call would have made."""
    control.create_batch(PROJECT, "second")
    with (
        control.fault("reset", "POST /v1/projects/*", times=1),
        pytest.raises((BadRequestError, ConflictError), match="second"),
    ):
        client.project.create_batch(PROJECT, "second", publish_previous_batches=True)


def test_publish_batch(client: KognicIOClient) -> None:
    """A published batch is ready."""
    assert client.project.publish_batch(PROJECT, BATCH).status == ProjectBatchStatus.READY


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_publish_batch_again(after: bool, client: KognicIOClient, control: Control) -> None:
    """Publishing survives a lost answer."""
    with control.fault("reset", "POST /v1/projects/*/publish", after=after, times=1):
        assert client.project.publish_batch(PROJECT, BATCH).status == ProjectBatchStatus.READY


def test_publish_batch_that_was_published(client: KognicIOClient, control: Control) -> None:
    """A repetition that is refused because the first attempt arrived is no failure."""
    route = "POST /v1/projects/*/publish"
    control.add_fault("reset", route, after=True, times=1)
    control.add_fault("status", route, status=409, skip=1)
    assert client.project.publish_batch(PROJECT, BATCH).status == ProjectBatchStatus.READY

    control.clear_faults()
    control.create_batch(PROJECT, "second")
    control.add_fault("reset", route, times=1)
    control.add_fault("status", route, status=409, skip=1)
    with pytest.raises(ConflictError, match="409"):
        client.project.publish_batch(PROJECT, "second")


def test_get_annotation_types(client: KognicIOClient, control: Control) -> None:
    """Those of a project, or of one of its batches."""
    control.create_project("typed", annotation_types=["signs", "QA"])
    control.create_batch("typed", "b", annotation_types=["signs"])

    assert client.project.get_annotation_types("typed") == ["signs", "QA"]
    assert client.project.get_annotation_types("typed", batch="") == ["signs", "QA"]
    assert client.project.get_annotation_types("typed", batch="b") == ["signs"]
