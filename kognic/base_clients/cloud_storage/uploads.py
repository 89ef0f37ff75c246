"""Uploads many files at once.

The first file that fails for good ends the whole: what is in flight is finished, nothing new is begun, and
the error lists what happened to every file.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, Executor, Future, wait
from contextlib import contextmanager

import requests

from kognic._core.errors import KognicError
from kognic._core.redaction import forget_frames, forget_library_frames
from kognic._core.standard_classes import keep_class
from kognic._core.wording import counted
from kognic.base_clients.cloud_storage.coroutines import EventLoopThread
from kognic.base_clients.cloud_storage.meter import Cancelled
from kognic.base_clients.cloud_storage.pace import BUSY, FEW, IDLE, LOOK, Pace, Watch
from kognic.base_clients.cloud_storage.payloads import empty
from kognic.base_clients.cloud_storage.results import UploadResult
from kognic.base_clients.cloud_storage.scheduling import LARGE, Item, Queue
from kognic.base_clients.cloud_storage.sources import Source, UserCodeError, open_sources
from kognic.base_clients.cloud_storage.upload import Tools, Upload
from kognic.base_clients.cloud_storage.upload_spec import UploadSpec
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


class Recall:
    """Uploads that can be called off together, by somebody who does not wait for them. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: set[Uploads] = set()
        self._is_over = False

    @property
    def is_over(self) -> bool:
        """Whether they have been called off."""
        return self._is_over

    @contextmanager
    def covering(self, uploads: Uploads) -> Iterator[None]:
        """Let uploads be called off while they are under way; at once if all have been."""
        with self._lock:
            self._under_way.add(uploads)
            is_over = self._is_over
        if is_over:
            uploads.call_off()
        try:
            yield
        finally:
            with self._lock:
                self._under_way.discard(uploads)

    def call_off(self) -> None:
        """End all of them at their next wait or block of bytes, and later ones as they begin."""
        with self._lock:
            self._is_over = True
            under_way = list(self._under_way)
        for uploads in under_way:
            uploads.call_off()


class Uploads:
    """Many files at once.

    Args:
        uploads: All of them; their sources are closed when all is over.
        tools: Connections, policy and clock of the client.
        over: The event that ends the uploads when it is set.
        on_stored: Called with each stored file, by the thread that sent it.
        pace: Of the client; says how many threads are of use.
    """

    def __init__(
        self,
        uploads: Mapping[str, Upload],
        tools: Tools,
        over: threading.Event,
        on_stored: OnStored | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._uploads = uploads
        self._pace = pace or Pace()
        self._finished = threading.Event()
        self._on_stored = on_stored
        self._tools = tools
        self._over = over
        self._results: dict[str, UploadResult] = {}
        self._failures: dict[str, BaseException] = {}
        self._active: set[Upload] = set()
        self._called_off = False

    def run(self, workers: int, executor: Executor) -> dict[str, UploadResult]:
        """Send them all; the calling thread is one of the workers.

        Raises:
            UploadError: Not all of them could be stored.
            CancelledError: They were called off, or `over` was set from outside.
        """
        self._measure()
        waiting = self._uploads.values() if not self._failures else ()
        queue = Queue([Item(upload, upload.size, upload.expires) for upload in waiting], workers)
        self._tools.progress.add(len(self._uploads), sum(upload.size or 0 for upload in waiting))
        crew = _Crew(self._work, self._finished, queue, executor, self._pace)
        small = all(upload.size is not None and upload.size < LARGE for upload in waiting)
        try:
            crew.start(min(workers, len(waiting)) - 1, few=small and not self._pace.wide)
            self._work(queue)
            self._finished.set()
            crew.wait()
        except BaseException:
            # Ctrl-C in the calling thread: break off what the helpers are doing.
            self._cancel()
            crew.wait_for_all()
            raise
        finally:
            for upload in self._uploads.values():
                upload.source.close()
            self._tools.progress.close()
        if self._failures and not self._called_off:
            raise self._error()
        if self._over.is_set():
            raise CancelledError("the upload was called off")
        return {key: self._results[key] for key in self._uploads}

    def call_off(self) -> None:
        """End them from another thread; files that storage has not confirmed count as not stored."""
        self._called_off = True
        self._cancel()

    def _measure(self) -> None:
        """Measure all sources before anything is sent."""
        for upload in self._uploads.values():
            try:
                upload.size = _size(upload.source, upload.content_name)
            except Exception as error:
                self._fail(upload, error)

    def _work(self, queue: Queue[Upload]) -> None:
        while not self._over.is_set() and (item := queue.take()) is not None:
            upload = item.work
            self._active.add(upload)
            began = time.thread_time()
            try:
                if self._over.is_set():
                    # Set just now, perhaps before this file could be cancelled with the others.
                    return
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
                self._pace.spend(time.thread_time() - began)

    def _fail(self, upload: Upload, error: BaseException) -> None:
        seal(error)
        self._failures[upload.resource_id] = error
        self._over.set()
        self._finished.set()

    def _cancel(self) -> None:
        self._over.set()
        self._finished.set()
        for upload in list(self._active):
            upload.cancel()

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


def check_contents(specs: Mapping[str, UploadSpec]) -> None:
    """Check that files can be read and hold something, as far as that is known before anything is sent.

    Files and file objects are measured, and keep their position. Generators, callbacks and streams that
    cannot seek are not asked for content.

    Args:
        specs: By resource ID; the destinations do not matter.

    Raises:
        UploadError: A file is missing or empty, a file object closed, empty or opened for writing only, a
            generator used, or a content of a wrong type. The error lists every such file.
    """
    failures: dict[str, BaseException] = {}
    # No coroutine is run here, so that the loop's thread does not start.
    for key, source in open_sources(specs, EventLoopThread()).items():
        try:
            _size(source, specs[key].filename or key)
        except Exception as error:  # file objects of the user raise what they like
            seal(error)
            failures[key] = error
    if failures:
        resource_id, cause = next(iter(failures.items()))
        intact = tuple(key for key in specs if key not in failures)
        note = f". {len(failures)} of {counted(len(specs), 'file')} cannot be uploaded; nothing was sent"
        raise upload_error(resource_id, cause, note=note, failures=failures, not_started=intact)


def _size(source: Source, name: str) -> int | None:
    """The size of a content, if it is known before it is opened.

    Raises:
        SourceError: It is empty, or cannot be read.
        MissingFileError: The file does not exist.
    """
    size = source.size()
    if size == 0:
        raise empty(name)
    return size


class _Crew:
    """The threads that help the calling one: all at once, or more and more of them.

    Args:
        work: What each of them does, until the queue is empty.
        finished: Set when no more of them are needed.
        queue: Where the work comes from.
        executor: Where the threads come from.
        pace: Says how many are of use.
    """

    def __init__(
        self,
        work: Callable[[Queue[Upload]], None],
        finished: threading.Event,
        queue: Queue[Upload],
        executor: Executor,
        pace: Pace,
    ) -> None:
        self._work = work
        self._finished = finished
        self._queue = queue
        self._executor = executor
        self._pace = pace
        self._watch, self._whole = Watch(pace), Watch(pace)
        self._helpers: list[Future[None]] = []

    def start(self, number: int, *, few: bool) -> None:
        """Start so many threads, or a few of them and one that adds the others if they are of use."""
        at_once = min(number, FEW - 1) if few else number
        self._submit(at_once, number - at_once)

    def _submit(self, number: int, left: int) -> None:
        try:
            for _ in range(number):
                self._helpers.append(self._executor.submit(self._work, self._queue))
            if left > 0:
                self._helpers.append(self._executor.submit(self._join_if_of_use, left))
        except RuntimeError as error:
            # While the interpreter shuts down no thread can be started; the calling thread sends all files.
            logger.debug("Uploading with %d threads only: %s", 1 + len(self._helpers), error)

    def _join_if_of_use(self, left: int) -> None:
        """Help as soon as the processor is idle, and have the others follow."""
        while not self._finished.wait(LOOK):
            busy = self._watch.look()
            if busy < BUSY:
                at_once = left - 1 if busy < IDLE else 0
                self._submit(at_once, left - 1 - at_once)
                self._work(self._queue)
                return

    def wait(self) -> None:
        """Wait for the helpers, when nothing is left to begin."""
        # A helper adds others before it ends, so that this loop meets them, too.
        for helper in self._helpers:
            # What a busy executor has not even begun is not needed any more.
            if not helper.cancel():
                helper.result()
        if self._helpers:
            self._pace.wide = self._whole.look() < IDLE

    def wait_for_all(self) -> None:
        """Wait for the helpers whatever becomes of them."""
        for helper in self._helpers:
            wait([helper])


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
    note: str = "",
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
    text += note
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
