"""Files of a scene that do not exist: made of a recording, or fetched from object storage, whenever they
are needed.

An `ImportedFile` is what the upload calls, what the checks load and what the viewer reads. It is small and
can be pickled; recordings are opened once per process.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from kognic._core.scene_errors import RecordingError
from kognic.scenes.importers import encoding
from kognic.scenes.importers.lens import Lens
from kognic.scenes.importers.locations import bytes_of, is_url, locate, named_damage
from kognic.scenes.importers.recording import Capture, Recording
from kognic.scenes.importers.registry import open_recording

if TYPE_CHECKING:
    from kognic.scenes.scene_description import ImageEntry, PointCloudEntry, RecordingEntry


@attrs.frozen
class RecordingSource:
    """Which recording the files of a scene are made of.

    Attributes:
        location: Absolute path, or URL.
        options: Options of the format.
        lenses: Cameras whose images are undistorted.
    """

    format: str
    location: str
    name: str
    options: tuple[tuple[str, str], ...] = ()
    lenses: tuple[tuple[str, Lens], ...] = ()

    def open(self) -> Recording:
        """Return the recording, opened once per process.

        Raises:
            RecordingError: It cannot be opened.
        """
        return _opened(self.format, self.location, self.name, self.options)

    def file(self, entry: ImageEntry | PointCloudEntry) -> ImportedFile:
        """Return the file of an entry with a `source`."""
        source = entry.source
        if source is None:
            raise ValueError(f"{entry.filename} has no source")
        capture = Capture(
            sensor=entry.sensor_name, reference=source.reference, time_ns=source.time_ns, suffix=source.suffix
        )
        return ImportedFile(name=entry.filename, recording=self, capture=capture)


@lru_cache(maxsize=4)
def _opened(format: str, location: str, name: str, options: tuple[tuple[str, str], ...]) -> Recording:
    return open_recording(format, location, name, dict(options))


def recording_of(entry: RecordingEntry, folder: Path) -> RecordingSource:
    """Return the recording of a scene file in `folder`."""
    location = entry.location if is_url(entry.location) else str(folder / Path(entry.location).expanduser())
    lenses = {
        lens.sensor_name: Lens(lens.model, tuple(lens.camera_matrix), tuple(lens.distortion))
        for lens in entry.undistort or ()
    }
    options = tuple(sorted((entry.options or {}).items()))
    return RecordingSource(entry.format, location, entry.name, options, tuple(lenses.items()))


@attrs.frozen(kw_only=True)
class ImportedFile:
    """A file that is made when it is needed.

    Attributes:
        name: The name on the platform; its suffix defines the format.
        recording: What it is made of, together with `capture`.
        url: Where it is fetched from instead.
    """

    name: str
    recording: RecordingSource | None = None
    capture: Capture | None = None
    url: str | None = None

    def __call__(self, _: str) -> bytes:
        """The content, as a callback of an upload."""
        return self.load()

    def load(self) -> bytes:
        """Return the content.

        Raises:
            RecordingError: The recording, or this part of it, cannot be read.
        """
        if self.url is not None:
            return bytes_of(locate(self.url))
        if self.recording is None or self.capture is None:
            raise RecordingError(f"{self.name}: there is no recording to convert it from")
        with named_damage(f"{self.recording.location}: {self.capture.reference}"):
            content = self.recording.open().read(self.capture)
            lens = dict(self.recording.lenses).get(self.capture.sensor)
            return encoding.encoded(content, self.name, lens)
