"""Who is calling: credentials, tokens, authenticated sessions, environments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import kognic
from kognic._core.lazy import attach
from kognic._core.neighbours import warn_about_neighbours
from kognic._core.version import __version__
from kognic.auth._defaults import (
    DEFAULT_CACHE_PATH,
    DEFAULT_ENV_CONFIG_FILE_PATH,
    DEFAULT_HOST,
    DEFAULT_KOGNIC_PLATFORM,
    DEFAULT_TOKEN_ENDPOINT_RELPATH,
    MAX_RETRIES,
    RETRY_BACKOFF_FACTOR,
    RETRY_STATUS_CODES,
    RETRYABLE_METHODS,
)

if TYPE_CHECKING:
    from kognic.auth import credentials_parser as credentials_parser
    from kognic.auth._sunset import SunsetHandler as SunsetHandler
    from kognic.auth._sunset import default_sunset_handler as default_sunset_handler

__all__ = [
    "DEFAULT_CACHE_PATH",
    "DEFAULT_ENV_CONFIG_FILE_PATH",
    "DEFAULT_HOST",
    "DEFAULT_KOGNIC_PLATFORM",
    "DEFAULT_TOKEN_ENDPOINT_RELPATH",
    "MAX_RETRIES",
    "RETRYABLE_METHODS",
    "RETRY_BACKOFF_FACTOR",
    "RETRY_STATUS_CODES",
    "SunsetHandler",
    "__version__",
    "credentials_parser",
    "default_sunset_handler",
]

__getattr__, __dir__ = attach(
    __name__,
    {
        "SunsetHandler": "kognic.auth._sunset",
        "credentials_parser": "kognic.auth.credentials_parser:",
        "default_sunset_handler": "kognic.auth._sunset",
    },
)

warn_about_neighbours(kognic.__path__)
