"""Workspaces."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import attrs

from kognic.base_clients.serialization.problems import Invalid, expected, fail
from kognic.base_clients.serialization.scalars import to_datetime, to_str

if TYPE_CHECKING:
    from typing import Self


@attrs.frozen
class Workspace:
    """What scenes belong to; a client writes to one.

    Attributes:
        created: When it was created, UTC.
        external_id: The name its owner gave it.
        id: The platform's name for it; what `write_workspace_id` takes.
        name: Display name.
        organization_name: The organization it belongs to; None when the platform does not say.
    """

    created: datetime
    external_id: str
    id: str
    name: str
    organization_name: str | None

    @classmethod
    def from_json(cls, js: Mapping[str, Any]) -> Self:
        """Read one workspace of the platform's answer.

        Raises:
            ModelValidationError: It is not what a workspace looks like.
        """
        try:
            return cls._read(js)
        except Invalid as problem:
            fail(cls, problem)

    @classmethod
    def _read(cls, js: Mapping[str, Any]) -> Self:
        if not isinstance(js, Mapping):
            raise expected("a dict", js)
        organization = js.get("organization") or {}
        if not isinstance(organization, Mapping):
            raise expected("a dict", organization).under("organization")
        name = organization.get("name")
        created = _field(js, "created", to_datetime)
        return cls(
            created=created if created.tzinfo else created.replace(tzinfo=UTC),
            external_id=_field(js, "externalId", to_str),
            id=_field(js, "id", to_str),
            name=_field(js, "name", to_str),
            organization_name=None if name is None else to_str(name),
        )


def _field(js: Mapping[str, Any], name: str, read: Any) -> Any:
    if js.get(name) is None:
        raise Invalid("is missing", name)
    try:
        return read(js[name])
    except Invalid as problem:
        raise problem.under(name) from None
