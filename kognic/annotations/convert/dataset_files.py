"""Files of public data sets that annotations, recordings and calibrations are read from: tables of nuScenes
and T4 as JSON, tables of Argoverse 2 as Feather.

This module checks that files are whole and of the right kind; its users interpret the rows.
"""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any, TypeVar

import msgspec

from kognic._core.errors import KognicError
from kognic._core.standard_classes import keep_class
from kognic.annotations.arrow import pyarrow, pyarrow_feather

Content = TypeVar("Content")


def json_table(content: bytes, name: str, kind: type[Content], error: type[KognicError]) -> Content:
    """Decode a table of nuScenes or T4.

    Args:
        content: The file. NaN, which Python writes, is accepted.
        name: What the error calls it.
        kind: What it must be, such as `list[Row]` with a `msgspec.Struct`, or `list[dict[str, Any]]`.
        error: Class of the error.

    Raises:
        KognicError: Of class `error`: it is not JSON, or lacks a column.
    """
    try:
        try:
            return msgspec.json.decode(content, type=kind)
        except msgspec.DecodeError:
            if b"NaN" not in content and b"Infinity" not in content:
                raise
            return msgspec.convert(json.loads(content), type=kind)
    except ValueError as exc:
        raise error(f"{name}: {exc}") from exc


def feather_table(content: bytes, name: str, error: type[KognicError]) -> Any:
    """Decode a Feather file to a `pyarrow.Table`.

    Args:
        content: The file.
        name: What the error calls it.
        error: Class of the error.

    Raises:
        KognicError: Of class `error`: it is not Feather, or is truncated.
        ModuleNotFoundError: The extra `parquet` is not installed.
    """
    feather, pa = pyarrow_feather(), pyarrow()
    try:
        return feather.read_table(BytesIO(content))
    except (pa.ArrowException, OSError, ValueError) as exc:
        failed = error(f"{name}: is not a Feather file, or is truncated: {exc}")
        raise keep_class(failed, exc) from exc
