"""`kognic scene create`: what it prints, in success and in failure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from kognic._core.failures import in_words
from kognic._core.wording import counted
from kognic.cli import output
from kognic.cli.platform import Platform
from kognic.cli.signals import ACCOUNT, within
from kognic.pipelines.bulk.items import Target
from kognic.pipelines.scene_upload import Fact, SceneFileUpload
from kognic.scenes.scene_check import check_before_sending, in_a_line
from kognic.scenes.scene_file import SceneFile
from kognic.scenes.scene_search import one_scene_file

# Seconds between two status requests.
POLL_INTERVAL = 1.0
_SHOWN_WARNINGS = 10
_MARKS = {True: "exists", False: "does not exist", None: "unknown"}


def create_scene(
    platform: Platform,
    file: Path,
    *,
    project: str | None,
    batch: str | None,
    targets: Sequence[Target],
    dry_run: bool,
    check: bool,
    wait: bool,
    timeout: float,
    if_exists: Literal["create", "skip", "fail"],
) -> None:
    """Create the scene of a scene file; see the command."""
    scene_file = one_scene_file(file)
    platform.progress = not platform.as_json and output.shows_progress()
    platform.patient = True
    upload = SceneFileUpload(
        client=platform.client,
        scene_file=scene_file,
        project=project,
        batch=batch,
        targets=targets,
        timeout=timeout if wait else None,
        poll_interval=POLL_INTERVAL,
        if_exists=if_exists,
        warn=lambda text: output.note(f"warning: {text}"),
    )
    if not platform.as_json:
        upload.tell = output.note
        output.note(f"{scene_file.path}: {_files(scene_file)}")
    if check:
        _check(scene_file)
    if dry_run:
        _dry_run(platform, upload)
        return
    try:
        upload.run()
    except (Exception, KeyboardInterrupt) as exc:
        _print_account(platform, upload, exc)
        raise
    platform.show_one(_summary(scene_file, upload))


def _check(scene_file: SceneFile) -> None:
    """Find errors before the first byte is uploaded; read files only if the readers are installed."""
    path = str(scene_file.path)
    way_out = f"'kognic check {path}' shows the details; --no-check uploads the scene unchecked"
    report = check_before_sending(path, scene_file.check, way_out=way_out, tell=output.note)
    for warning in report.warnings[:_SHOWN_WARNINGS]:
        output.note(f"warning: {in_a_line(warning)}")
    if len(report.warnings) > _SHOWN_WARNINGS:
        output.note(f"and {len(report.warnings) - _SHOWN_WARNINGS} more warnings")


def _dry_run(platform: Platform, upload: SceneFileUpload) -> None:
    is_checked = upload.check()
    message = "The platform would create the scene; nothing was created."
    if not is_checked:
        message = (
            "The scene file is valid and its files exist. The server cannot validate the scene before its "
            "calibration exists: 'kognic calibration create' creates it. Nothing was created."
        )
    platform.done(message, dry_run=True, checked_by_platform=is_checked)


def _summary(scene_file: SceneFile, upload: SceneFileUpload) -> dict[str, Any]:
    scene = upload.scene
    facts: dict[str, Any] = {
        "scene_uuid": upload.scene_uuid,
        "external_id": scene_file.external_id,
        "scene_type": scene_file.description.type,
        "status": scene.status if scene else "pending",
        "existed": upload.existed,
        "files": len(upload.stored),
        "bytes": sum(upload.stored.values()),
    }
    if upload.calibration is not None:
        how = "reused" if upload.calibration.existed else "created"
        facts["calibration"] = {"id": upload.calibration.id, "external_id": upload.calibration.external_id}
        facts["calibration"]["was"] = how
    if upload.pre_annotation_id is not None:
        facts["pre_annotation_id"] = upload.pre_annotation_id
    if upload.placements:
        facts["placements"] = upload.placements
    if upload.project is not None:
        facts["inputs"] = [{"uuid": found.uuid, "view_link": found.view_link} for found in upload.inputs]
    if scene is not None and scene.view_link:
        facts["view_link"] = scene.view_link
    return facts


def _print_account(platform: Platform, upload: SceneFileUpload, exc: BaseException) -> None:
    facts = (
        upload.account()
        if isinstance(exc, Exception)
        else within(ACCOUNT, upload.account) or [Fact("scene", None, _unknown(upload))]
    )
    if platform.as_json:
        error = in_words(exc) if isinstance(exc, Exception) else "interrupted"
        output.print_json({"error": error, "parts": [fact._asdict() for fact in facts]})
        return
    if all(fact.exists is False for fact in facts):
        output.note("Nothing was created.")
        return
    output.note("The scene was not created. On the platform:" if not _is_there(facts) else "On the platform:")
    for fact in facts:
        output.note(f"  {_MARKS[fact.exists]:<15} {fact.part}  {fact.text}")


def _unknown(upload: SceneFileUpload) -> str:
    return f"{upload.scene_file.external_id} ({upload.scene_uuid or 'no UUID yet'}): not looked up in time"


def _is_there(facts: list[Fact]) -> bool:
    return any(fact.part == "scene" and fact.exists for fact in facts)


def _files(scene_file: SceneFile) -> str:
    """`3 files, 1.2 MB`; the size of files that are made of a recording is known when they are uploaded."""
    count, converted = len(scene_file.files), scene_file.converted
    files = counted(count, "file")
    if not converted:
        return f"{files}, {_size(scene_file.size)}"
    made = "converted or downloaded during the upload"
    return (
        f"{files}, all {made}"
        if converted == count
        else (f"{files}, {_size(scene_file.size)} and {converted} that are {made}")
    )


def _size(count: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    raise AssertionError("unreachable")
