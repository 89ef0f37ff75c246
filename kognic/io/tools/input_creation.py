"""`create_inputs`: scenes, their pre-annotations and their inputs in one go.

For runs that must survive a kill, start from a generator of scenes, or spread over machines, there is
`kognic.pipelines.bulk`; this keeps nothing on disk.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import requests

from kognic._core.errors import InsecureUrlError, KognicError
from kognic.auth.errors import CredentialsError, TokenError
from kognic.base_clients.errors import (
    AmbiguousWriteError,
    AuthenticationError,
    ClientClosedError,
    ConnectionFailedError,
    PermissionDeniedError,
    PlatformAwayError,
)
from kognic.base_clients.http.outages import Lookout, Outlast, Patience, is_outage
from kognic.io.model.scene.feature_flags import FeatureFlags
from kognic.io.model.scene.scene_entry import Scene
from kognic.io.resources.abstract import warn_annotation_types
from kognic.io.resources.errors import WorkspaceUnknownError
from kognic.io.resources.polling import PROCESSING_TIMEOUT, ask, within
from kognic.io.resources.pre_annotation.status import raise_for_failed
from kognic.io.resources.scene.creation import at_once
from kognic.io.resources.scene.waiting import is_created, is_lost, visible_scenes
from kognic.io.scene_kinds import SceneKind, kind_of
from kognic.io.tools.model import (
    InputCreationError,
    InputCreationResult,
    InputCreationStage,
    InputCreationStatus,
    InputUuid,
    PreAnnotationUuid,
    SceneUuid,
    SceneWithPreAnnotation,
)

if TYPE_CHECKING:
    from kognic.io.client import KognicIOClient

__all__ = [
    "CONSERVATIVE_CHUNK_SIZE",
    "DEFAULT_CHUNK_SIZE",
    "InputCreationError",
    "InputCreationResult",
    "InputCreationStage",
    "InputCreationStatus",
    "InputUuid",
    "PreAnnotationUuid",
    "SceneUuid",
    "SceneWithPreAnnotation",
    "create_inputs",
]

logger = logging.getLogger(__name__)

ItemT = TypeVar("ItemT")
OutcomeT = TypeVar("OutcomeT")

DEFAULT_CHUNK_SIZE = 100
"""Scenes asked for in one call."""
CONSERVATIVE_CHUNK_SIZE = 20
"""The same after such a call has failed."""
CONCURRENCY = 16
"""Scenes, and then inputs, that are being created at a time."""

# What is wrong with the client, its user or the network, and so with every scene alike.
NOT_OF_ONE_SCENE = (
    AuthenticationError,
    ClientClosedError,
    ConnectionFailedError,
    CredentialsError,
    InsecureUrlError,
    PermissionDeniedError,
    PlatformAwayError,
    TokenError,
    WorkspaceUnknownError,
)


def create_inputs(
    client: KognicIOClient,
    scenes_with_pre_annotations: list[SceneWithPreAnnotation],
    project: str,
    dryrun: bool | None = False,
    feature_flags: FeatureFlags | None = None,
    wait_timeout: float = PROCESSING_TIMEOUT,
    sleep_time: float = 1,
    **kwargs: Any,
) -> Generator[InputCreationResult, None, None]:
    """Create scenes of one kind and, as soon as each is ready, its pre-annotation and its inputs.

    Nothing is done until the results are asked for. The first scene is created alone, so that what is wrong
    with all of them is found before many exist; the others follow several at a time. What fails with one
    scene is that scene's result and does not stop the others. Results come in the order in which they are
    known.

    Args:
        client: The client to create them with.
        scenes_with_pre_annotations: Scenes, all of one of the seven kinds, with or without pre-annotation.
        project: External ID of the project.
        dryrun: Only let the platform check the scenes; yields nothing.
        feature_flags: What processing does; None for `FeatureFlags.defaults()`.
        wait_timeout: Seconds to wait for the scenes and their pre-annotations to be processed, from when the
            last scene has been uploaded. Also the longest outage of the platform that is waited for.
        sleep_time: Seconds between two rounds of asking how far they are.
        **kwargs: More arguments of `create_from_scene`: `batch`, the external ID of a batch of the project.

    Yields:
        For each scene: CREATED with the UUIDs of its input (the first, if the batch has several requests) and
        pre-annotation; FAILED with the stage and the reason, and an empty `scene_uuid` if there is no scene;
        or PROCESSING if it was not ready in time, in which case nothing has been created from it yet.

    Raises:
        AssertionError: The scenes are of different kinds; raised by the call itself.
        ValueError: One is of none of the seven kinds, or a pre-annotation is not an OpenLABEL document;
            raised by the call itself.
        TypeError: An unknown argument, or something else than a `SceneWithPreAnnotation`; raised by the call
            itself.
        KognicError: While iterating: the first scene shows that none can be created (no access, no
            connection), or, in a dry run, the platform would refuse scenes.
    """
    scenes = list(scenes_with_pre_annotations)
    for position, each in enumerate(scenes):
        _check_item(position, each)
    options = _checked_options(kwargs)
    run = _Run(client, _kind_of_all(scenes), scenes, project, feature_flags, options)
    return run.check() if dryrun else run.create(wait_timeout, sleep_time)


class _Run:
    """One call of `create_inputs`."""

    def __init__(
        self,
        client: KognicIOClient,
        kind: SceneKind | None,
        scenes: Sequence[SceneWithPreAnnotation],
        project: str,
        feature_flags: FeatureFlags | None,
        options: dict[str, Any],
    ) -> None:
        self._client = client
        self._kind = kind
        self._scenes = scenes
        self._project = project
        self._feature_flags = feature_flags
        self._options = options
        self._chunk_size = DEFAULT_CHUNK_SIZE
        # Seconds that an outage may last while scenes are created; from then on, until the deadline.
        self._patience = 0.0
        self._deadline: float | None = None
        self._is_under_way = False
        # Scenes that exist and whose result has not been handed out, with their positions.
        self._waiting: dict[SceneUuid, int] = {}

    def check(self) -> Generator[InputCreationResult, None, None]:
        """Let the platform check every scene, and raise the first refusal; yields nothing."""
        refused: dict[int, Exception] = {}
        with _workers() as pool:
            for position, outcome in _each(pool, self._check_scene, range(len(self._scenes))):
                if outcome is not None:
                    refused[position] = outcome
                    if _concerns_all(position, outcome):
                        break
        for position, error in sorted(refused.items()):
            logger.error("Scene %s would be refused: %s", self._external_id(position), error)
        if refused:
            raise refused[min(refused)]
        yield from ()

    def create(self, wait_timeout: float, sleep_time: float) -> Generator[InputCreationResult, None, None]:
        """Create everything."""
        self._patience = wait_timeout
        try:
            with Lookout(self._client.breaker, limit=wait_timeout), _workers() as pool:
                for position, outcome in _each(pool, self._create_scene, range(len(self._scenes))):
                    self._is_under_way = True
                    if outcome is None:
                        continue
                    if _concerns_all(position, outcome):
                        raise outcome
                    scene_uuid = getattr(outcome, "scene_uuid", None) or ""
                    yield self._failed(scene_uuid, position, InputCreationStage.SCENE, outcome)
                yield from self._finish_when_ready(pool, wait_timeout, sleep_time)
        finally:
            # Only if something broke off: Ctrl-C, or a caller that stops asking for results.
            if self._waiting:
                logger.warning(
                    "Stopped: these scenes exist, their inputs perhaps not: %s", ", ".join(self._waiting)
                )

    def _check_scene(self, position: int) -> Exception | None:
        try:
            self._create(position, dryrun=True)
        except Exception as exc:  # reported with the others of the run
            return exc
        return None

    def _create_scene(self, position: int) -> Exception | None:
        try:
            self._waiting[self._create(position, dryrun=False)] = position
        except Exception as exc:  # one scene's failure is that scene's result
            return exc
        return None

    def _create(self, position: int, *, dryrun: bool) -> SceneUuid:
        assert self._kind is not None
        posted = self._client.scene_creation.create(
            self._kind,
            self._scenes[position].scene,
            feature_flags=self._feature_flags,
            dryrun=dryrun,
            through=at_once if dryrun else self._outlast,
        )
        return "" if posted is None else posted.scene_uuid

    def _outlast(self, step: Callable[[], OutcomeT], /) -> OutcomeT:
        """Call a step, again after an outage; what keeps failing while the platform answers is raised."""
        left = self._patience if self._deadline is None else max(0.0, self._deadline - time.monotonic())
        try:
            # The first scene fails at once: what it meets, all the others would meet.
            retries = 3 if self._is_under_way else 0
            return Outlast(self._client, Patience(limit=left), retries=retries).call(step)
        except PlatformAwayError as away:
            # The step's own error knows what exists already.
            away.scene_uuid = getattr(away.__context__, "scene_uuid", None)
            raise

    def _finish_when_ready(
        self, pool: ThreadPoolExecutor, timeout: float, sleep_time: float
    ) -> Iterator[InputCreationResult]:
        """Ask for the scenes again and again, and finish those that are ready."""
        self._deadline = deadline = time.monotonic() + timeout
        finish = partial(self._finish, deadline=deadline, sleep_time=sleep_time)
        trouble: Exception | None = None
        waiting = self._waiting
        while waiting and trouble is None:
            with within(deadline - time.monotonic()):
                scenes, trouble = self._ask_for(list(waiting))
            for scene in scenes:
                if is_lost(scene):
                    reason = scene.error_message or f"the scene is {scene.status.value}"
                    position = waiting.pop(scene.uuid)
                    yield self._failed(scene.uuid, position, InputCreationStage.SCENE, reason)
            ready = [scene.uuid for scene in scenes if is_created(scene)]
            for scene_uuid, result in _each(pool, finish, ready):
                del waiting[scene_uuid]
                yield result
            left = deadline - time.monotonic()
            if left <= 0:
                break
            if waiting and trouble is None:
                if self._client.breaker.is_open:
                    ask(self._client.probe, self._client, left)
                time.sleep(min(sleep_time, max(0.0, deadline - time.monotonic())))
        yield from self._still_processing()
        if trouble is not None:
            raise trouble

    def _still_processing(self) -> Iterator[InputCreationResult]:
        """The results of the scenes that were not ready in time."""
        while self._waiting:
            scene_uuid, position = next(iter(self._waiting.items()))
            del self._waiting[scene_uuid]
            yield InputCreationResult(
                scene_uuid=scene_uuid,
                status=InputCreationStatus.PROCESSING,
                external_id=self._external_id(position),
            )

    def _ask_for(self, scene_uuids: list[SceneUuid]) -> tuple[list[Scene], Exception | None]:
        """Get scenes, as far as possible; also what makes it useless to ask again. Outages are waited for."""
        scenes: list[Scene] = []
        left = list(scene_uuids)
        while left:
            chunk, left = left[: self._chunk_size], left[self._chunk_size :]
            try:
                scenes.extend(visible_scenes(self._client.scene.get_scenes_by_uuids, chunk))
            except NOT_OF_ONE_SCENE as exc:
                if not (isinstance(exc, ConnectionFailedError) or is_outage(exc)):
                    return scenes, exc
                logger.warning("Could not ask for %d scenes, will ask again: %s", len(chunk), exc)
                break
            except (KognicError, requests.RequestException) as exc:
                self._chunk_size = CONSERVATIVE_CHUNK_SIZE
                logger.warning("Could not ask for %d scenes, will ask for fewer: %s", len(chunk), exc)
        return scenes, None

    def _finish(self, scene_uuid: SceneUuid, *, deadline: float, sleep_time: float) -> InputCreationResult:
        """Create what belongs to a scene that is ready."""
        position = self._waiting[scene_uuid]
        result = InputCreationResult(
            scene_uuid=scene_uuid,
            status=InputCreationStatus.CREATED,
            external_id=self._external_id(position),
        )
        stage = InputCreationStage.PRE_ANNOTATION
        try:
            if self._scenes[position].pre_annotation is not None:
                result.preannotation_uuid = self._pre_annotate(scene_uuid, position)
                # An input disappears without a word if its pre-annotation fails later.
                self._client.pre_annotation.wait_until_available(
                    result.preannotation_uuid,
                    timeout=max(0.0, deadline - time.monotonic()),
                    poll_interval=sleep_time,
                )
            stage = InputCreationStage.INPUT_FROM_SCENE
            result.input_uuid = self._place(scene_uuid)
        except Exception as exc:  # one scene's failure is that scene's result
            return result.combine(self._failed(scene_uuid, position, stage, exc))
        return result

    def _pre_annotate(self, scene_uuid: SceneUuid, position: int) -> PreAnnotationUuid:
        content = self._scenes[position].pre_annotation
        assert content is not None

        def existing() -> PreAnnotationUuid | None:
            # Nobody else knows the scene yet: if it has one pre-annotation, that is the one.
            found = self._client.pre_annotation.list(scene_uuids=[scene_uuid])
            raise_for_failed(found)
            return str(found[0]["id"]) if len(found) == 1 else None

        return self._create_once(
            existing, lambda: self._client.pre_annotation.create(scene_uuid, content, dryrun=False).id
        )

    def _place(self, scene_uuid: SceneUuid) -> InputUuid:
        def existing() -> InputUuid | None:
            # As with pre-annotations: inputs of the scene are this run's.
            found = self._client.input.query_inputs(project=self._project, scene_uuids=[scene_uuid])
            return str(found[0].uuid) if found else None

        def create() -> InputUuid:
            inputs = self._client.cameras.create_from_scene(scene_uuid, self._project, **self._options)
            if not inputs:
                raise KognicError("no input was created: the batch has no request")
            return str(inputs[0].uuid)

        return self._create_once(existing, create)

    def _create_once(self, existing: Callable[[], str | None], create: Callable[[], str]) -> str:
        """Create an object, again after an outage; a lost response does not create it twice.

        Args:
            existing: UUID of the object that an earlier attempt created, or None.
            create: Creates it, and returns its UUID.
        """
        begun = False

        def step() -> str:
            nonlocal begun
            if begun and (there := existing()) is not None:
                return there
            begun = True
            try:
                return create()
            except AmbiguousWriteError:
                if (there := existing()) is None:
                    raise
                return there

        return self._outlast(step)

    def _failed(
        self, scene_uuid: SceneUuid, position: int, stage: InputCreationStage, reason: object
    ) -> InputCreationResult:
        return InputCreationResult(
            scene_uuid=scene_uuid,
            status=InputCreationStatus.FAILED,
            external_id=self._external_id(position),
            error=InputCreationError(stage=stage, message=str(reason) or type(reason).__name__),
        )

    def _external_id(self, position: int) -> str:
        return str(getattr(self._scenes[position].scene, "external_id", ""))


@contextmanager
def _workers() -> Iterator[ThreadPoolExecutor]:
    """Threads that begin nothing more once the caller has gone."""
    pool = ThreadPoolExecutor(CONCURRENCY, "kognic-inputs")
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _each(
    pool: ThreadPoolExecutor, function: Callable[[ItemT], OutcomeT], items: Sequence[ItemT]
) -> Iterator[tuple[ItemT, OutcomeT]]:
    """Apply a function to the first item, and when that is consumed to all others in parallel."""
    if items:
        yield items[0], function(items[0])
    futures = {pool.submit(function, item): item for item in items[1:]}
    for future in as_completed(futures):
        yield futures[future], future.result()


def _concerns_all(position: int, outcome: Exception) -> bool:
    """Whether the first scene failed in a way that the others would fail in, too."""
    left_behind = getattr(outcome, "scene_uuid", None)
    return position == 0 and isinstance(outcome, NOT_OF_ONE_SCENE) and left_behind is None


def _kind_of_all(scenes: Sequence[SceneWithPreAnnotation]) -> SceneKind | None:
    kinds = {kind_of(each.scene) for each in scenes}
    if len(kinds) > 1:
        names = ", ".join(sorted(kind.model.__name__ for kind in kinds))
        raise AssertionError(f"all scenes must be of one kind, there are {names}")
    return next(iter(kinds), None)


def _check_item(position: int, each: SceneWithPreAnnotation) -> None:
    if not isinstance(each, SceneWithPreAnnotation):
        raise TypeError(
            f"scene {position} is a {type(each).__name__}, must be a SceneWithPreAnnotation: "
            "wrap it as SceneWithPreAnnotation(scene=...)"
        )
    content = each.pre_annotation
    if isinstance(content, Mapping) and "openlabel" not in content:
        raise ValueError(
            f"the pre-annotation of scene {position} ({getattr(each.scene, 'external_id', '')}) is not an "
            f"OpenLABEL document: it has the keys {sorted(map(str, content))[:5]}, but not 'openlabel'"
        )


def _checked_options(kwargs: dict[str, Any]) -> dict[str, Any]:
    unknown = sorted(kwargs.keys() - {"annotation_types", "batch"})
    if unknown:
        raise TypeError(f"create_inputs has no argument {', '.join(unknown)}; it takes batch")
    # user -> create_inputs -> here -> warn_annotation_types
    warn_annotation_types(kwargs.get("annotation_types"), stacklevel=4)
    return {"batch": kwargs.get("batch")}
