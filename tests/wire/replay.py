"""Run a recorded case against the stand-in and say what it did.

`python -m tests.wire.replay CASES_DIR OUTPUT [NAME ...]` writes the findings for the client that the
interpreter has installed as JSON; the interop tests use it to replay the recordings with the client that they
were made with. So this module and those it imports use nothing but the standard library, and click for cases
of the command line.
"""

from __future__ import annotations

import contextlib
import json
import mimetypes
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.wire.comparison import Finding, compare
from tests.wire.pictures import catch, picture, show
from tests.wire.placeholders import Placeholders
from tests.wire.stand_in import StandIn

_HOSTS = (
    "host",
    "order_execution_api_host",
    "annotation_integration_api_host",
    "workspace_api_host",
    "project_management_api_host",
    "auth_host",
)
_ENVIRONMENT_OF_USERS = (
    "KOGNIC_",
    "XDG_",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
)


class Context:
    """The helpers that the sources of the cases call `ctx`."""

    def __init__(self, placeholders: Placeholders, folder: Path) -> None:
        self._placeholders = placeholders
        self._clients: list[Any] = []
        self.workdir = folder / "work"
        self.home = folder / "home"
        self.base_url = placeholders.base_url
        self.hosts = dict.fromkeys(_HOSTS, self.base_url)
        self.workspace_id = self.uuid("workspace-1")

    show = staticmethod(show)
    catch = staticmethod(catch)

    def uuid(self, label: str) -> str:
        return self._placeholders.uuid(label)

    def read(self, name: str) -> bytes:
        return (self.workdir / name).read_bytes()

    def client(self, **overrides: Any) -> Any:
        from kognic.io.client import KognicIOClient

        defaults: dict[str, Any] = {
            "auth": ("client-id", "client-secret"),
            "write_workspace_id": self.workspace_id,
            "timeout": 10,
            "max_retry_attempts": 3,
            "max_retry_wait_time": 0,
        }
        client = KognicIOClient(**{**defaults, **self.hosts, **overrides})
        self._clients.append(client)
        return client

    def cli(self, *args: str, client: Any = None) -> dict[str, Any]:
        from click.testing import CliRunner

        from kognic.io.kognicutil import cli

        result = CliRunner().invoke(cli, args, obj={"client": client} if client else {})
        return {"exit_code": result.exit_code, "output": result.output.splitlines()}

    def close(self) -> None:
        for client in self._clients:
            getattr(client, "close", lambda: None)()


def replay(case: dict[str, Any], files: Path) -> list[Finding]:
    """What this client did otherwise than recorded."""
    with tempfile.TemporaryDirectory() as folder, StandIn() as stand_in:
        placeholders = Placeholders(case, stand_in.url, Path(folder, "work"))
        context = Context(placeholders, Path(folder))
        shutil.copytree(files, context.workdir)
        context.home.mkdir()
        stand_in.load(case["requests"], placeholders)
        with _environment(context), warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            outcome = _run("\n".join(case["source"]), case["case"], context)
        deprecations = sorted([w.category.__name__, str(w.message)] for w in warned if _concerns_users(w))
        if deprecations:
            outcome["warnings"] = deprecations
        received = placeholders.name([dict(r) for r in stand_in.received])
        return compare(case, received, placeholders.name(outcome))


def _run(source: str, name: str, context: Context) -> dict[str, Any]:
    module: dict[str, Any] = {"__name__": f"case_{name}"}
    exec(compile(source, f"<{name}>", "exec"), module)
    os.environ.update(module.get("ENV", {}))
    overrides = module.get("CLIENT", {})
    try:
        client = None if overrides is None else context.client(**overrides)
        return {"result": show(module["run"](client, context))}
    except Exception as error:  # what a case raises is its outcome
        return {"error": picture(error)}
    finally:
        context.close()


def _concerns_users(warned: warnings.WarningMessage) -> bool:
    return issubclass(warned.category, (DeprecationWarning, FutureWarning, UserWarning))


@contextlib.contextmanager
def _environment(context: Context) -> Iterator[None]:
    """A clean environment in the working folder; the one before comes back."""
    before, folder = dict(os.environ), Path.cwd()
    for name in before:
        if name.startswith(_ENVIRONMENT_OF_USERS):
            del os.environ[name]
    os.environ["HOME"] = str(context.home)
    os.chdir(context.workdir)
    try:
        yield
    finally:
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(before)


def load_cases(folder: Path) -> dict[str, dict[str, Any]]:
    """All recordings by name."""
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))}


def main(folder: str, output: str, *names: str) -> None:
    # The recorded client guesses content types from the machine's table; it was recorded without one.
    mimetypes.knownfiles.clear()
    mimetypes.init()
    cases = load_cases(Path(folder))
    findings = {
        name: [f.as_json() for f in replay(case, Path(folder).parent / "files")]
        for name, case in cases.items()
        if not names or name in names
    }
    Path(output).write_text(json.dumps(findings, indent=1), "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
