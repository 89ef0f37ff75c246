"""What a scene needs on the platform before it is created: its calibration, and an open batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from kognic._core.run_errors import CalibrationDiffersError
from kognic.base_clients.errors import NotFoundError

if TYPE_CHECKING:
    from kognic.io.client import KognicIOClient
    from kognic.io.model.calibration.calib import SensorCalibration, SensorCalibrationEntry


@attrs.frozen
class EnsuredCalibration:
    """A calibration on the platform; `existed` unless it was just created."""

    id: str
    external_id: str
    existed: bool


def find_calibration(client: KognicIOClient, calibration: SensorCalibration) -> EnsuredCalibration | None:
    """Find the calibration of the same external ID in the client's workspace.

    Raises:
        CalibrationDiffersError: There is one, with other content.
    """
    entries: list[SensorCalibrationEntry] = []
    try:
        entries = client.calibration.get_calibrations(external_id=calibration.external_id)
    except NotFoundError:
        return None
    own = [entry for entry in entries if entry.workspace_id in (None, client.workspace_id)]
    for entry in own:
        if not entry.calibration or entry.calibration == calibration.calibration:
            return EnsuredCalibration(entry.id, entry.external_id, existed=True)
    if own:
        raise CalibrationDiffersError(calibration.external_id, own[0].id)
    return None


def ensure_calibration(client: KognicIOClient, calibration: SensorCalibration) -> EnsuredCalibration:
    """Find a calibration by its external ID, or create it.

    Raises:
        CalibrationDiffersError: There is one of that external ID, with other content.
    """
    found = find_calibration(client, calibration)
    if found is not None:
        return found
    entry = client.calibration.create_calibration(calibration)
    return EnsuredCalibration(entry.id, entry.external_id, existed=False)


def check_target(
    client: KognicIOClient, project: str, batch: str | None = None, *, for_inputs: bool = True
) -> None:
    """Check that a project, and an open batch in it, exist.

    Args:
        client: The client that will create inputs there.
        project: External ID of the project.
        batch: External ID of the batch; None leaves the choice to the platform.
        for_inputs: Whether the batch has to be open, as it must be to create inputs.

    Raises:
        NotFoundError: The project does not exist.
        ValueError: The project has no such batch, or it is not open.
    """
    status = {found.batch: _text(found.status) for found in client.project.get_project_batches(project)}
    if batch is None:
        return
    if batch not in status:
        raise ValueError(f"project '{project}' has no batch '{batch}'; it has: {', '.join(status) or 'none'}")
    if for_inputs and status[batch] != "open":
        raise ValueError(
            f"batch '{batch}' of project '{project}' is {status[batch]}; inputs can be created in open "
            "batches only"
        )


def _text(status: Any) -> str:
    return str(getattr(status, "value", status))
