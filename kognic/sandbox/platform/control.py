"""What can be done to the platform from outside its public surface: seeding, watching, tuning.

Each action is a function of the platform and plain JSON values. The Python handle calls it directly, the
control API by name; both check the arguments by the annotations.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError, validate_call
from sqlalchemy import select
from sqlalchemy.orm import Session

from kognic.sandbox.platform import batches, seeding, specification, workflow
from kognic.sandbox.platform.errors import InvalidError, NotFoundError, shape_error
from kognic.sandbox.platform.platform import Platform
from kognic.sandbox.platform.storage import StoredObject
from kognic.sandbox.platform.tables import Batch, Project, Scene

Action = Callable[..., Any]
F = TypeVar("F", bound=Action)
ACTIONS: dict[str, Action] = {}


def action(function: F) -> F:
    """Make a function callable by name through the control API."""
    ACTIONS[function.__name__] = validate_call(config={"arbitrary_types_allowed": True})(function)
    return function


def perform(platform: Platform, name: str, arguments: Mapping[str, Any]) -> Any:
    """Do an action.

    Raises:
        NotFoundError: There is no such action, or a thing it names does not exist.
        InvalidError: An argument is missing, unknown, of the wrong type, or breaks a rule.
    """
    chosen = ACTIONS.get(name)
    if chosen is None:
        raise NotFoundError(f"There is no action {name}; there are {', '.join(sorted(ACTIONS))}")
    try:
        return chosen(platform, **arguments)
    except ValidationError as exc:
        raise shape_error(exc.errors(include_url=False, include_context=False)) from None


@action
def reset(platform: Platform) -> None:
    platform.reset()


@action
def tune(platform: Platform, **seconds: float) -> dict[str, float]:
    try:
        platform.tuning.update(**seconds)
    except (TypeError, ValueError) as exc:
        raise InvalidError(str(exc)) from None
    return dict(vars(platform.tuning))


@action
def hold(platform: Platform, held: bool = True) -> None:
    platform.jobs.hold(held)


@action
def wait_until_idle(platform: Platform, timeout: float = 30) -> bool:
    return platform.jobs.wait(timeout)


@action
def calls(platform: Platform) -> list[dict[str, Any]]:
    return [call.as_dict() for call in platform.recorder.calls()]


@action
def clear_calls(platform: Platform) -> None:
    platform.recorder.clear()


@action
def revoke_tokens(platform: Platform) -> int:
    return platform.tokens.revoke_all()


@action
def fail_scene(platform: Platform, scene_uuid: str, message: str) -> None:
    """Let a scene fail when it is processed."""
    platform.force_failure(scene_uuid, message)


@action
def create_workspace(
    platform: Platform, external_id: str, name: str | None = None, roles: tuple[str, ...] = ("developer",)
) -> str:
    with platform.database.write() as session:
        return seeding.add_workspace(session, external_id, name or external_id, roles=roles).id


@action
def create_project(
    platform: Platform,
    external_id: str,
    title: str | None = None,
    description: str = "",
    annotation_types: tuple[str, ...] = seeding.ANNOTATION_TYPES,
) -> str:
    with platform.database.write() as session:
        if session.scalar(select(Project.id).where(Project.external_id == external_id)) is not None:
            raise InvalidError(f"There is a project {external_id} already")
        return seeding.add_project(
            session, external_id, title=title, description=description, annotation_types=annotation_types
        ).id


@action
def create_batch(
    platform: Platform,
    project: str,
    batch: str,
    title: str | None = None,
    is_multi_sensor: bool = False,
    annotation_types: tuple[str, ...] | None = None,
    status: str = batches.OPEN,
) -> str:
    with platform.database.write() as session:
        owner = find_project(session, project)
        made = batches.create_batch(session, owner, batch, publish_previous=False, title=title)
        made.is_multi_sensor = is_multi_sensor
        made.status = status
        if annotation_types is not None:
            made.annotation_types = list(annotation_types)
        return made.external_id


@action
def create_request(
    platform: Platform,
    project: str,
    batch: str,
    external_id: str | None = None,
    title: str | None = None,
    annotation_types: tuple[str, ...] | None = None,
    phases: tuple[str, ...] | None = workflow.DEFAULT_PHASES,
    input_type: str | None = None,
    world_interpolation: bool = False,
    member_ids: tuple[int, ...] = (seeding.USER_ID,),
) -> str:
    with platform.database.write() as session:
        owner = find_batch(session, project, batch)
        name = external_id or f"request-{len(owner.requests) + 1}"
        return seeding.add_request(
            session,
            owner.number,
            name,
            title=title,
            annotation_types=annotation_types,
            phases=phases,
            input_type=input_type,
            world_interpolation=world_interpolation,
            member_ids=member_ids,
        ).id


@action
def set_batch_status(platform: Platform, project: str, batch: str, status: str) -> None:
    with platform.database.write() as session:
        find_batch(session, project, batch).status = status


@action
def stored_files(platform: Platform, scene_uuid: str) -> dict[str, dict[str, Any]]:
    """Size and SHA-256 of every stored file of a scene, by resource id."""
    with platform.database.read() as session:
        scene = find_scene(session, scene_uuid)
        keys = list(specification.distinct_files(scene.specification, external=False))  # type: ignore[arg-type]
        if scene.imu_resource is not None:
            keys.append(scene.imu_resource)
    stored = {key: platform.storage.find(scene_uuid, key) for key in keys}
    return {key: _describe(found) for key, found in stored.items() if found is not None}


@action
def stored_bytes(platform: Platform, scene_uuid: str, resource_id: str) -> str:
    """The content of one stored file, in Base64."""
    stored = platform.storage.find(scene_uuid, resource_id)
    if stored is None:
        raise NotFoundError(f"Scene {scene_uuid} has no stored file {resource_id}")
    return base64.b64encode(stored.path.read_bytes()).decode()


def _describe(stored: StoredObject) -> dict[str, Any]:
    with stored.path.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1024 * 1024):
            digest.update(block)
    return {"size": stored.size, "sha256": digest.hexdigest()}


def find_project(session: Session, external_id: str) -> Project:
    found = session.scalar(select(Project).where(Project.external_id == external_id))
    if found is None:
        raise NotFoundError(f"There is no project {external_id}")
    return found


def find_batch(session: Session, project: str, batch: str) -> Batch:
    owner = find_project(session, project)
    query = select(Batch).where(Batch.project_number == owner.number, Batch.external_id == batch)
    found = session.scalar(query)
    if found is None:
        raise NotFoundError(f"There is no batch {batch} in project {project}")
    return found


def find_scene(session: Session, scene_uuid: str) -> Scene:
    found = session.scalar(select(Scene).where(Scene.id == scene_uuid))
    if found is None:
        raise NotFoundError(f"There is no scene {scene_uuid}")
    return found
