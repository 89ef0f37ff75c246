"""The hierarchy: what else an error is, what it says, and that it can leave its process."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys

import pytest
import requests

from kognic._core.errors import KognicError
from kognic.auth import errors

RESPONSE = requests.Response()
RESPONSE.status_code = 503

ALL = [
    (errors.CredentialsError("text", source="s"), ValueError),
    (
        errors.CredentialsFileNotFoundError("text", source="s", cause=OSError(2, "no", "/f")),
        FileNotFoundError,
    ),
    (errors.CredentialsUnreadableError("text", source="s", cause=OSError(13, "no", "/f")), OSError),
    (errors.CredentialsFormatError("text", source="s"), AttributeError),
    (errors.MissingCredentialsKeyError("text", key="k", source="s"), KeyError),
    (errors.ExpiredCredentialsError("text", source="s"), ValueError),
    (errors.NoCredentialsError("text"), ValueError),
    (errors.EnvironmentConfigError("text"), ValueError),
    (errors.EnvironmentFileError("text", line=3, column=4), json.JSONDecodeError),
    (errors.MissingEnvironmentKeyError("text"), KeyError),
    (errors.InsecureUrlError("text"), ValueError),
    (errors.HttpStatusError("text", response=RESPONSE), requests.HTTPError),
    (
        errors.TokenResponseError("text", response=RESPONSE, transient=True, retry_after=1.5),
        requests.HTTPError,
    ),
    (errors.TokenConnectionError("text"), requests.ConnectionError),
    (errors.TokenTimeoutError("text"), requests.Timeout),
]


@pytest.mark.parametrize(
    ("error", "also"), ALL, ids=lambda v: type(v).__name__ if isinstance(v, KognicError) else ""
)
def test_errors_are_what_users_catch_and_survive_pickling(error: KognicError, also: type[Exception]) -> None:
    """Text and attributes included."""
    assert isinstance(error, also)
    assert str(error) == "text"

    copy = pickle.loads(pickle.dumps(error))

    assert type(copy) is type(error)
    assert str(copy) == "text"
    for name in (
        "source",
        "key",
        "errno",
        "filename",
        "lineno",
        "colno",
        "status_code",
        "transient",
        "retry_after",
    ):
        assert getattr(copy, name, None) == getattr(error, name, None)


def test_credentials_errors_have_one_base() -> None:
    """Which tells them from other ValueErrors."""
    for error, _ in ALL[:7]:
        assert isinstance(error, errors.CredentialsError)


def test_token_refused_error_is_defined_when_asked_for() -> None:
    """Because it needs Authlib, which is not imported before."""
    code = (
        "import sys, kognic.auth.errors as e; assert 'authlib' not in sys.modules; e.TokenRefusedError; "
        "from authlib.integrations.base_client import OAuthError; "
        "assert issubclass(e.TokenRefusedError, (OAuthError, e.TokenError))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        _ = errors.Nonsense
