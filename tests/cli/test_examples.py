"""Every command's help ends with an example that the command accepts."""

from __future__ import annotations

import re
import shlex

import click
import pytest

from kognic.cli.root import cli
from tests.cli.command_tree import commands, example

COMMANDS = {" ".join(path): command for path, command in commands(cli, ("kognic",))}


@pytest.mark.parametrize(("name", "command"), COMMANDS.items(), ids=COMMANDS)
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
