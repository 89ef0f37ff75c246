"""Deprecated: use `kognic.io.resources.scene.file_data`."""

import warnings

from kognic.io.model.scene.file_data import FileData

__all__ = ["FileData"]

warnings.warn(
    "kognic.io.resources.input.file_data is deprecated, use kognic.io.resources.scene.file_data",
    DeprecationWarning,
    stacklevel=2,
)
