"""What can go wrong beyond a single call; errors of calls are in `kognic.base_clients.errors`.

    KognicError
    |- WorkspaceUnknownError          no single workspace to write to       ValueError
    |- PredictionsError               a series of predictions broke off
    |- PreAnnotationFailedError       the platform could not process one
    |- PreAnnotationTimeoutError      not available in time                 TimeoutError
    `- SceneError                     scenes that are not usable
       |- SceneFailedError            the platform could not convert one
       |- SceneInvalidatedError       one was invalidated meanwhile
       `- SceneTimeoutError           not ready in time                     TimeoutError

`kognic.io.errors` has these and all others under one roof.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kognic._core.errors import KognicError

if TYPE_CHECKING:
    from kognic.io.model.scene.scene_entry import Scene
    from kognic.io.model.workspace.workspace import Workspace

SHOWN = 5
"""Things named in a message; the attributes hold all."""


class WorkspaceUnknownError(KognicError, ValueError):
    """There is not exactly one workspace that the client could write to; name one in `write_workspace_id`.

    Attributes:
        workspaces: The workspaces in which the user may upload.
    """

    def __init__(self, text: str, *, workspaces: Sequence[Workspace] = ()) -> None:
        super().__init__(text)
        self.workspaces = list(workspaces)


class PredictionsError(KognicError):
    """A series of predictions was not created in full.

    What is in none of the attributes comes later in the series and was not sent either.

    Attributes:
        created: UUIDs of the predictions that exist, by position in the series.
        failed: What went wrong, by position in the series.
        not_sent: Positions that were given up before they were sent.
    """

    def __init__(
        self,
        text: str,
        *,
        created: Mapping[int, str] | None = None,
        failed: Mapping[int, Exception] | None = None,
        not_sent: Sequence[int] = (),
    ) -> None:
        super().__init__(text)
        self.created = dict(created or {})
        self.failed = dict(failed or {})
        self.not_sent = list(not_sent)


class PreAnnotationFailedError(KognicError):
    """The platform could not process a pre-annotation, which is final: its external id is used up.

    The platform does not say why. Inputs that were created with it disappear.

    Attributes:
        pre_annotations: What the platform says of those that failed: at least `id` and `status`.
    """

    def __init__(self, text: str, *, pre_annotations: Sequence[Mapping[str, Any]] = ()) -> None:
        super().__init__(text)
        self.pre_annotations = [dict(each) for each in pre_annotations]


class PreAnnotationTimeoutError(KognicError, TimeoutError):
    """Pre-annotations were not available in time; they may become so later.

    Attributes:
        unfinished: UUIDs of those that were not available.
    """

    def __init__(self, text: str, *, unfinished: Sequence[str] = ()) -> None:
        super().__init__(text)
        self.unfinished = list(unfinished)


class SceneError(KognicError):
    """Scenes that were waited for and are not usable.

    Attributes:
        scenes: The scenes that are the reason.
        ready: Scenes waited for that are created.
        unfinished: UUIDs of the scenes that were neither when the error was raised.
    """

    def __init__(
        self,
        text: str,
        *,
        scenes: Sequence[Scene] = (),
        ready: Sequence[Scene] = (),
        unfinished: Sequence[str] = (),
    ) -> None:
        super().__init__(text)
        self.scenes = list(scenes)
        self.ready = list(ready)
        self.unfinished = list(unfinished)


class SceneFailedError(SceneError):
    """The platform could not convert a scene; the text holds its explanation."""


class SceneInvalidatedError(SceneError):
    """A scene was invalidated, which is final: create it again."""


class SceneTimeoutError(SceneError, TimeoutError):
    """Scenes were not ready in time; they may become so later."""


def listing(names: Sequence[str]) -> str:
    """Join the first few names for a message, and say how many more there are."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return "; ".join(names[:SHOWN]) + more
