"""The description of one upload."""

from __future__ import annotations

import pytest

from kognic.base_clients.cloud_storage import UploadSpec

URL = "https://host/bucket/a.jpg?signature=secret"


def test_positional_arguments_in_the_known_order() -> None:
    def callback(name: str) -> bytes:
        return b""

    spec = UploadSpec(URL, "image/jpeg", "a.jpg", b"x", callback)
    assert (spec.destination, spec.content_type, spec.filename, spec.data, spec.callback) == (
        URL,
        "image/jpeg",
        "a.jpg",
        b"x",
        callback,
    )


@pytest.mark.parametrize("options", [{}, {"callback": lambda name: b""}])
def test_needs_data_or_a_file_name(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="When not providing data, filename must be provided"):
        UploadSpec(URL, "image/jpeg", **options)  # type: ignore[arg-type]


def test_empty_data_counts_as_given() -> None:
    assert UploadSpec(URL, "image/jpeg", data=b"").data == b""


def test_repr_shows_neither_signature_nor_content() -> None:
    text = repr(UploadSpec(URL, "image/jpeg", "a.jpg", data=b"content"))
    assert "secret" not in text
    assert "content" not in text
    assert "https://host/bucket/a.jpg?***" in text
