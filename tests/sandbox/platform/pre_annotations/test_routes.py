"""Pre-annotations."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kognic.sandbox import Sandbox
from tests.sandbox.protocol import Api, document, files_of

UNKNOWN = "00000000-0000-0000-0000-000000000000"
URI = "s3://bucket/pre.json"
CONTENT = document(frames={"0": {"frame_properties": {"timestamp": 0, "external_id": "0"}}})
DRY = {"X-Dryrun": ""}


def upload(api: Api, scene: str, name: str | None = "p", content: Any = None, **kwargs: Any) -> str:
    body = {"sceneUuid": scene, "preAnnotation": CONTENT if content is None else content}
    if name is not None:
        body["externalId"] = name
    return str(api.post("/v1/pre-annotations", body, **kwargs)["id"])


def from_cloud(api: Api, scene: str, postpone: bool | None = True, name: str = "c") -> str:
    body: dict[str, Any] = {"sceneUuid": scene, "externalId": name, "externalResourceId": URI}
    if postpone is not None:
        body["postponeExternalResourceImport"] = postpone
    return str(api.post("/v2/pre-annotations", body)["id"])


def listed(api: Api, query: str = "") -> list[dict[str, Any]]:
    answer = api.send("GET", f"/v2/pre-annotations{query}")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["data"])


def status(api: Api, uuid: str) -> str:
    [found] = listed(api, f"?uuids={uuid}")
    return str(found["status"])


class TestUpload:
    """`POST /v1/pre-annotations`"""

    def test_becomes_available(self, api: Api) -> None:
        """created, then available; the content comes back."""
        scene = api.create()
        with api.sandbox.control.held():
            uuid = upload(api, scene, "det-v3")
            assert status(api, uuid) == "created"
        api.settle()

        assert status(api, uuid) == "available"
        resolved = api.get(f"/v2/pre-annotations/{uuid}/resolved")
        assert resolved == {
            "uuid": uuid,
            "sceneUuid": scene,
            "externalId": "det-v3",
            "created": resolved["created"],
            "content": CONTENT,
        }

    def test_before_the_scene_is_ready(self, api: Api) -> None:
        """pending-for-scene until the scene is there."""
        body = api.body("cameras")
        made = api.post(f"/v1/inputs/cameras?workspaceId={api.workspace}", body)
        uuid = upload(api, made["internalId"])
        api.settle()
        assert status(api, uuid) == "pending-for-scene"

        api.upload(made["files"], files_of(body))
        api.commit(made["internalId"])
        api.settle()

        assert status(api, uuid) == "available"

    def test_dry_run(self, api: Api) -> None:
        """A dry run is checked, answered with an id, and leaves nothing."""
        scene = api.create()

        assert upload(api, scene, headers=DRY)

        assert listed(api) == []
        body = {"sceneUuid": scene, "preAnnotation": document()}
        message = api.refuse("POST", "/v1/pre-annotations", 400, json=body, headers=DRY)
        assert message == "Validation failed: a pre-annotation needs frames"

    def test_external_ids(self, api: Api) -> None:
        """Unique in a scene, optional, and used up for good."""
        scene, other = api.create(), api.create()
        first = upload(api, scene, "same")
        upload(api, other, "same")
        for _ in range(2):
            upload(api, scene, None)

        body = {"sceneUuid": scene, "externalId": "same", "preAnnotation": CONTENT}
        message = api.refuse("POST", "/v1/pre-annotations", 409, json=body)
        assert message == f"Scene {scene} already has a pre-annotation same"
        cloud = {"sceneUuid": scene, "externalId": "same", "externalResourceId": URI}
        api.refuse("POST", "/v2/pre-annotations", 409, json=cloud)
        message = api.refuse("DELETE", f"/v2/pre-annotations/{first}", 400)
        assert message.startswith("Pre-annotations can only be deleted from status=Indexed")

    def test_refused(self, api: Api) -> None:
        """Unknown and failed scenes, and what is no OpenLABEL."""
        scene = api.create()
        failed = api.create("cameras", {"c0.jpg": b"x"})

        for body, code, message in (
            ({"sceneUuid": UNKNOWN, "preAnnotation": CONTENT}, 404, f"There is no scene {UNKNOWN}"),
            ({"sceneUuid": failed, "preAnnotation": CONTENT}, 400, "is failed"),
            ({"sceneUuid": scene}, 400, "preAnnotation: Field required"),
            ({"sceneUuid": scene, "preAnnotation": []}, 400, "preAnnotation"),
            ({"sceneUuid": scene, "preAnnotation": {"openlabel": 1}}, 400, "openlabel"),
        ):
            assert message in api.refuse("POST", "/v1/pre-annotations", code, json=body)


class TestCloud:
    """`POST /v2/pre-annotations`, `PATCH /v2/pre-annotations/{id}`"""

    def test_postponed(self, api: Api) -> None:
        """Indexed until it is imported; importing again changes nothing."""
        api.sandbox.control.put_cloud_file(URI, json.dumps(CONTENT).encode())
        uuid = from_cloud(api, api.create())
        api.settle()
        assert status(api, uuid) == "indexed"
        assert "is not available" in api.refuse("GET", f"/v2/pre-annotations/{uuid}/resolved", 404)

        for _ in range(2):
            api.call("PATCH", f"/v2/pre-annotations/{uuid}", json={"status": "processing"}, status=204)
            api.settle()

        assert status(api, uuid) == "available"
        assert api.get(f"/v2/pre-annotations/{uuid}/resolved")["content"] == CONTENT

    @pytest.mark.parametrize("postpone", [False, None])
    def test_not_postponed(self, api: Api, postpone: bool | None) -> None:
        """Imported at once."""
        api.sandbox.control.put_cloud_file(URI, json.dumps(CONTENT).encode())

        uuid = from_cloud(api, api.create(), postpone)
        api.settle()

        assert status(api, uuid) == "available"

    @pytest.mark.parametrize("content", [b"not json", json.dumps(document()).encode(), b"[" * 100_000])
    def test_unusable(self, api: Api, content: bytes) -> None:
        """A document that breaks the rules ends as failed, without a reason."""
        api.sandbox.control.put_cloud_file(URI, content)
        uuid = from_cloud(api, api.create(), postpone=False)
        api.settle()

        assert status(api, uuid) == "failed"
        api.refuse("PATCH", f"/v2/pre-annotations/{uuid}", 400, json={"status": "processing"})
        api.refuse("GET", f"/v2/pre-annotations/{uuid}/resolved", 404)

    def test_unknown_to_the_sandbox(self, api: Api) -> None:
        """A resource the sandbox knows nothing of is taken for good; its content is not there."""
        uuid = from_cloud(api, api.create(), postpone=False)
        api.settle()

        assert status(api, uuid) == "available"
        api.refuse("GET", f"/v2/pre-annotations/{uuid}/resolved", 404)

    def test_refused(self, api: Api) -> None:
        """Missing fields and unknown things."""
        scene = api.create()
        body = {"sceneUuid": scene, "externalResourceId": URI}
        assert "externalId: Field required" in api.refuse("POST", "/v2/pre-annotations", 400, json=body)
        uuid = from_cloud(api, scene)
        for value in ("available", None):
            api.refuse("PATCH", f"/v2/pre-annotations/{uuid}", 400, json={"status": value})
        api.refuse("PATCH", f"/v2/pre-annotations/{UNKNOWN}", 404, json={"status": "processing"})


class TestList:
    """`GET /v2/pre-annotations`"""

    def test_filters(self, api: Api) -> None:
        """All filters given must match; each may hold several values."""
        one, two = api.create(externalId="one"), api.create(externalId="two")
        a, b, c = upload(api, one, "a"), upload(api, one, "b"), from_cloud(api, two, name="a")
        api.settle()

        def found(query: str) -> list[str]:
            return [item["id"] for item in listed(api, query)]

        assert found("") == [a, b, c]
        assert found(f"?uuids={a}&uuids={c}") == [a, c]
        assert found("?externalIds=a") == [a, c]
        assert found(f"?sceneUuids={one}&externalIds=b") == [b]
        assert found("?sceneExternalIds=two") == [c]
        assert found("?statuses=indexed&statuses=failed") == [c]
        assert found("?statuses=available") == [a, b]
        assert found("?externalIds=none") == []

    def test_pages(self, api: Api) -> None:
        """offset and limit, and whether there is more."""
        scene = api.create()
        ids = [upload(api, scene, str(index)) for index in range(3)]

        first = api.send("GET", "/v2/pre-annotations?offset=0&limit=2").json()
        second = api.send("GET", "/v2/pre-annotations?offset=2&limit=2").json()

        assert [item["id"] for item in first["data"]] == ids[:2]
        assert (first["hasNext"], second["hasNext"]) == (True, False)
        assert [item["id"] for item in second["data"]] == ids[2:]
        assert "metadata" not in first

    @pytest.mark.parametrize("query", ["limit=0", "limit=1001", "offset=-1", "offset=x"])
    def test_refused(self, api: Api, query: str) -> None:
        """At most 1000 on a page."""
        api.refuse("GET", f"/v2/pre-annotations?{query}", 400)


def test_delete(api: Api) -> None:
    """One that is indexed can be deleted; a second time there is nothing to delete."""
    uuid = from_cloud(api, api.create())

    api.call("DELETE", f"/v2/pre-annotations/{uuid}", status=204)

    assert listed(api) == []
    api.refuse("DELETE", f"/v2/pre-annotations/{uuid}", 404)
    api.refuse("GET", f"/v2/pre-annotations/{uuid}/resolved", 404)


def test_takes_its_time(api: Api) -> None:
    """A delay of processing: created, processing, available."""
    scene = api.create()
    with api.sandbox.control.held():
        api.sandbox.control.tune(pre_annotation_delay=0.02)
        uuid = upload(api, scene)
        assert status(api, uuid) == "created"
    met = {status(api, uuid)}
    while "available" not in met:
        met.add(status(api, uuid))

    assert met <= {"created", "processing", "available"}
    api.settle()


def test_inputs_vanish_with_it(api: Api) -> None:
    """One that fails takes the inputs that were created with it along, without a word, and keeps its name."""
    scene, other = api.create(), api.create()
    api.sandbox.control.fail_pre_annotation("invalid")
    with api.sandbox.control.held():
        uuid = upload(api, scene, "invalid")
        good = upload(api, other, "fine")
        lost = api.place(scene, projectExtId="sandbox-project", preAnnotationUuid=uuid)
        kept = api.place(other, projectExtId="sandbox-project", preAnnotationUuid=good)
    api.settle()

    assert (status(api, uuid), status(api, good)) == ("failed", "available")
    listed_inputs = api.send("POST", "/v2/inputs/query", json={}).json()["data"]
    assert [one["uuid"] for one in listed_inputs] == [kept["uuid"]]
    api.refuse("GET", f"/v2/request-inputs/{lost['uuid']}", 404)
    body = {"sceneUuid": scene, "externalId": "invalid", "preAnnotation": CONTENT}
    api.refuse("POST", "/v1/pre-annotations", 409, json=body)
    api.refuse("DELETE", f"/v2/pre-annotations/{uuid}", 400)


def test_both_spellings() -> None:
    """Some answers write underscores; a filter takes both spellings in any letter case."""
    with Sandbox(underscored_statuses=True) as sandbox:
        api = Api(sandbox, sandbox.credentials)
        api.login()
        body = api.body("cameras")
        scene = api.post(f"/v1/inputs/cameras?workspaceId={api.workspace}", body)["internalId"]
        uuid = upload(api, scene)

        assert status(api, uuid) == "pending_for_scene"
        for spelling in ("pending-for-scene", "pending_for_scene", "PENDING_FOR_SCENE"):
            assert [one["id"] for one in listed(api, f"?statuses={spelling}")] == [uuid]
