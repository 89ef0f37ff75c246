"""What can go wrong in uploads, bulk runs, exports and the sandbox, beyond a single request."""

from __future__ import annotations

from typing import Any

from kognic._core.errors import KognicError


class CalibrationDiffersError(KognicError, ValueError):
    """A calibration of the wanted external id exists and has other content (`external_id`, `id`)."""

    def __init__(self, external_id: str, id: str) -> None:
        super().__init__(
            f"calibration '{external_id}' exists ({id}) and differs from this one; calibrations cannot be "
            f"changed: give this one another external_id, or use that one with calibration_id: {id}"
        )
        self.external_id = external_id
        self.id = id

    def __reduce__(self) -> tuple[Any, ...]:
        return CalibrationDiffersError, (self.external_id, self.id)


class SceneExistsError(KognicError):
    """The workspace has a usable scene of the same external id already (`scene`)."""

    def __init__(self, scene: Any) -> None:
        status = getattr(scene.status, "value", scene.status)
        super().__init__(
            f"scene '{scene.external_id}' exists already ({scene.uuid}, {status}); "
            "use it, or give the new one another external_id"
        )
        self.scene = scene

    def __reduce__(self) -> tuple[Any, ...]:
        return SceneExistsError, (self.scene,)


class JournalError(KognicError, ValueError):
    """The journal cannot be used: not a journal, of another run, in use, or corrupt."""


class ItemChangedError(JournalError):
    """The content of an item changed after it was begun; other items are not affected."""


class ItemError(KognicError):
    """An item cannot be created, for a reason that the run found."""


class TargetsFailedError(KognicError):
    """A scene exists, but inputs could not be created in some of its targets."""


class WorkerLostError(KognicError):
    """The executor lost a task: a worker died, or the connection to the scheduler broke."""


class ExportError(KognicError, ValueError):
    """The folder cannot be exported to."""


class SandboxError(KognicError):
    """The sandbox cannot do what its control handle was asked for; the message names the thing."""


class AmbiguousNameError(KognicError, ValueError):
    """A name stands for no object or for more than one where exactly one is needed."""
