"""The platform as one object: what it remembers, what it stores, what it does by itself."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from sqlalchemy import select

from kognic.sandbox.platform.config import Settings, Tuning
from kognic.sandbox.platform.database import Database
from kognic.sandbox.platform.faults.rules import Faults
from kognic.sandbox.platform.in_flight import InFlight
from kognic.sandbox.platform.inputs.rules import mark_dispatched
from kognic.sandbox.platform.jobs import Jobs
from kognic.sandbox.platform.recorder import Recorder
from kognic.sandbox.platform.scenes import states as scenes
from kognic.sandbox.platform.security import TokenIssuer, UrlSigner
from kognic.sandbox.platform.storage.store import Storage
from kognic.sandbox.platform.tables import Input, PreAnnotation, Scene

THREADS = 32
CUT_OFF_SECONDS = 10
T = TypeVar("T")


class Platform:
    """Everything behind the routes. Safe to use from several threads.

    A new folder is filled with what a new sandbox holds (`seeding`); an existing one goes on where it was
    stopped, including the scenes that were being processed.
    """

    def __init__(self, settings: Settings) -> None:
        from kognic.sandbox.platform.control.seeding import (
            seed_control_token,
            seed_credentials,
            seed_defaults,
        )

        self.settings = settings
        settings.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.tuning = Tuning.of(settings)
        self.database = Database(settings.root / "platform.sqlite")
        self.storage = Storage(settings.root / "storage")
        self.tokens = TokenIssuer(self.database)
        self.urls = UrlSigner(self.database, self.tuning)
        self.jobs = Jobs(settings.workers)
        self.recorder = Recorder(settings.recorded_calls)
        self.faults = Faults(self)
        self.in_flight = InFlight()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="sandbox-call")
        self._failures: dict[str, str] = {}
        self._failures_lock = threading.Lock()
        self.credentials = seed_credentials(self.database, settings.root)
        self.control_token = seed_control_token(settings.root)
        seed_defaults(self.database)
        self._resume()

    def reset(self) -> None:
        """Back to a new sandbox; credentials and tokens stay valid. Calls in flight are cut off."""
        from kognic.sandbox.platform.control.seeding import seed_defaults

        self.faults.clear()
        self.in_flight.cut_off()
        self.in_flight.wait(CUT_OFF_SECONDS)
        self.jobs.clear()
        self.database.clear()
        self.storage.clear()
        self.tokens.forget_spoilt()
        self.urls.forget_expired()
        self.recorder.clear()
        self.tuning.update(**vars(Tuning.of(self.settings)))
        with self._failures_lock:
            self._failures.clear()
        seed_defaults(self.database)

    def wait_until_idle(self, timeout: float) -> bool:
        """Wait until no call is in flight and nothing is due; whether that came within `timeout` seconds."""
        until = time.monotonic() + timeout
        return self.in_flight.wait(timeout) and self.jobs.wait(max(0.0, until - time.monotonic()))

    def close(self) -> None:
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

    def force_failure(self, scene_id: str, message: str) -> None:
        """Let a scene fail with a message when it is processed."""
        with self._failures_lock:
            self._failures[scene_id] = message

    def forced_failure(self, scene_id: str) -> str | None:
        with self._failures_lock:
            return self._failures.pop(scene_id, None)

    def schedule_pre_annotation(self, pre_annotation_id: str) -> None:
        """Have a pre-annotation processed by the background threads."""
        from kognic.sandbox.platform.pre_annotations.states import process

        self.jobs.add(lambda: process(self, pre_annotation_id), self.tuning.processing_delay)

    def _resume(self) -> None:
        with self.database.read() as session:
            unfinished = list(session.scalars(select(Scene.id).where(Scene.status == scenes.PROCESSING)))
            pre_annotations = list(
                session.scalars(select(PreAnnotation.id).where(PreAnnotation.status == "processing"))
            )
            importing = list(
                session.scalars(
                    select(Scene.id).where(Scene.status == scenes.PENDING, Scene.awaits_commit.is_(False))
                )
            )
            undispatched = list(
                session.scalars(
                    select(Input.id).where(Input.is_listed.is_(True), Input.is_dispatched.is_(False))
                )
            )
        for scene_id in unfinished:
            scenes.schedule(self, scene_id)
        for scene_id in importing:
            scenes.schedule_import(self, scene_id)
        if undispatched:
            mark_dispatched(self, undispatched)
        for pre_annotation_id in pre_annotations:
            self.schedule_pre_annotation(pre_annotation_id)
