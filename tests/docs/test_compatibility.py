"""The tables of docs/compatibility.md follow pyproject.toml."""

from __future__ import annotations

import configparser
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "compatibility.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_every_extra_is_listed() -> None:
    table = PAGE.partition("| Extra |")[2]
    listed = {
        name
        for row in table.splitlines()
        for name in re.findall(r"`(\w+)`", row.split("|")[1] if "|" in row else "")
    }
    assert listed == set(PROJECT["optional-dependencies"])


def test_the_lowest_versions_are_tested() -> None:
    """`tox -e lowest` installs exactly what pyproject.toml still allows."""
    settings = configparser.ConfigParser()
    settings.read(ROOT / "tox.ini", encoding="utf-8")
    pinned = dict(line.split("==") for line in settings["testenv:lowest"]["deps"].split())
    floors = {}
    for requirement in PROJECT["dependencies"]:
        name, floor = re.match(r"([\w-]+)>=([\d.]+)", requirement).groups()  # type: ignore[union-attr]
        floors[name] = floor

    assert pinned.keys() == floors.keys()
    assert all(f"{pinned[name]}.".startswith(f"{floor}.") for name, floor in floors.items())


def test_versions_of_python() -> None:
    (row,) = re.findall(r"^\| Python \|.*$", PAGE, flags=re.MULTILINE)
    named = set(re.findall(r"3\.\d+", row))
    classifiers = [
        re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", one) for one in PROJECT["classifiers"]
    ]
    assert named == {one.group(1) for one in classifiers if one}
    assert PROJECT["requires-python"] == f">={min(named)}"
