"""`kognic scene create`: what it prints, in success and in failure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from kognic._core.failures import in_words
from kognic._core.wording import counted
from kognic.cli import output
from kognic.cli.as_options import as_options
from kognic.cli.platform import Platform
from kognic.cli.signals import ACCOUNT, within
from kognic.cli.targets import spelled
from kognic.pipelines.bulk.items import Target
from kognic.pipelines.bulk.journal import Placement
from kognic.pipelines.scene_upload import Fact, SceneFileUpload
from kognic.scenes.checks.reporting.grouping import grouped
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
    links: bool = False,
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
        warn=lambda text: output.note(f"warning: {as_options(text)}"),
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
        if isinstance(exc, KeyboardInterrupt) and not platform.as_json:
            options = {"--project": project, "--batch": batch}
            way_on = _way_on(platform, file, upload, options, targets, check=check)
            if way_on is not None:
                output.note(f"Continue with: {way_on}")
        raise
    platform.show_one(_summary(scene_file, upload), links=links)


def _way_on(
    platform: Platform,
    file: Path,
    upload: SceneFileUpload,
    options: dict[str, str | None],
    targets: Sequence[Target],
    *,
    check: bool,
) -> str | None:
    """The command that completes what was interrupted; None if nothing was begun."""
    if upload.scene_uuid is None and not upload.lacks_files:
        return None
    # Only a bulk run uploads the files that a scene lacks; both find the scene by its external ID.
    words = (
        ["bulk", "run", str(file), "--if-exists", "update"]
        if upload.lacks_files
        else ["scene", "create", str(file), "--if-exists", "skip"]
    )
    options = {**options, "--environment": platform.environment, "--credentials": platform.credentials}
    for name, value in {**options, "--workspace": platform.workspace}.items():
        words += [] if value is None else [name, value]
    for target in targets:
        words += ["--target", spelled(target)]
    return shlex.join(["kognic", *words, *([] if check else ["--no-check"])])


def _check(scene_file: SceneFile) -> None:
    """Find errors before the first byte is uploaded; read files only if the readers are installed."""
    path = str(scene_file.path)
    way_out = f"'kognic check {path}' shows the details; --no-check uploads the scene unchecked"
    report = check_before_sending(
        path,
        scene_file.check,
        way_out=way_out,
        tell=output.note,
        pre_annotation=scene_file.pre_annotation_path,
    )
    groups = grouped(report.warnings)
    for group in groups[:_SHOWN_WARNINGS]:
        others = f", {group.others}" if group.others else ""
        output.note(f"warning: {in_a_line(group.first)}{others}")
    if len(groups) > _SHOWN_WARNINGS:
        left = sum(group.count for group in groups[_SHOWN_WARNINGS:])
        output.note(f"and {counted(left, 'more warning')}")


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
    if upload.placements or upload.project is not None:
        facts["inputs"] = list(_inputs(upload))
    if scene is not None and scene.view_link:
        facts["view_link"] = scene.view_link
    return facts


def _inputs(upload: SceneFileUpload) -> Iterator[dict[str, Any]]:
    """One shape for inputs of one project and of targets; what is not known is left out."""
    links = {found.uuid: found.view_link for found in upload.inputs}
    # Several inputs of one project, one for each request of its batch, have the same target.
    one = Target(project=upload.project, batch=upload.batch).label if upload.project else ""
    placed = upload.placements or [
        Placement(one, upload.pre_annotation_id, found.uuid) for found in upload.inputs
    ]
    for placement in placed:
        values = {
            "target": placement.target,
            "uuid": placement.input_uuid,
            "pre_annotation_id": placement.pre_annotation_uuid,
            "error_stage": placement.error_stage,
            "error": placement.error,
            "view_link": links.get(placement.input_uuid or ""),
        }
        yield {name: value for name, value in values.items() if value is not None}


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
