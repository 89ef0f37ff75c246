"""Point clouds in CSV: `ts_gps,x,y,z,intensity`.

The platform's documentation asks for exactly this header, but its own test files have an unnamed index column
in front and colours at the end. So columns are found by name, and others are ignored. Names are
case-sensitive; a missing or misnamed time or intensity column reads as 0.
"""

from __future__ import annotations

import csv
import re
from typing import BinaryIO

from kognic._core.scene_errors import ContentIssue
from kognic._core.wording import counted
from kognic.scenes.content.facts import PointCloudFacts
from kognic.scenes.content.numerals import fits_integer, is_finite_number, is_number
from kognic.scenes.content.points import PointArrays
from kognic.scenes.content.source import PointsError, Source

TIME, INTENSITY = "ts_gps", "intensity"
COLOURS = ("red", "green", "blue")
BYTE_ORDER_MARK = "\ufeff"
HEADER = f"{TIME},x,y,z,{INTENSITY}"
_AROUND = re.compile(r"^[^A-Za-z0-9_]+|[^A-Za-z0-9_]+$")
# Enough for the header and the first `_ROWS` rows.
_HEAD = 65536
# A choice: a wrong format shows in every row, so a few are enough; more cost time in every file of a check
# that only reads headers.
_ROWS = 30
_RULES = {
    TIME: "an integer from 0 to 2^64-1 (nanoseconds)",
    INTENSITY: "a number from 0 to 255",
    "x": "a number",
    "y": "a number",
    "z": "a number",
}


def survey_csv(source: Source) -> tuple[PointCloudFacts | None, list[ContentIssue]]:
    """Read the header, the first rows and the last one."""
    head = source.head(_HEAD)
    issue = _judge_bytes(head)
    if issue is not None:
        return None, [issue]
    lines = head.decode("utf-8", errors="replace").splitlines()
    if source.size > len(head) and lines:
        lines.pop()  # probably cut in the middle
    names = split(lines[0]) if lines else []
    issue = _judge_header(names, lines[0] if lines else "")
    if issue is not None:
        return None, [issue]
    facts = PointCloudFacts(
        format="csv",
        encoding="text",
        fields=tuple(names),
        num_points=None if source.size > len(head) else sum(1 for line in lines[1:] if line.strip()),
        has_timestamps=TIME in names,
        has_intensity=INTENSITY in names,
        header_prefix=_prefix(names),
        fractional_intensity=_has_fractions(names, lines[1 : _ROWS + 1]),
    )
    if len(lines) < 2:
        return facts, [_no_points()]
    return facts, first_bad_row(names, lines[1 : _ROWS + 1], 2) or _judge_last_row(source, names)


def _judge_bytes(head: bytes) -> ContentIssue | None:
    """Check a file before its columns are read."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        wide = "UTF-32" if head.startswith(b"\xff\xfe\0\0") else "UTF-16"
        problem = f"the file is {wide} text, as its byte order mark says"
        return _header_issue("csv-binary", problem, "save it as UTF-8 without a byte order mark")
    # Two characters of UTF-16; of fewer bytes, one half is soon zero by chance.
    if len(head) > 3 and not (head[::2].strip(b"\0") and head[1::2].strip(b"\0")):
        problem = "every other byte is 0: the file is UTF-16 text without a byte order mark"
        return _header_issue("csv-binary", problem, "save it as UTF-8")
    if b"\0" in head:
        return _header_issue("csv-binary", "the content is binary, not text", "check the file's format")
    if b"\r" in head and b"\n" not in head:
        problem = "lines end with a carriage return (CR) alone, so the file is one line"
        return _header_issue("csv-line-ends", problem, "end lines with LF, or CR and LF")
    return None


def _prefix(names: list[str]) -> str:
    """What hides the first column: its name without that would be one of the platform's."""
    first = names[0] if names else ""
    bare = bare_name(first)
    return first[: first.index(bare)] if bare in _RULES else ""


def bare_name(name: str) -> str:
    """Return a name without marks, quotes, `#`, `//` and other letters than those of ASCII at its ends."""
    return _AROUND.sub("", name)


def _has_fractions(names: list[str], lines: list[str]) -> bool:
    if INTENSITY not in names:
        return False
    index = names.index(INTENSITY)
    rows = (split(line) for line in lines if line.strip())
    return any("." in cells[index] for cells in rows if len(cells) == len(names))


def shown(text: str) -> str:
    """Return a text as it is shown in a message: characters that cannot be seen by their code points."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def shown_name(name: str) -> str:
    """Return a column's name as it is shown: in quotes, and in ASCII if something in it is easily missed."""
    return name if bare_name(name) == name and name.isascii() else ascii(name)


def prefix_in_words(prefix: str) -> str:
    """Return what a prefix of the header is called."""
    if prefix.startswith(BYTE_ORDER_MARK):
        return "a byte order mark (U+FEFF, which cannot be seen)"
    return repr(shown(prefix))


def _judge_last_row(source: Source, names: list[str]) -> list[ContentIssue]:
    """Whether the file was cut off inside a row."""
    lines = source.tail(4096).decode("utf-8", errors="replace").rstrip().splitlines()
    cells = len(split(lines[-1])) if len(lines) > 1 else len(names)
    if cells == len(names):
        return []
    problem = f"the last line has {counted(cells, 'value')}, the header names {len(names)}"
    return [_header_issue("csv-row-length", problem, "copy or write the file again", value=lines[-1][:80])]


def split(line: str) -> list[str]:
    """Return the cells of one line, all of it as one cell if it is not a line of CSV."""
    try:
        return next(csv.reader([line]), [])
    except csv.Error:  # a stray carriage return, or a cell beyond the reader's limit
        return [line]


def first_bad_row(names: list[str], lines: list[str], first_line: int) -> list[ContentIssue]:
    """Return the first thing wrong in some rows, as a list of none or one.

    Args:
        names: The column names.
        lines: The rows as text.
        first_line: Number of the first of them in the file, counted from 1.
    """
    columns = [(names.index(name), name) for name in _RULES if name in names]
    for number, line in enumerate(lines, first_line):
        if not line.strip():
            continue
        cells = split(line)
        if len(cells) != len(names):
            problem = f"line {number} has {counted(len(cells), 'value')}, the header names {len(names)}"
            other = next((mark for mark in ";\t" if line.count(mark) == len(names) - 1), None)
            hint = "write the file again" if other is None else f"separate values by commas, not by {other!r}"
            return [_header_issue("csv-row-length", problem, hint, value=line[:80])]
        for index, name in columns:
            if not _fits(name, cells[index]):
                problem = f"{name} in line {number} is {cells[index]!r}, must be {_RULES[name]}"
                hint = f"write {name} as {_RULES[name]}"
                code = "csv-value" if name in "xyz" else f"csv-{'time' if name == TIME else name}"
                return [_header_issue(code, problem, hint, field=name, value=cells[index])]
    return []


def _fits(name: str, text: str) -> bool:
    if name == TIME:
        # The platform documents times as unsigned 64-bit integers.
        return fits_integer(text, 64)
    if name == INTENSITY:
        # A fraction is a warning of its own.
        return is_finite_number(text) and 0 <= float(text) <= 255
    return is_number(text)


def _judge_header(names: list[str], line: str) -> ContentIssue | None:
    missing = [name for name in "xyz" if name not in names]
    if not missing:
        twice = next((name for name in _RULES if names.count(name) > 1), None)
        if twice is None:
            return None
        return _header_issue("csv-duplicate-column", f"the column {twice} occurs twice", "keep one of them")
    prefix = _prefix(names)
    if prefix:
        problem = f"{prefix_in_words(prefix)} stands before the column {names[0][len(prefix) :]}"
        return _header_issue(
            "csv-header-prefix", problem, "save the file without it", value=shown(line[:100])
        )
    hint = f"make the first line {HEADER}"
    for separator in ";\t ":
        # x, y and z at least; other words are rather a text with spaces in it.
        if "," not in line and sum(bare_name(cell).lower() in _RULES for cell in line.split(separator)) >= 3:
            problem = f"the columns are separated by {separator!r}"
            return _header_issue("csv-separator", problem, "separate them by commas", value=separator)
    if names and all(map(is_number, names)):
        return _header_issue("csv-no-header", f"the first line is data ({line[:60]})", hint)
    return _missing_columns(names, line, missing, hint)


def _missing_columns(names: list[str], line: str, missing: list[str], hint: str) -> ContentIssue:
    near = [ascii(name) for name in names if bare_name(name).lower() in missing]
    foreign = [ascii(name) for name in names if not name.isascii() and ascii(name) not in near]
    found = f" (found {', '.join(near)}: names count exactly)" if near else ""
    if foreign and not near:
        found = f" (found {', '.join(foreign[:5])}: letters that are not ASCII may look like others)"
    problem = f"the header '{shown(line[:100])}' has no column {', '.join(missing)}{found}"
    return _header_issue("csv-columns", problem, hint, field=missing[0], value=line[:100])


def _header_issue(
    code: str, problem: str, hint: str, *, field: str | None = None, value: object = None
) -> ContentIssue:
    return ContentIssue(code=code, problem=problem, hint=hint, field=field, value=value)


def _no_points() -> ContentIssue:
    return ContentIssue(
        code="cloud-empty", problem="there are no points", hint="remove the cloud from the frame", value=0
    )


def read_csv(source: Source) -> PointArrays:
    """Read all points.

    Raises:
        ValueError: A row cannot be read; `find_bad_row` says which.
    """
    import numpy as np

    with source.open() as file:
        names = split(file.readline().decode("utf-8", errors="replace").rstrip("\r\n"))
        missing = [name for name in "xyz" if name not in names]
        if missing:
            raise PointsError(f"the header has no column {', '.join(missing)}")
        kinds = {"x": "f8", "y": "f8", "z": "f8", INTENSITY: "f4", TIME: "u8"}
        present = [name for name in kinds if name in names]
        layout = np.dtype([(name, kinds[name]) for name in present])
        if _skip_blank_lines(file):
            table = np.loadtxt(
                file,
                delimiter=",",
                comments=None,
                quotechar='"',
                dtype=layout,
                usecols=[names.index(name) for name in present],
                ndmin=1,
            )
        else:  # loadtxt would warn
            table = np.empty(0, layout)
    return PointArrays(
        xyz=np.column_stack([table["x"], table["y"], table["z"]]),
        intensity=table[INTENSITY] if INTENSITY in names else None,
        timestamps=table[TIME] if TIME in names else None,
    )


def _skip_blank_lines(file: BinaryIO) -> bool:
    """Go to the next line that holds anything; False if there is none."""
    start = file.tell()
    while line := file.readline():
        if line.strip():
            file.seek(start)
            return True
        start = file.tell()
    return False


def find_bad_row(source: Source) -> list[ContentIssue]:
    """Find the first error in any row, row by row; slow, for files that `read_csv` refused."""
    with source.open() as file:
        names = split(file.readline().decode("utf-8", errors="replace").rstrip("\r\n"))
        for number, line in enumerate(file, 2):
            issues = first_bad_row(names, [line.decode("utf-8", errors="replace").rstrip("\r\n")], number)
            if issues:
                return issues
    return []
