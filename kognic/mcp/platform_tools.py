"""Tools that read the platform."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Annotated, Any

from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field

from kognic.annotations.document import Document, Geometry
from kognic.io.client import KognicIOClient
from kognic.mcp.calls import reads
from kognic.mcp.results import USUAL_LIMIT, Limit, Offset, Page, Result, clean, page, result
from kognic.mcp.roots import Roots
from kognic.pipelines.lookup import find_scenes, input_uuid, requests_of, scene_uuid, scene_uuids

_MAX_FRAME_TIMES = 1000
_MAX_NUMBERS = 100

SceneName = Annotated[str, Field(description="UUID or external ID of a scene.")]
InputName = Annotated[str, Field(description="UUID of an input, or external ID of a scene with one input.")]
ProjectName = Annotated[str, Field(description="External ID of a project, as list_projects reports it.")]


class Connection(Result):
    """What this server talks to, and what it may do."""

    client: str = Field(description="Address of the API, and the workspace once it is known.")
    workspaces: list[str] = Field(description="Workspaces that scenes can be created in, with UUIDs.")
    readable: str = Field(description="Folders and URLs that file tools may read.")
    writes: bool = Field(description="Whether tools that change the platform are offered.")


class ProjectItem(Result):
    project: str = Field(description="External ID; other tools take it.")
    title: str
    status: str
    created: str
    description: str


class BatchItem(Result):
    batch: str = Field(description="External ID.")
    title: str
    status: str = Field(description="Only an open batch takes new inputs.")
    created: str
    updated: str


class RequestItem(Result):
    id: str
    title: str | None = None
    batch: str | None = None
    inputs: int | None = None
    input_progress_counts: dict[str, int] | None = None


class SceneItem(Result):
    uuid: str
    external_id: str
    scene_type: str
    status: str
    created: str
    calibration_id: str | None
    view_link: str | None
    error_message: str | None = Field(description="Why the platform could not process it.")


class SceneDetails(Result):
    scene_uuid: str
    external_id: str
    workspace_id: str
    created: str
    scene_type: str
    calibration_id: str | None
    cameras: list[str] | None
    lidars: list[str] | None
    frames: int | None
    frame_relative_times: list[int] | None = Field(description="Milliseconds from the start; the first 1000.")
    is_motion_compensated: bool
    metadata: dict[str, Any]


class InputItem(Result):
    uuid: str
    scene_uuid: str
    scene_external_id: str
    request_uid: str
    view_link: str


class InputProgress(Result):
    id: str
    request_id: str
    scene_id: str
    status: str
    last_completed_annotation_id: str | None
    stage: str | None
    task_id: str | None
    assigned_user_id: int | None
    created_at: str
    completed_at: str | None


class PreAnnotationItem(Result):
    id: str
    externalId: str | None  # noqa: N815
    sceneUuid: str  # noqa: N815
    status: str
    created: str


class CalibrationItem(Result):
    id: str
    external_id: str
    created: str


class SensorItem(Result):
    sensor: str
    type: str
    position: list[float] = Field(description="x, y, z in the reference frame, metres.")
    rotation_quaternion: list[float] = Field(description="w, x, y, z; maps sensor to reference frame.")
    image_width: int | None
    image_height: int | None


class CalibrationDetails(Result):
    id: str
    external_id: str
    created: str
    sensors: list[SensorItem]


class AnnotationItem(Result):
    annotation_uuid: str | None
    input_uuid: str
    scene_uuid: str
    request_uid: str
    created: str
    is_preliminary: bool
    frames: int
    objects_by_class: dict[str, int]


class GeometryItem(Result):
    object_id: str
    object_class: str
    frame: str
    sensor: str | None
    kind: str
    numbers: list[float] | None = Field(
        description="As OpenLABEL has them: a cuboid is x, y, z, qx, qy, qz, qw, sx, sy, sz in metres, "
        "a bbox is centre x, centre y, width, height in pixels. Null for other shapes and for more than "
        "100 numbers."
    )


class PlatformTools:
    """Reads projects, scenes, inputs, annotations and calibrations.

    Args:
        client: Returns the client; called with the first call of a tool.
        roots: For `show_connection`.
        allows_writes: For `show_connection`.
    """

    def __init__(self, client: Callable[[], KognicIOClient], roots: Roots, *, allows_writes: bool) -> None:
        self._client = client
        self._roots = roots
        self._allows_writes = allows_writes

    @reads("Show connection")
    def show_connection(self) -> Connection:
        """Show which platform this server is connected to, your workspaces, and what tools may do."""
        client = self._client()
        workspaces = client.workspace.get_workspaces()
        return Connection(
            client=clean(repr(client)),
            workspaces=clean([f"{item.external_id} ({item.id})" for item in workspaces]),
            readable=str(self._roots),
            writes=self._allows_writes,
        )

    @reads("List projects")
    def list_projects(self, offset: Offset = 0, limit: Limit = USUAL_LIMIT) -> Page[ProjectItem]:
        """List the projects that you can see."""
        return page(ProjectItem, self._client().project.get_projects(), offset, limit)

    @reads("List batches")
    def list_batches(
        self, project: ProjectName, offset: Offset = 0, limit: Limit = USUAL_LIMIT
    ) -> Page[BatchItem]:
        """List the batches of a project."""
        return page(BatchItem, self._client().project.get_project_batches(project), offset, limit)

    @reads("List requests")
    def list_requests(
        self,
        project: Annotated[str, Field(description="External ID or UUID of a project.")],
        counts: Annotated[bool, Field(description="Count inputs by their progress; slower.")] = False,
        offset: Offset = 0,
        limit: Limit = USUAL_LIMIT,
    ) -> Page[RequestItem]:
        """List the annotation requests of a project. By external ID only those that have inputs are found."""
        return page(RequestItem, list(requests_of(self._client(), project, counts=counts)), offset, limit)

    @reads("Find scenes")
    def find_scenes(
        self, names: Annotated[list[str], Field(min_length=1, max_length=100, description="UUIDs and "
        "external IDs of scenes.")], offset: Offset = 0, limit: Limit = USUAL_LIMIT,
    ) -> Page[SceneItem]:  # fmt: skip
        """Find scenes with their status; more than one scene may have the same external ID."""
        return page(SceneItem, find_scenes(self._client(), names), offset, limit)

    @reads("Show scene")
    def show_scene(self, scene: SceneName) -> SceneDetails:
        """Show the sensors, frames and metadata of a scene."""
        client = self._client()
        summary = client.scene.get_scene_summary(scene_uuid(client, scene))
        times = summary.frame_relative_times
        return result(
            SceneDetails,
            summary,
            frames=None if times is None else len(times),
            frame_relative_times=None if times is None else times[:_MAX_FRAME_TIMES],
        )

    @reads("List inputs")
    def list_inputs(
        self,
        project: Annotated[str | None, Field(description="External ID of a project.")] = None,
        batch: Annotated[str | None, Field(description="External ID of a batch of that project.")] = None,
        scenes: Annotated[
            list[str] | None, Field(max_length=100, description="UUIDs and external IDs of scenes.")
        ] = None,
        offset: Offset = 0,
        limit: Limit = USUAL_LIMIT,
    ) -> Page[InputItem]:
        """List inputs, which are scenes placed in a request. All given filters must match."""
        if project is None and not scenes:
            raise ToolError("Give project or scenes: all inputs of an organization are too many to list")
        client = self._client()
        found = client.input.query_inputs(
            project=project, batch=batch, scene_uuids=scene_uuids(client, scenes) if scenes else None
        )
        return page(InputItem, found, offset, limit)

    @reads("Show input progress")
    def show_input(self, input: InputName) -> InputProgress:
        """Show where an input is in its workflow."""
        client = self._client()
        return _progress(client.input.get_request_input(input_uuid(client, input)))

    @reads("List progress of a request")
    def list_request_inputs(
        self,
        request: Annotated[str, Field(description="UUID of a request.")],
        offset: Offset = 0,
        limit: Limit = USUAL_LIMIT,
    ) -> Page[InputProgress]:
        """List the inputs of a request with their progress."""
        found = self._client().input.get_request_inputs(request_id=request, page_size=1000)
        return page(InputProgress, map(_progress, found), offset, limit)

    @reads("List annotations")
    def list_annotations(
        self,
        scene: Annotated[str | None, Field(description="UUID or external ID of a scene.")] = None,
        input: Annotated[str | None, Field(description="UUID of an input.")] = None,
        offset: Offset = 0,
        limit: Limit = USUAL_LIMIT,
    ) -> Page[AnnotationItem]:
        """List the annotations of a scene or of an input, with the number of objects of each class."""
        if (scene is None) == (input is None):
            raise ToolError("Give either scene or input")
        client = self._client()
        if input is not None:
            found = [client.annotation.get_annotation_for_input(input_uuid(client, input))]
        else:
            found = client.annotation.get_annotations_for_scene(scene_uuid(client, str(scene)))
        return page(AnnotationItem, [_annotation(item) for item in found], offset, limit)

    @reads("Show annotation")
    def show_annotation(
        self,
        annotation: Annotated[str, Field(description="UUID of an annotation, see list_annotations.")],
        frame: Annotated[str | None, Field(description="Only this frame, by its key in OpenLABEL.")] = None,
        object_class: Annotated[str | None, Field(description="Only objects of this class.")] = None,
        offset: Offset = 0,
        limit: Limit = USUAL_LIMIT,
    ) -> Page[GeometryItem]:
        """Show the shapes of an annotation: cuboids, boxes and others, in the order of the document."""
        document = _document(self._client().annotation.get_annotation_by_id(annotation))
        if frame is not None:
            document = document.only(frame)
        found = (
            _geometry(document, shape)
            for shape in document.geometries()
            if object_class is None or document.class_of(shape.object_id) == object_class
        )
        return page(GeometryItem, found, offset, limit)

    @reads("List pre-annotations")
    def list_pre_annotations(
        self, scene: SceneName, offset: Offset = 0, limit: Limit = USUAL_LIMIT
    ) -> Page[PreAnnotationItem]:
        """List the pre-annotations of a scene."""
        client = self._client()
        found = client.pre_annotation.list(scene_uuids=[scene_uuid(client, scene)])
        return page(PreAnnotationItem, list(found), offset, limit)

    @reads("List calibrations")
    def list_calibrations(
        self,
        external_id: Annotated[str | None, Field(description="Only those of this external ID.")] = None,
        offset: Offset = 0,
        limit: Limit = USUAL_LIMIT,
    ) -> Page[CalibrationItem]:
        """List calibrations."""
        found = self._client().calibration.get_calibrations(external_id=external_id)
        return page(CalibrationItem, found, offset, limit)

    @reads("Show calibration")
    def show_calibration(
        self, calibration: Annotated[str, Field(description="UUID of a calibration.")]
    ) -> CalibrationDetails:
        """Show the sensors of a calibration with their poses."""
        entry = self._client().calibration.get_calibration(calibration)
        sensors = [_sensor(name, sensor) for name, sensor in (entry.calibration or {}).items()]
        return CalibrationDetails.model_validate(
            clean({"id": entry.id, "external_id": entry.external_id, "created": entry.created})
            | {"sensors": sensors}
        )


def _progress(item: Any) -> InputProgress:
    details = item.progress_details
    task = details.current_task if details else None
    return result(
        InputProgress,
        item,
        stage=details.current_workflow_stage.name if details else None,
        task_id=task.task_id if task else None,
        assigned_user_id=task.assigned_user_id if task else None,
    )


def _document(item: Any) -> Document:
    return Document.of(item.content or {"openlabel": {}})


def _annotation(item: Any) -> AnnotationItem:
    document = _document(item)
    classes = Counter(document.class_of(name) for name in document.objects)
    return AnnotationItem.model_validate(
        clean(
            {
                "annotation_uuid": document.uuid,
                "input_uuid": item.input_uuid,
                "scene_uuid": item.scene_uuid,
                "request_uid": item.request_uid,
                "created": item.created,
                "is_preliminary": item.is_preliminary,
                "frames": len(document.frames),
                "objects_by_class": dict(classes),
            }
        )
    )


def _geometry(document: Document, shape: Geometry) -> GeometryItem:
    numbers = shape.numbers()
    return GeometryItem.model_validate(
        clean(
            {
                "object_id": shape.object_id,
                "object_class": document.class_of(shape.object_id),
                "frame": shape.frame,
                "sensor": shape.sensor,
                "kind": shape.kind,
                "numbers": numbers if numbers is not None and len(numbers) <= _MAX_NUMBERS else None,
            }
        )
    )


def _sensor(name: str, sensor: Any) -> SensorItem:
    kind = sensor.calibration_type
    return SensorItem.model_validate(
        clean(
            {
                "sensor": name,
                "type": kind,
                "position": [getattr(sensor.position, axis) for axis in "xyz"],
                "rotation_quaternion": [getattr(sensor.rotation_quaternion, axis) for axis in "wxyz"],
                "image_width": getattr(sensor, "image_width", None),
                "image_height": getattr(sensor, "image_height", None),
            }
        )
    )
