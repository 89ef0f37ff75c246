"""The `kog` command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kognic.auth.cli.api_request import METHODS, _create_parser, main, run
from kognic.auth.errors import NoCredentialsError
from tests.auth.auth_server import CLIENT_ID, Answer, AuthServer

Out = pytest.CaptureFixture[str]


@pytest.fixture
def environments(tmp_path: Path, credentials: dict[str, Any], server: AuthServer) -> Path:
    """An environments file with the server in it."""
    (tmp_path / "c.json").write_text(json.dumps(credentials))
    here = {"url": server.url, "credentials": str(tmp_path / "c.json"), "scopes": ["from-env"]}
    path = tmp_path / "environments.json"
    path.write_text(json.dumps({"environments": {"here": here}}))
    return path


@pytest.fixture
def kog(environments: Path) -> Any:
    """Runs the command with the environments file and without a cache; gives its exit status."""

    def kog(*arguments: str) -> int:
        options = ["--env-config-file-path", str(environments), "--token-cache", "none"]
        return run(_create_parser().parse_args([*arguments, *options]))

    return kog


@pytest.mark.parametrize("method", METHODS)
def test_methods(server: AuthServer, kog: Any, method: str, capsys: Out) -> None:
    """Lower case; the answer is printed as indented JSON."""
    assert kog(method, f"{server.url}/v1/x?a=1") == 0
    request = server.api_requests[0]
    assert (request.method, request.path, request.query) == (method.upper(), "/v1/x", {"a": "1"})
    assert request.bearer
    out = capsys.readouterr().out
    expected = {"data": {"method": method.upper(), "body": ""}}
    assert out == ("\n" if method == "head" else json.dumps(expected, indent=2) + "\n")


def test_main_exits_with_the_status(server: AuthServer, environments: Path, capsys: Out) -> None:
    """Like every command."""
    options = ["--env-config-file-path", str(environments), "--token-cache", "none"]
    for path, status in (("/a", 0), ("/err", 1)):
        server.script("/err", Answer(404, {"message": "no"}))
        with pytest.raises(SystemExit) as caught:
            main(["get", f"{server.url}{path}", *options])
        assert caught.value.code == status


@pytest.mark.parametrize(
    "arguments", [["GET", "http://x"], ["get"], ["fetch", "http://x"], ["get", "http://x", "--format", "xml"]]
)
def test_wrong_usage(arguments: list[str], capsys: Out) -> None:
    """Exit status 2."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2


@pytest.mark.parametrize(
    ("data", "sent"),
    [('{"a": [1, null]}', '{"a": [1, null]}'), ("[]", "[]"), ("5", "5"), ("true", "true"), ("null", "null")],
)
def test_body(server: AuthServer, kog: Any, data: str, sent: str) -> None:
    """Sent as it was given, as JSON."""
    assert kog("post", f"{server.url}/a", "-d", data) == 0
    assert server.api_requests[0].body == sent.encode()
    assert server.api_requests[0].headers["content-type"] == "application/json"


def test_headers(server: AuthServer, kog: Any) -> None:
    """Headers are repeatable, a given content type is kept, and options may stand between the arguments."""
    status = kog(
        "post", "-H", "X-One: a: b", f"{server.url}/a", "-H", "content-TYPE: application/x", "-d", "{}"
    )
    assert status == 0
    headers = server.api_requests[0].headers
    assert (headers["x-one"], headers["content-type"]) == ("a: b", "application/x")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-d", "{bad"], "Error: The body given by --data is not JSON: Expecting property name"),
        (["-d", '"text"'], "Error: The body is of type str, must be a dict or a list"),
        (["-H", "s3cr3t-header"], "Error: Header 's3cr3t-header' must have the form 'Key: Value'"),
        (["-H", ": x"], "Error: Header '' must have the form"),
        (["--env", "nope"], "Error: Unknown environment 'nope'"),
    ],
)
def test_bad_values(server: AuthServer, kog: Any, arguments: list[str], message: str, capsys: Out) -> None:
    """One line, exit status 1, nothing sent."""
    assert kog("post", f"{server.url}/a", *arguments) == 1
    assert capsys.readouterr().err.startswith(message)
    assert server.received == []


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            Answer(404, {"message": "no such order"}),
            "Error: 404 Client Error: Not Found for url: {url}/a Got error in response: 'no such order'\n",
        ),
        (
            Answer(503, b"<>\n<>"),
            "Error: 503 Server Error: Service Unavailable for url: {url}/a Got error in response: '<> <>'\n",
        ),
    ],
)
def test_failed_calls(server: AuthServer, kog: Any, answer: Answer, message: str, capsys: Out) -> None:
    """One line on standard error, nothing on standard output."""
    server.script("/a", answer)
    assert kog("post", f"{server.url}/a") == 1
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", message.format(url=server.url))


def test_rejected_credentials(server: AuthServer, kog: Any, capsys: Out) -> None:
    """Say so."""
    server.client_ids.clear()
    assert kog("get", f"{server.url}/a") == 1
    assert capsys.readouterr().err == f"Error: invalid_client: Unknown client {CLIENT_ID}\n"


@pytest.mark.parametrize(("options", "scope"), [([], "from-env"), (["--scope", "a", "--scope", "b"], "a b")])
def test_scopes(server: AuthServer, kog: Any, options: list[str], scope: str) -> None:
    """Those of the environment, or others."""
    assert kog("get", f"{server.url}/a", *options) == 0
    assert server.token_requests[0].form["scope"] == scope


@pytest.mark.parametrize("url", ["https://example.com/x", "https://app.kognic.com.example.com"])
def test_no_token_goes_to_a_host_that_belongs_nowhere(
    server: AuthServer, kog: Any, url: str, monkeypatch: pytest.MonkeyPatch, capsys: Out
) -> None:
    """A mistyped URL must not hand out a token of the platform."""
    monkeypatch.setenv("KOGNIC_CLIENT_ID", "i")
    monkeypatch.setenv("KOGNIC_CLIENT_SECRET", "s")
    assert kog("get", url) == 1
    assert "Error: Refused to send a token of app.kognic.com to" in capsys.readouterr().err


def test_platform_urls_belong_to_the_platform(kog: Any, capsys: Out) -> None:
    """Without any environments file; here it fails for want of credentials."""
    assert kog("get", "https://input.app.kognic.com/x") == 1
    assert "No Kognic credentials" in capsys.readouterr().err
    assert kog("get", "input.app.kognic.com/x") == 1
    assert "must be a full one" in capsys.readouterr().err
    assert issubclass(NoCredentialsError, ValueError)


def test_default_environment_is_for_the_rest(
    server: AuthServer, kog: Any, environments: Path, capsys: Out
) -> None:
    """As the user chose it in the file."""
    content = json.loads(environments.read_text())
    content["default_environment"] = "here"
    content["environments"]["here"]["host"] = "elsewhere.example.com"
    content["environments"]["here"]["auth_server"] = content["environments"]["here"].pop("url")
    environments.write_text(json.dumps(content))
    assert kog("get", f"{server.url}/a") == 0


ITEMS = [{"x": 1, "y": None}, {"x": True, "z": {"k": "å"}}, {"z": [1], "x": 'say "hi", you|\nall'}]


PRINTED = {
    "jsonl": """\
{"x": 1, "y": null}
{"x": true, "z": {"k": "\\u00e5"}}
{"z": [1], "x": "say \\"hi\\", you|\\nall"}
""",
    "csv": 'x,y,z\r\n1,None,\r\nTrue,,"{""k"": ""\\u00e5""}"\r\n"say ""hi"", you|\nall",,[1]\r\n',
    "tsv": 'x\ty\tz\r\n1\tNone\t\r\nTrue\t\t"{""k"": ""\\u00e5""}"\r\n"say ""hi"", you|\nall"\t\t[1]\r\n',
    "table": """\
| x                   | y    | z               |
|---------------------|------|-----------------|
| 1                   | None |                 |
| True                |      | {"k": "\\u00e5"} |
| say "hi", you\\| all |      | [1]             |
""",
}


@pytest.mark.parametrize(("form", "printed"), PRINTED.items())
@pytest.mark.parametrize("body", [ITEMS, {"data": ITEMS}], ids=["list", "envelope"])
def test_formats(server: AuthServer, kog: Any, form: str, printed: str, body: Any, capsys: Out) -> None:
    """Columns in the order of their first appearance, absent cells empty, nested values as JSON."""
    server.script("/a", Answer(200, body))
    assert kog("get", f"{server.url}/a", "--format", form) == 0
    assert capsys.readouterr().out == printed


@pytest.mark.parametrize(
    ("form", "printed"),
    [
        ("jsonl", '1\n"a"\n{"x": 2}\n[3]\n'),
        ("csv", "value,x\r\n1,\r\na,\r\n,2\r\n[3],\r\n"),
        (
            "table",
            "| value | x |\n|-------|---|\n| 1     |   |\n| a     |   |\n|       | 2 |\n| [3]   |   |\n",
        ),
    ],
)
def test_items_that_are_no_objects(
    server: AuthServer, kog: Any, form: str, printed: str, capsys: Out
) -> None:
    """Have a column of their own."""
    server.script("/a", Answer(200, [1, "a", {"x": 2}, [3]]))
    assert kog("get", f"{server.url}/a", "--format", form) == 0
    assert capsys.readouterr().out == printed


@pytest.mark.parametrize("form", ["jsonl", "csv", "tsv", "table"])
def test_empty_lists_and_other_answers(server: AuthServer, kog: Any, form: str, capsys: Out) -> None:
    """Nothing for a list without items; JSON for what is no list."""
    server.script(
        "/a", Answer(200, []), Answer(200, {"data": []}), Answer(200, {"a": [], "b": 1}), Answer(200, 5)
    )
    for printed in ("", "", '{\n  "a": [],\n  "b": 1\n}\n', "5\n"):
        assert kog("get", f"{server.url}/a", "--format", form) == 0
        assert capsys.readouterr().out == printed


@pytest.mark.parametrize(
    ("answer", "printed"),
    [
        (
            Answer(200, {"ä": 1}, {"Content-Type": "application/json; charset=utf-8"}),
            '{\n  "\\u00e4": 1\n}\n',
        ),
        (Answer(200, b"{not json", {}), "{not json\n"),
        (Answer(200, b'{"a":1}', {"Content-Type": "text/plain"}), '{"a":1}\n'),
        (Answer(200, b"line\n", {"Content-Type": "text/plain"}), "line\n"),
        (Answer(204, None), "\n"),
    ],
)
def test_text_is_printed_as_it_is(
    server: AuthServer, kog: Any, answer: Answer, printed: str, capsys: Out
) -> None:
    """Only JSON that is called so, and is so, is formatted."""
    server.script("/a", answer)
    assert kog("get", f"{server.url}/a", "--format", "json") == 0
    assert capsys.readouterr().out == printed


def test_verbose_shows_no_token(server: AuthServer, kog: Any, capsys: Out) -> None:
    """But what was asked for."""
    assert kog("get", f"{server.url}/a?X-Goog-Signature=s3cr3t", "-v") == 0
    err = capsys.readouterr().err
    assert "DEBUG: " in err
    assert server.api_requests[0].bearer not in err
    assert "s3cr3t" not in err


@pytest.mark.parametrize("command", ["kog", "kognic-auth"])
def test_help_needs_neither_credentials_nor_network(command: str, tmp_path: Path) -> None:
    """Nor any heavy library."""
    module = {"kog": "kognic.auth.cli.api_request", "kognic-auth": "kognic.auth.cli"}[command]
    code = (
        f"import sys; from {module} import main\n"
        "try: main(['--help'])\nexcept SystemExit as e: status = e.code\n"
        "heavy = {'authlib', 'tenacity', 'keyring', 'httpx', 'click', 'rich', 'cattrs'} & set(sys.modules)\n"
        "assert (status, heavy) == (0, set()), (status, heavy)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"usage: {command} ")
