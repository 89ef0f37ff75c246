"""Annotation documents and labels of public data sets."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def raw(samples: Path) -> Path:
    """Recordings, labels and annotation documents as published."""
    return samples / "raw"


@pytest.fixture(scope="session")
def documents_folder(raw: Path) -> Path:
    """Annotation documents of different producers."""
    return raw / "annotations"


@pytest.fixture(scope="session")
def pairs(documents_folder: Path) -> Path:
    """Documents in Kognic's convention, made from the labels of public data sets."""
    return documents_folder / "pairs"
