"""Requests, over real sockets."""

from __future__ import annotations

from uuid import uuid4

import pytest

from kognic.base_clients.errors import NotFoundError
from kognic.io.client import KognicIOClient
from kognic.sandbox.control import Control
from tests.io.resources.scenes import created_scene


def test_get_requests(client: KognicIOClient, control: Control) -> None:
    """Requests of a project, with counts of their inputs only when asked for."""
    project = control.create_project("counted")
    control.create_batch("counted", "b")
    request = control.create_request("counted", "b", title="Cars")
    client.input.create_from_scene(created_scene(client), request_uuid=request)

    (plain,) = client.request.get_requests(project_id=project)
    assert (plain.id, plain.project_id, plain.title) == (request, project, "Cars")
    assert plain.input_progress_counts is None
    (counted,) = client.request.get_requests(project_id=project, include_input_progress_counts=True)
    counts = counted.input_progress_counts
    assert counts is not None
    assert (counts.not_started, counts.in_progress, counts.completed, counts.total) == (1, 0, 0, 1)


def test_get_requests_of_unknown_project(client: KognicIOClient) -> None:
    """The project is named by its UUID."""
    unknown = str(uuid4())
    with pytest.raises(NotFoundError, match=unknown):
        client.request.get_requests(project_id=unknown)
