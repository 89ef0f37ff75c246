"""One way of breaking a good scene, and what must be said about it.

`geometry` and `content` list them as `MUTATIONS`, `test_mutations` runs them. A mutation changes a fresh copy
of a recording in place; files are replaced by broken copies in a folder of its own, never touched where
they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from kognic._core.findings import Finding
from kognic.io.model.calibration import SensorCalibration
from kognic.scenes.checks import check_scene
from kognic.scenes.checks.rules import GROUPS
from tests.scenes.conftest import Samples


@attrs.define(kw_only=True)
class Subject:
    """A recording as its owner would upload it, to be broken in place.

    Attributes:
        sample: The recording's name.
        scene: The scene object.
        calibration: The calibration of its sensors.
        motion_compensation: Whether it would be sent with motion compensation.
        pre_annotation: OpenLABEL document as plain JSON values; None when there is none.
        folder: An empty folder for broken files.
        options: Further arguments of `check_scene`, for example `full`.
        judge: What finds out instead of `check_scene`, where a mutation allows for a cheaper way.
    """

    sample: str
    scene: Any
    calibration: SensorCalibration
    motion_compensation: bool
    pre_annotation: Any = None
    folder: Path
    options: dict[str, Any] = attrs.field(factory=dict)
    judge: Callable[[Subject], Sequence[Finding]] | None = None

    @classmethod
    def load(cls, recordings: Samples, name: str, folder: Path, **options: Any) -> Subject:
        """A fresh copy of a recording; options are those of `Samples.load`."""
        scene, calibration, compensated = recordings.load(name, **options)
        return cls(
            sample=name, scene=scene, calibration=calibration, motion_compensation=compensated, folder=folder
        )

    @property
    def frames(self) -> list[Any]:
        """The frames of the scene, also of one that has only one."""
        return list(self.scene.frames) if hasattr(self.scene, "frames") else [self.scene.frame]

    def check(self, *groups: str) -> Sequence[Finding]:
        """Findings of some groups of rules, or of all."""
        if self.judge is not None:
            return self.judge(self)
        return check_scene(
            self.scene,
            calibration=self.calibration,
            pre_annotation=self.pre_annotation,
            motion_compensation=self.motion_compensation,
            groups=groups or GROUPS,
            **self.options,
        ).findings


@attrs.frozen(kw_only=True)
class Mutation:
    """A way of breaking a scene.

    Attributes:
        name: What is broken, unique in its module, for example `imu-in-milliseconds`.
        code: The rule that must be found broken.
        samples: The recordings that carry it.
        apply: Breaks a fresh copy in place.
        sensor: The sensor that the finding must name; None where any will do.
        groups: The groups of rules to check; none for all.
        silent: Recordings whose data cannot tell, with the reason: the finding may be missing there, but a
            camera must not be confirmed.
        is_slow: Whether images have to be searched for the mistake.
    """

    name: str
    code: str
    samples: tuple[str, ...]
    apply: Callable[[Subject], None] = attrs.field(repr=False)
    sensor: str | None = None
    groups: tuple[str, ...] = ()
    silent: Mapping[str, str] = attrs.field(factory=dict)
    is_slow: bool = False

    def is_found(self, findings: Sequence[Finding]) -> bool:
        """Whether the findings name what was broken."""
        return any(f.code == self.code and self.sensor in (None, f.sensor) for f in findings)
