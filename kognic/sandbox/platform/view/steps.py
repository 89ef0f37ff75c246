"""The commands that take the next step: to fill a sandbox, to move an input on."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from sqlalchemy.orm import Session

from kognic.sandbox.platform.inputs import workflow
from kognic.sandbox.platform.platform import Platform
from kognic.sandbox.platform.scenes import states as scenes
from kognic.sandbox.platform.tables import Annotation, Input, Scene


@dataclass(frozen=True)
class Step:
    """What can be done, and the command that does it."""

    what: str
    command: str


def first_steps(platform: Platform) -> list[Step]:
    """List the steps from an empty sandbox to a scene in it."""
    return [
        Step("Let this shell find the sandbox", f'eval "$(kognic sandbox env --root {_root(platform)})"'),
        Step("Write a small drive", "kognic sandbox drive drive"),
        Step("Upload it", "kognic scene create drive/scene.json --project sandbox-project"),
    ]


def steps_of_scene(scene: Scene, inputs: int) -> list[Step]:
    """List what to do with a scene."""
    named = shlex.quote(scene.id)
    if scene.status == scenes.FAILED:
        return [Step("Correct the files and upload the scene again", "kognic check SCENE")]
    if scene.status == scenes.CREATED and not inputs:
        return [
            Step("Place the scene in a project", f"kognic input create --scene {named} --project PROJECT")
        ]
    return []


def steps_of_input(
    platform: Platform, session: Session, placed: Input, latest: Annotation | None
) -> list[Step]:
    """List what advances an input."""
    root, named = _root(platform), shlex.quote(placed.id)
    if not placed.is_listed or placed.is_deleted:
        return []
    deliver = Step(
        "Deliver an annotation at once", f"kognic sandbox deliver {named} ANNOTATION.json --root {root}"
    )
    if placed.status == "completed":
        reject = f"kognic review create {latest.id} --reject --workflow correct" if latest else ""
        download = Step("Download the annotation", f"kognic annotation download --input {named}")
        return [download, *([Step("Reject the delivery", reject)] if reject else []), deliver]
    if placed.awaits_review and placed.last_annotation_id is not None:
        verdict = f"kognic review create {shlex.quote(placed.last_annotation_id)} --accept"
        return [Step("Accept the annotation", verdict), deliver]
    found = []
    task = workflow.open_task(session, placed)
    if task is not None:
        complete = f"kognic sandbox complete-task {named} ANNOTATION.json --root {root}"
        found.append(Step(f"Complete the {task.task_type} task", complete))
    if placed.request.workflow is not None:
        found.append(Step("Skip this phase", f"kognic sandbox advance {named} --root {root}"))
    return [*found, deliver]


def _root(platform: Platform) -> str:
    return shlex.quote(str(platform.settings.root))
