"""`kognic scene clean`: what it prints."""

from __future__ import annotations

from collections.abc import Sequence

from kognic.cli import output
from kognic.cli.platform import Platform
from kognic.io.model.scene.invalidated_reason import SceneInvalidatedReason
from kognic.pipelines.cleaning import carry_out, plan_cleaning, read_names

COLUMNS = ("scene_uuid", "external_id", "status", "action", "reason")


def clean_scenes(
    platform: Platform,
    sources: Sequence[str],
    *,
    with_inputs: bool,
    reason: str,
    confirmed: bool,
    timeout: float,
) -> None:
    """Show the plan, and carry it out if that is confirmed; see the command."""
    plan = plan_cleaning(platform.client, read_names(sources), with_inputs=with_inputs)
    done: list[str] = []
    if not platform.as_json:
        output.print_table(plan, COLUMNS)
    if confirmed:
        done = carry_out(platform.client, plan, SceneInvalidatedReason(reason), timeout=timeout)
    if platform.as_json:
        output.print_json({"dry_run": not confirmed, "scenes": plan, "invalidated": done})
        return
    count = sum(cleaning.action == "invalidate" for cleaning in plan)
    if confirmed:
        output.note(f"{len(done)} scenes invalidated, {len(plan) - len(done)} kept.")
    else:
        output.note(
            f"Dry run: {count} scenes would be invalidated, {len(plan) - count} kept. Use --yes to do it."
        )
