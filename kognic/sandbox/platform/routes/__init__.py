"""One module per service; each lists its operations in `APIS`."""

from __future__ import annotations

from kognic.sandbox.platform.calls import Api
from kognic.sandbox.platform.routes import (
    annotation_search,
    auth,
    calibrations,
    datasets,
    inputs,
    order_execution,
    pre_annotations,
    projects,
    query,
    reviews,
    scenes_v1,
    scenes_v2,
    workforce,
    workspaces,
)
from kognic.sandbox.platform.routes.control import control_routes
from kognic.sandbox.platform.routes.storage import storage_routes

__all__ = ["all_apis", "control_routes", "storage_routes"]

# Where two paths could match, the module with the more particular one comes first.
SERVICES = (
    auth,
    workspaces,
    inputs,
    scenes_v1,
    scenes_v2,
    pre_annotations,
    calibrations,
    projects,
    order_execution,
    reviews,
    annotation_search,
    query,
    datasets,
    workforce,
)


def all_apis() -> list[Api]:
    """Every operation of every service."""
    return [api for service in SERVICES for api in service.APIS]
