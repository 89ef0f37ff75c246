"""The faults that calls are put through, and what each says about whether the platform did the work."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Fault:
    """One way for a call to go wrong, once.

    Attributes:
        kind: What the sandbox does.
        done: Whether the platform did the work before the answer was lost.
        doubtful: Whether the client cannot tell that nothing was done.
        storage: Whether it is for signed URLs only, for API calls only (False), or for both (None).
    """

    name: str
    kind: str
    settings: dict[str, Any] = field(default_factory=dict)
    done: bool = False
    doubtful: bool = True
    storage: bool | None = None


FAULTS = (
    Fault("429", "status", {"status": 429}, doubtful=False),
    Fault("429 with Retry-After", "status", {"status": 429, "retry_after": 0}, doubtful=False),
    Fault("503", "status", {"status": 503}, doubtful=False),
    Fault("503 with Retry-After", "status", {"status": 503, "retry_after": 0}, doubtful=False),
    Fault("500, nothing done", "status", {"status": 500}),
    Fault("500, work done", "status", {"status": 500, "after": True}, done=True),
    Fault("502, nothing done", "html", {"status": 502}),
    Fault("504, work done", "html", {"status": 504, "after": True}, done=True),
    Fault("gateway's page with 200, nothing done", "html", {"status": 200}, storage=False),
    Fault(
        "gateway's page with 200, work done", "html", {"status": 200, "after": True}, done=True, storage=False
    ),
    Fault("reset, nothing done", "reset", {}),
    Fault("reset, work done", "reset", {"after": True}, done=True),
    Fault("no answer in time, nothing done", "latency", {"seconds": 60}),
    Fault("no answer in time, work done", "latency", {"seconds": 60, "after": True}, done=True),
    Fault("truncated answer", "truncate", {}, done=True, storage=False),
    Fault("corrupt answer", "corrupt", {}, done=True, storage=False),
    Fault("wrong content length", "wrong_length", {}, done=True, storage=False),
    Fault("expired token", "expired_token", {}, doubtful=False, storage=False),
    Fault("revoked token", "revoked_token", {}, doubtful=False, storage=False),
    Fault("storage keeps half", "short_store", {}, done=True, storage=True),
)
