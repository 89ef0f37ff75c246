"""Tokens between runs: in a private file, in the keyring, nowhere; never in the way of a call."""

from __future__ import annotations

import hashlib
import json
import logging
import multiprocessing
import os
import stat
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import keyring
import pytest
from keyring.backends import fail

from kognic._core import files as _files
from kognic._core import locks
from kognic.auth.internal.token_cache import FileTokenCache, KeyringTokenCache, TokenCache, make_cache
from kognic.auth.internal.token_cache._base import EXPIRY_MARGIN_SECONDS, SERVICE_NAME, is_valid, make_key
from tests.auth.memory_keyring import MemoryKeyring

HOST, CLIENT = "https://auth.example.com", "client-1"


def token(seconds: float = 3600, **more: Any) -> dict[str, Any]:
    return {
        "access_token": "s3cr3t-token",
        "expires_in": 3600,
        "expires_at": int(time.time() + seconds),
        **more,
    }


@pytest.fixture(params=["file", "keyring"])
def cache(request: pytest.FixtureRequest, tmp_path: Path) -> TokenCache:
    """Each kind."""
    return (
        FileTokenCache(tmp_path / "cache" / "tokens.json") if request.param == "file" else KeyringTokenCache()
    )


def test_key_is_the_documented_one() -> None:
    """Scopes enter it by their hash."""
    digest = hashlib.sha256(b"api:read api:write").hexdigest()[:12]
    assert make_key(HOST, CLIENT) == make_key(HOST, CLIENT, "") == "https://auth.example.com:client-1"
    assert make_key(HOST, CLIENT, "api:read api:write") == f"https://auth.example.com:client-1:s-{digest}"


@pytest.mark.parametrize(
    ("kept", "valid"),
    [
        ({"access_token": "x"}, False),
        ({"access_token": "x", "expires_at": "2e9"}, True),
        ({"access_token": None, "expires_at": 2e9}, False),
        ({"expires_at": 2e9}, False),
        (None, False),
        ([], False),
    ],
)
def test_validity(kept: Any, valid: bool) -> None:
    """The expiry must be known and to come."""
    assert is_valid(kept) is valid


def test_thirty_seconds_must_be_left() -> None:
    """For the call that the token is for."""
    assert is_valid(token(EXPIRY_MARGIN_SECONDS + 20))
    assert not is_valid(token(EXPIRY_MARGIN_SECONDS - 5))


def test_round_trip(cache: TokenCache) -> None:
    """By auth server, client and scopes."""
    cache.save(HOST, CLIENT, token(refresh_token="r"))
    cache.save(HOST, CLIENT, token(which="scoped"), "s")

    kept = cache.load(HOST, CLIENT)
    scoped = cache.load(HOST, CLIENT, "s")
    assert kept is not None
    assert (kept["refresh_token"], "which" in kept) == ("r", False)
    assert scoped is not None
    assert scoped["which"] == "scoped"
    assert cache.load(HOST, "other") is None
    assert cache.load("https://other", CLIENT) is None

    cache.clear(HOST, CLIENT)
    cache.clear(HOST, "never-there")
    assert cache.load(HOST, CLIENT) is None
    assert cache.load(HOST, CLIENT, "s") == scoped


def test_old_tokens_are_not_handed_out(cache: TokenCache) -> None:
    """Nor kept for ever in the file."""
    cache.save(HOST, CLIENT, token(10))
    assert cache.load(HOST, CLIENT) is None
    cache.save(HOST, "other", token())
    if isinstance(cache, FileTokenCache):
        assert list(json.loads(cache.path.read_text())) == [f"{HOST}:other"]


class TestFile:
    """The file itself."""

    @pytest.fixture
    def file(self, tmp_path: Path) -> FileTokenCache:
        return FileTokenCache(tmp_path / "cache" / "tokens.json")

    def test_form_and_mode(self, file: FileTokenCache) -> None:
        """One object, key to token, indented by 2; for nobody else's eyes."""
        kept = token()
        file.save(HOST, CLIENT, kept)
        assert file.path.read_text() == json.dumps({f"{HOST}:{CLIENT}": kept}, indent=2) + "\n"
        assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700

    def test_file_of_an_older_program_becomes_private(self, file: FileTokenCache) -> None:
        """At the first look."""
        file.save(HOST, CLIENT, token())
        file.path.chmod(0o644)
        assert file.load(HOST, CLIENT) is not None
        assert stat.S_IMODE(file.path.stat().st_mode) == 0o600

    @pytest.mark.parametrize("content", ["", "{", "[]", '"x"', '{"k": 5}'])
    def test_damaged_file_starts_anew(self, file: FileTokenCache, content: str) -> None:
        """It is a cache."""
        file.path.parent.mkdir()
        file.path.write_text(content)
        assert file.load(HOST, CLIENT) is None
        file.save(HOST, CLIENT, token())
        assert file.load(HOST, CLIENT) is not None

    def test_full_disk_is_said_once(
        self, file: FileTokenCache, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        """And costs nothing but the cache."""

        def full(_: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(_files.os, "fsync", full)
        file.save(HOST, CLIENT, token())
        file.save(HOST, CLIENT, token())

        warnings = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
        trouble = "cannot be written: No space left on device; every run fetches a token of its own"
        assert warnings == [f"The token cache '{file.path}' {trouble}"]
        assert file.load(HOST, CLIENT) is None
        assert "s3cr3t" not in caplog.text

    def test_folder_without_permission(
        self,
        tmp_path: Path,
        unprivileged: Callable[[], AbstractContextManager[None]],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """As a full disk."""
        tmp_path.chmod(0o555)
        file = FileTokenCache(tmp_path / "cache" / "tokens.json")
        with unprivileged():
            file.save(HOST, CLIENT, token())
            file.clear(HOST, CLIENT)
            assert file.load(HOST, CLIENT) is None
        assert caplog.text.count("Permission denied; every run") == 1

    def test_lock_that_somebody_keeps(
        self, file: FileTokenCache, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Is waited for, but not for ever."""
        from kognic.auth.internal.token_cache import _file

        monkeypatch.setattr(_file, "locked", lambda path: locks.locked(path, timeout=0))
        with locks.locked(file.path):
            file.save(HOST, CLIENT, token())
        assert "could not be acquired" in caplog.text

    @pytest.mark.slow
    def test_processes_lose_no_token(self, file: FileTokenCache) -> None:
        """Each changes the file alone."""
        other = multiprocessing.get_context("spawn").Process(target=_save_many, args=(file.path, 1))
        other.start()
        _save_many(file.path, 2)
        other.join(60)
        assert len(json.loads(file.path.read_text())) == 20

    def test_default_path(self) -> None:
        """The documented one."""
        from kognic.auth import DEFAULT_CACHE_PATH

        assert FileTokenCache().path == DEFAULT_CACHE_PATH
        assert DEFAULT_CACHE_PATH.parts[-2:] == ("kognic-auth", "tokens.json")


def _save_many(path: Path, number: int) -> None:
    for i in range(10):
        FileTokenCache(path).save(HOST, f"client-{number}-{i}", token())


class TestKeyring:
    """The system keyring."""

    def test_form(self, keyring_backend: MemoryKeyring) -> None:
        """Service, key, JSON."""
        KeyringTokenCache().save(HOST, CLIENT, token(3600))
        stored = keyring_backend.passwords[SERVICE_NAME, f"{HOST}:{CLIENT}"]
        assert SERVICE_NAME == "kognic-auth"
        assert json.loads(stored)["access_token"] == "s3cr3t-token"

    def test_damaged_password(self, keyring_backend: MemoryKeyring) -> None:
        """Counts as absent."""
        keyring_backend.passwords[SERVICE_NAME, f"{HOST}:{CLIENT}"] = "{"
        assert KeyringTokenCache().load(HOST, CLIENT) is None

    def test_failing_keyring_is_said_once(
        self, keyring_backend: MemoryKeyring, caplog: pytest.LogCaptureFixture
    ) -> None:
        """And costs nothing but the cache."""
        keyring_backend.locked = True
        cache = KeyringTokenCache()
        cache.save(HOST, CLIENT, token())
        cache.clear(HOST, CLIENT)
        assert cache.load(HOST, CLIENT) is None
        assert (
            caplog.text.count("The system keyring does not work for tokens, they are not kept: KeyringLocked")
            == 1
        )

    def test_failing_keyring_falls_back_to_the_file(
        self, keyring_backend: MemoryKeyring, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        """In the mode `auto`."""
        file = FileTokenCache(tmp_path / "tokens.json")
        cache = KeyringTokenCache(fallback=file)
        keyring_backend.locked = True
        cache.save(HOST, CLIENT, token())
        assert cache.load(HOST, CLIENT) is not None
        assert file.load(HOST, CLIENT) is not None
        assert "they are kept in a file" in caplog.text
        cache.clear(HOST, CLIENT)
        assert file.load(HOST, CLIENT) is None


class TestModes:
    """`--token-cache`."""

    def test_modes(self) -> None:
        """Each by its name."""
        assert isinstance(make_cache("file"), FileTokenCache)
        assert isinstance(make_cache("keyring"), KeyringTokenCache)
        assert isinstance(make_cache("auto"), KeyringTokenCache)
        assert make_cache("none") is None
        with pytest.raises(
            ValueError, match="token cache is 'disk', must be one of auto, keyring, file, none"
        ):
            make_cache("disk")

    def test_auto_without_keyring(self) -> None:
        """Takes the file."""
        keyring.set_keyring(fail.Keyring())
        assert isinstance(make_cache("auto"), FileTokenCache)

    def test_keyring_without_keyring(self, caplog: pytest.LogCaptureFixture) -> None:
        """Caches nothing, and says so."""
        keyring.set_keyring(fail.Keyring())
        cache = make_cache("keyring")
        assert cache is not None
        cache.save(HOST, CLIENT, token())
        assert cache.load(HOST, CLIENT) is None
        assert "no keyring service" in caplog.text
        assert not os.path.exists(Path.home() / ".cache")
