"""What all frames of a scene have, or none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from kognic._core.findings import Finding
from kognic.scenes.checks.rules import broken
from kognic.scenes.scene_view import FrameView, SceneView


@attrs.frozen(kw_only=True)
class Presence:
    """A field of frames that all of them have or none, and the rules that say so.

    Attributes:
        field: Its name in a frame.
        name: What it is called in sentences.
        rule: Prefix of the codes; `-missing` where it is demanded, else `-partial`.
        reason: Why a frame without it is wrong where it is demanded.
        hint: What to do there.
    """

    field: str
    name: str
    rule: str
    reason: str
    hint: str


def check_presence(
    scene: SceneView, missing: Sequence[FrameView], presence: Presence, *, is_demanded: bool
) -> Iterator[Finding]:
    """Find frames that lack a field which others have, or which all must have.

    Args:
        scene: The scene.
        missing: Its frames without the field.
        presence: The field.
        is_demanded: Every frame must have it.
    """
    if is_demanded:
        for frame in missing:
            yield broken(
                f"{presence.rule}-missing",
                presence.reason,
                presence.hint,
                frame=frame.frame_id,
                field=f"{frame.place}.{presence.field}",
            )
        return
    given = len(scene.frames) - len(missing)
    if given and missing:
        yield broken(
            f"{presence.rule}-partial",
            f"{given} of {len(scene.frames)} frames have {presence.name}",
            "set it in every frame or in none",
            frame=missing[0].frame_id,
            field=f"{missing[0].place}.{presence.field}",
            value=given,
        )
