"""Headers of responses, beside what the standard library makes of the same bytes."""

from __future__ import annotations

import http.client
import socket
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kognic._core.http_heads import Headers, Response, parse_headers

PLAIN = (
    b"Server: nginx\r\nDate: Sat, 28 Nov 2026 23:37:26 GMT\r\nContent-Length:0\r\nX-Empty:\r\n"
    b"x-goog-hash: crc32c=AAAAAA==\r\nx-goog-hash: md5=CY9rzUYh03PK3k6DJie09g==\r\n\r\n"
)
ODD = (
    b"Trailing: space  \r\n\r\n",
    b"Folded: one\r\n two\r\n\r\n",
    b"No colon\r\nA: b\r\n\r\n",
    b"Name with space : b\r\n\r\n",
    b"Latin: \xe9\r\n\r\n",
    b"A: b\nC: d\n\n",
    b"A: b\rC: d\r\n\r\n",
    b"A: b\x00c\r\n\r\n",
    b": nameless\r\n\r\n",
    b"A: b",
    b"A: b\r\n",
    b"",
    b"\r\n",
)


def both(raw: bytes) -> tuple[http.client.HTTPMessage, http.client.HTTPMessage]:
    return parse_headers(BytesIO(raw)), http.client.parse_headers(BytesIO(raw))


@pytest.mark.parametrize("raw", [PLAIN, *ODD])
def test_same_headers_as_the_standard_library(raw: bytes) -> None:
    """Plain headers and odd ones come out the same, defects and unparsed text included."""
    ours, theirs = both(raw)

    assert ours.items() == theirs.items()
    assert ours.get_all("x-goog-hash") == theirs.get_all("x-goog-hash")
    assert [type(defect) for defect in ours.defects] == [type(defect) for defect in theirs.defects]
    # A message without text has None here or "", which nobody can tell apart on the wire.
    assert (ours.get_payload() or "") == (theirs.get_payload() or "")


def test_plain_headers_are_parsed_here() -> None:
    """The quick way is the one that is taken."""
    assert isinstance(parse_headers(BytesIO(PLAIN)), Headers)
    assert not isinstance(parse_headers(BytesIO(ODD[0])), Headers)


LINE = st.binary(max_size=12).map(lambda line: line.replace(b"\n", b""))


@given(
    st.lists(st.one_of(LINE, st.just(b"A: b"), st.just(b"C:d ")), max_size=5),
    st.sampled_from([b"\r\n", b"\n"]),
)
def test_any_headers_as_the_standard_library(lines: list[bytes], end: bytes) -> None:
    """Whatever the bytes are."""
    ours, theirs = both(b"".join(line + end for line in (*lines, b"")))

    assert ours.items() == theirs.items()
    assert (ours.get_payload() or "") == (theirs.get_payload() or "")


def test_limits() -> None:
    """Endless headers end as in the standard library."""
    with pytest.raises(http.client.LineTooLong):
        parse_headers(BytesIO(b"A: " + b"b" * 70_000))
    with pytest.raises(http.client.HTTPException, match="more than 100 headers"):
        parse_headers(BytesIO(b"A: b\r\n" * 101))


@pytest.mark.parametrize(
    ("head", "length", "will_close"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 5, False),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", 0, False),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 0, False),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\n", 5, True),
        (b"HTTP/1.0 200 OK\r\n\r\n", None, True),
    ],
)
def test_response(head: bytes, length: int | None, will_close: bool) -> None:
    """The framing of a body is found out by the standard library's own code."""
    near, far = socket.socketpair()
    with near, far:
        far.sendall(head)
        response = Response(near)
        response.begin()

        assert isinstance(response.headers, Headers)
        assert (response.length, response.will_close) == (length, will_close)
        response.close()
