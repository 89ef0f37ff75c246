"""Uploads one file: a PUT to a signed URL, repeated until it is stored, and compared with what is stored."""

from __future__ import annotations

import threading

import attrs
import requests

from kognic._core import watchdog
from kognic._core.clock import Clock
from kognic._core.retrying import server_time
from kognic.base_clients.cloud_storage import checksums, signed_urls
from kognic.base_clients.cloud_storage.meter import Meter
from kognic.base_clients.cloud_storage.payloads import ChunkPayload, StreamPayload
from kognic.base_clients.cloud_storage.progress import Progress
from kognic.base_clients.cloud_storage.results import UploadResult
from kognic.base_clients.cloud_storage.sources import AnyPayload, Source
from kognic.base_clients.cloud_storage.transport import Transport
from kognic.base_clients.cloud_storage.upload_spec import UploadSpec
from kognic.base_clients.errors import (
    ApiError,
    IntegrityError,
    SignedUrlExpiredError,
    api_error,
)
from kognic.base_clients.http import redirects
from kognic.base_clients.http.attempts import Attempts
from kognic.base_clients.http.bodies import is_web_page
from kognic.base_clients.http.limits import SharedLimits
from kognic.base_clients.http.operations import Effect
from kognic.base_clients.http.retry import RetryPolicy


@attrs.frozen(eq=False)
class Tools:
    """What all transfers of a client share."""

    transport: Transport
    policy: RetryPolicy
    limits: SharedLimits
    clock: Clock
    progress: Progress


class Upload:
    """One file on its way.

    Args:
        resource_id: The key of its spec.
        spec: Signed URL and content type.
        source: The content.
        tools: Connections, policy and clock of the client.
        over: Set when another file has failed: no more attempts.
    """

    def __init__(
        self, resource_id: str, spec: UploadSpec, source: Source, tools: Tools, over: threading.Event
    ) -> None:
        self.resource_id = resource_id
        self.source = source
        self.size: int | None = None
        self._spec = spec
        self._tools = tools
        self._over = over
        self._touched = False
        self._meter: Meter | None = None
        self._cancelled = False
        self._name = f"PUT {signed_urls.shown(spec.destination)}"

    @property
    def expires(self) -> float | None:
        """When its URL stops working, seconds since the Unix epoch."""
        return signed_urls.expiry(self._spec.destination)

    @property
    def content_name(self) -> str:
        """What messages call the content: its file name, else its resource ID."""
        return self._spec.filename or self.resource_id

    @property
    def why_not_again(self) -> str | None:
        """Why another attempt makes no sense, whatever went wrong."""
        if self._cancelled:
            return "the upload was called off"
        if self._over.is_set():
            return "another file failed"
        return self.source.once if self._touched and not self.source.replayable else None

    def run(self) -> UploadResult:
        """Send the file, with retries.

        Raises:
            KognicError: It could not be stored.
        """
        clock, started = self._tools.clock, self._tools.clock.now()
        attempts = Attempts(
            lambda _: self._attempt(),
            policy=self._tools.policy,
            effect=Effect.IDEMPOTENT,
            limits=self._tools.limits,
            name=self._name,
            clock=clock,
            why_not_again=lambda: self.why_not_again,
            is_transfer=True,
        )
        size, checksum = attempts.run()
        self._tools.progress.finished(self.resource_id)
        return UploadResult(
            resource_id=self.resource_id,
            size=size,
            seconds=clock.now() - started,
            attempts=attempts.made,
            checksum=checksum,
        )

    def cancel(self) -> None:
        """Cancel the upload from another thread."""
        self._cancelled = True
        if self._meter is not None:
            self._meter.interrupt()

    def _attempt(self) -> tuple[int, str | None]:
        """Send it once; bytes and checksum."""
        with watchdog.guarded(None, self._tools.transport.timeout):
            return redirects.follow(self._put, self._spec.destination, name=self._name)

    def _put(self, url: str) -> tuple[int, str | None] | redirects.Moved:
        """Send it to one address, or say where storage wants it instead."""
        tools = self._tools
        address = tools.transport.address(url)
        route = address.route
        with self.source.open() as payload:
            one_pass = isinstance(payload, (ChunkPayload, StreamPayload))
            meter = self._meter = Meter(
                self._name if url is self._spec.destination else f"PUT {signed_urls.shown(url)}",
                window=tools.transport.timeout,
                clock=tools.clock,
                # What has been read once cannot be hashed afterwards.
                algorithm=route.checksum or (checksums.cheapest() if one_pass else None),
                on_bytes=tools.progress.moved,
                cancelled=self._cancelled,
            )
            try:
                payload.require_content(self.content_name)
                answer = tools.transport.send(
                    "PUT", address, {"Content-Type": self._spec.content_type}, payload, meter=meter
                )
                headers = answer.headers
                if not 200 <= answer.status < 300:
                    response = tools.transport.error_response(answer, url)
                    location = response.headers.get("location")
                    if (moved := redirects.moved("PUT", answer.status, location, url)) is not None:
                        meter.take_back()
                        return moved
                    raise self._refused(response, url)
                if is_web_page(headers.get("content-type"), tools.transport.finish(answer)):
                    raise IntegrityError(f"{meter.name}: a web page answered in place of storage")
                said = checksums.reported(headers)
                route.checksum = said.algorithm if said is not None else None
                _check_size(payload, meter, checksums.stored_size(headers))
                return meter.size, _compare(payload, meter, said)
            except BaseException:
                meter.take_back()
                raise
            finally:
                self._touched = not isinstance(payload, ChunkPayload) or payload.started

    def _refused(self, response: requests.Response, url: str) -> ApiError:
        now = server_time(response.headers.get("Date"), self._tools.clock.wall())
        expired = signed_urls.has_expired(url, response.status_code, response.text, now)
        kind = SignedUrlExpiredError if expired else None
        return api_error(response, method="PUT", url=signed_urls.shown(url), kind=kind)


def _check_size(payload: AnyPayload, meter: Meter, stored: int | None) -> None:
    length = meter.size if isinstance(payload, ChunkPayload) else payload.length
    if meter.size != length:
        raise IntegrityError(f"{meter.name}: {meter.size} bytes were sent of {length}")
    if stored is not None and stored != length:
        raise IntegrityError(f"{meter.name}: storage holds {stored} bytes, {length} were sent")


def _compare(payload: AnyPayload, meter: Meter, said: checksums.Checksum | None) -> str | None:
    """Compare with the checksum that storage reports.

    Returns:
        The checksum; None when there was nothing to compare.
    """
    if said is None:
        return None
    if meter.hasher is not None and meter.algorithm == said.algorithm:
        ours: checksums.Checksum | None = checksums.Checksum(said.algorithm, meter.hasher.digest())
    else:
        ours = payload.checksum(said.algorithm)
    if ours is not None and ours != said:
        raise IntegrityError(f"{meter.name}: storage holds other bytes ({said}) than were sent ({ours})")
    return None if ours is None else str(ours)
