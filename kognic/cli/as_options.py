"""Messages of the library in the words of the command line."""

from __future__ import annotations

import re

# How the library's messages, which programs print as well, name an argument and its option.
_ARGUMENT_AND_OPTION = re.compile(r"\b\w+=(?:'[\w-]*'|\w+) \((--[a-z][a-z-]*(?: [a-z-]+)?)\)")


def as_options(text: str) -> str:
    """Name options instead of arguments: `if_exists='skip' (--if-exists skip)` becomes `--if-exists skip`."""
    return _ARGUMENT_AND_OPTION.sub(r"\1", text)
