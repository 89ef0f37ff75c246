"""Which scenes are meant: scene files named one by one, and all that lie in a folder."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from kognic.scenes.scene_file import SceneFile, load_scene_file

SUFFIXES = (".json", ".yaml", ".yml")
NAMES = "scene.json, scene.yaml, *.scene.json or *.scene.yaml"
"""Names of scene files in folders, for messages."""


def find_scene_files(paths: Iterable[str | os.PathLike[str]]) -> Iterator[Path]:
    """Find scene files: files as given; in folders, those that have the names of scene files.

    These are `scene.json`, `scene.yaml`, `*.scene.json` and `*.scene.yaml`; `.yml` is the same as
    `.yaml`. Folders are searched in the order of names.

    Raises:
        FileNotFoundError: A path does not exist, or a folder holds no scene file.
    """
    for given in paths:
        path = Path(given).expanduser()
        if not path.is_dir():
            if not path.exists():
                raise FileNotFoundError(f"{path} does not exist")
            yield path
            continue
        found = False
        for folder, folders, files in os.walk(path):
            folders.sort()
            for name in sorted(files):
                file = Path(folder, name)
                if file.suffix in SUFFIXES and (file.stem == "scene" or file.stem.endswith(".scene")):
                    found = True
                    yield file
        if not found:
            raise FileNotFoundError(f"{path} holds no scene file: {NAMES}")


def one_scene_file(path: str | os.PathLike[str]) -> SceneFile:
    """Read the scene file at a path, or the only one in a folder.

    Raises:
        SceneFileError: It cannot be used.
        ValueError: The folder holds more than one.
    """
    found = list(find_scene_files([Path(path)]))
    if len(found) > 1:
        names = ", ".join(str(name) for name in found[:3])
        raise ValueError(f"{path} holds {len(found)} scene files ({names}, ...); name one of them")
    return load_scene_file(found[0])
