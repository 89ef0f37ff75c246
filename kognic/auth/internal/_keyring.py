"""The system keyring, if there is one that works.

Importing the keyring library asks the desktop for its secret service, so it happens when a keyring is used.
"""

from __future__ import annotations

from typing import Protocol

from kognic._core.extras import needs_extra


class Keyring(Protocol):
    """What is used of the keyring library."""

    def get_password(self, service: str, username: str, /) -> str | None: ...
    def set_password(self, service: str, username: str, password: str, /) -> None: ...
    def delete_password(self, service: str, username: str, /) -> None: ...


def open_keyring() -> Keyring | None:
    """Return the keyring in use; None when there is none that works."""
    return _look()[0]


def keyring_trouble() -> str | None:
    """Return why there is no keyring, with the hint; None when there is one."""
    return _look()[1]


def _look() -> tuple[Keyring | None, str | None]:
    try:
        import keyring
    except ImportError:
        return None, needs_extra("the keyring library is not installed", "keyring")
    try:
        backend: object = keyring.get_keyring()
    except Exception as exc:  # backends fail in their own ways when the desktop's service is not there
        return None, f"the keyring library cannot find a backend ({type(exc).__name__})"
    if _is_unusable(backend):
        return None, "this machine has no keyring service that the keyring library can use"
    return keyring, None


def _is_unusable(backend: object) -> bool:
    """Whether it is the library's stand-in that always fails, or the one that forgets everything.

    Both are classes named Keyring; only their modules, `keyring.backends.fail` and `.null`, tell them.
    """
    kind = type(backend)
    module = kind.__module__.rpartition(".")[2]
    if module == "chainer":
        return not getattr(backend, "backends", ())
    return module in {"fail", "null"} or "fail" in kind.__name__.lower()
