"""Statuses of pre-annotations, and polling until they are available.

The platform processes pre-annotations asynchronously. If one fails, inputs created with it are removed, so
programs must wait before they create inputs. The platform spells statuses in two ways (`pending-for-scene`,
`pending_for_scene`), so they are normalised before they are compared.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from kognic._core.wording import counted
from kognic.base_clients.http.outages import Client
from kognic.io.resources.errors import PreAnnotationFailedError, PreAnnotationTimeoutError, listing
from kognic.io.resources.polling import ask, last_failure, lookout, rounds

FAILED = "failed"
USABLE = frozenset({"available", "indexed"})
"""An input can start from a pre-annotation of these; an indexed one is imported by that."""

Item = Mapping[str, Any]


def status_of(item: Item) -> str:
    """Return the normalised status of a pre-annotation: lower case, with hyphens."""
    return str(item.get("status", "")).lower().replace("_", "-")


def is_usable(item: Item) -> bool:
    """Whether an input can start from a pre-annotation."""
    return status_of(item) in USABLE


def is_failed(item: Item) -> bool:
    """Whether the processing of a pre-annotation has failed, which is final."""
    return status_of(item) == FAILED


def raise_for_failed(items: Iterable[Item]) -> None:
    """Raise for pre-annotations that failed.

    Raises:
        PreAnnotationFailedError: One has failed.
    """
    failed = [item for item in items if is_failed(item)]
    if failed:
        names = listing([_name(item) for item in failed])
        raise PreAnnotationFailedError(
            f"the platform could not process {counted(len(failed), 'pre-annotation')}: {names}. A failed "
            "pre-annotation cannot be replaced, and its external ID cannot be used again: check the document "
            "with 'kognic check --pre-annotation', and create it under a new external ID",
            pre_annotations=failed,
        )


def wait_until_available(
    get: Callable[[list[str]], list[dict[str, Any]]],
    ids: Sequence[str],
    *,
    timeout: float | None,
    poll_interval: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
    client: Client | None = None,
) -> list[dict[str, Any]]:
    """Poll pre-annotations until all can be used; see `PreAnnotationResource.wait_until_available`.

    Args:
        get: Gets pre-annotations by UUID; those that are not visible yet are missing in the result.
        ids: The pre-annotations to wait for.
        timeout: Seconds in total; None waits without limit.
        poll_interval: Seconds between two rounds.
        clock: Seconds since some moment.
        sleep: Waits for that many seconds.
        client: Says whether the platform answers; an outage is waited for.
    """
    seen: dict[str, dict[str, Any]] = {}
    waiting = list(dict.fromkeys(ids))
    trouble: Exception | None = None

    def update() -> None:
        seen.update((str(item.get("id")), item) for item in get(waiting))

    with lookout(client, timeout):
        for left in rounds(timeout, poll_interval, clock=clock, sleep=sleep):
            trouble = ask(update, client, left) if waiting else None
            if trouble is not None:
                continue
            waiting = [uuid for uuid in waiting if uuid not in seen or not is_usable(seen[uuid])]
            raise_for_failed(seen[uuid] for uuid in waiting if uuid in seen)
            if not waiting:
                return [seen[uuid] for uuid in ids]
    raise _timed_out(timeout, seen, waiting, trouble, count=len(set(ids))) from trouble


def _timed_out(
    timeout: float | None,
    seen: Mapping[str, Item],
    waiting: list[str],
    trouble: Exception | None,
    *,
    count: int,
) -> PreAnnotationTimeoutError:
    names = [f"{uuid}: {status_of(seen[uuid]) if uuid in seen else 'not found'}" for uuid in waiting]
    return PreAnnotationTimeoutError(
        f"{len(waiting)} of {count} pre-annotations are not available after {timeout:g} s: {listing(names)}. "
        f"One that is pending waits for its scene to be created{last_failure(trouble)}",
        unfinished=waiting,
    )


def _name(item: Item) -> str:
    external_id = item.get("externalId")
    return f"{item.get('id')}" + (f" (external id {external_id!r})" if external_id else "")
