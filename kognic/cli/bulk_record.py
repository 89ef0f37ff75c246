"""What the journal of `kognic bulk run` records of the command: `kognic bulk resume` needs nothing else.

It records the scenes and options as they were given, and where the run goes: environment, credentials file
and workspace. The records of its steps are in `kognic.pipelines.bulk.journal`.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from kognic._core.run_errors import JournalError
from kognic.base_clients.http.hosts import ENVIRONMENT_VARIABLE
from kognic.cli.platform import Platform
from kognic.pipelines.bulk import Journal

# Characters of a recorded command that cannot be read: two lines of a terminal.
_SHOWN_COMMAND = 200
# The names that `kognic bulk run` records. A journal may be older or newer than this version.
_NAMES = frozenset({"scenes", "project", "batch", "request_uuid", "if_exists", "targets"})


def expect(journal: Journal, command: dict[str, Any]) -> None:
    """Reject the journal of another command.

    Raises:
        JournalError: Items of a run with other options were begun.
    """
    begun = journal.facts().get("command")
    if begun is None or begun == json.dumps(command) or not journal.is_bound():
        return
    known = json.loads(begun)
    differing = [f"{name} {known.get(name)!r}, not {command.get(name)!r}" for name in {**known, **command}
                 if known.get(name) != command.get(name)]  # fmt: skip
    raise JournalError(
        f"the journal {journal.path} belongs to another run: {'; '.join(differing)}. Resume that run with "
        f"'kognic bulk resume {journal.path}', or use another journal"
    )


def write(journal: Journal, platform: Platform, command: dict[str, Any], *, check: bool) -> None:
    """Record what a run is, before the platform is asked for anything."""
    facts = {"command": json.dumps(command), "check": "yes" if check else "no", "state": "planning"}
    if not journal.is_bound():
        # What was begun stays where it is, whatever a later command says.
        facts |= {
            "environment": platform.environment or os.environ.get(ENVIRONMENT_VARIABLE, ""),
            "credentials": _lasting(platform.credentials),
            # As given. The run adds the UUID when it is known; an earlier command may have left another one.
            "write_workspace": platform.workspace or "",
            "workspace": "",
        }
    journal.remember(facts)


def _lasting(credentials: str | None) -> str:
    """Return the place of credentials as it is called from any folder; empty if it is none."""
    if not credentials or credentials.startswith("keyring://"):
        return credentials or ""
    try:
        path = Path(credentials).expanduser().resolve()
        return str(path) if path.exists() else ""
    except (OSError, RuntimeError, ValueError):
        # The client says what is wrong with it when it reads the file.
        return ""


def read(path: Path, platform: Platform) -> dict[str, Any]:
    """Read the options of the run that a journal records, and send `platform` where the run goes.

    An option on the command line replaces what is recorded; an environment variable does not.

    Raises:
        JournalError: The journal records no run, or one of another program or version.
    """
    with Journal(path) as journal:
        facts, is_empty = journal.facts(), not journal.counts()
    command = facts.get("command")
    if command is None and is_empty:
        raise JournalError(
            f"{path} records no run, as when the disk was full at its start: use it with 'kognic bulk run'"
        )
    if command is None:
        raise JournalError(
            f"{path} was not created by this command: resume the run from the program that created it"
        )
    options = _options(path, command)
    workspace = facts.get("write_workspace") or facts.get("workspace")
    places = {"environment": facts.get("environment"), "credentials": facts.get("credentials")}
    for name, place in {**places, "workspace": workspace}.items():
        if place and not platform.is_given(name):
            setattr(platform, name, place)
    return {"check": facts.get("check") != "no", **options}


def _options(path: Path, command: str) -> dict[str, Any]:
    """Read the options of `bulk run`.

    Raises:
        JournalError: They are not such options, or have names of another version.
    """
    try:
        found = json.loads(command)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("scenes"), list):
        raise JournalError(
            f"cannot resume {path}: its command is {command[:_SHOWN_COMMAND]!r}, not that of a bulk run. "
            "Start the run again with another journal"
        )
    unknown = sorted(found.keys() - _NAMES)
    if unknown:
        raise JournalError(
            f"cannot resume {path}: it records {', '.join(unknown)}, which this version does not know. "
            "Resume it with the version that started it, or start the run again with another journal"
        )
    return found
