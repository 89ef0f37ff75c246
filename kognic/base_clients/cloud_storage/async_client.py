"""`AsyncFileResourceClient`: the same transfers for asyncio."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from kognic.base_clients.cloud_storage.client import FileResourceClient
from kognic.base_clients.cloud_storage.coroutines import EventLoopThread
from kognic.base_clients.cloud_storage.results import UploadResult
from kognic.base_clients.cloud_storage.upload_spec import UploadSpec

T = TypeVar("T")


class AsyncFileResourceClient:
    """`FileResourceClient` with coroutines; takes the same arguments (`options` are its keywords) and raises
    the same errors.

    The bytes move in the threads of a `FileResourceClient`. Async callbacks and generators run on the
    caller's loop, where what they use (sessions, locks) was made.
    """

    def __init__(
        self,
        max_retry_attempts: int = 23,  # as the official client
        max_retry_wait_time: float = 60.0,
        timeout: float = 60,
        max_connections: int = 10,
        **options: Any,
    ) -> None:
        self._client = FileResourceClient(
            max_retry_attempts, max_retry_wait_time, timeout, max_connections, **options
        )

    async def upload_files(self, upload_specs: Mapping[str, UploadSpec]) -> dict[str, UploadResult]:
        """See `FileResourceClient.upload_files`. Cancelling it ends the upload after the files in flight."""
        over = threading.Event()
        loop = EventLoopThread(asyncio.get_running_loop())
        try:
            return await self._run(self._client.upload_files_with, upload_specs, loop, over)
        except asyncio.CancelledError:
            over.set()
            raise

    async def upload_json(self, file: Any, url: str) -> None:
        """See `FileResourceClient.upload_json`."""
        await self._run(self._client.upload_json, file, url)

    async def get_json(self, url: str) -> Any:
        """See `FileResourceClient.get_json`."""
        return await self._run(self._client.get_json, url)

    async def close(self) -> None:
        """Close connections and threads."""
        # Not in one of those threads: they cannot wait for themselves.
        await asyncio.to_thread(self._client.close)

    async def __aenter__(self) -> AsyncFileResourceClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _run(self, function: Callable[..., T], *args: Any) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._client.executor, functools.partial(function, *args))
