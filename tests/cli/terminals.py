"""Runs commands on pseudo-terminals: one process that has imported everything, and forks for each command.

Reads a JSON list of arguments per line, the name of the program first. Answers each with a JSON string of
what came out.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import pty
import signal
import sys
from collections.abc import Callable

import kognic.cli
from kognic.auth import cli as kognic_auth
from kognic.auth.cli import api_request as kog
from kognic.io import kognicutil

PROGRAMS: dict[str, Callable[[], object]] = {
    "kognic": kognic.cli.main,
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


# Commands import what they need when they need it; here it is needed a hundred times.
for module in pkgutil.walk_packages(kognic.__path__, "kognic."):
    if not module.name.endswith("__main__") and not module.name.startswith("kognic.openlabel"):
        importlib.import_module(module.name)
gc.freeze()
for line in sys.stdin:
    print(json.dumps(run(json.loads(line))), flush=True)
