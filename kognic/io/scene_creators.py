"""The scene creators as attributes of the client, from the table of kinds; the stub has their types."""

from __future__ import annotations

from typing import Any

from kognic.io.scene_kinds import KINDS


class _Creator:
    """Creates the creator of one kind when it is first used, and keeps it."""

    def __init__(self, attribute: str, summary: str) -> None:
        self._attribute = attribute
        self.__doc__ = summary

    def __get__(self, client: Any, owner: type | None = None) -> Any:
        if client is None:
            return self
        # A descriptor without __set__: what is kept in the instance's dictionary is found first from then on.
        return client.__dict__.setdefault(self._attribute, client._creator(self._class()))

    def _class(self) -> Any:
        from kognic.io.resources.scene.creators import CREATORS

        return CREATORS[self._attribute]


class SceneCreators:
    """Gives the client an attribute for each kind of scene."""


for _kind in KINDS:
    setattr(SceneCreators, _kind.attribute, _Creator(_kind.attribute, _kind.summary))
