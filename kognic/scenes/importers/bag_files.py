"""Which container a file or folder is, and what rosbag2 wrote about it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import attrs
import yaml

from kognic._core.scene_errors import RecordingError
from kognic.scenes.importers.bags import Bag, SplitBag
from kognic.scenes.importers.locations import Location, text_of
from kognic.scenes.importers.mcap_bags import McapBag
from kognic.scenes.importers.recording import Skip
from kognic.scenes.importers.rosbags_bags import RosbagsBag

# What a file holds, by its suffix, and the formats of `kognic import` that read it.
_HOLDS: dict[str, tuple[str, tuple[str, ...]]] = {
    ".mcap": ("MCAP", ("rosbag2", "mcap")),
    ".db3": ("a ROS 2 bag in SQLite", ("rosbag2",)),
    ".bag": ("a ROS 1 bag", ("rosbag1",)),
}
_UNPACK = {
    ".gz": "gunzip", ".zst": "zstd -d", ".zstd": "zstd -d", ".lz4": "lz4 -d", ".bz2": "bunzip2",
    ".xz": "unxz", ".zip": "unzip",
}  # fmt: skip
_METADATA = "metadata.yaml"


@attrs.frozen
class BagMetadata:
    """What `metadata.yaml` of a rosbag2 folder says.

    Attributes:
        counts: Messages by topic, of all files together.
        mode: `compression_mode`, in lower case: `message`, `file`, or empty.
        files: Names of the files of the recording.
    """

    counts: Mapping[str, int] = attrs.field(factory=dict)
    mode: str = ""
    files: Sequence[str] = ()

    @property
    def packs_messages(self) -> bool:
        """Whether each message is compressed."""
        return self.mode == "message"


@attrs.frozen
class _Files:
    """What a recording is read from.

    Attributes:
        suffix: Of the files; a folder counts as `.db3`.
        files: The files in order, or the folder.
        metadata: Of the folder.
        missing: Names of files that the metadata lists and that are not in the folder.
    """

    suffix: str
    files: Sequence[Location]
    metadata: BagMetadata
    missing: Sequence[str] = ()


def open_bag(location: Location, format: str | None = None) -> Bag:
    """Open an .mcap, .db3 or .bag file, or a folder of rosbag2.

    Args:
        location: The file or folder.
        format: `rosbag1`, `rosbag2` or `mcap`; None takes any.

    Raises:
        RecordingError: It is none of these, or of another format, is damaged, or needs a library that is
            missing.
    """
    if location.name == _METADATA:
        location = location.parent
    found = _of_folder(location) if location.is_dir() else _of_file(location)
    holds, formats = _HOLDS[found.suffix]
    if format is not None and format not in formats:
        raise RecordingError(
            f"{location}: is {holds}, which '{format}' does not read; use the format '{formats[0]}'"
        )
    if found.suffix != ".mcap":
        bags: list[Bag] = [RosbagsBag(path) for path in found.files]
    else:
        metadata = found.metadata
        counts = metadata.counts if len(found.files) == 1 and len(metadata.files) <= 1 else {}
        bags = [McapBag(path, promised=counts, packed=metadata.packs_messages) for path in found.files]
    bag = bags[0] if len(bags) == 1 else SplitBag(bags)
    bag.skipped += [Skip(name, f"{_METADATA} lists it, the file is missing") for name in found.missing]
    return bag


def _of_file(location: Location) -> _Files:
    suffix = location.suffix.lower()
    if suffix not in _HOLDS:
        raise RecordingError(f"{location}: {_no_bag(location)}")
    metadata = _metadata_of(location.parent) if suffix == ".mcap" else BagMetadata()
    return _Files(suffix, [location], metadata)


def _of_folder(folder: Location) -> _Files:
    """The files of a folder that are a recording, in order; for databases with metadata the folder itself.

    Databases whose metadata is damaged, or lists files that are missing, are read one by one. What is
    compressed cannot be read without its metadata.
    """
    metadata = _metadata_of(folder)
    inside = [path for path in folder.iterdir() if not path.name.startswith(".")]
    inside.sort(key=lambda path: _natural(path.name))
    names = {path.name for path in inside}
    missing = [name for name in metadata.files if name not in names]
    is_loose = not metadata.mode and (not metadata.files or bool(missing))
    of: dict[str, list[Location]] = defaultdict(list)
    for path in inside:
        of[path.suffix.lower()].append(path)
    # MCAP files next to databases are the recording.
    suffix = next(filter(of.get, _HOLDS), None)
    if suffix != ".mcap" and _METADATA in names and not (suffix == ".db3" and is_loose):
        return _Files(".db3", [folder], metadata, missing)
    if suffix is None:
        raise _no_bag_in(folder, inside)
    return _Files(suffix, of[suffix], metadata, missing)


def _no_bag_in(folder: Location, files: Sequence[Location]) -> RecordingError:
    packed = next((path for path in files if path.suffix.lower() in _UNPACK), None)
    if packed is not None:
        return RecordingError(f"{packed}: {_no_bag(packed)}")
    inner = [path.name for path in files if path.is_dir() and (path / _METADATA).exists()]
    hint = f"; these folders in it are bags: {', '.join(inner[:10])}" if inner else ""
    return RecordingError(f"{folder}: no bag; the folder has no .mcap, .db3, .bag or {_METADATA}{hint}")


def _no_bag(location: Location) -> str:
    unpack = _UNPACK.get(location.suffix.lower())
    if unpack is not None:
        return f"is compressed as a whole; decompress it first, with '{unpack} {location.name}'"
    if location.suffix == ".active":
        return "is still being recorded, or its recorder stopped; run 'rosbag reindex' and rename it to .bag"
    return "is not a bag; it must end in .mcap, .db3 or .bag, or be a folder of rosbag2"


def _metadata_of(folder: Location) -> BagMetadata:
    """The metadata of a folder; nothing where there is none, or none that can be read: bags are read without,
    too."""
    path = folder / _METADATA
    if not path.exists():
        return BagMetadata()
    try:
        content = yaml.safe_load(text_of(path))["rosbag2_bagfile_information"]
        mode = str(content.get("compression_mode") or "").lower().replace("none", "")
        # Early versions put the folder before the names.
        files = [str(name).rpartition("/")[2] for name in content.get("relative_file_paths") or ()]
        counts = {
            entry["topic_metadata"]["name"]: int(entry["message_count"])
            for entry in content["topics_with_message_count"]
        }
    except (yaml.YAMLError, RecordingError, LookupError, TypeError, AttributeError, ValueError):
        return BagMetadata()
    return BagMetadata(counts, mode, files)


def _natural(name: str) -> tuple[int, str]:
    """Order `drive_2` before `drive_10`."""
    return len(name), name
