"""API credentials, as the Kognic platform hands them out.

Only the value; where credentials come from is `credentials_parser`'s concern.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

from kognic._core.redaction import Secret


@dataclasses.dataclass
class ApiCredentials:
    """What a credentials file holds. The secret is shown nowhere; read it from `client_secret`.

    Attributes:
        client_id: Who is calling.
        client_secret: The proof of it.
        email: Address of the user; empty when only id and secret are known.
        user_id: The platform's number for the user; 0 when only id and secret are known.
        issuer: Auth server that issued the credentials; empty when only id and secret are known.
        name: What the user calls them.
        created: When they were made.
        expires: Until when they may be used; None for ever.
        scopes: What they may be used for; empty for the server's default.
    """

    client_id: str
    client_secret: str
    email: str
    user_id: int
    issuer: str
    name: str = "API Credentials"
    created: datetime | None = None
    expires: datetime | None = None
    scopes: list[str] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        # Also what goes through the attributes (`vars`, `dataclasses.asdict`) is to find no secret to show.
        if isinstance(self.client_secret, str):
            self.client_secret = Secret(self.client_secret)

    def has_expired(self, now: datetime | None = None) -> bool:
        """Whether `expires` has passed; a time without zone is UTC."""
        if self.expires is None:
            return False
        expires = self.expires if self.expires.tzinfo else self.expires.replace(tzinfo=UTC)
        return expires <= (now or datetime.now(UTC))


AnyAuth: TypeAlias = "str | os.PathLike[str] | tuple[str, str] | Mapping[str, Any] | ApiCredentials | None"
"""Credentials in any form: a file, `keyring://<profile>`, id and secret, the content of a file, as read."""


def as_scopes(scopes: Sequence[str] | str) -> list[str]:
    """Scopes as a list; text is taken apart at blanks.

    Raises:
        ValueError: One of them is not text.
    """
    names = scopes.split() if isinstance(scopes, str) else list(scopes)
    if not all(isinstance(name, str) and name for name in names):
        raise ValueError(f"scopes is {scopes!r}, must be a list of texts")
    return names
