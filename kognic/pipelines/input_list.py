"""Inputs with where they are and how far: the platform lists them without project, batch and status."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import attrs

from kognic.base_clients.errors import BadRequestError, NotFoundError, PermissionDeniedError
from kognic.io.resources.scene.waiting import CHUNK_SIZE

if TYPE_CHECKING:
    from kognic.io.client import KognicIOClient
    from kognic.io.model.input.input import Input
    from kognic.io.model.input.request_input import RequestInput

_BEGINNING = datetime.min.replace(tzinfo=UTC)


@attrs.frozen(kw_only=True)
class PlacedInput:
    """An input with its place.

    Attributes:
        uuid: UUID assigned by the platform.
        scene_external_id: External ID of the scene.
        scene_uuid: UUID of the scene.
        project: External ID of the project; None if you cannot list it.
        batch: External ID of the batch; None if you cannot list it.
        status: Its progress; None if its request reports none.
        created: Creation time; None if its request reports no progress.
        request_uuid: The request.
        view_link: Link to the web application.
    """

    uuid: str
    scene_external_id: str
    project: str | None
    batch: str | None
    status: str | None
    created: datetime | None
    scene_uuid: str
    request_uuid: str
    view_link: str

    @property
    def scene(self) -> str:
        """The external ID of the scene, under the heading of a narrow column."""
        return self.scene_external_id


def placed_inputs(
    client: KognicIOClient, inputs: Sequence[Input], *, project: str | None = None, batch: str | None = None
) -> list[PlacedInput]:
    """Find the project, batch and status of inputs, newest first.

    Costs a request for each batch until all inputs are found, and one for each annotation request.

    Args:
        client: Reads.
        inputs: What `client.input.query_inputs` returned.
        project: External ID of their project, if it is known.
        batch: External ID of their batch, if it is known.
    """
    places = _places(client, inputs, project, batch)
    progress = {found.id: found for found in _progress(client, inputs)}
    placed = []
    for item in inputs:
        own_project, own_batch = places.get(item.uuid, (project, batch))
        state = progress.get(item.uuid)
        placed.append(
            PlacedInput(
                uuid=item.uuid,
                scene_external_id=item.scene_external_id,
                project=own_project,
                batch=own_batch,
                status=None if state is None else state.status.value,
                created=None if state is None else state.created_at,
                scene_uuid=item.scene_uuid,
                request_uuid=item.request_uid,
                view_link=item.view_link,
            )
        )
    return sorted(placed, key=lambda one: one.created or _BEGINNING, reverse=True)


def _places(
    client: KognicIOClient, inputs: Sequence[Input], project: str | None, batch: str | None
) -> dict[str, tuple[str, str]]:
    """Project and batch by UUID of the input."""
    if project is not None and batch is not None:
        return {item.uuid: (project, batch) for item in inputs}
    sought = {item.uuid for item in inputs}
    scenes = list(dict.fromkeys(item.scene_uuid for item in inputs))
    found: dict[str, tuple[str, str]] = {}
    # More scenes than one query names: all inputs of a batch are listed.
    named = scenes if len(scenes) <= CHUNK_SIZE else None
    for name, part in _batches(client, project, batch) if inputs else ():
        listed = client.input.query_inputs(project=name, batch=part, scene_uuids=named)
        found.update({item.uuid: (name, part) for item in listed})
        if sought <= found.keys():
            break
    return found


def _batches(client: KognicIOClient, project: str | None, batch: str | None) -> Iterator[tuple[str, str]]:
    names = [one.project for one in client.project.get_projects()] if project is None else [project]
    for name in names:
        try:
            batches = client.project.get_project_batches(name)
        except (NotFoundError, PermissionDeniedError):
            continue
        # The newest batch is the likeliest one.
        yield from ((name, one.batch) for one in reversed(batches) if batch in (None, one.batch))


def _progress(client: KognicIOClient, inputs: Sequence[Input]) -> Iterator[RequestInput]:
    by_request: dict[str, list[Input]] = defaultdict(list)
    for item in inputs:
        by_request[item.request_uid].append(item)
    for request, members in by_request.items():
        scene = members[0].scene_uuid if len(members) == 1 else None
        try:
            yield from client.input.get_request_inputs(request_id=request, scene_id=scene)
        except (BadRequestError, NotFoundError, PermissionDeniedError):
            # Requests without a flexible workflow report no progress of their inputs.
            continue
