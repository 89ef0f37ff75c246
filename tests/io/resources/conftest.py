"""A client that does not wait between attempts, and what it has called."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kognic.base_clients.http.retry import RetryPolicy
from kognic.io.client import KognicIOClient
from kognic.sandbox import Sandbox
from kognic.sandbox.control import Control

PROJECT = "sandbox-project"
BATCH = "batch-1"


@pytest.fixture
def client(kognic_sandbox: Sandbox) -> Iterator[KognicIOClient]:
    """A client of the sandbox that tries again at once."""
    with kognic_sandbox.client(
        retry=RetryPolicy(lookup_window=0, first_wait=0, max_wait=0, max_attempts=4)
    ) as client:
        yield client


@pytest.fixture
def control(kognic_sandbox: Sandbox) -> Control:
    """The handle on the sandbox."""
    return kognic_sandbox.control
