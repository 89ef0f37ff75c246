"""Every public error has an entry in the catalogue, and the page is as the code says."""

from __future__ import annotations

from kognic.io import errors
from tests.docs import error_catalogue


def test_every_error_has_an_entry() -> None:
    assert set(error_catalogue.notes()) == set(errors.__all__)
    for name, note in error_catalogue.notes().items():
        assert set(note) == {"cause", "fix", "repeat"}, name
        assert note["repeat"] in error_catalogue.REPEAT, name


def test_the_page_is_up_to_date() -> None:
    """If not: python -m tests.docs.error_catalogue"""
    assert error_catalogue.PAGE.read_text("utf-8") == error_catalogue.page()
