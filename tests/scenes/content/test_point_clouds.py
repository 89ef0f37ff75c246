"""Point clouds: facts are right in every format, and every documented refusal is found by its own rule."""

from __future__ import annotations

import pickle
import subprocess
import sys
import warnings
from collections.abc import Callable
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
