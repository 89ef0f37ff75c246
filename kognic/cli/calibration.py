"""`kognic calibration`."""

from __future__ import annotations

from pathlib import Path

import click

from kognic._core.terminal import echo
from kognic.cli.lazy import LazyGroup
from kognic.cli.platform import Platform, platform_command

COLUMNS = ("id", "external_id", "created")


@click.group(cls=LazyGroup)
def calibration() -> None:
    """Create, show, check and convert calibrations."""


@calibration.command("list")
@click.option("--external-id", metavar="ID", help="List only calibrations with this external ID.")
@platform_command
def list_calibrations(platform: Platform, external_id: str | None) -> None:
    """List calibrations."""
    platform.show(platform.client.calibration.get_calibrations(external_id=external_id), COLUMNS)


@calibration.command("show")
@click.argument("calibration")
@platform_command
def show_calibration(platform: Platform, calibration: str) -> None:
    """Show CALIBRATION, a UUID or external ID. With --json: in a form that 'create' takes."""
    from kognic.pipelines.lookup import calibration_id

    entry = platform.client.calibration.get_calibration(calibration_id(platform.client, calibration))
    if platform.as_json:
        platform.show_one(entry)
        return
    platform.show_one({column: getattr(entry, column) for column in (*COLUMNS, "workspace_id")})
    echo()
    rows = [{"sensor": name, **_summary(sensor)} for name, sensor in (entry.calibration or {}).items()]
    platform.show(rows, ("sensor", "type", "position", "rotation (w, x, y, z)", "image"))


def _summary(sensor: object) -> dict[str, str]:
    position, rotation = sensor.position, sensor.rotation_quaternion  # type: ignore[attr-defined]
    width = getattr(sensor, "image_width", None)
    return {
        "type": str(getattr(sensor.calibration_type, "value", sensor.calibration_type)),  # type: ignore[attr-defined]
        "position": f"{position.x:g}, {position.y:g}, {position.z:g}",
        "rotation (w, x, y, z)": ", ".join(f"{getattr(rotation, axis):.6g}" for axis in "wxyz"),
        "image": f"{width} x {sensor.image_height}" if width else "",  # type: ignore[attr-defined]
    }


@calibration.command("create")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--external-id", metavar="ID", help="Use this external ID instead of the one in the file.")
@platform_command
def create_calibration(platform: Platform, file: Path, external_id: str | None) -> None:
    """Create a calibration from FILE (JSON or YAML: external_id and sensors).

    If an identical calibration with the same external ID exists, it is used. A different one is an error,
    because calibrations cannot be changed.
    """
    from kognic.pipelines.scene_upload import ensure_calibration
    from kognic.scenes.scene_file import load_calibration

    wanted = load_calibration(file, external_id=external_id)
    ensured = ensure_calibration(platform.client, wanted)
    sentence = "exists already and is equal" if ensured.existed else "is created"
    platform.done(
        f"Calibration {wanted.external_id} {sentence}: {ensured.id}",
        id=ensured.id,
        external_id=wanted.external_id,
        existed=ensured.existed,
    )
