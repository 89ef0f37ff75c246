"""Progress for people, and silence for machines."""

from __future__ import annotations

from io import StringIO

from kognic.base_clients.cloud_storage.progress import NoProgress, TqdmProgress, progress_of


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def run(progress: TqdmProgress) -> None:
    progress.add(2, 3000)
    progress.moved(1000)
    progress.moved(500)
    progress.moved(-500)
    progress.finished("a")
    progress.moved(2000)
    progress.finished("b")
    progress.close()


def test_a_bar_of_bytes_with_a_count_of_files() -> None:
    screen = Terminal()
    run(TqdmProgress(file=screen, mininterval=0))

    last = screen.getvalue().strip().split("\r")[-1]
    assert "3.00k/3.00k" in last
    assert "2/2 files" in last


def test_silent_when_stderr_is_no_terminal() -> None:
    file = StringIO()
    run(TqdmProgress(file=file))
    assert file.getvalue() == ""


def test_transfers_at_the_same_time_share_a_bar() -> None:
    screen = Terminal()
    progress = TqdmProgress(file=screen, mininterval=0)
    progress.add(1, 100)
    progress.add(1, 100)
    progress.moved(100)
    progress.close()
    progress.moved(100)
    progress.finished("a")
    progress.finished("b")
    progress.close()
    assert "200/200" in screen.getvalue()
    assert screen.getvalue().count("\n") == 1


def test_what_progress_may_be() -> None:
    mine = TqdmProgress()
    assert progress_of(mine) is mine
    assert isinstance(progress_of(True), TqdmProgress)
    assert isinstance(progress_of(None), NoProgress)
    assert isinstance(progress_of(False), NoProgress)
