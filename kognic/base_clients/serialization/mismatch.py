"""From what cattrs raises to the first problem, with its path."""

from __future__ import annotations

import cattrs

from kognic.base_clients.serialization.fields import missing, unknown
from kognic.base_clients.serialization.problems import Invalid

WRONG_VALUE = (Invalid, KeyError, cattrs.BaseValidationError, cattrs.ForbiddenExtraKeysError)
"""What a hook raises about a value; anything else, such as a missing file, is about something else."""


def problem_of(error: Exception) -> Invalid:
    """Return the first problem that a hook of the detailed converter found.

    Raises:
        Exception: `error` itself, if it is not about a value.
    """
    if isinstance(error, Invalid):
        return error
    if not isinstance(error, cattrs.ClassValidationError):
        raise error
    noted, rest = error.group_exceptions()
    if not noted:
        return _of_the_whole(rest[0])
    first, note = noted[0]
    if isinstance(first, KeyError):  # cattrs reads each required key without looking first.
        return missing([other.name for inner, other in noted if isinstance(inner, KeyError)])
    return problem_of(first).under(note.name)


def _of_the_whole(error: Exception) -> Invalid:
    """A problem of no single field."""
    if isinstance(error, cattrs.ForbiddenExtraKeysError):
        return unknown(error.cl, min(error.extra_fields, key=str))
    return problem_of(error)
