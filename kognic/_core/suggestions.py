"""The known name that a misspelt one was meant to be."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

# A choice: below this `difflib` ratio, suggestions are names that share a few letters by chance.
_CUTOFF = 0.6


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is most like another one; None if none is like it.

    Names that differ in case, then names that differ in case and separators, then the only name that begins
    with the words of the other, such as `rotation_quaternion` for `rotation`, come before similar
    ones such as `position`.
    """
    names = list(known)
    for form in (str.casefold, _bare):
        same = [one for one in names if form(one) == form(name)]
        if same:
            return same[0]
    longer = [one for one in names if _words(one).startswith(f"{_words(name)}_")]
    if len(longer) == 1:
        return longer[0]
    bare = {_bare(one): one for one in reversed(names)}
    close = difflib.get_close_matches(_bare(name), bare, n=1, cutoff=_CUTOFF)
    return bare[close[0]] if close else None


def _words(name: str) -> str:
    return re.sub(r"[\W_]+", "_", name).casefold()


def _bare(name: str) -> str:
    return _words(name).replace("_", "")
