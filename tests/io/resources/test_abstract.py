"""What resources share."""

from __future__ import annotations

from typing import Any

import pytest

from kognic.base_clients.errors import ModelValidationError
from kognic.base_clients.http.operations import Effect, Operation
from kognic.base_clients.models import PageMetadata, PaginatedResponse
from kognic.io.client import KognicIOClient
from kognic.io.resources.abstract import CreateableIOResource, IOResource
from kognic.io.resources.shapes import items, listed, member
from kognic.sandbox import Sandbox
from tests.io.resources.scenes import created_scene

LIST = Operation("GET", "v1/things", Effect.READ)


def test_paginate_follows_cursors() -> None:
    """Pages are asked for as they are consumed; cursors are escaped, arguments repeated."""
    pages = {
        "v1/things": PaginatedResponse(data=[1, 2], metadata=PageMetadata(next_cursor_id="a/b")),
        "v1/things?cursorId=a%2Fb": PaginatedResponse(data=[3], metadata=PageMetadata(next_cursor_id=7)),
        "v1/things?cursorId=7": PaginatedResponse(data=[], metadata=PageMetadata(next_cursor_id=None)),
    }
    asked: list[tuple[str, dict[str, Any]]] = []

    def get(endpoint: str, **kwargs: Any) -> PaginatedResponse:
        asked.append((endpoint, kwargs))
        return pages[endpoint]

    resource = IOResource(None, None, "workspace")  # type: ignore[arg-type]
    found = resource._paginate(get, "v1/things", params={"x": 1})
    assert asked == []
    assert [next(found), next(found)] == [1, 2]
    assert len(asked) == 1
    assert list(found) == [3]
    assert asked == [(endpoint, {"params": {"x": 1}}) for endpoint in pages]
    assert list(resource._paginate(get, "v1/things", 7)) == []


def test_paginate_with_a_client(kognic_sandbox: Sandbox) -> None:
    """It goes with the methods of an HttpClient."""
    with Sandbox(page_size=1) as sandbox, sandbox.client() as client:
        request = sandbox.control.create_request("sandbox-project", "batch-1")
        for name in ("one", "two"):
            client.input.create_from_scene(created_scene(client, name), request_uuid=request)
        resource = client.cameras
        found = resource._paginate(
            resource._client.post, "v2/inputs/query", json={"project": "sandbox-project"}
        )

        assert {each["sceneExternalId"] for each in found} == {"one", "two"}


@pytest.mark.parametrize("workspace_id", ["given", lambda: "found out"])
def test_workspace_is_given_or_found_out(workspace_id: Any) -> None:
    """Users of the official class pass a text."""
    resource = CreateableIOResource(None, None, workspace_id)  # type: ignore[arg-type]

    assert resource._workspace_id == ("given" if workspace_id == "given" else "found out")


def test_listed() -> None:
    """Any sequence of texts but a text."""
    assert listed("names", ("a", "b")) == ["a", "b"]
    assert listed("names", None) is None
    with pytest.raises(ValueError, match="names is 'ab', must be a list of texts"):
        listed("names", "ab")


def test_answers_of_another_shape() -> None:
    """The error has the expected and the received value."""
    assert items([1], LIST) == [1]
    assert member({"id": 0}, "id", LIST) == 0
    with pytest.raises(ModelValidationError, match="the answer to GET v1/things is empty, not a list"):
        items(None, LIST)
    with pytest.raises(ModelValidationError, match=r"is an object with the keys \['a'\], without id") as info:
        member({"a": 1}, "id", LIST)
    assert info.value.path == "id"
    with pytest.raises(ModelValidationError, match="is a JSON str, without id"):
        member("text", "id", LIST)


def test_resources_are_importable_by_their_documented_paths(client: KognicIOClient) -> None:
    """Deep paths and packages give the same classes, lazily."""
    import kognic.io.resources.annotation as annotation
    import kognic.io.resources.input as inputs
    import kognic.io.resources.pre_annotation as pre_annotation
    import kognic.io.resources.scene as scene

    assert isinstance(client.annotation, annotation.AnnotationResource)
    assert isinstance(client.input, inputs.InputResource)
    assert isinstance(client.pre_annotation, pre_annotation.PreAnnotationResource)
    assert isinstance(client.cameras, scene.Cameras)
    assert "FileData" in dir(scene)
    with pytest.raises(AttributeError, match="has no attribute 'Nonsense'"):
        _ = scene.Nonsense  # type: ignore[attr-defined]
