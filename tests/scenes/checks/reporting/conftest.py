"""A report with everything in it that is hard to print, and one without a finding."""

from __future__ import annotations

import pytest

from kognic.scenes.calibration.verdict import CameraVerdict
from kognic.scenes.checks import Finding, Report, Severity

NASTY = "<script>alert('x')</script> & [red] \"é\""


@pytest.fixture
def report() -> Report:
    """Two errors, of which one many times, a warning and an info; a camera with a verdict."""
    findings = [
        Finding(code="camera-consistent", severity=Severity.INFO, message="points agree", sensor="FRONT"),
        Finding(code="cloud-flat", severity=Severity.WARNING, message="flat", hint="see", value=float("nan")),
        Finding(
            code="file-missing",
            severity=Severity.ERROR,
            message=f"there is no such file {NASTY}",
            hint=f"correct {NASTY}",
            frame="7",
            sensor=NASTY,
            file=f"images/{NASTY}.png",
            field="frames[7].images[0]",
            value=NASTY,
        ),
        *(
            Finding(
                code="image-size",
                severity=Severity.ERROR,
                message=f"the image is {n} x 2 pixels",
                sensor="FRONT",
                frame=str(n),
                file=f"images/{n}.png",
                value=(n, 2),
            )
            for n in range(200)
        ),
    ]
    camera = CameraVerdict(
        sensor=NASTY, verdict="consistent", confidence=0.99, share_in_view=0.25, points_in_view=2500,
        score=12.5, explanation=f"points and image agree {NASTY}",
    )  # fmt: skip
    return Report(
        name=f"drive {NASTY}", findings=findings, facts={"frames": 200, "seconds": 1.5}, cameras=(camera,),
        source="drives/one/scene.json",
    )  # fmt: skip


@pytest.fixture
def nothing() -> Report:
    """A scene in which nothing was found, made in Python."""
    return Report(name="fine", findings=[], facts={"frames": 1})
