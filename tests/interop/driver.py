"""Run a script with a client against a fresh sandbox, and make what it found comparable.

What is random or depends on the clock is replaced: uuids are paired up between the two runs, times and
addresses lose what varies.
"""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kognic.sandbox import Sandbox
from tests.interop.endpoints import endpoint_of
from tests.interop.environments import Environment, clean_environment
from tests.interop.scripts.session import MARK

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TIME = re.compile(r"20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?")
_VIEW_SIGNATURE = re.compile(r"\?User=\d+&Expires=\d+&Signature=[\w-]+")
_SIGNATURE = re.compile(r"(http://[^ '\"?]+)\?[^ '\"]+")


@dataclasses.dataclass(frozen=True)
class Run:
    """What one client made of a script.

    Attributes:
        notes: The outcomes of its calls, by name.
        stored: What the sandbox has stored of each scene.
        successes: The documented endpoints that answered with success at least once.
    """

    notes: dict[str, Any]
    stored: dict[str, dict[str, Any]]
    successes: frozenset[str]


class Worker:
    """A process that runs scripts with one client, each against a fresh sandbox; a context manager.

    Args:
        environment: The interpreter whose client is driven.
        scripts: Folder with the scripts for the interpreter's path.
        folder: Working folder of the scripts, with the sensor data.
    """

    def __init__(self, environment: Environment, scripts: Path, folder: Path) -> None:
        self._name = environment.name
        self._folder = folder
        self._process = subprocess.Popen(
            [environment.python, "-m", "tests.interop.scripts.session"],
            cwd=folder,
            env={**clean_environment(folder), "PYTHONPATH": str(scripts)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *exc_info: object) -> None:
        with self._process:
            self._process.kill()

    def run(self, script: str) -> Run:
        """Run `tests/interop/scripts/<script>.py` in a fresh sandbox.

        Raises:
            AssertionError: The script failed; with its traceback and what it printed.
        """
        with Sandbox() as sandbox:
            configuration = {
                "url": sandbox.url,
                "credentials": str(sandbox.credentials_file),
                "workspace_id": sandbox.workspace_id,
            }
            found = self._converse({"script": script, "configuration": configuration}, sandbox)
            stored = {scene: sandbox.control.stored_files(uuid) for scene, uuid in found["scenes"].items()}
            names = Names(
                {sandbox.url: "<base>", str(sandbox.root): "<sandbox>", str(self._folder): "<work>"}
            )
            calls = [c for c in sandbox.control.calls() if 200 <= c.status < 300]
            successes = (endpoint_of(call.method, call.path) for call in calls)
            return Run(_unsigned(names.replace(found["notes"])), stored, frozenset(filter(None, successes)))

    def _converse(self, request: dict[str, Any], sandbox: Sandbox) -> dict[str, Any]:
        stdout = self._process.stdout
        assert stdout is not None
        printed = []
        # A script that hangs would hang the tests.
        timer = threading.Timer(240, self._process.kill)
        timer.start()
        try:
            self._send(request)
            for line in stdout:
                message = json.loads(line.removeprefix(MARK)) if line.startswith(MARK) else {}
                if "found" in message:
                    return dict(message["found"])
                if "error" in message:
                    printed.append(message["error"])
                    break
                if "action" in message:
                    self._send(getattr(sandbox.control, message["action"])(**message["arguments"]))
                else:
                    printed.append(line)
        finally:
            timer.cancel()
        raise AssertionError(f"{request['script']} with the {self._name} client:\n{''.join(printed)}")

    def _send(self, message: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()


class Names:
    """Names for what varies between runs, the same for the same thing."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self._known = dict(known)

    def replace(self, value: Any) -> Any:
        """The value with names in the place of what varies, uuids excepted."""
        if isinstance(value, dict):
            return {self.replace(key): self.replace(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.replace(item) for item in value]
        if not isinstance(value, str):
            return value
        for text, name in self._known.items():
            value = value.replace(text, name)
        return _TIME.sub("<time>", _SIGNATURE.sub(r"\1?<signature>", value))


def with_uuids_of(ours: Any, official: Any) -> Any:
    """Our notes with the uuids that the official notes have in the same places, as far as they correspond.

    A uuid stands for one thing in each run; where the two runs do not pair them up one to one, it shows.
    """
    pairs: dict[str, str] = {}
    for mine, theirs in _pairs(ours, official):
        if mine not in pairs and theirs not in pairs.values():
            pairs[mine] = theirs
    return _renamed(ours, pairs)


def _pairs(ours: Any, official: Any) -> Iterator[tuple[str, str]]:
    if isinstance(ours, dict) and isinstance(official, dict):
        for key in official:
            if key in ours:
                yield from _pairs(ours[key], official[key])
    elif isinstance(ours, list) and isinstance(official, list):
        for mine, theirs in zip(ours, official, strict=False):
            yield from _pairs(mine, theirs)
    elif (
        isinstance(ours, str) and isinstance(official, str) and _UUID.sub("", ours) == _UUID.sub("", official)
    ):
        yield from zip(_UUID.findall(ours), _UUID.findall(official), strict=True)


def _renamed(value: Any, pairs: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {_renamed(key, pairs): _renamed(item, pairs) for key, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item, pairs) for item in value]
    return _UUID.sub(lambda m: pairs.get(m[0], m[0]), value) if isinstance(value, str) else value


def _unsigned(value: Any) -> Any:
    """Links to the sandbox's pages without their signatures, which differ from second to second."""
    if isinstance(value, str):
        return _VIEW_SIGNATURE.sub("", value)
    if isinstance(value, dict):
        return {key: _unsigned(item) for key, item in value.items()}
    return [_unsigned(item) for item in value] if isinstance(value, list) else value
