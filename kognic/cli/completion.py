"""`kognic completion`: scripts that let a shell complete commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from kognic._core.terminal import echo


@click.command(epilog='Example: put  eval "$(kognic completion bash)"  into ~/.bashrc.')
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print a script that completes 'kognic' commands and options in SHELL."""
    completer = get_completion_class(shell)
    if completer is None:
        raise click.ClickException(f"completion for {shell} is not supported")
    echo(completer(ctx.find_root().command, {}, "kognic", "_KOGNIC_COMPLETE").source())
