"""Exports that are imported when they are first asked for (PEP 562).

Importing a client must cost little more than importing requests, while a package's `__init__` names
everything that is public. A package does both with

    __getattr__, __dir__ = attach(__name__, {"KognicIOClient": "kognic.io.client"})

and repeats the imports under `if TYPE_CHECKING:` for type checkers and editors.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping


def attach(
    package: str, exports: Mapping[str, str]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Make the `__getattr__` and `__dir__` of a package.

    Args:
        package: The package's `__name__`.
        exports: Public name to the module that defines it; `module:other` when it is called `other`
            there, and `module:` when the export is the module itself.
    """

    def get(name: str) -> object:
        target = exports.get(name)
        if target is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module_name, colon, attribute = target.partition(":")
        module = importlib.import_module(module_name)
        value = module if colon and not attribute else getattr(module, attribute or name)
        setattr(sys.modules[package], name, value)
        return value

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *exports})

    return get, names
