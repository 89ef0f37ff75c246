"""Every command's help ends with an example that the command accepts."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import click
import pytest

from kognic.cli.root import cli


def commands(
    group: click.Group = cli, path: tuple[str, ...] = ("kognic",)
) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


def example(command: click.Command) -> str:
    found = re.search(r"Example: (?:put  )?(.*)", f"{command.help or ''}\n{command.epilog or ''}")
    return found.group(1).strip() if found else ""


@pytest.mark.parametrize(("name", "command"), [pytest.param(*each, id=each[0]) for each in commands()])
def test_example_is_accepted(name: str, command: click.Command) -> None:
    """Its options exist, and it has the arguments that the command needs."""
    text = re.sub(r'eval "\$\((.*)\)"', r"\1", example(command))
    assert text.startswith(name), f"{name} has no example: {text!r}"
    arguments = shlex.split(text.partition(" > ")[0].partition("  into ")[0])[len(name.split()) :]
    parsed, rest, _ = command.make_parser(click.Context(command)).parse_args(arguments)
    assert rest == []
    for parameter in command.params:
        if parameter.required:
            assert parsed.get(parameter.name or "") not in (None, ()), parameter.name
