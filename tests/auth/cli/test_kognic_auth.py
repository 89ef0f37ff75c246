"""The `kognic-auth` command."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import keyring
import pytest
from keyring.backends import fail

from kognic.auth.cli import create_parser, main
from kognic.auth.internal.credentials_store import load_credentials
from kognic.auth.internal.token_cache import FileTokenCache
from tests.auth.auth_server import CLIENT_ID, CLIENT_SECRET, TOKEN_PATH, Answer, AuthServer, jwt

FIRST_TOKEN = jwt({"sub": "user-1", "number": 1})


@pytest.fixture
def file(tmp_path: Path, credentials: dict[str, Any]) -> Path:
    """A credentials file."""
    path = tmp_path / "c.json"
    path.write_text(json.dumps(credentials))
    return path


@pytest.fixture
def environments(tmp_path: Path, file: Path, server: AuthServer) -> Path:
    """An environments file."""
    path = tmp_path / "environments.json"
    here = {"host": "127.0.0.1", "auth_server": server.url, "credentials": str(file), "scopes": ["from-env"]}
    path.write_text(json.dumps({"default_environment": "here", "environments": {"here": here}}))
    return path


Out = pytest.CaptureFixture[str]


def test_without_sub_command(capsys: Out) -> None:
    """Help and success."""
    assert main([]) == 0
    assert "get-access-token" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["get-access-token", "--token-cache", "disk"], ["credentials", "put"]]
)
def test_wrong_usage(arguments: list[str], capsys: Out) -> None:
    """Exit status 2."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: kognic-auth" in capsys.readouterr().err


def test_defaults_of_the_parser() -> None:
    """As documented."""
    parsed = create_parser().parse_args(["get-access-token"])
    assert (parsed.command, parsed.token_cache, parsed.server, parsed.credentials) == (
        *("get-access-token", "auto", None, None),
    )
    assert parsed.env_config_file_path.endswith("kognic/environments.json")


class TestGetAccessToken:
    """`kognic-auth get-access-token`."""

    def test_prints_the_token(self, server: AuthServer, file: Path, capsys: Out) -> None:
        """And nothing else."""
        assert (
            main(
                [
                    "get-access-token",
                    "--server",
                    server.url,
                    "--credentials",
                    str(file),
                    "--token-cache",
                    "none",
                ]
            )
            == 0
        )
        captured = capsys.readouterr()
        assert (captured.out, captured.err) == (f"{FIRST_TOKEN}\n", "")

    def test_decode(self, server: AuthServer, file: Path, capsys: Out) -> None:
        """What the token says, indented by 2."""
        arguments = [
            "get-access-token",
            "--server",
            server.url,
            "--credentials",
            str(file),
            "--token-cache",
            "none",
        ]
        assert main([*arguments, "--decode"]) == 0
        expected = {
            "header": {"alg": "none"},
            "payload": {"sub": "user-1", "number": 1},
            "signature": "c2lnbmF0dXJl",
        }
        assert capsys.readouterr().out == json.dumps(expected, indent=2) + "\n"

        server.script(TOKEN_PATH, Answer(200, {"access_token": "opaque", "expires_in": 60}))
        assert main([*arguments, "--decode"]) == 1
        assert capsys.readouterr().err == "Error: The access token is not a JWT: it has 1 parts, not 3\n"

    @pytest.mark.parametrize(
        ("more", "scope"), [([], "from-env"), (["--scopes", "a", "b"], "a b")], ids=["environment", "option"]
    )
    def test_environment(
        self, server: AuthServer, environments: Path, more: list[str], scope: str, capsys: Out
    ) -> None:
        """Server, credentials and scopes of it; options replace them."""
        arguments = ["--env", "here", "--env-config-file-path", str(environments), "--token-cache", "none"]
        assert main(["get-access-token", *arguments, *more]) == 0
        assert server.token_requests[0].form["scope"] == scope
        assert server.token_requests[0].form["client_id"] == CLIENT_ID

    def test_environment_of_the_variable(
        self, server: AuthServer, environments: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """KOGNIC_ENVIRONMENT stands for `--env`."""
        monkeypatch.setenv("KOGNIC_ENVIRONMENT", "here")
        assert (
            main(["get-access-token", "--env-config-file-path", str(environments), "--token-cache", "none"])
            == 0
        )
        assert len(server.token_requests) == 1

    def test_default_environment_is_not_for_this_command(
        self, server: AuthServer, environments: Path, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Only `--env` chooses one; the system's credentials are used without."""
        monkeypatch.setenv("KOGNIC_CREDENTIALS", str(file))
        arguments = ["get-access-token", "--env-config-file-path", str(environments), "--token-cache", "none"]
        assert main([*arguments, "--server", server.url]) == 0
        assert "scope" not in server.token_requests[0].form

    def test_cache_saves_the_second_request(
        self, server: AuthServer, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Out
    ) -> None:
        """In the keyring or the file."""
        cache = FileTokenCache(tmp_path / "tokens.json")
        monkeypatch.setattr("kognic.auth.internal.token_cache._choice.FileTokenCache", lambda: cache)
        for mode, requests in (
            ("auto", 1),
            ("auto", 1),
            ("keyring", 1),
            ("file", 2),
            ("file", 2),
            ("none", 3),
        ):
            arguments = ["--server", server.url, "--credentials", str(file), "--token-cache", mode]
            assert main(["get-access-token", *arguments]) == 0
            assert len(server.token_requests) == requests, mode
        assert len(set(capsys.readouterr().out.splitlines())) == 3
        assert cache.load(server.url, CLIENT_ID) is not None

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["--credentials", "missing.json"], "Error: There is no credentials file '"),
            (["--credentials", "x.txt"], "Error: auth is 'x.txt', must be a path that ends in .json"),
            (["--credentials", "keyring://x"], "Error: No credentials in keyring://x"),
            (["--env", "nope"], "Error: Unknown environment 'nope'"),
            (["--credentials", "expired.json"], "Error: Credentials expired at 2020-01-01T00:00:00+00:00"),
            ([], "Error: No Kognic credentials: "),
            (["--credentials", "lacking.json"], "Error fetching token: Key 'issuer' is missing in"),
            (["--credentials", "array.json"], "Error fetching token: the credentials file '"),
            (["--credentials", "wrong.json"], "Error fetching token: invalid_client: Unknown client x"),
            (
                ["--credentials", "c.json", "--server", "http://127.0.0.1:9"],
                "Error fetching token: No access token from",
            ),
        ],
    )
    def test_errors_are_one_line(
        self,
        server: AuthServer,
        credentials: dict[str, Any],
        file: Path,
        arguments: list[str],
        message: str,
        monkeypatch: pytest.MonkeyPatch,
        capsys: Out,
    ) -> None:
        """On standard error, with the documented beginning; exit status 1."""
        monkeypatch.chdir(file.parent)
        Path("expired.json").write_text(json.dumps({**credentials, "expires": "2020-01-01T00:00:00Z"}))
        Path("lacking.json").write_text(json.dumps({k: v for k, v in credentials.items() if k != "issuer"}))
        Path("array.json").write_text("[]")
        Path("wrong.json").write_text(json.dumps({**credentials, "clientId": "x"}))
        given = ["get-access-token", "--token-cache", "none", "--server", server.url, *arguments]

        assert main([*given, "--env-config-file-path", "none.json"]) == 1

        captured = capsys.readouterr()
        last = captured.err.splitlines()[-1]
        assert last.startswith(message)
        assert captured.out == ""
        assert CLIENT_SECRET not in captured.err

    def test_verbose_logs_without_secrets(self, server: AuthServer, file: Path, capsys: Out) -> None:
        """As `LEVEL: text`; the logging of the process is left as it was."""
        level, handlers = logging.getLogger().level, list(logging.getLogger().handlers)
        main(
            [
                "-v",
                "get-access-token",
                "--server",
                server.url,
                "--credentials",
                str(file),
                "--token-cache",
                "none",
            ]
        )
        lines = capsys.readouterr().err.splitlines()
        assert any(line.startswith("DEBUG: ") and TOKEN_PATH in line for line in lines)
        assert "INFO: Got a new access token, good for 3600 s" in lines
        assert FIRST_TOKEN not in "".join(lines)
        assert (logging.getLogger().level, logging.getLogger().handlers) == (level, handlers)

    def test_interrupt(self, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Is no traceback."""

        def interrupt(**_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("kognic.auth.cli._token.make_token_provider", interrupt)
        assert main(["get-access-token", "--credentials", str(file)]) == 130


class TestCredentials:
    """`kognic-auth credentials`."""

    def test_without_sub_command(self, capsys: Out) -> None:
        """Nothing happens."""
        assert main(["credentials"]) == 0
        assert capsys.readouterr().out == ""

    @pytest.mark.parametrize(("options", "profile"), [([], "default"), (["--env", "staging"], "staging")])
    def test_put_get_delete(
        self, file: Path, credentials: dict[str, Any], options: list[str], profile: str, capsys: Out
    ) -> None:
        """A profile of the keyring."""
        assert main(["credentials", "put", str(file), *options]) == 0
        assert (
            capsys.readouterr().out
            == f"Stored the credentials of client {CLIENT_ID} as profile '{profile}'\n"
        )
        assert load_credentials(profile) is not None

        assert main(["credentials", "get", *options]) == 0
        assert capsys.readouterr().out == json.dumps(credentials, indent=2) + "\n"

        for _ in range(2):
            assert main(["credentials", "delete", *options]) == 0
        assert main(["credentials", "get", *options]) == 1
        assert f"Error: the system keyring has no profile '{profile}'" in capsys.readouterr().err

    def test_put_of_expired_credentials_warns(
        self, file: Path, credentials: dict[str, Any], capsys: Out
    ) -> None:
        """They are still stored."""
        file.write_text(json.dumps({**credentials, "expires": "2020-01-01"}))
        assert main(["credentials", "put", str(file)]) == 0
        assert "Warning: these credentials expired at 2020-01-01" in capsys.readouterr().err

    def test_put_errors(self, tmp_path: Path, file: Path, capsys: Out) -> None:
        """A missing file; no keyring."""
        assert main(["credentials", "put", str(tmp_path / "missing.json")]) == 1
        assert capsys.readouterr().err.startswith("Error: There is no credentials file '")
        keyring.set_keyring(fail.Keyring())
        assert main(["credentials", "put", str(file)]) == 1
        assert capsys.readouterr().err.startswith("Error: No system keyring: ")
        assert main(["credentials", "get"]) == 1
        assert capsys.readouterr().err.startswith("Error: this machine has no keyring service")
