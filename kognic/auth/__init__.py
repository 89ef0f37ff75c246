"""Who is calling: credentials, tokens, authenticated sessions, environments."""

from __future__ import annotations

from kognic.auth._defaults import DEFAULT_CACHE_PATH as DEFAULT_CACHE_PATH
from kognic.auth._defaults import DEFAULT_ENV_CONFIG_FILE_PATH as DEFAULT_ENV_CONFIG_FILE_PATH
from kognic.auth._defaults import DEFAULT_HOST as DEFAULT_HOST
from kognic.auth._defaults import DEFAULT_KOGNIC_PLATFORM as DEFAULT_KOGNIC_PLATFORM
from kognic.auth._defaults import DEFAULT_TOKEN_ENDPOINT_RELPATH as DEFAULT_TOKEN_ENDPOINT_RELPATH
from kognic.auth._defaults import MAX_RETRIES as MAX_RETRIES
from kognic.auth._defaults import RETRY_BACKOFF_FACTOR as RETRY_BACKOFF_FACTOR
from kognic.auth._defaults import RETRY_STATUS_CODES as RETRY_STATUS_CODES
from kognic.auth._defaults import RETRYABLE_METHODS as RETRYABLE_METHODS
from kognic.auth._lazy import attach
from kognic.auth._version import __version__ as __version__

__getattr__, __dir__ = attach(
    __name__,
    {
        "credentials_parser": "kognic.auth.credentials_parser:",
    },
)
