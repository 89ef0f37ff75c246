"""Scenes from scene requests; finding, importing, reindexing, invalidating scenes."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from kognic.sandbox import Sandbox
from tests.sandbox.protocol import (
    MS,
    POSE,
    T0,
    Api,
    csv_cloud,
    cuboid_document,
    imu,
    jpeg,
    sequence_frame,
)

UNKNOWN = "00000000-0000-0000-0000-000000000000"
BUCKET = "s3://bucket"


def frame(
    index: int, *, image: dict[str, Any] | None = None, cloud: dict[str, Any] | None = None
) -> dict[str, Any]:
    one: dict[str, Any] = {"id": str(index), "timestampNs": T0 + index * 500 * MS}
    if image is not None:
        one["images"] = [{"resource": {"sensorName": "FRONT", **image}}]
    if cloud is not None:
        one["pointClouds"] = {"resources": [{"sensorName": "ROOF", **cloud}], "egoVehiclePose": POSE}
    return one


def local(name: str) -> dict[str, Any]:
    return {"localFilename": name}


def external(name: str) -> dict[str, Any]:
    return {"externalResourceUri": f"{BUCKET}/{name}"}


def request_of(api: Api, frames: list[dict[str, Any]], **parts: Any) -> dict[str, Any]:
    specification = {"frames": frames, **parts.pop("specification", {})}
    return {
        "workspaceId": api.workspace,
        "externalId": "pier-1",
        "convertedSpecification": specification,
        **parts,
    }


def indexed(api: Api, count: int = 2) -> str:
    """A scene whose data stays elsewhere."""
    frames = [frame(i, image=external(f"f{i}.jpg")) for i in range(count)]
    body = request_of(api, frames, postponeExternalResourceImport=True)
    return str(api.post("/v2/scenes", body)["id"])


class TestCreate:
    """`POST /v2/scenes`"""

    def test_local_files(self, api: Api) -> None:
        """Each distinct file gets a URL under the name it was sent with; the commit completes the scene."""
        frames = [
            frame(0, image=local("pier/f0.jpg"), cloud=local("pier/r0.csv")),
            frame(1, image=local("pier/f0.jpg")),
        ]
        made = api.post("/v2/scenes", request_of(api, frames, calibrationId=api.calibration()))
        urls = dict(made["signedUploadUrls"])
        assert [name for name, _ in made["signedUploadUrls"]] == ["pier/f0.jpg", "pier/r0.csv"]
        assert api.status(made["id"]) == "pending"

        api.upload(urls, {"pier/f0.jpg": jpeg(), "pier/r0.csv": csv_cloud()})
        api.commit(made["id"])
        api.settle()

        scene = api.scene(made["id"])
        assert (scene["status"], scene["sceneType"]) == ("created", "lidars_and_cameras_sequence")
        assert api.sandbox.control.stored_bytes(made["id"], "pier/f0.jpg") == jpeg()
        assert api.get(f"/v2/scenes/{made['id']}")["frameRelativeTimes"] == [0, 500]

    def test_external_files(self, api: Api) -> None:
        """Without local files nothing is uploaded or committed; the platform processes the scene."""
        made = api.post("/v2/scenes", request_of(api, [frame(0, image=external("f0.jpg"))]))

        assert made["signedUploadUrls"] == []
        api.settle()
        assert api.scene(made["id"])["sceneType"] == "cameras"
        assert api.status(made["id"]) == "created"

    def test_both_kinds(self, api: Api) -> None:
        """The commit covers the local part; until then the scene is pending."""
        frames = [frame(0, image=local("f0.jpg")), frame(1, image=external("f1.jpg"))]
        made = api.post("/v2/scenes", request_of(api, frames))
        api.settle()
        assert api.status(made["id"]) == "pending"

        api.upload(dict(made["signedUploadUrls"]), {"f0.jpg": jpeg()})
        api.commit(made["id"])
        api.settle()

        assert api.status(made["id"]) == "created"

    def test_both_kinds_postponed(self, api: Api) -> None:
        """A postponed import waits for both the commit and the wish to import."""
        frames = [frame(0, image=local("f0.jpg")), frame(1, image=external("f1.jpg"))]
        made = api.post("/v2/scenes", request_of(api, frames, postponeExternalResourceImport=True))
        api.upload(dict(made["signedUploadUrls"]), {"f0.jpg": jpeg()})
        api.commit(made["id"])
        api.settle()
        assert api.status(made["id"]) == "indexed"

        api.call("PATCH", f"/v2/scenes/{made['id']}", json={"status": "created"})
        api.settle()

        assert api.status(made["id"]) == "created"

    @pytest.mark.parametrize(("flag", "expected"), [(None, True), (True, True), (False, False)])
    def test_motion_compensation(self, api: Api, flag: bool | None, expected: bool) -> None:
        """It is on unless switched off."""
        specification = {"imuData": external("imu.json")}
        if flag is not None:
            specification["shouldMotionCompensate"] = flag
        frames = [frame(0, image=external("f.jpg"), cloud=external("r.las"))]
        body = request_of(api, frames, calibrationId=api.calibration(), specification=specification)

        uuid = api.post("/v2/scenes", body)["id"]

        assert api.get(f"/v2/scenes/{uuid}")["isMotionCompensated"] is expected

    def test_known_cloud_files_are_checked(self, api: Api) -> None:
        """Files in a customer's cloud that the sandbox knows are checked like uploaded ones."""
        api.sandbox.control.put_cloud_file(f"{BUCKET}/f0.jpg", b"no image")

        uuid = api.post("/v2/scenes", request_of(api, [frame(0, image=external("f0.jpg"))]))["id"]
        api.settle()

        assert api.status(uuid) == "failed"
        assert f"{BUCKET}/f0.jpg" in api.scene(uuid)["errorMessage"]

    def test_known_imu_file(self, api: Api) -> None:
        """An IMU file in the cloud is compared with the frames."""
        samples = json.dumps(imu(last=T0 - 50 * MS)).encode()
        api.sandbox.control.put_cloud_file(f"{BUCKET}/imu.json", samples)
        frames = [frame(0, image=external("f.jpg"), cloud=external("r.las"))]
        specification = {"imuData": external("imu.json")}
        body = request_of(api, frames, calibrationId=api.calibration(), specification=specification)

        uuid = api.post("/v2/scenes", body)["id"]
        api.settle()

        assert "outside the imu data" in api.scene(uuid)["errorMessage"]

    def test_strict_cloud(self) -> None:
        """A sandbox may insist on knowing every file."""
        with Sandbox(strict_cloud=True) as sandbox:
            api = Api(sandbox, sandbox.credentials)
            api.login()
            uuid = api.post("/v2/scenes", request_of(api, [frame(0, image=external("f0.jpg"))]))["id"]
            api.settle()

            message = f"External resources could not be copied: {BUCKET}/f0.jpg"
            assert (api.status(uuid), api.scene(uuid)["errorMessage"]) == ("failed", message)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"workspaceId": None}, "workspaceId: Field required"),
            ({"convertedSpecification": {"frames": []}}, "frames: List should have at least 1 item"),
            ({"convertedSpecification": {"frames": [frame(0)]}}, "a frame needs images or point clouds"),
            (
                {"convertedSpecification": {"frames": [frame(0, image={**local("a"), **external("a")})]}},
                "exactly one of localFilename and externalResourceUri",
            ),
            (
                {"convertedSpecification": {"frames": [frame(0, image={})]}},
                "exactly one of localFilename and externalResourceUri",
            ),
            (
                {
                    "convertedSpecification": {
                        "frames": [frame(1, image=local("a.jpg")), frame(0, image=local("b.jpg"))]
                    }
                },
                "relativeTimestamp must increase",
            ),
            (
                {
                    "convertedSpecification": {
                        "frames": [frame(0, image=local("a.jpg"), cloud=local("a.las"))]
                    }
                },
                "calibrationId is required",
            ),
            ({"calibrationId": "none"}, "There is no calibration none"),
        ],
    )
    def test_refused(self, api: Api, change: dict[str, Any], message: str) -> None:
        """What breaks a rule is answered with 400 and the place."""
        body = {**request_of(api, [frame(0, image=local("a.jpg"))]), **change}
        body = {key: value for key, value in body.items() if value is not None}

        found = api.refuse("POST", "/v2/scenes", 400, json=body)

        assert found.startswith("Validation failed: ")
        assert message in found

    def test_shutter_times(self, api: Api) -> None:
        """The start of the shutter lies before its end."""
        one = frame(0, image=local("a.jpg"))
        one["images"][0]["metadata"] = {"startShutterTimestampNs": T0, "endShutterTimestampNs": T0}

        found = api.refuse("POST", "/v2/scenes", 400, json=request_of(api, [one]))

        assert "startShutterTimestampNs must be less than endShutterTimestampNs" in found
        one["images"][0]["metadata"]["endShutterTimestampNs"] += 1
        assert api.post("/v2/scenes", request_of(api, [one]))["id"]

    def test_unknown_workspace(self, api: Api) -> None:
        """The workspace of the request counts."""
        body = {**request_of(api, [frame(0, image=local("a.jpg"))]), "workspaceId": UNKNOWN}

        assert api.refuse("POST", "/v2/scenes", 404, json=body) == f"There is no workspace {UNKNOWN}"


class TestIndexed:
    """Scenes whose data still lives in the customer's cloud."""

    def test_import(self, api: Api) -> None:
        """Importing goes through pending to created."""
        uuid = indexed(api)
        assert api.status(uuid) == "indexed"

        with api.sandbox.control.held():
            api.call("PATCH", f"/v2/scenes/{uuid}", json={"status": "created"})
            assert api.status(uuid) == "pending"
            api.call("PATCH", f"/v2/scenes/{uuid}", json={"status": "created"})
        api.settle()

        assert api.status(uuid) == "created"

    def test_reindex(self, api: Api) -> None:
        """Reindexing undoes the import and keeps the inputs; importing again is possible."""
        uuid = indexed(api)
        api.call("PATCH", f"/v2/scenes/{uuid}", json={"status": "created"})
        api.settle()
        placed = api.place(uuid)

        api.call("PATCH", f"/v2/scenes/{uuid}", json={"status": "indexed"})

        assert api.status(uuid) == "indexed"
        assert [one["uuid"] for one in api.post("/v2/inputs/query", {})] == [placed["uuid"]]
        api.call("PATCH", f"/v2/scenes/{uuid}", json={"status": "created"})
        api.settle()
        assert api.status(uuid) == "created"

    def test_input_forces_the_import(self, api: Api) -> None:
        """An input of an indexed scene imports scene and pre-annotation, and is listed after that."""
        uuid = indexed(api)
        pre_annotation = api.post(
            "/v2/pre-annotations",
            {
                "sceneUuid": uuid,
                "externalId": "p",
                "externalResourceId": f"{BUCKET}/p.json",
                "postponeExternalResourceImport": True,
            },
        )["id"]

        placed = api.place(uuid, preAnnotationUuid=pre_annotation, projectExtId="sandbox-project")
        api.settle()

        assert api.status(uuid) == "created"
        assert [one["uuid"] for one in api.post("/v2/inputs/query", {})] == [placed["uuid"]]
        [listed] = api.send("GET", f"/v2/pre-annotations?uuids={pre_annotation}").json()["data"]
        assert listed["status"] == "available"

    def test_refused(self, api: Api) -> None:
        """What has no external part cannot be reindexed; a failed scene cannot be imported."""
        uuid = api.create()
        failed = api.create("cameras", {"c0.jpg": b"x"})

        created = api.refuse("PATCH", f"/v2/scenes/{uuid}", 400, json={"status": "indexed"})
        assert "has no external resources" in created
        assert "is failed" in api.refuse("PATCH", f"/v2/scenes/{failed}", 400, json={"status": "created"})
        assert "is failed" in api.refuse("PATCH", f"/v2/scenes/{failed}", 400, json={"status": "indexed"})
        assert "status" in api.refuse("PATCH", f"/v2/scenes/{uuid}", 400, json={"status": "failed"})
        api.refuse("PATCH", f"/v2/scenes/{UNKNOWN}", 404, json={"status": "created"})


class TestFind:
    """Queries, summaries, ego poses."""

    def test_order_and_duplicates(self, api: Api) -> None:
        """Scenes come in the order asked for; all that share an external id are found."""
        first, second = api.create(externalId="same"), api.create(externalId="same")
        third = api.create(externalId="other")

        by_uuid = api.post("/v2/scenes/query", {"sceneUuids": [third, first, third]})
        by_name = api.post("/v2/scenes/query", {"externalIds": ["other", "same"]})

        assert [one["uuid"] for one in by_uuid] == [third, first]
        assert [one["uuid"] for one in by_name] == [third, first, second]

    @pytest.mark.parametrize(
        ("body", "status", "message"),
        [
            ({"sceneUuids": [UNKNOWN]}, 404, f"There is no scene with uuid {UNKNOWN}"),
            ({"externalIds": ["none"]}, 404, "There is no scene with external id none"),
            ({}, 400, "exactly one of sceneUuids and externalIds"),
            ({"sceneUuids": [], "externalIds": []}, 400, "exactly one of sceneUuids and externalIds"),
            ({"sceneUuids": "x"}, 400, "sceneUuids"),
        ],
    )
    def test_refused(self, api: Api, body: dict[str, Any], status: int, message: str) -> None:
        """One unknown scene is enough for 404."""
        assert message in api.refuse("POST", "/v2/scenes/query", status, json=body)

    def test_empty_list(self, api: Api) -> None:
        """Nothing asked, nothing found."""
        assert api.post("/v2/scenes/query", {"sceneUuids": []}) == []

    def test_many(self, api: Api) -> None:
        """Any number of UUIDs, also beyond what one statement of the database may hold."""
        known = api.create()
        many = [known, *(f"u{i}" for i in range(40_000))]

        message = api.refuse("POST", "/v2/scenes/query", 404, json={"sceneUuids": many})

        assert message == "There is no scene with uuid u0, u1, u2, u3, u4"
        assert api.post("/v2/inputs/query", {"sceneUuids": many, "externalIds": many}) == []
        assert api.post("/v1/inputs/query", {"uuids": many}) == []

    def test_summary(self, api: Api) -> None:
        """What a scene is made of."""
        body = {
            "frames": [sequence_frame(0, relativeTimestamp=40), sequence_frame(1)],
            "metadata": {"lane": 2},
        }
        uuid = api.create("lidars-and-cameras-sequence", **body)

        summary = api.get(f"/v2/scenes/{uuid}")

        assert summary == {
            "sceneUuid": uuid,
            "externalId": api.scene(uuid)["externalId"],
            "workspaceId": api.workspace,
            "created": api.scene(uuid)["created"],
            "calibrationId": api.scene(uuid)["calibrationId"],
            "frameRelativeTimes": [40, 100],
            "lidars": ["ROOF"],
            "cameras": ["FRONT"],
            "sceneType": "lidars_and_cameras_sequence",
            "isMultiSensor": True,
            "isMotionCompensated": False,
            "metadata": {"lane": 2},
        }

    def test_ego_poses(self, api: Api) -> None:
        """404 without poses and for unknown scenes."""
        cameras = api.create()

        assert (
            api.refuse("GET", f"/v2/scenes/{cameras}/ego-poses", 404) == f"Scene {cameras} has no ego poses"
        )
        api.refuse("GET", f"/v2/scenes/{UNKNOWN}/ego-poses", 404)
        lidars = api.create("lidars-sequence")
        assert api.get(f"/v2/scenes/{lidars}/ego-poses") == {"poses": {"frame-0": POSE, "frame-1": POSE}}

    def test_other_workspaces_are_invisible(self, api: Api) -> None:
        """What a user has no role for does not exist for it."""
        uuid = api.create()
        stranger = Api(api.sandbox, api.sandbox.control.create_user("stranger@sandbox.invalid"))
        stranger.login()

        for method, path, body in (
            ("POST", "/v2/scenes/query", {"sceneUuids": [uuid]}),
            ("GET", f"/v2/scenes/{uuid}", None),
            ("PATCH", f"/v2/scenes/{uuid}", {"status": "indexed"}),
            ("POST", f"/v1/inputs/{uuid}/actions/commit", None),
            ("POST", "/v2/scenes/actions/invalidate", {"sceneUuids": [uuid], "reason": "duplicate"}),
        ):
            stranger.refuse(method, path, 404, json=body)
        assert stranger.get("/v1/workspaces") == []


class TestInvalidate:
    """`POST /v2/scenes/actions/invalidate`"""

    @pytest.mark.parametrize(
        ("reason", "status"),
        [
            ("bad-content", "invalidated:broken-input"),
            ("duplicate", "invalidated:duplicate"),
            ("incorrectly-created", "invalidated:incorrectly-created"),
        ],
    )
    def test_effects(self, api: Api, reason: str, status: str) -> None:
        """Scene, inputs and annotations are gone from use; the scene is still found by UUID."""
        uuid = api.create()
        placed = api.place(uuid)
        annotation = api.sandbox.control.deliver_annotation(placed["uuid"], cuboid_document())

        api.post("/v2/scenes/actions/invalidate", {"sceneUuids": [uuid], "reason": reason})

        assert api.status(uuid) == status
        assert api.post("/v2/inputs/query", {"sceneUuids": [uuid]}) == []
        api.refuse("GET", f"/v1/annotations/{annotation}", 404)
        api.refuse("GET", f"/v2/inputs/{placed['uuid']}/annotation", 404)
        api.refuse("GET", f"/v2/request-inputs/{placed['uuid']}", 404)
        assert api.get(f"/v2/scenes/{uuid}/annotations") == []
        assert "is invalidated" in api.refuse("GET", f"/v2/scenes/{uuid}", 404)
        for flag in ("True", "true", "TRUE"):
            assert api.get(f"/v2/scenes/{uuid}?includeInvalidated={flag}")["sceneUuid"] == uuid

    def test_final(self, api: Api) -> None:
        """The first reason stays, and nothing brings the scene back."""
        uuid = api.create()
        for reason in ("duplicate", "bad-content"):
            api.post("/v2/scenes/actions/invalidate", {"sceneUuids": [uuid], "reason": reason})

        assert api.status(uuid) == "invalidated:duplicate"
        assert "invalidated" in api.refuse("POST", f"/v1/inputs/{uuid}/actions/commit", 400)
        body = {"sceneUuid": uuid, "projectExtId": "sandbox-project"}
        assert "invalidated" in api.refuse("POST", "/v2/inputs", 400, json=body)

    def test_while_processing(self, api: Api) -> None:
        """A scene that is invalidated while it is processed stays so."""
        body = api.body("cameras")
        made = api.post(f"/v1/inputs/cameras?workspaceId={api.workspace}", body)
        api.upload(made["files"], {"c0.jpg": jpeg()})
        with api.sandbox.control.held():
            api.commit(made["internalId"])
            api.post(
                "/v2/scenes/actions/invalidate", {"sceneUuids": [made["internalId"]], "reason": "duplicate"}
            )
        api.settle()

        assert api.status(made["internalId"]) == "invalidated:duplicate"

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ({"sceneUuids": [UNKNOWN], "reason": "duplicate"}, 404),
            ({"sceneUuids": [], "reason": "duplicate"}, 400),
            ({"sceneUuids": [UNKNOWN], "reason": "slam-rerun"}, 400),
            ({"sceneUuids": [UNKNOWN]}, 400),
        ],
    )
    def test_refused(self, api: Api, body: dict[str, Any], status: int) -> None:
        """Unknown scenes and reasons."""
        api.refuse("POST", "/v2/scenes/actions/invalidate", status, json=body)


def test_upload_url_needs_no_token(api: Api) -> None:
    """A signed URL is all that an upload takes."""
    made = api.post("/v2/scenes", request_of(api, [frame(0, image=local("a.jpg"))]))

    answer = requests.put(dict(made["signedUploadUrls"])["a.jpg"], data=jpeg(), timeout=10)

    assert answer.status_code == 200
    assert "Authorization" not in answer.request.headers
