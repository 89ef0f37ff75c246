"""Comparing what was sent with what storage says it holds, when it says so.

Google reports `x-goog-hash: crc32c=..., md5=...`; Azure `Content-MD5`; Amazon an `ETag` that is the MD5 of
objects stored in one piece without a customer's key. Nothing is added to requests. CRC32C costs next to
nothing where the package google-crc32c is installed, and is then preferred; MD5 is always there.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Protocol

import attrs

Buffer = bytes | bytearray | memoryview

_MD5_ETAG = re.compile(r'"?([0-9a-fA-F]{32})"?')
# With these the ETag is a digest of something else than the content.
_CUSTOMER_KEY = "x-amz-server-side-encryption-customer-algorithm"
_ENCRYPTION = "x-amz-server-side-encryption"


class Hasher(Protocol):
    """What hashlib's objects have in common with ours."""

    def update(self, data: Buffer, /) -> None:
        """Add bytes."""
        ...

    def digest(self) -> bytes:
        """Return the result so far."""
        ...


@attrs.frozen
class Checksum:
    """A digest.

    Attributes:
        algorithm: `crc32c` or `md5`.
        digest: Its bytes.
    """

    algorithm: str
    digest: bytes

    def __str__(self) -> str:
        return f"{self.algorithm}:{base64.b64encode(self.digest).decode()}"


@cache
def _crc32c() -> Callable[[int, bytes], int] | None:
    try:
        import google_crc32c
    except ImportError:
        return None
    # Without its C library it is slower than MD5.
    return google_crc32c.extend if google_crc32c.implementation == "c" else None


class _Crc32c:
    def __init__(self) -> None:
        self._value = 0
        extend = _crc32c()
        assert extend is not None
        self._extend = extend

    def update(self, data: Buffer, /) -> None:
        self._value = self._extend(self._value, bytes(data))

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")


def cheapest() -> str:
    """Return the algorithm to use before storage has said which one it reports."""
    return "md5" if _crc32c() is None else "crc32c"


def new_hasher(algorithm: str) -> Hasher:
    """Return a hasher for an algorithm that `reported` named."""
    # It finds accidents, not attacks: storage computes it as well.
    return _Crc32c() if algorithm == "crc32c" else hashlib.md5(usedforsecurity=False)


def checksum_of(data: Buffer, algorithm: str) -> Checksum:
    """Return the checksum of bytes."""
    hasher = new_hasher(algorithm)
    hasher.update(data)
    return Checksum(algorithm, hasher.digest())


def reported(headers: Mapping[str, str]) -> Checksum | None:
    """Choose the cheapest checksum that storage reports and that can be computed here; None without one.

    Args:
        headers: Of the answer, with names in any letter case.
    """
    found = dict(_all_reported({name.lower(): value for name, value in headers.items()}))
    if not found:
        return None
    for algorithm in ("crc32c", "md5"):
        if algorithm in found and (algorithm == "md5" or _crc32c() is not None):
            digest = found[algorithm]
            if len(digest) == {"crc32c": 4, "md5": 16}[algorithm]:
                return Checksum(algorithm, digest)
    return None


def stored_size(headers: Mapping[str, str]) -> int | None:
    """Return how many bytes storage says it holds; None when it does not say."""
    return None if _is_transformed(headers) else size_in(headers.get("x-goog-stored-content-length", ""))


def size_in(text: str) -> int | None:
    """Return the number of bytes that a header names; None when it names none that there can be."""
    # An integer of 64 bits has at most 19 digits; a longer one is no number of ours.
    return int(text) if text.isdecimal() and len(text) < 20 else None


def _is_transformed(headers: Mapping[str, str]) -> bool:
    return headers.get("x-goog-stored-content-encoding", "identity") != "identity"


def _all_reported(headers: Mapping[str, str]) -> list[tuple[str, bytes]]:
    if _is_transformed(headers) or headers.get("content-encoding", "identity") != "identity":
        return []
    if "x-goog-hash" in headers:
        pairs = (part.strip().partition("=") for part in headers["x-goog-hash"].split(","))
        return [(name, _decoded(value)) for name, _, value in pairs]
    if "content-md5" in headers:
        return [("md5", _decoded(headers["content-md5"]))]
    etag = _MD5_ETAG.fullmatch(headers.get("etag", ""))
    opaque = _CUSTOMER_KEY in headers or headers.get(_ENCRYPTION, "").startswith("aws:kms")
    if etag and not opaque:
        return [("md5", bytes.fromhex(etag[1]))]
    return []


def _decoded(value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except ValueError:
        return b""
