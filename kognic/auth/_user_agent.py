"""The user agent of this package's own clients."""

from __future__ import annotations

import platform

from kognic._core.version import __version__

_PY_VERSION = platform.python_version()


def get_user_agent(http_lib_version: str, client_name: str | None = None) -> str:
    """Who is calling, with what.

    Args:
        http_lib_version: Library and version, such as `requests/2.32.3`.
        client_name: What the caller calls itself; None or empty for no name.
    """
    agent = f"kognic-auth/{__version__} python/{_PY_VERSION} {http_lib_version}"
    return f"{agent} {client_name}" if client_name else agent
