"""Environments that programs add to environments.json, and take out again."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

from kognic._core.files import write_private
from kognic._core.locks import locked
from kognic.auth._defaults import DEFAULT_ENV_CONFIG_FILE_PATH
from kognic.auth.env_config import Environment, load_kognic_env_config, read_content


def register_environment(
    environment: Environment,
    path: str | os.PathLike[str] = DEFAULT_ENV_CONFIG_FILE_PATH,
    *,
    make_default: bool = False,
) -> None:
    """Add an environment to the file, or replace the one of that name; the rest of the file stays as it is.

    The file is replaced in one step, by one process at a time.

    Raises:
        EnvironmentFileError: The file that is there is not JSON; it is left alone.
        EnvironmentConfigError: It has not the form of an environments file; it is left alone.
        OSError: It cannot be written.
    """
    file = Path(path).expanduser()
    with locked(file):
        load_kognic_env_config(file)
        content = read_content(file)
        entry = {k: v for k, v in dataclasses.asdict(environment).items() if k != "name" and v}
        content["environments"] = {**content.get("environments", {}), environment.name: entry}
        if make_default:
            content["default_environment"] = environment.name
        write_private(file, json.dumps(content, indent=2) + "\n")


def unregister_environment(
    name: str, path: str | os.PathLike[str] = DEFAULT_ENV_CONFIG_FILE_PATH, *, url: str | None = None
) -> bool:
    """Remove an environment from the file.

    Args:
        name: Which one.
        path: The environments file.
        url: Only if it still has this `url`, so that nobody removes what another process has registered.

    Returns:
        Whether it was there.

    Raises:
        EnvironmentFileError: The file is not JSON; it is left alone.
        EnvironmentConfigError: It has not the form of an environments file; it is left alone.
        OSError: It cannot be written.
    """
    file = Path(path).expanduser()
    if not file.exists():
        return False
    with locked(file):
        known = load_kognic_env_config(file).environments.get(name)
        if known is None or (url is not None and known.url != url):
            return False
        content = read_content(file)
        del content["environments"][name]
        if content.get("default_environment") == name:
            del content["default_environment"]
        write_private(file, json.dumps(content, indent=2) + "\n")
    return True
