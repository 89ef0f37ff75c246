"""Tables of public data sets, whole and damaged."""

from __future__ import annotations

import math
from io import BytesIO
from typing import Any

import msgspec
import pyarrow as pa
import pytest
from pyarrow import feather

from kognic._core.annotation_errors import AnnotationError
from kognic._core.scene_errors import RecordingError
from kognic.annotations.convert.dataset_files import feather_table, json_table


class Pose(msgspec.Struct):
    token: str
    speed: float


def test_json_tables() -> None:
    """NaN as Python writes it is read; a missing column is an error of the class that is asked for."""
    whole = b'[{"token": "a", "speed": 1.5, "more": 0}]'
    assert json_table(whole, "pose.json", list[Pose], RecordingError) == [Pose("a", 1.5)]
    (pose,) = json_table(b'[{"token": "a", "speed": NaN}]', "pose.json", list[Pose], RecordingError)
    assert math.isnan(pose.speed)
    rows: Any = json_table(whole, "pose.json", list[dict[str, Any]], AnnotationError)
    assert rows[0]["more"] == 0
    with pytest.raises(RecordingError, match=r"pose.json: Object missing required field `speed`"):
        json_table(b'[{"token": "NaN"}]', "pose.json", list[Pose], RecordingError)
    with pytest.raises(AnnotationError, match=r"pose.json: "):
        json_table(whole[:-3], "pose.json", list[Pose], AnnotationError)


def test_feather_tables() -> None:
    """A file that is cut off is named."""
    buffer = BytesIO()
    feather.write_feather(pa.table({"x": [1, 2]}), buffer)
    content = buffer.getvalue()
    assert feather_table(content, "a.feather", AnnotationError).to_pydict() == {"x": [1, 2]}
    with pytest.raises(RecordingError, match=r"a.feather: is not a Feather file, or is truncated"):
        feather_table(content[:40], "a.feather", RecordingError)
