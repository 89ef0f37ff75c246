"""One evil text through every command, on a pseudo-terminal: no control sequence of a stranger reaches it."""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kognic.auth import cli as kognic_auth
from kognic.cli.root import cli
from kognic.io import kognicutil
from kognic.sandbox import Sandbox
from tests.cli import command_tree
from tests.io.resources.scenes import OPENLABEL, cameras_scene
from tests.pipelines.bulk.conftest import picture

pytest.importorskip("pty", reason="pseudo-terminals need POSIX")

EVIL = "evil\x1b]0;owned\x07\x1b[2J\x9b31m\u202egnp\x08\r"
NAME = EVIL.replace("\r", "")
OURS = re.compile(r"\x1b\[[0-9;]*[mAKhl]|\x1b\[\?25[hl]")
"""Colours, and what progress bars do with the cursor."""
HARMFUL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
LIDAR = {"calibration_type": "lidar", "position": {"x": 0, "y": 0, "z": 0},
         "rotation_quaternion": {"w": 1, "x": 0, "y": 0, "z": 0}}  # fmt: skip
UNKNOWN = "5b7b3c1e-0a44-4d0e-8b0a-6d8f8f0f3a21"
# What is in braces is filled in: files and folders of evil names and contents, objects of evil names.
CASES: dict[str, list[list[str]]] = {
    "kog": [
        ["get", "{url}/v1/projects", "--env", "here"],
        ["get", "{url}/v1/projects", "--env", "here", "--format", "table"],
        ["get", "{url}/v1/{name}", "--env", "here"],
        ["get", "{url}/v1/projects", "--env", "{evil}"],
        ["{evil}", "{evil}"],
    ],
    "kognic": [["{evil}"], ["--{evil}"]],
    "kognic annotation convert": [["{scene}", "{out}", "--from", "{evil}"], ["{scene}", "{out}"]],
    "kognic annotation diff": [["{document}", "{broken}"], ["{document}", "{other}"]],
    "kognic annotation download": [["{evil}"], ["--project", "p", "--annotation-type", "{evil}"]],
    "kognic annotation export": [["{evil}", "{out}", "--annotation-type", "{evil}"]],
    "kognic annotation merge": [["{document}", "{broken}", "-o", "{out}"]],
    "kognic annotation show": [["--scene", "{evil}"], ["--input", "{input}"]],
    "kognic annotation stats": [["{document}"], ["{broken}"]],
    "kognic annotation table": [["{document}", "-o", "{out}/t.csv"], ["{broken}", "-o", "{out}/t.csv"]],
    "kognic annotation validate": [["{document}"], ["{broken}"], ["{document}", "--json"]],
    "kognic auth check": [[], ["--credentials", "{broken}"], ["--environment", "{evil}"]],
    "kognic auth whoami": [[], ["--credentials", "{broken}"]],
    "kognic batch create": [["{evil}", "{evil}"], ["p", "{name}"]],
    "kognic batch list": [["{evil}"], ["p"], ["p", "--json"]],
    "kognic batch publish": [["p", "{evil}"]],
    "kognic bulk report": [["{journal}"], ["{journal}", "--json"], ["{broken}"]],
    "kognic bulk resume": [["{journal}"], ["{broken}"]],
    "kognic bulk run": [
        ["{folder}", "--dry-run"],
        ["{folder}", "--journal", "{journal}", "--if-exists", "update"],
        ["{folder}", "--project", "{evil}"],
        ["{folder}", "--dask", "{evil}"],
    ],
    "kognic bulk status": [["{journal}"], ["{broken}"]],
    "kognic calibration check": [["{calibration}"], ["{scene}"], ["{broken}"]],
    "kognic calibration convert": [["{broken}", "--from", "kalibr"], ["{calibration}", "--from", "ros"]],
    "kognic calibration create": [["{calibration}"], ["{broken}"]],
    "kognic calibration diff": [
        ["{calibration}", "{broken}"],
        ["{rig}", "{rig}"],
        ["{rig}", "{rig}", "--json"],
    ],
    "kognic calibration estimate": [["{scene}"], ["{broken}"]],
    "kognic calibration list": [[], ["--external-id", "{evil}"], ["--json"]],
    "kognic calibration project": [["{calibration}", "{cloud}", "--camera", "{evil}"]],
    "kognic calibration show": [["{evil}"], ["{uncovered}"]],
    "kognic check": [["{folder}"], ["{folder}", "--format", "json"], ["{evil}"]],
    "kognic completion": [["{evil}"]],
    "kognic import": [["{evil}", "{folder}", "{out}"], ["nuscenes", "{folder}", "{out}"]],
    "kognic init": [["{folder}"], ["{broken}"]],
    "kognic input create": [
        ["--scene", "{evil}", "--project", "p"],
        ["--scene", "{evil}", "--project", "{evil}"],
    ],
    "kognic input delete": [["{evil}", "--yes"]],
    "kognic input list": [["--project", "p"], ["--project", "p", "--json"], ["--project", "{evil}"]],
    "kognic input progress": [["{evil}"], ["{input}"]],
    "kognic input set-pre-annotation": [["{evil}", "{evil}"], ["{input}", "{evil}"]],
    "kognic input view": [["{input}"], ["{evil}"]],
    "kognic mcp": [["--root", "{evil}", "--environment", "{evil}", "--{evil}"]],
    "kognic pre-annotation create": [
        ["{evil}", "{scene}"],
        ["{evil}", "{document}"],
        ["{uuid}", "{document}"],
    ],
    "kognic pre-annotation delete": [["{evil}", "--yes"]],
    "kognic pre-annotation from-cloud": [["{uuid}", "{evil}", "s3://{name}"]],
    "kognic pre-annotation import": [["{evil}"]],
    "kognic pre-annotation list": [["--scene", "{uuid}"], ["--external-id", "{evil}"], ["--json"]],
    "kognic pre-annotation show": [["{evil}"]],
    "kognic preview": [["{scene}", "-o", "{out}.html"], ["{broken}"]],
    "kognic project annotation-types": [["{evil}"], ["p"]],
    "kognic project list": [[], ["--json"]],
    "kognic project report": [["p"], ["{evil}"]],
    "kognic request list": [["p"], ["p", "--json"], ["{evil}"]],
    "kognic review create": [["{evil}", "--accept"], [UNKNOWN, "--reject", "--feedback", "{broken}"]],
    "kognic review error-types": [[], ["--environment", "{evil}"]],
    "kognic review list": [["{input}"], ["{evil}"]],
    "kognic review show": [["{evil}"]],
    "kognic sandbox advance": [["--root", "{sandbox}", "{evil}"], ["--root", "{evil}", "{evil}"]],
    "kognic sandbox bag": [["{broken}"], ["{folder}/bag"]],
    "kognic sandbox calls": [["--root", "{sandbox}"], ["--root", "{evil}"]],
    "kognic sandbox complete-task": [["--root", "{sandbox}", "{evil}", "{document}"]],
    "kognic sandbox deliver": [["--root", "{sandbox}", "{evil}", "{document}"]],
    "kognic sandbox drive": [["{broken}"], ["{folder}/drive"]],
    "kognic sandbox env": [["--root", "{evil}"], ["--root", "{sandbox}"]],
    "kognic sandbox fault add": [["--root", "{sandbox}", "{evil}"]],
    "kognic sandbox fault clear": [["--root", "{evil}"]],
    "kognic sandbox fault list": [["--root", "{sandbox}"], ["--root", "{evil}"]],
    "kognic sandbox fault remove": [["--root", "{sandbox}", "{evil}"]],
    "kognic sandbox open": [["--root", "{sandbox}", "{evil}"]],
    "kognic sandbox batch create": [["p", "{evil}", "--root", "{sandbox}"]],
    "kognic sandbox organization create": [["{evil}", "--root", "{sandbox}"]],
    "kognic sandbox project create": [["{evil}", "--root", "{sandbox}"], ["p", "--root", "{evil}"]],
    "kognic sandbox request create": [["p", "{evil}", "--root", "{sandbox}"]],
    "kognic sandbox user create": [
        ["{evil}", "--root", "{sandbox}"],
        ["a", "--role", "{evil}"],
    ],
    "kognic sandbox workspace create": [["{evil}", "--root", "{sandbox}"]],
    "kognic sandbox reset": [["--root", "{evil}"]],
    "kognic sandbox serve": [["--seed", "{broken}"], ["--host", "{evil}"]],
    "kognic sandbox tune": [["--root", "{sandbox}", "{evil}"], ["--root", "{evil}"]],
    "kognic scene clean": [["{evil}"], ["{folder}"]],
    "kognic scene create": [["{scene}", "--project", "p"], ["{wrong}"], ["{evil}"], ["{broken}"]],
    "kognic scene ego-poses": [["{evil}"]],
    "kognic scene import": [["{evil}"]],
    "kognic scene invalidate": [["{evil}", "--reason", "bad-content", "--yes"]],
    "kognic scene list": [[], ["--project", "p", "--links"], ["--project", "{evil}"]],
    "kognic scene reindex": [["{evil}"]],
    "kognic scene schema": [["{evil}"], []],
    "kognic scene show": [["{evil}"], ["{evil}", "--json"], ["--{evil}"]],
    "kognic scene summary": [["{evil}"], [UNKNOWN]],
    "kognic scene wait": [["{evil}", "--timeout", "1"], ["{uuid}"]],
    "kognic task assign": [["{evil}", "{evil}"]],
    "kognic task unassign": [["{evil}"]],
    "kognic view": [["{wrong}"], ["{broken}"], ["{evil}"]],
    "kognic workspace list": [[], ["--json"]],
    "kognic-auth credentials delete": [["--env", "{evil}"]],
    "kognic-auth credentials get": [["--env", "{evil}"]],
    "kognic-auth credentials put": [["{broken}", "--env", "{evil}"]],
    "kognic-auth get-access-token": [["--env", "{evil}"], ["--{evil}"]],
    "kognicutil calibration": [["--external-id", "{evil}"], ["--id", "{evil}"]],
    "kognicutil inputs": [["--project", "p"], ["--project", "{evil}"], ["--external-ids", "{evil}"]],
    "kognicutil projects": [[], ["p", "--get-batches"], ["{evil}", "--get-batches"]],
    "kognicutil scenes": [["{uuid}"], ["{evil}"]],
    "kognicutil view": [["{evil}"]],
    "kognicutil wasm compile": [["{broken}", "{out}.wasm"], ["{evil}", "{out}.wasm"]],
    "kognicutil wasm validate": [["{broken}"], ["{evil}"]],
}


def commands() -> set[str]:
    """Every command there is."""

    def of_argparse(parser: argparse.ArgumentParser, path: str) -> Iterator[str]:
        below = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
        if not below:
            yield path
        for action in below:
            for name, child in action.choices.items():
                yield from of_argparse(child, f"{path} {name}")

    return {
        *(" ".join(path) for path, _ in command_tree.commands(cli, ("kognic",))),
        *(" ".join(path) for path, _ in command_tree.commands(kognicutil.cli, ("kognicutil",))),
        *of_argparse(kognic_auth.create_parser(), "kognic-auth"),
        "kog",
    }


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> dict[str, str]:
    """Objects of an evil name on the platform, and files of evil names and contents on disk."""
    tmp_path, control = tmp_path_factory.mktemp("strangers"), sandbox.control
    control.create_project("p", title=EVIL)
    control.add_fault("status", f"/{EVIL}")
    control.create_batch("p", "b")
    control.create_request("p", "b", title=EVIL)
    folder = tmp_path / "evil\x1b[31m"
    folder.mkdir()
    (folder / "a.png").write_bytes(picture(1))
    scene = {"type": "cameras", "external_id": EVIL,
             "frame": {"images": [{"sensor_name": "C", "filename": "a.png"}]}}  # fmt: skip
    files = {
        "scene": ("scene.json", json.dumps(scene)),
        "wrong": ("bad.scene.json", json.dumps({**scene, EVIL: 1})),
        "document": (f"{NAME}.json".replace("/", "_"), json.dumps(evil_document())),
        "other": ("other.json", json.dumps(OPENLABEL)),
        "broken": ("broken\x1b[31m.json", f'{{"{EVIL}": [1, "{EVIL}"'),
        "calibration": ("calibration.json", json.dumps({"external_id": EVIL, "sensors": {EVIL: {EVIL: 1}}})),
        "rig": ("rig.json", json.dumps({"external_id": EVIL, "sensors": {EVIL: LIDAR}})),
        "cloud": ("cloud.csv", f"{NAME},x,y,z\n1,2,3,{NAME}\n"),
    }
    paths = {}
    for key, (name, content) in files.items():
        paths[key] = str(folder / name)
        (folder / name).write_text(content)
    home = tmp_path / ".config" / "kognic"
    home.mkdir(parents=True)
    (home / "credentials.json").write_text(json.dumps(sandbox.credentials))
    (home / "credentials.json").chmod(0o600)
    here = {"url": sandbox.url, "credentials": str(home / "credentials.json")}
    (home / "environments.json").write_text(json.dumps({"environments": {"here": here}}))
    with sandbox.client() as client:
        uuid = client.cameras.create(cameras_scene(EVIL), project="p").scene_uuid
        client.scene.wait_until_created([uuid], poll_interval=0.05)
        control.wait_until_idle()
        (placed,) = control.request_inputs(uuid)
        client.pre_annotation.create(uuid, OPENLABEL, dryrun=False, external_id=EVIL)
    return {
        **paths, "folder": str(folder), "home": str(tmp_path), "url": sandbox.url, "evil": EVIL, "name": NAME,
        "out": str(tmp_path / "out\x1b[31m"), "journal": str(tmp_path / "j\x1b[31m"), "uuid": uuid,
        "input": placed["uuid"], "sandbox": str(sandbox.root), "uncovered": UNKNOWN,
    }  # fmt: skip


def evil_document() -> dict[str, Any]:
    """A document whose every name is evil."""
    document: dict[str, Any] = json.loads(json.dumps(OPENLABEL))
    objects = document["openlabel"].setdefault("objects", {})
    for each in objects.values():
        each["name"] = each["type"] = EVIL
    document["openlabel"]["metadata"]["annotator"] = EVIL
    document["openlabel"].setdefault("streams", {})[EVIL] = {"type": EVIL}
    objects[EVIL] = {"name": EVIL, "type": EVIL}
    return document


@pytest.fixture(scope="module")
def terminals(given: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """The process that runs commands on terminals."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("KOGNIC", "XDG_", "BROWSER"))}
    env = {**kept, "HOME": given["home"], "KOGNIC_ENVIRONMENT": "here", "COLUMNS": "200", "BROWSER": "true"}
    with subprocess.Popen(
        [sys.executable, Path(__file__).with_name("terminals.py")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env, cwd=given["home"],
    ) as process:  # fmt: skip
        yield process
        assert process.stdin
        process.stdin.close()


def test_every_command_is_tried() -> None:
    """A new command needs a case here."""
    assert {name for name in CASES if name != "kognic"} == commands()


@pytest.mark.slow
@pytest.mark.parametrize("command", CASES)
def test_no_control_sequence_reaches_the_terminal(
    command: str, given: dict[str, str], terminals: subprocess.Popen[str]
) -> None:
    """Escapes, C1 and bidirectional controls are shown as text, in results, errors, progress and JSON."""
    assert terminals.stdin
    assert terminals.stdout
    for case in CASES[command]:
        arguments = [
            re.sub(r"\{(\w+)\}", lambda match: given.get(match[1], match[0]), argument) for argument in case
        ]
        terminals.stdin.write(json.dumps([*command.split(), *arguments]) + "\n")
        terminals.stdin.flush()
        written = json.loads(terminals.stdout.readline())
        rest = OURS.sub("", written)
        assert HARMFUL.search(rest) is None, (arguments, rest)
        assert "]0;owned" not in rest or "\\x1b]0;owned" in rest or "\\u001b]0;owned" in rest, rest
        assert "Traceback" not in rest, (arguments, rest)
        assert written.strip(), arguments
        if "--json" in case and rest.lstrip()[:1] in ("[", "{"):
            json.JSONDecoder().raw_decode(rest.lstrip())
