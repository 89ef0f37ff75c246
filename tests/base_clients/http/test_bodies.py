"""Cutting streams into lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kognic.base_clients.errors import ResponseDecodeError, ResponseTooLargeError
from kognic.base_clients.http import bodies


@given(st.lists(st.binary(max_size=20)))
def test_split_lines_does_not_depend_on_the_blocks(blocks: list[bytes]) -> None:
    whole = b"".join(blocks)
    expected = whole.split(b"\n")
    if expected[-1] == b"":
        expected.pop()

    assert list(bodies.split_lines(blocks)) == expected


def test_a_line_without_end_is_refused() -> None:
    """Memory stays bounded, whatever comes."""
    endless = (b"x" * 100 for _ in iter(int, 1))

    with pytest.raises(ResponseTooLargeError, match="longer than 1000 bytes"):
        list(bodies.split_lines(endless, limit=1000))


@pytest.mark.parametrize(
    ("content_type", "start", "page"),
    [
        ("text/html; charset=utf-8", b"<html>", True),
        ("text/html", b"\xef\xbb\xbf\n <!-- gateway --><html>", True),
        ("application/xhtml+xml", b"<?xml version='1.0'?>", True),
        ("application/octet-stream", b"<!DOCTYPE html><html>", True),
        (None, b"  <HTML>", True),
        ("text/html", b"", False),
        ("text/html", b'{"data": 1}', False),
        ("application/xml", b"<annotation>", False),
        (None, b"# .PCD v0.7", False),
    ],
)
def test_what_is_a_web_page(content_type: str | None, start: bytes, page: bool) -> None:
    """By what it says it is and by what it is; data with a wrong header stays data."""
    assert bodies.is_web_page(content_type, start) is page


@pytest.mark.parametrize("encoding", ["gzip, gzip", "br", "zstd", "gzip,deflate", "base64"])
def test_other_encodings_are_refused(encoding: str) -> None:
    """Nobody asked for them, and nesting multiplies what a small answer unpacks to."""
    with pytest.raises(ResponseDecodeError, match="must be gzip or deflate, once"):
        bodies.check_encoding(encoding, what="GET u")


@pytest.mark.parametrize("encoding", [None, "", "gzip", "GZIP", "x-gzip", "deflate", "identity"])
def test_the_encodings_of_http_are_taken(encoding: str | None) -> None:
    bodies.check_encoding(encoding, what="GET u")


def test_expansion_is_bounded() -> None:
    """Zeros reach 1032 times with one gzip; real documents stay far below the bound."""
    bodies.check_expansion(16 << 20, 16 << 10, what="GET u")
    bodies.check_expansion(100 << 20, 1 << 20, what="GET u")
    with pytest.raises(ResponseTooLargeError, match="16384 bytes of the answer unpack to more than"):
        bodies.check_expansion(32 << 20, 16 << 10, what="GET u")
