"""The one place that imports pyarrow, so that a missing extra is reported in one way."""

from __future__ import annotations

from typing import Any

from kognic._core.extras import needs_extra


def pyarrow(what: str = "Parquet") -> Any:
    """Return the module `pyarrow`.

    Args:
        what: What needs it, for the message.

    Raises:
        ModuleNotFoundError: The extra `parquet` is not installed.
    """
    try:
        import pyarrow as pa
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(needs_extra(f"{what} needs pyarrow", "parquet"), name=error.name) from error
    return pa


def pyarrow_parquet() -> Any:
    """Return the module `pyarrow.parquet`; raises like `pyarrow`."""
    pyarrow()
    import pyarrow.parquet as module

    return module


def pyarrow_feather() -> Any:
    """Return the module `pyarrow.feather`; raises like `pyarrow`."""
    pyarrow("reading Feather")
    import pyarrow.feather as module

    return module
