"""Pre-annotations, over real sockets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from kognic.base_clients.errors import (
    AmbiguousWriteError,
    ApiError,
    BadRequestError,
    ConflictError,
    ModelValidationError,
    NotFoundError,
    RequestBodyError,
)
from kognic.io.client import KognicIOClient
from kognic.io.resources.pre_annotation.pre_annotation import CreatePreannotationRequest
from kognic.openlabel.models import OpenLabelAnnotation
from kognic.sandbox.control import Control
from tests.io.resources.scenes import OPENLABEL, cameras_scene, created_scene

UNKNOWN = str(uuid4())
CAR = str(uuid4())


@pytest.fixture
def scene_uuid(client: KognicIOClient) -> str:
    return created_scene(client)


def with_box(**attributes: Any) -> dict[str, Any]:
    """A document with one box."""
    box = {
        "name": "box",
        "val": [4.0, 4.0, 2.0, 2.0],
        "attributes": {"text": [{"name": "stream", "val": "CAM"}]},
        **attributes,
    }
    frame = {"frame_properties": {"timestamp": 0}, "objects": {CAR: {"object_data": {"bbox": [box]}}}}
    return {
        "openlabel": {
            "metadata": {"schema_version": "1.0.0"},
            "streams": {"CAM": {"type": "camera"}},
            "objects": {CAR: {"name": "car", "type": "car"}},
            "frames": {"0": frame},
        }
    }


@pytest.mark.parametrize("form", ["model", "dict", "path", "text"])
def test_create_from_every_form(
    form: str, client: KognicIOClient, scene_uuid: str, control: Control, tmp_path: Path
) -> None:
    """A model, decoded JSON and a file are the same document."""
    document, file = with_box(), tmp_path / "openlabel.json"
    file.write_text(json.dumps(document))
    content: Any = {
        "model": OpenLabelAnnotation.model_validate(document),
        "dict": document,
        "path": file,
        "text": str(file),
    }[form]

    created = client.pre_annotation.create(scene_uuid, content, dryrun=False, external_id="first")
    assert control.wait_until_idle()
    resolved = client.pre_annotation.get_with_content(created.id)
    assert (resolved.uuid, resolved.scene_uuid, resolved.external_id) == (created.id, scene_uuid, "first")
    assert resolved.content.model_dump(mode="json", exclude_none=True) == document


def test_documents_with_values_of_numpy(client: KognicIOClient, scene_uuid: str, control: Control) -> None:
    """Arrays become lists, scalars numbers, as the model of the document reads them."""
    document = with_box(val=np.array([4.0, 4.0, 2.0, 2.0]))
    document["openlabel"]["frames"]["0"]["frame_properties"]["timestamp"] = np.int64(0)

    created = client.pre_annotation.create(scene_uuid, document, dryrun=False)
    assert control.wait_until_idle()
    resolved = client.pre_annotation.get_with_content(created.id)
    assert resolved.content.model_dump(mode="json", exclude_none=True) == with_box()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (with_box(val=[1, 2, 3]), r"object_data\.bbox\.0\.val: .*at least 4.*Nothing was sent"),
        (with_box(val=[None, 2, 3, 4]), r"bbox\.0\.val\.0: Input should be a valid number"),
        ({"openlabel": {"metadata": {"schema_version": "0.9"}, "frames": {}}}, "schema_version"),
        ({"openlabel": {"frames": {}}}, r"openlabel\.metadata: Field required"),
        pytest.param(json.dumps(with_box()), r"is JSON text: pass json\.loads\(\) of it", id="text"),
    ],
)
def test_documents_that_break_the_schema_are_not_sent(
    content: Any, message: str, client: KognicIOClient, scene_uuid: str, control: Control
) -> None:
    """A ValueError, as of the official client."""
    before = len(control.calls())
    with pytest.raises(ModelValidationError, match=message):
        client.pre_annotation.create(scene_uuid, content, dryrun=False)
    assert len(control.calls()) == before


def test_none_is_left_out(client: KognicIOClient, scene_uuid: str, control: Control) -> None:
    """None has no place in a document, also inside lists."""
    created = client.pre_annotation.create(
        scene_uuid, with_box(coordinate_system=None), dryrun=False, external_id="first"
    )
    assert control.wait_until_idle()

    content = client.pre_annotation.get_with_content(created.id).content
    assert content.model_dump(mode="json", exclude_none=True) == with_box()


def test_create_dryrun(client: KognicIOClient, scene_uuid: str) -> None:
    """The platform checks the content and creates nothing; the result still has an ID."""
    assert client.pre_annotation.create(scene_uuid, OPENLABEL, dryrun=True).id
    assert client.pre_annotation.list() == []
    with pytest.raises(BadRequestError, match="frames"):
        client.pre_annotation.create(
            scene_uuid, {"openlabel": {"metadata": {"schema_version": "1.0.0"}}}, True
        )


def test_create_for_a_scene_that_is_not_ready(client: KognicIOClient, control: Control) -> None:
    """The identifier of a scene may be used at once."""
    with control.held():
        uuid = client.cameras.create(cameras_scene()).scene_uuid
        created = client.pre_annotation.create(uuid, OPENLABEL, dryrun=False)
        (listed,) = client.pre_annotation.list(ids=[created.id])
        assert listed["status"] == "pending-for-scene"


def test_create_refused(client: KognicIOClient, scene_uuid: str) -> None:
    """What is wrong is said by the platform, or before anything is sent."""
    with pytest.raises(BadRequestError, match="stream"):
        client.pre_annotation.create(scene_uuid, with_box(attributes={}), dryrun=False)
    with pytest.raises(NotFoundError, match=UNKNOWN):
        client.pre_annotation.create(UNKNOWN, OPENLABEL, dryrun=False)
    client.pre_annotation.create(scene_uuid, OPENLABEL, dryrun=False, external_id="taken")
    with pytest.raises((BadRequestError, ConflictError), match="taken"):
        client.pre_annotation.create(scene_uuid, OPENLABEL, dryrun=False, external_id="taken")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            {"frames": {}},
            r"expected an object with the key 'openlabel', got an object with the keys \['frames'\]",
        ),
        ([OPENLABEL], "got list"),
        (None, "got NoneType"),
    ],
)
def test_no_openlabel_document(content: Any, message: str, client: KognicIOClient, control: Control) -> None:
    """What cannot be a document is refused before anything is sent."""
    with pytest.raises(ModelValidationError, match=message):
        client.pre_annotation.create(UNKNOWN, content, dryrun=False)
    assert control.calls() == []


def test_unusable_files(client: KognicIOClient, tmp_path: Path) -> None:
    """A file that is missing, no JSON, or no document is named."""
    file = tmp_path / "openlabel.json"
    with pytest.raises(FileNotFoundError, match=r"openlabel\.json"):
        client.pre_annotation.create(UNKNOWN, file, dryrun=False)
    file.write_text("{")
    with pytest.raises(ModelValidationError, match=r"openlabel\.json is not JSON"):
        client.pre_annotation.create(UNKNOWN, file, dryrun=False)
    file.write_text("[" * 100_000)
    with pytest.raises(ModelValidationError, match=r"openlabel\.json is not JSON"):
        client.pre_annotation.create(UNKNOWN, file, dryrun=False)
    file.write_text("{}")
    with pytest.raises(ModelValidationError, match=r"openlabel\.json is not an OpenLABEL document"):
        client.pre_annotation.create(UNKNOWN, file, dryrun=False)


def test_numbers_that_json_has_not(client: KognicIOClient, control: Control) -> None:
    """NaN is refused, and not sent as something else."""
    model = OpenLabelAnnotation.model_validate(with_box(val=[1, 2, 3, float("nan")]))

    with pytest.raises(RequestBodyError, match=r"val\[3\] is nan"):
        client.pre_annotation.create(UNKNOWN, model, dryrun=False)
    assert control.calls() == []


@pytest.mark.parametrize("external_id", ["named", None])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_create_is_not_doubled(
    after: bool, external_id: str | None, client: KognicIOClient, scene_uuid: str, control: Control
) -> None:
    """After a lost response it is searched for by its name; without a name it cannot be identified."""

    def create() -> str:
        with control.fault("reset", "POST /v1/pre-annotations", after=after, times=1):
            return client.pre_annotation.create(scene_uuid, OPENLABEL, False, external_id).id

    if after and external_id is None:
        with pytest.raises(
            AmbiguousWriteError, match=r"may have been created, one of .* external_id"
        ) as info:
            create()
        (found,) = client.pre_annotation.list()
        assert found["id"] in str(info.value)
    else:
        assert [create()] == [each["id"] for each in client.pre_annotation.list()]


def test_list_filters(client: KognicIOClient, control: Control) -> None:
    """All given filters must match; None and empty ones do not filter."""
    scenes = {name: created_scene(client, name) for name in ("one", "two")}
    ids = {
        name: client.pre_annotation.create(uuid, OPENLABEL, False, external_id=f"of {name}").id
        for name, uuid in scenes.items()
    }
    assert control.wait_until_idle()

    def found(**filters: Any) -> set[str]:
        return {each["id"] for each in client.pre_annotation.list(**filters)}

    assert (
        found() == found(ids=[], statuses=[]) == found(statuses=["available", "failed"]) == set(ids.values())
    )
    assert found(ids=[ids["one"]]) == found(external_ids=["of one"]) == {ids["one"]}
    assert found(scene_uuids=[scenes["two"]]) == found(scene_external_ids=["two"]) == {ids["two"]}
    assert found(ids=[ids["one"]], scene_external_ids=["two"]) == set()


def test_list_errors(client: KognicIOClient, control: Control) -> None:
    """A single text is refused; transient failures are retried, others are ApiErrors."""
    with pytest.raises(ValueError, match="statuses is 'available', must be a list"):
        client.pre_annotation.list(statuses="available")  # type: ignore[arg-type]
    with control.fault("status", "GET /v2/pre-annotations", status=503, times=2):
        assert client.pre_annotation.list() == []
    with control.fault("status", "GET /v2/pre-annotations", status=403), pytest.raises(ApiError, match="403"):
        client.pre_annotation.list()


def test_cloud_resource(client: KognicIOClient, scene_uuid: str, control: Control) -> None:
    """Indexed until it is needed, unless it is not to be postponed."""
    control.put_cloud_file("s3://bucket/a.json", json.dumps(OPENLABEL).encode())
    create = client.pre_annotation.create_from_cloud_resource
    postponed = create(scene_uuid, "postponed", "s3://bucket/a.json")
    at_once = create(scene_uuid, "at once", "s3://bucket/a.json", postpone_import=False)
    assert control.wait_until_idle()

    def status(uuid: str) -> str:
        return str(client.pre_annotation.list(ids=[uuid])[0]["status"])

    assert (status(postponed), status(at_once)) == ("indexed", "available")
    client.pre_annotation.make_indexed_pre_annotation_available(postponed)
    assert control.wait_until_idle()
    assert status(postponed) == "available"


def test_cloud_resource_errors(client: KognicIOClient, scene_uuid: str) -> None:
    """Unknown scenes and taken names are the platform's to tell."""
    create = client.pre_annotation.create_from_cloud_resource
    with pytest.raises(NotFoundError, match=UNKNOWN):
        create(UNKNOWN, "name", "s3://bucket/a.json")
    create(scene_uuid, "taken", "s3://bucket/a.json")
    with pytest.raises((BadRequestError, ConflictError), match="taken"):
        create(scene_uuid, "taken", "s3://bucket/a.json")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_cloud_resource_is_not_doubled(
    after: bool, client: KognicIOClient, scene_uuid: str, control: Control
) -> None:
    """After a lost response it is searched for by its name."""
    with control.fault("reset", "POST /v2/pre-annotations", after=after, times=1):
        uuid = client.pre_annotation.create_from_cloud_resource(scene_uuid, "name", "s3://bucket/a.json")

    assert [each["id"] for each in client.pre_annotation.list()] == [uuid]


@pytest.mark.parametrize("method", ["make_indexed_pre_annotation_available", "delete"])
def test_unknown_pre_annotation(method: str, client: KognicIOClient) -> None:
    """Nothing to import, nothing to delete."""
    with pytest.raises(NotFoundError, match=UNKNOWN):
        getattr(client.pre_annotation, method)(UNKNOWN)


@pytest.mark.parametrize("after", [None, False, True], ids=["no fault", "before", "after"])
def test_delete(after: bool | None, client: KognicIOClient, scene_uuid: str, control: Control) -> None:
    """Gone, also when the answer was lost and the repetition found nothing."""
    uuid = client.pre_annotation.create_from_cloud_resource(scene_uuid, "name", "s3://bucket/a.json")
    if after is not None:
        control.add_fault("reset", "DELETE /v2/pre-annotations/*", after=after, times=1)
    client.pre_annotation.delete(uuid)
    control.clear_faults()

    assert client.pre_annotation.list() == []


def test_get_with_content_by_name(client: KognicIOClient, scene_uuid: str, control: Control) -> None:
    """By the name within its scene, of which there must be exactly one."""
    created = client.pre_annotation.create(scene_uuid, OPENLABEL, False, external_id="name")
    assert control.wait_until_idle()

    found = client.pre_annotation.get_with_content(scene_uuid=scene_uuid, external_id="name")
    assert found.uuid == created.id
    with pytest.raises(
        ValueError, match=f"Scene {scene_uuid} has 0 pre-annotations with external id 'other'"
    ):
        client.pre_annotation.get_with_content(scene_uuid=scene_uuid, external_id="other")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, r"Must specify either uuid or \(external_id and scene_uuid\)"),
        ({"scene_uuid": "s"}, r"Must specify either uuid or \(external_id and scene_uuid\)"),
        ({"external_id": "e"}, "scene_uuid is required when using external_id"),
        ({"uuid": "u", "scene_uuid": "s"}, "Cannot specify uuid together with other parameters"),
        ({"uuid": "u", "external_id": "e"}, "Cannot specify uuid together with other parameters"),
    ],
)
def test_get_with_content_arguments(
    arguments: dict[str, str], message: str, client: KognicIOClient, control: Control
) -> None:
    """Combinations that make no sense are refused before anything is sent."""
    with pytest.raises(ValueError, match=message):
        client.pre_annotation.get_with_content(**arguments)
    assert control.calls() == []


def test_get_with_content_errors(client: KognicIOClient, scene_uuid: str) -> None:
    """Unknown, and known but not imported yet."""
    with pytest.raises(NotFoundError, match=UNKNOWN):
        client.pre_annotation.get_with_content(UNKNOWN)
    indexed = client.pre_annotation.create_from_cloud_resource(scene_uuid, "name", "s3://bucket/a.json")
    with pytest.raises(ApiError, match=indexed):
        client.pre_annotation.get_with_content(indexed)


def test_create_request_model() -> None:
    """The body as users of the official client build it."""
    model = OpenLabelAnnotation.model_validate(OPENLABEL)
    body = CreatePreannotationRequest(scene_uuid="s", external_id=None, pre_annotation=model)

    assert body.to_dict() == {"sceneUuid": "s", "preAnnotation": OPENLABEL}
    with pytest.raises(ModelValidationError, match="external_id is missing"):
        CreatePreannotationRequest(scene_uuid="s", pre_annotation=model)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"scene_uuid": ""}, ValueError, "scene_uuid is ''"),
        ({"scene_uuid": None}, ValueError, "scene_uuid is None"),
        ({"dryrun": "my-name"}, TypeError, "dryrun is 'my-name', must be True or False"),
        ({"external_id": ""}, ValueError, "external_id is empty"),
        ({"pre_annotation": {"frames": {}}}, ModelValidationError, "not an OpenLABEL document"),
    ],
)
def test_checked_before_anything_is_sent(
    arguments: dict[str, Any],
    error: type[Exception],
    message: str,
    client: KognicIOClient,
    control: Control,
) -> None:
    """An external id in the place of `dryrun` must not make a dry run of the call."""
    given = {"scene_uuid": UNKNOWN, "pre_annotation": OPENLABEL, "dryrun": False, **arguments}
    with pytest.raises(error, match=message):
        client.pre_annotation.create(**given)
    assert control.calls() == []
