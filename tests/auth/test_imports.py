"""What the official packages' users import, and what importing costs."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

PATHS = {
    "kognic.auth": "DEFAULT_HOST DEFAULT_KOGNIC_PLATFORM DEFAULT_TOKEN_ENDPOINT_RELPATH RETRYABLE_METHODS "
    "RETRY_STATUS_CODES MAX_RETRIES RETRY_BACKOFF_FACTOR DEFAULT_ENV_CONFIG_FILE_PATH DEFAULT_CACHE_PATH "
    "__version__ credentials_parser SunsetHandler default_sunset_handler",
    "kognic.auth.credentials": "ApiCredentials",
    "kognic.auth.credentials_parser": "ApiCredentials parse_credentials resolve_credentials "
    "resolve_any_credentials get_credentials_from_env get_credentials_from_system _check_expiry",
    "kognic.auth.env_config": "Environment KognicEnvConfig load_kognic_env_config resolve_environment",
    "kognic.auth.base.auth_client": "AuthClient",
    "kognic.auth.requests": "BaseApiClient RequestsAuthSession",
    "kognic.auth.requests.auth_session": "RequestsAuthSession _FixedSession",
    "kognic.auth.requests.base_client": "BaseApiClient make_token_provider create_session DEFAULT_HOST "
    "DEFAULT_TOKEN_ENDPOINT_RELPATH _provider_pool",
    "kognic.auth.requests.bearer_auth": "KognicBearerAuth",
    "kognic.auth.httpx": "BaseAsyncApiClient HttpxAuthAsyncClient",
    "kognic.auth.httpx.async_client": "HttpxAuthAsyncClient",
    "kognic.auth.httpx.base_client": "BaseAsyncApiClient",
    "kognic.auth.serde": "serialize_body deserialize",
    "kognic.auth.cli": "create_parser main",
    "kognic.auth.cli.api_request": "METHODS _create_parser run main",
    "kognic.auth.internal.credentials_store": "DEFAULT_PROFILE SERVICE_NAME load_credentials "
    "save_credentials clear_credentials",
    "kognic.auth.internal.token_cache": "TokenCache FileTokenCache KeyringTokenCache make_cache",
    "kognic.auth.internal.token_cache._base": "EXPIRY_MARGIN_SECONDS SERVICE_NAME make_key is_valid",
    "kognic.auth._sunset": "DATETIME_FMT handle_sunset",
    "kognic.auth._user_agent": "_PY_VERSION get_user_agent",
}


@pytest.mark.parametrize("module", PATHS)
def test_import_paths(module: str) -> None:
    """Each name can be imported from where users import it."""
    for name in PATHS[module].split():
        assert getattr(importlib.import_module(module), name) is not None


def test_constants() -> None:
    """The documented values."""
    from kognic import auth

    assert auth.DEFAULT_HOST == "https://auth.app.kognic.com"
    assert auth.DEFAULT_KOGNIC_PLATFORM == "app.kognic.com"
    assert auth.DEFAULT_TOKEN_ENDPOINT_RELPATH == "/v1/auth/oauth/token"
    assert set(auth.RETRYABLE_METHODS) == {"HEAD", "GET", "PUT", "DELETE", "OPTIONS", "TRACE"}
    assert list(auth.RETRY_STATUS_CODES) == [502, 503, 504]
    assert (auth.MAX_RETRIES, auth.RETRY_BACKOFF_FACTOR) == (3, 0.5)
    assert set(auth.__all__) <= set(dir(auth))


@pytest.mark.parametrize(
    "code",
    [
        "import kognic.auth",
        "from kognic.auth.requests import RequestsAuthSession; RequestsAuthSession(auth=('i', 's'))",
        "from kognic.auth.requests.base_client import BaseApiClient; BaseApiClient(auth=('i', 's')).session",
        "import kognic.auth.errors, kognic.auth.credentials_parser, kognic.auth.env_config",
    ],
)
def test_what_importing_costs(code: str) -> None:
    """No more than requests, until the first token is needed."""
    heavy = (
        "authlib",
        "tenacity",
        "keyring",
        "httpx",
        "click",
        "rich",
        "filelock",
        "cattrs",
        "anyio",
    )
    check = f"{code}\nimport sys; print(sorted(set({heavy!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_paths_follow_xdg(tmp_path: object) -> None:
    """When the module is imported."""
    code = "from kognic import auth; print(auth.DEFAULT_ENV_CONFIG_FILE_PATH, auth.DEFAULT_CACHE_PATH)"
    for env, expected in (
        ({"HOME": "/h"}, "/h/.config/kognic/environments.json /h/.cache/kognic-auth/tokens.json"),
        (
            {"HOME": "/h", "XDG_CONFIG_HOME": "/c", "XDG_CACHE_HOME": "/k"},
            "/c/kognic/environments.json /k/kognic-auth/tokens.json",
        ),
    ):
        done = subprocess.run(
            [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == expected
