"""The calibrations of all sensors of a vehicle, as they are created and as the platform returns them."""

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
        external_id: Your name for it.
        calibration: Sensor name to calibration.
    """

    external_id: str
    calibration: dict[str, BaseCalibration] = attrs.field(
        converter=_calibrations, metadata=python_names_inside()
    )


@attrs.frozen(kw_only=True)
class SensorCalibrationEntry(BaseSerializer):
    """A set of calibrations on the platform.

    Attributes:
        id: The platform's name for it; what scenes refer to.
        external_id: Your name for it.
        created: When it was created.
        workspace_id: The workspace it belongs to.
        calibration: Sensor name to calibration; empty when the platform left it out.
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
        """The calibration of one sensor, of the class that its `calibration_type` names.

        Private in the official class, too, and used by customers.

        Raises:
            ModelValidationError: The type is missing or unknown, or a value is wrong.
        """
        return BaseCalibration.from_json(calibration)
