"""How other programs reach a sandbox: environment variables, environments.json, a note in its folder."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kognic.auth._files import NotJsonError, read_json, write_private
from kognic.sandbox.control import SandboxError

ENVIRONMENT = "sandbox"
NOTE_FILE = "sandbox.json"
ENVIRONMENTS_FILE = "environments.json"


def environment_entry(url: str, credentials_file: Path) -> dict[str, Any]:
    """The entry of environments.json for a sandbox: one URL for all services."""
    return {
        "host": urlsplit(url).hostname or "",
        "auth_server": url,
        "url": url,
        "credentials": str(credentials_file),
    }


def register(path: Path, name: str, entry: Mapping[str, Any]) -> None:
    """Put an environment into an environments.json, which is made if there is none; the others stay.

    Raises:
        SandboxError: The file is there and is not an environments.json.
        OSError: It cannot be read or written.
    """
    content = _read_object(path) if path.exists() else {}
    environments = content.setdefault("environments", {})
    if not isinstance(environments, dict):
        raise SandboxError(f"{path}: environments is not an object")
    environments[name] = dict(entry)
    write_private(path, json.dumps(content, indent=2) + "\n")


def user_environments_file() -> Path:
    """The environments.json of the user, where the client looks."""
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "kognic" / ENVIRONMENTS_FILE


def variables(root: Path, url: str, credentials_file: Path) -> dict[str, str]:
    """Environment variables that let the client, and every command, find a sandbox.

    They name a folder of configuration inside the sandbox's own, whose environments.json knows nothing else.
    """
    folder = root / "config"
    register(folder / "kognic" / ENVIRONMENTS_FILE, ENVIRONMENT, environment_entry(url, credentials_file))
    return {
        "KOGNIC_CREDENTIALS": str(credentials_file),
        "KOGNIC_ENVIRONMENT": ENVIRONMENT,
        "XDG_CONFIG_HOME": str(folder),
    }


def as_exports(values: Mapping[str, str]) -> str:
    """Lines for a POSIX shell."""
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in values.items())


def write_note(root: Path, url: str) -> None:
    """Note in the sandbox's folder where it can be reached, for the commands that are given the folder."""
    write_private(root / NOTE_FILE, json.dumps({"url": url, "pid": os.getpid()}) + "\n")


def read_note(root: Path) -> str:
    """The URL of the sandbox that runs in a folder.

    Raises:
        SandboxError: None runs there.
    """
    path = root / NOTE_FILE
    if not path.is_file():
        raise SandboxError(f"no sandbox runs in {root}; start one: kognic sandbox serve --root {root}")
    return str(_read_object(path).get("url"))


def remove_note(root: Path) -> None:
    (root / NOTE_FILE).unlink(missing_ok=True)


def _read_object(path: Path) -> dict[str, Any]:
    try:
        content = read_json(path)
    except NotJsonError as exc:
        raise SandboxError(f"{path} {exc}") from None
    if not isinstance(content, dict):
        raise SandboxError(f"{path} does not hold a JSON object")
    return content
