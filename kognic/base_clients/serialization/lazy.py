"""Where cattrs is imported: when the first model is made, read or written."""

from __future__ import annotations

import functools
import importlib
from typing import Any


@functools.cache
def converters() -> Any:
    """Return the module of the converter."""
    return importlib.import_module("kognic.base_clients.serialization.converter")
