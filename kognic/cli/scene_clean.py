"""`kognic scene clean`: what it prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kognic._core.wording import counted
from kognic.cli import output
from kognic.cli.platform import Platform
from kognic.io.model.scene.invalidated_reason import SceneInvalidatedReason
from kognic.pipelines.cleaning import Cleaning, carry_out, plan_cleaning, read_names

_SHOWN = 10
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
    names = list(read_names(sources))
    plan = plan_cleaning(platform.client, names, with_inputs=with_inputs)
    found = {name for cleaning in plan for name in (cleaning.scene_uuid, cleaning.external_id)}
    unknown = [name for name in dict.fromkeys(names) if name not in found]
    done: list[str] = []
    if plan and not platform.as_json:
        output.print_table(plan, COLUMNS)
    for text in _unknown_in_words(unknown, sources):
        output.note(text)
    if confirmed:
        try:
            carry_out(
                platform.client, plan, SceneInvalidatedReason(reason), timeout=timeout,
                on_invalidated=done.extend,
            )  # fmt: skip
        except KeyboardInterrupt:
            wanted = sum(cleaning.action == "invalidate" for cleaning in plan)
            output.note(
                f"Stopped: {len(done)} of {counted(wanted, 'scene')} invalidated for certain. Run the same "
                "command again to invalidate the rest."
            )
            raise
    if platform.as_json:
        output.print_json({"dry_run": not confirmed, "scenes": plan, "invalidated": done, "unknown": unknown})
        return
    output.note(_outcome(plan, done if confirmed else None))


def _outcome(plan: Sequence[Cleaning], done: Sequence[str] | None) -> str:
    """What was done, or None: what would be done, in one line."""
    wanted = [cleaning for cleaning in plan if cleaning.action == "invalidate"]
    inputs = sum(len(cleaning.inputs) for cleaning in wanted)
    deleted = f", {counted(inputs, 'input')} deleted" if inputs else ""
    kept = len(plan) - (len(wanted) if done is None else len(done))
    if done is not None:
        return f"{counted(len(done), 'scene')} invalidated{deleted}, {kept} kept."
    if not wanted:
        hint = " Use --with-inputs to include scenes with inputs." if any(c.inputs for c in plan) else ""
        return f"Dry run: nothing to invalidate, {counted(kept, 'scene')} kept.{hint}"
    scenes = counted(len(wanted), "scene")
    return f"Dry run: {scenes} would be invalidated{deleted}, {kept} kept. Use --yes to do it."


def _unknown_in_words(unknown: Sequence[str], sources: Sequence[str]) -> Iterator[str]:
    """What to say of names that no scene of the workspace has; a misspelt file counts as a name."""
    for name in unknown[:_SHOWN]:
        which = "file or scene" if name in sources else "scene"
        yield f"{name}: there is no such {which}"
    if len(unknown) > _SHOWN:
        yield f"and {counted(len(unknown) - _SHOWN, 'more name')} without a scene"
