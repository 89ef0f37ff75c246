"""Every form of `auth=`, the order in which the system is searched, and what is said of what is wrong."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kognic.auth.credentials_parser import (
    ApiCredentials,
    _check_expiry,
    get_credentials_from_env,
    get_credentials_from_system,
    parse_credentials,
    resolve_any_credentials,
    resolve_credentials,
)
from kognic.auth.errors import (
    CredentialsError,
    CredentialsFileNotFoundError,
    CredentialsFormatError,
    CredentialsUnreadableError,
    ExpiredCredentialsError,
    MissingCredentialsKeyError,
    NoCredentialsError,
)
from kognic.auth.internal.credentials_store import save_credentials
from tests.auth.auth_server import CLIENT_ID, CLIENT_SECRET
from tests.auth.memory_keyring import MemoryKeyring

PAIR = (CLIENT_ID, CLIENT_SECRET)


@pytest.fixture
def file(tmp_path: Path, credentials: dict[str, Any]) -> Path:
    """A credentials file."""
    path = tmp_path / "credentials.json"
    path.write_text(json.dumps(credentials), "utf-8")
    return path


class TestForms:
    """Section 3.2 of the protocol."""

    def test_path(self, file: Path) -> None:
        """As text, as a path object, and relative to the home folder."""
        (Path.home() / "mine.json").write_bytes(file.read_bytes())
        for form in (file, str(file), "~/mine.json", Path("~/mine.json")):
            assert resolve_credentials(form) == PAIR

    def test_path_like(self, file: Path) -> None:
        """Anything with `__fspath__`."""

        class Like:
            def __fspath__(self) -> str:
                return str(file)

        assert resolve_credentials(Like()) == PAIR

    def test_tuple(self) -> None:
        """Client id and secret."""
        found = resolve_any_credentials(("i", "s"))
        assert (found.client_id, found.client_secret, found.email, found.user_id) == ("i", "s", "", 0)

    def test_dict(self, credentials: dict[str, Any]) -> None:
        """The content of a credentials file."""
        assert resolve_credentials(credentials) == PAIR

    def test_api_credentials(self, credentials: dict[str, Any]) -> None:
        """Taken as they are."""
        given = parse_credentials(credentials)
        assert resolve_any_credentials(given) is given

    def test_keyring(self, credentials: dict[str, Any]) -> None:
        """A profile of the system keyring."""
        save_credentials(parse_credentials(credentials), "staging")
        assert resolve_credentials("keyring://staging") == PAIR

    def test_client_id_and_secret(self) -> None:
        """In place of `auth`; both, or they are ignored with a word."""
        assert resolve_credentials(client_id="i", client_secret="s") == ("i", "s")
        with pytest.raises(ValueError, match=r"^Give either auth or client_id and client_secret, not both$"):
            resolve_credentials(PAIR, "i", "s")

    def test_one_of_client_id_and_secret_is_ignored(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        """As documented; the system is searched, and a log line says so."""
        monkeypatch.setenv("KOGNIC_CLIENT_ID", "env-id")
        monkeypatch.setenv("KOGNIC_CLIENT_SECRET", "env-secret")
        assert resolve_credentials(client_id="i") == ("env-id", "env-secret")
        assert resolve_credentials(PAIR, client_secret="s") == PAIR
        assert "client_secret is missing" in caplog.text
        assert "client_id is missing" in caplog.text

    @pytest.mark.parametrize(
        ("auth", "message"),
        [
            (("a",), r"auth is a tuple of 1, must be \(client_id, client_secret\)"),
            (("a", "b", "c"), "auth is a tuple of 3"),
            ((None, "s"), "client_id of the auth tuple is of type NoneType, must be text"),
            (("i", None), "client_secret of the auth tuple is of type NoneType"),
            (("i", " "), "client_secret of the auth tuple is empty"),
            (["a", "b"], "auth is of type list, must be the path of a credentials file"),
            (b"credentials.json", "auth is of type bytes"),
            (17, "auth is of type int"),
            ("credentials.txt", "auth is 'credentials.txt', must be a path that ends in .json"),
            ("keyring://", "No credentials in keyring://"),
            ("keyring://unknown", "No credentials in keyring://unknown: .* holds no usable profile"),
            (ApiCredentials("", "s", "", 0, ""), "client_id of the ApiCredentials is empty"),
        ],
    )
    def test_other_forms_are_value_errors(self, auth: Any, message: str) -> None:
        """That name what was given and what can be."""
        with pytest.raises(ValueError, match=message) as caught:
            resolve_any_credentials(auth)
        assert isinstance(caught.value, CredentialsError)


class TestSystem:
    """Section 3.3: the environment, then the keyring."""

    def test_order(
        self, file: Path, tmp_path: Path, credentials: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """File, id and secret, keyring, nothing."""
        save_credentials(parse_credentials({**credentials, "clientId": "from-keyring"}))
        monkeypatch.setenv("KOGNIC_CREDENTIALS", str(file))
        monkeypatch.setenv("KOGNIC_CLIENT_ID", "from-variable")
        monkeypatch.setenv("KOGNIC_CLIENT_SECRET", "s")

        assert resolve_credentials()[0] == CLIENT_ID
        monkeypatch.setenv("KOGNIC_CREDENTIALS", "")
        assert resolve_credentials() == ("from-variable", "s")
        monkeypatch.setenv("KOGNIC_CLIENT_SECRET", "")
        assert resolve_credentials()[0] == "from-keyring"
        assert resolve_credentials(("given", "s"))[0] == "given"

    def test_file_of_the_variable_may_have_any_ending(
        self, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Unlike that of `auth`; the home folder is expanded, and the keyring is understood."""
        file.rename(Path.home() / "secret.txt")
        monkeypatch.setenv("KOGNIC_CREDENTIALS", "~/secret.txt")
        assert resolve_credentials() == PAIR
        save_credentials(resolve_any_credentials(("k", "s")), "p")
        monkeypatch.setenv("KOGNIC_CREDENTIALS", "keyring://p")
        assert resolve_credentials() == ("k", "s")

    def test_errors_of_the_variable_name_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The next source is not tried in its place."""
        monkeypatch.setenv("KOGNIC_CLIENT_ID", "i")
        monkeypatch.setenv("KOGNIC_CLIENT_SECRET", "s")
        for value, message in (
            (
                "/nowhere/c.json",
                r"There is no credentials file '/nowhere/c.json' \(from KOGNIC_CREDENTIALS\)",
            ),
            ("keyring://x", r"No credentials in keyring://x \(from KOGNIC_CREDENTIALS\)"),
        ):
            monkeypatch.setenv("KOGNIC_CREDENTIALS", value)
            with pytest.raises(CredentialsError, match=message):
                resolve_credentials()

    def test_nothing_found(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """All that was tried, and the ways out; functions that may find nothing give None."""
        assert get_credentials_from_system() is None
        with pytest.warns(DeprecationWarning, match="use get_credentials_from_system"):
            assert get_credentials_from_env() == (None, None)
        with pytest.raises(NoCredentialsError) as caught:
            resolve_credentials()
        for part in (
            "KOGNIC_CREDENTIALS is not set",
            "KOGNIC_CLIENT_ID and KOGNIC_CLIENT_SECRET are not set",
            "keyring holds no profile 'default'",
            "Pass auth='credentials.json'",
            "kognic-auth credentials put FILE",
        ):
            assert part in str(caught.value)

        monkeypatch.setenv("KOGNIC_CLIENT_ID", "i")
        monkeypatch.setenv("ANNOTELL_CREDENTIALS", "x.json")
        with pytest.raises(
            NoCredentialsError, match="KOGNIC_CLIENT_ID is set without KOGNIC_CLIENT_SECRET"
        ) as caught:
            resolve_credentials()
        assert "ANNOTELL_ variables are no longer read" in str(caught.value)

    def test_deprecated_function_gives_the_pair(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """With a warning that points at the caller."""
        monkeypatch.setenv("KOGNIC_CLIENT_ID", "i")
        monkeypatch.setenv("KOGNIC_CLIENT_SECRET", "s")
        with pytest.warns(DeprecationWarning, match="deprecated") as warned:
            assert get_credentials_from_env() == ("i", "s")
        assert warned[0].filename == __file__

    def test_keyring_that_fails_counts_as_empty(
        self, keyring_backend: MemoryKeyring, caplog: pytest.LogCaptureFixture
    ) -> None:
        """And says so."""
        keyring_backend.locked = True
        assert get_credentials_from_system() is None
        assert "The system keyring cannot be read: KeyringLocked" in caplog.text


class TestFile:
    """Section 3.1."""

    def test_all_keys(self, credentials: dict[str, Any]) -> None:
        """Required and optional ones; others are ignored."""
        found = parse_credentials(
            {
                **credentials,
                "name": "Mine",
                "created": "2021-02-03T04:05:06.1234567Z",
                "expires": "2999-02-03T04:05:06",
                "scopes": ["api:read"],
                "color": "blue",
            }
        )
        assert found == ApiCredentials(
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            email="someone@example.com",
            user_id=42,
            issuer="auth.app.kognic.com",
            name="Mine",
            created=datetime(2021, 2, 3, 4, 5, 6, 123456, tzinfo=UTC),
            expires=datetime(2999, 2, 3, 4, 5, 6, tzinfo=UTC),
            scopes=["api:read"],
        )

    @pytest.mark.parametrize("value", ["soon", 17, "", ["2020"], "2020-13-01", None])
    def test_unreadable_times_count_as_absent(
        self, credentials: dict[str, Any], value: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        """With a word about it."""
        found = parse_credentials({**credentials, "created": value, "expires": value})
        assert (found.created, found.expires) == (None, None)
        assert caplog.text.count("is not an ISO 8601 time") == (0 if value is None else 2)

    def test_null_stands_for_absent(self, credentials: dict[str, Any]) -> None:
        """Where a key is optional."""
        found = parse_credentials({**credentials, "name": None, "scopes": None, "created": None})
        assert (found.name, found.scopes, found.created) == ("API Credentials", [], None)

    @pytest.mark.parametrize("key", ["clientId", "clientSecret", "email", "userId", "issuer"])
    def test_missing_key(self, file: Path, credentials: dict[str, Any], key: str) -> None:
        """A KeyError that names the key and the file."""
        del credentials[key]
        file.write_text(json.dumps(credentials))
        with pytest.raises(
            KeyError, match=f"^Key '{key}' is missing in the credentials file '{file}'"
        ) as caught:
            parse_credentials(file)
        assert isinstance(caught.value, MissingCredentialsKeyError)
        assert (caught.value.key, isinstance(caught.value, ValueError)) == (key, True)
        with pytest.raises(KeyError, match="is missing in the credentials dict"):
            parse_credentials(credentials)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"clientId": ""}, "'clientId' in .* is empty, must be text"),
            ({"clientSecret": None}, "'clientSecret' in .* is of type NoneType, must be text"),
            ({"email": 5}, "'email' in .* is of type int"),
            ({"userId": "x"}, "'userId' in .* is of type str, must be an integer"),
            ({"userId": True}, "'userId' in .* is of type bool"),
            ({"userId": 1.5}, "'userId' in .* is of type float"),
            ({"scopes": "api:read"}, "'scopes' in .* is of type str, must be a list of texts"),
            ({"scopes": [1]}, "'scopes' in .*, must be a list of texts"),
            ({"name": 1}, "'name' in .* is of type int"),
        ],
    )
    def test_values_of_the_wrong_kind(
        self, credentials: dict[str, Any], change: dict[str, Any], message: str
    ) -> None:
        """Named by key and kind, never by value."""
        with pytest.raises(CredentialsFormatError, match=message):
            parse_credentials({**credentials, **change})

    def test_user_id_as_text(self, credentials: dict[str, Any]) -> None:
        """Files that were edited by hand."""
        assert parse_credentials({**credentials, "userId": "42"}).user_id == 42

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
    def test_encodings(self, file: Path, credentials: dict[str, Any], encoding: str) -> None:
        """As editors and shells of all systems write them."""
        file.write_text(json.dumps({**credentials, "name": "Åsa"}, ensure_ascii=False), encoding)
        assert parse_credentials(file).name == "Åsa"

    def test_missing_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A FileNotFoundError with the path in full, as the working folder is often the mistake."""
        monkeypatch.chdir(tmp_path)
        with pytest.raises(
            FileNotFoundError, match=f"There is no credentials file '{tmp_path}/c.json'; download"
        ) as caught:
            resolve_any_credentials("c.json")
        error = caught.value
        assert isinstance(error, CredentialsFileNotFoundError)
        assert (error.source, error.errno, error.filename) == ("c.json", 2, "c.json")
        with pytest.raises(FileNotFoundError):
            resolve_any_credentials("/dev/null/c.json")

    def test_folder(self, tmp_path: Path) -> None:
        """Named as such."""
        (tmp_path / "c.json").mkdir()
        with pytest.raises(
            CredentialsUnreadableError, match=r"c\.json' is a folder, must be a file"
        ) as caught:
            parse_credentials(tmp_path / "c.json")
        assert isinstance(caught.value, OSError)

    def test_file_without_permission(
        self, file: Path, unprivileged: Callable[[], AbstractContextManager[None]]
    ) -> None:
        """Named as such."""
        file.chmod(0)
        with unprivileged(), pytest.raises(CredentialsUnreadableError, match="may not be read by this user"):
            parse_credentials(file)

    @pytest.mark.parametrize("path", ["x" * 5000 + ".json", "a\0b.json"])
    def test_impossible_paths(self, path: str) -> None:
        """An error of credentials like the others."""
        with pytest.raises(CredentialsError, match=r"cannot be read|not a path that can be read"):
            resolve_any_credentials(path)

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", "c.json' is empty"),
            (b"  ", "is not JSON: .* at line 1, column 3"),
            (b'{\n  "clientId": s3cr3t\n}', "is not JSON: Expecting value at line 2, column 15"),
            (b"\xff\xfe\xff", "is not JSON: byte .* is not UTF-16"),
            (b"\xc3", "is not JSON: byte 0 is not UTF-8 text"),
            (b"[" * 200_000, "nested too deeply"),
            (b'{"userId": ' + b"9" * 10_000 + b"}", "a number has too many digits"),
            (b" " * 5_000_000, "is larger than 4 MiB"),
            (b"[1]", "c.json' holds a list, must hold the JSON object of Kognic credentials"),
            (b'"text"', "holds a str"),
            (b"null", "holds a NoneType"),
        ],
    )
    def test_content_that_is_no_object(self, tmp_path: Path, content: bytes, message: str) -> None:
        """An AttributeError, as documented, that names the place but not the content."""
        path = tmp_path / "c.json"
        path.write_bytes(content)
        with pytest.raises(AttributeError, match=message) as caught:
            parse_credentials(path)
        assert isinstance(caught.value, CredentialsFormatError)
        assert isinstance(caught.value, ValueError)
        assert "s3cr3t" not in str(caught.value)

    @given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
    def test_any_bytes_give_a_value_or_a_typed_error(self, content: bytes) -> None:
        """No input does anything else."""
        path = Path(os.environ["HOME"]) / "fuzz"
        path.write_bytes(content)
        with pytest.raises(CredentialsError):
            parse_credentials(path)

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
            ),
            max_leaves=6,
        )
    )
    def test_any_value_of_any_key_gives_a_value_or_a_typed_error(self, value: Any) -> None:
        """Key by key."""
        good = {"clientId": "i", "clientSecret": "s", "email": "", "userId": 1, "issuer": ""}
        for key in (*good, "name", "created", "expires", "scopes"):
            try:
                found = parse_credentials({**good, key: value})
            except CredentialsError:
                continue
            assert isinstance(found, ApiCredentials)


def test_check_expiry() -> None:
    """Reading a file does not look at it; making a session does."""
    past = datetime(2020, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    with pytest.raises(
        ExpiredCredentialsError, match=r"^Credentials expired at 2020-01-02T03:04:05\.678901\+00:00$"
    ):
        _check_expiry(ApiCredentials("i", "s", "", 0, "", expires=past))
    _check_expiry(ApiCredentials("i", "s", "", 0, ""))
