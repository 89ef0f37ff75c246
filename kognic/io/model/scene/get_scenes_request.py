"""Requests for scenes, by UUID or external ID."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias, Union

import attrs
from attrs import setters

from kognic.base_clients.serialization import BaseSerializer, to_list


def _texts(value: Iterable[str]) -> list[str]:
    return to_list(value)


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class GetScenesRequestForUuids(BaseSerializer):
    """The scenes with these uuids."""

    scene_uuids: list[str] = attrs.field(converter=_texts)


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class GetScenesRequestForExtIds(BaseSerializer):
    """The scenes with these external IDs."""

    external_ids: list[str] = attrs.field(converter=_texts)


GetScenesRequest: TypeAlias = Union[GetScenesRequestForUuids, GetScenesRequestForExtIds]  # noqa: UP007 - 3.10
