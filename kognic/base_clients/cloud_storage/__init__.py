"""File transfer: uploads to and downloads from signed URLs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic._core.lazy import attach

if TYPE_CHECKING:
    from kognic.base_clients.cloud_storage.async_client import AsyncFileResourceClient
    from kognic.base_clients.cloud_storage.client import FileResourceClient
    from kognic.base_clients.cloud_storage.content_types import content_type_of
    from kognic.base_clients.cloud_storage.progress import Progress
    from kognic.base_clients.cloud_storage.results import DownloadResult, UploadResult
    from kognic.base_clients.cloud_storage.upload_spec import Callback, UploadableData, UploadSpec

__all__ = [
    "AsyncFileResourceClient",
    "Callback",
    "DownloadResult",
    "FileResourceClient",
    "Progress",
    "UploadResult",
    "UploadSpec",
    "UploadableData",
    "content_type_of",
]

_HERE = "kognic.base_clients.cloud_storage"

__getattr__, __dir__ = attach(
    __name__,
    {
        "AsyncFileResourceClient": f"{_HERE}.async_client",
        "Callback": f"{_HERE}.upload_spec",
        "DownloadResult": f"{_HERE}.results",
        "FileResourceClient": f"{_HERE}.client",
        "Progress": f"{_HERE}.progress",
        "UploadResult": f"{_HERE}.results",
        "UploadSpec": f"{_HERE}.upload_spec",
        "UploadableData": f"{_HERE}.upload_spec",
        "content_type_of": f"{_HERE}.content_types",
    },
)
