"""What to say where a library is missing that only an extra of kognic-client installs."""

from __future__ import annotations


def needs_extra(what: str, extra: str, cause: ImportError | None = None) -> str:
    """Say what is missing, and how to install it.

    Args:
        what: What cannot be done without it, for example `reading bags needs more`.
        extra: Name of the extra.
        cause: The import that failed, to be named as well.
    """
    reason = "" if cause is None else f" ({cause})"
    # In double quotes, which every shell removes; cmd.exe leaves single ones to pip.
    return f'{what}: pip install "kognic-client[{extra}]"{reason}'
