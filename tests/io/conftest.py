"""Fixtures for the platform's models, resources, checks, tools and commands."""

from __future__ import annotations

import sys

import pytest

from kognic.io.checks.geometry import wasm


@pytest.fixture
def without_wasmtime(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the extra were not installed, whatever earlier tests have loaded."""
    monkeypatch.setattr(wasm._Engine, "_instance", None)
    monkeypatch.setitem(sys.modules, "wasmtime", None)
