"""A warning when an official distribution is installed beside this one.

They contain modules of the same names: the one installed last has overwritten files of the other. Metadata
is found by file name, because importing `importlib.metadata` takes longer than importing the rest of this
package.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from pathlib import Path

_OFFICIAL = re.compile(r"(kognic_(?:io|auth|base_clients|query))-(.+)\.(?:dist|egg)-info")
_told: list[bool] = []  # once per process


def warn_about_neighbours(packages: Iterable[str]) -> None:
    """Warn once, saying how to fix it, if an official distribution is installed.

    Args:
        packages: The `kognic` folders of all places where packages are installed.
    """
    folders = {Path(package).parent for package in packages}
    found = sorted({neighbour for folder in folders for neighbour in _official_in(folder)})
    if not found or _told:
        return
    _told.append(True)
    names = " ".join(name for name, _ in found)
    shown = ", ".join(f"{name} {version}" for name, version in found)
    warnings.warn(
        f"{shown} installed beside kognic-client: they have modules of the same names, and have overwritten "
        f"each other's files. Uninstall them and install this one again: pip uninstall -y {names} && "
        "pip install --force-reinstall --no-deps kognic-client",
        RuntimeWarning,
        stacklevel=3,
    )


def _official_in(folder: Path) -> list[tuple[str, str]]:
    try:
        names = [path.name for path in folder.iterdir()]
    except OSError:
        return []
    matches = (_OFFICIAL.fullmatch(name) for name in names)
    return [(match[1].replace("_", "-"), match[2]) for match in matches if match]
