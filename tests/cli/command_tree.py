"""The tree of a command, for tests that try every command."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click

Words = tuple[str, ...]


def nodes(command: click.Command, path: Words = ()) -> Iterator[tuple[Words, click.Command]]:
    """A command and everything below it, with the words that lead there; groups come first."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None, (path, name)
            yield from nodes(below, (*path, name))


def commands(group: click.Command, path: Words = ()) -> Iterator[tuple[Words, click.Command]]:
    """The same without groups: what can be run."""
    return (node for node in nodes(group, path) if not isinstance(node[1], click.Group))


def example(command: click.Command) -> str:
    """The command line with which a command's help ends."""
    found = re.search(r"Example: (?:put  )?(.*)", f"{command.help or ''}\n{command.epilog or ''}")
    return found[1].strip() if found else ""
