"""Find objects by whatever a person has: a UUID, or the name that they gave a scene or project."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import attrs

from kognic._core.ids import is_uuid
from kognic._core.run_errors import AmbiguousNameError
from kognic.base_clients.errors import NotFoundError
from kognic.io.resources.scene.waiting import chunks, is_invalidated
from kognic.pipelines.prerequisites import check_target
from kognic.pipelines.request_progress import batch_progress

if TYPE_CHECKING:
    from kognic.io.client import KognicIOClient
    from kognic.io.model.request.request import Request
    from kognic.io.model.scene.scene_entry import Scene

_SHOWN = 10


def find_scenes(client: KognicIOClient, names: Sequence[str]) -> list[Scene]:
    """Get every scene that has one of these names, also invalidated ones.

    Args:
        client: Its user's scenes.
        names: UUIDs and external IDs, in any mixture; more than one scene may have the same external ID.

    Raises:
        NotFoundError: One of the names has no scene.
    """
    uuids = [name for name in names if is_uuid(name)]
    external_ids = [name for name in names if not is_uuid(name)]
    found = client.scene.get_scenes_by_uuids(uuids) if uuids else []
    if external_ids:
        found = [*found, *client.scene.get_scenes_by_external_ids(external_ids)]
    return found


@attrs.frozen(kw_only=True)
class SceneFilter:
    """Which scenes to list.

    Attributes:
        project: External ID of a project; None for all projects.
        batch: External ID of a batch of it.
        prefix: Beginning of the external IDs.
        statuses: Statuses such as `created` and `invalidated`, which stands for all its reasons; empty for
            all.
        since: Creation time of the oldest scene.
    """

    project: str | None = None
    batch: str | None = None
    prefix: str = ""
    statuses: Collection[str] = ()
    since: datetime | None = None

    def matches(self, scene: Scene) -> bool:
        """Whether a scene has the prefix, one of the statuses and the age; the project is not compared."""
        return (
            scene.external_id.startswith(self.prefix)
            and (not self.statuses or scene.status.value.partition(":")[0] in self.statuses)
            and (self.since is None or scene.created >= self.since)
        )


def placed_scenes(client: KognicIOClient, which: SceneFilter) -> list[Scene]:
    """List scenes that have inputs, newest first.

    The platform does not list scenes. They are found through their inputs, so that scenes without inputs are
    missing.

    Raises:
        NotFoundError: The project or batch does not exist.
        ValueError: `batch` without `project`.
    """
    if which.batch is not None and which.project is None:
        raise ValueError(f"batch is '{which.batch}' without a project: name the project of the batch")
    if which.project is not None:
        # The query answers an unknown project with nothing.
        check_target(client, which.project, which.batch, for_inputs=False)
    found = client.input.query_inputs(project=which.project, batch=which.batch)
    uuids = list(
        dict.fromkeys(item.scene_uuid for item in found if item.scene_external_id.startswith(which.prefix))
    )
    scenes = [scene for some in chunks(uuids) for scene in client.scene.get_scenes_by_uuids(some)]
    return sorted(filter(which.matches, scenes), key=lambda scene: scene.created, reverse=True)


def scene_uuids(client: KognicIOClient, names: Sequence[str]) -> list[str]:
    """UUIDs of scenes by UUID or external ID, in the order given; only external IDs cost a request.

    Raises:
        NotFoundError: No scene has one of the external IDs.
        AmbiguousNameError: More than one valid scene has it; the message lists them.
    """
    return [name if is_uuid(name) else _only_scene(client, name).uuid for name in names]


def scene_uuid(client: KognicIOClient, name: str) -> str:
    """UUID of one scene by UUID or external ID; see `scene_uuids`."""
    (uuid,) = scene_uuids(client, [name])
    return uuid


def input_uuid(client: KognicIOClient, name: str) -> str:
    """UUID of an input, given as it is or by the external ID of its scene.

    Raises:
        NotFoundError: No scene has that external ID.
        AmbiguousNameError: The scene has no input or more than one; the message lists them.
    """
    if is_uuid(name):
        return name
    found = client.input.query_inputs(external_ids=[name])
    if len(found) == 1:
        return found[0].uuid
    if not found:
        scene = _only_scene(client, name)
        raise AmbiguousNameError(
            f"scene '{name}' ({scene.uuid}, {scene.status.value}) has no input yet: create one first"
        )
    raise AmbiguousNameError(
        _listing(
            f"scene '{name}' has {len(found)} inputs; pass the UUID of one",
            [f"{item.uuid} in request {item.request_uid}" for item in found],
        )
    )


def input_uuids(client: KognicIOClient, names: Sequence[str]) -> list[str]:
    """UUIDs of inputs; see `input_uuid`."""
    return [input_uuid(client, name) for name in names]


def calibration_id(client: KognicIOClient, name: str) -> str:
    """UUID of a calibration, given as it is or by its external ID.

    Raises:
        NotFoundError: The calibration does not exist.
        AmbiguousNameError: More than one has that external ID; the message lists them.
    """
    if is_uuid(name):
        return name
    found = client.calibration.get_calibrations(external_id=name)
    return _only(f"calibrations have the external ID '{name}'", [entry.id for entry in found])


def pre_annotation_uuid(client: KognicIOClient, name: str) -> str:
    """UUID of a pre-annotation, given as it is or by its external ID, which is unique in its scene only.

    Raises:
        AmbiguousNameError: None or more than one has that external ID; the message lists them.
    """
    if is_uuid(name):
        return name
    found = client.pre_annotation.list(external_ids=[name])
    return _only(f"pre-annotations have the external ID '{name}'", [str(item["id"]) for item in found])


def workspace_id(client: KognicIOClient, name: str) -> str:
    """UUID of a workspace by its external ID.

    Raises:
        AmbiguousNameError: You can write to none or to more than one of that external ID.
    """
    found = client.workspace.get_workspaces()
    return _only(
        f"workspaces have the external ID '{name}'", [item.id for item in found if item.external_id == name]
    )


def requests_of(client: KognicIOClient, project: str, *, counts: bool) -> list[Request] | list[NamedRequest]:
    """Requests of a project by UUID or external ID.

    The platform lists requests by the project's UUID alone, which it reports nowhere by external ID. With an
    external ID the requests are therefore found through the inputs of the project: those without inputs are
    missing, and there are no titles.

    Args:
        client: Its user's requests.
        project: UUID or external ID.
        counts: Count the inputs by their progress.

    Raises:
        NotFoundError: The project does not exist.
    """
    if is_uuid(project):
        try:
            return client.request.get_requests(project_id=project, include_input_progress_counts=counts)
        except NotFoundError:
            # External IDs are free text: one may look like a UUID.
            if project not in {known.project for known in client.project.get_projects()}:
                raise
    return [
        NamedRequest(
            id=request.request_id,
            batch=batch.batch,
            inputs=request.inputs,
            input_progress_counts=_counts(request.statuses),
        )
        for batch in batch_progress(client, project, progress=counts)
        for request in batch.requests
    ]


@attrs.frozen(kw_only=True)
class NamedRequest:
    """A request that was found through its inputs; the fields have the names of `Request`.

    Attributes:
        id: UUID of the request.
        batch: External ID of its batch.
        inputs: Number of its inputs.
        input_progress_counts: Inputs by `not_started`, `in_progress`, `completed` and `total`; None if not
            asked for, or if the request reports no progress.
    """

    id: str
    batch: str
    inputs: int
    input_progress_counts: dict[str, int] | None


def _counts(statuses: Mapping[str, int]) -> dict[str, int] | None:
    if not statuses:
        return None
    counts = {name: statuses.get(name, 0) for name in ("not_started", "in_progress", "completed")}
    return {**counts, "total": sum(counts.values())}


def _only_scene(client: KognicIOClient, external_id: str) -> Scene:
    found = client.scene.get_scenes_by_external_ids([external_id])
    # The only scene of its name may be an invalidated one: the platform says what is wrong with it.
    usable = [scene for scene in found if not is_invalidated(scene)] or found
    if len(usable) != 1:
        raise AmbiguousNameError(
            _listing(
                f"{len(usable)} scenes have the external ID '{external_id}'; pass the UUID of one",
                [f"{scene.uuid} ({scene.status.value}, {scene.created:%Y-%m-%d %H:%M})" for scene in usable],
            )
        )
    return usable[0]


def _only(sentence: str, uuids: Sequence[str]) -> str:
    if len(uuids) != 1:
        found = [f"{len(uuids) or 'no'} {sentence}", *(["give the UUID of one"] if uuids else [])]
        raise AmbiguousNameError(_listing("; ".join(found), uuids) if uuids else found[0])
    return uuids[0]


def _listing(sentence: str, items: Sequence[str]) -> str:
    more = f", and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
    return f"{sentence}: {', '.join(items[:_SHOWN])}{more}"
