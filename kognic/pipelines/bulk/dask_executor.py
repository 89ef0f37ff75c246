"""Calls on a Dask cluster, whose results always arrive or fail."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, Protocol

# Workers that may be lost while they run one call, before the call fails.
_RETRIES = 3


class DaskClient(Protocol):
    """What is used of a `distributed.Client`."""

    def submit(self, func: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Start a call, and return a future of its result."""
        ...


class DaskExecutor(Executor):
    """Runs calls on the workers of a `distributed.Client`.

    The executor that `distributed.Client.get_executor` returns never ends the future of a call whose result
    it was fetching when the connection to the scheduler broke: the error is raised in a callback that nobody
    waits for (seen in distributed 2026.8, `Client._gather_remote`). Here the thread that calls `result` also
    fetches it, and takes the error.

    Args:
        client: The client, which stays open when this executor is shut down.
        settings: Arguments of `distributed.Client.submit`, such as `resources`.
    """

    def __init__(self, client: DaskClient, **settings: Any) -> None:
        self._client = client
        self._settings = {"pure": False, "retries": _RETRIES, **settings}

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Any:
        """Start a call on a worker; its future is Dask's, which `concurrent.futures.wait` does not accept."""
        return self._client.submit(function, *arguments, **named, **self._settings)


def as_executor(given: Any) -> Executor | None:
    """Return the executor to use for what the caller of a bulk run passed.

    Raises:
        TypeError: It is neither an executor nor a `distributed.Client`.
    """
    if given is None:
        return None
    if type(given).__module__.partition(".")[0] == "distributed":
        client = getattr(given, "_client", given)  # of a `ClientExecutor`
        return DaskExecutor(client, **getattr(given, "_kwargs", {}))
    if not hasattr(given, "submit"):
        raise TypeError(
            f"executor is {given!r}, must be a concurrent.futures.Executor or, for a Dask cluster, a "
            "distributed.Client"
        )
    executor: Executor = given
    return executor
