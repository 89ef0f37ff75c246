"""`kognic view`: what it serves, and what it refuses."""

from __future__ import annotations

import http.client
import re
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner

from kognic.cli.root import cli
from kognic.cli.view import state_of
from kognic.sandbox.sample.drive import SampleDrive
from kognic.viewer.packing import unpack


def fetch(link: str) -> dict[str, object]:
    """Follow the link as a browser would, and read the scene."""
    parts = urlsplit(link)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    connection.request("GET", f"/?{parts.query}")
    answer = connection.getresponse()
    answer.read()
    headers = {"Cookie": answer.headers["Set-Cookie"].partition(";")[0]}
    connection.request("GET", "/", headers=headers)
    page = connection.getresponse().read().decode()
    found = re.search(r'data-source="([^"]+)"', page)
    assert found is not None
    connection.request("GET", f"{found[1]}scene", headers=headers)
    head, _ = unpack(connection.getresponse().read())
    connection.close()
    return head


@pytest.mark.slow
def test_it_serves_until_it_is_stopped(drive: SampleDrive, tmp_path: Path) -> None:
    """The link is all that standard output holds; Ctrl-C ends it without a traceback."""
    calibration = tmp_path / "other.json"
    calibration.write_text(drive.calibration_file.read_text())
    document = tmp_path / "delivered.json"
    document.write_text(drive.pre_annotation_file.read_text())
    options = [
        "--compare",
        calibration,
        "--annotation",
        document,
        "--camera",
        "FRONT",
        "--rotation",
        "0.5,-1,0",
    ]
    program = "import sys; from kognic.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", program, "view", drive.folder, "--no-open", *options]
    process = subprocess.Popen(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        link = process.stdout.readline().strip()
        head = fetch(link)
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=60)
    finally:
        process.kill()

    assert parse_qs(urlsplit(link).fragment) == {"cam": ["FRONT"], "turn": ["0.5,-1,0,0,0,0,0,0"]}
    assert head["has_second_calibration"] is True
    assert [layer["name"] for layer in head["layers"]] == ["pre-annotation", "annotation"]  # type: ignore[attr-defined]
    assert rest == ""
    assert errors == "Press Ctrl-C to stop.\nstopped\n"


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (["--camera", "REAR"], 1, "the scene has no camera 'REAR'; it has FRONT, LEFT"),
        (["--cameras", "REAR"], 1, "the scene has no camera 'REAR'"),
        (["--frames", "9"], 1, "there is no frame 9"),
        (["--rotation", "1,2,3"], 2, "--rotation needs --camera"),
        (["--camera", "FRONT", "--rotation", "1,2"], 2, "is not three angles in degrees such as 0.4,-1.0,0"),
        (["--annotation", "no.json"], 1, "no.json: there is no such file"),
    ],
)
def test_what_it_refuses(drive: SampleDrive, options: list[str], status: int, message: str) -> None:
    """Before it serves anything."""
    result = CliRunner().invoke(cli, ["view", str(drive.folder), "--no-open", *options])

    assert result.exit_code == status, result.output
    assert message in result.stderr


def test_an_installation_without_the_viewer_says_so(
    drive: SampleDrive, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In one line, with the way out."""
    from kognic.viewer import page

    page.bundle.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(page.resources, "files", lambda name: tmp_path)
        result = CliRunner().invoke(cli, ["view", str(drive.folder), "--no-open"])
    page.bundle.cache_clear()

    assert result.exit_code == 1
    assert "built without the viewer (npm could not be reached)" in result.stderr


def test_the_first_state_is_an_address() -> None:
    """Names of cameras may hold anything."""
    assert state_of(None, None) == ""
    assert state_of("A&b=c d", (0.4, -1, 0)) == "cam=A%26b%3Dc+d&turn=0.4%2C-1%2C0%2C0%2C0%2C0%2C0%2C0"
