"""What an importer tells about a recording: sensors, captures in time, poses and labels, all of it lazily.

A team makes its own format importable with one subclass of `Recording` and one function that yields
recordings, registered under the entry point group `kognic.importers`. Everything that follows (matching of
times, splitting, calibrations, conversion during upload) is the same for every format.

Coordinates: `ego` is the system that a recording chooses for the vehicle, in metres; `world` is fixed to
the ground. `Sensor.pose` maps sensor to ego, the trajectory maps ego to world. Cameras have x right, y
down, z forward, and pixel (0, 0) is the centre of the top left pixel. Times are integer nanoseconds of the
recording's own clock, which is the Unix clock unless `notes` say otherwise.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import attrs

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from kognic.scenes.content.points import PointArrays
    from kognic.scenes.geometry.motion import Trajectory
    from kognic.scenes.geometry.poses import Rigid
    from kognic.scenes.importers.locations import Location

Kind = Literal["camera", "lidar"]


@attrs.frozen(kw_only=True, eq=False)
class Optics:
    """The lens of a camera.

    Attributes:
        model: `pinhole` (Brown-Conrady, `k1, k2, p1, p2, k3`), `kannala` (`k1, k2, k3, k4`) or `rational`
            (OpenCV's `k1, k2, p1, p2, k3, k4, k5, k6`). The platform has no rational camera: its images are
            undistorted.
        matrix: Camera matrix in pixels, shape (3, 3).
        size: Width and height, pixels; None reads them from the first image.
        distortion: Coefficients in the order of the model; empty without distortion.
        inverse: The four coefficients of the inverse of a Kannala-Brandt polynomial, where a format has them.
    """

    model: Literal["pinhole", "kannala", "rational"] = "pinhole"
    matrix: npt.NDArray[np.float64]
    size: tuple[int, int] | None = None
    distortion: tuple[float, ...] = ()
    inverse: tuple[float, ...] | None = None


@attrs.frozen(kw_only=True, eq=False)
class Sensor:
    """A camera or a lidar.

    Attributes:
        name: Unique in the recording; the platform sees it.
        pose: Sensor to ego; None if the recording does not have it.
        optics: The lens, of cameras; None if the recording does not have it.
        source: What the recording calls it where that is not `name`, such as a topic.
    """

    name: str
    kind: Kind
    pose: Rigid | None
    optics: Optics | None = None
    source: str = ""


@attrs.frozen(kw_only=True)
class Capture:
    """One image or one sweep.

    Attributes:
        sensor: Name of the sensor.
        reference: How `Recording.read` finds it again: a path relative to the recording, or whatever the
            recording likes. It stands in scene files, so it must stay valid.
        time_ns: What frames are matched by; None if the format has no times.
        start_ns: Start of the exposure, or of the sweep; None if not known.
        end_ns: End of it.
        suffix: Suffix of the original if the platform takes it as it is, such as `.jpg`; None converts it.
    """

    sensor: str
    reference: str
    time_ns: int | None = None
    start_ns: int | None = None
    end_ns: int | None = None
    suffix: str | None = None


@attrs.frozen(kw_only=True)
class RecordedFrame:
    """Captures that the format itself puts together, by sensor name."""

    name: str
    time_ns: int | None
    captures: Mapping[str, Capture]


@attrs.frozen(kw_only=True, eq=False)
class Picture:
    """Pixels that no image format holds yet: uint8, shape (H, W) or (H, W, 3) in RGB order."""

    pixels: npt.NDArray[np.uint8]


@attrs.frozen(kw_only=True)
class BoxLabel:
    """A labelled object at one moment.

    Attributes:
        track: The object; equal in all frames that show it.
        category: As the dataset calls it.
        frame: `RecordedFrame.name` that the label belongs to; None places it by `time_ns`.
        time_ns: When the box is valid; None takes the frame's time.
        system: `world`, `ego`, or the name of a sensor: what the box is given in.
        centre: Of the box, not of its bottom, metres.
        size: Length along the heading, width, height, metres.
        rotation: Unit quaternion `w, x, y, z`; identity heads along +x.
        boxes: Camera name to `left, top, right, bottom` in pixels.
        attributes: Flat: text, numbers and booleans.
    """

    track: str
    category: str
    frame: str | None = None
    time_ns: int | None = None
    system: str = "ego"
    centre: tuple[float, float, float] | None = None
    size: tuple[float, float, float] | None = None
    rotation: tuple[float, float, float, float] = (1.0, 0.0, 0.0, 0.0)
    boxes: Mapping[str, tuple[float, float, float, float]] = attrs.field(factory=dict)
    attributes: Mapping[str, str | float | bool] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class RecordedTopic:
    """A stream of messages in a source, used or not.

    Attributes:
        name: As the source has it.
        type: Of its messages.
        count: Number of messages.
        use: Name of the sensor, or what else it is used for; empty if it is not used.
    """

    name: str
    type: str
    count: int
    use: str = ""


@attrs.frozen
class Skip:
    """Something that was left out.

    Attributes:
        source: Topic, file or sensor.
        reason: Why, and what to do where something can be done.
        time_ns: When; None if all of it was left out.
        count: How many captures.
    """

    source: str
    reason: str
    time_ns: int | None = None
    count: int = 1

    def __str__(self) -> str:
        when = "" if self.time_ns is None else f" at {self.time_ns}"
        many = "" if self.count == 1 else f" ({self.count} times)"
        return f"{self.source}{when}: {self.reason}{many}"


class Recording(abc.ABC):
    """One recording: a drive, a log, a scene of a dataset.

    Three methods are needed: `sensors`, `captures` and `read`. The others have defaults for formats that have
    nothing to tell. Nothing is read before it is asked for, and `read` may be called from any thread.

    Attributes:
        name: Unique among the recordings of one source.
        compensated: Whether the points of a sweep are moved to `Capture.time_ns` already.
        progress: Called while a pass over the whole recording is made, with what is done and all there is
            to do; set by those who want to show it.
    """

    name: str
    compensated: bool = False
    progress: Callable[[int, int], None] | None = None

    @abc.abstractmethod
    def sensors(self) -> Sequence[Sensor]:
        """The sensors, in a stable order."""

    @abc.abstractmethod
    def captures(self, sensor: str) -> Iterable[Capture]:
        """The captures of a sensor in the order of time, without their content."""

    @abc.abstractmethod
    def read(self, capture: Capture) -> Location | bytes | Picture | PointArrays:
        """The content of a capture.

        Returns:
            The original as a location, or its bytes, if `capture.suffix` is set; else the pixels of an
            image, or the points of a sweep: in the sensor's system, intensity 0 to 255, times in
            nanoseconds.

        Raises:
            RecordingError: It is missing or damaged.
        """

    def sensors_of(self, frame: RecordedFrame) -> Sequence[Sensor]:
        """The sensors of a scene of one frame, for formats that calibrate every frame anew."""
        del frame
        return self.sensors()

    def frames(self) -> Iterable[RecordedFrame] | None:
        """Frames as the format has them; None matches captures by time."""
        return None

    def trajectory(self) -> Trajectory | None:
        """Ego to world over time; None without poses."""
        return None

    def imu(self) -> Trajectory | None:
        """Ego to world with more poses than `trajectory`, for formats with an IMU; None has no more."""
        return None

    def labels(self) -> Iterator[BoxLabel]:
        """Labels in any order."""
        return iter(())

    def topics(self) -> Sequence[RecordedTopic]:
        """What the source has, also what is not used, for formats of topics."""
        return ()

    def system_tree(self) -> Mapping[str, str]:
        """Coordinate systems, each with the one above it, for formats that have a tree of them."""
        return {}

    @property
    def notes(self) -> Sequence[str]:
        """What was converted and how: units of time, systems, conventions; it stands in the scene file."""
        return ()

    @property
    def skipped(self) -> Sequence[Skip]:
        """What `sensors` and `captures` have left out so far."""
        return ()

    def close(self) -> None:  # noqa: B027 - most formats keep nothing open
        """Close what is open."""

    def __enter__(self) -> Recording:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()
