"""Deprecated: use `kognic.io.model.scene.feature_flags`."""

from __future__ import annotations

from kognic.io.model.input._deprecated import Deprecated
from kognic.io.model.scene.feature_flags import FeatureFlags as _FeatureFlags

__all__ = ["FeatureFlags"]


class FeatureFlags(Deprecated, _FeatureFlags):
    """Deprecated: use `kognic.io.model.scene.feature_flags.FeatureFlags`."""

    __slots__ = ()
