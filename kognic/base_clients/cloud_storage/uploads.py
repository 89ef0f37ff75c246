"""Uploads many files at once.

The first file that fails for good ends the whole: what is in flight is finished, nothing new is begun, and
the error lists what happened to every file.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Executor, Future, wait

import requests

from kognic._core.errors import KognicError
from kognic._core.redaction import forget_frames, forget_library_frames
from kognic._core.standard_classes import keep_class
from kognic.base_clients.cloud_storage.meter import Cancelled
from kognic.base_clients.cloud_storage.payloads import empty
from kognic.base_clients.cloud_storage.results import UploadResult
from kognic.base_clients.cloud_storage.scheduling import Item, Queue
from kognic.base_clients.cloud_storage.sources import UserCodeError
from kognic.base_clients.cloud_storage.upload import Tools, Upload
from kognic.base_clients.errors import (
    ApiError,
    MissingFileError,
    SourceError,
    UploadCallbackError,
    UploadError,
)

logger = logging.getLogger(__name__)

OnStored = Callable[[str, UploadResult], object]
"""Called with each stored file, by resource ID."""


class Uploads:
    """Many files at once.

    Args:
        uploads: All of them; their sources are closed when all is over.
        tools: Connections, policy and clock of the client.
        over: The event that ends the uploads when it is set.
        on_stored: Called with each stored file, by the thread that sent it.
    """

    def __init__(
        self,
        uploads: Mapping[str, Upload],
        tools: Tools,
        over: threading.Event,
        on_stored: OnStored | None = None,
    ) -> None:
        self._uploads = uploads
        self._on_stored = on_stored
        self._tools = tools
        self._over = over
        self._results: dict[str, UploadResult] = {}
        self._failures: dict[str, BaseException] = {}
        self._active: set[Upload] = set()

    def run(self, workers: int, executor: Executor) -> dict[str, UploadResult]:
        """Send them all; the calling thread is one of the workers.

        Raises:
            UploadError: Not all of them could be stored.
            CancelledError: `over` was set from outside.
        """
        self._measure()
        waiting = self._uploads.values() if not self._failures else ()
        queue = Queue([Item(upload, upload.size, upload.expires) for upload in waiting], workers)
        self._tools.progress.add(len(self._uploads), sum(upload.size or 0 for upload in waiting))
        helpers: list[Future[None]] = []
        try:
            self._start_helpers(min(workers, len(waiting)) - 1, queue, executor, helpers)
            self._work(queue)
            self._wait(helpers)
        except BaseException:
            # Ctrl-C in the calling thread: break off what the helpers are doing.
            self._cancel(queue)
            wait(helpers)
            raise
        finally:
            for upload in self._uploads.values():
                upload.source.close()
            self._tools.progress.close()
        if self._failures:
            raise self._error()
        if self._over.is_set():
            raise CancelledError("the upload was called off")
        return {key: self._results[key] for key in self._uploads}

    def _start_helpers(
        self, number: int, queue: Queue[Upload], executor: Executor, helpers: list[Future[None]]
    ) -> None:
        try:
            helpers.extend(executor.submit(self._work, queue) for _ in range(number))
        except RuntimeError as error:
            # While the interpreter shuts down no thread can be started; the calling thread sends all files.
            logger.debug("Uploading with %d threads only: %s", 1 + len(helpers), error)

    def _measure(self) -> None:
        """Measure all sources before anything is sent."""
        for upload in self._uploads.values():
            try:
                upload.size = upload.source.size()
                if upload.size == 0:
                    raise empty(upload.content_name)
            except Exception as error:
                self._fail(upload, error)

    def _work(self, queue: Queue[Upload]) -> None:
        while not self._over.is_set() and (item := queue.take()) is not None:
            upload = item.work
            self._active.add(upload)
            try:
                result = self._results[upload.resource_id] = upload.run()
                if self._on_stored is not None:
                    self._on_stored(upload.resource_id, result)
            except Cancelled:
                return
            except BaseException as error:
                # Also what a callback raises to end the program: nothing more is to be started.
                self._fail(upload, error)
                if not isinstance(error, Exception):
                    raise
            finally:
                self._active.discard(upload)
                queue.done(item)

    def _fail(self, upload: Upload, error: BaseException) -> None:
        seal(error)
        self._failures[upload.resource_id] = error
        self._over.set()

    def _cancel(self, queue: Queue[Upload]) -> None:
        self._over.set()
        queue.drain()
        for upload in list(self._active):
            upload.cancel()

    @staticmethod
    def _wait(helpers: list[Future[None]]) -> None:
        for helper in helpers:
            # What a busy executor has not even begun is not needed any more.
            if not helper.cancel():
                helper.result()

    def _error(self) -> UploadError:
        resource_id, cause = next(iter(self._failures.items()))
        return upload_error(
            resource_id,
            cause,
            why_not_again=self._uploads[resource_id].source.once,
            total=len(self._uploads),
            failures=self._failures,
            uploaded={key: self._results[key] for key in self._uploads if key in self._results},
            not_started=tuple(k for k in self._uploads if k not in self._results and k not in self._failures),
        )


def seal(error: BaseException) -> None:
    """Drop our frames, whose variables hold signed URLs, from an error; those of the user's own code stay."""
    if not isinstance(error, KognicError):
        forget_library_frames(error, "kognic")
        return
    theirs = error.__cause__ if isinstance(error, (UserCodeError, UploadCallbackError)) else None
    frames = theirs.__traceback__ if theirs is not None else None
    forget_frames(error)
    if theirs is not None:
        theirs.__traceback__ = frames


def upload_error(
    resource_id: str,
    cause: BaseException,
    *,
    why_not_again: str = "",
    total: int = 1,
    failures: Mapping[str, BaseException] | None = None,
    uploaded: Mapping[str, UploadResult] | None = None,
    not_started: tuple[str, ...] = (),
) -> UploadError:
    """Return the error for files that were not stored, chained to the first cause."""
    kind: Callable[..., UploadError] = UploadError
    if isinstance(cause, UserCodeError):
        kind = UploadCallbackError
    tried = getattr(cause, "attempts", 1)
    text = f"{resource_id} could not be uploaded: {'; '.join(str(cause).splitlines())}"
    if why_not_again and isinstance(cause, requests.RequestException):
        text += f" (not tried again, because {why_not_again}; pass a callback to allow that)"
    elif tried > 1 and isinstance(cause, ApiError):
        text += f" (tried {tried} times)"
    if total > 1:
        others = len(failures or {}) - 1
        text += f". Of {total} files {len(uploaded or {})} were uploaded, {1 + others} failed, "
        text += f"{len(not_started)} were not started"
    original = cause.__cause__ if isinstance(cause, UserCodeError) and cause.__cause__ else cause
    error = kind(
        text,
        resource_id=resource_id,
        cause=original,
        failures=failures,
        uploaded=uploaded,
        not_started=not_started,
    )
    if isinstance(cause, (SourceError, MissingFileError)):
        reason: BaseException | None = cause
        while isinstance(reason, KognicError):
            reason = reason.__cause__
        error = keep_class(error, reason)
    error.__cause__ = original
    return error
