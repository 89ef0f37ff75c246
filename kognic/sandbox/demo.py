"""`make demo`: a drive goes from disk to a local platform and back, and every byte and value is compared.

The sandbox runs here; the upload runs in a process that has what a user has: a credentials file, and the name
of the environment (`demo_user`). What it reads back is compared with the scene file, what the sandbox stored
against the files.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import webbrowser
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs

from kognic._core.errors import KognicError
from kognic._core.viewer_errors import ViewerMissingError
from kognic._core.wording import counted
from kognic.sandbox.handle import Sandbox
from kognic.sandbox.sample.drive import write_sample_drive
from kognic.scenes.scene_file import SceneFile, load_scene_file
from kognic.viewer.stills import preview_scene

PROJECT = "sandbox-project"
# Seconds: long enough to upload a long scene on a slow machine; then a program that hangs is killed.
USER_PROGRAM_TIMEOUT = 900
# What the user's process gets of this one's environment: enough to run Python, no credentials.
_PASSED_ON = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "SYSTEMROOT", "TMPDIR", "COVERAGE_PROCESS_START")


class DemoError(KognicError):
    """The demo cannot go on; the message says why."""

    is_documented = False


@attrs.define
class Account:
    """Tells what happens, and keeps count of what is right and wrong."""

    write: Callable[[str], object]
    passed: int = 0
    failed: list[str] = attrs.field(factory=list)
    steps: int = 0

    def step(self, title: str) -> None:
        """Begin the next part."""
        self.steps += 1
        self.write(f"\n{self.steps}  {title}")

    def say(self, sentence: str) -> None:
        """Tell something."""
        self.write(f"     {sentence}")

    def check(self, what: str, found: object, expected: object) -> None:
        """Compare, and tell how it went."""
        if found == expected:
            self.passed += 1
            self.write(f"   ok  {what}")
        else:
            self.failed.append(what)
            self.write(f"  BAD  {what}: found {_short(found)}, expected {_short(expected)}")


def run_demo(
    scene: Path | None,
    write: Callable[[str], object],
    *,
    page: Path | None = None,
    visit: Callable[[str], object] | None = None,
) -> Account:
    """Run the demo; whether everything was right is in the account.

    Args:
        scene: A scene file; None takes a generated drive.
        write: Called with each line.
        page: Where to write the interactive page of the scene; None writes none.
        visit: Called with a link to the input's page on the local platform, which stops when it returns.

    Raises:
        KognicError: The scene file cannot be used, or the upload failed.
    """
    account = Account(write)
    write("A drive goes from disk to a local Kognic platform and back.")
    with tempfile.TemporaryDirectory(prefix="kognic-demo-") as temporary, Sandbox() as sandbox:
        account.step("A local platform starts in a temporary folder")
        account.say(f"{sandbox.url}, one workspace, project {PROJECT}")
        scene_file = _scene_file(account, scene, Path(temporary))
        _describe(account, scene_file)
        account.step("The upload runs in a process of its own, which has only the credentials file")
        told = _run_user_program(account, sandbox, scene_file)
        account.step("What the platform reports is compared with the scene file")
        _compare_values(account, scene_file, told)
        account.step("What the platform stored is compared with the files")
        _compare_bytes(account, sandbox, scene_file, told["scene_uuid"])
        if page is not None:
            account.step("The scene is written as an interactive page")
            _write_page(account, scene_file, page)
        if visit is not None:
            account.step("The local platform shows the input until you press Ctrl-C")
            link = sandbox.view_link(told["inputs"][0])
            account.say(link)
            visit(link)
    return account


def _write_page(account: Account, scene_file: SceneFile, page: Path) -> None:
    try:
        preview_scene(scene_file, page)
    except ViewerMissingError as exc:
        account.say(f"left out: {exc}")
    else:
        account.say(f"{page.stat().st_size / 1e6:.1f} MB; it works offline, so you can mail it")


def _scene_file(account: Account, scene: Path | None, folder: Path) -> SceneFile:
    if scene is None:
        account.step("A sample drive is generated")
        scene = write_sample_drive(folder / "drive").scene_file
    else:
        account.step("The scene is read")
    found = load_scene_file(scene)
    if found.description.calibration_id is not None:
        raise DemoError(
            f"{scene}: calibration_id names a calibration of the real platform, which the local one does not "
            "have; give the calibration itself: calibration: calibration.json"
        )
    return found


def _describe(account: Account, scene_file: SceneFile) -> None:
    described = scene_file.description
    frames = len(described.all_frames)
    size = scene_file.size / 1e6
    account.say(f"{scene_file.path}")
    account.say(
        f"{described.type}: {counted(frames, 'frame')}, "
        f"{counted(len(scene_file.files), 'file')}, {size:.1f} MB"
    )
    cameras, lidars = _sensors(scene_file)
    account.say(f"cameras: {', '.join(cameras) or 'none'}; lidars: {', '.join(lidars) or 'none'}")
    poses = sum(frame.ego_vehicle_pose is not None for _, frame in described.all_frames)
    account.say(f"{counted(len(scene_file.imu_data), 'IMU sample')}, {counted(poses, 'ego pose')}")


def _run_user_program(account: Account, sandbox: Sandbox, scene_file: SceneFile) -> dict[str, Any]:
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    environment.update(sandbox.env(), HOME=str(sandbox.root), NO_PROXY="127.0.0.1")
    # The credentials come as an argument: auth=path is what a user writes.
    del environment["KOGNIC_CREDENTIALS"]
    arguments = [str(sandbox.credentials_file), str(scene_file.path.absolute()), PROJECT]
    account.say(f"python -m kognic.sandbox.demo_user {' '.join(arguments)}")
    done = subprocess.run(  # noqa: S603 -- our own program  # nosec B603
        [sys.executable, "-m", "kognic.sandbox.demo_user", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=USER_PROGRAM_TIMEOUT,
        check=False,
    )
    lines = done.stderr.splitlines()
    for line in lines if done.returncode == 0 else lines[-25:]:
        account.say(f"| {line}")
    if done.returncode != 0:
        raise DemoError(f"the upload failed with exit status {done.returncode}, see above")
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _compare_values(account: Account, scene_file: SceneFile, told: dict[str, Any]) -> None:
    described = scene_file.description
    account.check(f"scene {told['scene_uuid']} is created", told["status"], "created")
    account.check(f"external ID {described.external_id}", told["external_id"], described.external_id)
    account.check(f"type {described.type}", told["scene_type"], described.type)
    cameras, lidars = _sensors(scene_file)
    account.check(f"cameras {', '.join(cameras)}".rstrip(), told["cameras"], cameras)
    account.check(f"lidars {', '.join(lidars)}".rstrip(), told["lidars"], lidars)
    account.check("metadata", told["metadata"], described.metadata or {})
    if described.frames is not None:
        times = [frame.relative_timestamp for frame in described.frames]
        account.check(f"times of {counted(len(times), 'frame')}", told["frame_relative_times"], times)
    compensated = bool(scene_file.imu_data) and described.motion_compensation
    account.check(
        f"motion compensation {'on' if compensated else 'off'}", told["is_motion_compensated"], compensated
    )
    poses = dict(_poses(scene_file))
    account.check(counted(len(poses), "ego pose"), told["ego_poses"], poses)
    if scene_file.calibration is not None:
        sensors = len(scene_file.calibration.calibration)
        account.check(f"calibration of {counted(sensors, 'sensor')}", told["calibration_matches"], True)
    if scene_file.pre_annotation is not None:
        account.check("pre-annotation", told["pre_annotation"], _openlabel(scene_file.pre_annotation))
    account.check(f"one input in {PROJECT}", len(told["inputs"]), 1)


def _compare_bytes(account: Account, sandbox: Sandbox, scene_file: SceneFile, scene_uuid: str) -> None:
    stored = sandbox.control.stored_files(scene_uuid)
    sent = {resource_id: scene_file.files[name] for name, resource_id in _resource_ids(scene_file)}
    for resource_id, file in sent.items():
        content = file.read_bytes() if isinstance(file, Path) else file.load()
        digest = hashlib.sha256(content).hexdigest()
        found = stored.get(resource_id, {}).get("sha256")
        account.check(f"{resource_id:<28} {len(content):>10,} bytes  sha256 {digest[:16]}...", found, digest)
    others = sorted(set(stored) - set(sent))
    if scene_file.imu_data:
        imu_files = [json.loads(sandbox.control.stored_bytes(scene_uuid, name)) for name in others]
        samples = [sample.to_dict() for sample in scene_file.imu_data]
        account.check(f"{counted(len(samples), 'IMU sample')}, every number", imu_files, [samples])
    else:
        account.check("nothing else is stored", others, [])


def _openlabel(document: dict[str, Any]) -> dict[str, Any]:
    """A document as its models write it: without nulls, numbers as floats."""
    from kognic.openlabel.models import OpenLabelAnnotation

    written: dict[str, Any] = OpenLabelAnnotation.model_validate(document).model_dump(
        mode="json", exclude_none=True
    )
    return written


def _resource_ids(scene_file: SceneFile) -> Iterator[tuple[str, str]]:
    for resource in scene_file.scene("any").resources.values():
        yield str(resource.client_filename), str(resource.resource_id)


def _sensors(scene_file: SceneFile) -> tuple[list[str], list[str]]:
    frames = [frame for _, frame in scene_file.description.all_frames]
    cameras = {image.sensor_name for frame in frames for image in frame.images or []}
    lidars = {cloud.sensor_name for frame in frames for cloud in frame.point_clouds or []}
    return sorted(cameras), sorted(lidars)


def _poses(scene_file: SceneFile) -> Iterator[tuple[str, Any]]:
    for _, frame in scene_file.description.all_frames:
        if frame.ego_vehicle_pose is not None:
            yield str(frame.frame_id), attrs.asdict(frame.ego_vehicle_pose)


def _short(value: object) -> str:
    text = repr(value)
    # Two lines of a terminal.
    return text if len(text) <= 200 else f"{text[:200]}..."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo from the command line; the exit status says whether everything was right."""
    parser = argparse.ArgumentParser(prog="kognic.sandbox.demo", description=__doc__)
    parser.add_argument("--scene", type=Path, help="a scene file of your own")
    parser.add_argument("--page", type=Path, help="write the interactive page of the scene to this file")
    parser.add_argument(
        "--open",
        action="store_true",
        help="open the input on the local platform in the browser, until Ctrl-C",
    )
    options = parser.parse_args(arguments)
    started = time.monotonic()
    try:
        visit = _open_until_interrupted if options.open else None
        account = run_demo(options.scene, _print, page=options.page, visit=visit)
    except KognicError as exc:
        _print(f"\nThe demo failed: {exc}")
        return 1
    if account.failed:
        _print(f"\n{len(account.failed)} of {account.passed + len(account.failed)} checks FAILED")
        return 1
    _print(f"\nAll {account.passed} checks passed in {time.monotonic() - started:.1f} s.")
    if options.page is not None and options.page.is_file():
        _print(f"Look at the scene: {options.page.resolve().as_uri()}")
    return 0


def _open_until_interrupted(link: str) -> None:
    with contextlib.suppress(KeyboardInterrupt):
        webbrowser.open(link)
        threading.Event().wait()


def _print(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
