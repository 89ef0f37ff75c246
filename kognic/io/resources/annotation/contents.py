"""The contents of the annotations of a project: downloaded ahead of a reader who may take hours.

A signed URL works for some minutes after its page was listed; then the page is fetched again.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from typing import Any

from kognic.base_clients.cloud_storage import FileResourceClient
from kognic.base_clients.errors import SignedUrlExpiredError
from kognic.base_clients.http.paging import Page
from kognic.base_clients.serialization import RawJson
from kognic.io.model.annotation.client_annotation import Annotation, PartialAnnotation


class ListedPage:
    """A page of the annotations of a project.

    Attributes:
        partials: What it holds, in the platform's order.
        renewals: How often its URLs have been renewed.
    """

    def __init__(self, page: Page) -> None:
        self._page = page
        self.partials = _parsed(page)
        self.renewals = 0

    def renew(self, position: int) -> bool:
        """Fetch the page again; whether the annotation at this position is still in it.

        Annotations that are not keep the URL that they have.
        """
        fresh: dict[object, deque[PartialAnnotation]] = defaultdict(deque)
        for partial in _parsed(self._page.fetch_again()):
            fresh[_key(partial)].append(partial)
        before = self.partials[position]
        self.partials = [
            fresh[_key(partial)].popleft() if fresh[_key(partial)] else partial for partial in self.partials
        ]
        self.renewals += 1
        return self.partials[position] is not before


def with_contents(pages: Iterator[ListedPage], file_client: FileResourceClient) -> Iterator[Annotation]:
    """Download the contents of annotations with limited look-ahead, and yield them in order.

    The next page is fetched during the downloads of the current one, after its first annotation was
    consumed. If fetching fails, the error is raised after the downloads in flight.

    Raises:
        SignedUrlExpiredError: A URL does not work though its page has just been fetched again.
    """
    window = 2 * file_client.max_connections
    found: deque[tuple[ListedPage, int]] = deque()
    under_way: deque[_Content] = deque()
    end: Exception | None = None
    try:
        while end is None or under_way:
            if not found and end is None:
                try:
                    page = next(pages)
                    found.extend((page, position) for position in range(len(page.partials)))
                except Exception as exc:  # StopIteration, or why the page could not be had
                    end = exc
            while found and len(under_way) < window:
                under_way.append(_Content(*found.popleft(), file_client))
            if under_way:
                yield under_way.popleft().result()
    finally:
        for content in under_way:
            content.future.cancel()
    if not isinstance(end, StopIteration):
        raise end


class _Content:
    """The content of one annotation on its way."""

    def __init__(self, page: ListedPage, position: int, file_client: FileResourceClient) -> None:
        self._page = page
        self._position = position
        self._files = file_client
        self._renewals = page.renewals
        self._partial = page.partials[position]
        self.future: Future[RawJson] = file_client.executor.submit(
            file_client.get_document, self._partial.uri
        )

    def result(self) -> Annotation:
        """Wait for it, and renew its URL if that has expired."""
        try:
            return self._partial.to_annotation(self.future.result())
        except SignedUrlExpiredError:
            # Another annotation of the page may have had it renewed already.
            if self._page.renewals == self._renewals and not self._page.renew(self._position):
                raise
        partial = self._page.partials[self._position]
        return partial.to_annotation(self._files.get_document(partial.uri))


def _parsed(items: Iterable[Any]) -> list[PartialAnnotation]:
    return [PartialAnnotation.from_json(item) for item in items]


def _key(partial: PartialAnnotation) -> tuple[object, ...]:
    return partial.scene_uuid, partial.annotation_type, partial.created
