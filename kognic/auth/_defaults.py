"""Addresses, paths and numbers that are the same everywhere in this package."""

from __future__ import annotations

from kognic._core.files import user_folder

DEFAULT_HOST = "https://auth.app.kognic.com"
DEFAULT_KOGNIC_PLATFORM = "app.kognic.com"
DEFAULT_TOKEN_ENDPOINT_RELPATH = "/v1/auth/oauth/token"  # noqa: S105 (a path)  # nosec B105

RETRYABLE_METHODS = frozenset({"HEAD", "GET", "PUT", "DELETE", "OPTIONS", "TRACE"})
# Gateway errors; a token request can be repeated safely.
RETRY_STATUS_CODES = (502, 503, 504)
# Of kognic-auth, whose programs import these names.
MAX_RETRIES = 3
# As above; urllib3 waits factor * 2^(n - 1) seconds before retry n, and not at all before the first.
RETRY_BACKOFF_FACTOR = 0.5
# Seconds before the second, third and fourth attempt, which urllib3 makes of the factor.
RETRY_WAITS = (0.0, 1.0, 2.0)

# Seconds for a connection, and between two packets of an answer.
DEFAULT_TIMEOUT = 60.0
# Connections kept open to each host; more threads than this work, but open a connection for every call.
DEFAULT_POOL_SIZE = 64


DEFAULT_ENV_CONFIG_FILE_PATH = user_folder("XDG_CONFIG_HOME", ".config") / "kognic" / "environments.json"
DEFAULT_CACHE_PATH = user_folder("XDG_CACHE_HOME", ".cache") / "kognic-auth" / "tokens.json"
