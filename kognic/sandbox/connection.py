"""How other programs reach a sandbox: environment variables, environments.json, a note in its folder."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import requests

from kognic._core.files import NotJsonError, read_json, user_folder, write_private
from kognic._core.run_errors import SandboxError
from kognic.auth.env_config import Environment
from kognic.auth.registration import register_environment
from kognic.sandbox.platform.config import CREDENTIALS_FILE

ENVIRONMENT = "sandbox"
NOTE_FILE = "sandbox.json"
_HEALTH_TIMEOUT = 2.0
"""Seconds."""


def environment_of(name: str, url: str, credentials_file: Path) -> Environment:
    """Return a sandbox as an environment: one URL for all services."""
    host = urlsplit(url).hostname or ""
    return Environment(name, host, auth_server=url, credentials=str(credentials_file), url=url)


def variables(root: Path, url: str, credentials_file: Path) -> dict[str, str]:
    """Environment variables that let the client, and every command, find a sandbox.

    They name a folder of configuration inside the sandbox's own, whose environments.json knows nothing else.
    """
    folder = root / "config"
    environment = environment_of(ENVIRONMENT, url, credentials_file)
    register_environment(environment, folder / "kognic" / "environments.json", make_default=True)
    return {
        "KOGNIC_CREDENTIALS": str(credentials_file),
        "KOGNIC_ENVIRONMENT": ENVIRONMENT,
        "XDG_CONFIG_HOME": str(folder),
    }


def as_exports(values: Mapping[str, str]) -> str:
    """Return the lines for a POSIX shell."""
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in values.items())


def write_note(root: Path, url: str) -> None:
    """Note where a sandbox can be reached: in its folder, for commands that are given the folder."""
    write_private(root / NOTE_FILE, json.dumps({"url": url, "pid": os.getpid()}) + "\n")


def list_as_running(root: Path, url: str) -> None:
    """Write a note, and put the sandbox on the user's list, where commands without a folder find it."""
    write_note(root, url)
    # Commands that are given the folder do not need the list.
    with contextlib.suppress(OSError):
        _forget_killed(url)
        write_private(_entry_of(root), json.dumps({"root": str(root)}) + "\n")


def read_note(root: Path) -> str:
    """Return the URL of the sandbox that runs in a folder.

    Raises:
        SandboxError: None runs there.
    """
    path = root / NOTE_FILE
    try:
        content = read_json(path)
    except FileNotFoundError:
        raise SandboxError(
            f"no sandbox runs in {root}; start one: kognic sandbox serve --root {shlex.quote(str(root))}"
        ) from None
    except NotJsonError as exc:
        raise SandboxError(f"{path} {exc}") from None
    if not isinstance(content, dict) or not isinstance(content.get("url"), str):
        raise SandboxError(f"{path} does not name the URL of a sandbox")
    return str(content["url"])


def remove_note(root: Path) -> None:
    """Remove what `write_note` or `list_as_running` wrote."""
    (root / NOTE_FILE).unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        _entry_of(root).unlink()


def running_roots() -> list[Path]:
    """Folders of this user's sandboxes that run and answer, in the order of their names."""
    found = []
    for _, root in _listed():
        with contextlib.suppress(OSError, SandboxError):
            if _answers(read_note(root)):
                found.append(root)
    return sorted(found)


def find_root() -> Path:
    """Return the folder of the only sandbox that runs.

    Raises:
        SandboxError: None runs, or more than one does; the message says what to do.
    """
    # A shell with the variables of a sandbox means that sandbox.
    named = os.environ.get("KOGNIC_CREDENTIALS", "")
    if named.endswith(CREDENTIALS_FILE) and (Path(named).parent / NOTE_FILE).is_file():
        return Path(named).parent
    roots = running_roots()
    if len(roots) == 1:
        return roots[0]
    if not roots:
        raise SandboxError("no sandbox is running; start one: kognic sandbox serve")
    listed = ", ".join(shlex.quote(str(root)) for root in roots)
    raise SandboxError(f"{len(roots)} sandboxes are running; choose one with --root: {listed}")


def _answers(url: str) -> bool:
    """Whether a sandbox answers there: one that was killed leaves its note behind."""
    try:
        return requests.get(f"{url}/_sandbox/health", timeout=_HEALTH_TIMEOUT).ok
    except requests.RequestException:
        return False


def _forget_killed(url: str) -> None:
    """Take off the list what was killed: its folder is gone, or its URL is another sandbox's now."""
    for entry, root in _listed():
        with contextlib.suppress(OSError, SandboxError):
            if not (root / NOTE_FILE).exists() or read_note(root) == url:
                entry.unlink(missing_ok=True)


def _listed() -> Iterator[tuple[Path, Path]]:
    """Files of the list, each with the folder that it names."""
    for entry in _entries().glob("*.json"):
        try:
            root = Path(read_json(entry)["root"])
        except (OSError, NotJsonError, KeyError, TypeError):
            continue
        yield entry, root


def _entries() -> Path:
    return user_folder("XDG_CACHE_HOME", ".cache") / "kognic" / "sandboxes"


def _entry_of(root: Path) -> Path:
    return _entries() / f"{hashlib.sha256(os.fsencode(root)).hexdigest()[:16]}.json"
