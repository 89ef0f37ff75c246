"""Errors of uploads, bulk runs, exports and the sandbox."""

from __future__ import annotations

from typing import Any

from kognic._core.errors import KognicError


class CalibrationDiffersError(KognicError, ValueError):
    """A different calibration with this external ID exists (`external_id`, `id`)."""

    def __init__(self, external_id: str, id: str) -> None:
        super().__init__(
            f"a different calibration '{external_id}' exists ({id}), and calibrations cannot be changed; "
            f"choose another external_id, or use the existing one with calibration_id: {id}"
        )
        self.external_id = external_id
        self.id = id

    def __reduce__(self) -> tuple[Any, ...]:
        return CalibrationDiffersError, (self.external_id, self.id)


class SceneExistsError(KognicError):
    """A valid scene with the same external ID already exists (`scene`)."""

    def __init__(self, scene: Any) -> None:
        status = getattr(scene.status, "value", scene.status)
        super().__init__(
            f"scene '{scene.external_id}' exists already ({scene.uuid}, {status}); "
            "use it, or choose another external_id"
        )
        self.scene = scene

    def __reduce__(self) -> tuple[Any, ...]:
        return SceneExistsError, (self.scene,)


class JournalError(KognicError, ValueError):
    """The journal is not a journal file, belongs to another run, is in use, or is corrupt."""


class ItemChangedError(JournalError):
    """The content of an item changed after it was started; other items are not affected."""


class ItemError(KognicError):
    """The run found a reason why an item cannot be created."""


class TargetsFailedError(KognicError):
    """A scene exists, but inputs could not be created in some of its targets."""


class WorkerLostError(KognicError):
    """The executor lost a task: a worker died, or the connection to the scheduler broke."""


class ExportError(KognicError, ValueError):
    """The folder cannot be used for this export."""


class SandboxError(KognicError):
    """The sandbox cannot carry out a request of its control handle; the message names the object."""


class AmbiguousNameError(KognicError, ValueError):
    """A name stands for no object or for more than one where exactly one is needed."""
