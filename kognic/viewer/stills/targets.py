"""Where frames go: a page, a folder of PNG files, a recording.

Each target renders frames on any thread and adds them in their order. Nothing takes its name before it is
complete.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Protocol, cast

from kognic.base_clients.cloud_storage.downloads import appearing
from kognic.viewer.document import Frame
from kognic.viewer.frames import frame_bytes, scene_bytes
from kognic.viewer.page import PageWriter, bundle
from kognic.viewer.scene import SceneSource
from kognic.viewer.stills.drawing import FrameDrawing


class Target(Protocol):
    """Takes frames; used as a context manager, which completes what was written."""

    files: list[Path]

    def __enter__(self) -> Target: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    @property
    def needs_drawing(self) -> bool:
        """Whether `render` takes what was drawn."""
        ...

    def render(self, position: int, drawn: FrameDrawing | None) -> object:
        """Do the work on a frame that needs no order; called on any thread.

        Args:
            position: Of the frame among those that are shown.
            drawn: The frame; None unless the target `needs_drawing`.
        """

    def add(self, rendered: object) -> list[str]:
        """Add a frame as `render` made it; called in the order of the frames. Returns what has to be said."""
        ...


def folder_target(output: Path) -> FolderTarget:
    """Return a folder for pictures.

    Raises:
        NotADirectoryError: It exists and is a file.
    """
    if output.exists() and not output.is_dir():
        raise NotADirectoryError(f"{output} is a file; pass a folder, or a name that ends in .html")
    return FolderTarget(output)


class PageTarget:
    """One HTML page: the interactive viewer with the frames inside.

    Args:
        source: The scene; its frames are the ones that are shown.
        path: The file.
        still: Draws the picture for readers without JavaScript.
    """

    needs_drawing = False

    def __init__(self, source: SceneSource, path: Path, still: Callable[[], bytes]) -> None:
        self.files: list[Path] = []
        self._source = source
        self._path = path
        self._still = still
        self._stack = ExitStack()
        bundle()  # what is missing is reported before anything is read

    def __enter__(self) -> PageTarget:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = self._stack.enter_context(appearing(self._path))
        scene = self._source.scene
        self._page = PageWriter(file, title=scene.title, scene=scene_bytes(scene), still=self._still())
        return self

    def render(self, position: int, drawn: FrameDrawing | None) -> tuple[bytes, list[str]]:
        """Render the frame as a packet, and what has to be said about it."""
        del drawn
        frame = self._source.frame(position)
        return frame_bytes(frame, self._source.scene), list(_notes(self._source, frame))

    def add(self, rendered: object) -> list[str]:
        """Write the frame."""
        packet, notes = cast("tuple[bytes, list[str]]", rendered)
        self._page.add(packet)
        return notes

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._page.finish()
        self._stack.__exit__(kind, error, trace)
        if error is None:
            self.files.append(self._path)


def _notes(source: SceneSource, frame: Frame) -> Iterator[str]:
    title = source.title(frame.index)
    yield from (f"{title}: {note}" for note in frame.notes)
    yield from (f"{title}: {cloud.lidar}: {cloud.message}" for cloud in frame.clouds if cloud.message)
    yield from (f"{camera.name}: {camera.note}" for camera in source.scene.cameras if camera.note)
    for picture in frame.pictures:
        if picture.message:
            yield f"{picture.camera}: {picture.message}"


class FolderTarget:
    """PNG files: a folder for each frame, a file for each sensor."""

    needs_drawing = True

    def __init__(self, folder: Path) -> None:
        self.files: list[Path] = []
        self._folder = folder

    def __enter__(self) -> FolderTarget:
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        self._work = Path(tempfile.mkdtemp(prefix=f".{self._folder.name}.", dir=self._folder.parent))
        self._made: list[Path] = []
        return self

    def render(self, position: int, drawn: FrameDrawing | None) -> dict[str, bytes]:
        """Render the pictures as PNG, by file name."""
        del position
        assert drawn is not None
        names = file_names(list(drawn.pictures))
        encoded = {}
        for sensor, picture in drawn.pictures.items():
            file = BytesIO()
            picture.flat().save(file, "PNG", compress_level=3)
            encoded[f"frame-{drawn.stage.index:04d}/{names[sensor]}.png"] = file.getvalue()
        return encoded

    def add(self, rendered: object) -> list[str]:
        """Write the pictures where nobody looks yet."""
        assert isinstance(rendered, dict)
        for name, content in rendered.items():
            path = self._work / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
            self._made.append(Path(name))
        return []

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
    """Choose a file name for each sensor, free of what file systems do not take, and each a different one."""
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
