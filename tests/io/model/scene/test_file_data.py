"""Content that is no file."""

from __future__ import annotations

from typing import Any

import pytest

from kognic.base_clients.errors import ModelValidationError
from kognic.io.resources.scene.file_data import FileData

Format = FileData.Format


def later(_: str) -> bytes:
    return b"x"


def test_exactly_one_source() -> None:
    """Neither and both are refused; empty bytes are a source."""
    assert FileData(Format.PNG, data=b"").content_type == "image/png"
    assert FileData(Format.PNG, callback=later).callback is later
    with pytest.raises(ValueError, match="One of data or callback must be set on FileData"):
        FileData(Format.JPG)
    with pytest.raises(ModelValidationError, match="Only one of data or callback may be set on FileData"):
        FileData(Format.JPG, data=b"x", callback=later)


def test_the_format_is_needed() -> None:
    """As member or as value."""
    assert FileData("jpg", data=b"x").format is Format.JPG  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        FileData(data=b"x")  # type: ignore[call-arg]
    for wrong in ("gif", None, 3, []):
        with pytest.raises(
            ValueError, match=r"FileData\.format is .*, must be one of csv, las, laz, pcd, jpg, png"
        ):
            FileData(wrong, data=b"x")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "content_type"),
    [
        (Format.CSV, "text/csv"),
        (Format.LAS, "application/octet-stream"),
        (Format.LAZ, "application/octet-stream"),
        (Format.PCD, "application/octet-stream"),
        (Format.JPG, "image/jpeg"),
        (Format.PNG, "image/png"),
        (Format.WEBP, "image/webp"),
        (Format.AVIF, "image/avif"),
    ],
)
def test_formats(kind: Any, content_type: str) -> None:
    """Suffix, kind and content type of every format."""
    data = FileData(kind, data=b"x")

    assert data.suffix == f".{kind.value}"
    assert data.content_type == content_type
    assert kind.is_image is content_type.startswith("image/")
    assert kind.is_pointcloud is not kind.is_image


def test_text_form() -> None:
    """What kind of source, never its content."""
    assert repr(FileData(Format.CSV, data=b"x")) == "FileData(blob format=Format.CSV)"
    assert repr(FileData(Format.LAS, callback=later)) == "FileData(callback format=Format.LAS)"


def test_the_old_module_warns() -> None:
    """And has the same class."""
    import importlib
    import sys

    sys.modules.pop("kognic.io.resources.input.file_data", None)
    with pytest.warns(DeprecationWarning, match="use kognic.io.resources.scene.file_data"):
        old = importlib.import_module("kognic.io.resources.input.file_data")

    assert old.FileData is FileData
