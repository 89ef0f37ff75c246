"""API operations as values: method, path and effect.

The retry layer decides by the `Effect`, because the verb alone does not say it (a query is a POST). The table
of all operations is in `kognic.io.resources.operations`.
"""

from __future__ import annotations

from enum import Enum
from string import Formatter
from urllib.parse import quote

import attrs

from kognic.base_clients.serialization.scalars import NOT_UNICODE, is_unicode


class Effect(Enum):
    """What a request changes on the platform, and so when it may be retried."""

    READ = "read"
    """Nothing: retried after every transient failure."""

    IDEMPOTENT = "idempotent"
    """The same result however often it is sent (delete, publish, PUT, a state): retried like a read."""

    LOOKED_UP = "looked-up"
    """Creates an object with a natural key: after a failure that leaves open whether it was created, the
    client looks it up before anything else."""

    UNREPEATABLE = "unrepeatable"
    """Creates an object that cannot be found again: retried only if the failure proves that it did not."""


@attrs.frozen
class Operation:
    """One operation of the API.

    Attributes:
        method: HTTP method, upper case.
        template: Path relative to the host, with `{names}`, as in `v1/projects/{project}/batches/{batch}`.
        effect: What a request changes.
    """

    method: str
    template: str
    effect: Effect

    def path(self, **segments: object) -> str:
        """Fill in the template; each value becomes one segment, percent-encoded.

        Raises:
            ValueError: A value is empty, `.` or `..`, which would address something else.
            TypeError: A name of the template is missing, or one is not in it.
        """
        names = self.names
        if segments.keys() != names:
            wrong = ", ".join(sorted(segments.keys() ^ names))
            raise TypeError(f"{self}: path takes {sorted(names)}; missing or unknown: {wrong}")
        return self.template.format_map({name: _segment(name, value) for name, value in segments.items()})

    @property
    def names(self) -> frozenset[str]:
        """The names that `path` needs."""
        return frozenset(name for _, name, _, _ in Formatter().parse(self.template) if name)

    def __str__(self) -> str:
        return f"{self.method} {self.template}"


def _segment(name: str, value: object) -> str:
    text = str(value)
    if text in {"", ".", ".."} or value is None:
        raise ValueError(f"{name} is {value!r}, must be a name or ID of at least one character")
    if not is_unicode(text):
        raise ValueError(f"{name} is {text!r}: {NOT_UNICODE}; nothing was sent")
    return quote(text, safe="")
