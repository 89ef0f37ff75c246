"""The table of operations is complete and says the right thing about each."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kognic.base_clients.http.operations import Effect, Operation
from kognic.io.resources import operations
from kognic.io.resources.operations import OPERATIONS
from kognic.query.operations import OPERATIONS as QUERY_OPERATIONS

PROTOCOL = Path(__file__).resolve().parents[4] / "shared" / "protocol" / "endpoints.md"
ALL = {**OPERATIONS, **QUERY_OPERATIONS}


def test_operations_hold_every_constant() -> None:
    """Every operation of the module is in the table, under its name, once."""
    constants = {name: value for name, value in vars(operations).items() if isinstance(value, Operation)}

    assert dict(OPERATIONS) == constants
    assert len(set(ALL.values())) == len(ALL)


def test_templates_name_what_they_need() -> None:
    """Paths are relative, and each segment in braces can be filled in."""
    for operation in ALL.values():
        path = operation.path(**dict.fromkeys(operation.names, "a/b"))
        assert not path.startswith("/")
        assert "{" not in path
        assert path.count("a%2Fb") == len(operation.names)


def test_effects_follow_what_is_called() -> None:
    """GET reads; deleting, patching and committing may be repeated; what was created is searched for."""
    for name, operation in ALL.items():
        if operation.method == "GET" or "QUERY" in name or "FETCH" in name:
            assert operation.effect is Effect.READ, name
        elif operation.method in ("DELETE", "PATCH"):
            assert operation.effect is Effect.IDEMPOTENT, name
    unrepeatable = {name for name, each in ALL.items() if each.effect is Effect.UNREPEATABLE}
    assert unrepeatable == {"CREATE_REVIEW", "CREATE_PREDICTION"}


@pytest.mark.shared
def test_every_documented_endpoint_is_there() -> None:
    """The overview of the protocol and the tables agree, whatever path parameters are called."""
    if not PROTOCOL.is_file():
        pytest.skip(f"no protocol in {PROTOCOL.parent}")
    documented = set()
    for method, path in re.findall(r"^\| [^|]+ \| `([A-Z]+) /([^`]+)`", PROTOCOL.read_text(), re.MULTILINE):
        if "oauth" not in path:
            documented |= {
                f"{method} {variant}" for variant in _variants(path.replace("{scene type path}", "/{t}"))
            }
    ours = {_anonymous(str(operation)) for operation in ALL.values()}

    assert {_anonymous(each) for each in documented} - ours == set()
    datasets = {each for each in ours if "dataset" in each or "predictions" in each}
    assert ours - {_anonymous(each) for each in documented} == datasets


def _variants(path: str) -> list[str]:
    """A path with its optional parts, in brackets, and without them."""
    innermost = re.search(r"\[([^\[\]]*)\]", path)
    if innermost is None:
        return [re.sub(r"/+", "/", path)]
    start, end = innermost.span()
    return _variants(path[:start] + path[end:]) + _variants(path[:start] + innermost[1] + path[end:])


def _anonymous(call: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", call)
