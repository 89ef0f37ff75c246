"""Request inputs and tasks."""

from __future__ import annotations

from typing import Any

import pytest

from kognic._core.run_errors import SandboxError
from tests.sandbox.protocol import Api, cuboid_document

UNKNOWN = "00000000-0000-0000-0000-000000000000"


def stage(answer: dict[str, Any]) -> dict[str, Any]:
    return dict(answer["progressDetails"]["currentWorkflowStage"])


def kind(answer: dict[str, Any]) -> str:
    return str(stage(answer)["phase"]["phaseDefinition"]["name"])


class TestLifeCycle:
    """From placed to delivered."""

    def test_new_input(self, api: Api) -> None:
        """A new input waits for its annotate task to be started."""
        placed = api.place()

        answer = api.request_input(placed["uuid"])

        assert answer["id"] == placed["uuid"]
        assert answer["requestId"] == placed["requestUid"]
        assert answer["sceneId"] == placed["sceneUuid"]
        assert answer["status"] == "not_started"
        assert not answer.keys() & {"completedAt", "lastCompletedAnnotationId"}
        assert stage(answer)["name"] == "Annotate: Annotate"
        assert kind(answer) == "annotate"
        details = answer["progressDetails"]
        assert details["availableForIntegrationReview"] is False
        task = {"taskId": details["currentTask"]["taskId"], "isOngoing": False, "taskType": "annotate"}
        assert details["currentTask"] == task

    def test_typical_workflow(self, api: Api) -> None:
        """annotate, integration review, delivery."""
        uuid = api.place()["uuid"]
        control = api.sandbox.control

        control.start_task(uuid)
        answer = api.request_input(uuid)
        assert answer["status"] == "in_progress"
        assert answer["progressDetails"]["currentTask"]["isOngoing"] is True

        judgement = control.complete_task(uuid, cuboid_document())
        answer = api.request_input(uuid)
        assert answer["lastCompletedAnnotationId"] == judgement
        assert (answer["status"], kind(answer)) == ("in_progress", "integration-review")
        assert answer["progressDetails"]["availableForIntegrationReview"] is True
        assert "currentTask" not in answer["progressDetails"]
        assert "action" not in stage(answer)
        assert stage(answer)["name"] == "Integration review"

        api.post(f"/v1/annotations/{judgement}/review", {"accepted": True})
        answer = api.request_input(uuid)
        assert (answer["status"], kind(answer)) == ("completed", "delivery")
        assert answer["completedAt"] >= answer["createdAt"]
        assert answer["progressDetails"]["availableForIntegrationReview"] is False

    def test_review_phase(self, api: Api) -> None:
        """A rejecting review leads to a correction, and that to another review."""
        request = api.sandbox.control.create_request(
            "sandbox-project", "batch-1", phases=["annotate", "review", "delivery"]
        )
        uuid = api.place(api.create(), requestUuid=request)["uuid"]
        control = api.sandbox.control
        tasks = []
        for accepted in (True, False, True, True):
            answer = api.request_input(uuid)
            tasks.append((stage(answer)["name"], answer["progressDetails"]["currentTask"]["taskType"]))
            control.complete_task(uuid, cuboid_document(), accepted=accepted)

        assert tasks == [
            ("Annotate: Annotate", "annotate"),
            ("Review 1: Review", "review"),
            ("Review 1: Correct", "correct"),
            ("Review 1: Review", "review"),
        ]
        assert api.request_input(uuid)["status"] == "completed"
        assert api.get(f"/v2/inputs/{uuid}/annotation")["inputUuid"] == uuid

    def test_phase_ids(self, api: Api) -> None:
        """A kind of phase has the same id in all requests, a phase an id of its own in each."""
        request = api.sandbox.control.create_request("sandbox-project", "batch-1")
        scene = api.create()
        first = stage(api.request_input(api.place(scene)["uuid"]))
        second = stage(api.request_input(api.place(scene, requestUuid=request)["uuid"]))

        assert first["phase"]["phaseDefinition"] == second["phase"]["phaseDefinition"]
        assert first["phase"]["id"] != second["phase"]["id"]
        assert first["action"] == second["action"]

    def test_progress_may_be_hidden(self, api: Api) -> None:
        """Callers who may not see the phase get no details."""
        uuid = api.place()["uuid"]
        api.sandbox.control.show_progress(uuid, False)

        assert "progressDetails" not in api.request_input(uuid)

    def test_advance(self, api: Api) -> None:
        """The handle moves an input on without work being done."""
        uuid = api.place()["uuid"]
        control = api.sandbox.control

        assert control.advance_workflow(uuid) == "integration-review"
        assert control.advance_workflow(uuid) == "delivery"
        assert api.request_input(uuid)["status"] == "completed"

    def test_without_workflow(self, api: Api) -> None:
        """A request without flexible workflow delivers as well."""
        request = api.sandbox.control.create_request("sandbox-project", "batch-1", phases=None)
        uuid = api.place(api.create(), requestUuid=request)["uuid"]

        annotation = api.sandbox.control.deliver_annotation(uuid, cuboid_document())

        assert annotation in api.get(f"/v2/inputs/{uuid}/annotation")["uri"]
        review = {"accepted": False, "workflow": "correct"}
        message = api.refuse("POST", f"/v1/annotations/{annotation}/review", 400, json=review)
        assert message == f"Request {request} has no flexible workflow"

    def test_nothing_to_correct_in(self, api: Api) -> None:
        """A correction needs a phase in which people work."""
        request = api.sandbox.control.create_request(
            "sandbox-project", "batch-1", phases=["integration-review", "delivery"]
        )
        uuid = api.place(api.create(), requestUuid=request)["uuid"]

        with pytest.raises(SandboxError, match="no phase in which work could be corrected"):
            api.sandbox.control.order_correction(uuid)


class TestList:
    """`GET /v2/request-inputs`"""

    def test_of_a_request(self, api: Api) -> None:
        """All inputs of the request, or those of one scene."""
        placed = [api.place() for _ in range(3)]
        request = placed[0]["requestUid"]

        whole = api.get(f"/v2/request-inputs?requestId={request}")
        one = api.get(f"/v2/request-inputs?requestId={request}&sceneId={placed[1]['sceneUuid']}")

        assert [item["id"] for item in whole] == [item["uuid"] for item in placed]
        assert [item["id"] for item in one] == [placed[1]["uuid"]]
        assert api.get(f"/v2/request-inputs?requestId={request}&sceneId={UNKNOWN}") == []

    def test_pages(self, api: Api) -> None:
        """The caller chooses the size of a page."""
        placed = [api.place() for _ in range(3)]
        path = f"/v2/request-inputs?requestId={placed[0]['requestUid']}&limit=2"

        first = api.send("GET", path).json()
        second = api.send("GET", f"{path}&cursorId={first['metadata']['nextCursorId']}").json()

        assert [len(first["data"]), len(second["data"])] == [2, 1]
        assert second["metadata"]["nextCursorId"] is None

    def test_without_flexible_workflow(self, api: Api) -> None:
        """Such requests are not supported: 400."""
        request = api.sandbox.control.create_request("sandbox-project", "batch-1", phases=None)
        uuid = api.place(api.create(), requestUuid=request)["uuid"]

        text = f"Request {request} has no flexible workflow"
        assert api.refuse("GET", f"/v2/request-inputs?requestId={request}", 400) == text
        assert api.refuse("GET", f"/v2/request-inputs/{uuid}", 400) == text

    @pytest.mark.parametrize("limit", ["0", "5001", "x", "-1", "1.5"])
    def test_limit(self, api: Api, limit: str) -> None:
        """At most 5000 on a page."""
        request = api.place()["requestUid"]

        message = api.refuse("GET", f"/v2/request-inputs?requestId={request}&limit={limit}", 400)

        assert message == f"limit is {limit}, must be 1 to 5000"

    def test_unknown(self, api: Api) -> None:
        """Unknown requests and inputs are 404."""
        api.refuse("GET", f"/v2/request-inputs?requestId={UNKNOWN}", 404)
        api.refuse("GET", f"/v2/request-inputs/{UNKNOWN}", 404)
        api.refuse("GET", "/v2/request-inputs", 400)

    def test_reaches_the_service_later(self, api: Api) -> None:
        """For a short time after its creation an input is unknown here, and then known."""
        api.sandbox.control.tune(propagation_delay=0.001)
        scene = api.create()
        with api.sandbox.control.held():
            placed = api.place(scene)
            assert [one["uuid"] for one in api.post("/v2/inputs/query", {})] == [placed["uuid"]]
            api.refuse("GET", f"/v2/request-inputs/{placed['uuid']}", 404)
            assert api.get(f"/v2/request-inputs?requestId={placed['requestUid']}") == []
        api.settle()

        assert api.request_input(placed["uuid"])["status"] == "not_started"


class TestTasks:
    """`PATCH /v1/tasks/{id}`"""

    @pytest.fixture
    def placed(self, api: Api) -> dict[str, Any]:
        request = api.sandbox.control.create_request("sandbox-project", "batch-1", member_ids=[1, 2])
        return api.place(api.create(), requestUuid=request)

    def task(self, api: Api, placed: dict[str, Any]) -> dict[str, Any]:
        return dict(api.request_input(placed["uuid"])["progressDetails"]["currentTask"])

    def patch(self, api: Api, placed: dict[str, Any], body: Any, status: int = 204) -> Any:
        path = f"/v1/tasks/{self.task(api, placed)['taskId']}"
        if status == 204:
            return api.call("PATCH", path, json=body, status=204)
        return api.refuse("PATCH", path, status, json=body)

    def test_assign_reassign_unassign(self, api: Api, placed: dict[str, Any]) -> None:
        """The assignee is visible at once; work has not begun by that."""
        for user in (1, 1, 2):
            self.patch(api, placed, {"assignedUserId": user})
            assert self.task(api, placed)["assignedUserId"] == user
            assert self.task(api, placed)["isOngoing"] is False
        for _ in range(2):
            self.patch(api, placed, {"assignedUserId": None})
            assert "assignedUserId" not in self.task(api, placed)

    def test_stranger(self, api: Api, placed: dict[str, Any]) -> None:
        """Only members of the request get its tasks."""
        assert "User 3 is not a member" in self.patch(api, placed, {"assignedUserId": 3}, 400)

    def test_ongoing(self, api: Api, placed: dict[str, Any]) -> None:
        """Once work has begun the task stays where it is."""
        self.patch(api, placed, {"assignedUserId": 1})
        api.sandbox.control.start_task(placed["uuid"])

        for user in (2, 1, None):
            assert "is ongoing" in self.patch(api, placed, {"assignedUserId": user}, 400)

    def test_completed(self, api: Api, placed: dict[str, Any]) -> None:
        """A completed task cannot be assigned."""
        task = self.task(api, placed)["taskId"]
        api.sandbox.control.complete_task(placed["uuid"])

        assert "is completed" in api.refuse("PATCH", f"/v1/tasks/{task}", 400, json={"assignedUserId": 1})

    @pytest.mark.parametrize(
        "body", [{}, [], {"assignedUserId": "1"}, {"assignedUserId": True}, {"assignedUserId": 1.5}]
    )
    def test_malformed(self, api: Api, placed: dict[str, Any], body: Any) -> None:
        """An absent key is not a null."""
        assert "assignedUserId" in self.patch(api, placed, body, 400)

    def test_unknown_task(self, api: Api) -> None:
        """404."""
        api.refuse("PATCH", f"/v1/tasks/{UNKNOWN}", 404, json={"assignedUserId": 1})
