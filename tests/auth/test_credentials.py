"""The value `ApiCredentials`."""

from __future__ import annotations

import dataclasses
import pickle
from datetime import UTC, datetime, timedelta, timezone

import pytest

from kognic.auth.credentials import ApiCredentials, as_scopes


def test_defaults_and_equality() -> None:
    """A dataclass with the documented fields, in their order."""
    credentials = ApiCredentials("id", "secret", "e@x", 1, "issuer")

    assert dataclasses.astuple(credentials) == (
        *("id", "secret", "e@x", 1, "issuer"),
        *("API Credentials", None, None, []),
    )
    assert credentials == pickle.loads(pickle.dumps(credentials))
    assert [f.name for f in dataclasses.fields(ApiCredentials)] == [
        *("client_id", "client_secret", "email", "user_id", "issuer"),
        *("name", "created", "expires", "scopes"),
    ]


@pytest.mark.parametrize(
    ("expires", "expired"),
    [
        (None, False),
        (datetime(2030, 1, 1, tzinfo=UTC), True),
        (datetime(2030, 1, 1), True),  # noqa: DTZ001 (a user's own, without zone)
        (datetime(2030, 1, 1, 1, tzinfo=timezone(timedelta(hours=2))), True),
        (datetime(2030, 1, 1, tzinfo=timezone(timedelta(hours=-1))), False),
        (datetime(2030, 1, 2), False),  # noqa: DTZ001
    ],
)
def test_expiry_without_zone_is_utc(expires: datetime | None, expired: bool) -> None:
    """And with one it is what it says."""
    credentials = ApiCredentials("i", "s", "", 0, "", expires=expires)
    assert credentials.has_expired(datetime(2030, 1, 1, tzinfo=UTC)) is expired


@pytest.mark.parametrize(("given", "scopes"), [("a b", ["a", "b"]), (("a",), ["a"]), ([], []), ("", [])])
def test_scopes_of_every_form(given: object, scopes: list[str]) -> None:
    """Lists, tuples and blank-joined text."""
    assert as_scopes(given) == scopes  # type: ignore[arg-type]


def test_scopes_must_be_text() -> None:
    """Anything else is named."""
    with pytest.raises(ValueError, match=r"scopes is \['a', None\], must be a list of texts"):
        as_scopes(["a", None])  # type: ignore[list-item]
