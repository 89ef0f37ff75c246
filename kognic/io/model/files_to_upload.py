"""Kept for old code; no call uses it."""

from __future__ import annotations

from collections.abc import Iterable

import attrs
from attrs import setters

from kognic.base_clients.serialization import BaseSerializer, to_list


def _names(value: Iterable[str]) -> list[str]:
    return to_list(value)


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class FilesToUpload(BaseSerializer):
    """Names of files."""

    files_to_upload: list[str] = attrs.field(converter=_names)
