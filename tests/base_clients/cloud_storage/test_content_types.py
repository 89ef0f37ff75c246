"""One table for all machines."""

from __future__ import annotations

from pathlib import Path

import pytest

from kognic.base_clients.cloud_storage import content_type_of


@pytest.mark.parametrize(
    ("filename", "content_type"),
    [
        ("a.jpg", "image/jpeg"),
        ("dir/a.JPEG", "image/jpeg"),
        ("a.b.png", "image/png"),
        ("a.webp", "image/webp"),
        ("a.avif", "image/avif"),
        ("a.csv", "text/csv"),
        ("a.las", "application/octet-stream"),
        ("a.laz", "application/octet-stream"),
        ("a.pcd", "application/octet-stream"),
        ("a.json", "application/json"),
        ("a.bin", "application/octet-stream"),
        ("a", "application/octet-stream"),
        (".jpg", "application/octet-stream"),
        (Path("x") / "a.jpg", "image/jpeg"),
    ],
)
def test_content_type_of(filename: str | Path, content_type: str) -> None:
    assert content_type_of(filename) == content_type
