"""Annotations, over real sockets: found in four ways, contents downloaded ahead and in order."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from kognic.base_clients.errors import ApiError, BadRequestError, NotFoundError, SignedUrlExpiredError
from kognic.base_clients.http.paging import Page
from kognic.base_clients.http.retry import RetryPolicy
from kognic.io.client import KognicIOClient
from kognic.io.resources.annotation.contents import ListedPage
from kognic.sandbox import Sandbox
from kognic.sandbox.control import Control
from tests.io.resources.scenes import cameras_scene, created_scene

PROJECT, BATCH = "sandbox-project", "batch-1"
UNKNOWN = str(uuid4())
TYPE = "signs"


def content(name: str, cuboid: list[float] | None = None) -> dict[str, Any]:
    objects: dict[str, Any] = {}
    if cuboid is not None:
        objects = {UNKNOWN: {"object_data": {"cuboid": [{"name": "c", "val": cuboid}]}}}
    return {
        "openlabel": {
            "metadata": {"schema_version": "1.0.0", "name": name},
            "frames": {"0": {"frame_properties": {"timestamp": 0}, "objects": objects}},
            **({"objects": {UNKNOWN: {"name": "o", "type": "car"}}} if objects else {}),
        }
    }


def deliver(client: KognicIOClient, control: Control, name: str, **options: Any) -> tuple[str, str, str]:
    """A scene with a delivered annotation; returns the UUIDs of scene, input and annotation."""
    scene = created_scene(client, name)
    created = client.input.create_from_scene(scene, project=PROJECT)
    return scene, created.uuid, control.deliver_annotation(created.uuid, content(name, **options))


def name_of(annotation: Any) -> str:
    return str(annotation.content["openlabel"]["metadata"]["name"])


@pytest.fixture
def paged() -> Iterator[tuple[KognicIOClient, Control]]:
    """A platform with pages of two, and five annotations."""
    retry = RetryPolicy(lookup_window=0, first_wait=0, max_wait=0, max_attempts=2)
    with Sandbox(page_size=2) as sandbox, sandbox.client(retry=retry) as client:
        for n in range(5):
            deliver(client, sandbox.control, f"a{n}")
        sandbox.control.clear_calls()
        yield client, sandbox.control


def test_by_id(client: KognicIOClient, control: Control) -> None:
    """Delivered annotations, and the results of completed tasks."""
    scene, input_uuid, annotation_id = deliver(client, control, "delivered")
    found = client.annotation.get_annotation_by_id(annotation_id)

    assert (found.scene_uuid, found.input_uuid, found.is_preliminary) == (scene, input_uuid, False)
    assert name_of(found) == "delivered"
    other = client.input.create_from_scene(created_scene(client, "other"), project=PROJECT)
    judged = client.annotation.get_annotation_by_id(control.complete_task(other.uuid, content("judged")))
    assert (judged.input_uuid, judged.is_preliminary, name_of(judged)) == (other.uuid, True, "judged")


def test_by_input(client: KognicIOClient, control: Control) -> None:
    """At most one per input."""
    scene, input_uuid, _ = deliver(client, control, "delivered")
    found = client.annotation.get_annotation_for_input(input_uuid)

    assert (found.scene_uuid, found.input_uuid, found.is_preliminary) == (scene, input_uuid, False)
    assert name_of(found) == "delivered"


def test_by_scene(client: KognicIOClient, control: Control) -> None:
    """One per input that has any, in the platform's order."""
    scene, first, _ = deliver(client, control, "first")
    assert client.annotation.get_annotations_for_scene(created_scene(client, "bare")) == []
    request = control.create_request(PROJECT, BATCH)
    second = client.input.create_from_scene(scene, request_uuid=request).uuid
    control.deliver_annotation(second, content("second"))

    found = client.annotation.get_annotations_for_scene(scene)
    assert {each.input_uuid: name_of(each) for each in found} == {first: "first", second: "second"}


def test_by_type(client: KognicIOClient, control: Control) -> None:
    """The content is part of the answer; the old name of the argument warns."""
    scene, _, _ = deliver(client, control, "delivered")
    found = client.annotation.get_annotation(scene, TYPE)

    assert (found.scene_uuid, found.annotation_type, name_of(found)) == (scene, TYPE, "delivered")
    with pytest.warns(DeprecationWarning, match="input_uuid is deprecated, use scene_uuid") as caught:
        assert client.annotation.get_annotation(input_uuid=scene, annotation_type=TYPE) == found
    assert caught[0].filename == __file__


def test_by_project(client: KognicIOClient, control: Control) -> None:
    """All of a project, or of one of its batches."""
    for name in ("one", "two"):
        deliver(client, control, name)
    control.create_batch(PROJECT, "empty")

    found = list(client.annotation.get_project_annotations(PROJECT, TYPE))
    assert {name_of(each) for each in found} == {"one", "two"}
    assert found == list(client.annotation.get_project_annotations(PROJECT, TYPE, batch=BATCH))
    assert list(client.annotation.get_project_annotations(PROJECT, TYPE, batch="empty")) == []


@pytest.mark.slow
def test_project_pages_are_read_in_order(paged: tuple[KognicIOClient, Control]) -> None:
    """Contents come in the order of the list, whatever page they are on."""
    client, control = paged
    listed = [
        each.scene_uuid
        for each in client.annotation.get_project_annotations(PROJECT, TYPE, include_content=False)
    ]
    found = list(client.annotation.get_project_annotations(PROJECT, TYPE))

    assert [each.scene_uuid for each in found] == listed
    names = {scene["uuid"]: scene["externalId"] for scene in control.scenes()}
    assert [name_of(each) for each in found] == [names[uuid] for uuid in listed]


@pytest.mark.slow
def test_project_is_lazy(paged: tuple[KognicIOClient, Control]) -> None:
    """Nothing before the first is asked for, and the second page only after that."""
    client, control = paged
    found = client.annotation.get_project_annotations(PROJECT, TYPE)
    assert control.calls() == []

    next(found)
    assert sum("search" in call.route for call in control.calls()) == 1
    next(found)
    assert sum("search" in call.route for call in control.calls()) == 2
    found.close()


@pytest.mark.slow
def test_project_without_content(paged: tuple[KognicIOClient, Control]) -> None:
    """Nothing is downloaded, and pages are read as they are consumed."""
    client, control = paged
    found = client.annotation.get_project_annotations(PROJECT, TYPE, include_content=False)

    assert next(found).content is None
    assert [call.route for call in control.calls()] == [
        "/v1/annotations/projects/{project}/annotation-type/{type}/search"
    ]
    assert len(list(found)) == 4
    assert not any("_storage" in call.route for call in control.calls())


@pytest.mark.slow
def test_project_list_and_download(paged: tuple[KognicIOClient, Control], tmp_path: Path) -> None:
    """Where contents are, without fetching them; a content into a file, byte for byte."""
    client, control = paged
    listed = list(client.annotation.list_project_annotations(PROJECT, TYPE))
    assert not any("_storage" in call.route for call in control.calls())

    file = tmp_path / "annotation.json"
    client.annotation.download(listed[0], file)
    found = next(client.annotation.get_project_annotations(PROJECT, TYPE))
    assert listed[0].scene_uuid == found.scene_uuid
    assert json.loads(file.read_bytes()) == found.content
    in_batch = client.annotation.list_project_annotations(PROJECT, TYPE, batch=BATCH)
    assert [each.scene_uuid for each in in_batch] == [each.scene_uuid for each in listed]


@pytest.mark.slow
def test_trouble_with_a_page_comes_after_what_was_found(paged: tuple[KognicIOClient, Control]) -> None:
    """The contents of the first page are handed out before the second page's failure is raised."""
    client, control = paged
    found = client.annotation.get_project_annotations(PROJECT, TYPE)
    control.add_fault("status", "GET /v1/annotations/*", status=403, skip=1)

    assert len([next(found), next(found)]) == 2
    with pytest.raises(ApiError, match="403"):
        next(found)


@pytest.mark.slow
def test_trouble_with_a_content(paged: tuple[KognicIOClient, Control]) -> None:
    """A failed download is raised where its annotation would be, however far was read ahead."""
    client, control = paged
    found = client.annotation.get_project_annotations(PROJECT, TYPE)
    next(found)
    control.add_fault("status", "GET /_storage/*", status=403)

    with pytest.raises(ApiError, match="403"):
        list(found)


@pytest.mark.slow
@pytest.mark.parametrize("expired", [1, 2])
def test_a_slow_reader_gets_fresh_urls(paged: tuple[KognicIOClient, Control], expired: int) -> None:
    """Contents whose URLs have expired are fetched from the same page, listed again once."""
    client, control = paged
    wanted = [name_of(each) for each in client.annotation.get_project_annotations(PROJECT, TYPE)]
    control.clear_calls()
    with control.fault("expired_url", "GET /_storage/*", times=expired):
        found = [name_of(each) for each in client.annotation.get_project_annotations(PROJECT, TYPE)]

    assert found == wanted
    # Three pages of two, two and one, of which the first is listed again, once.
    assert sum("search" in call.route for call in control.calls()) == 4


@pytest.mark.slow
def test_urls_that_never_work(paged: tuple[KognicIOClient, Control]) -> None:
    """A page is not listed again and again: a clock is wrong."""
    client, control = paged
    with control.fault("expired_url", "GET /_storage/*"), pytest.raises(SignedUrlExpiredError):
        list(client.annotation.get_project_annotations(PROJECT, TYPE))

    assert sum("search" in call.route for call in control.calls()) == 2


def test_an_annotation_that_is_gone_has_no_fresh_url() -> None:
    """What a page no longer lists keeps its URL; the others get fresh ones, in the old order."""

    def listed(*names: str, url: str) -> list[dict[str, Any]]:
        created = "2026-01-31T12:00:00Z"
        return [
            {"inputUuid": name, "annotationType": TYPE, "created": created, "uri": f"{url}/{name}"}
            for name in names
        ]

    page = ListedPage(Page(listed("a", "b", "b", url="old"), lambda: {"data": listed("b", "c", url="new")}))

    assert not page.renew(0)
    assert [partial.uri for partial in page.partials] == ["old/a", "new/b", "old/b"]


def test_downloads_are_retried_and_carry_no_token(client: KognicIOClient, control: Control) -> None:
    """Signed URLs are fetched without authorization, again after a transient failure."""
    _, input_uuid, _ = deliver(client, control, "delivered")
    with control.fault("status", "GET /_storage/*", status=503, times=2):
        assert name_of(client.annotation.get_annotation_for_input(input_uuid)) == "delivered"

    downloads = [call for call in control.calls() if call.method == "GET" and "_storage" in call.route]
    assert [call.status for call in downloads] == [503, 503, 200]
    assert not any("authorization" in call.headers for call in downloads)


def test_iso_cuboids(client: KognicIOClient, control: Control) -> None:
    """Every method can ask for heading along +x: a quarter turn, width and length exchanged."""
    scene, input_uuid, annotation_id = deliver(
        client, control, "turned", cuboid=[1, 2, 3, 0, 0, 0, 1, 1.8, 4.1, 1.4]
    )
    half = math.sqrt(0.5)
    annotation = client.annotation
    found = [
        annotation.get_annotation_by_id(annotation_id, iso_rotated_cuboids=True),
        annotation.get_annotation_for_input(input_uuid, iso_rotated_cuboids=True),
        *annotation.get_annotations_for_scene(scene, iso_rotated_cuboids=True),
        *annotation.get_project_annotations(PROJECT, TYPE, iso_rotated_cuboids=True),
        annotation.get_annotation(scene, TYPE, iso_rotated_cuboids=True),
    ]

    for each in found:
        (cuboid,) = each.content["openlabel"]["frames"]["0"]["objects"][UNKNOWN]["object_data"]["cuboid"]
        assert cuboid["val"] == pytest.approx([1, 2, 3, 0, 0, half, half, 4.1, 1.8, 1.4])
    assert len(found) == 5


@pytest.mark.parametrize(
    "call",
    [
        lambda annotation: annotation.get_annotation_by_id(UNKNOWN),
        lambda annotation: annotation.get_annotation_for_input(UNKNOWN),
        lambda annotation: annotation.get_annotations_for_scene(UNKNOWN),
        lambda annotation: annotation.get_annotation(UNKNOWN, TYPE),
        lambda annotation: next(annotation.get_project_annotations(UNKNOWN, TYPE)),
    ],
    ids=["by_id", "for_input", "for_scene", "by_type", "by_project"],
)
def test_unknown(call: Any, client: KognicIOClient) -> None:
    """What does not exist is a NotFoundError, which users catch as HTTPError by its status."""
    with pytest.raises(NotFoundError, match=UNKNOWN) as info:
        call(client.annotation)
    assert info.value.response.status_code == 404


def test_not_delivered_yet(client: KognicIOClient) -> None:
    """An input without annotation, and a scene without one of that type."""
    scene = created_scene(client)
    created = client.input.create_from_scene(scene, project=PROJECT)

    with pytest.raises(NotFoundError, match=created.uuid):
        client.annotation.get_annotation_for_input(created.uuid)
    with pytest.raises(NotFoundError, match=scene):
        client.annotation.get_annotation(scene, TYPE)


def test_unknown_annotation_type(client: KognicIOClient) -> None:
    """The platform lists those that the project has."""
    with pytest.raises(
        BadRequestError, match=r"Invalid annotation type sent: nonsense\. Allowed values in project"
    ):
        next(client.annotation.get_project_annotations(PROJECT, "nonsense"))


def test_scene_of_another_project_is_not_listed(client: KognicIOClient, control: Control) -> None:
    """A project's annotations are its own."""
    control.create_project("other", annotation_types=[TYPE])
    deliver(client, control, "mine")
    client.cameras.create(cameras_scene("theirs"))

    assert list(client.annotation.get_project_annotations("other", TYPE)) == []
