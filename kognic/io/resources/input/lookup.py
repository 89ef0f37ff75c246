"""Find out whether a creation whose response was lost has created its inputs.

Inputs have no external ID. They are identified by their scene and their batch or request, and the platform
lists them only when the scene is ready. So there are three results: the inputs; certainly none; or
AmbiguousWriteError if it is unknown.
"""

from __future__ import annotations

from typing import Any

import attrs

from kognic.base_clients.errors import AmbiguousWriteError, ApiError, NotFoundError
from kognic.base_clients.http.client import HttpClient
from kognic.base_clients.http.lookups import UNDECIDED, CallStart, Lookup, Undecided, ids_of
from kognic.base_clients.http.operations import Operation
from kognic.io.model.projects.project_batch import ProjectBatchStatus
from kognic.io.model.scene.scene_entry import SceneStatus
from kognic.io.resources import operations
from kognic.io.resources.shapes import items


@attrs.frozen(kw_only=True)
class InputLookup:
    """Finds the inputs that a creation with these arguments would have created.

    Attributes:
        client: Calls the input service.
        execution_client: Calls the order-execution service, which knows when inputs were created; None if
            the resource was created without it.
        operation: The creation.
        start: Start time of the creation.
        scene_uuid: The scene; None if only the pre-annotation is known.
        pre_annotation_uuid: The pre-annotation in the creation.
        project: External ID of the target project; or `request_uuid`.
        batch: External ID of a batch of `project`.
        request_uuid: UUID of the target request.
    """

    client: HttpClient
    execution_client: HttpClient | None
    operation: Operation
    start: CallStart
    scene_uuid: str | None = None
    pre_annotation_uuid: str | None = None
    project: str | None = None
    batch: str | None = None
    request_uuid: str | None = None

    def of_one(self) -> Lookup:
        """Create the lookup of a creation of one input."""
        return Lookup(self.one, unique=True, duplicate=self._duplicate_of_one, names=ids_of)

    def of_all(self) -> Lookup:
        """Create the lookup of a creation of one input per request."""
        return Lookup(self.all, unique=True, duplicate=self._duplicates, names=ids_of)

    def one(self) -> dict[str, Any] | None:
        """Return the input of a creation of one input; None if it certainly does not exist."""
        found = self.all()
        if found is not None and len(found) > 1:
            raise self._ambiguous(
                f"The input of scene {found[0].get('sceneUuid')} may have been created: there are "
                f"{len(found)} that could be it, {', '.join(str(item.get('uuid')) for item in found)}. "
                "Nothing was repeated; delete what is not wanted"
            )
        return found[0] if found else None

    def all(self) -> list[dict[str, Any]] | None:
        """Return the inputs of a creation of one input per request; None if there certainly are none."""
        scene_uuid = self.scene_uuid or self._scene_of_pre_annotation()
        filters = {"project": self.project, "batch": self.batch, "sceneUuids": [scene_uuid]}
        listed = list(self.client.pages(operations.QUERY_INPUTS, json=filters))
        found = self._in_target(scene_uuid, listed)
        if not found and not self._is_ready(scene_uuid):
            raise self._ambiguous(
                f"An input of scene {scene_uuid} may have been created: the platform lists inputs only when "
                "their scene is ready, and it is not. Ask client.input.query_inputs(scene_uuids=[...]) again "
                "before repeating the call"
            )
        return found or None

    def _duplicate_of_one(self) -> dict[str, Any] | Undecided | None:
        found = self._duplicates()
        if not isinstance(found, list):
            return found
        return found[0] if len(found) == 1 else None

    def _duplicates(self) -> list[dict[str, Any]] | Undecided | None:
        """The inputs in the target if this call has created all of them."""
        try:
            found = self.all()
        except AmbiguousWriteError:
            # Rejected as a duplicate, so it exists; the platform lists it when the scene is ready.
            return UNDECIDED
        if found is None or self.execution_client is None:
            return None
        for item in found:
            created = self._created(self.execution_client, str(item.get("uuid")))
            if isinstance(created, Undecided):
                return created
            if not self.start.is_before(created):
                return None
        return found

    @staticmethod
    def _created(client: HttpClient, input_uuid: str) -> object:
        """Return when an input was created; undecided if the order-execution service does not know it."""
        try:
            found = client.call(operations.GET_REQUEST_INPUT, {"request_input_id": input_uuid})
        except NotFoundError:
            return UNDECIDED
        except ApiError:
            # The platform rejects requests without a flexible workflow here.
            return None
        return found.get("createdAt") if isinstance(found, dict) else None

    def _in_target(self, scene_uuid: str, listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Filter inputs by the target request or batch."""
        if not listed or self.batch:
            return listed
        if self.request_uuid:
            return self._in_request(scene_uuid, listed)
        # Without a batch the platform selected an open one: inputs in closed batches are older.
        batches = self.client.call(operations.GET_PROJECT_BATCHES, {"project": self.project})
        found: list[dict[str, Any]] = []
        for batch in items(batches, operations.GET_PROJECT_BATCHES):
            if batch.get("status") == ProjectBatchStatus.OPEN.value:
                filters = {"project": self.project, "batch": batch.get("batch"), "sceneUuids": [scene_uuid]}
                found.extend(self.client.pages(operations.QUERY_INPUTS, json=filters))
        return found

    def _in_request(self, scene_uuid: str, listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
        found = [item for item in listed if item.get("requestUid") == self.request_uuid]
        if not found:
            # Whether `requestUid` is always the UUID that inputs are created with is not documented, so
            # inputs that seem to be in other requests prove nothing.
            raise self._ambiguous(
                f"An input of scene {scene_uuid} in request {self.request_uuid} may have been created. The "
                f"scene has inputs in requests {', '.join(str(item.get('requestUid')) for item in listed)}; "
                "look there before repeating the call"
            )
        return found

    def _is_ready(self, scene_uuid: str) -> bool:
        scenes = self.client.call(operations.QUERY_SCENES, json={"sceneUuids": [scene_uuid]})
        return bool(scenes) and scenes[0].get("status") == SceneStatus.Created.value

    def _scene_of_pre_annotation(self) -> str:
        params = {"uuids": [self.pre_annotation_uuid]}
        for item in self.client.offset_pages(operations.LIST_PRE_ANNOTATIONS, params=params, limit=1000):
            if item.get("sceneUuid"):
                return str(item["sceneUuid"])
        raise self._ambiguous(
            f"An input from pre-annotation {self.pre_annotation_uuid} may have been created; the platform "
            "does not say of which scene it is, so the input cannot be looked up. Ask "
            "client.input.query_inputs with the scene's UUID before repeating the call"
        )

    def _ambiguous(self, text: str) -> AmbiguousWriteError:
        return AmbiguousWriteError(text, operation=str(self.operation))
