"""Fixtures for test suites that use the platform: `kognic_sandbox` and `kognic_client`.

pytest loads this module wherever the package is installed, so it imports nothing of the sandbox before a
fixture is used.

One sandbox serves a whole test session (starting one takes a fraction of a second, resetting it a few
milliseconds). Every test that asks for `kognic_sandbox` gets it as new: what an earlier test has left is
gone, while credentials and tokens stay valid.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from kognic.io.client import KognicIOClient
    from kognic.sandbox import Sandbox

MISSING = 'the fixture kognic_sandbox needs the sandbox: pip install "kognic-client[sandbox]" (missing: {})'


@pytest.fixture(scope="session")
def _kognic_sandbox_of_session() -> Iterator[Sandbox]:
    try:
        from kognic.sandbox.handle import Sandbox
    except ModuleNotFoundError as exc:
        pytest.fail(MISSING.format(exc.name), pytrace=False)
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def kognic_sandbox(_kognic_sandbox_of_session: Sandbox) -> Sandbox:
    """A local Kognic platform, as new for every test."""
    _kognic_sandbox_of_session.control.reset()
    return _kognic_sandbox_of_session


@pytest.fixture
def kognic_client(kognic_sandbox: Sandbox) -> Iterator[KognicIOClient]:
    """A client of `kognic_sandbox`."""
    with kognic_sandbox.client() as client:
        yield client
