"""Hands the fixtures of `kognic.sandbox.pytest_plugin` to pytest.

It is a module of its own at the top level because pytest looks there for what belongs to a plugin. In a
distribution that holds nothing but the namespace `kognic` it looks one level deeper, takes `kognic.io` for
`io`, and warns every user that the standard library's `io` cannot be rewritten.
"""

from __future__ import annotations

from kognic.sandbox.pytest_plugin import (
    _kognic_sandbox_of_session,
    kognic_client,
    kognic_sandbox,
    pytest_addoption,
    pytest_runtest_makereport,
)

__all__ = [
    "_kognic_sandbox_of_session",
    "kognic_client",
    "kognic_sandbox",
    "pytest_addoption",
    "pytest_runtest_makereport",
]
