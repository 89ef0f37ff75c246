"""What the commands on a running sandbox share: finding it, and the inputs that they name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from kognic._core.ids import is_uuid
from kognic._core.run_errors import AmbiguousNameError
from kognic.sandbox import connection
from kognic.sandbox.control import Control

FOLDER = click.Path(file_okay=False, path_type=Path)


def running_sandbox(function: Callable[..., None]) -> Callable[..., None]:
    """Return a command on a sandbox that runs: the only one, or the one in a folder."""
    return click.option(
        "--root",
        type=FOLDER,
        callback=_root,
        help="Folder of the running sandbox, as given to 'serve'; default: the one that runs.",
    )(function)


def _root(ctx: click.Context, _param: click.Parameter, given: Path | None) -> Path | None:
    return given if given is not None or ctx.resilient_parsing else connection.find_root()


def control_of(root: Path) -> Control:
    """Return the handle on the sandbox that runs in a folder."""
    return Control.running_in(root)


PROJECT = click.option("--project", metavar="PROJECT", help="Project of the input, if its scene has more.")


def find_input(control: Control, name: str, project: str | None = None) -> dict[str, Any]:
    """Return an input by its UUID, or by the UUID or external ID of its scene, and its project.

    Raises:
        AmbiguousNameError: The scene has no input or more than one; the message lists them.
        SandboxError: There is no such input or scene.
    """
    scenes = [name] if is_uuid(name) else [str(scene["uuid"]) for scene in control.scenes(name)]
    found = [
        one for one in control.request_inputs() if not one["isDeleted"] and project in (None, one["project"])
    ]
    by_uuid = [one for one in found if one["uuid"] == name]
    matching = by_uuid or [one for one in found if one["sceneUuid"] in scenes]
    if len(matching) == 1:
        return matching[0]
    if not matching:
        where = "the sandbox" if project is None else f"project '{project}'"
        raise AmbiguousNameError(
            f"no input of {where} has the UUID '{name}', nor has a scene of that UUID or external ID an "
            "input; 'kognic input list' lists them"
        )
    listed = ", ".join(f"{one['uuid']} in project {one['project']}" for one in matching)
    raise AmbiguousNameError(
        f"scene '{name}' has {len(matching)} inputs; add --project, or pass the UUID of one: {listed}"
    )
