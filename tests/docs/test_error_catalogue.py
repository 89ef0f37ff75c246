"""Every public error and every rule has an entry in the catalogue."""

from __future__ import annotations

import pickle
from io import StringIO

import click
import pytest

from kognic._core import docs_links
from kognic._core.errors import KognicError
from kognic._core.failures import CommandFailedError, failures_in_one_line
from kognic._core.run_errors import SandboxError
from kognic.io import errors
from kognic.sandbox.demo import DemoError
from kognic.scenes.checks.rules import REPORTED_RULES
from tests.docs import error_catalogue
from tests.docs.generated import DOCS
from tests.docs.messages import is_said

# Made of another library's words, or with too few of their own.
SHORT = {
    "scene-file",
    "distortion-value",
    "cloud-intensity-range",
    "ol-schema",
    "ol-number",
    "ol-sparse-stream",
}


def test_every_error_has_an_entry() -> None:
    assert set(error_catalogue.notes()) == set(errors.__all__)
    for name, note in error_catalogue.notes().items():
        assert set(note) == {"cause", "example", "fix", "repeat"}, name
        assert note["repeat"] in error_catalogue.REPEAT, name


def test_every_rule_has_an_entry() -> None:
    assert list(error_catalogue.rule_notes()) == list(REPORTED_RULES)
    for code, note in error_catalogue.rule_notes().items():
        assert set(note) == {"cause", "example", "fix"}, code
        assert all(note.values()), code


@pytest.mark.slow
@pytest.mark.parametrize("code", sorted(REPORTED_RULES.keys() - SHORT))
def test_examples_of_rules_are_what_the_code_says(code: str) -> None:
    """If not, copy what the check prints now into docs/rules.toml."""
    assert is_said(error_catalogue.rule_notes()[code]["example"])


def test_links_lead_to_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of errors, also of those that the catalogue leaves out, and of rules; another copy may be named."""
    monkeypatch.delenv(docs_links.VARIABLE, raising=False)
    page = (DOCS / "errors.md").read_text("utf-8")
    for name in errors.__all__:
        kind = getattr(errors, name)
        error = kind.__new__(kind)
        assert error.docs_url == f"{docs_links.PUBLISHED}errors.html#{name.lower()}"
        assert f"\n## {name}\n" in page
    assert DemoError("x").docs_url.endswith("#kognicerror")
    rules = (DOCS / "rules.md").read_text("utf-8")
    for code, rule in REPORTED_RULES.items():
        assert rule.docs_url == f"{docs_links.PUBLISHED}rules.html#{code}"
        assert f"\n### {code}\n" in rules

    monkeypatch.setenv(docs_links.VARIABLE, "https://docs.example/kognic")
    assert SandboxError("x").docs_url == "https://docs.example/kognic/errors.html#sandboxerror"
    assert pickle.loads(pickle.dumps(SandboxError("x"))).docs_url == SandboxError("x").docs_url


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("file", [Terminal(), StringIO()], ids=["terminal", "pipe"])
def test_commands_print_the_link_on_a_terminal(file: StringIO) -> None:
    """Once, last, and only for people: programs read one line."""
    with pytest.raises(CommandFailedError) as failed, failures_in_one_line():
        raise KognicError("no")
    failed.value.show(file)
    lines = click.unstyle(file.getvalue()).splitlines()
    more = [f"More: {KognicError().docs_url}"] if file.isatty() else []
    assert lines == ["kognic: error: no", *more]


def test_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    """https://no-color.org: errors and tables have no colours, whatever the terminal."""
    monkeypatch.setenv("NO_COLOR", "1")
    file = Terminal()
    CommandFailedError("no").show(file)
    assert file.getvalue() == "kognic: error: no\n"
    monkeypatch.delenv("NO_COLOR")
    CommandFailedError("no").show(file)
    assert "\x1b[31m" in file.getvalue()
