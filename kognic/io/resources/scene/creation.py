"""Creating a scene by type, step by step.

    reserve   a UUID, so that every later step can be repeated
    post      the scene without its files (and its IMU data first); the platform returns signed URLs
    upload    every file, in parallel, then the IMU data
    commit    all files are stored; processing starts

`SceneCreation.create` runs all steps. Callers that must record each step, such as a bulk run that can be
killed, call them one by one: `post` with the same UUID returns the same scene with fresh URLs, and `upload`
can skip files that are already stored.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sized
from typing import Any, Protocol, TypeVar

import attrs

from kognic._core.errors import KognicError
from kognic.base_clients.cloud_storage import FileResourceClient, UploadSpec
from kognic.base_clients.cloud_storage.results import UploadResult
from kognic.base_clients.cloud_storage.uploads import Recall, check_contents
from kognic.base_clients.errors import (
    ApiError,
    ModelValidationError,
    SignedUrlExpiredError,
    SourceError,
    UploadError,
)
from kognic.base_clients.http.client import HttpClient
from kognic.base_clients.http.operations import Operation
from kognic.io.model.ego.validated_imu_data import ValidateIMUDataRequest
from kognic.io.model.scene.abstract import BaseFrame, BaseScene
from kognic.io.model.scene.feature_flags import FeatureFlags
from kognic.io.model.scene.resources.resource import Resource, resource_key
from kognic.io.model.scene.scene_entry import SceneStatus
from kognic.io.model.scene.scene_job import SceneJobCreated
from kognic.io.resources import operations
from kognic.io.resources.scene.left_behind import (
    MAYBE_POSTED,
    NOT_COMMITTED,
    NOT_UPLOADED,
    add_scene,
    naming_scene,
)
from kognic.io.resources.shapes import member
from kognic.io.scene_kinds import SceneKind

logger = logging.getLogger(__name__)

FileT = TypeVar("FileT")
StepT = TypeVar("StepT")


class Through(Protocol):
    """Calls a step of a creation, again if it has to."""

    def __call__(self, step: Callable[[], StepT], /) -> StepT:
        """Return what the step returns."""
        ...


def at_once(step: Callable[[], StepT], /) -> StepT:
    """Call a step; its errors are the caller's."""
    return step()


@attrs.frozen
class PostedScene:
    """A scene that exists on the platform and waits for its files.

    Attributes:
        scene_uuid: UUID of the scene.
        external_id: External ID of the scene.
        request_input_uuid: UUID of the input that will be created from it, if already known.
        files: Files to upload, by resource ID.
        imu_data: The IMU samples and the signed URL to upload them to; None without IMU data.
    """

    scene_uuid: str
    external_id: str
    request_input_uuid: str | None
    files: dict[str, UploadSpec] = attrs.field(repr=lambda files: f"<{len(files)} files>")
    imu_data: tuple[list[dict[str, Any]], str] | None = attrs.field(
        repr=lambda imu_data: "<none>" if imu_data is None else "<to upload>"
    )

    @property
    def needs_commit(self) -> bool:
        """Whether the platform waits for uploads and a commit."""
        return bool(self.files) or self.imu_data is not None


class SceneUpload:
    """The last steps, upload and commit, shared by all ways to create a scene."""

    def __init__(self, client: HttpClient, file_client: FileResourceClient) -> None:
        self._client = client
        self._file_client = file_client

    def finish(self, posted: PostedScene) -> None:
        """Upload the files of a scene, if there are any, and commit it."""
        if posted.needs_commit:
            self.upload(posted)
            self.commit(posted.scene_uuid, posted.external_id)

    def upload(
        self,
        posted: PostedScene,
        stored: Collection[str] = (),
        *,
        on_stored: Callable[[str, UploadResult], object] | None = None,
        recall: Recall | None = None,
    ) -> dict[str, UploadResult]:
        """Upload the files of a scene and its IMU data.

        Args:
            posted: The result of `post`.
            stored: IDs of resources to skip because they are already stored.
            on_stored: Called with the resource ID and result of each stored file, in the thread that
                uploaded it.
            recall: Can call the upload off from another thread.

        Raises:
            CancelledError: The upload was called off.
            UploadError: A file could not be uploaded; has the stored files and `scene_uuid`.
        """
        specs = {name: spec for name, spec in posted.files.items() if name not in stored}
        results: dict[str, UploadResult] = {}
        with naming_scene(posted.scene_uuid, posted.external_id, NOT_UPLOADED):
            if specs:
                results = self._file_client.upload_files(specs, on_stored=on_stored, recall=recall)
            if posted.imu_data is not None:
                self._file_client.upload_json(*posted.imu_data)
        return results

    def commit(self, scene_uuid: str, external_id: str = "") -> None:
        """Tell the platform that all files of a scene are stored, which starts processing.

        Args:
            scene_uuid: UUID of the scene.
            external_id: External ID, for messages.

        Raises:
            NotFoundError: The scene does not exist.
        """
        state = NOT_COMMITTED.format(scene_uuid=scene_uuid)
        with naming_scene(scene_uuid, external_id, state):
            commit_scene(self._client, scene_uuid)


class SceneCreation(SceneUpload):
    """All steps of creating scenes by type; has no state.

    Args:
        client: Calls the input service.
        file_client: Uploads files.
        workspace_id: Finds out the workspace to write to.
    """

    def __init__(
        self, client: HttpClient, file_client: FileResourceClient, workspace_id: Callable[[], str]
    ) -> None:
        super().__init__(client, file_client)
        self._workspace_id = workspace_id

    def create(
        self,
        kind: SceneKind,
        scene: BaseScene,
        *,
        project: str | None = None,
        batch: str | None = None,
        feature_flags: FeatureFlags | None = None,
        dryrun: bool = False,
        through: Through = at_once,
        on_reserved: Callable[[str], object] | None = None,
        on_stored: Callable[[str, UploadResult], object] | None = None,
    ) -> PostedScene | None:
        """Run all steps; a dry run validates the scene on the server and returns None.

        `through` calls each step and may repeat it: all steps use the scene's UUID, with which `on_reserved`
        is called before anything exists. `on_stored` is called for each stored file, as by `upload`.

        Raises:
            UploadError: A file cannot be read, see `check_files`; nothing was sent.
            KognicError: A step failed; see `reserve`, `upload` and `commit`. Once the scene is posted,
                errors have its `scene_uuid`.
        """
        files = collect_files(scene)
        check_files(files)
        check_target(project, batch)
        scene_uuid = through(self.reserve)
        if on_reserved is not None:
            on_reserved(scene_uuid)
        stored: set[str] = set()

        def note(resource_id: str, result: UploadResult) -> None:
            stored.add(resource_id)
            if on_stored is not None:
                on_stored(resource_id, result)

        def send() -> PostedScene | None:
            # Posted again, a scene has fresh signed URLs: those of before an outage may have expired.
            posted = self._post(
                kind,
                scene,
                scene_uuid,
                files,
                project=project,
                batch=batch,
                flags=feature_flags,
                dryrun=dryrun,
            )
            if posted is not None and posted.needs_commit:
                self.upload(posted, stored, on_stored=note)
            return posted

        posted = through(lambda: renewing_urls(send, stored))
        if posted is not None and posted.needs_commit:
            through(lambda: self.commit(scene_uuid, posted.external_id))
        return posted

    def reserve(self) -> str:
        """Reserve the UUID of a scene; nothing is visible on the platform yet.

        Raises:
            ValueError: The workspace to write to could not be determined.
        """
        reserved = self._client.call(operations.INITIALIZE_SCENE, json={"workspaceId": self._workspace_id()})
        return str(member(reserved, "sceneUuid", operations.INITIALIZE_SCENE))

    def post(
        self,
        kind: SceneKind,
        scene: BaseScene,
        scene_uuid: str,
        *,
        project: str | None = None,
        batch: str | None = None,
        feature_flags: FeatureFlags | None = None,
    ) -> PostedScene:
        """Post a scene under its reserved UUID; posting it again under the same UUID returns the same scene.

        Args:
            kind: The kind of the scene.
            scene: The scene; its files are not read yet.
            scene_uuid: The result of `reserve`.
            project: External ID of a project in which inputs are created when the scene is ready.
            batch: External ID of a batch of `project`.
            feature_flags: Options of the processing; None for `FeatureFlags.defaults()`.

        Raises:
            ValueError: Two different resources have the same ID, or `batch` is passed without `project`;
                raised before anything is sent.
            BadRequestError: The platform rejected the scene; nothing was created.
            ModelValidationError: The platform did not say where to upload a file.
        """
        files = collect_files(scene)
        check_target(project, batch)
        posted = self._post(
            kind, scene, scene_uuid, files, project=project, batch=batch, flags=feature_flags, dryrun=False
        )
        assert posted is not None
        return posted

    def _post(
        self,
        kind: SceneKind,
        scene: BaseScene,
        scene_uuid: str,
        files: Mapping[str, Resource],
        *,
        project: str | None,
        batch: str | None,
        flags: FeatureFlags | None,
        dryrun: bool,
    ) -> PostedScene | None:
        imu_id, imu_upload = self._post_imu_data(scene, scene_uuid, dryrun)
        flags = FeatureFlags.defaults() if flags is None else flags
        body = {
            **scene.to_dict(),
            "internalId": scene_uuid,
            "featureFlags": flags.to_dict(),
            "imuData": imu_id,
        }
        operation, path = _scene_operation(kind, project, batch)
        external_id = str(body.get("externalId", ""))
        try:
            answer = self._client.call(
                operation,
                path,
                params={"workspaceId": self._workspace_id()},
                json=body,
                dryrun=dryrun,
                discard_response=dryrun,
            )
        except KognicError as exc:
            refused = isinstance(exc, ApiError) and exc.status_code < 500 and not exc.maybe_done
            if not dryrun and not refused:
                add_scene(exc, scene_uuid, external_id, MAYBE_POSTED)
            raise
        if dryrun:
            return None
        job = SceneJobCreated.from_json(answer)
        with naming_scene(job.scene_uuid, external_id, NOT_UPLOADED):
            urls = match_urls(files, job.files)
        specs = {name: upload_spec(url, resource) for name, (resource, url) in urls.items()}
        return PostedScene(job.scene_uuid, external_id, job.request_input_uuid, specs, imu_upload)

    def _post_imu_data(
        self, scene: BaseScene, scene_uuid: str, dryrun: bool
    ) -> tuple[str | None, tuple[list[dict[str, Any]], str] | None]:
        """Validate the IMU data on the server; returns its resource ID and its upload."""
        imu_data = getattr(scene, "imu_data", None)
        if not imu_data:
            return None, None
        body = ValidateIMUDataRequest(imu_data=imu_data, internal_id=scene_uuid).to_dict()
        answer = self._client.call(
            operations.VALIDATE_IMU_DATA,
            params={"workspaceId": self._workspace_id()},
            json=body,
            dryrun=dryrun,
            discard_response=dryrun,
        )
        if dryrun:
            return None, None
        resource_id = str(member(answer, "resourceId", operations.VALIDATE_IMU_DATA))
        url = answer.get("signedUrl")
        return resource_id, (body["imuData"], url) if url else None


def renewing_urls(send: Callable[[], StepT], stored: Sized) -> StepT:
    """Post a scene and upload its files; again, for fresh URLs, when the signed URLs expire on the way.

    URLs last for less than the upload of a large scene over a slow line may take. Files in `stored` are not
    uploaded again.

    Args:
        send: Posts the scene and uploads the files that are not in `stored`.
        stored: Grows with each file that `send` has stored.

    Raises:
        UploadError: A file could not be uploaded, or fresh URLs had expired before a single file was stored:
            a clock is wrong.
        SignedUrlExpiredError: The same for the IMU data.
    """
    in_vain, last = False, None
    while True:
        before = len(stored)
        try:
            return send()
        except (UploadError, SignedUrlExpiredError) as error:
            cause = error.cause if isinstance(error, UploadError) else error
            if last is not None and isinstance(cause, SourceError):
                # A generator or file object that was read for the first URL.
                raise last from last.__cause__
            if not isinstance(cause, SignedUrlExpiredError) or (in_vain and len(stored) == before):
                raise
            in_vain, last = len(stored) == before, error
            logger.info("%s; getting new URLs for the files that are not stored yet", cause)


def commit_scene(client: HttpClient, scene_uuid: str) -> None:
    """Commit a scene; a retry that is rejected because the first commit succeeded is not an error.

    Raises:
        NotFoundError: The scene does not exist.
    """
    try:
        client.call(operations.COMMIT_SCENE, {"scene_uuid": scene_uuid}, discard_response=True)
    except ApiError as exc:
        if not exc.maybe_done:
            raise
        scenes = client.call(operations.QUERY_SCENES, json={"sceneUuids": [scene_uuid]})
        if not scenes or scenes[0].get("status") == SceneStatus.Pending.value:
            raise


def check_target(project: str | None, batch: str | None) -> None:
    """Check that a batch is passed with its project.

    Raises:
        ValueError: `batch` is given, `project` is not.
    """
    if batch is not None and project is None:
        raise ValueError(f"batch is {batch!r} without a project: name the project that the batch belongs to")


def collect_files(scene: BaseScene) -> dict[str, Resource]:
    """Collect the resources of a scene by resource ID; a resource can occur in more than one frame.

    Raises:
        ValueError: Two different resources have the same ID, so one of them would be lost.
    """
    files: dict[str, Resource] = {}
    for resource in _resources(scene):
        key = resource_key(resource)
        first = files.setdefault(key, resource)
        if first is not resource and not _same_content(first, resource):
            raise ValueError(
                f"Two resources have the id {key!r} and different content ({_source(first)} of sensor "
                f"{first.sensor_name}, {_source(resource)} of sensor {resource.sensor_name}), of which one "
                "would be lost: give them different names, or a resource_id each"
            )
    return files


def check_files(files: Mapping[str, Resource], stored: Collection[str] = ()) -> None:
    """Check, before anything is sent, that the files of a scene can be read and hold something.

    Resources check their files when they are built, but file objects may still be filled then, and files may
    be gone now. What generators, callbacks and pipes hold is known only when they are uploaded.

    Args:
        files: The result of `collect_files`.
        stored: IDs of resources that are stored already, whose file objects have been closed.

    Raises:
        UploadError: A file is missing or empty, a file object closed, empty or opened for writing only, a
            generator used, or a content of a wrong type.
    """
    check_contents({name: upload_spec("", file) for name, file in files.items() if name not in stored})


def _resources(scene: BaseScene) -> Iterator[Resource]:
    # A frame's own `resources` is keyed by ID, which would hide the duplicates checked here.
    # A sequence may be empty; the platform says so.
    frames: Iterable[BaseFrame] = scene.frames if hasattr(scene, "frames") else [scene.frame]  # type: ignore[attr-defined]
    for frame in frames:
        yield from getattr(frame, "point_clouds", ())
        yield from getattr(frame, "images", ())


def _same_content(one: Resource, other: Resource) -> bool:
    return one.filename == other.filename and (
        one.file_data is other.file_data or one.file_data == other.file_data
    )


def _source(resource: Resource) -> str:
    return f"data called {resource.filename}" if resource.file_data else resource.filename


def match_urls(files: Mapping[str, FileT], urls: Mapping[str, str]) -> dict[str, tuple[FileT, str]]:
    """Match files with the platform's upload URLs; the platform returns none if it needs no upload.

    Raises:
        ModelValidationError: There are URLs, but not exactly one for each file.
    """
    if urls and files.keys() != urls.keys():
        missing = [name for name in files if name not in urls]
        unknown = [name for name in urls if name not in files]
        raise ModelValidationError(
            f"the platform answered with upload URLs for {len(urls)} files, the scene has {len(files)}. "
            f"Without a URL: {missing[:5]}; not in the scene: {unknown[:5]}",
            path="files",
        )
    return {name: (files[name], url) for name, url in urls.items()}


def upload_spec(destination: str, resource: Resource) -> UploadSpec:
    """Create the specification of an upload to a signed URL."""
    file_data = resource.file_data
    # Callbacks get the name as the user passed it, and local files are opened by this name.
    filename = resource.client_filename if resource.client_filename is not None else resource.filename
    if file_data is None:
        return UploadSpec(destination, resource.content_type, filename=os.path.expanduser(filename))  # noqa: PTH111
    return UploadSpec(
        destination,
        resource.content_type,
        filename=filename,
        data=file_data.data,
        callback=file_data.callback,
    )


def _scene_operation(
    kind: SceneKind, project: str | None, batch: str | None
) -> tuple[Operation, dict[str, str]]:
    path = {"scene_type": kind.segment}
    if project is None:
        return operations.CREATE_SCENE, path
    if batch is None:
        return operations.CREATE_SCENE_IN_PROJECT, {**path, "project": project}
    return operations.CREATE_SCENE_IN_BATCH, {**path, "project": project, "batch": batch}
