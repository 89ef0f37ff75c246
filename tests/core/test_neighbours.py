"""A warning if an official distribution is installed as well, with a hint."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from kognic._core.neighbours import warn_about_neighbours

HINT = "pip install --force-reinstall --no-deps kognic-client"


def test_official_distributions_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which, in which version, and what to do; kognic-openlabel belongs here."""
    for name in ("kognic_io-2.19.0", "kognic_auth-4.5.2", "kognic_openlabel-2.2.0"):
        (tmp_path / f"{name}.dist-info").mkdir()
    monkeypatch.setattr("kognic._core.neighbours._told", [])
    with pytest.warns(RuntimeWarning) as caught:
        warn_about_neighbours([str(tmp_path / "kognic"), str(tmp_path / "nowhere" / "kognic")])
    (text,) = [str(warning.message) for warning in caught]
    assert text.startswith("kognic-auth 4.5.2, kognic-io 2.19.0 installed beside kognic-client")
    assert "pip uninstall -y kognic-auth kognic-io &&" in text
    assert text.endswith(HINT)


def test_nobody_beside(tmp_path: Path) -> None:
    """No warning without a reason."""
    (tmp_path / "kognic_openlabel-2.2.0.dist-info").mkdir()
    (tmp_path / "kognic_client-0.1.0.dist-info").mkdir()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_about_neighbours([str(tmp_path / "kognic")])


def test_importing_the_client_warns(tmp_path: Path) -> None:
    """Once, wherever on the path the other one was installed."""
    (tmp_path / "kognic_query-3.0.1.dist-info").mkdir()
    (tmp_path / "kognic").mkdir()
    append = f"import sys; sys.path.append({str(tmp_path)!r})"
    code = f"{append}\nimport kognic.io.client, kognic.query.query_api_client"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.count("kognic-query 3.0.1 installed beside kognic-client") == 1
    assert HINT in done.stderr


def test_once_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command looks again, because the first place to look may have been overwritten."""
    monkeypatch.setattr("kognic._core.neighbours._told", [True])
    (tmp_path / "kognic_io-2.19.0.dist-info").mkdir()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_about_neighbours([str(tmp_path / "kognic")])
