"""The life of the platform: opening it, resetting it, resuming what was unfinished.

The one place that knows both the background work and the services that do it.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import ColumnElement, select

from kognic.sandbox.platform.config import Settings
from kognic.sandbox.platform.control import seeding
from kognic.sandbox.platform.database import Database
from kognic.sandbox.platform.inputs.rules import mark_dispatched
from kognic.sandbox.platform.platform import Bake, Handler, Platform, Work
from kognic.sandbox.platform.pre_annotations import states as pre_annotations
from kognic.sandbox.platform.scenes import processing
from kognic.sandbox.platform.scenes import states as scenes
from kognic.sandbox.platform.tables import Input, PreAnnotation, Scene
from kognic.sandbox.platform.values import private_folder

HANDLERS: Mapping[Work, Handler] = {
    Work.PROCESS_SCENE: processing.process_scene,
    Work.IMPORT_SCENE: processing.import_scene,
    Work.PROCESS_PRE_ANNOTATION: pre_annotations.process,
    Work.DISPATCH_INPUT: mark_dispatched,
}


def open_platform(settings: Settings, *, bake: Bake | None = None) -> Platform:
    """Open a platform in a folder.

    A new folder is filled with what a new sandbox holds (`control.seeding`). In an existing one, the platform
    resumes where it was stopped, including the scenes that were being processed.
    """
    private_folder(settings.root)
    private_folder(settings.root / "storage")
    database = Database(settings.root / "platform.sqlite")
    platform = Platform(
        settings,
        HANDLERS,
        database=database,
        credentials=seeding.seed_credentials(database, settings.root),
        control_token=seeding.seed_control_token(settings.root),
        bake=bake,
    )
    seeding.seed_defaults(database)
    _resume(platform)
    return platform


def reset(platform: Platform) -> None:
    """Make it a new sandbox; credentials and tokens stay valid. Calls in flight are cut off."""
    platform.clear()
    seeding.seed_defaults(platform.database)


# What is unfinished when the platform stops, and the work that finishes it.
_UNFINISHED: tuple[tuple[Work, ColumnElement[str], tuple[ColumnElement[bool], ...]], ...] = (
    (Work.PROCESS_SCENE, Scene.id.expression, (Scene.status == scenes.PROCESSING,)),
    (
        Work.IMPORT_SCENE,
        Scene.id.expression,
        (Scene.status == scenes.PENDING, Scene.awaits_commit.is_(False)),
    ),
    (Work.DISPATCH_INPUT, Input.id.expression, (Input.is_listed.is_(True), Input.is_dispatched.is_(False))),
    (
        Work.PROCESS_PRE_ANNOTATION,
        PreAnnotation.id.expression,
        (PreAnnotation.status.in_((pre_annotations.NEW, pre_annotations.PROCESSING)),),
    ),
)


def _resume(platform: Platform) -> None:
    with platform.database.read() as session:
        found = [
            (work, list(session.scalars(select(column).where(*conditions))))
            for work, column, conditions in _UNFINISHED
        ]
    for work, keys in found:
        for key in keys:
            platform.later(work, key)
