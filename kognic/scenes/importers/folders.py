"""Recordings that are folders of files, and what importers report as left out."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from kognic.scenes.importers.locations import Location, file_problem
from kognic.scenes.importers.recording import Recording, Skip


class Skips:
    """What has been left out so far, in the order in which it was found.

    `sensors` and `captures` of a recording may run more than once; things with a key are reported once.
    """

    def __init__(self) -> None:
        self._found: dict[str, Skip] = {}

    @property
    def found(self) -> list[Skip]:
        """One entry for each key."""
        return list(self._found.values())

    def once(self, source: str, reason: str, time_ns: int | None = None) -> None:
        """Report a source that is left out; again, it changes nothing."""
        self._found.setdefault(source, Skip(source, reason, time_ns))

    def count(self, source: str, reason: str, time_ns: int | None = None, *, key: str) -> None:
        """Count another capture or label that is left out.

        Args:
            source: See `Skip`.
            reason: Why; that of the first counts.
            time_ns: When; that of the first counts.
            key: What is counted together.
        """
        known = self._found.get(key, Skip(source, reason, time_ns, 0))
        self._found[key] = attrs.evolve(known, count=known.count + 1)


class FolderRecording(Recording):
    """A recording whose captures are files in a folder, of which some may be missing or empty.

    Args:
        folder: The folder.
        name: See `Recording`.
    """

    def __init__(self, folder: Location, name: str) -> None:
        self.name = name
        self._folder = folder
        self._skips = Skips()

    @property
    def skipped(self) -> Sequence[Skip]:
        """What has been left out so far, such as missing and empty files."""
        return self._skips.found

    def _has(self, reference: str, promise: str, time_ns: int | None = None) -> bool:
        """Whether a file is there and holds something; if not, it is reported.

        Args:
            reference: Path of the file, relative to the folder.
            promise: Why it should be there; `info.json lists it`.
            time_ns: Of the capture.
        """
        problem = file_problem(self._folder / reference)
        if problem is not None:
            self._skips.once(reference, f"{promise}, {problem}", time_ns)
        return problem is None
