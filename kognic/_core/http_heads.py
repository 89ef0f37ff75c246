"""The heads of HTTP messages, written and read for http.client without the email package.

Parsing the headers of a response as e-mail takes a fifth of the processor time of a small upload. What is not
plain (folded lines, lines without a colon, bytes that are not ASCII) is left to the standard library.
"""

from __future__ import annotations

import email.parser
import http.client
import re
from collections.abc import Mapping
from functools import lru_cache
from types import FunctionType
from typing import IO, Any

from requests.structures import CaseInsensitiveDict
from urllib3.util import SKIP_HEADER

# The limits of http.client; Python 3.15 passes its own.
_LONGEST_LINE = 65536
_MOST_HEADERS = 100
_NAME = re.compile(r"[A-Za-z0-9-]+")
_VALUE = re.compile(r"[\t\x20-\x7e]*")
# One in each line, without white space at the beginning, which requests refuses.
_VALUES = re.compile(r"(?:[\x21-\x7e][\t\x20-\x7e]*|)(?:\n(?:[\x21-\x7e][\t\x20-\x7e]*|))*")
FIELD = re.compile(r"([A-Za-z0-9_-]+):[ \t]*([\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?|)\r?\n")
"""The line of a plain header in a response: its name, and its value without white space around it."""


def is_plain(name: object, value: object) -> bool:
    """Whether a header can be sent as it is: ASCII without line breaks, and no marker of urllib3."""
    return (
        type(name) is str
        and type(value) is str
        and value != SKIP_HEADER
        and _NAME.fullmatch(name) is not None
        and _VALUE.fullmatch(value) is not None
    )


@lru_cache(maxsize=256)
def are_plain_names(names: tuple[Any, ...]) -> bool:
    """Whether all of these names of headers can be sent as they are."""
    return all(is_plain(name, "") for name in names)


def are_plain_values(values: list[Any]) -> bool:
    """Whether all of these values can be sent as they are: texts that requests and urllib3 would take."""
    try:
        text = "\n".join(values)
    except TypeError:
        return False  # requests takes bytes, too
    return (
        _VALUES.fullmatch(text) is not None
        and text.count("\n") == len(values) - 1
        and SKIP_HEADER not in text
    )


class Fields(CaseInsensitiveDict[str]):
    """Headers as requests keeps them, made and read without detours.

    Args:
        store: Names and values by name in small letters; kept, not copied.
    """

    def __init__(self, store: dict[str, tuple[str, str]]) -> None:
        self._store = store

    @classmethod
    def copied(cls, headers: CaseInsensitiveDict[str]) -> Fields:
        """Copy headers of requests."""
        return cls(dict(vars(headers)["_store"]))

    def merge(self, headers: Mapping[str, str]) -> None:
        """Set these headers, as `update` does."""
        self._store.update((name.lower(), (name, value)) for name, value in headers.items())

    def pairs(self) -> list[tuple[str, str]]:
        """Return names and values."""
        return list(self._store.values())


class Headers(http.client.HTTPMessage):
    """The headers of a response, whose values are plain text."""

    def items(self) -> list[tuple[str, str]]:
        """All names and values, which need no decoding."""
        return list(self.raw_items())


def parse_headers(
    fp: IO[bytes], *_: object, _max_headers: int | None = None, **__: object
) -> http.client.HTTPMessage:
    """Read the lines after the status line, the empty one included, as `http.client.parse_headers` does.

    Raises:
        http.client.LineTooLong: A line is too long.
        http.client.HTTPException: There are too many.
    """
    text = b"".join(_lines(fp, _MOST_HEADERS if _max_headers is None else _max_headers)).decode("iso-8859-1")
    headers, end = Headers(), 0
    while (found := FIELD.match(text, end)) is not None:
        headers.set_raw(found[1], found[2])
        end = found.end()
    if text[end:] in ("\r\n", "\n"):
        return headers
    return email.parser.Parser(_class=http.client.HTTPMessage).parsestr(text)


def _lines(fp: IO[bytes], most: int) -> list[bytes]:
    lines: list[bytes] = []
    while True:
        line = fp.readline(_LONGEST_LINE + 1)
        if len(line) > _LONGEST_LINE:
            raise http.client.LineTooLong("header line")
        lines.append(line)
        if len(lines) > most:
            raise http.client.HTTPException(f"got more than {most} headers")
        if line in (b"\r\n", b"\n", b""):
            return lines


class Response(http.client.HTTPResponse):
    """A response of http.client that reads its headers with `parse_headers`."""

    # The standard library's own method, with another function where it looks for its parser: a copy of its
    # text would miss what later versions of Python mend.
    begin: Any = FunctionType(
        http.client.HTTPResponse.begin.__code__, {**vars(http.client), "parse_headers": parse_headers}
    )
