"""Placing the scene of an item in its targets: pre-annotations first, then inputs.

Each step can be repeated: it first searches for what an earlier attempt created. Pre-annotations are
created for all targets before any input, because the platform processes them asynchronously, and an input
whose pre-annotation fails later disappears without a trace.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import attrs

from kognic._core.errors import KognicError
from kognic.io.resources.errors import PreAnnotationFailedError, PreAnnotationTimeoutError
from kognic.io.resources.pre_annotation.status import is_usable, raise_for_failed
from kognic.pipelines.bulk.items import BulkItem, Target
from kognic.pipelines.bulk.journal import Placement

if TYPE_CHECKING:
    from kognic.io.client import KognicIOClient
    from kognic.io.model.input.input import Input
    from kognic.io.resources.pre_annotation.content import OpenLabelContent


class Ensured(NamedTuple):
    """The UUID of something that exists now, None if nothing was wanted; `is_new` if this call created it."""

    uuid: str | None
    is_new: bool = False


@attrs.frozen
class Content:
    """A scene that is placed: its name, and the pre-annotation of all targets without one of their own."""

    name: str
    pre_annotation: OpenLabelContent | None = None

    @property
    def pre_annotation_name(self) -> str:
        """The external ID of the pre-annotation."""
        return self.name


def has_pre_annotation(item: BulkItem | Content, target: Target) -> bool:
    """Whether the inputs of a target start from a pre-annotation."""
    return target.pre_annotation is not None or item.pre_annotation is not None


def pre_annotation_name(item: BulkItem | Content, target: Target) -> str:
    """External ID of the pre-annotation for a target; targets without their own share the item's."""
    if target.pre_annotation is None:
        return item.pre_annotation_name
    return target.pre_annotation_external_id or f"{item.name} ({target.label})".removesuffix(" ()")


def ensure_pre_annotation(
    client: KognicIOClient, item: BulkItem | Content, target: Target, scene_uuid: str, *, look: bool
) -> Ensured:
    """Make sure that the pre-annotation for a target exists.

    Args:
        look: Look it up first, because an earlier attempt may have created it.
    """
    content = target.pre_annotation if target.pre_annotation is not None else item.pre_annotation
    if content is None:
        return Ensured(None)
    name = pre_annotation_name(item, target)
    if look:
        found = client.pre_annotation.list(external_ids=[name], scene_uuids=[scene_uuid])
        if found:
            return Ensured(str(found[0]["id"]))
    created = client.pre_annotation.create(scene_uuid, content, dryrun=False, external_id=name)
    return Ensured(created.id, is_new=True)


def pre_annotation_states(client: KognicIOClient, uuids: Sequence[str]) -> dict[str, str | None]:
    """Return what the platform says of pre-annotations: None if usable, else why it failed.

    Those that are still being processed, or not visible yet, are left out.
    """
    states: dict[str, str | None] = {}
    for found in client.pre_annotation.list(ids=list(uuids)):
        uuid = str(found["id"])
        if is_usable(found):
            states[uuid] = None
            continue
        try:
            raise_for_failed([found])
        except PreAnnotationFailedError as error:
            states[uuid] = str(error)
    return states


def ensure_input(
    client: KognicIOClient,
    scene_uuid: str,
    pre_annotation_uuid: str | None,
    target: Target,
    *,
    look: bool,
    explicit: bool = False,
) -> Ensured:
    """Make sure that the scene is an input of a target.

    Args:
        look: Look it up first, because an earlier attempt may have created it.
        explicit: Name the pre-annotation, or its absence, because the scene has those of other targets, too.
    """
    if not target.wants_inputs:
        return Ensured(None)
    if look and (found := existing_input(client, scene_uuid, target)):
        return Ensured(found)
    if target.project is not None and not explicit:
        created = client.cameras.create_from_scene(scene_uuid, target.project, target.batch)
        return Ensured(created[0].uuid if created else None, is_new=True)
    placed = client.input.create_from_scene(
        scene_uuid,
        pre_annotation_uuid=pre_annotation_uuid,
        project=target.project,
        batch=target.batch,
        request_uuid=target.request_uuid,
    )
    return Ensured(placed.uuid, is_new=True)


def place_scene(
    client: KognicIOClient,
    item: BulkItem | Content,
    targets: Sequence[Target],
    scene_uuid: str,
    *,
    look: bool,
    timeout: float,
    poll_interval: float,
) -> list[Placement]:
    """Place a scene that is ready in its targets; one failed target does not stop the others.

    Args:
        look: Search for what an earlier attempt created.
        timeout: Seconds to wait for pre-annotations to be processed.
        poll_interval: Seconds between two status requests.

    Returns:
        The outcome for each target.
    """
    made: dict[str, str | None] = {}
    there: dict[str, str | None] = {}
    errors: dict[str, tuple[str, str]] = {}
    for target in targets:
        try:
            # An input that exists would not show a pre-annotation that comes now.
            there[target.label] = existing_input(client, scene_uuid, target) if look else None
            name = pre_annotation_name(item, target)
            if there[target.label] is None and name not in made:
                made[name] = ensure_pre_annotation(client, item, target, scene_uuid, look=look).uuid
        except (KognicError, OSError, ValueError) as error:
            errors[target.label] = ("pre-annotation", str(error))
    explicit = len(targets) > 1 and any(target.pre_annotation is not None for target in targets)
    placements = []
    for target in targets:
        input_uuid = there.get(target.label)
        if input_uuid is not None:
            placements.append(Placement(target.label, None, input_uuid))
            continue
        uuid = made.get(pre_annotation_name(item, target))
        if uuid is not None and target.label not in errors:
            try:
                client.pre_annotation.wait_until_available(uuid, timeout=timeout, poll_interval=poll_interval)
            except (PreAnnotationFailedError, PreAnnotationTimeoutError) as error:
                errors[target.label] = ("pre-annotation", str(error))
        if target.label not in errors:
            try:
                input_uuid = ensure_input(
                    client, scene_uuid, uuid, target, look=False, explicit=explicit
                ).uuid
            except (KognicError, OSError, ValueError) as error:
                errors[target.label] = ("input", str(error))
        stage, error_text = errors.get(target.label, (None, None))
        placements.append(Placement(target.label, uuid, input_uuid, stage, error_text))
    return placements


def existing_input(client: KognicIOClient, scene_uuid: str, target: Target) -> str | None:
    """Find an input of a scene in a target, and return its UUID; None if there is none."""
    if not target.wants_inputs:
        return None
    found: list[Input] = client.input.query_inputs(
        project=target.project, batch=target.batch, scene_uuids=[scene_uuid]
    )
    wanted = [i for i in found if target.request_uuid is None or i.request_uid == target.request_uuid]
    return wanted[0].uuid if wanted else None
