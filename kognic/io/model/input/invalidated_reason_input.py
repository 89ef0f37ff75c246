"""Deprecated: use `kognic.io.model.scene.SceneInvalidatedReason`."""

import warnings

from kognic.io.model.scene.invalidated_reason import SceneInvalidatedReason

__all__ = ["InvalidatedReasonInput"]

InvalidatedReasonInput = SceneInvalidatedReason

warnings.warn(
    "kognic.io.model.input.invalidated_reason_input is deprecated, "
    "use SceneInvalidatedReason from kognic.io.model.scene",
    DeprecationWarning,
    stacklevel=2,
)
