"""One module per service; each lists its operations in `APIS`."""

from __future__ import annotations

from kognic.sandbox.platform.calls import Api
from kognic.sandbox.platform.routes import auth, calibrations, projects, scenes_v1, scenes_v2, workspaces
from kognic.sandbox.platform.routes.storage import storage_routes

__all__ = ["all_apis", "storage_routes"]


def all_apis() -> list[Api]:
    """Every operation. Where two paths could match, the more particular one comes first."""
    return [
        api
        for service in (auth, workspaces, projects, calibrations, scenes_v1, scenes_v2)
        for api in service.APIS
    ]
