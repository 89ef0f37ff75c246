"""Point clouds in PCD, the format of the Point Cloud Library, version .7.

The header is text and read here, so that a check of the header needs no library; pypcd4 reads the points in
all three encodings. The platform documents fields `x y z intensity timestamp`, sizes `4 4 4 4 8` and types
`F F F U U`, and keeps the field `rgb`; further fields are dropped.

Headers come in dialects: without COUNT, with COUNT 0 (pcl_ros pads so, and PCL skips such fields), with `_`
for padding more than once. pypcd4 refuses them, so it gets a header in one form; the data stays as it is.
"""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any, cast

import attrs

from kognic._core.docs_links import docs_url
from kognic._core.scene_errors import ContentIssue
from kognic._core.wording import counted
from kognic.scenes.content.facts import PointCloudFacts
from kognic.scenes.content.numerals import fits_integer, is_number
from kognic.scenes.content.points import PointArrays
from kognic.scenes.content.source import PointsError, Source

TIME, INTENSITY = "timestamp", "intensity"
ENCODINGS = ("ascii", "binary", "binary_compressed")
LAYOUT = {"x": "F4", "y": "F4", "z": "F4", INTENSITY: "U4", TIME: "U8"}
# The header has no length field. Eleven lines of text fit many times; a file without DATA must not be
# read whole.
_HEADER_LIMIT = 65536
_CURE = "write the header FIELDS x y z intensity timestamp, SIZE 4 4 4 4 8, TYPE F F F U U"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_SIZES = {"I": ("1", "2", "4", "8"), "U": ("1", "2", "4", "8"), "F": ("4", "8")}
_SIZES_TEXT = "TYPE is I or U with SIZE 1, 2, 4 or 8, or F with SIZE 4 or 8"
# More digits than any number of points has, and fewer than Python refuses to read.
_DIGITS = 30
# A choice, as for CSV: a wrong format shows in every row.
_ROWS = 30
_REQUIRED = ("VERSION", "FIELDS", "SIZE", "TYPE", "WIDTH", "HEIGHT", "DATA")


@attrs.frozen(kw_only=True)
class PcdHeader:
    """The header of a PCD file; names as in the format.

    Attributes:
        faults: Where it breaks the format although its meaning is plain.
    """

    version: str
    fields: tuple[str, ...]
    sizes: tuple[int, ...]
    types: tuple[str, ...]
    counts: tuple[int, ...]
    width: int
    height: int
    num_points: int
    encoding: str
    data_offset: int
    faults: tuple[str, ...] = ()

    @property
    def repeated(self) -> str | None:
        """The first of the documented fields, or `rgb`, that occurs more than once."""
        return next((name for name in (*LAYOUT, "rgb") if self.fields.count(name) > 1), None)

    @property
    def stride(self) -> int:
        """Bytes of one point."""
        return sum(size * count for size, count in zip(self.sizes, self.counts, strict=True))

    def kind(self, name: str) -> str:
        """Type and size of a field, for example `F4`, or `F4[3]` for one with several values."""
        index = self.fields.index(name)
        several = f"[{self.counts[index]}]" if self.counts[index] != 1 else ""
        return f"{self.types[index]}{self.sizes[index]}{several}"


def parse_header(head: bytes) -> PcdHeader:
    """Read a header, also one that breaks the format where its meaning is plain (`PcdHeader.faults`).

    Raises:
        ValueError: It is not one; the message says why.
    """
    faults = []
    if head.startswith(_BYTE_ORDER_MARK):
        faults.append("the file starts with a byte order mark (U+FEFF, which cannot be seen)")
    entries, data_offset = _entries(head)
    if "FIELDS" not in entries and entries.get("COLUMNS"):
        entries["FIELDS"] = entries["COLUMNS"]
        faults.append("the line FIELDS is named COLUMNS, as in versions before .7")
    for key, usual in _assumed(entries).items():
        entries[key] = [usual]
        faults.append(f"the header has no {key} line; read as {key} {usual}")
    missing = [key for key in _REQUIRED if not entries.get(key)]
    if missing:
        raise PointsError(f"the header has no {missing[0]} line")
    fields = tuple(entries["FIELDS"])
    entries["COUNT"] = entries.get("COUNT") or ["1"] * len(fields)
    for key in ("SIZE", "TYPE", "COUNT"):
        if len(entries[key]) != len(fields):
            raise PointsError(f"{key} has {len(entries[key])} values for {len(fields)} fields")
    for field, kind, size in zip(fields, entries["TYPE"], entries["SIZE"], strict=True):
        if size not in _SIZES.get(kind.upper(), ()):
            raise PointsError(f"the field {field} has TYPE {kind} and SIZE {size}; {_SIZES_TEXT}")
    (width,), (height,) = _whole(entries, "WIDTH", 1), _whole(entries, "HEIGHT", 1)
    return PcdHeader(
        version=entries["VERSION"][0],
        fields=fields,
        sizes=_whole(entries, "SIZE"),
        types=tuple(value.upper() for value in entries["TYPE"]),
        counts=_whole(entries, "COUNT"),
        width=width,
        height=height,
        num_points=_whole(entries, "POINTS", 1)[0] if entries.get("POINTS") else width * height,
        encoding=entries["DATA"][0].lower(),
        data_offset=data_offset,
        faults=tuple(faults),
    )


def _entries(head: bytes) -> tuple[dict[str, list[str]], int]:
    """The lines of a header by their first word, and where the data begins."""
    entries: dict[str, list[str]] = {}
    position = len(_BYTE_ORDER_MARK) if head.startswith(_BYTE_ORDER_MARK) else 0
    if re.match(rb"[^\r\n]*\r(?!\r*\n)", head):
        raise PointsError("its lines end with a carriage return (CR) alone; end them with LF")
    while "DATA" not in entries:
        end = head.find(b"\n", position)
        if end < 0:
            raise PointsError("the header has no DATA line")
        words = head[position:end].decode("ascii", errors="replace").split()
        position = end + 1
        if words and not words[0].startswith("#"):
            entries[words[0].upper()] = words[1:]
    return entries, position


def _assumed(entries: dict[str, list[str]]) -> dict[str, str]:
    """What lines say that a header lacks, where there is no doubt."""
    found = {} if entries.get("VERSION") else {"VERSION": ".7"}
    points = entries.get("POINTS")
    if points and not entries.get("WIDTH") and not entries.get("HEIGHT"):
        return {**found, "WIDTH": points[0], "HEIGHT": "1"}
    if entries.get("WIDTH") and not entries.get("HEIGHT"):
        found["HEIGHT"] = "1"
    return found


def _whole(entries: dict[str, list[str]], key: str, count: int | None = None) -> tuple[int, ...]:
    for text in entries[key][:count]:
        if not (text.isascii() and text.isdigit()):
            raise PointsError(f"{key} is {' '.join(entries[key])[:80]}; {text[:20]!r} is not a whole number")
    return tuple(int(text[:_DIGITS]) for text in entries[key][:count])


def survey_pcd(source: Source) -> tuple[PointCloudFacts | None, list[ContentIssue]]:
    """Read the header and see whether the file is as long as it says."""
    try:
        header = parse_header(source.head(_HEADER_LIMIT))
    except ValueError as exc:
        return None, [_issue("pcd-header", f"the PCD header cannot be read: {exc}")]
    facts = PointCloudFacts(
        format="pcd",
        version=header.version,
        encoding=header.encoding,
        fields=header.fields,
        num_points=header.num_points,
        is_organised=header.height > 1,
        has_timestamps=TIME in header.fields,
        has_intensity=INTENSITY in header.fields,
    )
    faults = [_issue("pcd-header", fault, "write the header as version .7 has it") for fault in header.faults]
    return facts, [*faults, *_judge_layout(header), *_judge_length(header, source)]


def _judge_layout(header: PcdHeader) -> list[ContentIssue]:
    issues = []
    if header.version not in (".7", "0.7"):
        problem = f"the version is {header.version}, must be .7"
        issues.append(
            _issue("pcd-version", problem, "write the file as PCD version .7", value=header.version)
        )
    if header.encoding not in ENCODINGS:
        problem = f"DATA is {header.encoding}, must be {', '.join(ENCODINGS)}"
        issues.append(_issue("pcd-data", problem, "write the file as binary", value=header.encoding))
    elif header.encoding == "binary_compressed" and header.height != 1:
        problem = f"the compressed cloud is organised (HEIGHT is {header.height}, must be 1)"
        hint = f"write HEIGHT 1 and WIDTH {header.num_points}, or DATA binary"
        issues.append(_issue("pcd-organised", problem, hint, value=header.height))
    return [*issues, *_judge_fields(header)]


def _judge_fields(header: PcdHeader) -> list[ContentIssue]:
    issues, names = [], " ".join(header.fields)
    missing = [name for name in "xyz" if name not in header.fields]
    if missing:
        near = [name for name in header.fields if name.lower() in missing]
        found = f" (found {', '.join(map(repr, near))}: names count exactly)" if near else ""
        problem = f"FIELDS {names} has no {', '.join(missing)}{found}"
        return [_issue("pcd-fields", problem, field=missing[0], value=names)]
    if header.repeated is not None:
        hint = f"keep one {header.repeated}, and give the others another name or leave them out"
        issues.append(_issue("pcd-fields", _repeated(header), hint, field=header.repeated, value=names))
    for name, kind in LAYOUT.items():
        if name in header.fields and header.kind(name) != kind:
            problem = f"{name} is of type {header.kind(name)}, must be {kind}"
            hint = f"write {name} with TYPE {kind[0]}, SIZE {kind[1]} and COUNT 1"
            if header.kind(name).startswith("F"):
                hint += f"; {docs_url('checks', 'rewrite-a-point-cloud')} has the code"
            issues.append(_issue("pcd-field-type", problem, hint, field=name, value=header.kind(name)))
    return issues


def _judge_length(header: PcdHeader, source: Source) -> list[ContentIssue]:
    if header.num_points != header.width * header.height:
        problem = f"POINTS is {header.num_points}, WIDTH x HEIGHT is {header.width} x {header.height}"
        return [_issue("pcd-count", problem, "make them agree", value=header.num_points)]
    if header.num_points <= 0:
        return [_issue("cloud-empty", "there are no points", "remove the cloud from the frame", value=0)]
    if header.encoding == "ascii":
        return _judge_lines(header, source)
    available = source.size - header.data_offset
    sizes = b""
    if header.encoding == "binary":
        needed = header.num_points * header.stride
    elif header.encoding == "binary_compressed":
        sizes = source.slice(header.data_offset, 8)
        needed = 8 if len(sizes) < 8 else 8 + int.from_bytes(sizes[:4], "little")
    else:
        return []
    if available < needed:
        problem = f"{available} bytes of data follow the header, which declares {needed}"
        return [_issue("pcd-truncated", problem, "copy or write the file again", value=available)]
    return _judge_unpacked(header, int.from_bytes(sizes[4:], "little")) if sizes else []


def _judge_unpacked(header: PcdHeader, size: int) -> list[ContentIssue]:
    """Compare the size that compressed data says it has unpacked with that of the points."""
    needed = header.num_points * header.stride
    if size == needed:
        return []
    problem = (
        f"the compressed data says that it has {size} bytes unpacked; "
        f"{counted(header.num_points, 'point')} of {header.stride} bytes have {needed}"
    )
    return [_issue("pcd-count", problem, "write the file again", value=size)]


def _judge_lines(header: PcdHeader, source: Source) -> list[ContentIssue]:
    """Count the points of an ASCII file: one a line, of which the last may be cut."""
    count, last = 0, b""
    with source.open() as file:
        file.seek(header.data_offset)
        for line in file:
            if _is_point(line):
                count, last = count + 1, line
    is_cut = 0 < len(last.split()) < sum(header.counts)
    if count - is_cut < header.num_points and count > 1:
        # Of one line it cannot be said whether it is cut or of another form, as all lines may be.
        count -= is_cut
    if bad := _bad_lines(header, source, min(_ROWS, count)):
        return bad
    if count == header.num_points:
        return []
    problem = f"the file has {counted(count, 'point')}, the header declares {header.num_points}"
    code = "pcd-truncated" if count < header.num_points else "pcd-count"
    return [_issue(code, problem, "copy or write the file again", value=count)]


def find_fault(source: Source) -> list[ContentIssue]:
    """Find why points cannot be read; slow for ASCII, for files that `read_pcd` refused."""
    header = parse_header(source.head(_HEADER_LIMIT))
    return _judge_length(header, source) or (_bad_lines(header, source) if header.encoding == "ascii" else [])


def _bad_lines(header: PcdHeader, source: Source, limit: int | None = None) -> list[ContentIssue]:
    """The first line that is not a point, among the first ones, as a list of none or one."""
    columns = [
        (name, f"{kind}{size}")
        for name, kind, size, count in zip(
            header.fields, header.types, header.sizes, header.counts, strict=True
        )
        for _ in range(count)
    ]
    done = 0
    with source.open() as file:
        before = file.read(header.data_offset).count(b"\n")
        for number, line in enumerate(file, before + 1):
            if not _is_point(line):
                continue
            if done == limit:
                break
            done += 1
            if issue := _bad_line(number, line.decode("ascii", errors="replace"), columns):
                return [issue]
    return []


def _is_point(line: bytes) -> bool:
    """Whether a line is neither empty nor a comment, which pypcd4 skips."""
    return not line.isspace() and not line.lstrip().startswith(b"#")


def _bad_line(number: int, line: str, columns: list[tuple[str, str]]) -> ContentIssue | None:
    cells = line.split()
    hint = "separate values by spaces, with a point in decimals" if "," in line else "write the file again"
    if len(cells) != len(columns):
        problem = f"line {number} has {counted(len(cells), 'value')}, FIELDS and COUNT make it {len(columns)}"
        return _issue("pcd-unreadable", problem, hint, value=line.strip()[:80])
    for (name, kind), cell in zip(columns, cells, strict=True):
        if kind.startswith("F"):
            fits, wanted = is_number(cell), "a number"
        else:
            bits = 8 * int(kind[1:])
            fits = fits_integer(cell, bits, signed=kind.startswith("I"))
            wanted = f"a whole number of {bits} bits" + ("" if kind.startswith("I") else ", not negative")
        if not fits:
            problem = f"{name} in line {number} is {cell[:40]!r}, must be {wanted} (TYPE and SIZE {kind})"
            return _issue("pcd-unreadable", problem, hint, field=name, value=cell[:80])
    return None


def _issue(
    code: str, problem: str, hint: str = _CURE, *, field: str | None = None, value: object = None
) -> ContentIssue:
    return ContentIssue(code=code, problem=problem, hint=hint, field=field, value=value)


def _repeated(header: PcdHeader) -> str:
    name = header.repeated or ""
    times = header.fields.count(name)
    return (
        f"FIELDS {' '.join(header.fields)} has {name} {times} times, and readers differ in which one counts"
    )


def plain_header(header: PcdHeader) -> bytes:
    """Return a header of the same data in the one form that every reader takes."""
    columns = [
        (f"{name}_{index}" if header.fields.count(name) > 1 else name, size, kind, count)
        for index, (name, size, kind, count) in enumerate(
            zip(header.fields, header.sizes, header.types, header.counts, strict=True)
        )
        if count > 0
    ]
    lines = ["VERSION 0.7"]
    for key, position in (("FIELDS", 0), ("SIZE", 1), ("TYPE", 2), ("COUNT", 3)):
        lines.append(" ".join([key, *(str(column[position]) for column in columns)]))
    lines += [
        f"WIDTH {header.width}",
        f"HEIGHT {header.height}",
        "VIEWPOINT 0 0 0 1 0 0 0",
        f"POINTS {header.num_points}",
        f"DATA {header.encoding}",
    ]
    return "\n".join([*lines, ""]).encode()


def read_pcd(source: Source) -> PointArrays:
    """Read all points. Organised clouds are flattened row by row.

    Raises:
        PointsError: There are more or fewer points than the header says, or a field occurs more than once.
    """
    import numpy as np
    from pypcd4.pypcd4 import PointCloud

    header = parse_header(source.head(_HEADER_LIMIT))
    missing = [name for name in "xyz" if name not in header.fields]
    if missing:
        raise PointsError(f"FIELDS {' '.join(header.fields)} has no {', '.join(missing)}")
    if header.repeated is not None:
        raise PointsError(_repeated(header))
    for name in LAYOUT:
        if name in header.fields and header.counts[header.fields.index(name)] != 1:
            raise PointsError(f"{name} is of type {header.kind(name)}, must be {LAYOUT[name]}")
    with source.open() as file:
        file.seek(header.data_offset)
        plain = BytesIO(plain_header(header) + file.read())
    table = PointCloud.from_fileobj(cast("Any", plain)).pc_data
    if len(table) != header.num_points:
        raise PointsError(f"the header declares {header.num_points} points, the file holds {len(table)}")
    # Some bit patterns of NaN raise the processor's flag when they change their type; all are missing points.
    with np.errstate(invalid="ignore"):
        xyz = np.column_stack([np.asarray(table[axis], np.float64).reshape(-1) for axis in "xyz"])
    return PointArrays(
        xyz=xyz,
        intensity=table[INTENSITY] if INTENSITY in header.fields else None,
        timestamps=table[TIME] if TIME in header.fields else None,
    )
