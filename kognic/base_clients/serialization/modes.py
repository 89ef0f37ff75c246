"""The ways in which models are written."""

from __future__ import annotations

import attrs


@attrs.frozen
class Mode:
    """How models are written.

    Attributes:
        by_alias: With wire names; otherwise with Python names.
        omit_none: Without fields that are None.
        is_dump: Write every field that reading back needs; otherwise only the fields of a request.
        is_json: For JSON, which has no bytes and no open files.
    """

    by_alias: bool = True
    omit_none: bool = True
    is_dump: bool = False
    is_json: bool = False

    def with_python_names(self) -> Mode:
        """Return the same mode with Python names."""
        return attrs.evolve(self, by_alias=False)


SENT = Mode()
"""As the platform takes it."""
