"""Which token cache: the keyring, a file, or none."""

from __future__ import annotations

from kognic.auth.internal._keyring import open_keyring
from kognic.auth.internal.token_cache._base import MODES, TokenCache
from kognic.auth.internal.token_cache._file import FileTokenCache
from kognic.auth.internal.token_cache._keyring import KeyringTokenCache


def make_cache(mode: str) -> TokenCache | None:
    """Return the cache of a mode of the commands.

    Args:
        mode: `keyring`; `file`; `auto` for the keyring where one works, else the file; `none` for no cache.

    Raises:
        ValueError: The mode does not exist.
    """
    if mode == "none":
        return None
    if mode == "file":
        return FileTokenCache()
    if mode == "keyring":
        return KeyringTokenCache()
    if mode == "auto":
        file = FileTokenCache()
        return file if open_keyring() is None else KeyringTokenCache(fallback=file)
    raise ValueError(f"token cache is {mode!r}, must be one of {', '.join(MODES)}")
