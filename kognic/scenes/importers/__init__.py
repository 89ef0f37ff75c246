"""Recordings in other formats: what they hold, and scene files made of it.

`recording` is the interface that an importer implements, `registry` finds importers by the name of their
format.
"""

from kognic._core.scene_errors import RecordingError
from kognic.scenes.importers.recording import (
    BoxLabel,
    Capture,
    Optics,
    Picture,
    RecordedFrame,
    RecordedTopic,
    Recording,
    Sensor,
    Skip,
)
from kognic.scenes.importers.registry import formats, open_recording, open_recordings

__all__ = [
    "BoxLabel",
    "Capture",
    "Optics",
    "Picture",
    "RecordedFrame",
    "RecordedTopic",
    "Recording",
    "RecordingError",
    "Sensor",
    "Skip",
    "formats",
    "open_recording",
    "open_recordings",
]
