"""Errors of scenes, workspaces and predictions; `kognic.base_clients.errors` has those of single requests.

    KognicError
    |- WorkspaceUnknownError          no single workspace to write to       ValueError
    |- PredictionsError               a series of predictions is incomplete
    |- PreAnnotationFailedError       the platform could not process one
    |- PreAnnotationTimeoutError      not available in time                 TimeoutError
    `- SceneError                     scenes that are not usable
       |- SceneFailedError            the platform could not convert one
       |- SceneInvalidatedError       one was invalidated
       `- SceneTimeoutError           not ready in time                     TimeoutError

`kognic.io.errors` exports these and all other errors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kognic._core.errors import KognicError

if TYPE_CHECKING:
    from kognic.io.model.scene.scene_entry import Scene
    from kognic.io.model.workspace.workspace import Workspace

SHOWN = 5
"""Number of objects listed in a message; the attributes have all of them."""


class WorkspaceUnknownError(KognicError, ValueError):
    """You can write to no workspace, or to more than one; pass `write_workspace_id`.

    Attributes:
        workspaces: The workspaces that the user can write to.
    """

    def __init__(self, text: str, *, workspaces: Sequence[Workspace] = ()) -> None:
        super().__init__(text)
        self.workspaces = list(workspaces)


class PredictionsError(KognicError):
    """A series of predictions was not created completely.

    Positions in none of the attributes come later in the series and were not sent either.

    Attributes:
        created: UUIDs of the predictions that exist, by position in the series.
        failed: Errors, by position in the series.
        not_sent: Positions that were cancelled before they were sent.
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
    """The platform could not process a pre-annotation; its external ID cannot be used again.

    The platform gives no reason. Inputs that were created with the pre-annotation are removed.

    Attributes:
        pre_annotations: The failed pre-annotations as returned by the platform: at least `id` and `status`.
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
    """Scenes that you waited for are not valid.

    Attributes:
        scenes: The scenes that caused the error.
        ready: The scenes that are created.
        unfinished: UUIDs of the other scenes.
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
    """The platform could not process a scene; the message is the platform's."""


class SceneInvalidatedError(SceneError):
    """A scene was invalidated, which cannot be undone: create it again."""


class SceneTimeoutError(SceneError, TimeoutError):
    """Scenes were not ready in time; they may become so later."""


def listing(names: Sequence[str]) -> str:
    """Join the first few names for a message, and say how many more there are."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return "; ".join(names[:SHOWN]) + more
