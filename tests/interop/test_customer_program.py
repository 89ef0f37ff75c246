"""A customer's program runs unchanged with the official client and with this one, and finds the same.

The sandbox has all its delays on: the program polls for what the platform learns late.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from kognic.sandbox import Sandbox
from tests.interop.environments import Environment, clean_environment, ours
from tests.io.resources.scenes import CSV, JPG

pytestmark = pytest.mark.slow

PROGRAM = Path(__file__).parent / "customer" / "program.py"
DELAYS = {
    "scene_visibility_delay": 0.2,
    "request_delay": 0.3,
    "pre_annotation_delay": 0.2,
    "propagation_delay": 0.1,
    "processing_delay": 0.05,
    "underscored_statuses": True,
}
DELIVERED = {"openlabel": {"metadata": {"schema_version": "1.0.0"}, "frames": {"0": {}}, "objects": {}}}


def results_of(environment: Environment, folder: Path) -> dict[str, Any]:
    """Run the program; annotations are delivered when it asks for them."""
    folder.mkdir()
    for index in range(2):
        (folder / f"cloud-{index}.csv").write_bytes(CSV)
        (folder / f"image-{index}.jpg").write_bytes(JPG)
    with Sandbox(**DELAYS) as sandbox:
        for project in ("first-project", "second-project"):
            sandbox.control.create_project(project)
            sandbox.control.create_batch(project, "week-1")
            sandbox.control.create_request(project, "week-1")
        process = subprocess.Popen(
            [
                environment.python,
                PROGRAM,
                sandbox.url,
                sandbox.credentials_file,
                sandbox.workspace_id,
                folder,
            ],
            cwd=folder,
            env=clean_environment(folder),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        with process:
            assert process.stdin is not None
            assert process.stdout is not None
            for line in process.stdout:
                word, _, rest = line.partition(" ")
                if word == "DELIVER":
                    assert sandbox.control.wait_until_idle(30)
                    for uuid in json.loads(rest):
                        sandbox.control.deliver_annotation(uuid, DELIVERED)
                    process.stdin.write("\n")
                    process.stdin.flush()
                elif word == "RESULT":
                    return dict(json.loads(rest))
    raise AssertionError(f"the program ended with {process.returncode} and without a result")


def test_with_this_client(tmp_path: Path) -> None:
    """What the program finds, with every delay on."""
    results = results_of(ours(), tmp_path / "own")

    assert results["reloaded"] == ["drive-0", "drive-1"]
    assert [status for _, status, _ in results["scenes"]] == ["created", "created"]
    assert {status for _, _, status in results["inputs"]} == {"available"}
    assert len(results["inputs"]) == 4
    assert {project: len(found) for project, found in results["annotations"].items()} == {
        "first-project": 2, "second-project": 2,
    }  # fmt: skip
    assert results["left in first-project"] == results["left in second-project"] == 0
    assert results["cleaned"] == ["invalidated:duplicate"] * 2


@pytest.mark.interop
@pytest.mark.slow
@pytest.mark.xdist_group("interop")
def test_equal_results(official_io: Environment, tmp_path: Path) -> None:
    """kognic-io 2.19.0 and this client: the same results."""
    own = results_of(ours(), tmp_path / "own")

    assert results_of(official_io, tmp_path / "official") == own
