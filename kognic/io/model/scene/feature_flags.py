"""Options for the processing of a scene."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import TYPE_CHECKING

from kognic.base_clients.errors import ModelValidationError

if TYPE_CHECKING:
    from typing import Self


class FeatureFlags:
    """The set of enabled flags.

    Raises:
        ModelValidationError: A value is not a flag.
    """

    class PointCloudFeatures(str, Enum):
        """Flags about point clouds."""

        MOTION_COMPENSATION = "shouldMotionCompensate"

    __slots__ = ("flags",)

    flags: frozenset[PointCloudFeatures]

    def __init__(self, *flags: PointCloudFeatures) -> None:
        try:
            self.flags = frozenset(self.PointCloudFeatures(flag) for flag in flags)
        except ValueError as exc:
            raise _unknown_flag(exc) from None

    @classmethod
    def defaults(cls) -> Self:
        """Return the default flags: motion compensation."""
        return cls(cls.PointCloudFeatures.MOTION_COMPENSATION)

    @classmethod
    def default(cls) -> Self:
        """Return the same as `defaults()`."""
        return cls.defaults()

    def to_dict(self) -> dict[str, bool]:
        """Return all flags by API name, and whether each is enabled."""
        return {flag.value: flag in self.flags for flag in self.PointCloudFeatures}

    def __contains__(self, flag: object) -> bool:
        return flag in self.flags

    def __iter__(self) -> Iterator[PointCloudFeatures]:
        return (flag for flag in self.PointCloudFeatures if flag in self.flags)

    def __len__(self) -> int:
        return len(self.flags)

    def __bool__(self) -> bool:
        return True  # No flag at all is a choice too, unlike None.

    def __eq__(self, other: object) -> bool:
        return self.flags == other.flags if isinstance(other, FeatureFlags) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.flags)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(str(flag) for flag in self)})"


def _unknown_flag(exc: ValueError) -> ValueError:
    known = ", ".join(str(flag) for flag in FeatureFlags.PointCloudFeatures)
    return ModelValidationError(f"FeatureFlags: {exc}; give any of FeatureFlags.{known}")
