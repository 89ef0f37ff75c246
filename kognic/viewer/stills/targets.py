"""Where frames go: a page, a folder of PNG files, a recording.

Each target renders frames on any thread and adds them in their order. Nothing takes its name before it is
complete.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import IO, Protocol

from kognic.base_clients.cloud_storage.downloads import appearing
from kognic.viewer.stills.birds_eye import caption
from kognic.viewer.stills.drawing import Drawing, FrameDrawing
from kognic.viewer.stills.page import PageHead, page_end, page_frame, page_start

PAGE_SUFFIXES = (".html", ".htm")


class Target(Protocol):
    """Takes frames; used as a context manager, which completes what was written."""

    files: list[Path]

    def __enter__(self) -> Target: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def render(self, drawn: FrameDrawing) -> object:
        """Do the work on a frame that needs no order; called on any thread."""

    def add(self, rendered: object) -> None:
        """Add a frame as `render` made it; called in the order of the frames."""


def picture_target(drawing: Drawing, output: Path) -> Target:
    """A page if the name ends in `.html`, else a folder.

    Raises:
        NotADirectoryError: The folder exists and is a file.
    """
    if output.suffix.lower() in PAGE_SUFFIXES:
        return PageTarget(drawing, output)
    if output.exists() and not output.is_dir():
        raise NotADirectoryError(f"{output} is a file; give a folder, or a name that ends in .html")
    return FolderTarget(output)


class PageTarget:
    """One HTML page."""

    def __init__(self, drawing: Drawing, path: Path) -> None:
        self.files: list[Path] = []
        self._drawing = drawing
        self._path = path
        self._stack = ExitStack()
        self._head = _page_head(drawing)

    def __enter__(self) -> PageTarget:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file: IO[bytes] = self._stack.enter_context(appearing(self._path))
        self._file.write(page_start(self._head).encode())
        return self

    def render(self, drawn: FrameDrawing) -> str:
        """The frame as HTML."""
        return page_frame(
            drawn.stage.title,
            drawn.pictures,
            self._head,
            notes=drawn.stage.notes,
            caption=caption(self._drawing.top, drawn.stage),
            verdicts=self._drawing.verdicts,
            is_first=drawn.stage.index == self._drawing.chosen[0],
        )

    def add(self, rendered: object) -> None:
        """Write the frame."""
        self._file.write(str(rendered).encode())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._file.write(page_end().encode())
        self._stack.__exit__(kind, error, trace)
        if error is None:
            self.files.append(self._path)


class FolderTarget:
    """PNG files: a folder for each frame, a file for each sensor."""

    def __init__(self, folder: Path) -> None:
        self.files: list[Path] = []
        self._folder = folder

    def __enter__(self) -> FolderTarget:
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        self._work = Path(tempfile.mkdtemp(prefix=f".{self._folder.name}.", dir=self._folder.parent))
        self._made: list[Path] = []
        return self

    def render(self, drawn: FrameDrawing) -> dict[str, bytes]:
        """The pictures as PNG, by file name."""
        names = file_names(list(drawn.pictures))
        encoded = {}
        for sensor, picture in drawn.pictures.items():
            file = BytesIO()
            picture.flat().save(file, "PNG", compress_level=3)
            encoded[f"frame-{drawn.stage.index:04d}/{names[sensor]}.png"] = file.getvalue()
        return encoded

    def add(self, rendered: object) -> None:
        """Write the pictures where nobody looks yet."""
        assert isinstance(rendered, dict)
        for name, content in rendered.items():
            path = self._work / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
            self._made.append(Path(name))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                for name in self._made:
                    path = self._folder / name
                    path.parent.mkdir(parents=True, exist_ok=True)
                    (self._work / name).replace(path)
                    self.files.append(path)
        finally:
            shutil.rmtree(self._work, ignore_errors=True)


def file_names(sensors: list[str]) -> dict[str, str]:
    """A file name for each sensor, free of what file systems do not take, and each a different one."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for sensor in sensors:
        plain = re.sub(r"[^\w.-]+", "_", sensor).strip(".") or "sensor"
        name, number = plain, 2
        while name.lower() in taken:
            name, number = f"{plain}-{number}", number + 1
        taken.add(name.lower())
        names[sensor] = name
    return names


def _page_head(drawing: Drawing) -> PageHead:
    view, scene = drawing.view, drawing.scene
    counts = (
        (len(view.frames), "frame"),
        (len(view.camera_names), "camera"),
        (len(view.lidar_names), "lidar"),
    )
    facts = ", ".join(f"{count} {name}{'' if count == 1 else 's'}" for count, name in counts if count)
    shown = f", {len(drawing.chosen)} shown" if len(drawing.chosen) < len(view.frames) else ""
    return PageHead(
        title=view.external_id,
        facts=f"{view.kind.replace('_', ' ')}: {facts}{shown}",
        frames=[scene.title(index) for index in drawing.chosen],
        scale=drawing.scale if scene.lenses and view.lidar_names else None,
        kinds=drawing.annotations.colours if drawing.annotations is not None else {},
        notes=scene.notes,
        rows=drawing.rows,
    )
