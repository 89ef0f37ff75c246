"""The root of the command: help without cost, names, failures in one line, completion."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from kognic.cli.lazy import LazyGroup
from kognic.cli.registry import ALIASES, COMMANDS, SUBCOMMANDS, Entry
from kognic.cli.root import cli
from kognic.io.client import KognicIOClient
from kognic.sandbox import Sandbox
from kognic.sandbox.sample.drive import write_sample_drive
from tests.cli.command_tree import nodes

pytestmark = pytest.mark.slow

Run = Callable[..., Result]
PROGRAM = "from kognic.cli import main; main()"


def process(
    *arguments: str, env: dict[str, str] | None = None, code: str = PROGRAM
) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, without credentials unless `env` has some."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("KOGNIC_", "XDG_"))}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        env={**clean, "HOME": "/nonexistent", **(env or {})},
        timeout=120,
        check=False,
    )


def test_help_imports_nothing_heavy() -> None:
    """`--help` and completion of names load click and the table of commands, and no more."""
    heavy = ["requests", "rich", "attrs", "cattrs", "authlib", "tenacity", "yaml", "tqdm", "kognic.io.client"]
    code = f"""
import sys
from kognic.cli import main
try:
    main()
except SystemExit as exc:
    assert not exc.code
    print([name for name in {heavy} if name in sys.modules])
"""
    done = process("--help", code=code)
    assert done.returncode == 0, done.stderr
    assert "Create, list, show and clean up scenes" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_help_of_every_command_needs_no_client() -> None:
    """Every command and group explains itself, in a first line of its own."""
    for path, _ in nodes(cli):
        result = CliRunner().invoke(cli, [*path, "--help"], obj={"client": None})
        assert result.exit_code == 0, (path, result.output)
        assert "Usage: " in result.output
        if path:
            text = result.output.split("\n\n")[1].strip()
            assert text.endswith((".", ":")) or "." in text, (path, text)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_registry_names_commands(name: str) -> None:
    """Each target can be imported, and its line of help ends like a sentence."""
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert command.name == name
    assert COMMANDS[name].help.endswith(".")


def test_aliases_and_additions_point_to_commands() -> None:
    assert set(ALIASES.values()) <= set(COMMANDS)
    assert not set(ALIASES) & set(COMMANDS)
    assert set(SUBCOMMANDS) <= set(COMMANDS)


def test_plural_is_the_same_command(run: Run, kognic_sandbox: Sandbox) -> None:
    assert run("projects", "list").output == run("project", "list").output


def test_misspelt_command_is_suggested(run: Run) -> None:
    result = run("scnees", status=2)
    assert "No such command 'scnees'" in result.stderr
    assert "Did you mean 'scenes'?" in result.stderr


def test_missing_extra_is_named() -> None:
    """A command whose packages are missing says which pip command brings them."""
    lazy = {"sandbox": Entry("not_a_package_of_ours.cli:x", "Help.", extra="sandbox")}
    group = LazyGroup("group", lazy=lazy)
    assert "Help." in CliRunner().invoke(group, ["--help"]).output
    result = CliRunner().invoke(group, ["sandbox"])
    assert result.exit_code == 1
    assert "'sandbox' needs more packages: pip install \"kognic-client[sandbox]\"" in result.stderr


def test_added_subcommands_are_part_of_their_group(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command may join a group from a module of its own."""
    entry = Entry("kognic.cli.workspace:list_workspaces", "Borrowed.")
    monkeypatch.setitem(SUBCOMMANDS, "grown", {"more": entry})
    group = LazyGroup("grown")
    assert "more  Borrowed." in CliRunner().invoke(group, ["--help"]).output
    assert "List the workspaces" in CliRunner().invoke(group, ["more", "--help"]).output


def test_version() -> None:
    from kognic.auth import __version__

    assert CliRunner().invoke(cli, ["--version"]).output == f"kognic, version {__version__}\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script(shell: str) -> None:
    output = CliRunner().invoke(cli, ["completion", shell]).output
    assert "_KOGNIC_COMPLETE" in output
    assert "kognic" in output


def test_completion_completes() -> None:
    """What the script of bash asks for."""
    done = process(env={"_KOGNIC_COMPLETE": "bash_complete", "COMP_WORDS": "kognic pro", "COMP_CWORD": "1"})
    assert done.stdout.split() == ["plain,project"]


def test_errors_are_one_line_without_traceback(tmp_path: Path) -> None:
    """Missing credentials, an unreadable file, a host that refuses: exit status 1 and one line."""
    for arguments, env, expected in (
        (["project", "list"], {}, "credentials"),
        (["project", "list", "--credentials", "/nonexistent/c.json"], {}, "/nonexistent/c.json"),
        (["project", "list", "--environment", "nowhere"], {}, "nowhere"),
        (["scene", "create", str(tmp_path / "no.json")], {}, "no.json does not exist"),
    ):
        done = process(*arguments, env=env)
        assert (done.returncode, done.stdout) == (1, ""), done
        assert done.stderr.startswith("kognic: error: ")
        assert len(done.stderr.splitlines()) == 1, done.stderr
        assert expected in done.stderr


def test_debug_logs_the_traceback(tmp_path: Path) -> None:
    done = process("--debug", "scene", "create", str(tmp_path / "no.json"))
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("kognic: error: ")


def test_debug_logs_calls_and_no_secrets(kognic_sandbox: Sandbox, tmp_path: Path) -> None:
    """What a person pastes into a report holds neither credentials nor tokens nor signatures."""
    drive = write_sample_drive(tmp_path, frames=1, scene_type="cameras")
    done = process("--debug", "scene", "create", str(drive.scene_file), env=kognic_sandbox.env())
    assert done.returncode == 0, done.stderr
    assert "DEBUG kognic.base_clients.http.client: POST http://" in done.stderr
    assert "urllib3" not in done.stderr
    for secret in (kognic_sandbox.credentials["clientSecret"], "eyJ"):
        assert secret not in done.stdout + done.stderr
    # The link to look at the scene is signed, and is what the command prints as its result.
    assert "ignature=" not in done.stderr


def test_mistakes_of_the_program_keep_their_traceback(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    """Only errors that are raised on purpose become a line."""

    def broken(self: object) -> None:
        raise KeyError("a bug")

    monkeypatch.setattr("kognic.io.resources.project.ProjectResource.get_projects", broken)
    result = run("project", "list", status=1)
    assert isinstance(result.exception, KeyError)


def test_environment_of_a_sandbox_is_enough(kognic_sandbox: Sandbox) -> None:
    """The variables that a sandbox prints let every command find it."""
    done = process("project", "list", "--json", env=kognic_sandbox.env())
    assert [found["project"] for found in json.loads(done.stdout)] == ["sandbox-project"], done.stderr


def test_broken_pipe_is_quiet(kognic_sandbox: Sandbox) -> None:
    """`kognic ... | head -0` ends without a word."""
    env = {**{k: v for k, v in os.environ.items() if not k.startswith("KOGNIC_")}, **kognic_sandbox.env()}
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "project", "list"],
        stdout=writer,
        stderr=subprocess.PIPE,
        env=env,
        check=False,
    )
    os.close(writer)
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert b"kognic: error" not in done.stderr


def test_client_of_the_options_is_closed(kognic_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command makes one client and closes it."""
    made: list[KognicIOClient] = []
    closed: list[KognicIOClient] = []

    class Watched(KognicIOClient):
        def __init__(self, **kwargs: object) -> None:
            assert kwargs["auth"] == "credentials.json"
            super().__init__(**{**kwargs, **kognic_sandbox.hosts(), "auth": kognic_sandbox.credentials})
            made.append(self)

        def close(self) -> None:
            closed.append(self)
            super().close()

    monkeypatch.setattr("kognic.io.client.KognicIOClient", Watched)
    result = CliRunner().invoke(cli, ["scene", "show", "x", "--credentials", "credentials.json"])
    assert result.exit_code == 1
    assert len(made) == 1
    assert closed == made


def test_a_missing_platform_is_reported_within_seconds() -> None:
    """Somebody waits: a few attempts, the reason in a few words, and what to do about it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    environments = {"environments": {"gone": {"url": url}}}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "kognic").mkdir()
        (Path(folder) / "kognic" / "environments.json").write_text(json.dumps(environments))
        done = process(
            *("project", "list"),
            env={
                "XDG_CONFIG_HOME": folder,
                "KOGNIC_ENVIRONMENT": "gone",
                "KOGNIC_CLIENT_ID": "somebody",
                "KOGNIC_CLIENT_SECRET": "secret",
            },
        )
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last == (
        f"kognic: error: No access token from {url}/v1/auth/oauth/token: no connection to {url[7:]} "
        "(Connection refused); Is the sandbox running? 'kognic sandbox serve' starts it"
    )
    assert done.stderr.count("failed, retrying in") == 3
    assert "HTTPConnectionPool" not in done.stderr


def test_unreadable_credentials_are_named(tmp_path: Path) -> None:
    """The error says that the file was to hold credentials, not only that some file is missing."""
    result = CliRunner().invoke(cli, ["project", "list", "--credentials", str(tmp_path / "none.json")])
    assert result.exit_code == 1
    assert f"There is no credentials file '{tmp_path / 'none.json'}'" in result.stderr


def test_quiet(tmp_path: Path) -> None:
    """Results and errors only: no notes, also where nothing was found."""
    scene = write_sample_drive(tmp_path / "drive", frames=1).scene_file
    with Sandbox() as sandbox:
        for flags, said in (((), True), (("-q",), False), (("--quiet",), False)):
            done = process(*flags, "scene", "create", str(scene), env=sandbox.env())
            assert done.returncode == 0, done.stderr
            assert ("files stored" in done.stderr) is said
            assert "status" in done.stdout
        assert done.stderr == ""
        failed = process("-q", "scene", "show", "no-such-scene", env=sandbox.env())
    assert failed.returncode == 1
    assert failed.stderr.startswith("kognic: error: ")


def test_the_way_to_a_local_platform(tmp_path: Path) -> None:
    """Without credentials, or with a name that no file knows, the error names the sandbox."""
    environment = {"HOME": str(tmp_path), "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    done = process("project", "list", env=environment)
    assert done.returncode == 1
    assert (
        "start a local platform: 'kognic sandbox serve', then 'eval \"$(kognic sandbox env)\"'" in done.stderr
    )
    done = process("project", "list", "--environment", "sandbox", env=environment)
    assert done.returncode == 1
    assert "'kognic sandbox serve --register' adds 'sandbox', a local platform" in done.stderr


def test_linear_algebra_has_one_thread() -> None:
    """As NumPy's own library reports it, in the process of the command."""
    script = (
        "import sys; from kognic.cli import main\n"
        "sys.argv = ['kognic', '--version']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "import ctypes, glob, numpy, os\n"
        "folder = os.path.join(os.path.dirname(numpy.__file__), '..', 'numpy.libs')\n"
        "library = ctypes.CDLL(glob.glob(folder + '/*openblas*')[0])\n"
        "print(library.scipy_openblas_get_num_threads64_())\n"
    )
    environment = {key: value for key, value in os.environ.items() if key != "OPENBLAS_NUM_THREADS"}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.splitlines()[-1] == "1"
