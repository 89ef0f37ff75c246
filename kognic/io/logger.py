"""Logging for people who do not set it up themselves. The library itself only logs, below `kognic`."""

from __future__ import annotations

import logging

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_state = {"done": False}


def setup_logging(level: str) -> None:
    """Log to stderr, the root logger and `kognic` at a level.

    Args:
        level: Such as `INFO`; letter case does not matter.

    Raises:
        ValueError: The level does not exist.
        RuntimeError: Logging was set up by this function before.
    """
    if _state["done"]:
        raise RuntimeError(
            "setup_logging was called before; set levels with logging.getLogger('kognic').setLevel"
        )
    name = level.upper()
    if not isinstance(logging.getLevelName(name), int):
        raise ValueError(f"level is {level!r}, must be DEBUG, INFO, WARNING, ERROR or CRITICAL")
    logging.basicConfig(format=_FORMAT)
    logging.getLogger().setLevel(name)
    logging.getLogger("kognic").setLevel(name)
    _state["done"] = True
