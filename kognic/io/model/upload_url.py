"""Kept for old code; no call uses it."""

from __future__ import annotations

import attrs

from kognic.base_clients.serialization import BaseSerializer, wire


@attrs.frozen(kw_only=True)
class UploadUrls(BaseSerializer):
    """Where to upload files.

    Attributes:
        files_to_url: File name to signed URL; secrets, thus not shown.
        input_uuid: The job.
    """

    files_to_url: dict[str, str] = attrs.field(metadata=wire("files"), repr=False)
    input_uuid: int = attrs.field(metadata=wire("jobId"))
