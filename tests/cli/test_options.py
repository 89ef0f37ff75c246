"""One spelling for one idea, over all commands."""

from __future__ import annotations

import click
import pytest

from kognic.cli.root import cli
from tests.cli.command_tree import commands

# Spellings that another option has already, and the one to use.
SYNONYMS = {
    "--force": "--overwrite",
    "--id": "an argument",
    "--out": "--output",
    "--dir": "--output",
    "--dryrun": "--dry-run",
    "--simulate": "--dry-run",
    "--links-only": "--links",
    "--parallel": "--workers",
    "--jobs": "--workers",
    "--threads": "--workers",
    "--env": "--environment",
    "--verbose": "--debug",
    "--no-input": "--yes",
    "--confirm": "--yes",
    "--iso": "--iso8855",
}
# '--env' of 'sandbox serve' prints exports; it selects nothing.
EXCEPT = {("--env", ("sandbox", "serve"))}


def options() -> list[tuple[tuple[str, ...], click.Option]]:
    return [
        (path, option)
        for path, command in commands(cli)
        for option in command.params
        if isinstance(option, click.Option)
    ]


def test_no_second_spelling() -> None:
    found = {(name, path) for path, option in options() for name in option.opts if name in SYNONYMS} - EXCEPT
    assert not found, [f"{' '.join(path)} {name}: use {SYNONYMS[name]}" for name, path in found]


def test_annotation_types_have_one_name() -> None:
    """An option that takes an annotation type is --annotation-type."""
    for path, option in options():
        if "annotation type" in (option.help or "").lower():
            assert option.opts == ["--annotation-type"], path


def test_output_has_a_short_form() -> None:
    for path, option in options():
        if "--output" in option.opts:
            assert "-o" in option.opts, path


@pytest.mark.parametrize(
    ("option", "commands_with_it"), [("--if-exists", {("scene", "create"), ("bulk", "run")})]
)
def test_choices_agree(option: str, commands_with_it: set[tuple[str, ...]]) -> None:
    """The same words mean the same; 'update' needs the journal of a bulk run."""
    choices = {path: set(one.type.choices) for path, one in options() if option in one.opts}  # type: ignore[attr-defined]
    assert set(choices) == commands_with_it
    assert choices["scene", "create"] < choices["bulk", "run"]
    assert choices["bulk", "run"] - choices["scene", "create"] == {"update"}
