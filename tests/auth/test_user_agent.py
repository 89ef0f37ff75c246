"""Who this package says it is."""

from __future__ import annotations

import platform

import pytest

from kognic.auth import __version__
from kognic.auth._user_agent import _PY_VERSION, get_user_agent


@pytest.mark.parametrize(("name", "end"), [(None, ""), ("", ""), ("MyClient", " MyClient")])
def test_user_agent(name: str | None, end: str) -> None:
    """Package, Python, library, and the client's name if it has one."""
    expected = f"kognic-auth/{__version__} python/{platform.python_version()} requests/2.32.3{end}"
    assert get_user_agent("requests/2.32.3", name) == expected
    assert platform.python_version() == _PY_VERSION
