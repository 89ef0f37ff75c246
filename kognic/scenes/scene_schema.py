"""The JSON Schema of scene files, for editors that complete and check while a person types.

The loader does not use it, because its own errors say more; a test holds the two together.
"""

from __future__ import annotations

from importlib.resources import files


def schema_text() -> str:
    """Return the schema, draft 2020-12."""
    return files("kognic.scenes").joinpath("scene.schema.json").read_text(encoding="utf-8")
