"""Inputs, and the deprecated entries."""

from __future__ import annotations

from typing import Any

import pytest

from kognic.sandbox import Sandbox
from tests.sandbox.protocol import Api, cuboid_document, document, files_of, unsigned

UNKNOWN = "00000000-0000-0000-0000-000000000000"
PROJECT = {"projectExtId": "sandbox-project"}


def pre_annotation(api: Api, scene: str, name: str = "p", **body: Any) -> str:
    content = document(frames={"0": {"frame_properties": {"timestamp": 0}}})
    body = {"sceneUuid": scene, "externalId": name, "preAnnotation": content, **body}
    uuid = api.post("/v1/pre-annotations", body)["id"]
    api.settle()
    return str(uuid)


def given(api: Api, input_uuid: str) -> str | None:
    """The pre-annotation an input begins with."""
    [found] = [one for one in api.sandbox.control.request_inputs() if one["uuid"] == input_uuid]
    uuid = found["preAnnotationUuid"]
    return None if uuid is None else str(uuid)


def uuids(api: Api, **query: Any) -> list[str]:
    return [one["uuid"] for one in api.post("/v2/inputs/query", query)]


class TestCreate:
    """`POST /v2/inputs`"""

    def test_answer(self, api: Api) -> None:
        """The fields of an input."""
        scene = api.create(externalId="the-scene")

        placed = api.place(scene)

        assert unsigned(placed) == {
            "uuid": placed["uuid"],
            "sceneUuid": scene,
            "requestUid": placed["requestUid"],
            "sceneExternalId": "the-scene",
            "viewLink": f"{api.sandbox.url}/view/input/{placed['uuid']}",
        }
        assert uuids(api) == [placed["uuid"]]

    def test_in_a_request(self, api: Api) -> None:
        """A request can be named by UUID."""
        wanted = api.sandbox.control.create_request("sandbox-project", "batch-1")

        placed = api.place(api.create(), requestUuid=wanted)

        assert placed["requestUid"] == wanted

    def test_pre_annotation_is_only_used_when_named(self, api: Api) -> None:
        """None is used by itself, although the scene has one."""
        scene = api.create()
        wanted = pre_annotation(api, scene)
        request = api.sandbox.control.create_request("sandbox-project", "batch-1")

        plain = api.place(scene)
        begun = api.place(scene, requestUuid=request, preAnnotationUuid=wanted)

        assert given(api, plain["uuid"]) is None
        assert given(api, begun["uuid"]) == wanted

    def test_from_pre_annotation_alone(self, api: Api) -> None:
        """The scene is that of the pre-annotation."""
        scene = api.create()
        wanted = pre_annotation(api, scene)

        placed = api.post("/v2/inputs", {"preAnnotationUuid": wanted, **PROJECT})

        assert placed["sceneUuid"] == scene
        assert given(api, placed["uuid"]) == wanted

    def test_before_the_scene_is_ready(self, api: Api) -> None:
        """The input is answered at once and listed when the scene is ready."""
        body = api.body("cameras")
        made = api.post(f"/v1/inputs/cameras?workspaceId={api.workspace}", body)

        placed = api.place(made["internalId"])

        assert uuids(api) == []
        api.upload(made["files"], files_of(body))
        api.commit(made["internalId"])
        api.settle()
        assert uuids(api) == [placed["uuid"]]

    def test_latest_open_batch(self, api: Api) -> None:
        """Without a batch the latest open one is taken."""
        api.post("/v1/projects/sandbox-project/batches/b2", {})
        api.post("/v1/projects/sandbox-project/batches/b3", {})
        api.post("/v1/projects/sandbox-project/batches/b3/publish")

        placed = api.place()

        assert uuids(api, batch="b2") == [placed["uuid"]]

    def test_dry_run(self, api: Api) -> None:
        """A dry run makes the same checks and creates nothing."""
        scene = api.create()
        dry = {"X-Dryrun": ""}

        assert api.post("/v2/inputs", {"sceneUuid": scene, **PROJECT}, headers=dry) == {}
        assert uuids(api) == []
        api.place(scene)
        again = api.refuse("POST", "/v2/inputs", 400, json={"sceneUuid": scene, **PROJECT}, headers=dry)
        assert "already has input" in again

    @pytest.mark.parametrize(
        ("body", "status", "message"),
        [
            ({}, 404, "There is no scene"),
            ({"sceneUuid": None}, 400, "sceneUuid or preAnnotationUuid must be given"),
            ({"projectExtId": None}, 400, "exactly one of requestUuid and projectExtId"),
            ({"requestUuid": UNKNOWN}, 400, "exactly one of requestUuid and projectExtId"),
            ({"preAnnotationUuid": UNKNOWN}, 404, f"There is no pre-annotation {UNKNOWN}"),
            (
                {"projectExtId": None, "requestUuid": UNKNOWN, "batchExtId": "b"},
                400,
                "batchExtId needs projectExtId",
            ),
        ],
    )
    def test_malformed(self, api: Api, body: dict[str, Any], status: int, message: str) -> None:
        """The body names a scene and exactly one target."""
        sent = {"sceneUuid": UNKNOWN, **PROJECT, **body}
        sent = {key: value for key, value in sent.items() if value is not None}

        assert message in api.refuse("POST", "/v2/inputs", status, json=sent)

    def test_unknown_targets(self, api: Api) -> None:
        """Unknown project, batch and request are 404."""
        scene = api.create()

        for target, message in (
            ({"projectExtId": "none"}, "There is no project none"),
            ({**PROJECT, "batchExtId": "none"}, "There is no batch none"),
            ({"requestUuid": UNKNOWN}, f"There is no request {UNKNOWN}"),
        ):
            assert message in api.refuse("POST", "/v2/inputs", 404, json={"sceneUuid": scene, **target})

    def test_closed_batch(self, api: Api) -> None:
        """A request of a published batch takes nothing either."""
        request = api.place()["requestUid"]
        scene = api.create()
        api.post("/v1/projects/sandbox-project/batches/batch-1/publish")

        message = api.refuse("POST", "/v2/inputs", 400, json={"sceneUuid": scene, "requestUuid": request})

        assert message == "Batch batch-1 is ready and takes no more inputs"

    def test_second_input_in_a_request(self, api: Api) -> None:
        """A scene is in a request once; after its deletion it may come again."""
        placed = api.place()
        body = {"sceneUuid": placed["sceneUuid"], **PROJECT}

        message = api.refuse("POST", "/v2/inputs", 400, json=body)

        assert f"already has input {placed['uuid']}" in message
        api.call("DELETE", f"/v2/inputs/{placed['uuid']}")
        assert api.place(placed["sceneUuid"])["uuid"] != placed["uuid"]

    def test_pre_annotation_of_another_scene(self, api: Api) -> None:
        """Scene and pre-annotation belong together."""
        other = pre_annotation(api, api.create())
        body = {"sceneUuid": api.create(), "preAnnotationUuid": other, **PROJECT}

        assert "belongs to another scene" in api.refuse("POST", "/v2/inputs", 400, json=body)

    def test_failed_scene(self, api: Api) -> None:
        """A failed scene cannot become an input."""
        scene = api.create("cameras", {"c0.jpg": b"x"})

        assert "is failed" in api.refuse("POST", "/v2/inputs", 400, json={"sceneUuid": scene, **PROJECT})

    def test_batch_without_request(self, api: Api) -> None:
        """Nothing can be placed where there is no request."""
        api.sandbox.control.create_batch("sandbox-project", "empty")
        scene = api.create()

        for path, body in (
            ("/v2/inputs", {"sceneUuid": scene, **PROJECT, "batchExtId": "empty"}),
            ("/v1/inputs", {"sceneUuid": scene, "project": "sandbox-project", "batch": "empty"}),
        ):
            assert "has no request yet" in api.refuse("POST", path, 400, json=body)


class TestCreateFromScene:
    """`POST /v1/inputs`"""

    def test_one_per_request(self, api: Api) -> None:
        """All requests of the batch get the scene, with its latest pre-annotation."""
        second = api.sandbox.control.create_request("sandbox-project", "batch-1")
        scene = api.create()
        pre_annotation(api, scene, "first")
        latest = pre_annotation(api, scene, "latest")

        made = api.post("/v1/inputs", {"sceneUuid": scene, "project": "sandbox-project"})

        assert [one["requestUid"] for one in made][1:] == [second]
        assert {given(api, one["uuid"]) for one in made} == {latest}
        assert uuids(api) == [one["uuid"] for one in made]

    def test_dry_run(self, api: Api) -> None:
        """Nothing is created."""
        body = {"sceneUuid": api.create(), "project": "sandbox-project", "batch": "batch-1"}

        assert api.post("/v1/inputs", body, headers={"X-Dryrun": ""}) == {}
        assert uuids(api) == []

    def test_refused(self, api: Api) -> None:
        """Unknown names are 404, missing ones 400."""
        scene = api.create()

        api.refuse("POST", "/v1/inputs", 404, json={"sceneUuid": scene, "project": "none"})
        api.refuse("POST", "/v1/inputs", 404, json={"sceneUuid": UNKNOWN, "project": "sandbox-project"})
        assert "project: Field required" in api.refuse("POST", "/v1/inputs", 400, json={"sceneUuid": scene})


class TestQuery:
    """`POST /v2/inputs/query`"""

    def test_filters(self, api: Api) -> None:
        """All filters given must match."""
        api.sandbox.control.create_project("other")
        api.sandbox.control.create_batch("other", "b")
        api.sandbox.control.create_request("other", "b")
        first, second = api.create(externalId="one"), api.create(externalId="two")
        a = api.place(first)["uuid"]
        b = api.place(second)["uuid"]
        c = api.place(first, projectExtId="other")["uuid"]

        assert uuids(api) == [a, b, c]
        assert uuids(api, project="sandbox-project") == [a, b]
        assert uuids(api, project="other", batch="b") == [c]
        assert uuids(api, sceneUuids=[first]) == [a, c]
        assert uuids(api, externalIds=["two", "none"]) == [b]
        assert uuids(api, project="sandbox-project", sceneUuids=[first]) == [a]
        assert uuids(api, project="none") == []
        assert uuids(api, sceneUuids=[]) == []

    def test_pages(self) -> None:
        """The same request with the cursor returns the next page."""
        with Sandbox(page_size=2) as sandbox:
            api = Api(sandbox, sandbox.credentials)
            api.login()
            expected = [api.place()["uuid"] for _ in range(5)]
            found: list[str] = []
            sizes = []
            cursor = None
            while True:
                query = "" if cursor is None else f"?cursorId={cursor}"
                page = api.send(
                    "POST", f"/v2/inputs/query{query}", json={"project": "sandbox-project"}
                ).json()
                found += [one["uuid"] for one in page["data"]]
                sizes.append(len(page["data"]))
                cursor = page["metadata"]["nextCursorId"]
                if cursor is None:
                    break

            assert (found, sizes) == (expected, [2, 2, 1])
            api.refuse("POST", "/v2/inputs/query?cursorId=x", 400, json={})

    def test_full_last_page(self) -> None:
        """A list that fills its last page ends there."""
        with Sandbox(page_size=2) as sandbox:
            api = Api(sandbox, sandbox.credentials)
            api.login()
            for _ in range(2):
                api.place()

            page = api.send("POST", "/v2/inputs/query", json={}).json()

            assert page["metadata"] == {"nextCursorId": None}


class TestChange:
    """Deleting inputs, and changing what they begin with."""

    def test_delete(self, api: Api) -> None:
        """The input is gone at once, with its annotations; the scene stays."""
        placed = api.place()
        annotation = api.sandbox.control.deliver_annotation(placed["uuid"], cuboid_document())

        api.call("DELETE", f"/v2/inputs/{placed['uuid']}", status=204)

        assert uuids(api) == []
        api.refuse("GET", f"/v2/request-inputs/{placed['uuid']}", 404)
        api.refuse("GET", f"/v1/annotations/{annotation}", 404)
        assert api.status(placed["sceneUuid"]) == "created"
        message = api.refuse("DELETE", f"/v2/inputs/{placed['uuid']}", 404)
        assert message == f"There is no input {placed['uuid']}"

    def test_delete_before_the_scene_is_ready(self, api: Api) -> None:
        """An input that was deleted early is never listed."""
        body = api.body("cameras")
        made = api.post(f"/v1/inputs/cameras?workspaceId={api.workspace}", body)
        placed = api.place(made["internalId"])
        api.call("DELETE", f"/v2/inputs/{placed['uuid']}")

        api.upload(made["files"], files_of(body))
        api.commit(made["internalId"])
        api.settle()

        assert uuids(api) == []

    def test_update_pre_annotation(self, api: Api) -> None:
        """Possible until work begins."""
        placed = api.place()
        first = pre_annotation(api, placed["sceneUuid"], "1")
        second = pre_annotation(api, placed["sceneUuid"], "2")
        path = f"/v2/inputs/{placed['uuid']}/pre-annotation"

        for wanted in (first, second):
            api.call("PATCH", path, json={"uuid": wanted}, status=204)
            assert given(api, placed["uuid"]) == wanted

        api.sandbox.control.start_task(placed["uuid"])
        message = api.refuse("PATCH", path, 400, json={"uuid": first})
        assert "has started" in message
        assert given(api, placed["uuid"]) == second

    def test_update_refused(self, api: Api) -> None:
        """The pre-annotation exists and belongs to the same scene."""
        placed = api.place()
        other = pre_annotation(api, api.create())
        path = f"/v2/inputs/{placed['uuid']}/pre-annotation"

        api.refuse("PATCH", path, 404, json={"uuid": UNKNOWN})
        assert "belongs to another scene" in api.refuse("PATCH", path, 400, json={"uuid": other})
        api.refuse("PATCH", f"/v2/inputs/{UNKNOWN}/pre-annotation", 404, json={"uuid": other})
        assert "uuid: Field required" in api.refuse("PATCH", path, 400, json={})


class TestDeprecated:
    """Entries: scenes of a project or batch."""

    def fetch(self, api: Api, **body: Any) -> list[dict[str, Any]]:
        return list(api.post("/v1/inputs/fetch", {"project": "sandbox-project", **body}))

    def test_entry(self, api: Api) -> None:
        """The fields of an entry; several requests of a batch make one entry."""
        api.sandbox.control.create_request("sandbox-project", "batch-1")
        scene = api.create("lidars-and-cameras", externalId="e")
        made = api.post("/v1/inputs", {"sceneUuid": scene, "project": "sandbox-project"})

        [entry] = self.fetch(api)

        assert unsigned(entry) == {
            "internalId": scene,
            "externalId": "e",
            "batchId": "batch-1",
            "inputType": "lidars_and_cameras",
            "status": "created",
            "created": entry["created"],
            "annotationTypes": ["signs", "objects"],
            "calibrationId": api.scene(scene)["calibrationId"],
            "viewLink": unsigned(made[0])["viewLink"],
        }
        [again] = api.post("/v1/inputs/query", {"uuids": [scene, UNKNOWN]})
        assert unsigned(again) == unsigned(entry)

    def test_filters(self, api: Api) -> None:
        """Batch and external ids."""
        api.post("/v1/projects/sandbox-project/batches/b2", {})
        first = api.place(api.create(externalId="one"), **PROJECT, batchExtId="batch-1")["sceneUuid"]
        second = api.place(api.create(externalId="two"))["sceneUuid"]

        assert [one["internalId"] for one in self.fetch(api)] == [first, second]
        assert [one["internalId"] for one in self.fetch(api, batch="b2")] == [second]
        assert [one["internalId"] for one in self.fetch(api, externalIds=["one"])] == [first]
        api.refuse("POST", "/v1/inputs/fetch", 404, json={"project": "none"})
        api.refuse("POST", "/v1/inputs/fetch", 404, json={"project": "sandbox-project", "batch": "none"})

    def test_unfinished_and_failed_scenes(self, api: Api) -> None:
        """Entries tell how far the scene is, and why it failed."""
        body = api.body("cameras")
        api.post(f"/v1/inputs/project/sandbox-project/cameras?workspaceId={api.workspace}", body)
        failed = api.create("cameras", {"c0.jpg": b"x"}, target="project/sandbox-project/")

        entries = {one["internalId"]: one for one in self.fetch(api)}

        assert entries[body["internalId"]]["status"] == "pending"
        assert "viewLink" not in entries[body["internalId"]]
        assert entries[failed]["status"] == "failed"
        assert "c0.jpg" in entries[failed]["errorMessage"]

    def test_invalidated(self, api: Api) -> None:
        """includeInvalidated gives the invalidated ones instead of the valid ones."""
        valid, invalid = api.place()["sceneUuid"], api.place()["sceneUuid"]

        api.post("/v1/inputs/actions/invalidate", {"inputIds": [invalid], "invalidatedReason": "duplicate"})

        assert [one["internalId"] for one in self.fetch(api, includeInvalidated=False)] == [valid]
        [entry] = self.fetch(api, includeInvalidated=True)
        assert (entry["internalId"], entry["status"]) == (invalid, "invalidated:duplicate")
        body = {"inputIds": [UNKNOWN], "invalidatedReason": "duplicate"}
        api.refuse("POST", "/v1/inputs/actions/invalidate", 404, json=body)

    def test_indexed(self, api: Api) -> None:
        """The old interface has no word for indexed scenes."""
        uri = {"sensorName": "C", "externalResourceUri": "s3://b/a.jpg"}
        frame = {"id": "0", "timestampNs": 1, "images": [{"resource": uri}]}
        body = {
            "workspaceId": api.workspace,
            "externalId": "x",
            "convertedSpecification": {"frames": [frame]},
        }
        scene = api.post("/v2/scenes", body)["id"]
        api.settle()
        api.place(scene)
        api.call("PATCH", f"/v2/scenes/{scene}", json={"status": "indexed"})

        assert [one["status"] for one in self.fetch(api)] == ["pending"]
