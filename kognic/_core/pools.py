"""Thread pools that a signal does not have to wait for."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager


@contextmanager
def interruptible_pool(workers: int, name: str) -> Iterator[ThreadPoolExecutor]:
    """Open a pool; after Ctrl-C or a signal the context ends at once, whatever its threads wait for.

    `ThreadPoolExecutor` as a context waits for calls in flight, which may hang for minutes, and so keeps a
    command from printing what exists and how to resume.

    Args:
        workers: Number of threads.
        name: Prefix of their names.
    """
    pool = ThreadPoolExecutor(workers, name)
    waits = True
    try:
        yield pool
    except BaseException as error:
        waits = isinstance(error, Exception)
        raise
    finally:
        pool.shutdown(wait=waits, cancel_futures=True)
