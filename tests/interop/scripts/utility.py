"""The `kognicutil` commands, with a client of the sandbox in their context."""

from __future__ import annotations

from typing import Any

from tests.interop.scripts.calibrations import every_sensor
from tests.interop.scripts.pre_annotations import create_scene
from tests.interop.scripts.session import BATCH, PROJECT, Session


def run(s: Session) -> None:
    from click.testing import CliRunner

    from kognic.io.kognicutil import cli
    from kognic.io.model.calibration import SensorCalibration

    client = s.client()
    scene = create_scene(s, client, "shown")
    placed = client.input.create_from_scene(scene, project=PROJECT, batch=BATCH)
    rig = SensorCalibration(external_id="rig", calibration={"LIDAR": every_sensor()["LIDAR"]})
    calibration = client.calibration.create_calibration(rig).id

    def shown(*arguments: str) -> dict[str, Any]:
        result = CliRunner().invoke(cli, arguments, obj={"client": client})
        return {"exit code": result.exit_code, "lines": result.output.splitlines()}

    names = {scene: "SCENE", placed.uuid: "INPUT", calibration: "CALIBRATION"}
    for arguments in (
        ("projects",),
        ("projects", PROJECT),
        ("projects", "nowhere"),
        ("projects", PROJECT, "--get-batches"),
        ("scenes", scene),
        ("scenes", scene, "--view"),
        ("scenes", scene, "--status"),
        ("calibration",),
        ("calibration", "--external-id", "rig"),
        ("calibration", "--id", calibration),
        ("view", placed.uuid),
        ("inputs", "--project", PROJECT, "--batch", BATCH),
        ("inputs", "--project", PROJECT, "--view"),
        ("inputs", "--uuids", scene),
    ):
        s.note(" ".join(names.get(a, a) for a in arguments), shown(*arguments))
