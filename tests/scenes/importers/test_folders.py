"""What importers of folders leave out: each file once, however often it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from kognic.scenes.importers.folders import FolderRecording, Skips
from kognic.scenes.importers.locations import locate
from kognic.scenes.importers.recording import Capture, Sensor, Skip


class Folder(FolderRecording):
    """Three images, of which one is there."""

    def sensors(self) -> Sequence[Sensor]:
        return [Sensor(name="front", kind="camera", pose=None)]

    def captures(self, sensor: str) -> Iterator[Capture]:
        for time, name in enumerate(["there.png", "empty.png", "missing.png"]):
            if self._has(name, "index.txt lists it", time):
                yield Capture(sensor=sensor, reference=name, time_ns=time, suffix=".png")

    def read(self, capture: Capture) -> bytes:
        raise NotImplementedError


def test_missing_and_empty_files_are_reported_once(tmp_path: Path) -> None:
    (tmp_path / "there.png").write_bytes(b"x")
    (tmp_path / "empty.png").touch()
    recording = Folder(locate(tmp_path), "a drive")

    for _ in range(2):
        assert [capture.reference for capture in recording.captures("front")] == ["there.png"]

    assert recording.name == "a drive"
    assert recording.skipped == [
        Skip("empty.png", "index.txt lists it, the file is empty", 1),
        Skip("missing.png", "index.txt lists it, the file is missing", 2),
    ]


def test_what_is_counted_keeps_the_first_reason_and_time() -> None:
    skips = Skips()
    for time in (5, 6, 7):
        skips.count("radar", f"reason {time}", time, key="radar")
    skips.count("radar", "invalid", key="radar invalid")

    assert skips.found == [Skip("radar", "reason 5", 5, 3), Skip("radar", "invalid", None, 1)]
