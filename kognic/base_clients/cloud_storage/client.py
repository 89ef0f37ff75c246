"""`FileResourceClient`: uploads to and downloads from signed URLs, many at once."""

from __future__ import annotations

import functools
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

import attrs

from kognic._core.clock import SYSTEM, Clock
from kognic.base_clients import fast_json
from kognic.base_clients.cloud_storage import downloads
from kognic.base_clients.cloud_storage.coroutines import EventLoopThread
from kognic.base_clients.cloud_storage.httpx_errors import also_of_httpx
from kognic.base_clients.cloud_storage.pace import Pace
from kognic.base_clients.cloud_storage.progress import NoProgress, Progress, progress_of
from kognic.base_clients.cloud_storage.results import DownloadResult, UploadResult
from kognic.base_clients.cloud_storage.sources import open_sources
from kognic.base_clients.cloud_storage.transport import Transport, closed
from kognic.base_clients.cloud_storage.upload import Tools, Upload
from kognic.base_clients.cloud_storage.upload_spec import UploadSpec
from kognic.base_clients.cloud_storage.uploads import OnStored, Recall, Uploads, seal
from kognic.base_clients.http import envelope
from kognic.base_clients.http.limits import SharedLimits
from kognic.base_clients.http.retry import RetryPolicy
from kognic.base_clients.serialization.documents import RawJson

try:
    import resource
except ImportError:  # Windows, whose limit of sockets is far away
    resource = None  # type: ignore[assignment]

# Seconds that transfers may take to end when the client is closed. A choice: uploads that are called off end
# at once, unless they wait for a connection.
GRACE = 5.0
# What Python, a journal, logs and the connections of API calls hold open beside the transfers.
RESERVED_DESCRIPTORS = 24

P = ParamSpec("P")
T = TypeVar("T")


def _affordable() -> int:
    """How many transfers at once the process has descriptors for: slow transfers are better than failed ones.

    Each takes a file, a socket, and a duplicate of the socket while it connects.
    """
    if resource is None:
        return 1 << 20
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1 << 20 if soft == resource.RLIM_INFINITY else max(1, (soft - RESERVED_DESCRIPTORS) // 3)


def _shut_down(executor: ThreadPoolExecutor) -> None:
    """End the threads of transfers, and wait for those that end soon."""
    executor.shutdown(wait=False)
    ending = threading.Thread(target=executor.shutdown, name="kognic-closing", daemon=True)
    try:
        ending.start()
    except RuntimeError:  # the interpreter shuts down, and waits for the threads itself
        return
    ending.join(GRACE)


def _sealed(method: Callable[P, T]) -> Callable[P, T]:
    """Make tracebacks end here: the frames below hold signed URLs in their variables."""

    @functools.wraps(method)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(*args, **kwargs)
        except BaseException as sealed:  # every error passes on, Ctrl-C included
            seal(sealed)
            also_of_httpx(sealed)
            error = sealed
        finally:
            del args, kwargs
        raise error

    return call


def _without_frames(items: Iterator[T]) -> Iterator[T]:
    """Pass items on; make tracebacks end here, as `_sealed` does."""
    try:
        yield from items
    except Exception as sealed:  # every error passes on
        seal(sealed)
        also_of_httpx(sealed)
        error = sealed
    else:
        return
    raise error


class FileResourceClient:
    """Moves files between here and signed URLs. Thread-safe; a context manager.

    A URL is a secret of its own: no token is sent with it, and its query appears in no message or log. Every
    file is retried by itself: a local file is opened anew, a seekable file object rewound, a callback called
    again; a plain generator can be sent only once. Errors are of the family of requests
    (`kognic.base_clients.errors`).

    Args:
        max_retry_attempts: Attempts after the first one, per file.
        max_retry_wait_time: Longest wait between them, seconds.
        timeout: Seconds to connect, and seconds without (almost) any progress after which a transfer has
            stalled.
        max_connections: Connections per host, and files in flight.
        proxies: As in requests; instead of the environment's.
        verify: As in requests: a CA bundle; instead of the environment's.
        progress: True for a bar on stderr if that is a terminal, or an object of your own.
        retry: When to try again; replaces the two numbers above. Its deadline does not count here.
        limits: Retry budget and pauses, to be shared with another client.
        allow_http: Whether signed URLs of other machines may be plain http; None to ask KOGNIC_ALLOW_HTTP.
        clock: Time, replaced by tests.
    """

    def __init__(
        self,
        max_retry_attempts: int = 23,  # as the official client
        max_retry_wait_time: float = 60.0,
        timeout: float = 60,
        max_connections: int = 10,
        *,
        proxies: Mapping[str, str] | None = None,
        verify: bool | str | None = None,
        progress: Progress | bool | None = None,
        retry: RetryPolicy | None = None,
        limits: SharedLimits | None = None,
        allow_http: bool | None = None,
        clock: Clock = SYSTEM,
    ) -> None:
        if max_connections < 1:
            raise ValueError(f"max_connections is {max_connections}, must be at least 1")
        self.max_connections = max_connections = min(max_connections, _affordable())
        policy = retry or RetryPolicy(max_attempts=max_retry_attempts + 1, max_wait=max_retry_wait_time)
        policy = attrs.evolve(policy, deadline=None)
        self._tools = Tools(
            transport=Transport(
                max_connections, timeout, proxies=proxies, verify=verify, allow_http=allow_http
            ),
            policy=policy,
            limits=limits or SharedLimits(policy.budget),
            clock=clock,
            progress=progress_of(progress),
        )
        # Small transfers of JSON beside the files are not what people wait for.
        self._quiet = attrs.evolve(self._tools, progress=NoProgress())
        self._pace = Pace()
        self._loop = EventLoopThread()
        self._executor: ThreadPoolExecutor | None = None
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._all = Recall()

    def upload_files(
        self,
        upload_specs: Mapping[str, UploadSpec],
        *,
        on_stored: OnStored | None = None,
        recall: Recall | None = None,
    ) -> dict[str, UploadResult]:
        """Upload files, up to `max_connections` at once.

        Files whose URL expires soon go first, and small files fill the gaps between large ones. Local files
        are checked before the first byte is sent.

        Args:
            upload_specs: By resource ID.
            on_stored: Called with resource ID and result of each file when it is stored, from the thread that
                sent it; for a record that survives the process.
            recall: Can call the uploads off from another thread, as a caller does that gives up.

        Returns:
            What was stored, in the order of `upload_specs`.

        Raises:
            UploadError: Some files could not be stored. The first failure that retries cannot mend ends the
                whole: transfers in flight finish, no new one begins. The error lists what happened to each
                file; it is an `UploadCallbackError`, also a RuntimeError, if a callback or generator raised.
            CancelledError: They were called off.
            ClientClosedError: After `close`, or because of it.
        """
        return self.upload_files_with(upload_specs, self._loop, on_stored=on_stored, recall=recall)

    @_sealed
    def upload_files_with(
        self,
        specs: Mapping[str, UploadSpec],
        loop: EventLoopThread,
        over: threading.Event | None = None,
        on_stored: OnStored | None = None,
        recall: Recall | None = None,
    ) -> dict[str, UploadResult]:
        """`upload_files`, with the loop that coroutines run on, and an event that calls everything off."""
        self._tools.transport.ensure_open()
        over = over or threading.Event()
        sources = open_sources(specs, loop)
        tools = attrs.evolve(self._tools, clock=self._tools.clock.interrupted_by(over))
        uploads = {key: Upload(key, specs[key], sources[key], tools, over) for key in specs}
        work = Uploads(uploads, self._tools, over, on_stored, self._pace)
        try:
            with self._all.covering(work), (recall or Recall()).covering(work):
                return work.run(self.max_connections, self.executor)
        except CancelledError:
            if self._all.is_over:
                raise closed() from None
            raise

    @_sealed
    def upload_json(self, file: Any, url: str) -> None:
        """Upload something as JSON.

        Raises:
            RequestBodyError: It cannot be JSON (NaN, an unknown type); nothing was sent.
            ApiError: Storage refused it.
            ConnectionFailedError: No answer.
            RequestTimeoutError: No answer in time.
        """
        spec = UploadSpec(url, "application/json", filename="json", data=envelope.encode(file))
        source = open_sources({"json": spec}, self._loop)["json"]
        Upload("json", spec, source, self._quiet, threading.Event()).run()

    @_sealed
    def get_json(self, url: str) -> Any:
        """Get the decoded JSON behind a URL.

        Raises:
            ApiError: Storage refused; `SignedUrlExpiredError` if the URL is too old.
            ConnectionFailedError: No answer, or not all of it.
            RequestTimeoutError: No answer in time.
            ResponseDecodeError: It is not JSON.
            ResponseTooLargeError: It is too large to be read at once.
            IntegrityError: Other bytes came than storage says it holds.
        """
        return downloads.get_json(url, self._quiet)

    @_sealed
    def get_bytes(self, url: str) -> bytes:
        """Get the bytes behind a URL; raises what `get_json` raises."""
        return downloads.get_bytes(url, self._quiet)

    @_sealed
    def get_document(self, url: str) -> RawJson:
        """Get the JSON object behind a URL, decoded when it is first read; raises what `get_json` raises."""
        return downloads.get_document(url, self._quiet)

    def get_document_many(self, urls: Iterable[str]) -> Iterator[RawJson]:
        """Get the JSON objects behind many URLs; otherwise like `get_json_many`."""
        return _without_frames(document for _, document in self._ahead(self.get_document, urls))

    def get_json_many(self, urls: Iterable[str]) -> Iterator[Any]:
        """Get the decoded JSON behind many URLs, in their order; in parallel, a bounded number ahead.

        `urls` is read as it is needed. An error surfaces where its document would be; raises what `get_json`
        raises.
        """
        return _without_frames(self._documents(urls))

    def _documents(self, urls: Iterable[str]) -> Iterator[Any]:
        for url, content in self._ahead(self.get_bytes, urls):
            # Decoded here: in the threads it would only compete with itself, and hold more memory.
            try:
                document = fast_json.loads(content)
            except (ValueError, RecursionError):
                # Perhaps a gateway's page: `get_json` fetches it again, and names it if it stays.
                document = self.get_json(url)
            yield document

    def get_bytes_many(self, urls: Iterable[str]) -> Iterator[bytes]:
        """Get the bytes behind many URLs; otherwise like `get_json_many`."""
        return _without_frames(content for _, content in self._ahead(self.get_bytes, urls))

    @_sealed
    def download(self, url: str, path: str | os.PathLike[str]) -> DownloadResult:
        """Fetch an object into a file, in constant memory.

        The file appears, or is replaced, only when it is complete, checked and on disk.

        Raises:
            OSError: It could not be written.
            ApiError: Storage refused; `SignedUrlExpiredError` if the URL is too old.
            ConnectionFailedError: No answer, or not all of it.
            RequestTimeoutError: No answer in time, or a stall.
            IntegrityError: Other bytes came than storage says it holds.
        """
        return downloads.download(url, path, self._quiet)

    @property
    def executor(self) -> ThreadPoolExecutor:
        """The threads that all transfers of this client share; made when first needed."""
        self._tools.transport.ensure_open()
        with self._lock:
            if self._all.is_over:
                raise closed()
            if self._executor is None or self._process != os.getpid():
                self._process = os.getpid()
                self._executor = ThreadPoolExecutor(self.max_connections, "kognic-transfer")
            return self._executor

    def close(self) -> None:
        """Close connections and threads, within seconds; uploads under way are called off."""
        with self._lock:
            executor, self._executor = self._executor, None
            self._all.call_off()
        if executor is not None:
            _shut_down(executor)
        self._loop.close()
        self._tools.transport.close()

    def __enter__(self) -> FileResourceClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _submit(self, fetch: Callable[[str], T], url: str) -> Future[T]:
        try:
            return self.executor.submit(fetch, url)
        except RuntimeError:
            # While the interpreter shuts down no thread can be started; the consumer fetches for itself.
            return Future()

    def _ahead(self, fetch: Callable[[str], T], urls: Iterable[str]) -> Iterator[tuple[str, T]]:
        pending: deque[tuple[str, Future[T]]] = deque()
        source, failure = iter(urls), None
        try:
            while True:
                while failure is None and len(pending) < 2 * self.max_connections:
                    try:
                        url = next(source)
                    except StopIteration:
                        break
                    except Exception as error:  # raised below, after the documents before it
                        failure = error
                    else:
                        pending.append((url, self._submit(fetch, url)))
                if pending:
                    url, future = pending.popleft()
                    # While all threads are busy with other transfers, the consumer fetches for itself.
                    yield url, fetch(url) if future.cancel() else future.result()
                elif failure is not None:
                    raise failure
                else:
                    return
        finally:
            for _, future in pending:
                future.cancel()
