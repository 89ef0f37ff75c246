"""One module per service; each lists its operations in `APIS`."""

from __future__ import annotations

from kognic.sandbox.platform.annotations import routes as annotation_search
from kognic.sandbox.platform.auth import routes as auth
from kognic.sandbox.platform.calibrations import routes as calibrations
from kognic.sandbox.platform.calls import Api
from kognic.sandbox.platform.control.routes import control_routes
from kognic.sandbox.platform.datasets import routes as datasets
from kognic.sandbox.platform.inputs import routes as inputs
from kognic.sandbox.platform.order_execution import routes as order_execution
from kognic.sandbox.platform.pre_annotations import routes as pre_annotations
from kognic.sandbox.platform.projects import routes as projects
from kognic.sandbox.platform.query import routes as query
from kognic.sandbox.platform.reviews import routes as reviews
from kognic.sandbox.platform.scenes import routes as scenes_v2
from kognic.sandbox.platform.scenes import typed_routes as scenes_v1
from kognic.sandbox.platform.storage.routes import storage_routes
from kognic.sandbox.platform.view.routes import view_routes
from kognic.sandbox.platform.workforce import routes as workforce
from kognic.sandbox.platform.workspaces import routes as workspaces

__all__ = ["all_apis", "control_routes", "storage_routes", "view_routes"]

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
    """Return every operation of every service."""
    return [api for service in SERVICES for api in service.APIS]
