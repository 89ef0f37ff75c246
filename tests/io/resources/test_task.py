"""Tasks, over real sockets."""

from __future__ import annotations

from uuid import uuid4

import pytest

from kognic.base_clients.errors import BadRequestError, NotFoundError
from kognic.io.client import KognicIOClient
from kognic.sandbox.control import Control
from tests.io.resources.scenes import created_scene

UNKNOWN = str(uuid4())


@pytest.fixture
def input_uuid(client: KognicIOClient) -> str:
    return client.input.create_from_scene(created_scene(client), project="sandbox-project").uuid


def task(client: KognicIOClient, input_uuid: str) -> tuple[str, int | None]:
    details = client.input.get_request_input(input_uuid).progress_details
    assert details is not None
    assert details.current_task is not None
    return details.current_task.task_id, details.current_task.assigned_user_id


def test_assign_and_unassign(client: KognicIOClient, input_uuid: str, control: Control) -> None:
    """A task is given to a member of the workforce and taken back; both may be repeated."""
    task_id, assigned = task(client, input_uuid)
    assert assigned is None

    for _ in range(2):
        client.task.assign_task(task_id, 1)
        assert task(client, input_uuid) == (task_id, 1)
    for _ in range(2):
        client.task.unassign_task(task_id)
        assert task(client, input_uuid) == (task_id, None)


def test_unknown_task(client: KognicIOClient) -> None:
    """Nothing to assign."""
    with pytest.raises(NotFoundError, match=UNKNOWN):
        client.task.assign_task(UNKNOWN, 1)
    with pytest.raises(NotFoundError, match=UNKNOWN):
        client.task.unassign_task(UNKNOWN)


def test_refusals(client: KognicIOClient, input_uuid: str, control: Control) -> None:
    """Users without a role get no tasks, and a started task stays with its user."""
    task_id, _ = task(client, input_uuid)
    with pytest.raises(BadRequestError, match="4711"):
        client.task.assign_task(task_id, 4711)
    control.start_task(input_uuid)
    with pytest.raises(BadRequestError, match="ongoing"):
        client.task.assign_task(task_id, 1)
    with pytest.raises(BadRequestError, match="ongoing"):
        client.task.unassign_task(task_id)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_assignment_survives_a_lost_answer(
    after: bool, client: KognicIOClient, input_uuid: str, control: Control
) -> None:
    """Giving a task to who has it already changes nothing, so it is repeated."""
    task_id, _ = task(client, input_uuid)
    with control.fault("reset", "PATCH /v1/tasks/*", after=after, times=1):
        client.task.assign_task(task_id, 1)

    assert task(client, input_uuid) == (task_id, 1)
