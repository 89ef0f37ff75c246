"""Projects, batches, annotation types, requests."""

from __future__ import annotations

from tests.sandbox.protocol import Api

PROJECT = "/v1/projects/sandbox-project"


def test_projects(api: Api) -> None:
    """All fields are there and are text."""
    api.sandbox.control.create_project("second", title="Second", description="More")

    first, second = api.get("/v1/projects")

    assert {key: second[key] for key in ("project", "title", "description", "status")} == {
        "project": "second",
        "title": "Second",
        "description": "More",
        "status": "active",
    }
    assert first["project"] == "sandbox-project"
    assert all(isinstance(value, str) for value in first.values())


def test_create_and_publish(api: Api) -> None:
    """A new batch is open, has the annotation types of the latest one, and a request of its own."""
    created = api.post(f"{PROJECT}/batches/b2", {"publishPreviousBatches": False})
    assert (created["project"], created["batch"], created["status"]) == ("sandbox-project", "b2", "open")
    assert created["title"]

    published = api.post(f"{PROJECT}/batches/b2/publish")

    assert published["status"] == "ready"
    assert published["updated"] >= published["created"]
    assert api.post(f"{PROJECT}/batches/b2/publish") == published, "publishing again changes nothing"
    assert [one["batch"] for one in api.get(f"{PROJECT}/batches")] == ["batch-1", "b2"]


def test_new_batch_gets_a_request_like_the_last(api: Api) -> None:
    """Workflow and workforce are taken over; the phases are the new request's own."""
    before = api.place()
    api.post(f"{PROJECT}/batches/b2", {})
    after = api.place(projectExtId="sandbox-project", batchExtId="b2")
    assert before["requestUid"] != after["requestUid"]

    stages = [
        api.request_input(one["uuid"])["progressDetails"]["currentWorkflowStage"]["phase"]
        for one in (before, after)
    ]

    assert stages[0]["phaseDefinition"] == stages[1]["phaseDefinition"]
    assert stages[0]["id"] != stages[1]["id"]


def test_publish_previous(api: Api) -> None:
    """publishPreviousBatches publishes every other open batch of the project."""
    api.post(f"{PROJECT}/batches/b2", {})

    api.post(f"{PROJECT}/batches/b3", {"publishPreviousBatches": True})

    statuses = {one["batch"]: one["status"] for one in api.get(f"{PROJECT}/batches")}
    assert statuses == {"batch-1": "ready", "b2": "ready", "b3": "open"}


def test_refused(api: Api) -> None:
    """Existing names are 400, unknown ones 404."""
    existing = api.refuse("POST", f"{PROJECT}/batches/batch-1", 400, json={})
    assert existing == "Project sandbox-project already has a batch batch-1"
    wrong = api.refuse("POST", f"{PROJECT}/batches/b2", 400, json={"publishPreviousBatches": "yes"})
    assert "publishPreviousBatches" in wrong
    api.refuse("POST", "/v1/projects/none/batches/b", 404, json={})
    api.refuse("GET", "/v1/projects/none/batches", 404)
    api.refuse("POST", f"{PROJECT}/batches/none/publish", 404)


def test_annotation_types(api: Api) -> None:
    """Those of a project may include QA, those of a batch never do."""
    control = api.sandbox.control
    control.create_project("typed", annotation_types=["objects", "QA"])
    control.create_batch("typed", "b")

    assert api.get("/v1/projects/typed/annotation-types") == ["objects", "QA"]
    assert api.get("/v1/projects/typed/batches/b/annotation-types") == ["objects"]
    api.refuse("GET", "/v1/projects/none/annotation-types", 404)
    api.refuse("GET", "/v1/projects/typed/batches/none/annotation-types", 404)


def test_requests(api: Api) -> None:
    """Requests of a project by UUID, with counts when asked for."""
    control = api.sandbox.control
    project = control.create_project("counted")
    control.create_batch("counted", "b")
    wanted = control.create_request("counted", "b", title="Boxes")
    control.create_request("counted", "b", title="Not ours", member_ids=[99])
    inputs = [api.place(requestUuid=wanted) for _ in range(3)]
    control.start_task(inputs[0]["uuid"])
    control.deliver_annotation(inputs[1]["uuid"])

    [plain] = api.get(f"/v2/requests?projectId={project}")
    [counted] = api.get(f"/v2/requests?projectId={project}&includeInputProgressCounts=true")

    assert (plain["id"], plain["projectId"], plain["title"]) == (wanted, project, "Boxes")
    assert "inputProgressCounts" not in plain
    counts = {"notStarted": 1, "inProgress": 1, "completed": 1, "total": 3}
    assert counted["inputProgressCounts"] == counts


def test_requests_refused(api: Api) -> None:
    """An unknown project is 404, none is 400."""
    api.refuse("GET", "/v2/requests?projectId=none", 404)
    api.refuse("GET", "/v2/requests", 400)
    project = api.sandbox.control.create_project("p")
    path = f"/v2/requests?projectId={project}&includeInputProgressCounts=perhaps"
    assert "includeInputProgressCounts" in api.refuse("GET", path, 400)
