"""How to find out whether a creation happened: what a resource tells the engine about its objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs


@attrs.frozen
class Lookup:
    """Finds the object of a creation whose answer was lost.

    Attributes:
        find: Returns the object as the creation would have answered, or None while it is not there. Raises
            `AmbiguousWriteError` if others could be meant as well.
        unique: The platform refuses a second object of this key, so the creation is repeated when nothing
            appears within the window. Otherwise the call ends with `AmbiguousWriteError`.
        exact: `find` accepts only what this very call would have created. The object is then also taken when
            the platform answers "already exists" to the first attempt, as it does when a proxy delivers the
            request twice.
    """

    find: Callable[[], Any | None]
    unique: bool = False
    exact: bool = False


def as_lookup(lookup: Lookup | Callable[[], Any | None] | None) -> Lookup | None:
    """A lookup from either form that `HttpClient.call` takes; None from a bare function is certain."""
    return lookup if lookup is None or isinstance(lookup, Lookup) else Lookup(lookup, unique=True)
