"""Calibrations: created once, never changed."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from sqlalchemy import select

from kognic.sandbox.platform import access
from kognic.sandbox.platform.calibrations.wire import CreateCalibration, Custom
from kognic.sandbox.platform.calls import Call, read, write
from kognic.sandbox.platform.errors import NotFoundError, PlatformError, ValidationFailedError
from kognic.sandbox.platform.tables import Calibration
from kognic.sandbox.platform.values import to_wire_time

WASM_MAGIC = b"\0asm"


def create_calibration(call: Call) -> dict[str, Any]:
    """Store a calibration under an external ID that is new in its workspace."""
    workspace = access.workspace_to_write(call, call.query.get("workspaceId"))
    body = call.parse(CreateCalibration)
    for name, sensor in body.calibration.items():
        if isinstance(sensor, Custom):
            _check_module(name, sensor)
    query = select(Calibration.id).where(
        Calibration.workspace_id == workspace.id, Calibration.external_id == body.external_id
    )
    if call.session.scalar(query) is not None:
        raise PlatformError(409, f"A calibration with external id {body.external_id} already exists")
    calibration = Calibration(
        workspace_id=workspace.id,
        external_id=body.external_id,
        sensors={
            name: sensor.model_dump(mode="json", exclude_none=True)
            for name, sensor in body.calibration.items()
        },
    )
    call.session.add(calibration)
    call.session.flush()
    return _answer(calibration)


def get_calibrations(call: Call) -> dict[str, Any] | list[dict[str, Any]]:
    """Return one calibration by id, or a list: all that the caller may see, or those with an external ID."""
    query = select(Calibration).where(Calibration.workspace_id.in_(access.workspace_ids(call)))
    calibration_id = call.query.get("id")
    if calibration_id is not None:
        found = call.session.scalar(query.where(Calibration.id == calibration_id))
        if found is None:
            raise NotFoundError(f"There is no calibration {calibration_id}")
        return _answer(found)
    external_id = call.query.get("externalId")
    if external_id is not None:
        query = query.where(Calibration.external_id == external_id)
    return [_answer(found) for found in call.session.scalars(query.order_by(Calibration.created))]


def _answer(calibration: Calibration) -> dict[str, Any]:
    return {
        "id": calibration.id,
        "externalId": calibration.external_id,
        "created": to_wire_time(calibration.created),
        "workspaceId": calibration.workspace_id,
        "calibration": calibration.sensors,
    }


def _check_module(name: str, camera: Custom) -> None:
    try:
        module = base64.b64decode(camera.wasm_base64, validate=True)
    except binascii.Error:
        raise ValidationFailedError(f"wasm_base64 of {name} is not Base64") from None
    if not module.startswith(WASM_MAGIC):
        raise ValidationFailedError(f"wasm_base64 of {name} is not a WebAssembly module")


APIS = (
    read("GET", "/v1/calibrations", get_calibrations),
    write("POST", "/v1/calibrations", create_calibration),
)
