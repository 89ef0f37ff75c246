"""How other programs reach a sandbox: environment variables, environments.json, a note in its folder."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from kognic._core.files import NotJsonError, read_json, write_private
from kognic._core.run_errors import SandboxError
from kognic.auth.env_config import Environment
from kognic.auth.registration import register_environment

ENVIRONMENT = "sandbox"
NOTE_FILE = "sandbox.json"


def environment_of(name: str, url: str, credentials_file: Path) -> Environment:
    """A sandbox as an environment: one URL for all services."""
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
    (root / NOTE_FILE).unlink(missing_ok=True)
