"""Options that several commands have, and what their values mean."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
FORMAT_JSON = click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
LINKS = click.option("--links", is_flag=True, help="Also print links to the web application.")
DRY_RUN = click.option(
    "--dry-run", is_flag=True, help="Dry run: validate on the server without creating anything."
)
IGNORE = click.option(
    "--ignore", "ignored", multiple=True, metavar="CODE", help="Leave a rule out; repeatable."
)
FAIL_ON = click.option(
    "--fail-on",
    type=click.Choice(("error", "warning", "info", "never")),
    default="error",
    show_default=True,
    help="Exit with status 1 from this severity on.",
)


def frames_option(purpose: str) -> Callable[[F], F]:
    """Make the option for how many frames of each scene are used."""
    return click.option(
        "--frames",
        type=click.IntRange(min=1),
        default=3,
        show_default=True,
        help=f"Frames per scene used for the {purpose}.",
    )


def timeout_option(purpose: str) -> Callable[[F], F]:
    """Make the option for how long to wait for the platform."""
    # Commands that work offline import this module, and not the client.
    from kognic.io.resources.polling import PROCESSING_TIMEOUT

    return click.option(
        "--timeout",
        metavar="SECONDS",
        type=click.FloatRange(min=0),
        default=PROCESSING_TIMEOUT,
        show_default=True,
        help=purpose,
    )


def max_error_options(command: F) -> F:
    """Make two options: from which rotation error and from which displacement a camera is an error."""
    degrees = click.option(
        "--max-error-deg",
        type=click.FloatRange(min=0, min_open=True),
        help="Report an error from this rotation error of a camera on, degrees.  [default: 2]",
    )
    pixels = click.option(
        "--max-error-px",
        type=click.FloatRange(min=0, min_open=True),
        help="Report an error from this displacement in the image on, pixels.",
    )
    return degrees(pixels(command))


def size_of(text: str) -> tuple[int, int] | None:
    """Width and height of `WIDTHxHEIGHT`, pixels; None if it is something else."""
    found = re.fullmatch(r"([0-9]{1,6})[x,]([0-9]{1,6})", text)
    return (int(found[1]), int(found[2])) if found else None
