"""Progress of a bulk run: bars on a terminal, a line every 30 seconds elsewhere."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any, TextIO

from kognic._core.wording import counted
from kognic.pipelines.bulk.items import BulkResult, Summary

if TYPE_CHECKING:
    from kognic.pipelines.bulk.items import Plan

EVERY = 30.0
"""Seconds between two lines."""


class Progress:
    """Shows the progress of a run; a context manager.

    The lines come from a thread of their own, so that they appear even while nothing completes.

    Args:
        summary: The run's, which counts the results.
        plan: The totals, if known.
        stream: Where to write; a terminal gets bars.
        every: Seconds between two lines.
    """

    def __init__(
        self,
        summary: Summary,
        plan: Plan | None = None,
        *,
        stream: TextIO | None = None,
        every: float = EVERY,
    ) -> None:
        self._summary = summary
        self._plan = plan
        self._stream = stream or sys.stderr
        self._every = every
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._speaker: threading.Thread | None = None
        self._bars: tuple[Any, Any] | None = None

    def __enter__(self) -> Progress:
        if self._stream.isatty():
            from tqdm import tqdm

            scenes = tqdm(total=self._plan.total if self._plan else None, unit="scene", file=self._stream)
            size = self._plan.bytes if self._plan and not self._plan.files_of_unknown_size else None
            self._bars = (
                scenes,
                tqdm(total=size, unit="B", unit_scale=True, file=self._stream, position=1, leave=False),
            )
        else:
            self._speaker = threading.Thread(target=self._speak, name="kognic-progress", daemon=True)
            self._speaker.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._over.set()
        if self._speaker is not None:
            self._speaker.join()
        for bar in reversed(self._bars or ()):
            bar.close()

    def file_stored(self, _key: str, _resource_id: str, size: int) -> None:
        """Pass this as `BulkRun(on_file=...)`."""
        if self._bars:
            with self._lock:
                self._bars[1].update(size)

    def item_ended(self, result: BulkResult) -> None:
        """Count one result."""
        if self._bars:
            with self._lock:
                self._bars[0].update(1)
                if not result.ok:
                    self._bars[0].set_postfix_str(f"{self._summary.failed} failed")

    def note(self, message: str) -> None:
        """Print a message without tearing the bars apart."""
        with self._lock:
            if self._bars:
                self._bars[0].write(message, file=self._stream)
            else:
                self._stream.write(f"{message}\n")
                self._stream.flush()

    def _speak(self) -> None:
        of = f" of {self._plan.total}" if self._plan else ""
        while not self._over.wait(self._every):
            s = self._summary
            self._stream.write(
                f"{s.total}{of} scenes completed, {s.failed} failed; {counted(s.files_sent, 'file')}, "
                f"{s.bytes_sent / 1e6:.0f} MB sent\n"
            )
            self._stream.flush()
