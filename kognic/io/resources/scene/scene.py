"""Scenes that exist, and scenes made from a scene request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from kognic.base_clients.cloud_storage import FileResourceClient, UploadSpec
from kognic.base_clients.errors import AmbiguousWriteError, NotFoundError
from kognic.base_clients.http.client import HttpClient
from kognic.io.model.ego.vehicle_pose import EgoVehiclePose
from kognic.io.model.scene.file_data import content_type_of
from kognic.io.model.scene.invalidated_reason import SceneInvalidatedReason
from kognic.io.model.scene.scene_entry import Scene
from kognic.io.model.scene.scene_job import CreateSceneResponse
from kognic.io.model.scene.scene_request import SceneRequest
from kognic.io.model.scene.scene_summary import SceneSummary
from kognic.io.resources import operations
from kognic.io.resources.scene.creation import PostedScene, SceneUpload, commit_scene, match_urls
from kognic.io.resources.scene.left_behind import NOT_UPLOADED, naming_scene
from kognic.io.resources.scene.waiting import wait_until_created
from kognic.io.resources.shapes import expected, items, listed, member, member_of


class SceneResource:
    """Scenes of any type: find, wait for, import, invalidate; create from a scene request."""

    def __init__(self, client: HttpClient, file_client: FileResourceClient) -> None:
        self._client = client
        self._upload = SceneUpload(client, file_client)

    def create_scene(self, scene_request: SceneRequest) -> CreateSceneResponse:
        """Create a scene whose files are local, in the customer's cloud, or both.

        Local files are uploaded before this returns; the platform then converts the scene, see
        `wait_until_created`. Unlike the creators by type this has no dry run.

        Args:
            scene_request: The scene. It is created in its own `workspace_id`, not in the client's.

        Raises:
            ValueError: `scene_request` is not a `SceneRequest`; scenes of a type have creators, such as
                `client.cameras`. Nothing was sent.
            BadRequestError: The platform refused the scene; nothing was created.
            UploadError: A file could not be uploaded. The scene exists and stays pending; the error names it.
            AmbiguousWriteError: The answer was lost, and a scene of that external id exists which may be it.
            ModelValidationError: The platform did not say where to upload a file.
        """
        expected("scene_request", scene_request, SceneRequest)
        files = scene_request.get_files()
        created = self._client.call(
            operations.CREATE_SCENE_FROM_REQUEST,
            json=scene_request.to_dict(),
            lookup=lambda: self._none_created(scene_request),
        )
        scene_uuid = str(member(created, "id", operations.CREATE_SCENE_FROM_REQUEST))
        with naming_scene(scene_uuid, scene_request.external_id, NOT_UPLOADED):
            urls = match_urls(files, dict(created.get("signedUploadUrls") or ()))
        specs = {
            name: UploadSpec(
                url, content_type_of(name), filename=name, data=file.data, callback=file.callback
            )
            for name, (file, url) in urls.items()
        }
        self._upload.finish(PostedScene(scene_uuid, scene_request.external_id, None, specs, None))
        return CreateSceneResponse(scene_uuid=scene_uuid)

    def get_scenes_by_uuids(self, scene_uuids: list[str]) -> list[Scene]:
        """Get scenes, also invalidated ones.

        Args:
            scene_uuids: UUIDs of scenes.

        Raises:
            NotFoundError: One of them does not exist.
        """
        return self._query({"sceneUuids": listed("scene_uuids", scene_uuids)})

    def get_scenes_by_external_ids(self, external_ids: list[str]) -> list[Scene]:
        """Get scenes by the user's names for them, which need not be unique.

        Args:
            external_ids: External ids of scenes.

        Returns:
            Every scene that has one of these names.

        Raises:
            NotFoundError: One of the names has no scene.
        """
        return self._query({"externalIds": listed("external_ids", external_ids)})

    def wait_until_created(
        self, scene_uuids: Sequence[str], *, timeout: float | None = 1800, poll_interval: float = 1
    ) -> list[Scene]:
        """Wait until scenes have been processed and can be annotated.

        Polls up to 100 scenes per request, and only those that are not ready yet. A scene that the platform
        does not know is not visible yet: a new one cannot be queried for a short while.

        Args:
            scene_uuids: UUIDs of scenes.
            timeout: Seconds to wait in total, for all of them together; None waits without limit.
            poll_interval: Seconds between two rounds.

        Returns:
            The scenes, in the order given.

        Raises:
            SceneFailedError: The platform could not process a scene; says why. Raised as soon as one is seen,
                whatever the others do.
            SceneInvalidatedError: A scene has been invalidated.
            SceneTimeoutError: Some were not ready in time, or the platform does not know them; it lists them.
                It is a `TimeoutError`, too.
            ValueError: `poll_interval` is not above 0.
        """
        if not poll_interval > 0:
            raise ValueError(f"poll_interval is {poll_interval}, must be above 0 seconds")
        uuids = listed("scene_uuids", scene_uuids) or []
        return wait_until_created(
            self.get_scenes_by_uuids, uuids, timeout=timeout, poll_interval=poll_interval
        )

    def get_scene_summary(
        self, scene_uuid: str | UUID, find_invalidated_scenes: bool = False
    ) -> SceneSummary:
        """Get what a scene consists of: sensors, frame times (milliseconds from its start), metadata.

        Args:
            scene_uuid: UUID of the scene.
            find_invalidated_scenes: Also find it when it has been invalidated.

        Raises:
            NotFoundError: There is no such scene, or it has been invalidated.
        """
        found = self._client.call(
            operations.GET_SCENE_SUMMARY,
            {"scene_uuid": scene_uuid},
            # The one boolean of the protocol that is written with a capital.
            params={"includeInvalidated": str(bool(find_invalidated_scenes))},
        )
        return SceneSummary.from_json(found)

    def get_ego_poses(self, scene_uuid: str | UUID) -> dict[str, EgoVehiclePose] | None:
        """Get the pose of the vehicle in the world at every frame of a scene.

        Args:
            scene_uuid: UUID of the scene.

        Returns:
            Poses by frame id, by number if all ids are numbers and else in the platform's order; None if the
            scene has none or does not exist.

        Raises:
            ApiError: The platform refused.
        """
        try:
            found = self._client.call(operations.GET_EGO_POSES, {"scene_uuid": scene_uuid})
        except NotFoundError:
            return None
        poses = member(found, "poses", operations.GET_EGO_POSES)
        try:
            frame_ids = sorted(poses, key=int)
        except ValueError:
            frame_ids = list(poses)
        return {frame_id: EgoVehiclePose.from_json(poses[frame_id]) for frame_id in frame_ids}

    def commit_scene(self, scene_uuid: str) -> None:
        """Tell the platform that all files of a scene are stored, so that it is processed.

        Creators do this themselves; it is for the rare case that only this last step failed.

        Args:
            scene_uuid: UUID of the scene.

        Raises:
            NotFoundError: There is no such scene.
        """
        commit_scene(self._client, scene_uuid)

    def invalidate_scenes(self, scene_uuids: list[str], reason: SceneInvalidatedReason) -> None:
        """Take scenes out of use for good.

        Within seconds their inputs are deleted and their annotations removed. It cannot be undone.

        Args:
            scene_uuids: UUIDs of scenes.
            reason: Why they must not be used.

        Raises:
            ValueError: `reason` is none of the known reasons.
            NotFoundError: One of the scenes does not exist.
        """
        body = {
            "sceneUuids": listed("scene_uuids", scene_uuids),
            "reason": member_of("reason", reason, SceneInvalidatedReason),
        }
        self._client.call(operations.INVALIDATE_SCENES, json=body, discard_response=True)

    def import_indexed_scene(self, scene_uuid: str) -> None:
        """Copy the data of an indexed scene from the customer's cloud and process it.

        Args:
            scene_uuid: UUID of an indexed scene; `wait_until_created` tells when it is ready.

        Raises:
            NotFoundError: There is no such scene.
        """
        self._set_status(scene_uuid, "created")

    def reindex_scene(self, scene_uuid: str) -> None:
        """Undo the import of a scene; its data stays in the customer's cloud, its inputs cannot be viewed.

        Args:
            scene_uuid: UUID of a created scene with external resources.

        Raises:
            NotFoundError: There is no such scene.
        """
        self._set_status(scene_uuid, "indexed")

    def _query(self, body: dict[str, Any]) -> list[Scene]:
        found = self._client.call(operations.QUERY_SCENES, json=body)
        return [Scene.from_json(item) for item in items(found, operations.QUERY_SCENES)]

    def _set_status(self, scene_uuid: str, status: str) -> None:
        self._client.call(
            operations.UPDATE_SCENE,
            {"scene_uuid": scene_uuid},
            json={"status": status},
            discard_response=True,
        )

    def _none_created(self, scene_request: SceneRequest) -> None:
        """Make sure that a creation whose answer was lost did not happen.

        External ids may repeat, so a scene of that name need not be the one, and the URLs to upload to are
        lost in any case.
        """
        try:
            scenes = self.get_scenes_by_external_ids([scene_request.external_id])
        except NotFoundError:
            return
        same = [scene for scene in scenes if scene.workspace_id == scene_request.workspace_id]
        if same:
            names = ", ".join(f"{scene.uuid} ({scene.status.value}, {scene.created})" for scene in same)
            raise AmbiguousWriteError(
                f"Scene {scene_request.external_id!r} may have been created. Scenes of that name: {names}. "
                "Keep the new one if it has no local files, else invalidate it before creating it again",
                operation=str(operations.CREATE_SCENE_FROM_REQUEST),
            )
