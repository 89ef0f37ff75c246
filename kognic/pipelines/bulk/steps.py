"""The steps that take one item of a bulk run from nothing to its input, each of which can be repeated.

A step looks at what is there before it creates: after a kill nobody knows whether the last call arrived.
Progress goes to a `Recorder`, which a run with a journal turns into records on disk. Which item is next, and
on which thread or machine, is the business of `kognic.pipelines.bulk.run`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Protocol

import attrs

from kognic._core.run_errors import ItemError
from kognic.base_clients.errors import ConflictError, NotFoundError
from kognic.io.model.scene.feature_flags import FeatureFlags
from kognic.io.model.scene.scene_entry import Scene, SceneStatus
from kognic.io.resources.scene.waiting import is_invalidated
from kognic.io.scene_kinds import kind_of
from kognic.pipelines.bulk.items import BulkItem, OnExisting, Target
from kognic.scenes.scene_check import check_before_sending

if TYPE_CHECKING:
    from kognic.base_clients.cloud_storage.results import UploadResult
    from kognic.io.client import KognicIOClient
    from kognic.io.model.input.input import Input


class Recorder(Protocol):
    """What is told of an item's progress, before its next step begins."""

    def reserved(self, scene_uuid: str) -> None:
        """The scene has this UUID from now on."""

    def posted(self) -> None:
        """The scene exists."""

    def stored(self, resource_id: str, size: int) -> None:
        """Storage has confirmed a file of `size` bytes."""

    def committed(self) -> None:
        """The platform has all files."""


@attrs.frozen(kw_only=True)
class Known:
    """What earlier attempts have left of an item.

    Attributes:
        scene_uuid: Its reserved UUID; None when there is none yet.
        stored: Ids of the resources that storage has confirmed.
    """

    scene_uuid: str | None = None
    stored: Collection[str] = ()


class AlreadyThere(Exception):  # noqa: N818
    """The workspace has a scene of the item's external id, and the run leaves such items alone."""

    def __init__(self, scene_uuid: str) -> None:
        super().__init__(scene_uuid)
        self.scene_uuid = scene_uuid


def existing_scenes(client: KognicIOClient, external_id: str) -> list[Scene]:
    """The scenes of the workspace with this external id that are neither failed nor invalidated."""
    try:
        found = client.scene.get_scenes_by_external_ids([external_id])
    except NotFoundError:
        return []
    lost = [s for s in found if s.status == SceneStatus.Failed or is_invalidated(s)]
    return [scene for scene in found if scene not in lost]


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
) -> str:
    """Make sure that the scene of an item exists with all its files, and return its UUID.

    Args:
        check: Check the scene before anything of it is sent, unless it has been.
        first: Called before a scene is begun; what it raises stops the item.

    Raises:
        AlreadyThere: `on_existing` is `SKIP` and there is something to skip.
        ItemError: `on_existing` is `FAIL` and the external id is taken.
        ChecksFailedError: The checks found errors.
        KognicError: The platform refused the scene, or a file could not be uploaded.
    """
    uuid = known.scene_uuid
    if uuid is None:

        def before() -> None:
            if first is not None:
                first()
            if check:
                _check(item, feature_flags)

        uuid, complete = choose_scene(client, item, recorder, on_existing, first=before)
        if complete:
            return uuid
    elif _is_complete(client, uuid):
        recorder.committed()
        return uuid
    elif check:
        _check(item, feature_flags)
    try:
        _send(client, item, uuid, recorder, known.stored, feature_flags)
    except ConflictError:
        # The call of a worker that was lost may arrive after all, and complete the scene meanwhile.
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
) -> None:
    """Post a scene under its UUID, upload those of its files that are not stored already, and commit it."""
    creation = client.scene_creation
    posted = creation.post(kind_of(item.scene), item.scene, uuid, feature_flags=feature_flags)
    recorder.posted()
    if not posted.needs_commit:
        return

    def stored(resource_id: str, result: UploadResult) -> None:
        recorder.stored(resource_id, result.size)

    creation.upload(posted, already, on_stored=stored)
    creation.commit(posted.scene_uuid, posted.external_id)


def choose_scene(
    client: KognicIOClient,
    item: BulkItem,
    recorder: Recorder,
    on_existing: OnExisting,
    *,
    first: Callable[[], object] | None = None,
) -> tuple[str, bool]:
    """Decide which scene is to be the item's: one of the workspace, or a new one, which is reserved.

    Args:
        first: Called before a scene is chosen that files are to be sent for.

    Returns:
        Its UUID, and whether it is complete already.

    Raises:
        AlreadyThere: See `ensure_scene`.
        ItemError: See `ensure_scene`.
        KognicError: The platform could not be asked.
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


def _check(item: BulkItem, feature_flags: FeatureFlags | None) -> None:
    if item.is_checked:
        return
    flags = FeatureFlags.defaults() if feature_flags is None else feature_flags
    compensates = FeatureFlags.PointCloudFeatures.MOTION_COMPENSATION in flags
    check_before_sending(
        item.name,
        functools.partial(item.check, motion_compensation=compensates),
        way_out="Correct the scene, or give the run check=False to send it as it is",
    )


def is_incomplete(scene: Scene) -> bool:
    """Whether the platform still waits for files of a scene: its upload was broken off, or is under way."""
    return scene.status == SceneStatus.Pending


def _existing(client: KognicIOClient, item: BulkItem, on_existing: OnExisting) -> Scene | None:
    """The scene to take instead of creating one."""
    if on_existing is OnExisting.IGNORE:
        return None
    found = existing_scenes(client, item.external_id)
    if not found:
        return None
    complete = [scene for scene in found if not is_incomplete(scene)]
    if on_existing is OnExisting.SKIP:
        if complete:
            raise AlreadyThere(complete[-1].uuid)
        raise ItemError(
            f"the workspace has scene {found[-1].uuid} with external id {item.external_id!r}, but not all of "
            "its files. Unless they are being uploaded right now: go on with the journal of the run that "
            "began it, or choose to update existing scenes, which uploads them"
        )
    if on_existing is OnExisting.UPDATE and len(complete or found) == 1:
        return (complete or found)[0]
    names = ", ".join(scene.uuid for scene in found)
    raise ItemError(
        f"the workspace already has {len(found)} scene(s) with external id {item.external_id!r}: {names}. "
        "Rename the scene, invalidate the other one, or choose what to do with existing scenes"
    )


def _is_complete(client: KognicIOClient, scene_uuid: str) -> bool:
    """Whether a scene that was begun earlier has been committed."""
    try:
        (scene,) = client.scene.get_scenes_by_uuids([scene_uuid])
    except NotFoundError:
        return False
    return not is_incomplete(scene)


def ensure_pre_annotation(
    client: KognicIOClient, item: BulkItem, scene_uuid: str, *, look: bool
) -> str | None:
    """Make sure that the pre-annotation of an item exists, and return its UUID; None if it has none.

    Args:
        look: Look for it first, because an earlier attempt may have created it.
    """
    if item.pre_annotation is None:
        return None
    name = item.pre_annotation_name
    if look:
        found = client.pre_annotation.list(external_ids=[name], scene_uuids=[scene_uuid])
        if found:
            return str(found[0]["id"])
    return client.pre_annotation.create(scene_uuid, item.pre_annotation, dryrun=False, external_id=name).id


def ensure_input(
    client: KognicIOClient, scene_uuid: str, pre_annotation_uuid: str | None, target: Target, *, look: bool
) -> str | None:
    """Make sure that the scene is an input of the target, and return the input's UUID; None without target.

    Args:
        look: Look for it first, because an earlier attempt may have created it.
    """
    if not target.wants_inputs:
        return None
    if look and (found := _existing_inputs(client, scene_uuid, target)):
        return found[0].uuid
    if target.project is not None:
        made = client.cameras.create_from_scene(scene_uuid, target.project, target.batch)
        return made[0].uuid if made else None
    created = client.input.create_from_scene(
        scene_uuid, pre_annotation_uuid=pre_annotation_uuid, request_uuid=target.request_uuid
    )
    return created.uuid if created else None


def _existing_inputs(client: KognicIOClient, scene_uuid: str, target: Target) -> list[Input]:
    found = client.input.query_inputs(project=target.project, batch=target.batch, scene_uuids=[scene_uuid])
    return [i for i in found if target.request_uuid is None or i.request_uid == target.request_uuid]


@attrs.define
class EventList:
    """A recorder that keeps what it is told: for workers that cannot reach the journal."""

    events: list[tuple[str, tuple[object, ...]]] = attrs.field(factory=list)

    def reserved(self, scene_uuid: str) -> None:
        """The scene has this UUID from now on."""
        self.events.append(("reserved", (scene_uuid,)))

    def posted(self) -> None:
        """The scene exists."""
        self.events.append(("posted", ()))

    def stored(self, resource_id: str, size: int) -> None:
        """Storage has confirmed a file of `size` bytes."""
        self.events.append(("stored", (resource_id, size)))

    def committed(self) -> None:
        """The platform has all files."""
        self.events.append(("committed", ()))

    def replay(self, recorder: Recorder) -> None:
        """Tell another recorder the same."""
        for name, arguments in self.events:
            getattr(recorder, name)(*arguments)


@functools.lru_cache(maxsize=4)
def _client_of(pickled: bytes) -> KognicIOClient:
    import pickle

    client: KognicIOClient = pickle.loads(pickled)  # noqa: S301  # nosec B301
    return client


def ensure_scene_elsewhere(
    pickled_client: bytes,
    item: BulkItem,
    known: Known,
    feature_flags: FeatureFlags | None,
    check: bool,
) -> tuple[EventList, BaseException | None]:
    """`ensure_scene` for another process or machine, of a scene that has been reserved.

    A worker keeps its client between items, so that connections are reused.

    Returns:
        What to record, and the error that stopped it or None.
    """
    recorder = EventList()
    try:
        ensure_scene(
            _client_of(pickled_client), item, recorder,
            known=known, on_existing=OnExisting.IGNORE, feature_flags=feature_flags, check=check,
        )  # fmt: skip
    except Exception as error:  # what was done before the error must reach the journal
        return recorder, error
    return recorder, None
