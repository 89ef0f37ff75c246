"""`kognic scene clean`: scenes of a failed or test run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from kognic.sandbox import Sandbox
from tests.cli.conftest import Run, RunJson
from tests.pipelines.bulk.conftest import picture

pytestmark = pytest.mark.slow


@pytest.fixture
def journal(run: Run, tmp_path: Path) -> Path:
    """A run of two scenes; only the first is an input."""
    for n in range(2):
        folder = tmp_path / "drives" / str(n)
        folder.mkdir(parents=True)
        (folder / "a.png").write_bytes(picture(n))
        scene = {"type": "cameras", "external_id": f"drive-{n}",
                 "frame": {"images": [{"sensor_name": "C", "filename": "a.png"}]}}  # fmt: skip
        if n == 0:
            scene["project"] = "sandbox-project"
        (folder / "scene.json").write_text(json.dumps(scene))
    run("bulk", "run", str(tmp_path / "drives"), "--journal", str(tmp_path / "j"))
    return tmp_path / "j"


def statuses(sandbox: Sandbox) -> dict[str, str]:
    return {scene["externalId"]: scene["status"] for scene in sandbox.control.scenes()}


def test_dry_run_is_the_default(run_json: RunJson, journal: Path, kognic_sandbox: Sandbox) -> None:
    """Nothing is changed; scenes with inputs would be kept."""
    plan = run_json("scene", "clean", str(journal))
    assert plan["dry_run"] is True
    assert {s["external_id"]: (s["action"], s["reason"]) for s in plan["scenes"]} == {
        "drive-0": ("keep", "has 1 input"), "drive-1": ("invalidate", ""),
    }  # fmt: skip
    assert plan["invalidated"] == []
    assert set(statuses(kognic_sandbox).values()) == {"created"}


def test_scenes_without_inputs_are_invalidated(
    run_json: RunJson, journal: Path, kognic_sandbox: Sandbox
) -> None:
    """The others only with --with-inputs, and their inputs first."""
    run_json("scene", "clean", str(journal), "--yes")
    assert statuses(kognic_sandbox) == {"drive-0": "created", "drive-1": "invalidated:incorrectly-created"}
    again = run_json("scene", "clean", str(journal), "--yes", "--with-inputs", "--reason", "duplicate")
    assert len(again["invalidated"]) == 1
    assert statuses(kognic_sandbox)["drive-0"] == "invalidated:duplicate"
    with kognic_sandbox.client() as client:
        assert client.input.query_inputs(project="sandbox-project") == []


@pytest.mark.parametrize("form", ["report", "list", "names"])
def test_sources(
    run: Run, run_json: RunJson, journal: Path, kognic_sandbox: Sandbox, tmp_path: Path, form: str
) -> None:
    """A report of a command, a list of names, or names themselves; unknown names are left out."""
    report = run("bulk", "report", str(journal), "--json").stdout
    sources: dict[str, Callable[[], list[str]]] = {
        "report": lambda: [_written(tmp_path / "r.json", report)],
        "list": lambda: [_written(tmp_path / "l.txt", "# scenes\ndrive-0\n\ndrive-1\nunknown\n")],
        "names": lambda: ["drive-0", "unknown", kognic_sandbox.control.scenes("drive-1")[0]["uuid"]],
    }
    plan = run_json("scene", "clean", *sources[form]())
    assert {s["external_id"] for s in plan["scenes"]} == {"drive-0", "drive-1"}
    assert plan["unknown"] == ([] if form == "report" else ["unknown"])


def test_report_of_another_version(
    run_json: RunJson, journal: Path, kognic_sandbox: Sandbox, tmp_path: Path
) -> None:
    """Scenes are found by their UUIDs in a report, whatever its other keys are called."""
    first, second = (kognic_sandbox.control.scenes(f"drive-{n}")[0]["uuid"] for n in range(2))
    report = {
        "schema_version": 0,
        "scenes": [
            {"scene_uuid": first, "findings": [{"cure": "turn it", "place": "frames[0]"}]},
            {"result": {"sceneUuid": second, "cameras": [{"turn_deg": 1.5}]}},
        ],
    }
    plan = run_json("scene", "clean", _written(tmp_path / "r.json", json.dumps(report)))
    assert {s["external_id"] for s in plan["scenes"]} == {"drive-0", "drive-1"}
    assert plan["unknown"] == []


def test_inputs_that_would_be_deleted(run: Run, journal: Path, kognic_sandbox: Sandbox) -> None:
    """The dry run says how many inputs go with the scenes."""
    planned = run("scene", "clean", str(journal), "--with-inputs")
    assert "deletes 1 input" in planned.stdout
    assert "Dry run: 2 scenes would be invalidated, 1 input deleted, 0 kept. Use --yes" in planned.stderr
    assert (
        "2 scenes invalidated, 1 input deleted, 0 kept."
        in run("scene", "clean", str(journal), "--with-inputs", "--yes").stderr
    )
    assert "Dry run: nothing to invalidate, 2 scenes kept." in run("scene", "clean", str(journal)).stderr


def test_names_without_a_scene(run: Run, journal: Path, kognic_sandbox: Sandbox, tmp_path: Path) -> None:
    """They are named, and so is a file that does not exist: nothing is left out in silence."""
    names = tmp_path / "l.txt"
    names.write_bytes(b"\xef\xbb\xbfdrive-1\r\n\r\n  # later\r\nnot-there\r\n")
    result = run("scene", "clean", str(names), "missing.txt")
    assert "drive-1" in result.stdout
    assert "not-there: there is no such scene" in result.stderr
    assert "missing.txt: there is no such file or scene" in result.stderr
    assert "later" not in result.stderr

    names.write_bytes("drive-1\n".encode("utf-16"))
    assert "l.txt: is UTF-16 text, must be UTF-8" in run("scene", "clean", str(names), status=1).stderr


def _written(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def test_scenes_that_are_being_processed(run: Run, journal: Path, kognic_sandbox: Sandbox) -> None:
    """They cannot be invalidated: the command waits, and says which are left at the end of the time."""
    folder = journal.parent / "drives" / "1"
    scene = json.loads((folder / "scene.json").read_text())
    (folder / "half.scene.json").write_text(json.dumps({**scene, "external_id": "half"}))
    with kognic_sandbox.control.held():
        run("scene", "create", str(folder / "half.scene.json"), "--no-wait")
        result = run("scene", "clean", "half", "drive-1", "--yes", "--timeout", "0", status=1)
    assert "1 scene invalidated; 1 are still pending or being processed after 0 s" in result.stderr
    assert kognic_sandbox.control.scenes("half")[0]["uuid"] in result.stderr
    assert statuses(kognic_sandbox)["drive-1"].startswith("invalidated")


def test_show_takes_uuids_and_external_ids(run_json: RunJson, journal: Path, kognic_sandbox: Sandbox) -> None:
    """Whatever another command has printed."""
    uuid = kognic_sandbox.control.scenes("drive-1")[0]["uuid"]
    shown = run_json("scene", "show", "drive-0", uuid)
    assert {scene["external_id"] for scene in shown} == {"drive-0", "drive-1"}


def test_the_dry_run_names_what_to_add(run: Run, input_uuid: str, scene_uuid: str) -> None:
    """Scenes with inputs need --with-inputs."""
    kept = run("scene", "clean", scene_uuid)
    assert kept.stderr.endswith("1 scene kept. Use --with-inputs to include scenes with inputs.\n")
    assert run("scene", "clean", scene_uuid, "--with-inputs").stderr.endswith("Use --yes to do it.\n")
