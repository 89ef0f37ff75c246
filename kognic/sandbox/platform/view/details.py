"""The pages of a scene, an input and a calibration: the viewer, and below it everything that is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import undefer
from starlette.responses import Response

from kognic.sandbox.platform import access
from kognic.sandbox.platform.annotations import documents
from kognic.sandbox.platform.calls import Call
from kognic.sandbox.platform.errors import NotFoundError
from kognic.sandbox.platform.inputs import workflow
from kognic.sandbox.platform.inputs.routes import find_input, visible
from kognic.sandbox.platform.scenes import specification
from kognic.sandbox.platform.scenes import states as scenes
from kognic.sandbox.platform.scenes.processing import locate
from kognic.sandbox.platform.scenes.specification import FileSpec, SceneSpec
from kognic.sandbox.platform.tables import (
    Annotation,
    Calibration,
    Input,
    PreAnnotation,
    Review,
    Scene,
    Task,
    User,
    Workspace,
)
from kognic.sandbox.platform.values import to_wire_time
from kognic.sandbox.platform.view import assets, packets
from kognic.sandbox.platform.view.rendering import page
from kognic.sandbox.platform.view.rendering import size as in_bytes
from kognic.sandbox.platform.view.steps import steps_of_input, steps_of_scene
from kognic.sandbox.platform.view.tables import (
    Cell,
    annotation_state,
    code,
    input_cell,
    moment,
    number,
    stage,
    status,
    to,
)

FILES_PER_PAGE = 100
WAITING = (scenes.PENDING, scenes.PROCESSING)
Row = list[Cell]


@dataclass(frozen=True)
class Problem:
    """Why a scene failed; `file` is empty if it is not about one."""

    file: str
    text: str


def scene_page(call: Call) -> Response:
    """Return a scene with its files, calibration, documents and inputs."""
    scene = access.scene(call, call.path["uuid"])
    placed = _inputs(call, scene)
    annotations = [one for each in placed for one in _annotations(call, each)]
    pre_annotations = _pre_annotations(call, scene)
    chosen = _chosen(call, pre_annotations, annotations)
    return page(
        "scene.html",
        title=scene.external_id or scene.id,
        kind="scenes",
        steps=steps_of_scene(scene, len(placed)),
        workflow=(),
        tasks=(),
        reviews=(),
        inputs=[_input_row(one) for one in placed],
        **_scene_values(call, scene, chosen),
        **_document_values(call, pre_annotations, annotations, chosen),
    )


def input_page(call: Call) -> Response:
    """Return an input: its scene with its documents, and where it is in its workflow."""
    placed = find_input(call, call.path["uuid"])
    scene = placed.scene
    annotations = _annotations(call, placed)
    delivered = documents.delivered_of_input(call.session, placed.id)
    pre_annotations = _pre_annotations(call, scene)
    own = [one for one in pre_annotations if one.id == placed.pre_annotation_id]
    chosen = _chosen(call, own, annotations)
    values = _scene_values(call, scene, chosen)
    values["facts"] = [*_input_facts(placed), *values["facts"]]
    return page(
        "scene.html",
        title=f"Input of {scene.external_id or scene.id}",
        kind="inputs",
        steps=steps_of_input(call.platform, call.session, placed, delivered),
        workflow=_phases(placed),
        tasks=_tasks(call, placed),
        reviews=_reviews(call, placed),
        inputs=[_input_row(one) for one in _inputs(call, scene) if one.id != placed.id],
        **values,
        **_document_values(call, pre_annotations, annotations, chosen),
    )


def calibration_page(call: Call) -> Response:
    """Return a calibration."""
    found = call.session.get(Calibration, call.path["uuid"])
    if found is None or found.workspace_id not in access.workspace_ids(call):
        raise NotFoundError(f"There is no calibration {call.path['uuid']}")
    return page(
        "calibration.html",
        title=found.external_id,
        kind="scenes",
        facts=[
            ("External ID", Cell(found.external_id)),
            ("UUID", code(found.id)),
            ("Created", moment(found.created)),
            ("Scenes", Cell("scenes with this calibration", to("scenes", calibration=found.id))),
        ],
        sensors=_sensor_rows(found.sensors),
        content=_without_modules(found.sensors),
    )


def problems_of(scene: Scene) -> list[Problem]:
    """Return the errors of a scene, with the files that they are about."""
    text = scene.error_message
    if not text:
        return []
    spec: SceneSpec = scene.specification  # type: ignore[assignment]
    known = {file["key"] for file in specification.files(spec)} | {scene.imu_resource}
    for key in sorted((key for key in known if key), key=len, reverse=True):
        if text.startswith(f"{key}: "):
            return [Problem(key, text.removeprefix(f"{key}: "))]
    return [Problem("", text)]


def _scene_values(call: Call, scene: Scene, chosen: list[str]) -> dict[str, Any]:
    spec: SceneSpec = scene.specification  # type: ignore[assignment]
    sensors = packets.sensors_of(call.session, scene)
    is_ready = scene.status == scenes.CREATED
    found = problems_of(scene)
    return {
        "source": packets.address(scene, chosen) if is_ready and assets.has_viewer() else "",
        "has_viewer": assets.has_viewer(),
        "status": scene.status,
        "is_waiting": scene.status in WAITING,
        "awaits_commit": scene.awaits_commit,
        "problems": found,
        "facts": _scene_facts(call, scene, spec),
        "sensors": _sensor_rows(sensors or {}),
        "calibration": _without_modules(sensors or {}),
        "metadata": spec["metadata"],
        "specification": spec["sensors"],
        "uuid": scene.id,
        **_files(call, scene, spec, found),
    }


def _scene_facts(call: Call, scene: Scene, spec: SceneSpec) -> list[tuple[str, Cell]]:
    workspace = call.session.get(Workspace, scene.workspace_id)
    calibration = Cell("none")
    if scene.calibration_id is not None:
        found = call.session.get(Calibration, scene.calibration_id)
        text = scene.calibration_id if found is None else found.external_id
        calibration = Cell(text, f"/view/calibration/{scene.calibration_id}")
    compensated = scene.has_imu and scene.motion_compensation
    return [
        ("Scene", code(scene.id, f"/view/scene/{scene.id}")),
        ("External ID", Cell(scene.external_id)),
        ("Type", Cell(scene.scene_type)),
        ("Status", status(scene.status)),
        ("Created", Cell(to_wire_time(scene.created))),
        ("Workspace", Cell("" if workspace is None else workspace.name)),
        ("Frames", number(len(spec["frames"]))),
        ("Cameras", Cell(", ".join(specification.cameras(spec)) or "none")),
        ("Lidars", Cell(", ".join(specification.lidars(spec)) or "none")),
        ("Calibration", calibration),
        ("Motion compensation", Cell("on" if compensated else "off")),
    ]


def _input_facts(placed: Input) -> list[tuple[str, Cell]]:
    request = placed.request
    batch = request.batch
    return [
        ("Input", code(placed.id)),
        ("Input status", status(placed.status)),
        ("Workflow stage", Cell(stage(placed) or "no flexible workflow")),
        ("Request", Cell(request.external_id, to("inputs", request=request.id))),
        ("Project", Cell(batch.project.external_id, to("batches", project=batch.project.external_id))),
        ("Batch", Cell(batch.external_id)),
        ("Updated", moment(placed.updated)),
    ]


def _files(call: Call, scene: Scene, spec: SceneSpec, found: list[Problem]) -> dict[str, Any]:
    """A page of the files; the state of the others is not looked up."""
    uploaded = specification.distinct_files(spec, external=False)
    files = [*uploaded.values(), *specification.distinct_files(spec, external=True).values()]
    if scene.imu_resource is not None:
        files.append(_imu_file(scene.imu_resource))
    text = call.query.get("files", "1")
    chosen = int(text) if text.isascii() and text.isdecimal() and len(text) < 8 else 1
    last = max(1, -(-len(files) // FILES_PER_PAGE))
    chosen = min(max(1, chosen), last)
    errors = {problem.file: problem.text for problem in found}
    shown = files[(chosen - 1) * FILES_PER_PAGE : chosen * FILES_PER_PAGE]
    return {
        "files": [_file_row(call, scene, file, errors) for file in shown],
        "file_count": len(files),
        "file_pages": [(number, number == chosen) for number in range(1, last + 1)] if last > 1 else [],
    }


def _imu_file(key: str) -> FileSpec:
    return FileSpec(key=key, name=key, kind=specification.IMU, sensor="", external=False, shutter=None)


def _file_row(call: Call, scene: Scene, file: FileSpec, errors: dict[str, str]) -> Row:
    stored = locate(call.platform, scene.id, file)
    if file["key"] in errors:
        state = "failed"
    elif stored is not None:
        state = "in the cloud, known" if file["external"] else "uploaded"
    else:
        state = "in the cloud" if file["external"] else "missing"
    return [
        code(file["key"]),
        Cell(file["kind"]),
        Cell(file["sensor"]),
        Cell("" if stored is None else in_bytes(stored.size), kind="number"),
        status(state),
        Cell(errors.get(file["key"], ""), kind="bad"),
    ]


def _sensor_rows(sensors: Any) -> list[Row]:
    return [_sensor_row(name, entry) for name, entry in sensors.items()]


def _sensor_row(name: str, entry: Any) -> Row:
    size = f"{entry['image_width']} x {entry['image_height']}" if "image_width" in entry else ""
    position, rotation = entry["position"], entry["rotation_quaternion"]
    return [
        Cell(name),
        Cell(entry["calibration_type"]),
        Cell(size, kind="number"),
        Cell(" ".join(f"{position[key]:.3f}" for key in "xyz"), kind="number"),
        Cell(" ".join(f"{rotation[key]:.6f}" for key in "wxyz"), kind="number"),
    ]


def _without_modules(sensors: Any) -> dict[str, Any]:
    return {
        name: {key: "..." if key == "wasm_base64" else value for key, value in entry.items()}
        for name, entry in sensors.items()
    }


def _inputs(call: Call, scene: Scene) -> list[Input]:
    query = visible(call).where(Input.scene_id == scene.id, Input.is_deleted.is_(False))
    return list(call.session.scalars(query.order_by(Input.number)))


def _input_row(placed: Input) -> Row:
    batch = placed.request.batch
    return [
        input_cell(placed),
        status(placed.status),
        Cell(stage(placed)),
        Cell(placed.request.external_id),
        Cell(f"{batch.project.external_id} / {batch.external_id}"),
    ]


def _annotations(call: Call, placed: Input) -> list[Annotation]:
    """The annotations of an input, the newest first."""
    query = select(Annotation).where(Annotation.input_id == placed.id)
    return list(call.session.scalars(query.order_by(Annotation.number.desc())))


def _pre_annotations(call: Call, scene: Scene) -> list[PreAnnotation]:
    query = select(PreAnnotation).where(PreAnnotation.scene_id == scene.id)
    query = query.options(undefer(PreAnnotation.content))
    return list(call.session.scalars(query.order_by(PreAnnotation.number.desc())))


def _chosen(call: Call, pre_annotations: list[PreAnnotation], annotations: list[Annotation]) -> list[str]:
    """The documents that the viewer shows: those of the address, else the latest of each kind."""
    usable = [one.id for one in pre_annotations if one.content is not None]
    versions = [one.id for one in annotations]
    found = []
    for prefix, known, wanted in (
        (packets.PRE_ANNOTATION, usable, call.query.get("pre-annotation")),
        (packets.ANNOTATION, versions, call.query.get("annotation")),
    ):
        if wanted in known:
            found.append(f"{prefix}{wanted}")
        elif known and wanted != "none":
            found.append(f"{prefix}{_latest(annotations, known)}")
    return found


def _latest(annotations: list[Annotation], known: list[str]) -> str:
    delivered = [one.id for one in annotations if annotation_state(one) == "delivered" and one.id in known]
    return (delivered or known)[0]


def _document_values(
    call: Call, pre_annotations: list[PreAnnotation], annotations: list[Annotation], chosen: list[str]
) -> dict[str, Any]:
    here = call.path["uuid"]
    return {
        "pre_annotations": [
            [
                code(one.id, f"?pre-annotation={one.id}" if one.content is not None else ""),
                Cell(one.external_id or ""),
                status(one.status),
                moment(one.created),
                Cell("shown" if f"{packets.PRE_ANNOTATION}{one.id}" in chosen else ""),
            ]
            for one in pre_annotations
        ],
        "annotations": [
            [
                code(one.id, f"?annotation={one.id}"),
                status(annotation_state(one)),
                moment(one.created),
                input_cell(one.input) if one.input_id != here else Cell("this input"),
                Cell("shown" if f"{packets.ANNOTATION}{one.id}" in chosen else ""),
            ]
            for one in annotations
        ],
    }


def _phases(placed: Input) -> list[tuple[str, str]]:
    """The phases of an input's workflow, and whether each is `done`, `now` or `later`."""
    phases = placed.request.workflow or []
    if not placed.is_listed:
        return [(str(phase["name"]), "later") for phase in phases]
    states = ("done", "now", "later")
    return [
        (str(phase["name"]), states[(index >= placed.phase_index) + (index > placed.phase_index)])
        for index, phase in enumerate(phases)
    ]


def _tasks(call: Call, placed: Input) -> list[Row]:
    query = select(Task, User.email).join(User, Task.assigned_user_id == User.id, isouter=True)
    rows = call.session.execute(query.where(Task.input_id == placed.id).order_by(Task.number))
    names = workflow.ACTIONS
    return [
        [
            code(task.id),
            Cell(names.get(task.task_type, task.task_type)),
            status(task.state),
            Cell(email or ""),
        ]
        for task, email in rows
    ]


def _reviews(call: Call, placed: Input) -> list[Row]:
    query = select(Review).where(Review.input_id == placed.id).order_by(Review.number)
    return [
        [
            code(review.id),
            status("accepted" if review.accepted else "rejected"),
            moment(review.created),
            Cell(", ".join(_comments(review))),
        ]
        for review in call.session.scalars(query)
    ]


def _comments(review: Review) -> list[str]:
    """What the feedback of a review says."""
    texts = [member.get("comment") for member in review.members if isinstance(member, dict)]
    return [str(text) for text in texts if text]
