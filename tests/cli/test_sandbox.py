"""`kognic sandbox`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import requests
from click.testing import CliRunner, Result

from kognic.auth.env_config import load_kognic_env_config
from kognic.cli.root import cli
from kognic.sandbox import Sandbox, connection
from tests.sandbox.protocol import Api, cuboid_document

SERVE = [sys.executable, "-c", "from kognic.cli import main; main()", "sandbox", "serve"]
SEED = "projects: [{external_id: harbour, batches: [{external_id: week-1}]}]\n"


def run(*args: str) -> Result:
    return CliRunner().invoke(cli, ["sandbox", *args])


@pytest.fixture
def root(
    kognic_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """The folder of a sandbox that runs, the only one of its user."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.delenv("KOGNIC_CREDENTIALS", raising=False)
    connection.list_as_running(kognic_sandbox.root, kognic_sandbox.url)
    yield str(kognic_sandbox.root)
    connection.remove_note(kognic_sandbox.root)


def exports(text: str) -> dict[str, str]:
    """What a shell makes of exports."""
    script = f"{text}\nexec {sys.executable} -c 'import json, os; print(json.dumps(dict(os.environ)))'"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True, env={})
    return dict(json.loads(done.stdout))


def wait_for(process: subprocess.Popen[str], ending: str) -> str:
    """What a process writes to standard output up to a line."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith(ending):
            return "".join(lines)
    raise AssertionError(f"it ended: {process.stderr.read() if process.stderr else ''}")


@pytest.mark.slow
def test_serve(tmp_path: Path) -> None:
    """It serves until a signal stops it, is filled from a file, and prints how to connect."""
    seed = tmp_path / "seed.yaml"
    seed.write_text(SEED)
    home = tmp_path / "config"
    environments = home / "kognic" / "environments.json"
    options = ["--root", str(tmp_path / "a state"), "--seed", str(seed), "--env", "--register", "local"]
    with subprocess.Popen(
        [*SERVE, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "XDG_CONFIG_HOME": str(home)},
    ) as process:
        told = exports(wait_for(process, "export XDG"))
        registered = load_kognic_env_config(environments).environments["local"]
        credentials = json.loads(Path(told["KOGNIC_CREDENTIALS"]).read_text())
        own = load_kognic_env_config(Path(told["XDG_CONFIG_HOME"]) / "kognic" / "environments.json")
        environment = own.environments[told["KOGNIC_ENVIRONMENT"]]
        assert registered.url == environment.url == environment.auth_server
        assert registered.credentials == told["KOGNIC_CREDENTIALS"]
        answer = requests.post(
            f"{environment.url}/v1/auth/oauth/token",
            data={
                "grant_type": "client_credentials",
                "client_id": credentials["clientId"],
                "client_secret": credentials["clientSecret"],
            },
            timeout=30,
        )
        bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        projects = requests.get(f"{environment.url}/v1/projects", headers=bearer, timeout=30).json()["data"]
        assert [one["project"] for one in projects] == ["sandbox-project", "harbour"]
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)

    assert process.returncode == 130
    assert f"Sandbox at {environment.url}" in errors
    assert "The sandbox has stopped." in errors
    assert credentials["clientSecret"] not in errors
    assert "local" not in load_kognic_env_config(environments).environments
    assert not (tmp_path / "a state" / "sandbox.json").exists()


def test_env(root: str, kognic_sandbox: Sandbox) -> None:
    """Exports of a sandbox that runs, quoted for the shell."""
    result = run("env", "--root", root)

    assert result.exit_code == 0
    told = exports(result.stdout)
    assert told.items() >= kognic_sandbox.env().items()


def test_reset(root: str, api: Api) -> None:
    """What was made is gone."""
    api.create()

    result = run("reset", "--root", root)

    assert (result.exit_code, result.stdout) == (0, "")
    assert api.sandbox.control.scenes() == []


def test_calls(root: str, api: Api) -> None:
    """One JSON object per line."""
    api.get("/v1/projects")

    lines = [json.loads(line) for line in run("calls", "--root", root).stdout.splitlines()]

    assert [one["route"] for one in lines] == ["/v1/auth/oauth/token", "/v1/projects"]


def test_tune(root: str, api: Api) -> None:
    """Only what is named changes."""
    times = json.loads(run("tune", "--root", root, "--token-lifetime", "9").stdout)

    assert (times["token_lifetime"], times["url_lifetime"]) == (9, 3600)
    assert api.token().json()["expires_in"] == 9


def test_faults(root: str, api: Api) -> None:
    """Added, listed, removed, cleared."""
    options = ["--route", "GET /v1/projects", "--status", "429", "--retry-after", "5", "--times", "1"]
    number = run("fault", "add", "status", "--root", root, *options).stdout.strip()
    answer = api.send("GET", "/v1/projects")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "5")

    [rule] = [json.loads(line) for line in run("fault", "list", "--root", root).stdout.splitlines()]
    assert (str(rule["number"]), rule["hits"]) == (number, 1)
    run("fault", "remove", number, "--root", root)
    assert run("fault", "list", "--root", root).stdout == ""
    run("fault", "add", "status", "--root", root)
    assert run("fault", "clear", "--root", root).exit_code == 0
    assert api.get("/v1/projects")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["reset", "--root", "/nowhere"], "no sandbox runs in /nowhere; start one: kognic sandbox serve"),
        (["serve", "--seed", "/nowhere/seed.yaml"], "/nowhere/seed.yaml: No such file or directory"),
    ],
)
def test_failures(args: list[str], message: str) -> None:
    """One line on standard error, exit status 1."""
    result = run(*args)

    assert result.exit_code == 1
    assert message in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a\n", "has no object at its top level"),
        ("a: [", "cannot be read as YAML or JSON"),
        ("[" * 3000, "cannot be read as YAML or JSON: is nested too deeply"),
        ("", "has no object at its top level"),
        ("a: 2020-99-99", "Validation failed: a: Extra inputs are not permitted"),
    ],
)
def test_bad_seed(tmp_path: Path, text: str, message: str) -> None:
    """The file is named, before anything is started."""
    path = tmp_path / "seed.yaml"
    path.write_text(text)

    result = run("serve", "--seed", str(path))

    assert result.exit_code == 1
    assert str(path) in result.stderr
    assert message in result.stderr


def test_unknown_fault(root: str) -> None:
    """The platform's own words reach the user."""
    result = run("fault", "add", "gremlins", "--root", root)

    assert result.exit_code == 1
    assert "kind is gremlins, must be one of" in result.stderr


@pytest.mark.parametrize("note", ["[]", "{}", "not json"])
def test_broken_note(tmp_path: Path, note: str) -> None:
    """An invalid note file is reported with its path."""
    (tmp_path / "sandbox.json").write_text(note)

    result = run("reset", "--root", str(tmp_path))

    assert result.exit_code == 1
    assert str(tmp_path / "sandbox.json") in result.stderr


def test_help() -> None:
    """Every command has one."""
    for command in ([], ["serve"], ["env"], ["reset"], ["calls"], ["tune"], ["fault"], ["fault", "add"]):
        result = run(*command, "--help")
        assert result.exit_code == 0
        assert "Usage:" in result.stdout


def test_open_prints_a_link(root: str, api: Api) -> None:
    """Of the overview, of an input, of a scene; the link signs in."""
    scene = api.create()
    placed = api.place(scene)["uuid"]

    for uuid, page in (
        ((), "/view/"),
        ((placed,), f"/view/input/{placed}"),
        ((scene,), f"/view/scene/{scene}"),
    ):
        result = run("open", *uuid, "--root", root, "--no-open")
        assert result.exit_code == 0, result.output
        link = result.stdout.strip()
        assert link.startswith(f"{api.sandbox.url}{page}?User=1&Expires=")
        answer = requests.get(link, timeout=20)
        assert (answer.status_code, answer.url) == (200, f"{api.sandbox.url}{page}")
    failed = run("open", "nothing", "--root", root, "--no-open")
    assert failed.exit_code == 1
    assert "no input of the sandbox has the UUID 'nothing', nor has a scene" in failed.stderr
    unknown = run("open", str(uuid4()), "--root", root, "--no-open")
    assert "There is no input or scene" in unknown.stderr


def test_the_commands_on_the_pages(root: str, api: Api, tmp_path: Path) -> None:
    """Complete the task of an input, skip a phase, deliver an annotation."""
    placed = api.place(api.create("lidars-and-cameras-sequence"))["uuid"]
    document = tmp_path / "annotation.json"
    document.write_text(json.dumps(cuboid_document()))

    completed = run("complete-task", placed, str(document), "--root", root)
    assert completed.exit_code == 0, completed.output
    assert run("advance", placed, "--root", root).stdout.strip() == "delivery"
    delivered = run("deliver", placed, "--root", root).stdout.strip()

    assert api.get(f"/v2/inputs/{placed}/annotation")["uri"].partition("?")[0].endswith(f"/{delivered}.json")
    assert completed.stdout.strip() != delivered


def test_inputs_by_the_name_of_their_scene(root: str, api: Api, tmp_path: Path) -> None:
    """An input answers to the UUID and the external ID of its scene, if it is the only one."""
    scene = api.create("lidars-and-cameras-sequence")
    name = next(one["externalId"] for one in api.sandbox.control.scenes() if one["uuid"] == scene)
    assert "no input of the sandbox has the UUID" in run("advance", name, "--root", root).stderr
    placed = api.place(scene)["uuid"]
    document = tmp_path / "annotation.json"
    document.write_text(json.dumps(cuboid_document()))

    for given in (name, scene, placed):
        result = run("deliver", given, str(document), "--root", root)
        assert result.exit_code == 0, result.output
        assert result.stderr == f"Delivered {document} for input {placed}.\n"

    control = api.sandbox.control
    control.create_project("other")
    control.create_batch("other", "week-1")
    request = control.create_request("other", "week-1")
    second = api.post("/v2/inputs", {"sceneUuid": scene, "requestUuid": request})["uuid"]
    result = run("deliver", name, str(document), "--root", root)
    assert result.exit_code == 1
    assert (
        f"scene '{name}' has 2 inputs; add --project, or pass the UUID of one: {placed} in" in result.stderr
    )
    assert second in result.stderr
    for project, expected in (("sandbox-project", placed), ("other", second)):
        result = run("deliver", name, str(document), "--project", project, "--root", root)
        assert result.stderr == f"Delivered {document} for input {expected}.\n"
    result = run("deliver", name, str(document), "--project", "third", "--root", root)
    assert "no input of project 'third' has the UUID" in result.stderr


def test_deliver_warns_of_faults(root: str, api: Api, tmp_path: Path) -> None:
    """A document is delivered as it stands, and what `annotation validate` finds in it is printed."""
    placed = api.place(api.create("lidars-and-cameras-sequence"))["uuid"]
    plain = json.loads(json.dumps(cuboid_document()))
    frame = next(iter(plain["openlabel"]["frames"].values()))
    declared = next(iter(frame["objects"]))
    boxes = [{"name": "b", "val": [1, 2], "attributes": {"text": [{"name": "stream", "val": "FRONT"}]}}]
    frame["objects"][declared]["object_data"]["bbox"] = boxes
    frame["objects"]["ghost"] = {"object_data": {}}
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(plain))
    result = run("deliver", placed, str(path), "--root", root)
    assert result.exit_code == 0
    delivered, *warnings = result.stderr.splitlines()
    assert delivered == f"Delivered {path} for input {placed}."
    assert [line.partition(f"Warning: {path}: ")[2].partition(":")[0] for line in warnings] == [
        "an-object-missing",
        "an-value",
    ]
    assert "object ghost is not declared in objects" in warnings[0]
    assert "a bbox has 4 finite numbers" in warnings[1]
    checked = CliRunner().invoke(cli, ["annotation", "validate", str(path)])
    assert checked.exit_code == 1
    assert all(code in checked.output for code in ("an-object-missing", "an-value"))


def test_deliver_says_what(root: str, api: Api, tmp_path: Path) -> None:
    """Without a document: the latest annotation, else the pre-annotation, else an error that says so."""
    placed = api.place(api.create("lidars-and-cameras-sequence"))["uuid"]

    for command in ("deliver", "complete-task"):
        refused = run(command, placed, "--root", root)
        assert refused.exit_code == 1
        assert refused.stdout == ""
        assert "has neither an annotation nor a pre-annotation: pass the path" in refused.stderr
    empty = run("deliver", placed, "--empty", "--root", root)
    assert empty.exit_code == 0
    assert "Delivered a document without objects for input" in empty.stderr
    again = run("deliver", placed, "--root", root)
    assert f"Delivered its latest annotation, {empty.stdout.strip()} for input" in again.stderr


def test_killed_sandboxes_leave_the_list(root: str, kognic_sandbox: Sandbox, tmp_path: Path) -> None:
    """Their port may be another's now, and a temporary folder is gone: both answered, or stayed for ever."""
    for name, url in (("killed", kognic_sandbox.url), ("gone", "http://127.0.0.1:9")):
        connection.list_as_running(tmp_path / name, url)
    (tmp_path / "gone" / "sandbox.json").unlink()
    connection.list_as_running(kognic_sandbox.root, kognic_sandbox.url)
    assert connection.running_roots() == [kognic_sandbox.root]
    listed = Path(os.environ["XDG_CACHE_HOME"]) / "kognic" / "sandboxes"
    assert [json.loads(path.read_text())["root"] for path in listed.iterdir()] == [root]


def test_the_list_is_not_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user without a folder to write to can still start a sandbox, and stop it."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    connection.list_as_running(tmp_path, "http://127.0.0.1:9")
    assert connection.read_note(tmp_path) == "http://127.0.0.1:9"
    connection.remove_note(tmp_path)
    assert not (tmp_path / "sandbox.json").exists()


def test_the_only_running_sandbox_is_found(
    root: str, kognic_sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No --root is needed while one sandbox runs; one that was killed does not count."""
    assert run("env").stdout == run("env", "--root", root).stdout
    connection.list_as_running(tmp_path / "killed", "http://127.0.0.1:9")
    assert run("env").exit_code == 0
    with Sandbox(tmp_path / "other place") as other:
        connection.list_as_running(other.root, other.url)
        failed = run("reset")
        assert failed.exit_code == 1
        assert "2 sandboxes are running; choose one with --root: " in failed.stderr
        assert f"'{other.root}'" in failed.stderr
        # The variables of a sandbox select it.
        monkeypatch.setenv("KOGNIC_CREDENTIALS", other.env()["KOGNIC_CREDENTIALS"])
        assert run("env").stdout == connection.as_exports(other.env())
        monkeypatch.delenv("KOGNIC_CREDENTIALS")
        connection.remove_note(other.root)
    assert run("env").exit_code == 0
    connection.remove_note(kognic_sandbox.root)
    failed = run("env")
    assert failed.exit_code == 1
    assert failed.stderr == "kognic: error: no sandbox is running; start one: kognic sandbox serve\n"
