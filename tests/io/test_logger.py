"""Logging for those who do not set it up."""

from __future__ import annotations

import subprocess
import sys

import pytest

from kognic.io.logger import setup_logging

PROGRAM = """
import logging
from kognic.io.logger import setup_logging
setup_logging("info")
logging.getLogger("kognic.io.client").info("said")
logging.getLogger("kognic.io.client").debug("whispered")
print(logging.getLogger("kognic").level, logging.getLogger().level)
try:
    setup_logging("DEBUG")
except RuntimeError as error:
    print(error)
"""


def test_setup_logging() -> None:
    """Messages of the level appear on stderr; a second call is refused. In a process of its own."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[0] == "20 20"
    assert "called before" in done.stdout.splitlines()[1]
    assert "INFO kognic.io.client: said" in done.stderr
    assert "whispered" not in done.stderr


def test_unknown_levels() -> None:
    """They are refused before anything is set."""
    with pytest.raises(ValueError, match="level is 'loud', must be DEBUG, INFO, WARNING, ERROR or CRITICAL"):
        setup_logging("loud")
