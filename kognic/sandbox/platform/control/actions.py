"""What can be done to the platform from outside its public surface: seeding, watching, tuning.

Each action is a function of the platform and plain JSON values. The Python handle calls it directly, the
control API by name; both check the arguments by the annotations.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from pydantic import ValidationError, validate_call
from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from kognic.sandbox.platform import lifecycle
from kognic.sandbox.platform.annotations import deliveries, documents
from kognic.sandbox.platform.control import seed_file, seeding
from kognic.sandbox.platform.errors import InvalidError, NotFoundError, shape_error
from kognic.sandbox.platform.faults.rule import Rule
from kognic.sandbox.platform.inputs import workflow
from kognic.sandbox.platform.platform import Platform
from kognic.sandbox.platform.projects import batches
from kognic.sandbox.platform.scenes import specification
from kognic.sandbox.platform.scenes.states import scene_answer
from kognic.sandbox.platform.storage.store import CLOUD_BUCKET, StoredObject
from kognic.sandbox.platform.tables import (
    Annotation,
    Batch,
    Dataset,
    DatasetAnnotation,
    Input,
    PreAnnotation,
    Prediction,
    Project,
    QueryItem,
    Scene,
    Task,
    User,
    Workspace,
)
from kognic.sandbox.platform.values import new_uuid

Action = Callable[..., Any]
F = TypeVar("F", bound=Action)
ACTIONS: dict[str, Action] = {}
OVERVIEW = "/view/"
QUERY_KINDS = ("judgements", "kpi")


def action(function: F) -> F:
    """Make a function callable by name through the control API."""
    ACTIONS[function.__name__] = validate_call(config={"arbitrary_types_allowed": True})(function)
    return function


def perform(platform: Platform, name: str, arguments: Mapping[str, Any]) -> Any:
    """Do an action.

    Raises:
        NotFoundError: The action, or an object that it names, does not exist.
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
    """Make it a new sandbox; credentials and tokens stay valid."""
    lifecycle.reset(platform)


@action
def tune(platform: Platform, **seconds: float) -> dict[str, float]:
    """Change delays and lifetimes, seconds; returns all of them."""
    try:
        platform.tuning.update(**seconds)
    except (TypeError, ValueError) as exc:
        raise InvalidError(str(exc)) from None
    return dict(vars(platform.tuning))


@action
def hold(platform: Platform, held: bool = True) -> None:
    """Stop taking background jobs, or resume."""
    platform.jobs.hold(held)


@action
# Seconds: half a minute passes the processing of a sample scene many times over.
def wait_until_idle(platform: Platform, timeout: float = 30) -> bool:
    """Wait until all work is done; returns False after `timeout` seconds."""
    return platform.wait_until_idle(timeout)


@action
def calls(platform: Platform) -> list[dict[str, Any]]:
    """List the recorded requests, oldest first."""
    return [call.as_dict() for call in platform.recorder.calls()]


@action
def clear_calls(platform: Platform) -> None:
    """Forget the recorded requests."""
    platform.recorder.clear()


@action
def revoke_tokens(platform: Platform) -> int:
    """Revoke every access token that has been used; returns how many there were."""
    return platform.tokens.revoke_all()


@action
def add_fault(platform: Platform, rule: dict[str, Any]) -> int:
    """Add a fault rule; returns its number."""
    try:
        return platform.faults.add(Rule(**rule))
    except TypeError as exc:
        raise InvalidError(f"This is no fault: {exc}") from None


@action
def remove_fault(platform: Platform, number: int) -> None:
    """Remove the fault rule of a number."""
    platform.faults.remove(number)


@action
def clear_faults(platform: Platform) -> None:
    """Remove all fault rules."""
    platform.faults.clear()


@action
def faults(platform: Platform) -> list[dict[str, Any]]:
    """List the fault rules with their counts."""
    return platform.faults.describe()


@action
def fail_scene(platform: Platform, scene_uuid: str, message: str) -> None:
    """Let a scene fail when it is processed."""
    platform.force_failure(scene_uuid, message)


@action
def fail_pre_annotation(platform: Platform, name: str, message: str) -> None:
    """Let a pre-annotation fail when it is processed."""
    platform.force_failure(name, message)


@action
def create_workspace(
    platform: Platform,
    external_id: str,
    name: str | None = None,
    roles: tuple[str, ...] = ("developer",),
    organization: str | None = None,
) -> str:
    """Create a workspace in which the sandbox's user has these roles; returns its UUID."""
    with platform.database.write() as session:
        return seeding.add_workspace(
            session, external_id, name or external_id, roles=roles, organization=organization
        ).id


@action
def create_organization(platform: Platform, name: str) -> int:
    """Return the id of an organization, which is created if there is none of that name."""
    with platform.database.write() as session:
        return seeding.organization_id(session, name)


@action
def set_roles(
    platform: Platform, workspace_uuid: str, roles: tuple[str, ...], email: str = seeding.USER_EMAIL
) -> None:
    """Replace the roles of a user in a workspace."""
    with platform.database.write() as session:
        if session.get(Workspace, workspace_uuid) is None:
            raise NotFoundError(f"There is no workspace {workspace_uuid}")
        user_id = session.scalar(select(User.id).where(User.email == email))
        if user_id is None:
            raise NotFoundError(f"There is no user {email}")
        seeding.give_roles(session, user_id, workspace_uuid, roles)


@action
def create_project(
    platform: Platform,
    external_id: str,
    title: str | None = None,
    description: str = "",
    annotation_types: tuple[str, ...] = seeding.ANNOTATION_TYPES,
    organization: str | None = None,
) -> str:
    """Create a project."""
    with platform.database.write() as session:
        if session.scalar(select(Project.id).where(Project.external_id == external_id)) is not None:
            raise InvalidError(f"There is a project {external_id} already")
        return seeding.add_project(
            session,
            external_id,
            title=title,
            description=description,
            annotation_types=annotation_types,
            organization=organization,
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
    """Create an open batch."""
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
    member_ids: tuple[int, ...] = (seeding.USER_ID,),
) -> str:
    """Create a request in a batch; returns its UUID."""
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
            member_ids=member_ids,
        ).id


@action
def set_batch_status(platform: Platform, project: str, batch: str, status: str) -> None:
    """Set the status of a batch, for example to `completed`, which takes no more inputs."""
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
    """Return the content of one stored file, in Base64."""
    stored = platform.storage.find(scene_uuid, resource_id)
    if stored is None:
        raise NotFoundError(f"Scene {scene_uuid} has no stored file {resource_id}")
    return base64.b64encode(stored.path.read_bytes()).decode()


@action
def put_cloud_file(platform: Platform, uri: str, content_base64: str) -> None:
    """Let the sandbox know a file in the customer's cloud."""
    platform.storage.put(CLOUD_BUCKET, uri, base64.b64decode(content_base64, validate=True))


@action
def request_inputs(platform: Platform, scene_uuid: str | None = None) -> list[dict[str, Any]]:
    """Inputs, deleted ones included, with what the public API does not show."""
    with platform.database.read() as session:
        query = select(Input).order_by(Input.number)
        annotated = select(Annotation.input_id, Annotation.id).where(Annotation.is_removed.is_(False))
        latest = {row.input_id: row.id for row in session.execute(annotated.order_by(Annotation.number))}
        if scene_uuid is not None:
            query = query.where(Input.scene_id == scene_uuid)
        return [
            {
                "uuid": one.id,
                "sceneUuid": one.scene_id,
                "requestUuid": one.request.id,
                "project": one.request.batch.project.external_id,
                "preAnnotationUuid": one.pre_annotation_id,
                "lastAnnotationUuid": latest.get(one.id),
                "status": one.status,
                "isListed": one.is_listed,
                "isDeleted": one.is_deleted,
            }
            for one in session.scalars(query)
        ]


@action
def scenes(platform: Platform, external_id: str | None = None) -> list[dict[str, Any]]:
    """Scenes of all workspaces, oldest first."""
    with platform.database.read() as session:
        query = select(Scene).where(Scene.status != "reserved").order_by(Scene.number)
        if external_id is not None:
            query = query.where(Scene.external_id == external_id)
        return [scene_answer(scene, partial(_view_link, platform)) for scene in session.scalars(query)]


@action
def view_path(platform: Platform, identifier: str | None = None) -> str:
    """Sign the path of a page, for the sandbox's own user: of an input, of a scene, or of the overview."""
    if identifier is None:
        return platform.views.link(OVERVIEW, seeding.USER_ID)
    with platform.database.read() as session:
        for kind, table in (("input", Input), ("scene", Scene)):
            if session.scalar(select(table.number).where(table.id == identifier)) is not None:
                return platform.views.link(f"{OVERVIEW}{kind}/{identifier}", seeding.USER_ID)
    raise NotFoundError(f"There is no input or scene {identifier}")


@action
def start_task(platform: Platform, input_uuid: str) -> None:
    """Somebody starts to work on the open task of an input."""
    with platform.database.write() as session:
        workflow.begin_task(_open_task(session, input_uuid))


@action
def complete_task(
    platform: Platform, input_uuid: str, content: dict[str, Any] | None = None, accepted: bool = True
) -> str:
    """Complete the open task of an input; returns the id of the preliminary annotation."""
    with platform.database.write() as session:
        task = _open_task(session, input_uuid)
        document = content if content is not None else _last_document(platform, session, task.input)
        return deliveries.complete_task(platform, session, task, document, accepted=accepted).id


@action
def deliver_annotation(
    platform: Platform,
    input_uuid: str,
    content: dict[str, Any] | None = None,
    annotation_uuid: str | None = None,
    created: datetime | None = None,
) -> str:
    """Deliver an annotation of an input, whatever its phase; returns the annotation's id."""
    with platform.database.write() as session:
        placed = find_input(session, input_uuid)
        document = content if content is not None else _last_document(platform, session, placed)
        annotation = documents.store(
            platform,
            session,
            placed,
            document,
            is_preliminary=False,
            annotation_id=annotation_uuid,
            created=created,
        )
        workflow.deliver(session, placed)
        return annotation.id


@action
def advance_workflow(platform: Platform, input_uuid: str) -> str:
    """Move an input to its next phase without work being done; returns the kind of that phase."""
    with platform.database.write() as session:
        placed = find_input(session, input_uuid)
        workflow.require_flexible(placed)
        if placed.status == "completed":
            raise InvalidError(f"Input {input_uuid} has been delivered")
        if workflow.advance(session, placed):
            deliveries.deliver_last(platform, session, placed)
        return str(workflow.phase_of(placed)["definition"])


@action
def order_correction(platform: Platform, input_uuid: str, workflow_name: str = "correct") -> None:
    """Decide that an input is corrected, for example after a rejected integration review."""
    with platform.database.write() as session:
        placed = find_input(session, input_uuid)
        workflow.require_flexible(placed)
        workflow.order_correction(session, placed, workflow_name)


@action
def show_progress(platform: Platform, input_uuid: str, shown: bool = True) -> None:
    """Set whether callers may see the phase an input is in."""
    with platform.database.write() as session:
        find_input(session, input_uuid).shows_progress = shown


@action
def create_user(
    platform: Platform,
    email: str,
    organization: str | None = None,
    is_staff: bool = False,
    workspaces: dict[str, tuple[str, ...]] | None = None,
    scopes: tuple[str, ...] = seeding.SCOPES,
    expires: datetime | None = None,
) -> dict[str, Any]:
    """Create a user with credentials of its own; returns the content of the credentials file."""
    with platform.database.write() as session:
        return seeding.add_user(
            session,
            email,
            organization=organization,
            is_staff=is_staff,
            workspaces=workspaces or {},
            scopes=scopes,
            expires=expires,
        )


@action
def create_dataset(
    platform: Platform,
    name: str,
    is_segmentation: bool = False,
    annotations: list[dict[str, Any]] | None = None,
) -> str:
    """Create a dataset; returns its UUID."""
    with platform.database.write() as session:
        dataset = Dataset(id=new_uuid(), name=name, is_segmentation=is_segmentation)
        session.add(dataset)
        session.flush()
        session.add_all(DatasetAnnotation(dataset_id=dataset.id, item=item) for item in annotations or ())
        return dataset.id


@action
def predictions(platform: Platform, group_uuid: str) -> list[dict[str, Any]]:
    """Return the predictions of a group, with their content."""
    with platform.database.read() as session:
        query = (
            select(Prediction).where(Prediction.group_id == group_uuid).options(undefer(Prediction.content))
        )
        return [
            {"uuid": one.id, "sceneUuid": one.scene_id, "content": one.content}
            for one in session.scalars(query)
        ]


@action
def add_query_items(platform: Platform, kind: str, items: list[dict[str, Any]]) -> None:
    """Give the query service items; `kind` is `judgements` or `kpi`."""
    if kind not in QUERY_KINDS:
        raise InvalidError(f"kind is {kind}, must be {' or '.join(QUERY_KINDS)}")
    with platform.database.write() as session:
        session.add_all(QueryItem(kind=kind, item=item) for item in items)


@action
def seed(platform: Platform, content: dict[str, Any]) -> None:
    """Fill the platform from the content of a seed file."""
    seed_file.apply(platform, content)


def _view_link(platform: Platform, kind: str, identifier: str) -> str:
    # Nobody's call, so there is no host that the caller used.
    base = platform.settings.public_url or ""
    return f"{base}{platform.views.link(f'{OVERVIEW}{kind}/{identifier}', seeding.USER_ID)}"


def _describe(stored: StoredObject) -> dict[str, Any]:
    with stored.path.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1024 * 1024):
            digest.update(block)
    return {"size": stored.size, "sha256": digest.hexdigest()}


def _open_task(session: Session, input_uuid: str) -> Task:
    placed = find_input(session, input_uuid)
    task = workflow.open_task(session, placed)
    if task is None:
        raise InvalidError(f"Input {input_uuid} has no open task")
    return task


def _last_document(platform: Platform, session: Session, placed: Input) -> dict[str, Any]:
    """What was annotated last, else the pre-annotation; an empty document without both."""
    annotated = select(Annotation.id).where(
        Annotation.input_id == placed.id, Annotation.is_removed.is_(False)
    )
    latest = session.scalar(annotated.order_by(Annotation.number.desc()).limit(1))
    if latest is not None:
        return documents.load(platform, latest)
    if placed.pre_annotation_id is not None:
        start = session.get(PreAnnotation, placed.pre_annotation_id)
        if start is not None and start.content is not None:
            return dict(start.content)
    return {"openlabel": {"metadata": {"schema_version": "1.0.0"}}}


def find_input(session: Session, input_uuid: str) -> Input:
    """Find an input of any organization; raises `NotFoundError`."""
    found = session.scalar(select(Input).where(Input.id == input_uuid, Input.is_deleted.is_(False)))
    if found is None:
        raise NotFoundError(f"There is no input {input_uuid}")
    return found


def find_project(session: Session, external_id: str) -> Project:
    """Find a project by external ID; raises `NotFoundError`."""
    found = session.scalar(select(Project).where(Project.external_id == external_id))
    if found is None:
        raise NotFoundError(f"There is no project {external_id}")
    return found


def find_batch(session: Session, project: str, batch: str) -> Batch:
    """Find a batch of a project by external IDs; raises `NotFoundError`."""
    owner = find_project(session, project)
    query = select(Batch).where(Batch.project_number == owner.number, Batch.external_id == batch)
    found = session.scalar(query)
    if found is None:
        raise NotFoundError(f"There is no batch {batch} in project {project}")
    return found


def find_scene(session: Session, scene_uuid: str) -> Scene:
    """Find a scene of any organization; raises `NotFoundError`."""
    found = session.scalar(select(Scene).where(Scene.id == scene_uuid))
    if found is None:
        raise NotFoundError(f"There is no scene {scene_uuid}")
    return found
