"""Paths of operations, filled in and escaped."""

from __future__ import annotations

import pytest

from kognic.base_clients.http.operations import Effect, Operation

BATCH = Operation("POST", "v1/projects/{project}/batches/{batch}", Effect.LOOKED_UP)


def test_path_escapes_each_segment() -> None:
    """An identifier with a slash, question mark or hash stays one segment."""
    assert BATCH.path(project="a/b?c#d", batch="é %2F") == "v1/projects/a%2Fb%3Fc%23d/batches/%C3%A9%20%252F"


@pytest.mark.parametrize("value", ["", ".", "..", None])
def test_path_refuses_values_that_change_the_address(value: object) -> None:
    with pytest.raises(ValueError, match=r"batch is .*must be a name or ID"):
        BATCH.path(project="p", batch=value)


def test_path_names_what_is_missing_or_unknown() -> None:
    with pytest.raises(TypeError, match="missing or unknown: bach, batch"):
        BATCH.path(project="p", bach="b")


def test_numbers_and_plain_paths() -> None:
    assert Operation("PATCH", "v1/tasks/{task}", Effect.IDEMPOTENT).path(task=7) == "v1/tasks/7"
    assert Operation("GET", "v1/projects", Effect.READ).path() == "v1/projects"
    assert str(BATCH) == "POST v1/projects/{project}/batches/{batch}"
