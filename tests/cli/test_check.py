"""`kognic check`: reports, exit status, and what it says of input that it cannot use."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tqdm import tqdm

from kognic.cli.check import _Progress
from kognic.cli.root import cli
from kognic.sandbox.sample.drive import SampleDrive

Check = Callable[..., Result]
QUICK = ("--group", "structure", "--group", "files", "--group", "openlabel")


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither credentials nor a network."""
    for name in ("KOGNIC_CREDENTIALS", "KOGNIC_CLIENT_ID", "KOGNIC_CLIENT_SECRET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a check asks for the network")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture
def check() -> Check:
    """Run the command; the exit status is asserted."""

    def command(*arguments: str | Path, status: int = 0) -> Result:
        result = CliRunner(env={"COLUMNS": "100"}).invoke(cli, ["check", *map(str, arguments)])
        assert result.exit_code == status, (result.output, result.exception)
        assert "Traceback" not in result.output
        return result

    return command


@pytest.fixture
def broken(tmp_path: Path, drive: SampleDrive) -> Path:
    """A drive with an error in its structure, one in its files, and a warning; the description's path."""
    shutil.copytree(drive.folder, tmp_path / "broken")
    path = tmp_path / "broken" / "scene.json"
    document = json.loads(path.read_text())
    document["external_id"] = "broken-drive"
    document["frames"].append({**document["frames"][0], "frame_id": "1"})
    path.write_text(json.dumps(document))
    (path.parent / "images/front/000.png").write_bytes(b"not an image")
    return path


def codes(result: Result) -> set[str]:
    return {finding["code"] for scene in json.loads(result.stdout)["scenes"] for finding in scene["findings"]}


@pytest.mark.slow
def test_good_scene(check: Check, drive: SampleDrive) -> None:
    """Every group of rules, with the verdict on each camera."""
    result = check(drive.scene_file, "--frames", "1")
    assert "sample-drive-0: no errors, no warnings (1 frame, 3 file headers read" in result.stdout
    assert "Cameras, checked against the lidar" in result.stdout
    assert "camera-consistent" in result.stdout


def test_findings_decide_the_exit_status(check: Check, broken: Path) -> None:
    """1 from the chosen severity on; what is ignored does not count."""
    found = codes(check(broken, *QUICK, "--format", "json", status=1))
    assert {"relative-timestamp-order", "image-undecodable", "file-duplicate"} <= found
    check(broken, *QUICK, "--fail-on", "never")
    errors = ("relative-timestamp-order", "unix-timestamp-order", "image-undecodable")
    ignored = [word for code in errors for word in ("--ignore", code)]
    assert codes(check(broken, *QUICK, *ignored, "--format", "json")) == found - set(errors)
    check(broken, *QUICK, *ignored, "--fail-on", "warning", status=1)


def test_folder_with_several_scenes(check: Check, drive: SampleDrive, broken: Path, tmp_path: Path) -> None:
    """Every scene in a folder is in the one report; one that cannot be read holds up no other."""
    (tmp_path / "broken" / "other.scene.yaml").write_text("type: cameras\nexternal_id: [")
    report = json.loads(check(tmp_path / "broken", drive.folder, *QUICK, "--format", "json", status=1).stdout)
    names = {scene["source"].removeprefix(f"{tmp_path}/"): scene for scene in report["scenes"]}
    assert list(names) == ["broken/other.scene.yaml", "broken/scene.json", str(drive.scene_file)]
    (unreadable,) = names["broken/other.scene.yaml"]["findings"]
    assert unreadable["code"] == "scene-file"
    assert "is not YAML" in unreadable["message"]
    assert names[str(drive.scene_file)]["counts"]["error"] == 0
    assert report["counts"]["error"] == sum(scene["counts"]["error"] for scene in report["scenes"])


def test_missing_files_are_findings(check: Check, broken: Path) -> None:
    """A file that is missing or empty has its own code, beside what else is wrong."""
    (broken.parent / "images/front/000.png").unlink()
    (broken.parent / "images/left/000.jpg").write_bytes(b"")
    found = codes(check(broken, *QUICK, "--format", "json", status=1))
    assert {"file-missing", "file-empty", "relative-timestamp-order"} <= found


def test_groups(check: Check, broken: Path) -> None:
    assert "image-undecodable" not in codes(
        check(broken, "--group", "structure", "--format", "json", status=1)
    )
    assert codes(check(broken, "--group", "files", "--format", "json", status=1)) == {"image-undecodable"}


def test_full_reads_what_headers_do_not_tell(check: Check, drive: SampleDrive, tmp_path: Path) -> None:
    """A point without coordinates shows in the points only."""
    import numpy as np
    from pypcd4.pypcd4 import Encoding, PointCloud

    shutil.copytree(drive.folder, tmp_path / "drive")
    path = tmp_path / "drive" / "lidar" / "000.pcd"
    cloud = PointCloud.from_path(path)
    cloud.pc_data = cloud.pc_data.copy()
    cloud.pc_data["x"][7] = np.nan
    cloud.save(path, encoding=Encoding.BINARY)
    arguments = (path.parents[1], "--group", "files", "--format", "json")
    assert "cloud-not-finite" not in codes(check(*arguments))
    assert "cloud-not-finite" in codes(check(*arguments, "--full"))


def test_calibration_and_pre_annotation_of_their_own(
    check: Check, drive: SampleDrive, tmp_path: Path
) -> None:
    """Files given on the command line replace those of the scene file."""
    calibration = json.loads(drive.calibration_file.read_text())
    calibration["calibration"]["FRONT"]["image_width"] += 2
    other = tmp_path / "other.json"
    other.write_text(json.dumps(calibration))
    document = tmp_path / "document.json"
    document.write_text(json.dumps({"openlabel": {"metadata": {"schema_version": "2"}}}))
    own = ("--calibration", other, "--pre-annotation", document)
    found = codes(check(drive.scene_file, *QUICK, *own, "--format", "json", status=1))
    assert {"image-size", "ol-version", "ol-no-frames"} <= found


@pytest.mark.parametrize("form", ["json", "sarif", "html", "table"])
def test_output(check: Check, broken: Path, tmp_path: Path, form: str) -> None:
    """The report goes to the file, one line of summary to standard error."""
    path = tmp_path / "report"
    result = check(broken, *QUICK, "--format", form, "--output", path, status=1)
    assert result.stdout == ""
    assert result.stderr.startswith(f"{path}: 1 scene, ")
    written = path.read_text("utf-8")
    assert "image-undecodable" in written
    assert written.startswith({"html": "<!doctype html>", "table": "broken-drive: "}.get(form, "{"))
    if form in ("html", "sarif"):
        assert check(broken, *QUICK, "--format", form, status=1).stdout.startswith(written[:60])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["absent.json"], "absent.json does not exist"),
        (["."], "holds no scene file: scene.json"),
        (["{scene}", "--ignore", "image-sise"], "no rule 'image-sise', did you mean 'image-size'?"),
        (["{scene}", "--calibration", "absent.json"], "absent.json: there is no such file"),
        (["{scene}", "--calibration", "{scene}"], "'sensors', an object of sensor names"),
        (["{scene}", "--pre-annotation", "{scene}"], "is not an OpenLABEL document"),
        (["{scene}", "{scene}", "--pre-annotation", "{document}"], "needs exactly one scene, not 2"),
        (
            ["{scene}", "--group", "structure", "--format", "json", "--output", "no/such/x"],
            "no/such/x: No such",
        ),
    ],
)
def test_unusable_input(
    check: Check,
    drive: SampleDrive,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: Any,
    says: str,
) -> None:
    """One line that names the thing, and a status that is not that of findings."""
    monkeypatch.chdir(tmp_path)
    known = {"scene": drive.scene_file, "document": drive.folder / "pre_annotation.json"}
    result = check(*(word.format(**known) for word in arguments), status=2)
    (line,) = result.stderr.splitlines()
    assert line.startswith("kognic: error: ")
    assert says in line
    assert result.stdout == ""


def test_progress_is_shown_on_a_terminal_only(
    check: Check, drive: SampleDrive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bar of the files, cleared at the end; nothing when nobody looks."""
    arguments = (str(drive.scene_file), "--group", "files", "--format", "json")
    assert check(*arguments).stderr == ""

    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    cli.main(["check", *arguments], standalone_mode=False)
    assert "0/3" in terminal.getvalue()


def test_progress_names_the_cameras() -> None:
    """The bar of the files becomes one of the cameras, which take longer."""
    terminal = StringIO()
    with tqdm(file=terminal, mininterval=0) as bar:
        progress = _Progress(bar, 1)
        progress.read("drives/d9/scene.json", 9, 9)
        progress.judge("CAM_FRONT", 2, 6)
    shown = terminal.getvalue()
    assert "d9 (1 of 1)" in shown
    assert "9/9" in shown
    assert "cameras: CAM_FRONT" in shown
    assert "2/6" in shown


@pytest.mark.slow
def test_needs_no_client(drive: SampleDrive) -> None:
    """Checking the structure imports neither the client nor numpy, pillow and the like."""
    words = ["kognic", "check", str(drive.scene_file), "--group", "structure", "--format", "json"]
    code = (
        f"import sys\nfrom kognic.cli import main\nsys.argv = {words!r}\n"
        "try:\n    main()\nfinally:\n"
        "    heavy = ('numpy', 'PIL', 'authlib', 'kognic.io.client')\n"
        "    print([name for name in heavy if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_missing_library_names_the_hint(
    check: Check, drive: SampleDrive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the extra the check is not made, and it is said what to install."""
    monkeypatch.setitem(sys.modules, "PIL", None)
    result = check(drive.scene_file, "--group", "files", status=2)
    assert 'pip install "kognic-client[checks]"' in result.stderr


def test_json_is_a_word_for_the_format(check: Check, broken: Path) -> None:
    """As for every other command."""
    long, short = (
        check(broken, *QUICK, *options, status=1) for options in (("--format", "json"), ("--json",))
    )

    def without_time(result: Result) -> Any:
        (report,) = json.loads(result.stdout)["scenes"]
        del report["facts"]["seconds"]
        return report

    assert without_time(long) == without_time(short)


@pytest.mark.slow
def test_time_of_many_scenes(check: Check, drive: SampleDrive, tmp_path: Path) -> None:
    """The time of all scenes together is on stderr; a rig's report is no scene."""
    shutil.copytree(drive.folder, tmp_path / "a")
    shutil.copytree(drive.folder, tmp_path / "b")
    told = check(tmp_path, "--group", "structure", "--group", "geometry").stderr
    assert re.search(r"^Checked 2 scenes in \d+\.\d seconds\.$", told, re.M), told
