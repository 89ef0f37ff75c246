"""One client, many threads, tokens that end: against the sandbox."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from kognic.auth import _tokens
from kognic.sandbox import Sandbox

pytestmark = pytest.mark.slow

THREADS = 32
ROUNDS = 6


def test_threads_share_each_new_token(kognic_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """32 threads meet an expired or a revoked token together: one token call each time, no failure."""
    clock = SimpleNamespace(now=1_800_000_000.0)
    moved = SimpleNamespace(time=lambda: clock.now, monotonic=lambda: clock.now)
    monkeypatch.setattr(_tokens, "time", moved)
    rounds = iter(range(ROUNDS))

    def end_token() -> None:
        if next(rounds) % 2:
            kognic_sandbox.control.revoke_tokens()
        else:
            clock.now += 4000

    gate = threading.Barrier(THREADS, action=end_token)
    with kognic_sandbox.client() as client:
        client.project.get_projects()
        kognic_sandbox.control.clear_calls()

        def work(_: int) -> int:
            names = 0
            for _ in range(ROUNDS):
                gate.wait(60)
                names += len(client.project.get_projects())
            return names

        with ThreadPoolExecutor(THREADS) as pool:
            found = list(pool.map(work, range(THREADS)))

    assert found == [ROUNDS] * THREADS
    token_calls = [call for call in kognic_sandbox.control.calls() if call.path.endswith("/oauth/token")]
    assert len(token_calls) == ROUNDS
