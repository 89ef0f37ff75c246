"""The commands `kognic-auth` and `kog` print the same and end the same as the official ones."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from kognic.sandbox import Sandbox
from tests.interop.environments import Environment, ours

pytestmark = [pytest.mark.interop, pytest.mark.slow, pytest.mark.xdist_group("interop")]

# {url}, {credentials} and so on are those of the sandbox.
TOKEN = "kognic-auth get-access-token --token-cache none"
SUCCEEDS = {
    "token of a server": f"{TOKEN} --server {{url}} --credentials {{credentials}}",
    "decoded token": f"{TOKEN} --env here --env-config-file-path {{environments}} --scopes api:read --decode",
    "json": "kog get {url}/v1/projects {environment} -H X-Mine:%20yes",
    "csv": "kog get {url}/v1/projects {environment} --format csv",
    "table": "kog get {url}/v1/projects {environment} --format table --scope api:read",
    "body": "kog post {url}/v1/projects/empty/batches/one {environment} -d {{}} --format jsonl",
}
# With the documented exit status; these are not run with the official package.
FAILS = {
    "no such environment": (
        "kognic-auth get-access-token --env there --env-config-file-path {environments}",
        1,
    ),
    "not found": ("kog get {url}/v1/projects/nowhere/batches {environment}", 1),
    "upper case": ("kog GET {url}/v1/projects {environment}", 2),
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        sandbox.control.create_project("empty", title="Ein ärmliches, leeres Projekt")
        yield sandbox


@pytest.fixture(scope="module")
def folder(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with an environments file."""
    path = tmp_path_factory.mktemp("home")
    here = {"host": "127.0.0.1", "auth_server": sandbox.url, "credentials": str(sandbox.credentials_file)}
    content = {"default_environment": "here", "environments": {"here": here}}
    (path / "environments.json").write_text(json.dumps(content), "utf-8")
    return path


@pytest.mark.parametrize("command", SUCCEEDS.values(), ids=SUCCEEDS)
def test_same_output(command: str, official_io: Environment, sandbox: Sandbox, folder: Path) -> None:
    """A command that succeeds prints the same text on standard output."""
    arguments = expand(command, sandbox, folder)
    theirs = run(official_io, arguments, folder)
    sandbox.control.reset()
    sandbox.control.create_project("empty", title="Ein ärmliches, leeres Projekt")
    mine = run(ours(), arguments, folder)

    assert (theirs[0], mine[0]) == (0, 0), theirs[2] + mine[2]
    assert without_varying(mine[1]) == without_varying(theirs[1])


@pytest.mark.parametrize(("command", "status"), FAILS.values(), ids=FAILS)
def test_documented_status(command: str, status: int, sandbox: Sandbox, folder: Path) -> None:
    """A command that fails ends with the documented status, prints no result, and says why in one line."""
    ended, out, err = run(ours(), expand(command, sandbox, folder), folder)

    assert ended == status, err
    assert out == ""
    assert "Traceback" not in err
    if status == 1:
        assert err.startswith("Error")
        assert len(err.splitlines()) == 1


def expand(command: str, sandbox: Sandbox, folder: Path) -> list[str]:
    names = {
        "url": sandbox.url,
        "credentials": str(sandbox.credentials_file),
        "environments": str(folder / "environments.json"),
        "environment": f"--env-config-file-path {folder / 'environments.json'} --token-cache none",
    }
    return [part.replace("%20", " ") for part in command.format(**names).split()]


def run(environment: Environment, arguments: list[str], folder: Path) -> tuple[int, str, str]:
    """Status, standard output and standard error of a console script."""
    done = environment.run([environment.script(arguments[0]), *arguments[1:]], cwd=folder)
    return done.returncode, done.stdout, done.stderr


def without_varying(text: str) -> str:
    """Output without what is another one each time: tokens, ids and times."""
    if re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+\n", text):
        return "<token>\n"
    text = re.sub(r"20\d\d-\d\d-\d\dT[\d:.]+Z?", "<time>", text)
    text = re.sub(r'"(jti|iat|exp|nbf|signature)": [^,\n]+', r'"\1": <varies>', text)
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<uuid>", text)
