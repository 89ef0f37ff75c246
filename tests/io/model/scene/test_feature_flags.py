"""Flags: what is on and what is off."""

from __future__ import annotations

import pytest

from kognic.io.model.scene.feature_flags import FeatureFlags

MOTION = FeatureFlags.PointCloudFeatures.MOTION_COMPENSATION


def test_flags() -> None:
    """Every known flag is sent with whether it is on."""
    assert FeatureFlags(MOTION).to_dict() == {"shouldMotionCompensate": True}
    assert FeatureFlags().to_dict() == {"shouldMotionCompensate": False}
    assert FeatureFlags("shouldMotionCompensate") == FeatureFlags(MOTION)  # type: ignore[arg-type]


def test_defaults() -> None:
    """Under both names that are documented."""
    assert FeatureFlags.defaults() == FeatureFlags.default() == FeatureFlags(MOTION)


def test_it_is_a_set() -> None:
    """As far as a set is asked for."""
    flags = FeatureFlags(MOTION, MOTION)

    assert MOTION in flags
    assert MOTION not in FeatureFlags()
    assert list(flags) == [MOTION]
    assert (len(flags), len(FeatureFlags())) == (1, 0)
    assert hash(flags) == hash(FeatureFlags.defaults())
    assert flags != FeatureFlags()
    assert flags != {MOTION}
    assert "MOTION_COMPENSATION" in repr(flags)


def test_no_flag_is_not_no_choice() -> None:
    """`flags or defaults` must not turn an empty set into the defaults."""
    assert FeatureFlags()


def test_unknown_flags() -> None:
    """The error lists what there is."""
    with pytest.raises(
        ValueError, match=r"'fast' is not a valid .*; give any of FeatureFlags.*MOTION_COMPENSATION"
    ):
        FeatureFlags("fast")  # type: ignore[arg-type]
