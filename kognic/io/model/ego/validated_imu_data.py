"""Request and response of the validation of IMU data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs
from attrs import setters

from kognic._core.redaction import redact_url
from kognic.base_clients.serialization import BaseSerializer, to_list
from kognic.io.model.ego.imu_data import IMUData


def _imu_data(value: Iterable[IMUData]) -> list[IMUData]:
    return to_list(value)


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class ValidateIMUDataRequest(BaseSerializer):
    """IMU data to be validated for a scene.

    Attributes:
        imu_data: The data.
        internal_id: The uuid of the scene.
    """

    imu_data: list[IMUData] = attrs.field(converter=_imu_data)
    internal_id: str


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class ValidatedIMUData(BaseSerializer):
    """Validated IMU data and where to put it.

    Attributes:
        resource_id: ID by which the scene refers to the data.
        signed_url: URL for the upload; None if no upload is needed.
        imu_data: The data.
    """

    resource_id: str
    signed_url: str | None = attrs.field(default=None, repr=lambda url: repr(url and redact_url(url)))
    imu_data: list[IMUData] = attrs.field(converter=_imu_data)

    def serialize_imu_data(self) -> list[dict[str, Any]]:
        """Return the content of the upload."""
        return [data.to_dict() for data in self.imu_data]
