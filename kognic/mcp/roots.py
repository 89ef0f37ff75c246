"""Which files the tools may read: only what lies in the folders, or below the URLs, given at the start."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

from mcp.server.mcpserver.exceptions import ToolError

from kognic._core.documents import read_document
from kognic._core.scene_errors import DescriptionError
from kognic.scenes.importers.locations import is_url
from kognic.scenes.scene_description import SceneDescription, parse_description
from kognic.scenes.scene_search import find_scene_files


class Roots:
    """The folders and URLs that may be read.

    A scene file may name any other file, so every name in it is checked before the scene is opened: paths
    after all symbolic links are followed, URLs by their beginning. Files that change between this check and
    their use are not covered: give write access to the folders only to people you trust.

    Args:
        given: Folders, and URLs such as `s3://bucket/drives`.

    Raises:
        ValueError: A folder does not exist, or a URL names a local file.
    """

    def __init__(self, given: Sequence[str]) -> None:
        self.urls = tuple(text.rstrip("/") for text in given if is_url(text))
        self.folders = tuple(_folder(text) for text in given if not is_url(text))
        for url in self.urls:
            if url.partition("://")[0].lower() in ("file", "local"):
                raise ValueError(f"--root {url}: pass the folder itself, not a URL")

    def __str__(self) -> str:
        return ", ".join([*map(str, self.folders), *self.urls]) or "none"

    def path(self, given: str | Path) -> Path:
        """Return a local file or folder after all links, if it may be read.

        A relative path starts at the first folder.

        Raises:
            ToolError: It may not be read.
        """
        if is_url(given) or not self.folders:
            raise ToolError(self._refusal(given))
        try:
            path = Path(self.folders[0], Path(given).expanduser()).resolve()
        except (OSError, RuntimeError, ValueError) as exc:
            raise ToolError(f"{given} is not a path: {exc}") from exc
        if not any(path.is_relative_to(folder) for folder in self.folders):
            raise ToolError(self._refusal(given))
        return path

    def scene_file(self, given: str) -> Path:
        """Return the path of a scene file, or of the only one in a folder, of which every part may be read.

        Raises:
            ToolError: It, or something that it names, may not be read; or the folder holds more than one.
            FileNotFoundError: It does not exist.
            DocumentError: It cannot be read.
        """
        found = [self.path(path) for path in find_scene_files([self.path(given)])]
        if len(found) > 1:
            raise ToolError(
                f"{given} holds {len(found)} scene files; name one, for example {found[0]}. "
                "find_scene_files lists them"
            )
        try:
            described = parse_description(read_document(found[0]))
        except DescriptionError:
            # Nothing else is opened of what is not a scene; the check says what is wrong.
            return found[0]
        self._check(described, found[0].parent)
        return found[0]

    def _check(self, described: SceneDescription, folder: Path) -> None:
        for given in (described.calibration, described.imu_data, described.pre_annotation):
            if isinstance(given, str):
                self._readable(folder, given)
        for _, frame in described.all_frames:
            for entry in [*(frame.images or ()), *(frame.point_clouds or ())]:
                if entry.source is None:
                    self._readable(folder, entry.path or entry.filename)
                else:
                    _inside(entry.source.reference)
        if described.recording is not None:
            self._readable(folder, described.recording.location)

    def _readable(self, folder: Path, given: str) -> None:
        if not is_url(given):
            self.path(folder / Path(given).expanduser())
            return
        parts = unquote(given).replace("\\", "/").split("/")
        # UPath chains protocols with "::"; what stands behind it would be another place.
        if ".." in parts or "::" in given or not any(given.startswith(f"{url}/") for url in self.urls):
            raise ToolError(self._refusal(given))

    def _refusal(self, given: Any) -> str:
        where = f"readable are {self}" if self.folders or self.urls else "no folder was given"
        return f"{given} may not be read: {where}. Start 'kognic mcp' with --root to add a folder"


def _folder(text: str) -> Path:
    path = Path(text).expanduser().resolve()
    if not path.is_dir():
        raise ValueError(f"--root {text}: there is no such folder")
    return path


def _inside(reference: str) -> None:
    """Reject a reference into a recording that leads out of it."""
    path = PurePosixPath(reference.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or is_url(reference):
        raise ToolError(f"{reference} may not be read: it leads out of the recording")
