"""Progress of a transfer, for people."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from tqdm import tqdm


class Progress(Protocol):
    """What a transfer reports to; called from many threads at once."""

    def add(self, files: int, size: int) -> None:
        """Announce files to transfer, and their bytes as far as sizes are known."""
        ...

    def moved(self, size: int) -> None:
        """Count bytes that moved; negative when an attempt failed and its bytes do not count."""
        ...

    def finished(self, resource_id: str) -> None:
        """Count a complete file."""
        ...

    def close(self) -> None:
        """End the display when the transfer is over."""
        ...


class NoProgress:
    """Reports nothing."""

    def add(self, files: int, size: int) -> None:
        """Do nothing."""

    def moved(self, size: int) -> None:
        """Do nothing."""

    def finished(self, resource_id: str) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class TqdmProgress:
    """A bar of bytes with a count of files on stderr; silent when that is not a terminal.

    Args:
        options: For `tqdm`, such as `desc` or `disable`.
    """

    def __init__(self, **options: Any) -> None:
        self._options = options
        self._bar: tqdm[Any] | None = None
        self._lock = threading.Lock()
        self._files = self._done = self._users = 0

    def add(self, files: int, size: int) -> None:
        """Make the bar longer."""
        with self._lock:
            bar = self._open()
            self._users += 1
            self._files += files
            bar.total = (bar.total or 0) + size
            self._show(bar)

    def moved(self, size: int) -> None:
        """Move the bar."""
        with self._lock:
            self._open().update(size)

    def finished(self, resource_id: str) -> None:  # noqa: ARG002
        """Count a file."""
        with self._lock:
            self._done += 1
            self._show(self._open())

    def close(self) -> None:
        """Leave the bar on the screen when the last transfer that used it is over."""
        with self._lock:
            self._users -= 1
            if self._users <= 0 and self._bar is not None:
                self._bar.close()
                self._bar = None
                self._files = self._done = self._users = 0

    def _open(self) -> tqdm[Any]:
        if self._bar is None:
            from tqdm import tqdm

            # disable=None: silent when the file is not a terminal.
            self._bar = tqdm(total=0, unit="B", unit_scale=True, **{"disable": None, **self._options})
        return self._bar

    def _show(self, bar: tqdm[Any]) -> None:
        if not bar.disable:
            bar.set_postfix_str(f"{self._done}/{self._files} files", refresh=False)


def progress_of(value: Progress | bool | None) -> Progress:
    """Return what `progress=` stands for: True a bar, None or False nothing, else the object itself."""
    if value is None or value is False:
        return NoProgress()
    return TqdmProgress() if value is True else value
