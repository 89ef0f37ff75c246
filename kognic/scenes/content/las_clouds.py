"""Point clouds in LAS and LAZ (ASPRS LAS 1.2, point format 3; LAZ is LASzip's compression of the same).

The header is read here with `struct`, so that a check of the header needs no library; laspy reads the points.
Layout of the header: LAS Specification 1.2, table "Public header block".
"""

from __future__ import annotations

import struct

import attrs

from kognic._core.scene_errors import ContentIssue
from kognic.scenes.content.facts import PointCloudFacts
from kognic.scenes.content.points import PointArrays
from kognic.scenes.content.source import PointsError, Source

MAGIC = b"LASF"
# The only one that the platform documents: intensity, time and colour.
POINT_FORMAT = 3
# LAS 1.2, table of point data record format 3: 20 bytes of format 0, 8 of GPS time, 6 of colour.
RECORD_LENGTH = 34
# Size of the public header block of LAS 1.0 to 1.2; later versions append fields.
_HEADER_LENGTH = 227
# Header of a variable length record, LAS 1.2.
_RECORD_HEADER = 54
# LAS 1.4 has records behind the points as well: where they begin, and how many there are.
_LATE_RECORDS, _LATE_RECORDS_END, _LATE_RECORD_HEADER = 235, 247, 60
_FIELDS = (
    "x y z intensity return_number number_of_returns scan_direction_flag edge_of_flight_line classification "
    "synthetic key_point withheld scan_angle_rank user_data point_source_id gps_time red green blue"
)
# Points, and bytes of them, that are read at once: a record may be as long as its header says.
_CHUNK, _CHUNK_BYTES = 1_000_000, 2**26
_CURE = "write it as LAS 1.2 with point format 3"


@attrs.frozen
class LasHeader:
    """The part of the public header block that matters here; names as in the specification."""

    version: tuple[int, int]
    header_size: int
    offset_to_points: int
    num_records: int
    point_format: int
    is_compressed: bool
    record_length: int
    num_points: int
    scale: tuple[float, float, float]
    offset: tuple[float, float, float]
    largest: tuple[float, float, float]
    smallest: tuple[float, float, float]

    @classmethod
    def unpack(cls, head: bytes) -> LasHeader:
        """Read the first 227 bytes of a file."""
        size, offset, records, kind, length, count = struct.unpack_from("<HIIBHI", head, 94)
        numbers = struct.unpack_from("<12d", head, 131)
        return cls(
            (head[24], head[25]),
            size,
            offset,
            records,
            # LASzip marks compression in the upper bits of the point format.
            kind & 0x3F,
            bool(kind & 0xC0),
            length,
            count,
            numbers[0:3],
            numbers[3:6],
            (numbers[6], numbers[8], numbers[10]),
            (numbers[7], numbers[9], numbers[11]),
        )

    def has_room_for_records(self, size: int) -> bool:
        """Whether the variable length records fit between header and points, and into a file of this size."""
        end = min(self.offset_to_points, size)
        return self.header_size + self.num_records * _RECORD_HEADER <= end


def survey_las(source: Source) -> tuple[PointCloudFacts | None, list[ContentIssue]]:
    """Read the header and see whether the file is as long as it says."""
    head = source.head(_HEADER_LENGTH)
    if not head.startswith(MAGIC):
        problem = f"the content is not LAS (it starts with {head[:4].hex(' ')})"
        return None, [_issue("las-signature", problem, "check the file's format", head[:4].hex())]
    if len(head) < _HEADER_LENGTH:
        return None, [
            _issue("las-truncated", f"the file ends inside its header ({len(head)} bytes)", value=len(head))
        ]
    header = LasHeader.unpack(head)
    has_time = header.point_format in (1, 3, 4, 5, 6, 7, 8, 9, 10)
    facts = PointCloudFacts(
        format="laz" if header.is_compressed else "las",
        version="{}.{}".format(*header.version),
        encoding=f"point format {header.point_format}",
        fields=tuple(name for name in _FIELDS.split() if name != "gps_time" or has_time),
        num_points=header.num_points,
        has_timestamps=has_time,
        has_intensity=True,
        bounds=(header.smallest, header.largest) if header.num_points else None,
    )
    return facts, list(_judge(header, source))


def _judge(header: LasHeader, source: Source) -> list[ContentIssue]:
    issues = []
    version = "{}.{}".format(*header.version)
    if version != "1.2":
        issues.append(_issue("las-version", f"the version is LAS {version}, must be 1.2", value=version))
    if header.point_format != POINT_FORMAT:
        problem = f"the point format is {header.point_format}, must be 3 (with time and colour)"
        issues.append(_issue("las-point-format", problem, value=header.point_format))
    if issues:
        return issues
    if header.num_points == 0:
        issues.append(_issue("cloud-empty", "there are no points", "remove the cloud from the frame", 0))
    if any(scale == 0 or scale != scale for scale in header.scale):
        problem = f"the scale of the coordinates is {header.scale}, so all points collapse"
        issues.append(_issue("las-scale", problem, "write a scale such as 0.001", header.scale))
    if header.record_length < RECORD_LENGTH:
        problem = f"a point record has {header.record_length} bytes, point format 3 needs {RECORD_LENGTH}"
        issues.append(_issue("las-record-length", problem, value=header.record_length))
    if not header.has_room_for_records(source.size):
        problem = (
            f"the header declares {header.num_records} records before the points, which begin at byte "
            f"{header.offset_to_points}"
        )
        issues.append(_issue("las-truncated", problem, "copy or write the file again", header.num_records))
    needed = header.offset_to_points
    needed += 8 if header.is_compressed else header.num_points * header.record_length
    if source.size < needed:
        problem = f"the file has {source.size} bytes, its header declares {needed}"
        issues.append(_issue("las-truncated", problem, "copy or write the file again", source.size))
    return issues


def _issue(code: str, problem: str, hint: str = _CURE, value: object = None) -> ContentIssue:
    return ContentIssue(code=code, problem=problem, hint=hint, value=value)


def _judge_records(source: Source) -> None:
    """Reject record counts that the file cannot hold: laspy would allocate them until memory is exhausted."""
    head = source.head(_LATE_RECORDS_END)
    if len(head) < _HEADER_LENGTH:
        return
    header = LasHeader.unpack(head)
    if not header.has_room_for_records(source.size):
        raise PointsError(f"there is no room for {header.num_records} records before the points")
    if header.version >= (1, 4) and len(head) == _LATE_RECORDS_END:
        start, count = struct.unpack_from("<QI", head, _LATE_RECORDS)
        if count and start + count * _LATE_RECORD_HEADER > source.size:
            raise PointsError(f"there is no room for {count} records behind the points")


def read_las(source: Source) -> PointArrays:
    """Read all points, at most a million at a time.

    `timestamps` are the values of `gps_time` rounded to integers; they are nanoseconds in a file made for the
    platform, whatever the specification says about GPS seconds.
    """
    import numpy as np
    from laspy.lasreader import LasReader

    _judge_records(source)
    with source.open() as file, LasReader(file) as reader:
        count, length = reader.header.point_count, reader.header.point_format.size
        if not reader.header.are_points_compressed:
            held = max(0, source.size - reader.header.offset_to_point_data) // length
            if held < count:
                raise PointsError(f"the header declares {count} points, the file has room for {held}")
        xyz = np.empty((count, 3))
        intensity = np.empty(count, np.float32)
        names = set(reader.header.point_format.dimension_names)
        times = np.empty(count) if "gps_time" in names else None
        start = 0
        for chunk in reader.chunk_iterator(max(1, min(_CHUNK, _CHUNK_BYTES // length))):
            stop = start + len(chunk)
            for axis, values in enumerate((chunk.x, chunk.y, chunk.z)):
                xyz[start:stop, axis] = np.asarray(values)
            intensity[start:stop] = np.asarray(chunk.intensity)
            if times is not None:
                times[start:stop] = np.asarray(chunk.gps_time)
            start = stop
    if start != count:
        raise PointsError(f"the header declares {count} points, the file holds {start}")
    return PointArrays(xyz=xyz, intensity=intensity, timestamps=times)
