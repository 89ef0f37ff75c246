"""The calibrations of all sensors of a vehicle, to create and as returned by the platform."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs
from attrs import setters

from kognic.base_clients.serialization import BaseSerializer, python_names_inside, to_dict
from kognic.io.model.calibration.common import BaseCalibration


def _calibrations(value: Mapping[str, BaseCalibration]) -> dict[str, BaseCalibration]:
    return to_dict(value)


def _calibrations_or_empty(value: Mapping[str, BaseCalibration] | None) -> dict[str, BaseCalibration]:
    return {} if value is None else to_dict(value)


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class SensorCalibration(BaseSerializer):
    """A set of calibrations to create.

    Attributes:
        external_id: External ID, chosen by you.
        calibration: Calibrations by sensor name.
    """

    external_id: str
    calibration: dict[str, BaseCalibration] = attrs.field(
        converter=_calibrations, metadata=python_names_inside()
    )


@attrs.frozen(kw_only=True)
class SensorCalibrationEntry(BaseSerializer):
    """A set of calibrations on the platform.

    Attributes:
        id: UUID, to which scenes refer.
        external_id: External ID, chosen by you.
        created: Creation time.
        workspace_id: The workspace it belongs to.
        calibration: Calibrations by sensor name; empty if the response has none.
    """

    id: str
    external_id: str
    created: datetime
    workspace_id: str | None = None
    calibration: dict[str, BaseCalibration] = attrs.field(
        factory=dict, converter=_calibrations_or_empty, metadata=python_names_inside()
    )

    @classmethod
    def _parse_calibration(cls, calibration: Mapping[str, Any]) -> BaseCalibration:
        """Parse the calibration of one sensor into the class of its `calibration_type`.

        Private in the official class as well, but used by customers.

        Raises:
            ModelValidationError: The type is missing or unknown, or a value is wrong.
        """
        return BaseCalibration.from_json(calibration)
