"""Click groups that import their commands when they are used."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import click

from kognic._core.extras import needs_extra
from kognic._core.failures import failures_in_one_line
from kognic._core.suggestions import nearest
from kognic._core.visible import visible
from kognic.cli.as_options import as_options
from kognic.cli.examples import EXAMPLES
from kognic.cli.registry import ALIASES, SUBCOMMANDS, Entry
from kognic.cli.signals import exit_status


class LazyGroup(click.Group):
    """A group with ordinary commands, and with others that are known by name only.

    Args:
        lazy: Commands by name; None takes those that the registry has for a group of this name.
        aliases: Other names of commands; they are not listed.
    """

    def __init__(
        self,
        *args: Any,
        lazy: Mapping[str, Entry] | None = None,
        aliases: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._lazy = SUBCOMMANDS.get(self.name or "", {}) if lazy is None else lazy
        self._aliases = aliases or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted({*super().list_commands(ctx), *self._lazy})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command of that name, if there is one."""
        name = self._aliases.get(cmd_name, cmd_name)
        entry = self._lazy.get(name)
        command = super().get_command(ctx, name) if entry is None else _load(name, entry)
        example = EXAMPLES.get(f"{self.name} {name}")
        if command is not None and command.epilog is None and example is not None:
            command.epilog = f"Example: {example}"
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the arguments name, or suggest a similar one."""
        try:
            name, command, rest = super().resolve_command(ctx, args)
        except click.UsageError as exc:
            near = nearest(args[0], [*self.list_commands(ctx), *self._aliases])
            if near is None or "Did you mean" in exc.message:
                raise
            raise click.UsageError(f"{exc.message} Did you mean '{near}'?", ctx) from exc
        # Usage lines and errors show the listed name, not the alias.
        return (command.name if command else name), command, rest

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing any."""
        rows = []
        for name in self.list_commands(ctx):
            entry = self._lazy.get(name)
            command = None if entry else super().get_command(ctx, name)
            if entry or (command and not command.hidden):
                rows.append(
                    (name, entry.help if entry else command.get_short_help_str(90) if command else "")
                )
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)


class RootGroup(LazyGroup):
    """The root group: accepts plural names, and turns expected errors into one line and status 1.

    Ctrl-C and signals end with status 128 plus the number of the signal.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, aliases=ALIASES, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            with failures_in_one_line():
                return super().invoke(ctx)
        except click.ClickException as error:
            # Arguments may be names of files that somebody else chose.
            vars(error)["message"] = visible(as_options(error.message))
            raise
        except KeyboardInterrupt as stop:
            raise click.exceptions.Exit(exit_status(stop)) from stop


def _load(name: str, entry: Entry) -> click.Command:
    module_name, _, attribute = entry.target.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as exc:
        if entry.extra is None or (exc.name or "").partition(".")[0] == "kognic":
            raise
        message = needs_extra(f"'{name}' needs more packages", entry.extra, exc)
        raise click.ClickException(message) from exc
    command = getattr(module, attribute)
    if not isinstance(command, click.Command):
        raise TypeError(f"{entry.target} is not a click command")
    return command
