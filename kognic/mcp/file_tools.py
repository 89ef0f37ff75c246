"""Tools for scene files on this machine: find, check, preview, and plan what their creation would do."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Annotated, Any, Literal

from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import CallToolResult, ImageContent, TextContent
from pydantic import Field

from kognic._core.errors import KognicError
from kognic._core.failures import in_words
from kognic._core.wording import counted
from kognic.base_clients.errors import NotFoundError
from kognic.io.client import KognicIOClient
from kognic.mcp.calls import reads
from kognic.mcp.platform_tools import ProjectName, SceneItem, SceneName
from kognic.mcp.results import USUAL_LIMIT, Limit, Offset, Page, Result, clean, page, result
from kognic.mcp.roots import Roots
from kognic.pipelines.lookup import scene_uuid
from kognic.pipelines.scene_upload import SceneFileUpload
from kognic.scenes.checks import GROUPS, RULES, Report
from kognic.scenes.scene_check import BEFORE_SENDING, CheckOptions, check_scene_files
from kognic.scenes.scene_file import SceneFile, load_scene_file
from kognic.scenes.scene_search import find_scene_files
from kognic.viewer.pictures import webp
from kognic.viewer.stills import PreviewOptions
from kognic.viewer.stills.preview import open_drawing

MAX_PICTURES = 8
PICTURE_BYTES = 200_000
"""Pictures of one answer, and the size of each: hosts refuse answers beyond a few megabytes."""
# Pixels. A choice: models scale images down to about this size before they see them.
MAX_WIDTH = 1600
# A choice: a folder with more is a disk; the search ends instead of walking through it.
_MAX_FILES = 10_000
# A choice: answers take room in the conversation; the page after the first shows more.
_SHOWN_FINDINGS = 50
# As for findings.
_SHOWN_NOTES = 20

Group = Literal["structure", "files", "geometry", "openlabel"]
ScenePath = Annotated[
    str, Field(description="Scene file, or a folder that holds one; relative paths start at the first root.")
]


class SceneFileItem(Result):
    path: str


class FindingItem(Result):
    code: str = Field(description="The rule; explain_rule says more.")
    severity: str
    location: str
    message: str
    hint: str


class CheckResult(Page[FindingItem]):
    """Findings, worst first; an error is something that the platform would refuse or misread."""

    name: str
    counts: dict[str, int] = Field(description="Findings by severity, on all pages.")
    facts: dict[str, Any] = Field(description="What was inspected.")
    cameras: list[dict[str, Any]] = Field(description="Each camera's calibration against the lidar.")


class PictureItem(Result):
    frame: str
    sensor: str = Field(description="Camera, or birds-eye.")
    width: int
    height: int
    points: int = Field(description="Lidar points in the picture.")


class PreviewResult(Result):
    pictures: list[PictureItem] = Field(description="In the order of the images of this answer.")
    frames: int = Field(description="Frames of the scene.")
    more_pictures: int = Field(description="Pictures that were left out; name frames or cameras to see them.")
    notes: list[str] = Field(description="What could not be shown, and why.")


class RuleResult(Result):
    code: str
    group: str
    severity: str
    title: str
    docs_url: str = Field(description="Meaning, example, cause and fix.")


class Plan(Result):
    """What the creation of a scene file would do. Nothing was created."""

    external_id: str
    scene_type: str
    frames: int
    files: int
    bytes: int
    calibration: str | None = Field(description="Whether the calibration would be created or reused.")
    pre_annotation: bool = Field(description="Whether a pre-annotation would be created.")
    project: str | None = Field(description="Where inputs would be created; null for none.")
    batch: str | None
    existing_scenes: list[SceneItem] = Field(description="Scenes that have this external ID already.")
    is_checked_by_platform: bool = Field(
        description="Whether the platform validated the scene; it cannot before the calibration exists."
    )
    refusal: str | None = Field(description="Why the creation would fail; null if nothing speaks against it.")
    findings: list[FindingItem] = Field(description="Offline findings, worst first; check_scene has all.")
    counts: dict[str, int]


class FileTools:
    """Tools on scene files.

    Args:
        client: Returns the client; called with the first call of a tool that needs it.
        roots: What may be read.
    """

    def __init__(self, client: Callable[[], KognicIOClient], roots: Roots) -> None:
        self._client = client
        self._roots = roots

    @reads("Find scene files", is_local=True)
    def find_scene_files(
        self,
        folder: Annotated[str, Field(description="Folder to search; default: the first root.")] = ".",
        offset: Offset = 0,
        limit: Limit = USUAL_LIMIT,
    ) -> Page[SceneFileItem]:
        """List the scene files in a folder: scene.json, scene.yaml, *.scene.json or *.scene.yaml."""
        found = islice(find_scene_files([self._roots.path(folder)]), _MAX_FILES)
        return page(SceneFileItem, [{"path": str(path)} for path in found], offset, limit)

    @reads("Check scene", is_local=True)
    def check_scene(
        self,
        path: ScenePath,
        groups: Annotated[list[Group] | None, Field(description="Groups of rules; default: all.")] = None,
        full: Annotated[bool, Field(description="Decode every file, not only headers; slower.")] = False,
        ignore: Annotated[list[str] | None, Field(description="Codes of rules to leave out.")] = None,
        offset: Offset = 0,
        limit: Limit = USUAL_LIMIT,
    ) -> CheckResult:
        """Check a scene offline: structure, files, calibration against the lidar, and pre-annotation."""
        file = self._roots.scene_file(path)
        (report,) = check_scene_files([file], CheckOptions(groups=groups or GROUPS, full=full))
        report = report.without(ignore or ())
        found = page(FindingItem, list(map(_finding, report)), offset, limit)
        return CheckResult(
            items=found.items,
            total=found.total,
            next_offset=found.next_offset,
            name=clean(report.name),
            counts=_counts(report),
            facts=clean(report.facts),
            cameras=clean([camera.to_dict() for camera in report.cameras]),
        )

    @reads("Explain rule", is_local=True)
    def explain_rule(
        self, code: Annotated[str, Field(description="Code of a rule, as findings have it.")]
    ) -> RuleResult:
        """Explain a rule of the checks."""
        rule = RULES.get(code)
        if rule is None:
            raise ToolError(f"There is no rule {code!r}; check_scene reports the codes")
        return result(RuleResult, {name: getattr(rule, name) for name in RuleResult.model_fields})

    @reads("Preview scene", is_local=True)
    def preview_scene(
        self,
        path: ScenePath,
        frames: Annotated[
            str, Field(description="Positions from 0, such as 0,5-10 or ::5 (every fifth) or all.")
        ] = "0",
        cameras: Annotated[list[str] | None, Field(description="Only these cameras; default: all.")] = None,
        birds_eye: Annotated[bool, Field(description="Add a bird's-eye view of each frame.")] = True,
        # 960 keeps a picture within PICTURE_BYTES, and a distant car visible.
        width: Annotated[int, Field(ge=64, le=MAX_WIDTH, description="Largest width, pixels.")] = 960,
    ) -> Annotated[CallToolResult, PreviewResult]:
        """Draw frames of a scene: images with lidar points and pre-annotations, and a bird's-eye view."""
        scene_file = load_scene_file(self._roots.scene_file(path))
        options = PreviewOptions(frames=frames, cameras=cameras, image_width=width, birds_eye=birds_eye)
        drawing = open_drawing(scene_file, options=options)
        items: list[PictureItem] = []
        images: list[ImageContent] = []
        notes = list(drawing.scene.notes)
        per_frame = max(1, len(drawing.scene.cameras) + int(drawing.has_birds_eye))
        for index in drawing.chosen[: -(-MAX_PICTURES // per_frame)]:
            drawn = drawing.draw(index)
            notes += [f"{drawn.stage.title}: {note}" for note in drawn.stage.notes]
            for name, picture in list(drawn.pictures.items())[: MAX_PICTURES - len(items)]:
                flat = picture.flat()
                items.append(
                    PictureItem(
                        frame=clean(drawn.stage.title), sensor=clean(name), points=picture.num_points,
                        width=flat.width, height=flat.height,
                    )
                )  # fmt: skip
                notes += [f"{name}: {note}" for note in picture.notes]
                data = base64.b64encode(webp(flat, limit=PICTURE_BYTES)).decode()
                images.append(ImageContent(type="image", data=data, mime_type="image/webp"))
        answer = PreviewResult(
            pictures=items,
            frames=len(drawing.view.frames),
            more_pictures=max(0, len(drawing.chosen) * per_frame - len(items)),
            notes=clean(list(dict.fromkeys(notes))[:_SHOWN_NOTES]),
        )
        return CallToolResult(
            content=[TextContent(type="text", text=answer.model_dump_json()), *images],
            structured_content=answer.model_dump(mode="json"),
        )

    @reads("Dry run: create scene")
    def dry_run_scene(
        self,
        path: ScenePath,
        project: Annotated[str | None, Field(description="Project for inputs; default: the file's.")] = None,
        batch: Annotated[str | None, Field(description="Batch of the project.")] = None,
    ) -> Plan:
        """Report what the creation of a scene file would create, with findings. Creates nothing.

        The scene is checked offline, then validated by the platform in a dry run.
        """
        file = self._roots.scene_file(path)
        scene_file = load_scene_file(file)
        report = scene_file.check(groups=BEFORE_SENDING)
        client = self._client()
        upload = SceneFileUpload(client=client, scene_file=scene_file, project=project, batch=batch)
        checked, refusal = _platform_check(upload, report)
        described = scene_file.description
        return Plan(
            external_id=clean(scene_file.external_id),
            scene_type=described.type,
            frames=len(described.all_frames),
            files=len(scene_file.files),
            bytes=scene_file.size,
            calibration=clean(_calibration(scene_file, upload)),
            pre_annotation=scene_file.pre_annotation is not None,
            project=clean(upload.project),
            batch=clean(upload.batch),
            existing_scenes=[result(SceneItem, scene) for scene in _existing(client, scene_file.external_id)],
            is_checked_by_platform=checked,
            refusal=clean(refusal),
            findings=[result(FindingItem, _finding(item)) for item in islice(report, _SHOWN_FINDINGS)],
            counts=_counts(report),
        )

    @reads("Dry run: create input")
    def dry_run_input(
        self,
        scene: SceneName,
        project: ProjectName,
        batch: Annotated[str | None, Field(description="Default: the latest open batch.")] = None,
    ) -> dict[str, str]:
        """Let the platform validate the creation of an input. Creates nothing."""
        client = self._client()
        uuid = scene_uuid(client, scene)
        client.input.create_from_scene(uuid, project=project, batch=batch, dryrun=True)
        return {"result": f"The platform would create an input of scene {uuid}; nothing was created."}


def _finding(finding: Any) -> dict[str, Any]:
    return {**finding.to_dict(), "location": finding.location, "hint": finding.hint}


def _counts(report: Report) -> dict[str, int]:
    found = [finding.severity.value for finding in report]
    return {severity: found.count(severity) for severity in ("error", "warning", "info")}


def _platform_check(upload: SceneFileUpload, report: Report) -> tuple[bool, str | None]:
    """Whether the platform validated the scene, and why its creation would fail."""
    offline = f"the offline checks found {counted(len(report.errors), 'error')}" if report.errors else None
    try:
        return upload.check(), offline
    except (KognicError, ValueError) as exc:
        return False, in_words(exc)


def _calibration(scene_file: SceneFile, upload: SceneFileUpload) -> str | None:
    if scene_file.calibration is None:
        return scene_file.description.calibration_id
    if upload.calibration is not None:
        return f"{upload.calibration.external_id}: exists, would be reused ({upload.calibration.id})"
    return f"{scene_file.calibration.external_id}: would be created"


def _existing(client: KognicIOClient, external_id: str) -> Iterator[Any]:
    try:
        yield from islice(client.scene.get_scenes_by_external_ids([external_id]), _SHOWN_NOTES)
    except NotFoundError:
        return
