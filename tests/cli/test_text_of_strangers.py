"""One evil text through the commands, on a pseudo-terminal: no control sequence of a stranger reaches it."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kognic.sandbox import Sandbox
from tests.pipelines.bulk.conftest import picture

pty = pytest.importorskip("pty", reason="pseudo-terminals need POSIX")

EVIL = "evil\x1b]0;owned\x07\x1b[2J\x9b31m\u202egnp\x08\r"
OURS = re.compile(r"\x1b\[[0-9;]*[mAKhl]|\x1b\[\?25[hl]")
"""Colours, and what progress bars do with the cursor."""
HARMFUL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture
def names(tmp_path: Path, kognic_sandbox: Sandbox) -> dict[str, str]:
    """Objects of an evil name on the platform, and files of one on disk."""
    control = kognic_sandbox.control
    control.create_project("p", title=EVIL)
    control.create_batch("p", "b")
    control.create_request("p", "b", title=EVIL)
    folder = tmp_path / "evil\x1b[31m"
    folder.mkdir()
    (folder / "a.png").write_bytes(picture(1))
    scene = {"type": "cameras", "external_id": EVIL,
             "frame": {"images": [{"sensor_name": "C", "filename": "a.png"}]}}  # fmt: skip
    (folder / "scene.json").write_text(json.dumps(scene))
    (folder / "bad.scene.json").write_text(json.dumps({**scene, EVIL: 1}))
    home = tmp_path / ".config" / "kognic"
    home.mkdir(parents=True)
    (home / "credentials.json").write_text(json.dumps(kognic_sandbox.credentials))
    (home / "credentials.json").chmod(0o600)
    here = {"url": kognic_sandbox.url, "credentials": str(home / "credentials.json")}
    (home / "environments.json").write_text(json.dumps({"environments": {"here": here}}))
    return {"folder": str(folder), "home": str(tmp_path), "url": kognic_sandbox.url}


def on_a_terminal(names: dict[str, str], main: str, *arguments: str) -> str:
    """What a command writes to a terminal, standard error included."""
    code = f"import sys; sys.argv = sys.argv[:1] + sys.argv[1:]; {main}"
    env = {**os.environ, "HOME": names["home"], "KOGNIC_ENVIRONMENT": "here", "COLUMNS": "200"}
    process, terminal = pty.fork()
    if process == 0:  # pragma: no cover - the child
        os.execve(sys.executable, [sys.executable, "-c", code, *arguments], env)
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
    os.waitpid(process, 0)
    return written.decode()


KOGNIC = "from kognic.cli import main; main()"
KOG = "from kognic.auth.cli.api_request import main; main()"
COMMANDS: list[tuple[str, Callable[[dict[str, str]], list[str]]]] = [
    (KOGNIC, lambda n: ["scene", "create", f"{n['folder']}/scene.json", "--project", "p"]),
    (KOGNIC, lambda n: ["scene", "show", EVIL]),
    (KOGNIC, lambda n: ["scene", "show", EVIL, "--json"]),
    (KOGNIC, lambda n: ["scene", "clean", EVIL]),
    (KOGNIC, lambda n: ["project", "list"]),
    (KOGNIC, lambda n: ["batch", "list", EVIL]),
    (KOGNIC, lambda n: ["input", "list", "--project", "p"]),
    (KOGNIC, lambda n: ["calibration", "list", "--external-id", EVIL]),
    (KOGNIC, lambda n: ["check", n["folder"]]),
    (KOGNIC, lambda n: ["check", n["folder"], "--format", "json"]),
    (KOGNIC, lambda n: ["bulk", "run", n["folder"], "--dry-run"]),
    (KOGNIC, lambda n: ["bulk", "run", n["folder"], "--journal", n["home"] + "/j", "--if-exists", "update"]),
    (KOGNIC, lambda n: ["bulk", "report", n["home"] + "/j"]),
    (KOGNIC, lambda n: ["scene", "create", EVIL]),
    (KOGNIC, lambda n: ["pre-annotation", "create", EVIL, n["folder"] + "/scene.json"]),
    (KOGNIC, lambda n: [EVIL]),
    (KOGNIC, lambda n: ["scene", "show", f"--{EVIL}"]),
    (KOG, lambda n: ["get", f"{n['url']}/v1/projects", "--env", "here"]),
    (KOG, lambda n: ["get", f"{n['url']}/v1/projects", "--env", "here", "--format", "table"]),
    (KOG, lambda n: ["get", f"{n['url']}/v1/{EVIL.replace(chr(13), '')}", "--env", "here"]),
]


def test_no_control_sequence_reaches_the_terminal(names: dict[str, str]) -> None:
    """Escapes, C1 and bidirectional controls are shown as text, in results, errors, progress and JSON."""
    shown = 0
    for main, arguments in COMMANDS:
        given = arguments(names)
        written = on_a_terminal(names, main, *given)
        rest = OURS.sub("", written)
        assert HARMFUL.search(rest) is None, (given, rest)
        assert "]0;owned" not in rest or "\\x1b]0;owned" in rest or "\\u001b]0;owned" in rest, (given, rest)
        assert "Traceback" not in rest, (given, rest)
        shown += "x1b" in rest or "u001b" in rest
    assert shown >= len(COMMANDS) // 2
