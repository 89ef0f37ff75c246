"""Runs commands on pseudo-terminals: one process that has imported everything, and forks for each command.

Reads a JSON list of arguments per line, the name of the program first. Answers each with a JSON string of
what came out.
"""

from __future__ import annotations

import json
import os
import pty
import signal
import sys
from collections.abc import Callable

from kognic.auth import cli as kognic_auth
from kognic.auth.cli import api_request as kog
from kognic.cli import main as kognic
from kognic.io import kognicutil

PROGRAMS: dict[str, Callable[[], object]] = {
    "kognic": kognic,
    "kognic-auth": kognic_auth.main,
    "kog": kog.main,
    "kognicutil": kognicutil.main,
}
LONGEST = 15
"""Seconds for one command; then it is ended by SIGALRM."""


def run(arguments: list[str]) -> str:
    """What a command writes to its terminal, standard error included."""
    process, terminal = pty.fork()
    if process == 0:
        signal.alarm(LONGEST)
        sys.argv = arguments
        status = PROGRAMS[arguments[0]]()
        sys.exit(status if isinstance(status, int) else 0)
    written = b""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            break
        if not piece:
            break
        written += piece
    os.close(terminal)
    _, status = os.waitpid(process, 0)
    return written.decode() + ("" if not os.WIFSIGNALED(status) else "\nTraceback: ended by a signal")


for line in sys.stdin:
    print(json.dumps(run(json.loads(line))), flush=True)
