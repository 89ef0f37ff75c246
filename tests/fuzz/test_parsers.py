"""No content leads to anything but a value or a typed error that says what is wrong.

`make fuzz` tries many more cases, see `tests/conftest.py`.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.parsers import PARSERS, Parser

WORDS = (
    b"", b"null", b"-1", b"0", b"1e999", b"NaN", b"-Infinity", b"9" * 30, b"9" * 5000, b"[" * 3000,
    b'{"a":' * 3000, b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\r\n", b"\n", b'"', b"'", b"{", b"}", b"]",
    b",", b":",
    b"\\ud800", b"\\u0000", b"*a", b"&a ", b"!!python/object:os.system ", b"<<: ", b"true", b"[]", b"{}",
    b'""',
    b"\x80\0\0\0", b"\x7f\xff\xff\xff",
)  # fmt: skip


@st.composite
def spoilt(draw: st.DrawFn, good: list[bytes]) -> bytes:
    """A good example with some pieces cut out, written over, doubled or turned round; or nothing of it."""
    content = draw(st.sampled_from(good))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.integers(0, 24)))
        piece = draw(
            st.one_of(st.sampled_from(WORDS), st.binary(max_size=8), st.just(content[start:end] * 2))
        )
        content = content[:start] + piece + content[end:]
    return draw(
        st.one_of(st.just(content), st.just(content), st.just(content[:start]), st.binary(max_size=40))
    )


class Examples(dict[str, list[bytes]]):
    """By the name of their reader; short in reports."""

    def __repr__(self) -> str:
        return f"Examples of {len(self)} readers"


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Examples:
    return Examples({one.name: one.good(tmp_path_factory.mktemp("good")) for one in PARSERS})


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.name)
def test_good_examples(parser: Parser, good: Examples, tmp_path: Path) -> None:
    """The examples that are damaged below are valid: otherwise nothing after the first check would run."""
    for number, content in enumerate(good[parser.name]):
        (folder := tmp_path / str(number)).mkdir()
        parser.read(content, folder)


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.name)
@given(data=st.data())
def test_spoilt_examples(parser: Parser, good: Examples, data: st.DataObject) -> None:
    """A value, or one of the errors that the reader says it raises, with a message."""
    parser.check(data.draw(spoilt(good[parser.name])))
