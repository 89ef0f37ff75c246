"""What is not loaded before it is needed."""

from __future__ import annotations

import json
import subprocess
import sys

HEAVY = ["authlib", "tenacity", "cattrs", "click", "rich", "tqdm", "numpy", "asyncio", "google_crc32c"]


def loaded(code: str) -> set[str]:
    report = f"{code}; import json, sys; print(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))"
    result = subprocess.run([sys.executable, "-c", report], check=True, capture_output=True, text=True)
    return set(json.loads(result.stdout))


def test_clients_load_little() -> None:
    """tenacity waits for the first failure, tqdm for a bar, asyncio for a coroutine."""
    assert loaded("import kognic.base_clients.http.client, kognic.base_clients.cloud_storage.client") == set()


def test_packages_export_lazily() -> None:
    code = "from kognic.base_clients import HttpClient, RetryPolicy; import kognic.base_clients.cloud_storage"
    assert loaded(code) == set()
