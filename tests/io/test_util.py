"""The small functions with well-known names."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from kognic.io.util import deprecated_parameter, filter_none, get_view_links, ts_to_dt


def test_view_links() -> None:
    """One link per input."""
    assert get_view_links(["a", "b"]) == {
        "a": "https://app.kognic.com/view/input/a",
        "b": "https://app.kognic.com/view/input/b",
    }


def test_filter_none() -> None:
    """At every depth of dicts, not inside lists."""
    assert filter_none({"a": None, "b": [{"c": None}], "d": {"e": None}}) == {"b": [{"c": None}], "d": {}}


def test_times() -> None:
    """ISO 8601; an error says what is wrong."""
    assert ts_to_dt("2021-03-04T05:06:07.089Z") == datetime(2021, 3, 4, 5, 6, 7, 89000, UTC)
    with pytest.raises(ValueError, match=r"must be a time in ISO 8601, such as .*, is 'soon'"):
        ts_to_dt("soon")


@deprecated_parameter("input_uuid", "scene_uuid")
@deprecated_parameter("kind", "annotation_type", end_version="3.0.0")
def show(scene_uuid: str, annotation_type: str = "none") -> str:
    """A function whose parameters were renamed twice."""
    return f"{scene_uuid} {annotation_type}"


def test_old_parameter_names() -> None:
    """They warn and are passed on; stacking works."""
    assert show("a", annotation_type="b") == "a b"
    with pytest.warns(
        DeprecationWarning, match="show: parameter input_uuid is deprecated, use scene_uuid$"
    ) as caught:
        assert show(input_uuid="a") == "a none"  # type: ignore[call-arg]
    assert caught[0].filename == __file__
    with pytest.warns(DeprecationWarning, match="is deprecated") as both:
        assert show(input_uuid="a", kind="b") == "a b"  # type: ignore[call-arg]
    assert [str(w.message).partition(" is ")[0] for w in both] == [
        "show: parameter input_uuid",
        "show: parameter kind",
    ]
    assert "kind will be gone in 3.0.0" in str(both[1].message)
    assert show.__doc__ == "A function whose parameters were renamed twice."


def test_both_names_of_a_parameter() -> None:
    """Nobody can tell which is meant."""
    with (
        pytest.warns(DeprecationWarning, match="input_uuid"),
        pytest.raises(TypeError, match="got both input_uuid and scene_uuid"),
    ):
        show(scene_uuid="a", input_uuid="b")  # type: ignore[call-arg]
