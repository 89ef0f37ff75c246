"""Report the scene that remains on the platform if its creation fails part-way.

An error keeps its class, because users catch it; the scene is added to its message and its `scene_uuid`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from kognic._core.errors import KognicError
from kognic.base_clients.errors import NotFoundError

log = logging.getLogger(__name__)

NOT_UPLOADED = (
    "exists on the platform, pending: not all of its files are stored and it is not committed, so it will "
    "not be processed. Create it again; client.scene.invalidate_scenes takes this one out"
)
NOT_COMMITTED = (
    "exists on the platform with all of its files, but the commit did not succeed for certain, so it may "
    "stay pending. Repeat it with client.scene.commit_scene({scene_uuid!r})"
)
MAYBE_POSTED = (
    "may exist on the platform, as the answer was lost; if so it is pending, without files, and will not be "
    "processed. Create it again"
)


@contextmanager
def naming_scene(scene_uuid: str, external_id: str, state: str) -> Iterator[None]:
    """Add the scene that exists on the platform, and its state, to every error in the block.

    Args:
        scene_uuid: UUID of the scene.
        external_id: External ID of the scene; can be empty.
        state: State of the scene after a failure, and what to do; continues a sentence that starts with it.
    """
    try:
        yield
    except NotFoundError:
        raise  # There is no scene to name.
    except KognicError as exc:
        add_scene(exc, scene_uuid, external_id, state)
        raise
    except BaseException:
        # Messages of interrupts and of errors in the user's code stay as they are.
        log.warning("Stopped: %s", _left_behind(scene_uuid, external_id, state))
        raise


def add_scene(exc: KognicError, scene_uuid: str, external_id: str, state: str) -> None:
    """Add the scene that exists on the platform, and its state, to an error."""
    exc.scene_uuid = scene_uuid
    note = _left_behind(scene_uuid, external_id, state)
    text = exc.args[0] if len(exc.args) == 1 else None
    if not isinstance(text, str) or not str(exc).startswith(text):
        log.warning("%s", note)
    elif str(exc) == text:
        exc.args = (f"{text}\n{note}",)
    else:
        # Some errors append text when they are printed.
        exc.args = (f"{note}\n{text}",)


def _left_behind(scene_uuid: str, external_id: str, state: str) -> str:
    name = f"Scene {external_id!r} ({scene_uuid})" if external_id else f"Scene {scene_uuid}"
    return f"{name} {state}"
