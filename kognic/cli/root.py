"""The root of the `kognic` command."""

from __future__ import annotations

import logging

import click

from kognic._core.terminal import colours
from kognic._core.version import __version__
from kognic.cli.lazy import RootGroup
from kognic.cli.registry import COMMANDS


@click.group(
    "kognic",
    cls=RootGroup,
    lazy=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Most commands answer to the plural, too: 'kognic scenes show' is 'kognic scene show'.",
)
@click.version_option(__version__, "-V", "--version", prog_name="kognic")
@click.option("--debug", is_flag=True, help="Log every call, and tracebacks of failures, on standard error.")
@click.option("-q", "--quiet", is_flag=True, help="Print results and errors only: no notes, no progress.")
@click.pass_context
def cli(ctx: click.Context, debug: bool, quiet: bool) -> None:
    """Work with the Kognic annotation platform.

    Credentials are those of the Python client: --credentials, the variable KOGNIC_CREDENTIALS,
    KOGNIC_CLIENT_ID with KOGNIC_CLIENT_SECRET, or the system keyring.
    """
    ctx.ensure_object(dict)["quiet"] = quiet
    ctx.color = colours()
    if debug:
        logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
        logging.getLogger("kognic").setLevel(logging.DEBUG)
