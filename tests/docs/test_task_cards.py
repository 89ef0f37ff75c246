"""The front page is plain Markdown in the repository, and has cards on the documentation site."""

from __future__ import annotations

import re
from types import ModuleType

import pytest

from tests.docs.generated import DOCS
from tests.loose_modules import load


@pytest.fixture(scope="module")
def task_cards() -> ModuleType:
    return load("docs/_ext/task_cards.py")


def test_the_list_becomes_cards(task_cards: ModuleType) -> None:
    """Each item with its link; a text may go on in the next line."""
    source = [
        "Above\n\n<!-- cards -->\n- [A task](page.md): First line\n  and second.\n<!-- end of cards -->\n"
    ]

    task_cards._replace(None, "index", source)

    assert source[0] == (
        "Above\n\n::::{grid} 1 2 2 3\n:gutter: 3\n\n"
        ":::{grid-item-card} A task\n:link: page\n:link-type: doc\nFirst line and second.\n:::\n\n::::\n"
    )


def test_what_is_no_card_is_an_error(task_cards: ModuleType) -> None:
    with pytest.raises(ValueError, match="not a card: 'Some text'"):
        task_cards.cards("Some text\n")


def test_the_front_page(task_cards: ModuleType) -> None:
    """Its list is all cards, of pages that exist; nothing of it shows as a directive in the repository."""
    page = (DOCS / "index.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"<!-- cards -->\n(.*?)<!-- end of cards -->", page, re.DOTALL)
    names = re.findall(r"^:link: (.+)$", task_cards.cards(block), re.MULTILINE)

    assert len(names) == block.count("\n- ") + 1 >= 6
    assert all((DOCS / f"{name}.md").is_file() for name in names)
    assert ":::" not in page
