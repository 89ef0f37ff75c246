"""A local Kognic platform, to learn, develop and test against without credentials.

    with Sandbox() as sandbox:
        client = sandbox.client()

It needs `pip install "kognic-client[sandbox]"`; importing this package does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic._core.extras import needs_extra
from kognic._core.lazy import attach

if TYPE_CHECKING:
    from kognic._core.run_errors import SandboxError
    from kognic.sandbox.control import Control
    from kognic.sandbox.handle import Sandbox

__all__ = ["Control", "Sandbox", "SandboxError"]

_load, __dir__ = attach(
    __name__,
    {
        "Control": "kognic.sandbox.control",
        "Sandbox": "kognic.sandbox.handle",
        "SandboxError": "kognic.sandbox.control",
    },
)


def __getattr__(name: str) -> object:
    try:
        return _load(name)
    except ModuleNotFoundError as exc:
        if (exc.name or "").partition(".")[0] == "kognic":
            raise
        raise ImportError(
            needs_extra(f"The sandbox needs {exc.name}, which is not installed", "sandbox")
        ) from exc
