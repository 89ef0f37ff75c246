"""The steps that create the scene of one item of a bulk run; each step can be repeated.

A step checks what exists before it creates anything: after a kill it is unknown whether the last call
arrived. Progress goes to a `Recorder`, which a run with a journal turns into records on disk. Pre-annotations
and inputs are created by `kognic.pipelines.bulk.placing`; `kognic.pipelines.bulk.coordinator` decides which
item is next, and on which thread or machine.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Protocol

import attrs

from kognic._core.run_errors import ItemError
from kognic._core.wording import counted
from kognic.base_clients.errors import ConflictError, NotFoundError
from kognic.io.model.scene.feature_flags import FeatureFlags
from kognic.io.model.scene.scene_entry import Scene, SceneStatus
from kognic.io.resources.scene.creation import PostedScene, check_files, collect_files, renewing_urls
from kognic.io.resources.scene.waiting import is_lost
from kognic.io.scene_kinds import kind_of
from kognic.pipelines.bulk.items import BulkItem, OnExisting
from kognic.scenes.scene_check import check_before_sending

if TYPE_CHECKING:
    from kognic.base_clients.cloud_storage.results import UploadResult
    from kognic.base_clients.cloud_storage.uploads import Recall
    from kognic.io.client import KognicIOClient


class Recorder(Protocol):
    """Receives the progress of an item; each step is recorded before the next one begins."""

    def reserved(self, scene_uuid: str) -> None:
        """Record the UUID that the scene has from now on."""

    def posted(self) -> None:
        """Record that the scene exists."""

    def stored(self, resource_id: str, size: int) -> None:
        """Storage has confirmed a file of `size` bytes."""

    def committed(self) -> None:
        """Record that the platform has all files."""


@attrs.frozen(kw_only=True)
class Known:
    """What earlier attempts left of an item.

    Attributes:
        scene_uuid: The reserved UUID of its scene; None if there is none yet.
        stored: Ids of the resources that storage has confirmed.
    """

    scene_uuid: str | None = None
    stored: Collection[str] = ()


class AlreadyThere(Exception):  # noqa: N818
    """The workspace has a complete scene with the item's external ID, and the run skips such scenes."""

    def __init__(self, scene_uuid: str) -> None:
        super().__init__(scene_uuid)
        self.scene_uuid = scene_uuid


def existing_scenes(client: KognicIOClient, external_id: str) -> list[Scene]:
    """Find the scenes of the workspace with an external ID that are neither failed nor invalidated.

    Args:
        client: Its user may see the scenes of other workspaces, which do not count.
        external_id: Of the scenes.

    Returns:
        The scenes, oldest first.
    """
    try:
        found = client.scene.get_scenes_by_external_ids([external_id])
    except NotFoundError:
        return []
    usable = [scene for scene in found if scene.workspace_id == client.workspace_id and not is_lost(scene)]
    return sorted(usable, key=lambda scene: scene.created)


def ensure_scene(
    client: KognicIOClient,
    item: BulkItem,
    recorder: Recorder,
    *,
    known: Known,
    on_existing: OnExisting,
    feature_flags: FeatureFlags | None,
    check: bool,
    first: Callable[[], object] | None = None,
    recall: Recall | None = None,
) -> str:
    """Make sure that the scene of an item exists with all its files, and return its UUID.

    Args:
        check: Check the scene before anything of it is sent, unless it has been checked already.
        first: Called before a scene is begun; what it raises stops the item.
        recall: Can call the upload off from another thread.

    Raises:
        AlreadyThere: `on_existing` is `SKIP` and the scene exists.
        ItemError: `on_existing` is `FAIL` and the external ID is taken.
        ChecksFailedError: The checks found errors.
        UploadError: A file could not be uploaded; one that cannot be read is found before anything is sent.
        KognicError: The platform rejected the scene.
    """
    uuid = known.scene_uuid
    if uuid is None:

        def before() -> None:
            if first is not None:
                first()
            _check(item, feature_flags, check=check)

        uuid, complete = choose_scene(client, item, recorder, on_existing, first=before)
        if complete:
            return uuid
    elif _is_complete(client, uuid):
        recorder.committed()
        return uuid
    else:
        _check(item, feature_flags, known.stored, check=check)
    try:
        _send(client, item, uuid, recorder, known.stored, feature_flags, recall)
    except ConflictError:
        # A late call of a lost worker may have completed the scene in the meantime.
        if not _is_complete(client, uuid):
            raise
    recorder.committed()
    return uuid


def _send(
    client: KognicIOClient,
    item: BulkItem,
    uuid: str,
    recorder: Recorder,
    already: Collection[str],
    feature_flags: FeatureFlags | None,
    recall: Recall | None,
) -> None:
    """Post a scene under its UUID, upload the files that are not stored yet, and commit it."""
    creation = client.scene_creation
    there = set(already)

    def stored(resource_id: str, result: UploadResult) -> None:
        there.add(resource_id)
        recorder.stored(resource_id, result.size)

    def send() -> PostedScene:
        posted = creation.post(kind_of(item.scene), item.scene, uuid, feature_flags=feature_flags)
        recorder.posted()
        if posted.needs_commit:
            creation.upload(posted, there, on_stored=stored, recall=recall)
        return posted

    posted = renewing_urls(send, there)
    if posted.needs_commit:
        creation.commit(posted.scene_uuid, posted.external_id)


def choose_scene(
    client: KognicIOClient,
    item: BulkItem,
    recorder: Recorder,
    on_existing: OnExisting,
    *,
    first: Callable[[], object] | None = None,
) -> tuple[str, bool]:
    """Choose the scene of an item: an existing one, or a new one, which is reserved.

    Args:
        first: Called before a scene is chosen that needs uploads.

    Returns:
        Its UUID, and whether it is complete already.

    Raises:
        AlreadyThere: See `ensure_scene`.
        ItemError: See `ensure_scene`.
        KognicError: The look-up failed.
    """
    there = _existing(client, item, on_existing)
    complete = there is not None and not is_incomplete(there)
    if not complete and first is not None:
        first()
    uuid = client.scene_creation.reserve() if there is None else there.uuid
    recorder.reserved(uuid)
    if complete:
        recorder.committed()
    return uuid, complete


def _check(
    item: BulkItem, feature_flags: FeatureFlags | None, stored: Collection[str] = (), *, check: bool
) -> None:
    check_files(collect_files(item.scene), stored)
    if item.is_checked or not check:
        return
    flags = FeatureFlags.defaults() if feature_flags is None else feature_flags
    compensates = FeatureFlags.PointCloudFeatures.MOTION_COMPENSATION in flags
    check_before_sending(
        item.name,
        functools.partial(item.check, motion_compensation=compensates),
        way_out="Fix the scene, or pass check=False to upload it unchecked",
    )


def is_incomplete(scene: Scene) -> bool:
    """Whether a scene lacks files: its upload was interrupted, or is in progress."""
    return scene.status == SceneStatus.Pending


def _existing(client: KognicIOClient, item: BulkItem, on_existing: OnExisting) -> Scene | None:
    """The existing scene to use instead of creating one."""
    if on_existing is OnExisting.CREATE:
        return None
    found = existing_scenes(client, item.external_id)
    if not found:
        return None
    if on_existing is OnExisting.SKIP:
        raise AlreadyThere(newest_complete(found).uuid)
    complete = [scene for scene in found if not is_incomplete(scene)]
    if on_existing is OnExisting.UPDATE and len(complete or found) == 1:
        return (complete or found)[0]
    names = ", ".join(scene.uuid for scene in found)
    raise ItemError(
        f"the workspace already has {counted(len(found), 'scene')} with external id {item.external_id!r}: "
        f"{names}. Rename the scene, invalidate the existing one, or choose another on_existing (--if-exists)"
    )


def newest_complete(found: Sequence[Scene]) -> Scene:
    """Choose the scene to reuse among those of one external ID, oldest first.

    Raises:
        ItemError: None of them has all its files.
    """
    complete = [scene for scene in found if not is_incomplete(scene)]
    if complete:
        return complete[-1]
    raise ItemError(
        f"scene {found[-1].uuid} with external id {found[-1].external_id!r} exists, but its files are "
        "incomplete. Unless they are being uploaded right now: resume the run that began it with its "
        "journal, or upload the missing files with a BulkRun and on_existing='update' (kognic bulk run "
        "--if-exists update)"
    )


def _is_complete(client: KognicIOClient, scene_uuid: str) -> bool:
    """Whether a scene that was begun earlier has all its files."""
    try:
        (scene,) = client.scene.get_scenes_by_uuids([scene_uuid])
    except NotFoundError:
        return False
    return not is_incomplete(scene)
