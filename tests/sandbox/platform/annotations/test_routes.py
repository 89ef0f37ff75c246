"""Finding annotations, and their documents."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
import requests

from kognic.sandbox import Sandbox
from tests.sandbox.protocol import Api, cuboid_document

UNKNOWN = "00000000-0000-0000-0000-000000000000"
HALF = math.sqrt(0.5)


def download(url: str) -> Any:
    answer = requests.get(url, timeout=10)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    return answer.json()


def cuboid(content: dict[str, Any]) -> list[float]:
    [frame] = content["openlabel"]["frames"].values()
    [one] = frame["objects"].values()
    return list(one["object_data"]["cuboid"][0]["val"])


def deliver(api: Api, **body: str) -> tuple[dict[str, Any], str]:
    """An input and its delivered annotation."""
    placed = api.place(api.create(), **body)
    return placed, api.sandbox.control.deliver_annotation(placed["uuid"], cuboid_document())


class TestById:
    """`GET /v1/annotations/{id}`"""

    def test_delivered(self, api: Api) -> None:
        """All fields, and a document that knows its own id."""
        placed, annotation = deliver(api)

        answer = api.get(f"/v1/annotations/{annotation}")

        assert answer == {
            "id": annotation,
            "sceneId": placed["sceneUuid"],
            "requestId": placed["requestUid"],
            "requestInputId": placed["uuid"],
            "requestUid": placed["requestUid"],
            "isPreliminary": False,
            "signedUrl": answer["signedUrl"],
            "expiresAt": answer["expiresAt"],
            "created": answer["created"],
        }
        assert annotation in answer["signedUrl"]
        assert answer["expiresAt"] > answer["created"]
        metadata = download(answer["signedUrl"])["openlabel"]["metadata"]
        assert metadata == {"schema_version": "1.0.0", "kognic_format_version": "2.2", "uuid": annotation}

    def test_preliminary(self, api: Api) -> None:
        """A judgement stays preliminary, also when the same work has been delivered since."""
        uuid = api.place()["uuid"]
        judgement = api.sandbox.control.complete_task(uuid, cuboid_document())
        api.post(f"/v1/annotations/{judgement}/review", {"accepted": True})

        answer = api.get(f"/v1/annotations/{judgement}")
        [delivered] = api.get(f"/v2/scenes/{answer['sceneId']}/annotations")

        assert answer["isPreliminary"] is True
        content, final = download(answer["signedUrl"]), download(delivered["uri"])
        assert content["openlabel"]["metadata"]["uuid"] == judgement
        assert final["openlabel"]["metadata"]["uuid"] != judgement
        assert cuboid(content) == cuboid(final)

    def test_iso(self, api: Api) -> None:
        """With isoBoxes the cuboids have heading 0 along +x."""
        _, annotation = deliver(api)

        plain = download(api.get(f"/v1/annotations/{annotation}?isoBoxes=false")["signedUrl"])
        turned = download(api.get(f"/v1/annotations/{annotation}?isoBoxes=true")["signedUrl"])

        assert cuboid(plain) == [1, 2, 3, 0, 0, 0, 1, 1.8, 4.1, 1.4]
        assert cuboid(turned) == pytest.approx([1, 2, 3, 0, 0, HALF, HALF, 4.1, 1.8, 1.4])
        box = plain["openlabel"]["frames"]["0"]["objects"]
        assert [one["object_data"]["bbox"] for one in box.values()] == [
            one["object_data"]["bbox"] for one in turned["openlabel"]["frames"]["0"]["objects"].values()
        ]

    def test_iso_of_any_rotation(self, api: Api) -> None:
        """The documented table: the rotation times a quarter turn about z, sizes exchanged."""
        qx, qy, qz, qw = 0.1, -0.5, 0.3, math.sqrt(1 - 0.01 - 0.25 - 0.09)
        uuid = api.place()["uuid"]
        document = cuboid_document((9, 8, 7, qx, qy, qz, qw, 2, 5, 3))
        annotation = api.sandbox.control.deliver_annotation(uuid, document)

        turned = cuboid(download(api.get(f"/v1/annotations/{annotation}?isoBoxes=true")["signedUrl"]))

        rotation = [HALF * (qx + qy), HALF * (qy - qx), HALF * (qz + qw), HALF * (qw - qz)]
        assert turned == pytest.approx([9, 8, 7, *rotation, 5, 2, 3])

    def test_unknown(self, api: Api) -> None:
        """404."""
        assert api.refuse("GET", f"/v1/annotations/{UNKNOWN}", 404) == f"There is no annotation {UNKNOWN}"

    def test_expired_url(self, api: Api) -> None:
        """A download URL lives as long as it says."""
        _, annotation = deliver(api)
        api.sandbox.control.tune(url_lifetime=0)

        answer = requests.get(api.get(f"/v1/annotations/{annotation}")["signedUrl"], timeout=10)

        assert answer.status_code == 403
        assert "<Code>ExpiredToken</Code>" in answer.text


class TestByInputAndScene:
    """`GET /v2/inputs/{uuid}/annotation`, `GET /v2/scenes/{uuid}/annotations`"""

    def test_answers(self, api: Api) -> None:
        """One annotation per input, one per input of a scene."""
        request = api.sandbox.control.create_request("sandbox-project", "batch-1")
        placed, _ = deliver(api)
        other = api.place(placed["sceneUuid"], requestUuid=request)
        assert "has no annotation" in api.refuse("GET", f"/v2/inputs/{other['uuid']}/annotation", 404)
        api.sandbox.control.deliver_annotation(other["uuid"], cuboid_document())

        one = api.get(f"/v2/inputs/{placed['uuid']}/annotation?useDefaultCartesian=true")
        all_of_scene = api.get(f"/v2/scenes/{placed['sceneUuid']}/annotations?useDefaultCartesian=true")

        assert one == {
            "inputUuid": placed["uuid"],
            "sceneUuid": placed["sceneUuid"],
            "requestUid": placed["requestUid"],
            "created": one["created"],
            "uri": one["uri"],
        }
        assert [item["inputUuid"] for item in all_of_scene] == [placed["uuid"], other["uuid"]]
        assert cuboid(download(one["uri"]))[7:] == [4.1, 1.8, 1.4]
        assert cuboid(download(all_of_scene[1]["uri"]))[7:] == [4.1, 1.8, 1.4]

    def test_redelivery_replaces(self, api: Api) -> None:
        """At most one delivered annotation per input."""
        placed, first = deliver(api)
        second = api.sandbox.control.deliver_annotation(placed["uuid"], cuboid_document())

        [found] = api.get(f"/v2/scenes/{placed['sceneUuid']}/annotations")

        assert second in found["uri"]
        api.refuse("GET", f"/v1/annotations/{first}", 404)

    def test_unknown(self, api: Api) -> None:
        """404 for what does not exist; an empty list for a scene without annotations."""
        api.refuse("GET", f"/v2/inputs/{UNKNOWN}/annotation", 404)
        api.refuse("GET", f"/v2/scenes/{UNKNOWN}/annotations", 404)
        assert api.get(f"/v2/scenes/{api.create()}/annotations") == []


class TestByType:
    """Annotation types of requests."""

    @pytest.fixture
    def typed(self, api: Api) -> dict[str, str]:
        """Two requests with an annotation type each, in two batches; request UUID by type."""
        control = api.sandbox.control
        control.create_project("typed", annotation_types=["signs", "objects", "QA"])
        requests_of = {}
        for batch, name in (("b1", "signs"), ("b2", "objects")):
            control.create_batch("typed", batch)
            requests_of[name] = control.create_request("typed", batch, annotation_types=[name])
        return requests_of

    def test_search(self, api: Api, typed: dict[str, str]) -> None:
        """By project, by project and batch; preliminary ones are not found."""
        signs, _ = deliver(api, requestUuid=typed["signs"])
        objects, _ = deliver(api, requestUuid=typed["objects"])
        unfinished = api.place(api.create(), requestUuid=typed["signs"])
        api.sandbox.control.complete_task(unfinished["uuid"], cuboid_document())
        path = "/v1/annotations/projects/typed"

        [item] = api.get(f"{path}/annotation-type/signs/search")
        [other] = api.get(f"{path}/batch/b2/annotation-type/objects/search?useDefaultCartesian=true")

        assert item == {
            "inputUuid": signs["sceneUuid"],
            "annotationType": "signs",
            "created": item["created"],
            "uri": item["uri"],
        }
        assert other["inputUuid"] == objects["sceneUuid"]
        assert cuboid(download(other["uri"]))[7:] == [4.1, 1.8, 1.4]
        assert api.get(f"{path}/batch/b1/annotation-type/objects/search") == []
        assert api.get(f"{path}/annotation-type/QA/search") == []

    def test_unknown_type(self, api: Api, typed: dict[str, str]) -> None:
        """The documented text."""
        message = api.refuse("GET", "/v1/annotations/projects/typed/annotation-type/lanes/search", 400)

        assert message == (
            "Validation failed: Invalid annotation type sent: lanes. "
            "Allowed values in project: [signs, objects, QA]"
        )
        api.refuse("GET", "/v1/annotations/projects/none/annotation-type/signs/search", 404)
        api.refuse("GET", "/v1/annotations/projects/typed/batch/none/annotation-type/signs/search", 404)

    def test_by_scene(self, api: Api, typed: dict[str, str]) -> None:
        """The content is inline."""
        placed, annotation = deliver(api, requestUuid=typed["signs"])
        path = f"/v1/annotations/inputs/{placed['sceneUuid']}/annotation-type"

        answer = api.get(f"{path}/signs")

        assert (answer["inputUuid"], answer["annotationType"]) == (placed["sceneUuid"], "signs")
        assert answer["isPreliminary"] is False
        assert answer["content"]["openlabel"]["metadata"]["uuid"] == annotation
        assert cuboid(api.get(f"{path}/signs?useDefaultCartesian=true")["content"])[7:] == [4.1, 1.8, 1.4]
        api.refuse("GET", f"{path}/objects", 404)
        api.refuse("GET", f"{path}/none", 404)
        api.refuse("GET", f"/v1/annotations/inputs/{UNKNOWN}/annotation-type/signs", 404)

    def test_pages(self) -> None:
        """Cursors of this call are text."""
        with Sandbox(page_size=2) as sandbox:
            api = Api(sandbox, sandbox.credentials)
            api.login()
            scenes = [deliver(api)[0]["sceneUuid"] for _ in range(3)]
            path = "/v1/annotations/projects/sandbox-project/annotation-type/signs/search"

            first = api.send("GET", path).json()
            cursor = first["metadata"]["nextCursorId"]
            second = api.send("GET", f"{path}?cursorId={quote(cursor)}").json()

            assert isinstance(cursor, str)
            assert [item["inputUuid"] for item in first["data"] + second["data"]] == scenes
            assert second["metadata"]["nextCursorId"] is None


def test_given_id_and_time(api: Api) -> None:
    """The handle can deliver under a given id, as of a given time."""
    uuid = api.place()["uuid"]
    wanted = "11111111-2222-4333-8444-555555555555"
    moment = datetime(2024, 5, 6, 7, 8, 9, 10, tzinfo=UTC)

    made = api.sandbox.control.deliver_annotation(
        uuid, cuboid_document(), annotation_uuid=wanted, created=moment
    )

    assert made == wanted
    assert api.get(f"/v1/annotations/{wanted}")["created"] == "2024-05-06T07:08:09.000010Z"
