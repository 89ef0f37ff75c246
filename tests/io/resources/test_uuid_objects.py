"""UUID objects are taken wherever IDs are, alone and in lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from kognic.io.client import KognicIOClient
from kognic.io.model import SceneInvalidatedReason
from kognic.io.model.scene.scene_entry import SceneStatus
from kognic.pipelines.bulk import Target
from kognic.sandbox.control import Control
from tests.io.resources.conftest import PROJECT
from tests.io.resources.scenes import OPENLABEL, cameras_scene

Call = Callable[[KognicIOClient, UUID], Any]


def invalidated(client: KognicIOClient, uuid: UUID) -> bool:
    client.scene.invalidate_scenes([uuid], SceneInvalidatedReason.BAD_CONTENT)  # type: ignore[list-item]
    (scene,) = client.scene.get_scenes_by_uuids([str(uuid)])
    return scene.status == SceneStatus.InvalidatedBadContent


CALLS: list[tuple[str, Call]] = [
    ("get_scenes_by_uuids", lambda c, u: c.scene.get_scenes_by_uuids([u])),  # type: ignore[list-item]
    ("wait_until_created", lambda c, u: c.scene.wait_until_created([u])),  # type: ignore[list-item]
    ("get_scene_summary", lambda c, u: c.scene.get_scene_summary(u)),
    ("query_inputs", lambda c, u: c.input.query_inputs(scene_uuids=[u])),  # type: ignore[list-item]
    ("list", lambda c, u: c.pre_annotation.list(scene_uuids=[u])),  # type: ignore[list-item]
    (
        "get_with_content",
        lambda c, u: c.pre_annotation.get_with_content(scene_uuid=u, external_id="pre"),  # type: ignore[arg-type]
    ),
    ("create_from_scene", lambda c, u: [c.input.create_from_scene(u, project=PROJECT)]),
    ("invalidate_scenes", invalidated),
]


@pytest.mark.parametrize(("name", "call"), CALLS, ids=[name for name, _ in CALLS])
def test_calls(name: str, call: Call, client: KognicIOClient, control: Control) -> None:
    uuid = client.cameras.create(cameras_scene()).scene_uuid
    assert control.wait_until_idle()
    client.pre_annotation.create(uuid, OPENLABEL, False, external_id="pre")
    assert control.wait_until_idle()
    if name != "create_from_scene":
        client.input.create_from_scene(uuid, project=PROJECT)

    assert call(client, UUID(uuid))


def test_a_single_one_where_a_list_is_expected(client: KognicIOClient) -> None:
    """As a single text: nothing is sent."""
    with pytest.raises(ValueError, match="scene_uuids is UUID"):
        client.input.query_inputs(scene_uuids=UUID(int=1))  # type: ignore[arg-type]


def test_target_of_a_bulk_run() -> None:
    """It equals the target of the text."""
    text = "5b7b3c1e-0a44-4d0e-8b0a-6d8f8f0f3a21"

    assert Target(request_uuid=UUID(text)) == Target(request_uuid=text)
