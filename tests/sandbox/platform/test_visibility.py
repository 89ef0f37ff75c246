"""What exists and cannot be seen yet, as on the real platform."""

from __future__ import annotations

from tests.sandbox.protocol import Api, files_of

LONG = 3600.0


def test_a_new_scene_cannot_be_queried(api: Api) -> None:
    """404 to queries and invalidation after creation and commit; other calls know the scene."""
    api.sandbox.control.tune(scene_visibility_delay=LONG)
    body = api.body("cameras")
    made = api.post(f"/v1/inputs/cameras?workspaceId={api.workspace}", body)
    uuid = made["internalId"]
    query = {"sceneUuids": [uuid]}

    api.refuse("POST", "/v2/scenes/query", 404, json=query)
    api.refuse("POST", "/v2/scenes/query", 404, json={"externalIds": [body["externalId"]]})
    invalidate = {**query, "reason": "duplicate"}
    api.refuse("POST", "/v2/scenes/actions/invalidate", 404, json=invalidate)
    api.sandbox.platform.visibility.clear()
    assert api.status(uuid) == "pending"

    api.upload(made["files"], files_of(body))
    api.commit(uuid)
    api.refuse("POST", "/v2/scenes/query", 404, json=query)
    api.post("/v2/inputs", {"sceneUuid": uuid, "projectExtId": "sandbox-project"})
    api.sandbox.platform.visibility.clear()
    assert api.status(uuid) in ("processing", "created")


def test_visible_scenes_are_hidden_by_one_that_is_not(api: Api) -> None:
    """One unknown scene among others is 404 for all."""
    known = api.create()
    api.sandbox.control.tune(scene_visibility_delay=LONG)
    hidden = api.post(f"/v1/inputs/cameras?workspaceId={api.workspace}", api.body("cameras"))["internalId"]

    api.refuse("POST", "/v2/scenes/query", 404, json={"sceneUuids": [known, hidden]})
    assert api.status(known) == "created"


def test_appears_by_itself(api: Api) -> None:
    """Waiting for an idle platform waits for what is hidden, too."""
    api.sandbox.control.tune(scene_visibility_delay=0.05)
    made = api.post(f"/v1/inputs/cameras?workspaceId={api.workspace}", api.body("cameras"))
    api.settle()

    assert api.status(made["internalId"]) == "pending"


def test_the_request_of_a_new_batch_comes_later(api: Api) -> None:
    """Until it is there, requests are not listed, nothing can be placed, and the batch is there."""
    scene = api.create()
    project_uuid = api.get("/v1/projects")
    api.sandbox.control.tune(request_delay=LONG)
    api.post("/v1/projects/sandbox-project/batches/week-2", {"publishPreviousBatches": False})

    batches = [one["batch"] for one in api.get("/v1/projects/sandbox-project/batches")]
    assert batches == ["batch-1", "week-2"]
    body = {"sceneUuid": scene, "projectExtId": "sandbox-project", "batchExtId": "week-2"}
    assert "no request yet" in api.refuse("POST", "/v2/inputs", 400, json=body)
    both = {"sceneUuid": scene, "project": "sandbox-project", "batch": "week-2"}
    assert "no request yet" in api.refuse("POST", "/v1/inputs", 400, json=both)

    api.sandbox.platform.visibility.clear()
    assert api.post("/v2/inputs", body)["sceneUuid"] == scene
    assert project_uuid
