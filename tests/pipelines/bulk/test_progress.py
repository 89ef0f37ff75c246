"""The progress messages of a bulk run."""

from __future__ import annotations

import threading
from io import StringIO

from kognic.pipelines.bulk import BulkResult, Plan, Stage, Summary
from kognic.pipelines.bulk.progress import EVERY, Progress

PLAN = Plan(
    total=2, new=2, existing={}, finished=0, begun=0, files=1, bytes=3_000_000, files_of_unknown_size=0,
    duplicates=(), broken={},
)  # fmt: skip


class Lines(StringIO):
    """A stream that tells when something is written to it."""

    def __init__(self, terminal: bool = False) -> None:
        super().__init__()
        self.written = threading.Event()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    def write(self, text: str, /) -> int:
        self.written.set()
        return super().write(text)


def ended(stage: Stage) -> BulkResult:
    return BulkResult(key="k", external_id="e", stage=stage)


def test_a_plain_line_comes_while_nothing_gets_done() -> None:
    """Off a terminal a line tells where the run is, though no file is stored and no scene has ended since."""
    summary, stream = Summary(), Lines()
    with Progress(summary, PLAN, stream=stream, every=0.01):
        summary.add_file(3_000_000)
        summary.count(ended(Stage.FAILED))
        stream.written.clear()
        assert stream.written.wait(60)

    last = stream.getvalue().splitlines()[-1]
    assert last == "1 of 2 scenes completed, 1 failed; 1 file, 3 MB sent"


def test_lines_are_half_a_minute_apart() -> None:
    """A short run is not commented on."""
    stream = Lines()
    with Progress(Summary(), stream=stream) as progress:
        progress.file_stored("k", "r", 3)
        progress.item_ended(ended(Stage.DONE))

    assert EVERY == 30
    assert stream.getvalue() == ""


def test_bars_on_a_terminal() -> None:
    """One bar counts scenes and names failures, the other counts bytes."""
    summary, stream = Summary(), Lines(terminal=True)
    with Progress(summary, PLAN, stream=stream) as progress:
        summary.count(ended(Stage.FAILED))
        progress.item_ended(ended(Stage.FAILED))
        progress.file_stored("k", "r", 3_000_000)

    screen = stream.getvalue()
    assert "1/2" in screen
    assert "1 failed" in screen
    assert "3.00M" in screen
