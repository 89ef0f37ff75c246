"""Credentials in the system keyring."""

from __future__ import annotations

import json
import sys
from typing import Any

import keyring
import pytest
from keyring.backends import chainer, fail, null

from kognic.auth.credentials_parser import parse_credentials, resolve_credentials
from kognic.auth.internal.credentials_store import (
    DEFAULT_PROFILE,
    SERVICE_NAME,
    clear_credentials,
    load_credentials,
    save_credentials,
    why_unusable,
)
from tests.auth.auth_server import CLIENT_SECRET
from tests.auth.memory_keyring import MemoryKeyring


@pytest.mark.parametrize(
    "more",
    [{}, {"created": "2021-02-03T04:05:06Z", "expires": "2999-01-01T00:00:00Z"}, {"scopes": ["a", "b"]}],
)
def test_round_trip_keeps_everything(credentials: dict[str, Any], more: dict[str, Any]) -> None:
    """Times and scopes too, by profile."""
    given = parse_credentials({**credentials, **more})
    save_credentials(given, "staging")
    assert load_credentials("staging") == given
    assert load_credentials(DEFAULT_PROFILE) is None


def test_stored_form(credentials: dict[str, Any], keyring_backend: MemoryKeyring) -> None:
    """The JSON of a credentials file, so that other programs can read it."""
    save_credentials(parse_credentials(credentials), DEFAULT_PROFILE)
    assert (SERVICE_NAME, DEFAULT_PROFILE) == ("kognic-credentials", "default")
    stored = json.loads(keyring_backend.passwords["kognic-credentials", "default"])
    assert stored == {**credentials, "name": "API Credentials"}


def test_clear_never_raises(credentials: dict[str, Any], keyring_backend: MemoryKeyring) -> None:
    """Present, absent, or out of reach."""
    save_credentials(parse_credentials(credentials), "p")
    clear_credentials("p")
    assert load_credentials("p") is None
    clear_credentials("p")
    keyring_backend.locked = True
    clear_credentials("p")


@pytest.mark.parametrize("stored", ["not json", "[]", '{"clientId": "i"}'])
def test_what_cannot_be_read_counts_as_absent(
    keyring_backend: MemoryKeyring, stored: str, caplog: pytest.LogCaptureFixture
) -> None:
    """With a word about it."""
    keyring_backend.passwords[SERVICE_NAME, "p"] = stored
    assert load_credentials("p") is None
    assert "Profile 'p' of the system keyring is ignored" in caplog.text


def test_save_that_is_refused_says_so_without_the_secret(
    credentials: dict[str, Any], keyring_backend: MemoryKeyring
) -> None:
    """A RuntimeError, as documented."""
    keyring_backend.locked = True
    with pytest.raises(RuntimeError, match="refused to store profile 'p': KeyringLocked") as caught:
        save_credentials(parse_credentials(credentials), "p")
    assert CLIENT_SECRET not in repr(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize("backend", [fail.Keyring, null.Keyring])
def test_backends_that_keep_nothing_are_recognised(backend: type[Any], credentials: dict[str, Any]) -> None:
    """Both are classes named Keyring; only their modules tell."""
    keyring.set_keyring(backend())
    assert why_unusable() == "this machine has no keyring service that the keyring library can use"
    assert load_credentials("p") is None
    with pytest.raises(RuntimeError, match=r"^No system keyring: this machine has no keyring service"):
        save_credentials(parse_credentials(credentials), "p")
    with pytest.raises(
        ValueError, match="No credentials in keyring://p: this machine has no keyring service"
    ):
        resolve_credentials("keyring://p")


def test_chain_of_no_backends_is_recognised(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library's way of trying several."""
    monkeypatch.setattr(chainer.ChainerBackend, "backends", [])
    keyring.set_keyring(chainer.ChainerBackend())
    assert why_unusable() is not None


def test_library_that_is_not_installed(monkeypatch: pytest.MonkeyPatch, credentials: dict[str, Any]) -> None:
    """The error names the pip command."""
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert load_credentials("p") is None
    clear_credentials("p")
    with pytest.raises(RuntimeError, match=r'pip install "kognic-client\[keyring\]"'):
        save_credentials(parse_credentials(credentials), "p")


def test_library_that_fails_is_no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some desktops raise from their very services."""

    def broken() -> None:
        raise RuntimeError("no bus")

    monkeypatch.setattr(keyring, "get_keyring", broken)
    assert why_unusable() == "the keyring library cannot find a backend (RuntimeError)"
