"""ROS 1 bags, and rosbag2 in SQLite or compressed files, by `rosbags`."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from kognic._core.extras import needs_extra
from kognic._core.scene_errors import RecordingError
from kognic.scenes.importers.bags import Bag, Decoder, Message, Topic
from kognic.scenes.importers.decoders import decoder_of, typestore
from kognic.scenes.importers.locations import Location
from kognic.scenes.importers.recording import Skip


class RosbagsBag(Bag):
    """A bag that `rosbags` reads: ROS 1, or rosbag2 with a database."""

    def __init__(self, location: Location) -> None:
        super().__init__()
        self._location = location
        try:
            from rosbags import rosbag1, rosbag2
        except ImportError as exc:
            raise RecordingError(needs_extra(f"{location}: reading bags needs more", "ros", exc)) from exc
        self._is_ros1 = location.suffix.lower() == ".bag"
        self._store = typestore("ROS1_NOETIC" if self._is_ros1 else "LATEST")
        opener: Any = rosbag1.Reader if self._is_ros1 else rosbag2.Reader
        try:
            self._reader = opener(location)
            self._reader.open()
        except Exception as exc:  # a damaged bag raises whatever its bytes ask for
            raise RecordingError(
                f"{location}: the bag cannot be opened: {exc or type(exc).__name__}; {self._repair}"
            ) from exc
        self._topics = {topic.name: topic for topic in self._described()}

    def _described(self) -> Iterator[Topic]:
        counts: dict[str, int] = {}
        for connection in self._reader.connections:
            counts[connection.topic] = counts.get(connection.topic, 0) + connection.msgcount
        for connection in self._reader.connections:
            encoding = "ros1" if self._is_ros1 else connection.ext.serialization_format
            yield Topic(
                connection.topic,
                connection.msgtype,
                encoding,
                counts[connection.topic],
                self._decoder(connection, encoding),
            )

    def _decoder(self, connection: Any, encoding: str) -> Decoder | None:
        if encoding not in ("cdr", "ros1"):
            return None
        return decoder_of(self._store, encoding, connection.msgtype, connection.msgdef.data)

    @property
    def _repair(self) -> str:
        """What to do about a bag that is cut off."""
        if self._is_ros1:
            return "if it was cut off, 'rosbag reindex' repairs it"
        name = self._location.name if self._location.suffix == ".db3" else "FILE.db3"
        return (
            f"if it was cut off, 'sqlite3 {name} .recover | sqlite3 whole.db3' saves what is left, and "
            "'ros2 bag reindex' makes its metadata.yaml"
        )

    @property
    def topics(self) -> dict[str, Topic]:
        """Topics by name."""
        return self._topics

    def messages(
        self, topics: Collection[str], start: int | None = None, stop: int | None = None
    ) -> Iterator[Message]:
        """Messages in the order of their log times."""
        connections = [one for one in self._reader.connections if one.topic in topics]
        if not connections:
            return
        last = start
        try:
            for connection, time, data in self._reader.messages(connections, start, stop):
                last = time
                yield Message(connection.topic, time, data)
        except Exception as exc:  # a damaged bag raises whatever its bytes ask for
            reason = (
                f"the bag is cut off or damaged here, what follows is lost: {exc or type(exc).__name__}; "
                f"{self._repair}"
            )
            self.skipped.append(Skip(str(self._location), reason, last))

    def close(self) -> None:
        """Close the files."""
        self._reader.close()
