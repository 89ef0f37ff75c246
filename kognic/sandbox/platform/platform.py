"""The platform as one object: its settings, database, stored files, secrets and background jobs.

Services know this object; it knows no service. Work for the background is named by a `Work` and done by the
handlers that `lifecycle` registers.
"""

from __future__ import annotations

import asyncio
import enum
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from kognic.sandbox.platform.config import Settings, Tuning
from kognic.sandbox.platform.database import Database
from kognic.sandbox.platform.faults.rules import Faults
from kognic.sandbox.platform.in_flight import InFlight
from kognic.sandbox.platform.jobs import Jobs
from kognic.sandbox.platform.recorder import Recorder
from kognic.sandbox.platform.security import TokenIssuer, UrlSigner, ViewSigner
from kognic.sandbox.platform.storage.store import Storage
from kognic.sandbox.platform.visibility import Visibility
from kognic.viewer.document import Frame, Picture, Scene

# The largest pool of connections of a client (`max_connections`) that the benchmarks use: none waits for
# another.
THREADS = 32
CUT_OFF_SECONDS = 10
T = TypeVar("T")


class Work(enum.Enum):
    """What the platform does in the background, each for one object."""

    PROCESS_SCENE = enum.auto()
    IMPORT_SCENE = enum.auto()
    PROCESS_PRE_ANNOTATION = enum.auto()
    DISPATCH_INPUT = enum.auto()


Handler = Callable[["Platform", str], None]
Bake = Callable[[Picture, Mapping[str, Any], Frame, Scene], Picture]
"""Adds the pixels of a frame's points and shapes to a picture of a camera with this calibration entry."""


class Platform:
    """Everything behind the routes. Safe to use from more than one thread.

    Args:
        settings: Settings of the sandbox.
        handlers: Does each kind of background work, given the platform and the UUID of the object.
        credentials: Content of the credentials file.
        control_token: Secret of the control API.
        database: Opened before, as `credentials` come from it.
        bake: Projects into the images of custom cameras; None shows their images alone.
    """

    def __init__(
        self,
        settings: Settings,
        handlers: Mapping[Work, Handler],
        *,
        database: Database,
        credentials: Mapping[str, Any],
        control_token: str,
        bake: Bake | None = None,
    ) -> None:
        self.settings = settings
        self.tuning = Tuning.of(settings)
        self.database = database
        self.storage = Storage(settings.root / "storage")
        self.tokens = TokenIssuer(database)
        self.urls = UrlSigner(database, self.tuning)
        self.views = ViewSigner(database, self.tuning)
        self.jobs = Jobs(settings.workers)
        self.visibility = Visibility(self.jobs)
        self.recorder = Recorder(settings.recorded_calls)
        self.faults = Faults(self.tokens, self.urls)
        self.in_flight = InFlight()
        self.credentials = credentials
        self.control_token = control_token
        self.bake = bake
        self._handlers = handlers
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="sandbox-call")
        self._failures: dict[str, str] = {}
        self._failures_lock = threading.Lock()

    def clear(self) -> None:
        """Forget everything but credentials and tokens. Calls in flight are cut off."""
        self.faults.clear()
        self.in_flight.cut_off()
        self.in_flight.wait(CUT_OFF_SECONDS)
        self.jobs.clear()
        self.visibility.clear()
        self.database.clear()
        self.storage.clear()
        self.tokens.forget_spoilt()
        self.urls.forget_expired()
        self.recorder.clear()
        self.tuning.update(**vars(Tuning.of(self.settings)))
        with self._failures_lock:
            self._failures.clear()

    def later(self, work: Work, key: str, delay: float = 0) -> None:
        """Do background work after `delay` seconds.

        Args:
            work: The kind of work.
            key: UUID of the scene, pre-annotation or input.
            delay: Seconds.
        """
        handler = self._handlers[work]
        self.jobs.add(lambda: handler(self, key), delay)

    def wait_until_idle(self, timeout: float) -> bool:
        """Wait until no call is in flight and nothing is due; whether that came within `timeout` seconds."""
        until = time.monotonic() + timeout
        return self.in_flight.wait(timeout) and self.jobs.wait(max(0.0, until - time.monotonic()))

    def close(self) -> None:
        """Stop the background work and close the database."""
        self.jobs.close()
        self._threads.shutdown(cancel_futures=True)
        self.database.close()

    async def in_thread(self, function: Callable[..., T], *arguments: Any) -> T:
        """Run what may wait for the disk or the database outside the event loop.

        A call that is cut off stays until its thread is through: it may still be writing.
        """
        work = asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            await asyncio.wait([work])
            # Nobody is left to hear of its error.
            _ = work.cancelled() or work.exception()
            raise

    def force_failure(self, key: str, message: str) -> None:
        """Let an object fail with a message when it is processed.

        Args:
            key: UUID of a scene or pre-annotation, or external ID of a pre-annotation.
            message: Why.
        """
        with self._failures_lock:
            self._failures[key] = message

    def forced_failure(self, *keys: str | None) -> str | None:
        """Return the message of a failure that one of the keys was chosen for; it happens once."""
        with self._failures_lock:
            chosen = next((key for key in keys if key in self._failures), None)
            return None if chosen is None else self._failures.pop(chosen)
