"""Where tokens are kept between runs of the commands, so that not every run asks for a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic._core.lazy import attach

if TYPE_CHECKING:
    from kognic.auth.internal.token_cache._base import MODES as MODES
    from kognic.auth.internal.token_cache._base import TokenCache as TokenCache
    from kognic.auth.internal.token_cache._choice import make_cache as make_cache
    from kognic.auth.internal.token_cache._file import FileTokenCache as FileTokenCache
    from kognic.auth.internal.token_cache._keyring import KeyringTokenCache as KeyringTokenCache

__all__ = ["MODES", "FileTokenCache", "KeyringTokenCache", "TokenCache", "make_cache"]

_HERE = "kognic.auth.internal.token_cache"
__getattr__, __dir__ = attach(
    __name__,
    {
        "FileTokenCache": f"{_HERE}._file",
        "KeyringTokenCache": f"{_HERE}._keyring",
        "MODES": f"{_HERE}._base",
        "TokenCache": f"{_HERE}._base",
        "make_cache": f"{_HERE}._choice",
    },
)
