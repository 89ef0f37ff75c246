"""Existing scenes, and scenes created from a scene request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from kognic.base_clients.cloud_storage import FileResourceClient, UploadSpec
from kognic.base_clients.cloud_storage.uploads import check_contents
from kognic.base_clients.errors import AmbiguousWriteError, NotFoundError
from kognic.base_clients.http.client import HttpClient
from kognic.io.model.ego.vehicle_pose import EgoVehiclePose
from kognic.io.model.scene.file_data import content_type_of
from kognic.io.model.scene.invalidated_reason import SceneInvalidatedReason
from kognic.io.model.scene.scene_entry import Scene
from kognic.io.model.scene.scene_job import CreateSceneResponse
from kognic.io.model.scene.scene_request import LocalFile, SceneRequest
from kognic.io.model.scene.scene_summary import SceneSummary
from kognic.io.resources import operations
from kognic.io.resources.polling import PROCESSING_TIMEOUT, Asker
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

        Returns when the local files are uploaded. The platform then processes the scene, see
        `wait_until_created`. Unlike the creators by type, this method has no dry run.

        Args:
            scene_request: The scene. It is created in its own `workspace_id`, not in the client's.

        Raises:
            ValueError: `scene_request` is not a `SceneRequest`; scenes of a type have creators, such as
                `client.cameras`. Nothing was sent.
            BadRequestError: The platform rejected the scene; nothing was created.
            UploadError: A file could not be uploaded. The scene exists and stays pending; the error names it,
                unless the file cannot be read: then nothing was sent.
            AmbiguousWriteError: The response was lost, and a scene with that external ID exists, which may
                be it.
            ModelValidationError: The response has no upload URL for a file.
        """
        expected("scene_request", scene_request, SceneRequest)
        files = scene_request.get_files()
        check_contents({name: _upload_spec("", name, file) for name, file in files.items()})
        created = self._client.call(
            operations.CREATE_SCENE_FROM_REQUEST,
            json=scene_request.to_dict(),
            lookup=lambda: self._none_created(scene_request),
        )
        scene_uuid = str(member(created, "id", operations.CREATE_SCENE_FROM_REQUEST))
        with naming_scene(scene_uuid, scene_request.external_id, NOT_UPLOADED):
            urls = match_urls(files, dict(created.get("signedUploadUrls") or ()))
        specs = {name: _upload_spec(url, name, file) for name, (file, url) in urls.items()}
        self._upload.finish(PostedScene(scene_uuid, scene_request.external_id, None, specs, None))
        return CreateSceneResponse(scene_uuid=scene_uuid)

    def get_scenes_by_uuids(self, scene_uuids: list[str]) -> list[Scene]:
        """Get scenes by UUID, including invalidated ones.

        Args:
            scene_uuids: UUIDs of scenes.

        Raises:
            NotFoundError: One of them does not exist.
        """
        return self._query({"sceneUuids": listed("scene_uuids", scene_uuids)})

    def get_scenes_by_external_ids(self, external_ids: list[str]) -> list[Scene]:
        """Get scenes by external ID, which need not be unique.

        Args:
            external_ids: External IDs of scenes.

        Returns:
            Every scene with one of these external IDs.

        Raises:
            NotFoundError: There is no scene for one of the external IDs.
        """
        return self._query({"externalIds": listed("external_ids", external_ids)})

    def wait_until_created(
        self,
        scene_uuids: Sequence[str],
        *,
        timeout: float | None = PROCESSING_TIMEOUT,
        poll_interval: float = 1,
    ) -> list[Scene]:
        """Wait until scenes have been processed and can be annotated.

        Polls only scenes that are not ready, up to 100 per request. An unknown scene is treated as not ready,
        because a new scene cannot be queried for a short time. An outage of the platform counts as waiting;
        it does not raise.

        Args:
            scene_uuids: UUIDs of scenes.
            timeout: Seconds to wait in total, for all of them together; None waits without limit.
            poll_interval: Seconds between two rounds.

        Returns:
            The scenes, in the order given.

        Raises:
            SceneFailedError: The platform could not process a scene; has the platform's reason. Raised
                immediately, without waiting for the other scenes.
            SceneInvalidatedError: A scene has been invalidated.
            SceneTimeoutError: Some were not ready in time, or the platform does not know them; lists them.
                Also a `TimeoutError`.
            ValueError: `poll_interval` is not above 0.
        """
        if not poll_interval > 0:
            raise ValueError(f"poll_interval is {poll_interval}, must be above 0 seconds")
        uuids = listed("scene_uuids", scene_uuids) or []
        return wait_until_created(
            self.get_scenes_by_uuids,
            uuids,
            timeout=timeout,
            poll_interval=poll_interval,
            client=Asker(self._client.limits.breaker, lambda: self.get_scenes_by_uuids(uuids[:1])),
        )

    def get_scene_summary(
        self, scene_uuid: str | UUID, find_invalidated_scenes: bool = False
    ) -> SceneSummary:
        """Get the content of a scene: sensors, frame times (milliseconds from its start), metadata.

        Args:
            scene_uuid: UUID of the scene.
            find_invalidated_scenes: Include invalidated scenes.

        Raises:
            NotFoundError: The scene does not exist, or it has been invalidated.
        """
        found = self._client.call(
            operations.GET_SCENE_SUMMARY,
            {"scene_uuid": scene_uuid},
            # The only boolean of the protocol that starts with a capital letter.
            params={"includeInvalidated": str(bool(find_invalidated_scenes))},
        )
        return SceneSummary.from_json(found)

    def get_ego_poses(self, scene_uuid: str | UUID) -> dict[str, EgoVehiclePose] | None:
        """Get the pose of the vehicle in the world at every frame of a scene.

        Args:
            scene_uuid: UUID of the scene.

        Returns:
            Poses by frame ID, sorted numerically if all IDs are numbers and otherwise in the platform's
            order; None if the scene has no poses or does not exist.

        Raises:
            ApiError: The request failed.
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

        The creators do this themselves; call it only if this last step failed.

        Args:
            scene_uuid: UUID of the scene.

        Raises:
            NotFoundError: The scene does not exist.
        """
        commit_scene(self._client, scene_uuid)

    def invalidate_scenes(self, scene_uuids: list[str], reason: SceneInvalidatedReason) -> None:
        """Invalidate scenes permanently.

        Their inputs and annotations are deleted within seconds. This cannot be undone.

        Args:
            scene_uuids: UUIDs of scenes.
            reason: Reason of the invalidation.

        Raises:
            ValueError: `reason` is not a known reason.
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
            scene_uuid: UUID of an indexed scene; wait for it with `wait_until_created`.

        Raises:
            NotFoundError: The scene does not exist.
        """
        self._set_status(scene_uuid, "created")

    def reindex_scene(self, scene_uuid: str) -> None:
        """Undo the import of a scene; its data stays in the customer's cloud, its inputs cannot be viewed.

        Args:
            scene_uuid: UUID of a created scene with external resources.

        Raises:
            NotFoundError: The scene does not exist.
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
        """Verify that a creation whose response was lost did not happen.

        External IDs can repeat, so a scene with that ID may be another one, and the upload URLs are lost in
        any case.
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


def _upload_spec(destination: str, name: str, file: LocalFile) -> UploadSpec:
    return UploadSpec(
        destination, content_type_of(name), filename=name, data=file.data, callback=file.callback
    )
