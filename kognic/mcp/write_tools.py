"""Tools that change the platform. They are offered with --allow-writes only, and each call has to confirm."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field

from kognic._core.errors import KognicError
from kognic._core.failures import in_words
from kognic._core.wording import counted
from kognic.io.client import KognicIOClient
from kognic.io.model.scene.invalidated_reason import SceneInvalidatedReason
from kognic.mcp.calls import confirmed, writes
from kognic.mcp.file_tools import ScenePath
from kognic.mcp.platform_tools import InputItem, ProjectName, SceneName
from kognic.mcp.results import Result, clean, result
from kognic.mcp.roots import Roots
from kognic.pipelines.lookup import scene_uuid
from kognic.pipelines.scene_upload import SceneFileUpload
from kognic.scenes.scene_check import check_before_sending
from kognic.scenes.scene_file import load_scene_file

_MARKS = {True: "exists", False: "does not exist", None: "is in an unknown state"}


def _confirm(what: str) -> str:
    return f"Confirms the call: {what}, again. Pass it only after the user has agreed."


class CreatedScene(Result):
    scene_uuid: str
    external_id: str
    status: str = Field(description="pending if the platform still processes the scene.")
    existed: bool = Field(description="Whether a scene of that external ID was there before and was reused.")
    calibration_id: str | None
    pre_annotation_id: str | None
    inputs: list[InputItem]
    view_link: str | None


class Changed(Result):
    result: str


class WriteTools:
    """Tools that write.

    Args:
        client: Returns the client.
        roots: What may be read.
    """

    def __init__(self, client: Callable[[], KognicIOClient], roots: Roots) -> None:
        self._client = client
        self._roots = roots

    @writes("Create scene", repeatable=True)
    def create_scene(
        self,
        path: ScenePath,
        project: Annotated[str | None, Field(description="Project for inputs; default: the file's.")] = None,
        batch: Annotated[str | None, Field(description="Batch of the project.")] = None,
        wait_seconds: Annotated[
            float, Field(ge=0, le=600, description="Longest wait for the platform to process the scene.")
        ] = 0,
        confirm: Annotated[str, Field(description=_confirm("the external ID of the scene"))] = "",
    ) -> CreatedScene:
        """Create the scene of a scene file: upload its files, create its calibration and inputs.

        Call dry_run_scene first. A valid scene of the same external ID is reused, so that a call that timed
        out can be repeated. The scene is checked offline; errors stop it before anything is uploaded.
        """
        scene_file = load_scene_file(self._roots.scene_file(path))
        name = scene_file.external_id
        place = project or scene_file.description.project
        confirmed(
            confirm,
            name,
            f"upload {counted(len(scene_file.files), 'file')} ({scene_file.size} bytes) and create the scene "
            f"{name}" + (f" with inputs in project {place}" if place else ""),
        )
        check_before_sending(
            str(scene_file.path), scene_file.check, way_out="check_scene shows all findings", tell=str
        )
        upload = SceneFileUpload(
            client=self._client(), scene_file=scene_file, project=project, batch=batch,
            timeout=wait_seconds or None, if_exists="skip",
        )  # fmt: skip
        try:
            upload.run()
        except (KognicError, ValueError, OSError) as exc:
            facts = "; ".join(f"{fact.part} {_MARKS[fact.exists]} ({fact.text})" for fact in upload.account())
            raise ToolError(f"{in_words(exc)}. On the platform: {facts}") from exc
        return _created(upload)

    @writes("Create input")
    def create_input(
        self,
        scene: SceneName,
        project: ProjectName,
        batch: Annotated[str | None, Field(description="Default: the latest open batch.")] = None,
        pre_annotation: Annotated[str | None, Field(description="UUID of a pre-annotation.")] = None,
        confirm: Annotated[str, Field(description=_confirm("scene"))] = "",
    ) -> InputItem:
        """Place a scene in a project, to be annotated. Call dry_run_input first.

        Repeating the call creates another input.
        """
        confirmed(confirm, scene, f"create an input of the scene {scene} in the project {project}")
        client = self._client()
        uuid = scene_uuid(client, scene)
        created = client.input.create_from_scene(
            uuid, pre_annotation_uuid=pre_annotation, project=project, batch=batch
        )
        return result(InputItem, created)

    @writes("Delete input", destroys=True)
    def delete_input(
        self,
        input: Annotated[str, Field(description="UUID of the input.")],
        confirm: Annotated[str, Field(description=_confirm("the UUID of the input"))] = "",
    ) -> Changed:
        """Delete an input and its annotations for good. The scene stays."""
        confirmed(confirm, input, f"delete the input {input} and its annotations for good")
        self._client().input.delete_input(input)
        return Changed(result=clean(f"Input {input} deleted."))

    @writes("Invalidate scene", destroys=True)
    def invalidate_scene(
        self,
        scene: Annotated[str, Field(description="UUID of the scene.")],
        reason: Literal["bad-content", "duplicate", "incorrectly-created"],
        confirm: Annotated[str, Field(description=_confirm("the UUID of the scene"))] = "",
    ) -> Changed:
        """Take a scene out of use for good; its inputs and annotations are deleted."""
        confirmed(
            confirm, scene, f"invalidate the scene {scene}, and delete its inputs and annotations for good"
        )
        self._client().scene.invalidate_scenes([scene], SceneInvalidatedReason(reason))
        return Changed(result=clean(f"Scene {scene} invalidated ({reason})."))


def _created(upload: SceneFileUpload) -> CreatedScene:
    scene = upload.scene
    return CreatedScene(
        scene_uuid=str(upload.scene_uuid),
        external_id=clean(upload.scene_file.external_id),
        status=clean(scene.status if scene else "pending"),
        existed=upload.existed,
        calibration_id=clean(upload.calibration.id if upload.calibration else None),
        pre_annotation_id=clean(upload.pre_annotation_id),
        inputs=[result(InputItem, found) for found in upload.inputs],
        view_link=clean(scene.view_link if scene else None),
    )
