"""Items of a bulk run from scene files on disk."""

from __future__ import annotations

import functools
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from kognic._core.errors import KognicError
from kognic._core.findings import Finding
from kognic._core.pools import interruptible_pool
from kognic._core.scene_errors import ChecksFailedError, SceneFileError
from kognic.base_clients.http.outages import Patience, ends_all, outlast
from kognic.pipelines.bulk.items import BrokenItem, BulkItem, Target
from kognic.pipelines.prerequisites import ensure_calibration, find_calibration
from kognic.scenes.checks import Report
from kognic.scenes.scene_check import check_before_sending
from kognic.scenes.scene_file import SceneFile, load_scene_file
from kognic.scenes.scene_search import find_scene_files

if TYPE_CHECKING:
    from kognic.io.client import KognicIOClient
    from kognic.io.model.calibration.calib import SensorCalibration

AHEAD = 3
"""Scene files that are read and checked ahead of the run."""
# Instead of the id of a calibration that a plan does not create.
_PLANNED = "planned"

_Read = tuple[SceneFile, Report | ChecksFailedError | None]


def items_from_files(
    client: KognicIOClient,
    paths: Iterable[str | os.PathLike[str]],
    *,
    create_calibrations: bool = True,
    check: bool = True,
    with_targets: bool = True,
    targets: Sequence[Target] = (),
    way_out: str = "Fix the scene, or pass check=False to upload it unchecked",
    on_warnings: Callable[[Path, Sequence[Finding]], object] | None = None,
    patience: Patience | float | None = 3600.0,
    on_notice: Callable[[str], object] | None = None,
) -> Iterator[BulkItem | BrokenItem]:
    """Read scene files in order, a few ahead of the run.

    For each calibration in a scene file, the existing one with its external ID is used, or it is created. A
    scene file that cannot be used becomes an item that fails; the others continue. Its name is the external
    ID of its scene, or its path if it does not say one.

    Args:
        client: Its workspace is used.
        paths: Scene files, or folders that hold some.
        create_calibrations: False creates nothing: the items can be used for `BulkRun.plan` only.
        check: Check each scene offline before its calibration is created; errors make it an item that fails.
        with_targets: Use the project of a scene file as the target of its item.
        targets: The targets of every item instead. A pre-annotation with a relative path is read
            from beside each scene file.
        way_out: What to do about a scene with errors, for its error message.
        on_warnings: Called with the scene file and its warnings if the check finds any.
        patience: Limit for an outage during a calibration query, as in `BulkRun`.
        on_notice: Called with a sentence when such an outage begins and when it ends, instead of a log
            message.

    Raises:
        PlatformAwayError: The platform was away for longer than `patience`.
        AuthenticationError: The platform rejects the credentials.
        TokenError: The auth server rejects them.
        FileNotFoundError: See `find_scene_files`.
    """
    patience = Patience.of(patience)

    def ensure(calibration: SensorCalibration) -> str:
        look_up = ensure_calibration if create_calibrations else find_calibration
        found = outlast(client, lambda: look_up(client, calibration), patience, on_notice)
        return found.id if found is not None else _PLANNED

    ensured = _Calibrations(ensure)
    read = functools.partial(_read, check=check, way_out=way_out)
    with interruptible_pool(AHEAD, "kognic-read") as pool:
        for path, future in _ahead(pool, read, find_scene_files(paths)):
            item: BulkItem | BrokenItem
            external_id = ""
            try:
                file, report = future.result()
                external_id = file.external_id
                if isinstance(report, ChecksFailedError):
                    raise report
                if on_warnings is not None and report is not None and report.warnings:
                    on_warnings(path, report.warnings)
                item = _item(file, ensured, is_checked=check)
                if targets:
                    item.target = [beside(target, path.parent) for target in targets]
                elif not with_targets:
                    item.target = None
            except (KognicError, OSError, ValueError) as error:
                if ends_all(error):
                    raise  # about every scene, and not about this one
                external_id = external_id or getattr(error, "external_id", "")
                item = BrokenItem(external_id or str(path), _reason(error, external_id), external_id)
            yield item


def _reason(error: Exception, external_id: str) -> str:
    """Describe an error; the path of the scene file is left out where it is the name of the item."""
    if isinstance(error, SceneFileError) and not external_id:
        return "\n".join(map(str, error.problems))
    return str(error)


def beside(target: Target, folder: Path) -> Target:
    """Resolve the pre-annotation of a target relative to a folder, if it is a relative path.

    Raises:
        FileNotFoundError: The file does not exist.
    """
    content = target.pre_annotation
    if not isinstance(content, (str, os.PathLike)):
        return target
    path = folder / content
    if not path.is_file():
        raise FileNotFoundError(f"{path}: the pre-annotation for {target.label} is missing")
    return attrs.evolve(target, pre_annotation=path)


def _ahead(
    pool: ThreadPoolExecutor, function: Callable[[Path], _Read], paths: Iterable[Path]
) -> Iterator[tuple[Path, Future[_Read]]]:
    """Begin the next few while the caller waits for one."""
    begun: deque[tuple[Path, Future[_Read]]] = deque()
    for path in paths:
        begun.append((path, pool.submit(function, path)))
        if len(begun) > AHEAD:
            yield begun.popleft()
    yield from begun


def _read(path: Path, *, check: bool, way_out: str) -> _Read:
    scene_file = load_scene_file(path)
    if not check:
        return scene_file, None
    try:
        return scene_file, check_before_sending(
            str(path), scene_file.check, way_out=way_out, pre_annotation=scene_file.pre_annotation_path
        )
    except ChecksFailedError as error:
        return scene_file, error


class _Calibrations:
    """The calibrations of a run, each ensured once."""

    def __init__(self, ensure: Callable[[SensorCalibration], str]) -> None:
        self._ensure = ensure
        self._ids: dict[str, str] = {}

    def id_of(self, calibration: SensorCalibration) -> str:
        """Return the platform's ID of a calibration."""
        name = calibration.external_id
        if name not in self._ids:
            self._ids[name] = self._ensure(calibration)
        return self._ids[name]


def _item(file: SceneFile, calibrations: _Calibrations, *, is_checked: bool) -> BulkItem:
    described = file.description
    calibration_id = described.calibration_id
    if file.calibration is not None:
        calibration_id = calibrations.id_of(file.calibration)
    target = None
    if described.project is not None:
        target = Target(project=described.project, batch=described.batch)
    return BulkItem(
        scene=file.scene(calibration_id),
        pre_annotation=file.pre_annotation,
        target=target,
        feature_flags=file.feature_flags,
        is_checked=is_checked,
    )
