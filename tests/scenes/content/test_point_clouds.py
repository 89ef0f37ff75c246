"""Point clouds: facts are right in every format, and every documented refusal is found by its own rule."""

from __future__ import annotations

import pickle
import struct
import subprocess
import sys
import warnings
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import laspy
import numpy as np
import pytest

from kognic._core.scene_errors import ContentError
from kognic.scenes.content import inspect_point_cloud, read_points, survey_point_cloud
from kognic.scenes.content.source import Source

Cloud = dict[str, np.ndarray]
Make = Callable[..., bytes]
Save = Callable[[str, bytes], Path]
FORMATS = ["csv", "las", "laz", "ascii", "binary", "binary_compressed"]


@pytest.fixture
def make_cloud(csv_text: str, make_las: Make, make_pcd: Make) -> Make:
    """The same points in any of the formats."""

    def make(kind: str) -> bytes:
        if kind == "csv":
            return csv_text.encode()
        if kind in ("las", "laz"):
            return make_las(laz=kind == "laz")
        return make_pcd(kind)

    return make


@pytest.mark.parametrize("kind", FORMATS)
def test_inspect_point_cloud_reads_headers(make_cloud: Make, kind: str) -> None:
    """The header alone tells format, columns and, except for long CSV files, the number of points."""
    facts = inspect_point_cloud(make_cloud(kind))

    assert facts.format == (kind if kind in ("csv", "las", "laz") else "pcd")
    assert (facts.num_points, facts.has_timestamps, facts.has_intensity, facts.is_full) == (
        40,
        True,
        True,
        False,
    )


@pytest.mark.parametrize("kind", FORMATS)
def test_inspect_point_cloud_reads_everything(make_cloud: Make, cloud: Cloud, kind: str) -> None:
    """Full reading gives ranges that equal those of the points that were written."""
    facts = inspect_point_cloud(make_cloud(kind), full=True)

    assert facts.bounds is not None
    for axis in range(3):
        values = cloud["xyz"[axis]]
        assert facts.bounds[0][axis] == pytest.approx(values.min(), abs=6e-4)
        assert facts.bounds[1][axis] == pytest.approx(values.max(), abs=6e-4)
    assert facts.time_range_ns is not None
    # LAS keeps times as doubles: steps of 256 ns at today's nanoseconds.
    slack = 256 if kind in ("las", "laz") else 0
    assert abs(facts.time_range_ns[0] - int(cloud["timestamp"][0])) <= slack
    assert abs(facts.time_range_ns[1] - int(cloud["timestamp"][-1])) <= slack
    assert facts.intensity_range == (cloud["intensity"].min(), cloud["intensity"].max())
    assert (facts.num_invalid, facts.num_at_origin, facts.is_full) == (0, 0, True)


@pytest.mark.parametrize("kind", FORMATS)
def test_read_points_keeps_order_and_precision(make_cloud: Make, cloud: Cloud, kind: str) -> None:
    read = read_points(make_cloud(kind))

    np.testing.assert_allclose(read.xyz, np.column_stack([cloud[axis] for axis in "xyz"]), atol=6e-4)
    assert read.timestamps is not None
    if kind not in ("las", "laz"):
        np.testing.assert_array_equal(read.timestamps, cloud["timestamp"])


def test_inspect_point_cloud_counts_bad_points(csv_text: str) -> None:
    """NaN and the origin are facts, not refusals."""
    lines = csv_text.splitlines()
    lines[3] = "1648200140000000051,nan,1,2,3"
    lines[4] = "1648200140000000051,0,0,0,3"
    lines[5] = "1648200140000000051,inf,1,2,3"

    facts = inspect_point_cloud("\n".join(lines).encode(), full=True)

    assert (facts.num_invalid, facts.num_at_origin) == (2, 1)
    assert facts.bounds is not None
    assert np.isfinite(facts.bounds).all()


@pytest.mark.parametrize(
    "header", [",ts_gps,x,y,z,intensity,red,green,blue", ",ts_gps,x,y,z,intensity,red,blue,green"]
)
def test_csv_ignores_index_and_colour_columns(header: str) -> None:
    """Columns are found by name; an unnamed index and colours do not disturb."""
    content = f"{header}\n0,1648200140000000051,0.1,0.2,0.3,45,1,2,3\n".encode()

    facts = inspect_point_cloud(content, full=True)

    assert facts.time_range_ns == (1_648_200_140_000_000_051,) * 2
    assert facts.bounds == ((0.1, 0.2, 0.3),) * 2


def test_csv_without_times_and_intensities_is_a_fact() -> None:
    """The platform fills them with 0, so the file is not refused here."""
    facts = inspect_point_cloud(b"x,y,z\n1,2,3\n", full=True)

    assert (facts.has_timestamps, facts.has_intensity, facts.time_range_ns, facts.intensity_range) == (
        False,
        False,
        None,
        None,
    )


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        ("ts_gps;x;y;z;intensity\n1;2;3;4;5\n", "csv-separator", "separated by ';'"),
        ("ts_gps\tx\ty\tz\tintensity\n1\t2\t3\t4\t5\n", "csv-separator", "separated by"),
        ("1,2,3,4,5\n1,2,3,4,5\n", "csv-no-header", "the first line is data"),
        ("ts_gps,X,Y,Z,intensity\n1,2,3,4,5\n", "csv-columns", "names count exactly"),
        ("ts_gps,x,y,intensity\n1,2,3,4\n", "csv-columns", "no column z"),
        ("ts_gps,x,y,z,x,intensity\n1,2,3,4,5,6\n", "csv-duplicate-column", "x occurs twice"),
        ("ts_gps,x,y,z,intensity\n1,2,3,4\n", "csv-row-length", "line 2 has 4 values"),
        ("ts_gps,x,y,z,intensity\n1,2,abc,4,5\n", "csv-value", "y in line 2 is 'abc'"),
        ("ts_gps,x,y,z,intensity\n1648200140.5,2,3,4,5\n", "csv-time", "ts_gps in line 2 is '1648200140.5'"),
        ("ts_gps,x,y,z,intensity\n-1,2,3,4,5\n", "csv-time", "ts_gps in line 2 is '-1'"),
        ("ts_gps,x,y,z,intensity\n1,2,3,4,300\n", "csv-intensity", "intensity in line 2 is '300'"),
        ("ts_gps,x,y,z,intensity\n1,2,3,4,255.5\n", "csv-intensity", "must be a number from 0 to 255"),
        ("ts_gps,x,y,z,intensity\r1,2,3,4,5\r", "csv-line-ends", "end with a carriage return"),
        ("ts_gps,x,y,z,intensity\n", "cloud-empty", "no points"),
    ],
)
def test_csv_refusals(content: str, code: str, words: str) -> None:
    with pytest.raises(ContentError, match=words) as error:
        inspect_point_cloud(content.encode(), "csv")

    assert error.value.code == code


@pytest.mark.parametrize(
    ("row", "code"),
    [("1,2,3,4", "csv-row-length"), ("1,2,abc,4,5", "csv-value"), ("1.5,2,3,4,5", "csv-time")],
)
def test_csv_full_reading_finds_a_bad_row_far_down(row: str, code: str) -> None:
    """The line number is that of the file."""
    lines = ["ts_gps,x,y,z,intensity", *["1,2,3,4,5"] * 5000, row, *["1,2,3,4,5"] * 500]
    content = "\n".join(lines).encode()

    inspect_point_cloud(content)
    with pytest.raises(ContentError, match="line 5002") as error:
        inspect_point_cloud(content, full=True)

    assert error.value.code == code


def test_csv_cut_off_in_its_last_row_is_found_without_full_reading(csv_text: str) -> None:
    content = (csv_text * 1)[:-8].encode()

    with pytest.raises(ContentError, match="values, the header names 5"):
        inspect_point_cloud(content)


@pytest.mark.parametrize(
    ("version", "point_format", "code"),
    [
        ("1.4", 3, "las-version"),
        ("1.1", 1, "las-version"),
        ("1.2", 1, "las-point-format"),
        ("1.4", 7, "las-version"),
    ],
)
def test_las_refusals(make_las: Make, version: str, point_format: int, code: str) -> None:
    with pytest.raises(ContentError, match=r"write it as LAS 1\.2 with point format 3") as error:
        inspect_point_cloud(
            make_las("1.2" if version == "1.1" else version, point_format)
            if version != "1.1"
            else _as_version_1_1(make_las("1.2", 1))
        )

    assert error.value.code == code


def _as_version_1_1(content: bytes) -> bytes:
    return content[:25] + b"\x01" + content[26:]


def test_las_damage(make_las: Make, patch: Make) -> None:
    """Cut off, without points, without scale, with short records: each has a rule of its own."""
    good = make_las()
    broken = {
        "las-truncated": good[:-10],
        "cloud-empty": make_las(count=0),
        "las-scale": patch(good, 131, "<d", 0.0),
        "las-record-length": patch(good, 105, "<H", 26),
        "las-signature": b"NOPE" + good[4:],
    }
    for code, content in broken.items():
        with pytest.raises(ContentError) as error:
            inspect_point_cloud(content, "las")
        assert error.value.code == code


@pytest.mark.parametrize(("version", "place", "where"), [("1.2", 100, "before"), ("1.4", 243, "behind")])
def test_las_with_more_records_than_it_has_room_for(
    make_las: Make, patch: Make, version: str, place: int, where: str
) -> None:
    """A number in the header is not believed: laspy would make four thousand million records."""
    content = patch(make_las(version, 3), place, "<I", 2**32 - 1)
    if where == "before":
        # Room that would be there if the points began where the header says.
        content = patch(content, 96, "<I", 2**32 - 1)

    with pytest.raises(ContentError, match=f"no room for 4294967295 records {where} the points"):
        read_points(content, "las")
    if where == "before":
        with pytest.raises(ContentError, match="declares 4294967295 records before the points") as error:
            inspect_point_cloud(content, "las")
        assert error.value.code == "las-truncated"


@pytest.mark.parametrize("laz", [False, True])
def test_las_with_more_or_longer_points_than_it_has_room_for(
    make_las: Make, patch: Make, laz: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """laspy would take memory for a million points of 65,535 bytes, whatever the file's size."""
    asked: list[int] = []
    iterate = laspy.LasReader.chunk_iterator
    monkeypatch.setattr(
        laspy.LasReader, "chunk_iterator", lambda self, count: asked.append(count) or iterate(self, count)
    )
    content = patch(patch(make_las(laz=laz), 107, "<I", 4_000_000), 105, "<H", 65_535)

    with pytest.raises(ContentError, match="cannot be read"):
        read_points(content, "las")
    assert all(count * 65_535 <= 2**26 for count in asked)
    if not laz:
        with pytest.raises(ContentError, match="declares 4000000 points, the file has room for 0"):
            read_points(content, "las")


@pytest.mark.parametrize(
    ("encoding", "replace", "code"),
    [
        ("binary", {"VERSION 0.7": "VERSION .5"}, "pcd-version"),
        ("binary", {"FIELDS x y z": "FIELDS x y q"}, "pcd-fields"),
        ("binary", {"TYPE F F F U U": "TYPE F F F F U"}, "pcd-field-type"),
        ("binary", {"SIZE 4 4 4 4 8": "SIZE 8 8 8 4 8"}, "pcd-field-type"),
        ("binary", {"DATA binary": "DATA zipped"}, "pcd-data"),
        ("binary_compressed", {"WIDTH 40": "WIDTH 20", "HEIGHT 1": "HEIGHT 2"}, "pcd-organised"),
        ("binary", {"WIDTH 40": "WIDTH 41"}, "pcd-count"),
        ("binary", {"POINTS 40": "POINTS 400", "WIDTH 40": "WIDTH 400"}, "pcd-truncated"),
        ("binary", {"POINTS 40": "POINTS 0", "WIDTH 40": "WIDTH 0"}, "cloud-empty"),
        ("binary", {"SIZE 4 4 4 4 8": "SIZE 4 4 4 4"}, "pcd-header"),
        ("binary", {"WIDTH 40": "WIDTH"}, "pcd-header"),
    ],
)
def test_pcd_refusals(make_pcd: Make, encoding: str, replace: dict[str, str], code: str) -> None:
    with pytest.raises(ContentError) as error:
        inspect_point_cloud(make_pcd(encoding, replace))

    assert error.value.code == code


def test_pcd_takes_both_spellings_of_the_version_and_organised_binary(make_pcd: Make) -> None:
    facts = inspect_point_cloud(
        make_pcd("binary", {"VERSION 0.7": "VERSION .7", "WIDTH 40": "WIDTH 20", "HEIGHT 1": "HEIGHT 2"}),
        full=True,
    )

    assert (facts.version, facts.is_organised, facts.num_points) == (".7", True, 40)


@pytest.mark.parametrize("encoding", ["ascii", "binary", "binary_compressed"])
def test_pcd_cut_off(make_pcd: Make, encoding: str) -> None:
    """A file that lost its end is found from the header, ASCII at the latest by full reading."""
    content = make_pcd(encoding)

    with pytest.raises(ContentError) as error:
        inspect_point_cloud(content[:-60], full=True)

    assert error.value.code in ("pcd-truncated", "pcd-unreadable")


def test_ascii_pcd_counts_points(make_pcd: Make) -> None:
    """From the lines, without full reading; a line that is cut is no point, an empty one neither."""
    content = make_pcd("ascii")
    lines = content.splitlines(keepends=True)
    for cut, points in ((b"".join(lines[:-1]), 39), (content[: -len(lines[-1].split(b" ")[-1]) - 1], 39)):
        _, (issue,) = survey_point_cloud(Source.of(cut), "pcd")
        assert (issue.code, issue.value) == ("pcd-truncated", points)
        assert issue.problem == "the file has 39 points, the header declares 40"
    assert survey_point_cloud(Source.of(content.rstrip() + b"\n\n"), "pcd")[1] == []


PCD_DOCUMENTED = {"x": "F4", "y": "F4", "z": "F4", "intensity": "U4", "timestamp": "U8"}


def pcd(fields: dict[str, str] | list[tuple[str, str]], data: bytes, encoding: str = "binary") -> bytes:
    """Two points under a header as PCL writes it; a kind is type, size and perhaps `*count`."""
    columns = list(fields.items()) if isinstance(fields, dict) else fields
    kinds = [kind.partition("*") for _, kind in columns]
    header = [
        "# .PCD v0.7 - Point Cloud Data file format",
        "VERSION 0.7",
        " ".join(["FIELDS", *(name for name, _ in columns)]),
        " ".join(["SIZE", *(kind[1:] for kind, _, _ in kinds)]),
        " ".join(["TYPE", *(kind[0] for kind, _, _ in kinds)]),
        " ".join(["COUNT", *(count or "1" for _, _, count in kinds)]),
        *("WIDTH 2", "HEIGHT 1", "VIEWPOINT 0 0 0 1 0 0 0", "POINTS 2", f"DATA {encoding}", ""),
    ]
    return "\n".join(header).encode() + data


@pytest.mark.parametrize("name", ["x", "intensity", "timestamp", "rgb"])
@pytest.mark.parametrize("encoding", ["ascii", "binary"])
def test_pcd_with_a_field_twice(name: str, encoding: str) -> None:
    """Readers differ in which one counts, so neither is taken; the field and the way out are named."""
    fields = [*PCD_DOCUMENTED.items(), ("rgb", "U4"), (name, "F4")]
    point = struct.pack("<3fIQIf", 1, 2, 3, 7, 17, 0, 9)
    content = pcd(fields, b"1 2 3 7 17 0 9\n" * 2 if encoding == "ascii" else point * 2, encoding)

    with pytest.raises(
        ContentError, match=rf"timestamp rgb {name} has {name} 2 times, .*; keep one {name},"
    ) as e:
        inspect_point_cloud(content)
    (issue,) = e.value.issues
    assert (issue.code, issue.field) == ("pcd-fields", name)
    with pytest.raises(ContentError, match=rf"has {name} 2 times"):
        read_points(content)


def test_pcd_with_other_fields_twice() -> None:
    """Fields that are not read may repeat, have more than one value, or be padding."""
    fields = [*PCD_DOCUMENTED.items(), ("ring", "U2"), ("ring", "U2"), ("normal", "F4*3"), ("_", "U1*4")]
    points = [struct.pack("<3fIQHH3f4x", n, 2, 3, 7 + n, 17 + n, 1, 2, 0, 0, 1) for n in range(2)]

    read = read_points(pcd(fields, b"".join(points)))

    assert read.xyz.tolist() == [[0, 2, 3], [1, 2, 3]]
    assert read.intensity is not None
    assert read.timestamps is not None
    assert (read.intensity.tolist(), read.timestamps.tolist()) == ([7, 8], [17, 18])
    assert inspect_point_cloud(pcd(fields, b"".join(points)), full=True).num_points == 2


def test_ascii_pcd_with_padding_of_different_kinds() -> None:
    """Each `_` has a kind of its own."""
    fields = [("x", "F4"), ("_", "U1"), ("y", "F4"), ("_", "F4"), ("z", "F4")]

    facts = inspect_point_cloud(pcd(fields, b"1 0 2 0.5 3\n4 255 5 -0.5 6\n", "ascii"), full=True)
    assert facts.bounds == ((1, 2, 3), (4, 5, 6))


def test_pcd_packed_colours_do_not_disturb() -> None:
    """PCL stores colours in the bits of a float; white with full alpha is a NaN."""
    fields = {"x": "F4", "y": "F4", "z": "F4", "rgb": "F4"}
    content = pcd(fields, struct.pack("<3fI3fI", 1, 2, 3, 0xFFFFFFFF, 4, 5, 6, 0x00FF8040))

    facts = inspect_point_cloud(content, full=True)
    assert (facts.num_invalid, facts.bounds) == (0, ((1, 2, 3), (4, 5, 6)))


def test_pcd_coordinates_with_more_than_one_value() -> None:
    """Which of three x would be the coordinate is not guessed."""
    fields = {**PCD_DOCUMENTED, "x": "F4*3"}
    content = pcd(fields, struct.pack("<5fIQ", 1, 1, 1, 2, 3, 7, 17) * 2)

    with pytest.raises(ContentError, match=r"x is of type F4\[3\], must be F4; write x with .* COUNT 1"):
        inspect_point_cloud(content)
    with pytest.raises(ContentError, match=r"x is of type F4\[3\], must be F4"):
        read_points(content)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("1,2,3,7,17", r"line 12 has 1 value, .* make it 5; separate values by spaces"),
        ("1,5 2 3 7 17", r"x in line 12 is '1,5', must be a number .*; separate values by spaces"),
        ("1 2 3 7", r"line 12 has 4 values, FIELDS and COUNT make it 5"),
        ("1 2 3 7 17 9", r"line 12 has 6 values"),
        ("1 2 abc 7 17", r"z in line 12 is 'abc', must be a number"),
        ("1 2 3 7.5 17", r"intensity in line 12 is '7\.5', must be a whole number of 32 bits, not negative"),
        ("1 2 3 -7 17", r"intensity in line 12 is '-7'"),
        ("1 2 3 nan 17", r"intensity in line 12 is 'nan'"),
        ("1 2 3 7 1.7e18", r"timestamp in line 12 is '1\.7e18', must be a whole number of 64 bits"),
        ("1 2 3 7 18446744073709551616", r"timestamp in line 12 is '18446744073709551616'"),
    ],
)
@pytest.mark.parametrize("full", [False, True])
def test_ascii_pcd_names_the_bad_line(line: str, words: str, full: bool) -> None:
    """Line, field and value, not that some bytes do not fit some header."""
    content = pcd(PCD_DOCUMENTED, f"{line}\n2 2 3 7 18\n".encode(), "ascii")

    with pytest.raises(ContentError, match=words) as error:
        inspect_point_cloud(content, full=full)
    assert error.value.code == "pcd-unreadable"
    with pytest.raises(ContentError, match=words):
        read_points(content)


def test_ascii_pcd_names_a_bad_line_far_down() -> None:
    """Beyond the lines that a check of headers reads."""
    content = pcd(PCD_DOCUMENTED, b"1 2 3 7 17\n" * 99 + b"1 2 3 7,5 17\n", "ascii")
    content = content.replace(b"WIDTH 2", b"WIDTH 100").replace(b"POINTS 2", b"POINTS 100")

    assert inspect_point_cloud(content).num_points == 100
    with pytest.raises(ContentError, match="intensity in line 111 is '7,5'"):
        inspect_point_cloud(content, full=True)


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_ascii_pcd_with_missing_returns(end: bytes) -> None:
    """NaN is a missing point, however it is spelt; lines may end as on Windows, comments are skipped."""
    lines = [b"nan NaN -nan 7 1700000000000000001", b"# a comment", b"1e400 2 3 7 1700000000000000002", b""]
    content = pcd(PCD_DOCUMENTED, b"", "ascii").replace(b"\n", end) + end.join(lines)

    facts = inspect_point_cloud(content, full=True)
    assert (facts.num_points, facts.num_invalid) == (2, 2)
    assert facts.time_range_ns == (1_700_000_000_000_000_001, 1_700_000_000_000_000_002)


def test_ascii_pcd_with_more_points_than_declared() -> None:
    content = pcd(PCD_DOCUMENTED, b"1 2 3 7 17\n" * 3, "ascii")

    with pytest.raises(ContentError, match="the file has 3 points, the header declares 2") as error:
        inspect_point_cloud(content)
    assert error.value.code == "pcd-count"


@pytest.mark.parametrize("change", [-16, 16, 2**31])
def test_pcd_compressed_data_of_another_size(make_pcd: Make, change: int) -> None:
    """The second of the two sizes says how long the data is unpacked; it must be that of the points."""
    content = make_pcd("binary_compressed")
    start = content.index(b"DATA binary_compressed\n") + len(b"DATA binary_compressed\n")
    packed, unpacked = struct.unpack_from("<II", content, start)
    assert unpacked == 40 * 24
    content = content[:start] + struct.pack("<II", packed, unpacked + change) + content[start + 8 :]

    words = rf"says that it has {unpacked + change} bytes unpacked; 40 points of 24 bytes have 960"
    with pytest.raises(ContentError, match=words) as error:
        inspect_point_cloud(content)
    assert error.value.code == "pcd-count"
    with pytest.raises(ContentError, match=words):
        read_points(content)


def test_csv_rows_with_another_separator_than_the_header() -> None:
    content = b"ts_gps,x,y,z,intensity\n17;1;2;3;7\n"

    with pytest.raises(ContentError, match=r"line 2 has 1 value, .*; separate values by commas, not by ';'"):
        inspect_point_cloud(content)


@pytest.mark.parametrize("point_format", range(11))
@pytest.mark.parametrize("laz", [False, True])
def test_las_point_formats(point_format: int, laz: bool) -> None:
    """All of them can be read (scaled, each axis in its own way); the platform takes number 3 only."""
    header = laspy.LasHeader(point_format=point_format, version="1.4" if point_format > 3 else "1.2")
    header.scales, header.offsets = np.array([0.001, 0.01, 0.1]), np.array([100, 200, -5])
    las = laspy.LasData(header)
    las.x, las.y, las.z = np.array([101.234, 99.5]), np.array([1.25, 2]), np.array([-1, -2.5])
    las.intensity = np.array([1, 65535], np.uint16)
    buffer = BytesIO()
    las.write(buffer, do_compress=laz)

    read = read_points(buffer.getvalue())

    np.testing.assert_allclose(read.xyz, [[101.234, 1.25, -1], [99.5, 2, -2.5]], atol=1e-9)
    assert read.intensity is not None
    assert read.intensity.tolist() == [1, 65535]
    assert (read.timestamps is None) == (point_format in (0, 2))
    _, issues = survey_point_cloud(buffer.getvalue())
    assert ("las-point-format" in {issue.code for issue in issues}) == (point_format != 3)


def test_float_intensity_has_a_way_out(make_pcd: Make) -> None:
    _, (issue,) = survey_point_cloud(Source.of(make_pcd(replace={"TYPE F F F U U": "TYPE F F F F U"})), "pcd")
    assert issue.code == "pcd-field-type"
    assert "checks.html#rewrite-a-point-cloud" in issue.hint


def test_pcd_damaged_compression_is_an_error_of_content(make_pcd: Make) -> None:
    content = bytearray(make_pcd("binary_compressed"))
    content[-300:-200] = bytes(100)

    with pytest.raises(ContentError, match="cannot be read"):
        inspect_point_cloud(bytes(content), full=True)


def test_pcd_reads_any_kind_of_nan_without_a_warning(make_pcd: Make) -> None:
    """Missing points are NaN; a signalling one makes itself felt in the processor when it is converted."""
    content = bytearray(make_pcd("binary"))
    start = content.index(b"DATA binary\n") + len(b"DATA binary\n")
    content[start : start + 4] = 0x7FA00000.to_bytes(4, "little")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        points = read_points(bytes(content), "pcd")
    assert np.isnan(points.xyz).sum() == 1


def test_format_is_told_by_suffix_and_must_fit_the_content(make_pcd: Make, save: Save) -> None:
    path = save("sweep.csv", make_pcd())

    with pytest.raises(ContentError, match="the content is pcd, the format is given as csv") as error:
        inspect_point_cloud(path)

    assert error.value.code == "cloud-format-mismatch"


def test_unknown_suffix_is_refused(save: Save) -> None:
    with pytest.raises(ContentError, match="'ply' is not a format for point clouds") as error:
        inspect_point_cloud(save("sweep.ply", b"ply\n"))

    assert error.value.code == "cloud-format"


def test_content_error_is_a_value_error_and_survives_processes() -> None:
    with pytest.raises(ValueError) as error:
        inspect_point_cloud(b"1,2,3\n")

    again = pickle.loads(pickle.dumps(error.value))
    assert (str(again), again.code) == (str(error.value), "csv-no-header")


def test_headers_need_no_arrays() -> None:
    """The sandbox reads headers without numpy, laspy and pypcd4."""
    code = (
        "import sys\n"
        "from kognic.scenes.content import inspect_point_cloud\n"
        "print(inspect_point_cloud(b'x,y,z\\n1,2,3\\n').num_points)\n"
        "assert not {'numpy', 'laspy', 'pypcd4'} & set(sys.modules), sorted(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout.strip()) == (0, "1"), done.stderr


def test_csv_with_a_stray_carriage_return() -> None:
    """A line that is no CSV is named by an error of ours, not by one of the reader."""
    content = b"ts_gps,x,y,z,intensity\n_S\r\xe2700000,1.0,2.0,3.0,4\n1700000000000000001,1.0,2.0,3.0,4\n"

    with pytest.raises(ContentError):
        read_points(content, "csv")


@pytest.mark.parametrize("rows", [b"", b"\n \r\n", b"\n\n5,1,2,3,4\n"])
@pytest.mark.filterwarnings("error")
def test_csv_without_rows_is_read_quietly(rows: bytes) -> None:
    """Blank lines are no points, and what reads the numbers does not warn about it."""
    points = read_points(b"ts_gps,x,y,z,intensity\n" + rows, "csv")

    assert points.xyz.tolist() == ([[1, 2, 3]] if b"5" in rows else [])


@pytest.mark.filterwarnings("error")
def test_absurd_coordinates_are_measured_quietly() -> None:
    """They are for the rules to report, not for NumPy."""
    facts = inspect_point_cloud(b"ts_gps,x,y,z,intensity\n5,1e300,2,3,4\n", "csv", full=True)

    assert facts.median_distance == float("inf")
