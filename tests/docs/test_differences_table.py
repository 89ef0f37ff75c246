"""The documented differences are the differences."""

from __future__ import annotations

import re

from tests.docs.differences_table import rows, shows_in
from tests.docs.generated import DOCS
from tests.interop import test_error_classes
from tests.interop.expected_differences import OWN
from tests.wire.intended_differences import INTENDED, Intended

PAGE = DOCS / "migration.md"


def test_differences_in_the_documentation() -> None:
    page = PAGE.read_text("utf-8")

    for entry in (*INTENDED, *OWN):
        assert entry.reason in page


def test_errors_of_other_classes_are_documented() -> None:
    """What the comparison of error classes excuses has a row of its own."""
    page = " ".join(PAGE.read_text("utf-8").split())

    for mistake in test_error_classes.DIFFERENT:
        assert re.search(rf"\| [^|]*{re.escape(mistake)}", page, re.IGNORECASE), mistake


def test_entries_that_continue_a_sentence_join_it() -> None:
    entries = [
        Intended(reason="One thing,", place="request GET /v1/x token", cases=("a",)),
        Intended(reason="and what follows.", place="outcome * except", cases=("b",)),
        Intended(reason="So a third.", place="outcome *.message", cases=("a",)),
        Intended(reason="Another.", place="requests"),
    ]

    assert rows(entries) == [
        (
            "One thing, and what follows. So a third.",
            ["a request", "the class of an error", "the text of an error"],
            ["a", "b"],
        ),
        ("Another.", ["the requests that are sent"], []),
    ]
    assert shows_in(Intended(reason="", place="outcome result[*].fields.created")) == "a result"
