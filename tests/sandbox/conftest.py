"""The sandbox as plain HTTP sees it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kognic.sandbox import Sandbox
from tests.sandbox.protocol import Api


@pytest.fixture
def api(kognic_sandbox: Sandbox) -> Iterator[Api]:
    """Calls of a user that is logged in."""
    api = Api(kognic_sandbox, kognic_sandbox.credentials)
    api.login()
    with api.session:
        yield api
