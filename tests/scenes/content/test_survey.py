"""A survey holds facts beside problems; the facts and points are plain values."""

from __future__ import annotations

import pickle
from collections.abc import Callable

import numpy as np
import pytest

from kognic._core.scene_errors import ContentError, ContentIssue
from kognic.scenes.content import (
    ImageFacts,
    PointArrays,
    PointCloudFacts,
    read_points,
    survey_image,
    survey_point_cloud,
)

Make = Callable[..., bytes]


def test_survey_image_of_a_good_one(make_image: Make) -> None:
    facts, issues = survey_image(make_image("PNG"))
    assert isinstance(facts, ImageFacts)
    assert issues == []
    assert (facts.format, facts.width, facts.height, facts.mode) == ("png", 64, 48, "RGB")
    assert facts.is_decoded
    assert facts.contrast is not None
    assert facts.contrast > 3


def test_survey_image_knows_the_size_of_a_cut_one(make_image: Make) -> None:
    """The facts of the header are returned for truncated files as well, decoded or not."""
    content = make_image("PNG")[:400]
    for full in (False, True):
        facts, (issue,) = survey_image(content, full=full)
        assert facts is not None
        assert (facts.width, facts.height, facts.is_decoded) == (64, 48, False)
        assert (issue.code, issue.value) == ("image-truncated", 400)


def test_large_jpeg_keeps_its_size(make_image: Make) -> None:
    """Large pictures are decoded small, which their facts do not show."""
    content = make_image("JPEG", size=(1600, 1200))
    facts, issues = survey_image(content)
    assert (facts and (facts.width, facts.height, facts.mode), issues) == ((1600, 1200, "RGB"), [])
    _, (issue,) = survey_image(content[: len(content) // 2])
    assert issue.code == "image-truncated"


def test_survey_image_of_something_else() -> None:
    facts, (issue,) = survey_image(b"GIF89a....")
    assert facts is None
    assert (issue.code, issue.value) == ("image-format", "GIF")
    with pytest.raises(ContentError, match="the file is empty"):
        survey_image(b"")


def test_survey_point_cloud_tells_all_that_is_wrong(make_pcd: Make) -> None:
    """Facts of the header, and every issue rather than the first."""
    content = make_pcd(replace={"VERSION 0.7": "VERSION 0.6", "TYPE F F F U U": "TYPE F F F F U"})
    facts, issues = survey_point_cloud(content, "pcd")
    assert [issue.code for issue in issues] == ["pcd-version", "pcd-field-type"]
    assert isinstance(facts, PointCloudFacts)
    assert (facts.format, facts.version, facts.num_points, facts.is_full) == ("pcd", "0.6", 40, False)


def test_survey_point_cloud_of_another_format(make_las: Make) -> None:
    facts, (issue,) = survey_point_cloud(make_las(), "pcd")
    assert (facts, issue.code, issue.value) == (None, "cloud-format-mismatch", "las")
    with pytest.raises(ContentError, match="'ply' is not a format for point clouds"):
        survey_point_cloud(b"ply", "ply")


def test_point_arrays(make_pcd: Make, cloud: dict[str, np.ndarray]) -> None:
    """As many points as there are, in double precision."""
    points = read_points(make_pcd(), "pcd")
    assert isinstance(points, PointArrays)
    assert (len(points), points.xyz.dtype) == (40, np.float64)
    assert np.array_equal(points.xyz[:, 0].astype(np.float32), cloud["x"])


def test_content_issue_in_words() -> None:
    """Problem and hint; the error for several files has them all and can be pickled."""
    first = ContentIssue(code="las-version", problem="the version is 1.4", hint="write 1.2", value="1.4")
    second = ContentIssue(code="cloud-empty", problem="there are no points", hint="omit it")
    assert str(first) == "the version is 1.4; write 1.2"
    error = ContentError([first, second], name="a.las")
    assert str(error) == "a.las: the version is 1.4; write 1.2. there are no points; omit it"
    assert error.code == "las-version"
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.issues, str(copy)) == (error.issues, str(error))
