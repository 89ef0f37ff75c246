"""What a full run at DEBUG leaves behind holds no secret: output, logs, errors, journals, exports, caches."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kognic.sandbox import Sandbox
from kognic.sandbox.platform import security
from kognic.sandbox.platform.auth import routes as auth
from kognic.sandbox.sample.drive import write_sample_drive

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]


class Witness:
    """A sandbox of its own, and every secret that it has handed out."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.tokens: set[str] = set()
        self.refresh_tokens: set[str] = set()
        self.signatures: set[str] = set()

    def secrets(self) -> list[str]:
        # Padding is written in several ways in URLs.
        signatures = {signature.rstrip("=") for signature in self.signatures}
        credentials = {str(self.sandbox.credentials["clientSecret"]), self.sandbox.control_token}
        return sorted(credentials | self.tokens | self.refresh_tokens | signatures)

    def found_in(self, content: bytes) -> list[str]:
        """The secrets that stand in some bytes, shortened, with what surrounds them."""
        found = []
        for secret in self.secrets():
            at = content.find(secret.encode())
            if at >= 0:
                found.append(repr(content[max(0, at - 200) : at + 20]))
        return found


@pytest.fixture
def witness(monkeypatch: pytest.MonkeyPatch) -> Iterator[Witness]:
    with Sandbox() as sandbox:
        witness = Witness(sandbox)
        issue, sign = security.TokenIssuer.issue, security.UrlSigner._signature

        def issued(self: security.TokenIssuer, principal: security.Principal) -> str:
            token = issue(self, principal)
            witness.tokens.add(token)
            return token

        def signed(self: security.UrlSigner, method: str, path: str, expires: str) -> str:
            signature = sign(self, method, path, expires)
            witness.signatures.add(signature)
            return signature

        def refreshing() -> str:
            witness.refresh_tokens.add(token := security.new_secret())
            return token

        monkeypatch.setattr(security.TokenIssuer, "issue", issued)
        monkeypatch.setattr(security.UrlSigner, "_signature", signed)
        monkeypatch.setattr(auth, "new_secret", refreshing)
        yield witness


def environment(home: Path) -> dict[str, str]:
    """A user with a home folder of their own and nothing of Kognic's in the environment."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("KOGNIC", "COV_", "XDG_"))}
    folders = {"HOME": str(home), "TMPDIR": str(home / "tmp"), "USERPROFILE": str(home)}
    return {
        **inherited,
        **folders,
        "NO_PROXY": "127.0.0.1",
        "PYTHONPATH": str(ROOT),
        "PYTHONFAULTHANDLER": "1",
    }


@pytest.fixture
def home(tmp_path: Path, witness: Witness) -> Path:
    (tmp_path / "tmp").mkdir()
    path = tmp_path / "credentials.json"
    path.write_text(json.dumps(witness.sandbox.credentials))
    return tmp_path


def everything_below(home: Path, *but: Path) -> Iterator[tuple[Path, bytes]]:
    for path in home.rglob("*"):
        if path.is_file() and path not in but:
            yield path, path.name.encode() + path.read_bytes()


def test_library(witness: Witness, home: Path) -> None:
    """Clean steps and steps that fail in every way, with all attributes of all records and errors printed."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.security.full_run", json.dumps(witness.sandbox.hosts())],
        input=witness.sandbox.control_token.encode() + b"\n",
        capture_output=True, env=environment(home), cwd=home, timeout=300, check=False,
    )  # fmt: skip
    output = done.stdout + done.stderr

    assert done.stdout.endswith(b"DONE\n"), done.stderr[-3000:]
    # The run was one: it logged, it worked, and it failed.
    assert done.stderr.count(b"LOG ") > 500
    assert done.stdout.count(b"RESULT ") > 10
    assert done.stdout.count(b"ERROR ") > 10
    assert len(list(home.glob("journal-*"))) >= 10
    assert (home / "export" / "manifest.jsonl").read_text()
    assert len(witness.tokens) > 5
    assert len(witness.signatures) > 20
    assert witness.found_in(output) == []
    for path, content in everything_below(home, home / "credentials.json"):
        assert witness.found_in(content) == [], path


def test_commands(witness: Witness, home: Path) -> None:
    """Every command at its most talkative; the cache of tokens is the one file that holds any."""
    environments = home / ".config" / "kognic" / "environments.json"
    environments.parent.mkdir(parents=True)
    credentials = str(home / "credentials.json")
    entry = {"url": witness.sandbox.url, "credentials": credentials}
    environments.write_text(json.dumps({"environments": {"here": entry}}))
    drive = write_sample_drive(home / "drive", frames=1, scene_type="cameras")
    commands = [
        ["kognic", "--debug", "scene", "create", str(drive.scene_file), "--project", "sandbox-project"],
        ["kognic", "--debug", "bulk", "run", str(drive.scene_file), "--journal", "journal"],
        ["kognic", "--debug", "annotation", "export", "sandbox-project", "e", "--annotation-type", "objects"],
        ["kognic", "--debug", "annotation", "export", "no-such-project", "o", "--annotation-type", "objects"],
        ["kognic", "--debug", "auth", "check"],
        ["kog", "-v", "--env", "here", "--token-cache", "file", "get", f"{witness.sandbox.url}/v1/projects"],
        ["kog", "-v", "--env", "here", "--token-cache", "file", "get", f"{witness.sandbox.url}/v1/none"],
        ["kognicutil", "projects"],
    ]  # fmt: skip
    settings = {**environment(home), "KOGNIC_ENVIRONMENT": "here", "KOGNIC_CREDENTIALS": credentials}
    for program, *arguments in commands:
        command = [str(Path(sys.executable).with_name(program)), *arguments]
        # Whatever a user lets others do, secrets stay with the user.
        done = subprocess.run(
            command, capture_output=True, env=settings, cwd=home, timeout=100, check=False, umask=0
        )
        assert witness.found_in(done.stdout + done.stderr) == [], arguments
        assert done.stdout + done.stderr, arguments

    (cache,) = [
        p for p in home.rglob("*") if p.is_file() and any(t in p.read_text("latin-1") for t in witness.tokens)
    ]
    assert stat.S_IMODE(cache.stat().st_mode) == 0o600
    assert stat.S_IMODE(cache.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE((home / "journal").stat().st_mode) == 0o600
    for path, content in everything_below(home, home / "credentials.json", cache):
        assert witness.found_in(content) == [], path
