"""uvicorn's HTTP parser, with a limit for what it collects: httptools has none for headers and trailers."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from kognic.sandbox.platform.app import MAX_HEADERS

MAX_UNPARSED = 2 * MAX_HEADERS
"""Bytes of a head, or of trailers, that may arrive before the end of them. Above what the application answers
with 431, so that a request that is slightly too long gets that answer."""


class BoundedHttp(HttpToolsProtocol):
    """Aborts a connection whose head, or trailers, do not end."""

    _is_collecting = False
    _collected = 0

    def data_received(self, data: bytes) -> None:
        """Parse what arrived."""
        was_collecting = self._is_collecting
        super().data_received(data)
        # Only bytes between two callbacks are certain to belong to the head.
        if was_collecting and self._is_collecting:
            self._collected += len(data)
            if self._collected > MAX_UNPARSED:
                self.transport.abort()

    def on_message_begin(self) -> None:
        """Begin a head."""
        self._is_collecting, self._collected = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """End the head."""
        self._is_collecting = False
        super().on_headers_complete()

    def on_chunk_header(self) -> None:
        """Begin a chunk; after the last one, the trailers."""
        self._is_collecting, self._collected = True, 0

    def on_body(self, body: bytes) -> None:
        """Content of a chunk, or of the body."""
        self._is_collecting = False
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End the trailers, if there were any."""
        self._is_collecting = False
        super().on_message_complete()
