"""The environments of the official packages: made once, by one process, or not at all with a clear word."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.interop.environments import ROOT, official

pytestmark = pytest.mark.slow


def test_one_process_makes_it_and_others_wait(tmp_path: Path) -> None:
    """Processes that want the same environment at the same time get the same one, made once."""
    code = (
        "import sys; from pathlib import Path; from tests.interop import environments as e\n"
        "create = e._create\n"
        "e._create = lambda *a: (print('made'), create(*a))\n"
        "print(e.official((), Path(sys.argv[1])).python)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "cache")]
    processes = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    outputs = [process.communicate(timeout=120) for process in processes]

    assert [process.returncode for process in processes] == [0, 0, 0], outputs
    printed = [line for out, _ in outputs for line in out.splitlines()]
    assert printed.count("made") == 1
    (python,) = set(printed) - {"made"}
    assert Path(python).exists()


def test_a_failure_is_told(tmp_path: Path) -> None:
    """What cannot be installed fails with the command, the installer's words and the way out."""
    with pytest.raises(RuntimeError, match="nothing to compare with") as raised:
        official(("not a requirement",), tmp_path / "cache")

    assert "not a requirement" in str(raised.value)
    assert "-m 'not interop'" in str(raised.value)
    assert not list((tmp_path / "cache").rglob(".complete"))
