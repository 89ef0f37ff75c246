"""What is printed: JSON, tables that are never cut, lists of fields where tables do not fit."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import attrs
import pytest
import requests

from kognic._core.errors import KognicError
from kognic._core.failures import in_words
from kognic._core.scene_errors import Problem, SceneFileError
from kognic.base_clients.errors import NotFoundError
from kognic.cli import output
from kognic.cli.as_options import as_options
from kognic.io.model.calibration import Position


class Colour(str, Enum):
    RED = "red"


@attrs.frozen
class Thing:
    name: str
    colour: Colour
    inner: Any = None


NOON = datetime(2026, 1, 31, 12, 0, 0, 500000, tzinfo=UTC)


def test_plain() -> None:
    """Models, enums, times and sets become what JSON can say; models keep their Python names."""
    thing = Thing("a", Colour.RED, {"when": NOON, "where": Position(x=1, y=2, z=3), 4: {"b", "a"}})
    assert output.plain([thing, (1, None, True)]) == [
        {
            "name": "a",
            "colour": "red",
            "inner": {
                "when": "2026-01-31T12:00:00.500000+00:00",
                "where": {"x": 1, "y": 2, "z": 3},
                "4": ["a", "b"],
            },
        },
        [1, None, True],
    ]


def test_print_json_keeps_letters(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_json({"name": "Göteborg"})
    printed = capsys.readouterr().out
    assert "Göteborg" in printed
    assert json.loads(printed) == {"name": "Göteborg"}


def test_print_fields(capsys: pytest.CaptureFixture[str]) -> None:
    """Fields of fields by dots, items that have fields by numbers, other items in a row."""
    output.print_fields(
        {"a": None, "yes": True, "when": NOON, "few": [1, 2], "many": [{"x": 1}], "in": {"b": "c"}}
    )
    assert capsys.readouterr().out.splitlines() == [
        "a",
        "yes        yes",
        "when       2026-01-31 12:00:00Z",
        "few        1, 2",
        "many[0].x  1",
        "in.b       c",
    ]


def test_print_table_is_never_wrapped_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    long = "x" * 3000
    output.print_table(
        [Thing(long, Colour.RED, {"deep": NOON}), Thing("[bold]b", Colour.RED)], ("name", "inner.deep")
    )
    head, line, first, second = (text.rstrip() for text in capsys.readouterr().out.splitlines())
    assert head.split() == ["name", "inner.deep"]
    assert set(line) == {"─"}
    assert first == f"{long}   2026-01-31 12:00Z"
    assert second == "[bold]b"  # text is not markup


@pytest.fixture
def width(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Sets the width of the terminal."""
    return lambda cells: monkeypatch.setattr(output, "_width", lambda: cells)


def test_print_table_in_a_narrow_terminal(
    capsys: pytest.CaptureFixture[str], width: Callable[[int], None]
) -> None:
    """Where rows do not fit, each item is a list of fields, so that an identifier stays in one piece."""
    width(30)
    items = [Thing("5b7b3c1e-0a44-4d0e-8b0a-6d8f8f0f3a21", Colour.RED)] * 2
    output.print_table(items, ("name", "colour"))
    one = "name    5b7b3c1e-0a44-4d0e-8b0a-6d8f8f0f3a21\ncolour  red\n"
    assert capsys.readouterr().out == f"{one}\n{one}"
    output.print_table(items, ("colour",))
    assert capsys.readouterr().out.split() == ["colour", "──────", "red", "red"]


def test_values_with_spaces_are_not_cut(
    capsys: pytest.CaptureFixture[str], width: Callable[[int], None]
) -> None:
    """Numbers and names with spaces stay whole: in a table that they fit, or as fields."""
    item = {"sensor": "FRONT [/left]", "position (x, y, z)": "1.4, 0.55, -0.45"}
    width(33)
    output.print_table([item], tuple(item))
    assert capsys.readouterr().out == (
        "sensor              FRONT [/left]\nposition (x, y, z)  1.4, 0.55, -0.45\n"
    )
    width(34)
    output.print_table([item], tuple(item))
    assert capsys.readouterr().out.splitlines()[2] == "FRONT [/left]   1.4, 0.55, -0.45"


def test_sentences_are_broken_in_a_narrow_terminal(
    capsys: pytest.CaptureFixture[str], width: Callable[[int], None]
) -> None:
    """A long title costs lines, not the table."""
    width(60)
    item = {
        "uuid": "5b7b3c1e-0a44-4d0e-8b0a-6d8f8f0f3a21",
        "title": "Harbour by night, first week",
        "at": NOON,
    }
    output.print_table([item], ("uuid", "title"))
    _, _, first, second = (line.rstrip() for line in capsys.readouterr().out.splitlines())
    assert first == "5b7b3c1e-0a44-4d0e-8b0a-6d8f8f0f3a21   Harbour by night,"
    assert second.strip() == "first week"


def test_in_words() -> None:
    """One line, with what the platform said first; only lists of problems have more."""
    response = requests.Response()
    response.status_code = 404
    text = "404 Client Error: Not Found for url: http://h/x?y=1\nGot error: 'No scene'\nScene s exists."
    error = NotFoundError(text, response=response, message="No scene", method="GET", url="http://h/x?y=1")
    assert in_words(error) == "No scene (404 from GET http://h/x); Scene s exists."
    url = "http://h/v1/projects/p/batches"
    unknown = NotFoundError(text, response=response, message="There is no p", method="GET", url=url)
    assert in_words(unknown).startswith("There is no p; 'kognic project list' shows yours")
    assert in_words(KognicError("a\n\n  b")) == "a; b"
    assert in_words(KognicError()) == "KognicError"
    assert in_words(FileNotFoundError(2, "No such file or directory", "f")) == "f: No such file or directory"
    problems = SceneFileError("s.json", [Problem("a", "is wrong"), Problem("", "is odd")])
    assert in_words(problems) == "s.json: a: is wrong\ns.json: is odd"


def test_columns_of_errors_are_shown_if_there_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_table([{"uuid": "a", "error_message": None}], ("uuid", "error_message"))
    assert capsys.readouterr().out.split() == ["uuid", "────", "a"]
    items = [{"uuid": "a", "error_message": None}, {"uuid": "b", "error_message": "no image"}]
    output.print_table(items, ("uuid", "error_message"))
    assert capsys.readouterr().out.splitlines()[3] == "b      no image"


def test_optional_columns_are_left_out_first(
    capsys: pytest.CaptureFixture[str], width: Callable[[int], None]
) -> None:
    """In the order given, and only as many as needed; where that is not enough, none is left out."""
    item = {
        "uuid": "5b7b3c1e-0a44-4d0e-8b0a-6d8f8f0f3a21", "external_id": "drive-1", "status": "created",
        "created": NOON, "scene_type": "lidars_and_cameras_sequence",
    }  # fmt: skip
    headings = {}
    for columns in (120, 90, 70, 30):
        width(columns)
        output.print_table([item], tuple(item), optional=("scene_type", "created"))
        headings[columns] = capsys.readouterr().out.splitlines()
    assert headings[120][0].split() == [*item]
    assert headings[90][0].split() == ["uuid", "external_id", "status", "created"]
    assert headings[70][0].split() == ["uuid", "external_id", "status"]
    assert "lidars_and_cameras_sequence" in "".join(headings[30])
    assert all(len(line) <= columns for columns in (120, 90, 70) for line in headings[columns])


def test_options_instead_of_arguments() -> None:
    """What the library says to programs as well."""
    said = "To reuse it instead: if_exists='skip' (--if-exists skip)"
    assert as_options(said) == "To reuse it instead: --if-exists skip"
    assert as_options("use x='y' (see above)") == "use x='y' (see above)"


def test_columns_that_do_not_fit_stand_below_their_row(
    capsys: pytest.CaptureFixture[str], width: Callable[[int], None]
) -> None:
    """As few as needed, by name, several in a line; a link may be longer than the terminal."""
    width(59)
    item = {
        "uuid": "5b7b3c1e-0a44-4d0e-8b0a-6d8f8f0f3a21",
        "external_id": "drive-1",
        "status": "created",
        "created": NOON,
        "view_link": "https://app.example/" + "x" * 80,
    }
    output.print_table([item, {**item, "status": None}], tuple(item))
    lines = capsys.readouterr().out.splitlines()
    link = f"   view_link {item['view_link']}"
    assert lines == [
        "uuid                                   external_id",
        "─" * 50,
        "5b7b3c1e-0a44-4d0e-8b0a-6d8f8f0f3a21   drive-1",
        "   status created   created 2026-01-31 12:00Z",
        link,
        "5b7b3c1e-0a44-4d0e-8b0a-6d8f8f0f3a21   drive-1",
        "   created 2026-01-31 12:00Z",
        link,
    ]
