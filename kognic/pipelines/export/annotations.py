"""Export the annotations of a project into a folder: parallel, resumable, only what is new or changed.

    DIR/annotations/<name>.json    the OpenLABEL documents, byte for byte as delivered
    DIR/manifest.jsonl             one line per annotation in the platform's order, with size and SHA-256
    DIR/annotations.jsonl          with format "jsonl"
    DIR/annotations.parquet        with format "parquet"

An export that was stopped resumes when it is started again; a later one fetches what has been delivered
since. It outlasts an outage of the platform. The folder's index is in `kognic.pipelines.export.index`.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import re
import threading
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import attrs

from kognic._core.errors import KognicError
from kognic._core.redaction import redact
from kognic._core.run_errors import ExportError
from kognic._core.standard_classes import keep_class
from kognic.annotations.reading import MANIFEST
from kognic.base_clients import fast_json
from kognic.base_clients.errors import SignedUrlExpiredError
from kognic.base_clients.http.outages import Lookout, Outlast, Patience, ends_all, is_outage
from kognic.io.resources.scene.waiting import CHUNK_SIZE
from kognic.pipelines.export.formats import (
    require_pyarrow,
    write_json_lines,
    write_manifest,
    write_parquet,
)
from kognic.pipelines.export.index import NAME, Exported, Index

if TYPE_CHECKING:
    from kognic.io.client import KognicIOClient
    from kognic.io.model.annotation.client_annotation import PartialAnnotation

logger = logging.getLogger(__name__)

Format = Literal["openlabel", "jsonl", "parquet"]

FOLDER = "annotations"
LOOK_AHEAD = 4
"""Annotations listed ahead of their download, per worker: limits memory, and the age of signed URLs."""
GRACE = 3.0
"""Seconds that downloads in flight may take after a signal; Kubernetes and Slurm kill after 30."""


# Errors of the folder, which would repeat for every annotation.
_OF_THE_FOLDER = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM})


@attrs.frozen(kw_only=True)
class Failure:
    """An annotation that could not be fetched; a later run retries it."""

    scene_uuid: str
    annotation_type: str
    error: str


@attrs.define(kw_only=True)
class ExportReport:
    """The numbers of an export.

    Attributes:
        listed: Annotations that the platform has.
        fetched: New or changed annotations, fetched by this export.
        unchanged: Annotations that the folder had already.
        removed: Annotations of the folder that the platform no longer lists; their files are deleted.
        failures: What could not be fetched; not in the manifest.
    """

    folder: Path
    listed: int = 0
    fetched: int = 0
    unchanged: int = 0
    removed: int = 0
    bytes_fetched: int = 0
    seconds: float = 0.0
    failures: list[Failure] = attrs.field(factory=list)

    @property
    def ok(self) -> bool:
        """Whether the folder holds everything that the platform has."""
        return not self.failures


@attrs.frozen
class _Listed:
    position: int
    partial: PartialAnnotation
    created: str
    occurrence: int

    @property
    def key(self) -> tuple[str, str, str, int]:
        return (self.partial.scene_uuid, self.partial.annotation_type, self.created, self.occurrence)


def export_annotations(
    client: KognicIOClient,
    project: str,
    folder: str | PathLike[str],
    annotation_type: str,
    *,
    batch: str | None = None,
    format: Format = "openlabel",
    iso_rotated_cuboids: bool = False,
    workers: int = 10,
    keep_removed: bool = False,
    on_progress: Callable[[ExportReport], object] | None = None,
    patience: Patience | float | None = 3600.0,
    on_notice: Callable[[str], object] | None = None,
) -> ExportReport:
    """Export the delivered annotations of a project.

    Args:
        client: Lists and fetches.
        project: External ID of the project.
        folder: Where to write; created if it is missing. A folder belongs to one project, batch and type.
        annotation_type: One of `client.project.get_annotation_types(project)`.
        batch: External ID of a batch; None for all of them.
        format: `jsonl` and `parquet` write one more file, from the documents that are kept beside it.
        iso_rotated_cuboids: Get cuboids with heading along +x (ISO 8855) instead of +y.
        workers: Downloads at the same time.
        keep_removed: Keep files of annotations that the platform no longer lists.
        on_progress: Called with the report so far, after each annotation.
        patience: How long to outlast an outage of the platform, in seconds or as a `Patience`; None waits
            without limit.
        on_notice: Called with a sentence when an outage begins, instead of a log message.

    Returns:
        The numbers. Failures of single annotations are listed in it and do not stop the others.

    Raises:
        ExportError: The folder holds another export, one is running in it, or it cannot be written to, as
            when the disk is full.
        PlatformAwayError: The platform was away for longer than `patience`.
        ConnectionFailedError: A TLS certificate is not trusted, or a proxy rejects the client; what has been
            fetched is kept.
        BadRequestError: The project does not have that annotation type.
        NotFoundError: The project or batch does not exist.
        ValueError: `format` is unknown, or `workers` is below 1.
        ModuleNotFoundError: `format` is `parquet` and pyarrow is missing; raised before anything is fetched.
    """
    if format not in get_args(Format):
        raise ValueError(f"format is {format!r}, must be one of {', '.join(get_args(Format))}")
    if workers < 1:
        raise ValueError(f"workers is {workers}, must be at least 1")
    if format == "parquet":
        require_pyarrow()
    target = Path(folder).expanduser()
    is_new = not (target / NAME).exists()
    index = Index(target)
    is_complete = False
    try:
        for name, value in (
            ("project", project), ("batch", batch or ""), ("annotation type", annotation_type),
            ("ISO cuboids", str(iso_rotated_cuboids)),
        ):  # fmt: skip
            index.bind(name, value)

        def list_all() -> Iterator[PartialAnnotation]:
            return client.annotation.list_project_annotations(
                project, annotation_type, batch, iso_rotated_cuboids=iso_rotated_cuboids
            )

        export = _Export(client, target, index, workers, on_progress, iso_cuboids=iso_rotated_cuboids)
        export.run(list_all, Patience.of(patience), on_notice)
        export.tidy(keep_removed)
        export.write(format)
        is_complete = True
    except OSError as error:
        if error.errno not in _OF_THE_FOLDER:
            raise
        failed = ExportError(
            f"cannot export to {target}: {error.strerror}; what has been fetched is kept, and the next "
            "export resumes from there"
        )
        raise keep_class(failed, error) from error
    finally:
        is_unused = False
        with suppress(ExportError):  # from a damaged index
            # Such as of a misspelt project: nothing is there to be resumed.
            is_unused = is_new and not is_complete and index.is_empty
        index.close()
        if is_unused:
            _remove_unused(target)
    return export.report


def _remove_unused(folder: Path) -> None:
    """Remove what an export without any annotation left, and the folder if nothing else is in it."""
    (folder / NAME).unlink(missing_ok=True)
    for place in (folder / FOLDER, folder):
        with suppress(OSError):  # not empty: the user's own files are in it
            place.rmdir()


class _Export:
    """One run: its arguments, and its progress."""

    def __init__(
        self,
        client: KognicIOClient,
        folder: Path,
        index: Index,
        workers: int,
        on_progress: Callable[[ExportReport], object] | None,
        *,
        iso_cuboids: bool,
    ) -> None:
        self.iso_cuboids = iso_cuboids
        self.client = client
        self.folder = folder
        self.index = index
        self.workers = workers
        self.on_progress = on_progress or (lambda _: None)
        self.name = uuid.uuid4().hex
        self.stopped = threading.Event()
        self.fetched: set[int] = set()
        self.expired = 0
        self.report = ExportReport(folder=folder)
        self.started = time.monotonic()
        (folder / FOLDER).mkdir(exist_ok=True)
        for left_behind in (folder / FOLDER).glob(".*.part"):
            left_behind.unlink()  # by an export that was killed

    def run(
        self,
        list_all: Callable[[], Iterator[PartialAnnotation]],
        patience: Patience,
        on_notice: Callable[[str], object] | None,
    ) -> None:
        """Fetch what the folder does not have; after an outage, list the annotations from the start.

        They are listed again, too, if their signed URLs expire before they are fetched, as in an outage of
        storage or on a slow line.
        """
        self.outlast = Outlast(self.client, patience, stopped=self.stopped, asks=True)
        in_vain = False
        with Lookout(self.client.breaker, on_notice, limit=patience.limit):
            while True:
                before = self.report.fetched
                self.outlast.call(lambda: self._run(_numbered(list_all())))
                got_none = self.report.fetched == before
                if not self.expired or (in_vain and got_none):
                    return
                in_vain = got_none

    def _run(self, listed: Iterator[_Listed]) -> None:
        """Fetch a bounded number of annotations ahead of those that are finished."""
        self.report.listed = self.report.unchanged = 0
        self.report.failures.clear()
        self.expired = 0
        under_way: deque[tuple[_Listed, Future[Exported]]] = deque()
        pool, is_stopped = ThreadPoolExecutor(self.workers, "kognic-export"), False
        try:
            for item in listed:
                self.report.listed += 1
                known = self.index.get(item.key)
                if known is not None and self._is_whole(known):
                    self.index.put(known, self.name, item.position)
                    # Listed a second time after an outage, an annotation that this export fetched is not old.
                    self.report.unchanged += hash(item.key) not in self.fetched
                    self._progressed()
                    continue
                under_way.append((item, pool.submit(self._fetch, item)))
                while len(under_way) >= self.workers * LOOK_AHEAD:
                    self._fetched(*under_way.popleft())
            while under_way:
                self._fetched(*under_way.popleft())
        except BaseException as error:
            if is_outage(error):
                # The annotations are listed again, and those that arrive now must not count as old then.
                pool.shutdown(wait=True, cancel_futures=True)
                for item, future in under_way:
                    if not future.cancelled():
                        self._fetched(item, future)
            else:
                # Ends the waits of downloads in an outage.
                self.stopped.set()
            is_stopped = not isinstance(error, Exception)
            if is_stopped:
                # Ctrl-C or a signal: downloads that hang must not keep the program. What comes late is not
                # recorded, and fetched again.
                pool.shutdown(wait=False, cancel_futures=True)
                wait([future for _, future in under_way if not future.cancelled()], timeout=GRACE)
            raise
        finally:
            pool.shutdown(wait=not is_stopped, cancel_futures=True)

    def tidy(self, keep_removed: bool) -> None:
        """Remove what the platform no longer lists from the folder."""
        failed = {(f.scene_uuid, f.annotation_type) for f in self.report.failures}
        for annotation in self.index.gone_since(self.name):
            if (annotation.scene_uuid, annotation.annotation_type) in failed:
                # A newer one could not be fetched: the older one is better than nothing until then.
                continue
            self.index.forget(annotation)
            self.report.removed += 1
            if not keep_removed:
                (self.folder / annotation.file).unlink(missing_ok=True)

    def write(self, format: Format) -> None:
        """Write the manifest and, if one is wanted, the single file."""
        folder, iso_cuboids = self.folder, self.iso_cuboids
        self._name_scenes()
        write_manifest(
            folder / MANIFEST,
            self.index.of_run(self.name),
            iso_cuboids=iso_cuboids,
            external_id_of=self.index.external_id_of,
        )
        if format != "openlabel":
            write_single = {"jsonl": write_json_lines, "parquet": write_parquet}[format]
            annotations = self.index.of_run(self.name)
            write_single(folder / f"annotations.{format}", annotations, folder, iso_cuboids=iso_cuboids)
        self.report.seconds = time.monotonic() - self.started

    def _name_scenes(self) -> None:
        """Look up the external IDs of scenes that are new in the folder: scene files are found by them."""
        last = ""
        while unnamed := self.index.unnamed_scenes(last, CHUNK_SIZE):
            try:
                found = self.client.scene.get_scenes_by_uuids(unnamed)
            except KognicError as error:
                # The annotations are complete without these names, and the next export looks them up.
                logger.info("the external IDs of scenes could not be looked up: %s", error)
                return
            last = unnamed[-1]
            names = {scene.uuid: scene.external_id for scene in found}
            self.index.name_scenes({scene_uuid: names.get(scene_uuid) for scene_uuid in unnamed})

    def _is_whole(self, known: Exported) -> bool:
        try:
            return (self.folder / known.file).stat().st_size == known.size
        except OSError:
            return False

    def _fetch(self, item: _Listed) -> Exported:
        temporary = self.folder / FOLDER / f".{self.name}-{item.position}.part"
        try:
            self.outlast.call(lambda: self.client.annotation.download(item.partial, temporary))
            content = temporary.read_bytes()
            annotation_uuid = _annotation_uuid(content)
            file = f"{FOLDER}/{_file_name(item, annotation_uuid)}"
            temporary.replace(self.folder / file)
        finally:
            temporary.unlink(missing_ok=True)
        exported = Exported(
            scene_uuid=item.partial.scene_uuid,
            annotation_type=item.partial.annotation_type,
            created=item.created,
            occurrence=item.occurrence,
            annotation_uuid=annotation_uuid,
            file=file,
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
        )
        self.index.put(exported, self.name, item.position)
        return exported

    def _fetched(self, item: _Listed, future: Future[Exported]) -> None:
        try:
            exported = future.result()
        except (KognicError, OSError, ValueError) as error:
            if (
                isinstance(error, ExportError)
                or ends_all(error)
                or getattr(error, "errno", None) in _OF_THE_FOLDER
            ):
                raise
            self.expired += isinstance(error, SignedUrlExpiredError)
            self.report.failures.append(
                Failure(
                    scene_uuid=item.partial.scene_uuid,
                    annotation_type=item.partial.annotation_type,
                    error=redact(str(error)) or type(error).__name__,
                )
            )
        else:
            self.report.fetched += 1
            # A hash instead of the names: this grows with the project.
            self.fetched.add(hash(item.key))
            self.report.bytes_fetched += exported.size
        self._progressed()

    def _progressed(self) -> None:
        self.report.seconds = time.monotonic() - self.started
        self.on_progress(self.report)


def _numbered(partials: Iterator[PartialAnnotation]) -> Iterator[_Listed]:
    """Give every annotation its place in the list, and equal ones a number of their own."""
    seen: Counter[int] = Counter()
    for position, partial in enumerate(partials):
        created = partial.created.isoformat()
        # A hash instead of the texts: this grows with the project.
        mark = hash((partial.scene_uuid, partial.annotation_type, created))
        yield _Listed(position, partial, created, seen[mark])
        seen[mark] += 1


def _annotation_uuid(content: bytes) -> str | None:
    """The annotation's UUID in the metadata of its document.

    Raises:
        ValueError: The content is not JSON that can be read.
    """
    try:
        document = fast_json.loads(content)
    except RecursionError:
        raise ValueError("the document is nested too deeply") from None
    try:
        found = document["openlabel"]["metadata"]["uuid"]
    except (KeyError, TypeError):
        return None
    return found if isinstance(found, str) else None


def _file_name(item: _Listed, annotation_uuid: str | None) -> str:
    """A file name that cannot leave the folder, whatever the platform sends."""
    # The scene's UUID as well: one document may be delivered for several scenes.
    name = f"{item.partial.scene_uuid}_{annotation_uuid or item.created}"
    if item.occurrence:
        name += f"-{item.occurrence}"
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}", name):
        return f"{name}.json"
    return f"{hashlib.sha256(name.encode()).hexdigest()[:32]}.json"
