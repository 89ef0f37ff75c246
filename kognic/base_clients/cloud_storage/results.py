"""Results of transfers."""

from __future__ import annotations

from pathlib import Path

import attrs


@attrs.frozen(kw_only=True)
class UploadResult:
    """One file that was stored.

    Attributes:
        resource_id: The key under which it was given.
        size: Bytes sent.
        seconds: From the first attempt's start to the answer.
        attempts: How often it was sent.
        checksum: What storage reported and was compared with the bytes sent, such as `crc32c:yZRlqg==`; None
            when storage reported nothing that could be compared.
    """

    resource_id: str
    size: int
    seconds: float
    attempts: int = 1
    checksum: str | None = None


@attrs.frozen(kw_only=True)
class DownloadResult:
    """One file that was fetched.

    Attributes:
        path: Where it is.
        size: Bytes.
        seconds: From the first attempt's start until it was safely on disk.
        attempts: How often it was requested.
        checksum: As for `UploadResult`.
    """

    path: Path
    size: int
    seconds: float
    attempts: int = 1
    checksum: str | None = None
