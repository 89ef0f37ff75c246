"""Calibrations: extrinsics and intrinsics of the sensors of a scene."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kognic.base_clients.http.client import HttpClient
from kognic.base_clients.http.lookups import Lookup
from kognic.io.model.calibration.calib import SensorCalibration, SensorCalibrationEntry
from kognic.io.resources import operations
from kognic.io.resources.shapes import expected, items


class CalibrationResource:
    """Calibrations of a workspace; immutable once created and shared by many scenes."""

    def __init__(self, client: HttpClient, workspace_id: Callable[[], str]) -> None:
        self._client = client
        self._workspace_id = workspace_id

    def get_calibration(self, id: str) -> SensorCalibrationEntry:
        """Get a calibration with its sensors.

        Args:
            id: UUID of the calibration.

        Raises:
            NotFoundError: The calibration does not exist.
            TypeError: A sensor has a type that this version does not know.
        """
        return SensorCalibrationEntry.from_json(
            self._client.call(operations.GET_CALIBRATIONS, params={"id": id})
        )

    def get_calibrations(self, external_id: str | None = None) -> list[SensorCalibrationEntry]:
        """List calibrations.

        Args:
            external_id: List only the calibration with this external ID; None lists all visible ones.

        Raises:
            TypeError: A sensor has a type that this version does not know.
        """
        return [SensorCalibrationEntry.from_json(item) for item in self._list(external_id)]

    def create_calibration(self, sensor_calibration: SensorCalibration) -> SensorCalibrationEntry:
        """Create a calibration in the client's workspace.

        Args:
            sensor_calibration: External ID and one calibration per sensor, keyed by the sensor names that
                scenes use.

        Raises:
            BadRequestError: The platform rejected its content.
            ConflictError: The external ID belongs to another calibration. If the existing one is equal, it is
                returned: the platform may have received this request twice.
            ValueError: `sensor_calibration` is not a `SensorCalibration`, or the workspace to write to
                could not be determined, see `KognicIOClient.workspace_id`.
        """
        expected("sensor_calibration", sensor_calibration, SensorCalibration)
        workspace_id = self._workspace_id()

        def find() -> dict[str, Any] | None:
            return self._find_created(sensor_calibration, workspace_id)

        created = self._client.call(
            operations.CREATE_CALIBRATION,
            params={"workspaceId": workspace_id},
            json=sensor_calibration.to_dict(),
            # Calibrations are immutable and compared as a whole, so an identical one can be used instead.
            lookup=Lookup(find, unique=True, duplicate=find),
        )
        return SensorCalibrationEntry.from_json(created)

    def _list(self, external_id: str | None) -> list[dict[str, Any]]:
        found = self._client.call(operations.GET_CALIBRATIONS, params={"externalId": external_id})
        return [found] if isinstance(found, dict) else items(found, operations.GET_CALIBRATIONS)

    def _find_created(self, wanted: SensorCalibration, workspace_id: str) -> dict[str, Any] | None:
        """Find the calibration of a creation whose response was lost; None if it did not happen.

        A calibration with the same name but different content does not match; the retry then fails with the
        platform's error that the name is taken.
        """
        for item in self._list(wanted.external_id):
            if item.get("workspaceId") not in (None, workspace_id):
                continue
            if SensorCalibrationEntry.from_json(item).calibration == wanted.calibration:
                return item
        return None
