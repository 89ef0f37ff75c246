"""Items of a bulk run from scene descriptions on disk."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from kognic.auth.errors import KognicError
from kognic.io.tools.bulk.items import BrokenItem, BulkItem, Target
from kognic.io.tools.scene_file import SceneFile, load_scene_file
from kognic.io.tools.scene_search import find_descriptions
from kognic.io.tools.scene_upload import ensure_calibration, find_calibration

if TYPE_CHECKING:
    from kognic.io.client import KognicIOClient

# Stands for the id of a calibration that a plan does not create.
_PLANNED = "planned"


def items_from_files(
    client: KognicIOClient, paths: Iterable[str | os.PathLike[str]], *, create_calibrations: bool = True
) -> Iterator[BulkItem | BrokenItem]:
    """Read scene descriptions one after the other, as the run asks for them.

    Calibrations that the descriptions hold are looked up by external id, or created, once each. A description
    that cannot be used becomes an item that fails; the others are not held up.

    Args:
        client: Whose workspace is meant.
        paths: Descriptions, or folders that hold some.
        create_calibrations: False creates nothing: the items are good for `BulkRun.plan` only.

    Raises:
        FileNotFoundError: See `find_descriptions`.
    """
    calibrations: dict[str, str] = {}
    for path in find_descriptions(paths):
        item: BulkItem | BrokenItem
        try:
            item = _item(client, load_scene_file(path), calibrations, create_calibrations)
        except (KognicError, OSError, ValueError) as error:
            item = BrokenItem(str(path), str(error))
        yield item


def _item(client: KognicIOClient, file: SceneFile, calibrations: dict[str, str], create: bool) -> BulkItem:
    described = file.description
    calibration_id = described.calibration_id
    if file.calibration is not None:
        name = file.calibration.external_id
        if name not in calibrations:
            ensured = (ensure_calibration if create else find_calibration)(client, file.calibration)
            calibrations[name] = ensured.id if ensured is not None else _PLANNED
        calibration_id = calibrations[name]
    target = None
    if described.project is not None:
        target = Target(project=described.project, batch=described.batch)
    return BulkItem(
        scene=file.scene(calibration_id),
        pre_annotation=file.pre_annotation,
        target=target,
        feature_flags=file.feature_flags,
    )
