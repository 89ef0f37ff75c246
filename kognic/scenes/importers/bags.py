"""Containers of messages behind one small interface.

What messages mean is not known here. A message is found again by its topic and log time, so that one message
costs the reading of one chunk. `mcap_bags` and `rosbags_bags` read the files, `bag_files` chooses between
them.
"""

from __future__ import annotations

import abc
import threading
from collections.abc import Callable, Collection, Iterator
from typing import Any

import attrs

from kognic._core.scene_errors import RecordingError
from kognic.scenes.importers.recording import Skip

Decoder = Callable[[Any], Any]


@attrs.frozen
class Topic:
    """A topic of a bag.

    Attributes:
        schema: Full name of the type of its messages, such as `sensor_msgs/msg/Image` or
            `foxglove.PointCloud`.
        encoding: `cdr`, `ros1`, `protobuf`, `json`, or another.
        count: Number of messages; None if the file is cut off.
        decode: Turns the bytes of a message into an object; None if nothing here can.
    """

    name: str
    schema: str
    encoding: str
    count: int | None
    decode: Decoder | None


@attrs.frozen(eq=False)
class Message:
    """A message as it lies in a bag."""

    topic: str
    log_time: int
    data: bytes | memoryview


class Bag(abc.ABC):
    """A container of messages; safe to use from several threads.

    Attributes:
        skipped: What was unreadable.
    """

    def __init__(self) -> None:
        self.skipped: list[Skip] = []
        self._lock = threading.Lock()

    @property
    @abc.abstractmethod
    def topics(self) -> dict[str, Topic]:
        """Topics by name."""

    @abc.abstractmethod
    def messages(
        self, topics: Collection[str], start: int | None = None, stop: int | None = None
    ) -> Iterator[Message]:
        """The messages of some topics, about in the order of their log times.

        Args:
            topics: Names.
            start: First log time, nanoseconds; None from the beginning.
            stop: End of log times, exclusive; None to the end.
        """

    def message(self, topic: str, log_time: int, number: int = 0) -> bytes:
        """Read one message.

        Args:
            topic: Topic of the message.
            log_time: Log time of the message, nanoseconds.
            number: Index among the messages with that log time.

        Raises:
            RecordingError: There is no such message.
        """
        with self._lock:
            for index, message in enumerate(self.messages([topic], log_time, log_time + 1)):
                if index == number:
                    return bytes(message.data)
        raise RecordingError(f"{topic} at {log_time}: the bag has no such message any more")

    def visit(self, topic: str, start: int, stop: int, take: Callable[[int, bytes], None]) -> None:
        """Call `take` with log time and bytes of each message of a topic from `start` to before `stop`."""
        with self._lock:
            for message in self.messages([topic], start, stop):
                take(message.log_time, bytes(message.data))

    @abc.abstractmethod
    def close(self) -> None:
        """Close the files."""


class SplitBag(Bag):
    """The files of one recording, one after the other."""

    def __init__(self, bags: list[Bag]) -> None:
        super().__init__()
        self._bags = bags
        self._topics: dict[str, Topic] = {}
        for bag in bags:
            for name, topic in bag.topics.items():
                known = self._topics.get(name)
                if known is None:
                    self._topics[name] = topic
                else:
                    both = (
                        None
                        if None in (known.count, topic.count)
                        else (known.count or 0) + (topic.count or 0)
                    )
                    self._topics[name] = attrs.evolve(known, count=both)
        # One list for all files, to which each of them adds.
        self.skipped = [skip for bag in bags for skip in bag.skipped]
        for bag in bags:
            bag.skipped = self.skipped

    @property
    def topics(self) -> dict[str, Topic]:
        """Topics by name."""
        return self._topics

    def messages(
        self, topics: Collection[str], start: int | None = None, stop: int | None = None
    ) -> Iterator[Message]:
        """The messages of all files."""
        for bag in self._bags:
            yield from bag.messages(topics, start, stop)

    def close(self) -> None:
        """Close the files."""
        for bag in self._bags:
            bag.close()
