"""What storage reports, in the forms of the providers; numbers from their documentation and RFC 3720."""

from __future__ import annotations

import base64
import hashlib

import pytest
from requests.structures import CaseInsensitiveDict

from kognic.base_clients.cloud_storage import checksums

pytest.importorskip("google_crc32c")

CONTENT = b"123456789"
CRC32C = bytes.fromhex("e3069283")
MD5 = bytes.fromhex("25f9e794323b453885f5181f1b624d0b")


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def test_algorithms_against_published_values() -> None:
    assert checksums.checksum_of(CONTENT, "crc32c").digest == CRC32C
    assert checksums.checksum_of(memoryview(CONTENT), "md5").digest == MD5
    assert str(checksums.Checksum("crc32c", CRC32C)) == "crc32c:4waSgw=="


@pytest.mark.parametrize("algorithm", ["crc32c", "md5"])
def test_in_pieces(algorithm: str) -> None:
    hasher = checksums.new_hasher(algorithm)
    hasher.update(b"1234")
    hasher.update(memoryview(bytearray(b"56789")))
    assert hasher.digest() == checksums.checksum_of(CONTENT, algorithm).digest


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({"X-Goog-Hash": f"crc32c={b64(CRC32C)},md5={b64(MD5)}"}, ("crc32c", CRC32C)),
        ({"x-goog-hash": f"crc32c={b64(CRC32C)}, md5={b64(MD5)}", "etag": '"other"'}, ("crc32c", CRC32C)),
        ({"x-goog-hash": f"md5={b64(MD5)}"}, ("md5", MD5)),
        ({"Content-MD5": b64(MD5)}, ("md5", MD5)),
        ({"ETag": f'"{MD5.hex()}"'}, ("md5", MD5)),
        ({"ETag": MD5.hex().upper()}, ("md5", MD5)),
        ({"ETag": f'"{MD5.hex()}-3"'}, None),
        ({"ETag": '"0x8D4BCC2E4835CD0"'}, None),
        ({"ETag": f'W/"{MD5.hex()}"'}, None),
        ({"ETag": f'"{MD5.hex()}"', "x-amz-server-side-encryption": "aws:kms"}, None),
        ({"ETag": f'"{MD5.hex()}"', "x-amz-server-side-encryption": "AES256"}, ("md5", MD5)),
        ({"ETag": f'"{MD5.hex()}"', "x-amz-server-side-encryption-customer-algorithm": "AES256"}, None),
        ({"x-goog-hash": f"crc32c={b64(CRC32C)}", "x-goog-stored-content-encoding": "gzip"}, None),
        ({"x-goog-hash": f"crc32c={b64(CRC32C)}", "content-encoding": "gzip"}, None),
        ({"x-goog-hash": "crc32c=!!!"}, None),
        ({"x-goog-hash": "crc32c=AAA="}, None),
        ({}, None),
    ],
)
def test_reported(headers: dict[str, str], found: tuple[str, bytes] | None) -> None:
    """Only what is surely a digest of the content counts."""
    checksum = checksums.reported(CaseInsensitiveDict(headers))
    assert (checksum and (checksum.algorithm, checksum.digest)) == found


def test_md5_serves_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checksums, "_crc32c", lambda: None)
    headers = {"x-goog-hash": f"crc32c={b64(CRC32C)},md5={b64(MD5)}"}

    assert checksums.reported(headers) == checksums.Checksum("md5", hashlib.md5(CONTENT).digest())
    assert checksums.reported({"x-goog-hash": f"crc32c={b64(CRC32C)}"}) is None
    assert checksums.cheapest() == "md5"


def test_stored_size() -> None:
    assert checksums.stored_size({"x-goog-stored-content-length": "9"}) == 9
    assert checksums.stored_size({}) is None
    assert checksums.stored_size({"x-goog-stored-content-length": "many"}) is None
    assert checksums.stored_size({"x-goog-stored-content-length": "9" * 5000}) is None
