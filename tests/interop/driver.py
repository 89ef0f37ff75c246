"""Run a script with a client against a fresh sandbox, and make what it found comparable.

What is random or depends on the clock is replaced: uuids are numbered in the order of their first appearance,
times and addresses lose what varies.
"""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kognic.sandbox import Sandbox
from tests.interop.environments import Environment, clean_environment
from tests.interop.scripts.session import MARK

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TIME = re.compile(r"20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?")
_SIGNATURE = re.compile(r"(http://[^ '\"?]+)\?[^ '\"]+")


@dataclasses.dataclass(frozen=True)
class Run:
    """What one client made of a script: its notes, and what the sandbox has stored of each scene."""

    notes: dict[str, Any]
    stored: dict[str, dict[str, Any]]


def run_script(name: str, environment: Environment, scripts: Path, folder: Path, **more: Any) -> Run:
    """Run `tests/interop/scripts/<name>.py` in a fresh sandbox with the files in `folder`.

    Args:
        name: Name of the script.
        environment: The interpreter whose client is driven.
        scripts: Folder with the scripts for the interpreter's path.
        folder: Working folder of the script, with the sensor data.
        more: Further configuration for the script.
    """
    with Sandbox() as sandbox:
        configuration = {
            "url": sandbox.url,
            "credentials": str(sandbox.credentials_file),
            "workspace_id": sandbox.workspace_id,
            **more,
        }
        found = _run(name, environment, scripts, folder, configuration, sandbox)
        stored = {scene: sandbox.control.stored_files(uuid) for scene, uuid in found["scenes"].items()}
        names = Names({sandbox.url: "<base>", str(sandbox.root): "<sandbox>", str(folder): "<folder>"})
        return Run(names.replace(found["notes"]), names.replace(stored))


def _run(
    name: str,
    environment: Environment,
    scripts: Path,
    folder: Path,
    configuration: Mapping[str, Any],
    sandbox: Sandbox,
) -> dict[str, Any]:
    given, output = folder / f"{name}.config.json", folder / f"{name}.found.json"
    given.write_text(json.dumps(configuration), "utf-8")
    process = subprocess.Popen(
        [environment.python, "-m", f"tests.interop.scripts.{name}", given, output],
        cwd=folder,
        env={**clean_environment(folder), "PYTHONPATH": str(scripts)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )
    timer = threading.Timer(240, process.kill)
    timer.start()
    printed = []
    with process, timer_cancelled(timer):
        assert process.stdin is not None
        assert process.stdout is not None
        for line in process.stdout:
            if not line.startswith(MARK):
                printed.append(line)
                continue
            answer = _control(sandbox, json.loads(line.removeprefix(MARK)))
            process.stdin.write(json.dumps(answer) + "\n")
            process.stdin.flush()
    if process.returncode != 0:
        raise AssertionError(
            f"{name} with the {environment.name} client: status {process.returncode}\n{''.join(printed)}"
        )
    found: dict[str, Any] = json.loads(output.read_text("utf-8"))
    return found


class timer_cancelled:  # noqa: N801 (reads as a function)
    """Cancel a timer at the end of a block."""

    def __init__(self, timer: threading.Timer) -> None:
        self._timer = timer

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc_info: object) -> None:
        self._timer.cancel()


def _control(sandbox: Sandbox, request: dict[str, Any]) -> Any:
    return getattr(sandbox.control, request["action"])(**request["arguments"])


class Names:
    """Names for what varies between runs, given out in the order of first appearance."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self._known = dict(known)
        self._uuids: dict[str, str] = {}

    def replace(self, value: Any) -> Any:
        """The value with names in the place of what varies; keys of objects are sorted first."""
        if isinstance(value, dict):
            return {self.replace(key): self.replace(value[key]) for key in sorted(value, key=_without_uuids)}
        if isinstance(value, list):
            return [self.replace(item) for item in value]
        if not isinstance(value, str):
            return value
        for text, name in self._known.items():
            value = value.replace(text, name)
        value = _SIGNATURE.sub(r"\1?<signature>", value)
        value = _TIME.sub("<time>", value)
        return _UUID.sub(lambda m: self._uuids.setdefault(m[0], f"<uuid {len(self._uuids) + 1}>"), value)


def _without_uuids(key: str) -> str:
    return _UUID.sub("", key)
