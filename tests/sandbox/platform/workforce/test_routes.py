"""The platform's own calls by which annotation work gets done."""

from __future__ import annotations

from typing import Any

from tests.sandbox.protocol import Api, cuboid_document


def request_of(api: Api, uuid: str) -> dict[str, Any]:
    """The internal form of a request, as the tools find it."""
    for number in range(1, 5):
        answer = api.send("GET", f"/v1/projects/{number}/requests/shallow")
        for one in answer.json()["data"] if answer.ok else ():
            if one["uuid"] == uuid:
                return dict(one)
    raise AssertionError(f"no project lists request {uuid}")


def test_work_from_members_to_judgement(api: Api) -> None:
    """Add a member, find the task, assign it, complete it."""
    placed = api.place()
    request = request_of(api, placed["requestUid"])
    assert request["inputBatchExternalId"] == "batch-1"
    number = request["id"]
    member = {
        "userId": 42,
        "responsibility": "annotate",
        "workflowStages": [],
        "state": "production",
        "autoAssign": False,
    }

    api.post(f"/v1/requests/{number}/members", [member])
    assert {one["user"]["userId"] for one in api.get(f"/v1/requests/{number}/members")} == {1, 42}
    [task] = api.get(f"/v1/orchestration/assignments?requestId={number}")
    assert (task["requestInputUuid"], task["taskAction"], task["status"]) == (
        placed["uuid"],
        "annotate",
        "todo",
    )
    assert "assignment" not in task
    assigned = api.post(f"/v1/orchestration/tasks/{task['taskId']}/actions/assign", {"toUserId": 42})
    [task] = api.get(f"/v1/orchestration/assignments?requestId={number}")
    assert task["assignment"]["uuid"] == assigned["uuid"]
    revision = api.get(f"/v1/request/{number}")
    assert revision.keys() == {
        "taskDefinitionId",
        "taskDefinitionRevisionId",
        "guidelineId",
        "guidelineRevisionId",
    }
    done = api.post(
        f"/v1/assignment/{task['assignment']['id']}/complete",
        {"requestRevision": revision, "content": cuboid_document()},
    )

    answer = api.request_input(placed["uuid"])
    assert answer["lastCompletedAnnotationId"] == done["judgementUuid"]
    assert answer["progressDetails"]["availableForIntegrationReview"] is True
    api.call("DELETE", f"/v1/requests/{number}/members", json={"userIds": [42]}, status=204)
    assert [one["user"]["userId"] for one in api.get(f"/v1/requests/{number}/members")] == [1]


def test_empty_content(api: Api) -> None:
    """Tools may complete a task with nothing."""
    placed = api.place()
    number = request_of(api, placed["requestUid"])["id"]
    [task] = api.get(f"/v1/orchestration/assignments?requestId={number}")
    api.post(f"/v1/orchestration/tasks/{task['taskId']}/actions/assign", {"toUserId": 1})

    done = api.post(f"/v1/assignment/{task['taskId']}/complete", {"requestRevision": {}, "content": {}})

    assert api.get(f"/v1/annotations/{done['judgementUuid']}")["isPreliminary"] is True


def test_refused(api: Api) -> None:
    """Unknown numbers are 404, what is malformed is 400."""
    placed = api.place()
    number = request_of(api, placed["requestUid"])["id"]
    [task] = api.get(f"/v1/orchestration/assignments?requestId={number}")
    path = f"/v1/requests/{number}/members"

    assert "userId" in api.refuse("POST", path, 400, json=[{"userId": "1"}])
    assert "array" in api.refuse("POST", path, 400, json={})
    assert "assigned to nobody" in api.refuse(
        "POST", f"/v1/assignment/{task['taskId']}/complete", 400, json={}
    )
    stranger = api.refuse(
        "POST", f"/v1/orchestration/tasks/{task['taskId']}/actions/assign", 400, json={"toUserId": 9}
    )
    assert "not a member" in stranger
    for unknown in ("9999", "x", "9" * 30):
        api.refuse("GET", f"/v1/requests/{unknown}/members", 404)
        api.refuse("GET", f"/v1/request/{unknown}", 404)
        api.refuse("GET", f"/v1/projects/{unknown}/requests/shallow", 404)
        api.refuse("POST", f"/v1/assignment/{unknown}/complete", 404, json={})
