"""`kognic task`."""

from __future__ import annotations

import click

from kognic.cli.lazy import LazyGroup
from kognic.cli.platform import Platform, platform_command


@click.group(cls=LazyGroup)
def task() -> None:
    """Assign tasks to annotators. 'kognic input progress' shows an input's current task."""


@task.command("assign")
@click.argument("task_id")
@click.argument("user_id", type=int)
@platform_command
def assign(platform: Platform, task_id: str, user_id: int) -> None:
    """Assign the task TASK_ID to the user USER_ID."""
    platform.client.task.assign_task(task_id, user_id)
    platform.done(f"Task {task_id} is assigned to user {user_id}.", task_id=task_id, assigned_user_id=user_id)


@task.command("unassign")
@click.argument("task_id")
@platform_command
def unassign(platform: Platform, task_id: str) -> None:
    """Unassign the task TASK_ID."""
    platform.client.task.unassign_task(task_id)
    platform.done(f"Task {task_id} is unassigned.", task_id=task_id, assigned_user_id=None)
