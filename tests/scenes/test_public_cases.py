"""Inputs as in public reports of other tools: what is in them is read, or named with the way out.

Where people meet them: PDAL issues 3254 and 2572 and PCL pull request 4623 (PCD headers), Pillow issue 1108
(16-bit PNG), orange3 issue 7000 (byte order marks), YamlDotNet issue 447 and "the Norway problem" (YAML),
gsutil issue 1625 (file names that are not UTF-8).
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pictures

from kognic.base_clients.errors import ModelValidationError, RequestBodyError
from kognic.io.model import Cameras, Image
from kognic.io.model.scene.cameras import Frame
from kognic.io.resources.scene.file_data import FileData
from kognic.sandbox import Sandbox
from kognic.scenes.checks import Finding
from kognic.scenes.content import ContentError, inspect_image, inspect_point_cloud, read_points
from kognic.scenes.scene_file import load_scene_file
from tests.io.resources.scenes import JPG

POINTS = 300
START = 1_772_000_000_000_000_000


def findings(folder: Path, kind: str, name: str) -> dict[str, Finding]:
    """The findings of a full check of a scene of one file, without those that say little of it."""
    part = "images" if kind == "cameras" else "point_clouds"
    scene = {
        "type": kind,
        "external_id": "case",
        "frame": {part: [{"sensor_name": "sensor", "filename": name}]},
    }
    (folder / "case.scene.json").write_text(json.dumps(scene))
    report = load_scene_file(folder / "case.scene.json").check(full=True)
    return {finding.code: finding for finding in report}


def coordinates(count: int = POINTS) -> np.ndarray:
    return np.random.default_rng(5).uniform(-40, 40, (count, 3)).astype("<f4")


def pcd(folder: Path, columns: list[tuple[str, int, str, int]], *, with_count: bool = True) -> np.ndarray:
    """Write a binary PCD of some columns (name, size, type, count); the coordinates in it."""
    xyz = coordinates()
    lines = ["# .PCD v0.7 - Point Cloud Data file format", "VERSION 0.7"]
    for key, position in (("FIELDS", 0), ("SIZE", 1), ("TYPE", 2), ("COUNT", 3)):
        if key != "COUNT" or with_count:
            lines.append(" ".join([key, *(str(column[position]) for column in columns)]))
    lines += [f"WIDTH {POINTS}", "HEIGHT 1", "VIEWPOINT 0 0 0 1 0 0 0", f"POINTS {POINTS}", "DATA binary", ""]
    parts = []
    for name, size, _, count in columns:
        if name in "xyz":
            parts.append(xyz[:, "xyz".index(name)].copy().view("u1").reshape(POINTS, 4))
        else:
            parts.append(np.full((POINTS, size * count), 7, "u1"))
    (folder / "cloud.pcd").write_bytes("\n".join(lines).encode() + np.hstack(parts).tobytes())
    return xyz


OUSTER = [
    ("x", 4, "F", 1), ("y", 4, "F", 1), ("z", 4, "F", 1), ("_", 1, "U", 4), ("intensity", 4, "U", 1),
    ("t", 4, "U", 1), ("reflectivity", 2, "U", 1), ("ring", 1, "U", 1), ("_", 1, "U", 0),
    ("noise", 2, "U", 1), ("_", 1, "U", 1), ("range", 4, "U", 1), ("_", 1, "U", 15),
]  # fmt: skip
PLAIN = [("x", 4, "F", 1), ("y", 4, "F", 1), ("z", 4, "F", 1), ("intensity", 4, "U", 1)]


@pytest.mark.parametrize(
    ("columns", "with_count"), [(OUSTER, True), (PLAIN, False)], ids=["COUNT 0 and padding", "no COUNT"]
)
def test_pcd_header_dialects(tmp_path: Path, columns: Any, with_count: bool) -> None:
    """Fields that PCL leaves out, padding of one name, a header without COUNT: the points are read."""
    xyz = pcd(tmp_path, columns, with_count=with_count)

    points = read_points(tmp_path / "cloud.pcd")
    np.testing.assert_array_equal(points.xyz.astype("<f4"), xyz)
    assert points.intensity is not None
    assert set(points.intensity.tolist()) == {0x07070707}
    assert not {code for code in findings(tmp_path, "lidars", "cloud.pcd") if code.startswith("pcd-")}


HEADER = (
    "# .PCD v0.7\nVERSION 0.7\nFIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nCOUNT 1 1 1\nWIDTH 300\nHEIGHT 1\n"
    "VIEWPOINT 0 0 0 1 0 0 0\nPOINTS 300\nDATA binary\n"
)


@pytest.mark.parametrize(
    ("header", "codes"),
    [
        (HEADER.replace("\n", "\r\n"), set()),
        (HEADER.lower(), set()),
        (HEADER.replace(" ", "\t"), set()),
        (HEADER.replace("POINTS 300\n", ""), set()),
        (HEADER.replace("VIEWPOINT 0 0 0 1 0 0 0\n", ""), set()),
        (HEADER.replace("WIDTH", "# of a lidar\n\nWIDTH"), set()),
        (HEADER.replace("# .PCD v0.7\n", ""), set()),
        (HEADER.replace("DATA binary", "DATA BINARY"), set()),
        (HEADER.replace("VERSION 0.7\n", ""), {"pcd-header"}),
        (HEADER.replace("HEIGHT 1\n", ""), {"pcd-header"}),
        (HEADER.replace("WIDTH 300\nHEIGHT 1\n", ""), {"pcd-header"}),
        (HEADER.replace("FIELDS", "COLUMNS"), {"pcd-header"}),
        (f"\ufeff{HEADER}", {"pcd-header"}),
        (HEADER.replace("VERSION 0.7", "VERSION 0.6"), {"pcd-version"}),
    ],
)
def test_neighbours_of_pcd_headers(tmp_path: Path, header: str, codes: set[str]) -> None:
    """What is only written in another way is read; what breaks the format is read, and named."""
    xyz = coordinates()
    (tmp_path / "cloud.pcd").write_bytes(header.encode() + xyz.tobytes())

    np.testing.assert_array_equal(read_points(tmp_path / "cloud.pcd").xyz.astype("<f4"), xyz)
    assert {code for code in findings(tmp_path, "lidars", "cloud.pcd") if code.startswith("pcd-")} == codes


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("COUNT 1 1 1", "COUNT 1 1 one", "COUNT is 1 1 one; 'one' is not a whole number"),
        ("WIDTH 300", "WIDTH 300.0", "WIDTH is 300.0; '300.0' is not a whole number"),
        ("WIDTH 300", "WIDTH -300", "WIDTH is -300; '-300' is not a whole number"),
        ("TYPE F F F", "TYPE D D D", "the field x has TYPE D and SIZE 4; TYPE is I or U"),
        ("SIZE 4 4 4", "SIZE 4 4 3", "the field z has TYPE F and SIZE 3"),
        ("x y z", "X y z", "has no x (found 'X': names count exactly)"),
        ("\n", "\r", "end with a carriage return (CR) alone"),
    ],
)
def test_words_on_pcd_headers(tmp_path: Path, old: str, new: str, words: str) -> None:
    """In words for people, none of Python's or a library's."""
    (tmp_path / "cloud.pcd").write_bytes(HEADER.replace(old, new).encode() + coordinates().tobytes())

    found = findings(tmp_path, "lidars", "cloud.pcd")
    assert any(words in one.message for one in found.values())
    for one in found.values():
        assert not re.search(r"Error|invalid literal|http|base 10", f"{one.message} {one.value}")


def test_vectors_and_padding_in_ascii() -> None:
    """COUNT 3 of normals, COUNT 0 and COUNT 2 of padding: columns are where the header says."""
    header = (
        "VERSION .7\nFIELDS normal x y z _ _\nSIZE 4 4 4 4 1 1\nTYPE F F F F U U\nCOUNT 3 1 1 1 0 2\n"
        "WIDTH 2\nHEIGHT 1\nPOINTS 2\nDATA ascii\n"
    )
    content = (header + "7 7 7 1 2 3 9 9\n7 7 7 nan 5 6 9 9\n\n").encode()

    np.testing.assert_array_equal(read_points(content, "pcd").xyz, [[1, 2, 3], [np.nan, 5, 6]])
    assert inspect_point_cloud(content, "pcd", full=True).num_invalid == 1


def test_no_words_of_a_library(tmp_path: Path) -> None:
    """A corrupt cloud or image is reported in our words: no class of an exception, no address."""
    header = (
        "VERSION .7\nFIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nCOUNT 1 1 1\nWIDTH 2\nHEIGHT 1\nPOINTS 2\n"
        "DATA ascii\n"
    )
    (tmp_path / "cloud.pcd").write_text(header + "1 2 three\n4 5 6\n")
    with pytest.raises(ContentError, match="z in line 10 is 'three', must be a number") as info:
        read_points(tmp_path / "cloud.pcd")
    assert not {word for word in ("Error", "http", "could not convert") if word in str(info.value)}

    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(200) + b"\xff\xd9")
    with pytest.raises(ContentError, match=r"corrupt or incomplete|not an image"):
        inspect_image(tmp_path / "a.jpg")


def test_thermal_image_of_16_bits(tmp_path: Path) -> None:
    """2,300 grey values between 7000 and 9500: not of one colour, and not of 8 bits."""
    values = np.random.default_rng(1).normal(8200, 300, (120, 160)).clip(7000, 9500)
    values[:, :80] -= 200
    Pictures.fromarray(values.astype("uint16")).save(tmp_path / "thermal.png")

    found = findings(tmp_path, "cameras", "thermal.png")
    assert "image-uniform" not in found
    assert "16 bits per channel" in found["image-mode"].message


def test_colour_image_of_16_bits(tmp_path: Path) -> None:
    """Pillow opens it as RGB; the depth is that of the header."""
    import cv2

    values = np.random.default_rng(1).integers(0, 65536, (60, 80, 3)).astype("uint16")
    assert cv2.imwrite(str(tmp_path / "rgb16.png"), values)

    assert inspect_image(tmp_path / "rgb16.png").bits == 16
    assert findings(tmp_path, "cameras", "rgb16.png")["image-mode"].value == 16


def test_colours_of_16_bits_that_use_only_the_lower_ones(tmp_path: Path) -> None:
    """Values up to 255 of 65535: Pillow keeps the upper half, in which all are 0."""
    import cv2

    values = np.repeat(np.linspace(0, 255, 80).astype("uint16")[None, :, None], 60, 0).repeat(3, 2)
    assert cv2.imwrite(str(tmp_path / "low.png"), values)

    assert {*findings(tmp_path, "cameras", "low.png")} & {"image-mode", "image-uniform"} == {"image-mode"}


def test_16_bits_of_one_colour(tmp_path: Path) -> None:
    """An image that is of one colour is still one."""
    Pictures.fromarray(np.full((60, 80), 8200, "uint16")).save(tmp_path / "flat.png")

    assert {"image-mode", "image-uniform"} <= findings(tmp_path, "cameras", "flat.png").keys()


@pytest.mark.parametrize(
    ("start", "at", "value", "words"),
    [
        (b"\xff\xc0", 4, 12, "JPEG with 12 bits per channel"),
        (b"\xff\xc0", 1, 0xC3, "lossless JPEG"),
        (b"\xff\xc0", 1, 0xF7, "JPEG-LS"),
    ],
)
def test_jpeg_that_browsers_do_not_decode(
    tmp_path: Path, start: bytes, at: int, value: int, words: str
) -> None:
    """The marker of the frame and its precision are in the header: not a corrupt file."""
    noise = np.random.default_rng(1).integers(0, 255, (60, 80, 3)).astype("uint8")
    Pictures.fromarray(noise).save(tmp_path / "a.jpg")
    content = bytearray((tmp_path / "a.jpg").read_bytes())
    content[content.index(start) + at] = value
    (tmp_path / "a.jpg").write_bytes(content)

    assert words in findings(tmp_path, "cameras", "a.jpg")["image-format"].message


def test_avif_of_10_bits(tmp_path: Path) -> None:
    """The depth is in the configuration box of the codec; Pillow opens it as RGB."""
    import cv2

    values = np.random.default_rng(1).integers(0, 1024, (60, 80, 3)).astype("uint16")
    for bits in (10, 12):
        assert cv2.imwrite(str(tmp_path / "a.avif"), values, [cv2.IMWRITE_AVIF_DEPTH, bits])
        assert inspect_image(tmp_path / "a.avif").bits == bits
        assert findings(tmp_path, "cameras", "a.avif")["image-mode"].value == bits


def csv(folder: Path, first_line: str, *, ending: str = "\n", intensity: str = "7") -> None:
    rows = [
        f"{START + index},{x:.3f},{y:.3f},{z:.3f},{intensity}"
        for index, (x, y, z) in enumerate(coordinates())
    ]
    (folder / "cloud.csv").write_bytes(ending.join([first_line, *rows, ""]).encode())


@pytest.mark.parametrize(
    ("prefix", "named"),
    [
        ("\ufeff", "a byte order mark"), ("#", "'#'"), ("\ufeff#", "a byte order mark"), ("# ", "'# '"),
        ("//", "'//'"), ("%", "'%'"), ("\u00a0", "u00a0"), ("\u00ad", "u00ad"), ("\u200b", "u200b"),
        ("\t", "'"),
    ],
)  # fmt: skip
def test_what_stands_before_the_first_column(tmp_path: Path, prefix: str, named: str) -> None:
    """The character that hides the first column is named, and shown where it cannot be seen."""
    csv(tmp_path, f"{prefix}ts_gps,x,y,z,intensity")

    found = findings(tmp_path, "lidars", "cloud.csv")
    assert named in found["csv-header-prefix"].message
    assert "ts_gps" in found["csv-header-prefix"].message
    assert not {"cloud-time-missing", "csv-header"} & found.keys()
    assert all(text.isprintable() for one in found.values() for text in (one.message, str(one.value)))


def test_byte_order_mark_before_x(tmp_path: Path) -> None:
    """The first column is one that a cloud must have."""
    csv(tmp_path, "\ufeffts_gps,x,y,z,intensity")
    content = (tmp_path / "cloud.csv").read_bytes().replace(b"ts_gps,x", b"x,a", 1)

    with pytest.raises(ContentError, match=r"a byte order mark.* stands before the column x"):
        inspect_point_cloud(content, "csv")


@pytest.mark.parametrize(
    ("header", "code", "words"),
    [
        ('\ufeff"ts_gps",x,y,z,intensity', "csv-header-prefix", "does not find ts_gps"),
        ("ts_gps,\ufeffx,y,z,intensity", "csv-columns", r"'\ufeffx': names count exactly"),
        ("ts_gps,\u0445,y,z,intensity", "csv-columns", r"'\u0445': letters that are not ASCII"),
        ("ts_gps,x,y,z,intensity ", "cloud-intensity-missing", "'intensity '"),
        ("ts_gps,x,y,z,\u200bintensity", "cloud-intensity-missing", r"'\u200bintensity'"),
        ("TS_GPS,X,Y,Z,INTENSITY", "csv-columns", "'X', 'Y', 'Z': names count exactly"),
        ("ts_gps;x;y;z;intensity", "csv-separator", "separated by ';'"),
        ("# written by a tool", "csv-columns", "has no column x, y, z"),
    ],
)
def test_columns_that_look_right(tmp_path: Path, header: str, code: str, words: str) -> None:
    """What hides a column can be seen in the message."""
    csv(tmp_path, header)

    assert words in findings(tmp_path, "lidars", "cloud.csv")[code].message


@pytest.mark.parametrize("number", ["1_0", "\uff11\uff12", "0x10", "nan", "", "None"])
def test_what_only_python_takes_for_a_number(tmp_path: Path, number: str) -> None:
    """Underscores and digits of other scripts are named, with the line."""
    csv(tmp_path, "ts_gps,x,y,z,intensity", intensity=number)

    assert "intensity in line 2 is" in findings(tmp_path, "lidars", "cloud.csv")["csv-intensity"].message


def test_line_ends_and_utf_16(tmp_path: Path) -> None:
    """CR and LF are fine; CR alone, and UTF-16 as a spreadsheet writes it, are named."""
    csv(tmp_path, "ts_gps,x,y,z,intensity", ending="\r\n")
    assert inspect_point_cloud(tmp_path / "cloud.csv", full=True).num_points == POINTS
    assert not {code for code in findings(tmp_path, "lidars", "cloud.csv") if code.startswith("csv-")}

    csv(tmp_path, "ts_gps,x,y,z,intensity", ending="\r")
    assert "carriage return" in findings(tmp_path, "lidars", "cloud.csv")["csv-line-ends"].message
    (tmp_path / "cloud.csv").write_bytes("ts_gps,x,y,z,intensity\n1,2,3,4,5\n".encode("utf-16"))
    assert "UTF-16" in findings(tmp_path, "lidars", "cloud.csv")["csv-binary"].message
    for encoding, name in (("utf-16-le", "UTF-16"), ("utf-16-be", "UTF-16"), ("utf-32", "UTF-32")):
        (tmp_path / "cloud.csv").write_bytes("ts_gps,x,y,z,intensity\n1,2,3,4,5\n".encode(encoding))
        assert name in findings(tmp_path, "lidars", "cloud.csv")["csv-binary"].message


def test_intensities_with_a_fraction(tmp_path: Path) -> None:
    """`12.000000` is a warning, 256.5 an error."""
    csv(tmp_path, "ts_gps,x,y,z,intensity", intensity="12.000000")
    found = findings(tmp_path, "lidars", "cloud.csv")
    assert found["csv-intensity-fraction"].severity.value == "warning"
    assert "csv-intensity" not in found

    csv(tmp_path, "ts_gps,x,y,z,intensity", intensity="256.5")
    assert findings(tmp_path, "lidars", "cloud.csv")["csv-intensity"].severity.value == "error"


def test_colours_are_kept(tmp_path: Path) -> None:
    """Columns red, green and blue behind the documented ones are documented, too."""
    csv(tmp_path, "ts_gps,x,y,z,intensity,red,green,blue", intensity="7,1,2,3")
    assert "csv-header" not in findings(tmp_path, "lidars", "cloud.csv")


@pytest.mark.parametrize(
    ("header", "code"),
    [("time,x,y,z,intensity", "cloud-time-missing"), ("ts_gps,x,y,z,i", "cloud-intensity-missing")],
)
def test_a_missing_column_is_reported_once(tmp_path: Path, header: str, code: str) -> None:
    """With what follows from it; the header is listed there and not again."""
    csv(tmp_path, header)
    found = findings(tmp_path, "lidars", "cloud.csv")
    assert code in found
    assert "csv-header" not in found
    if code == "cloud-time-missing":
        assert "only for motion compensation" in found[code].message


def yaml_scene(folder: Path, **keys: str) -> Any:
    """A scene file in YAML, with some texts as they are typed."""
    Pictures.new("RGB", (8, 6), (200, 30, 30)).save(folder / "0.png")
    written = {"external_id": "a", "frame_id": '"0"', "sensor_name": "FRONT", "metadata": "{}", **keys}
    (folder / "scene.yaml").write_text(
        "type: cameras_sequence\n"
        f"external_id: {written['external_id']}\n"
        f"metadata: {written['metadata']}\n"
        "frames:\n"
        f"  - frame_id: {written['frame_id']}\n"
        f"    relative_timestamp: {written.get('relative_timestamp', '0')}\n"
        f"    images: [{{sensor_name: {written['sensor_name']}, filename: 0.png}}]\n"
    )
    return load_scene_file(folder / "scene.yaml").scene()


def test_plain_scalars_keep_their_text(tmp_path: Path) -> None:
    """What YAML 1.1 would turn into numbers and flags stays the text that was written."""
    scene = yaml_scene(
        tmp_path,
        external_id="2026_03_01",
        frame_id="0010",
        sensor_name="NO",
        metadata="{country: NO, session: 2026_03_01, start: 12:30:15, run: 0010, recorder_on: on, plain: 12}",
    )

    assert scene.external_id == "2026_03_01"
    assert scene.frames[0].frame_id == "0010"
    assert scene.frames[0].images[0].sensor_name == "NO"
    assert scene.metadata.to_dict() == {
        "country": "NO", "session": "2026_03_01", "start": "12:30:15", "run": "0010", "recorder_on": "on",
        "plain": 12,
    }  # fmt: skip


PLAIN_TEXTS = [
    "2026-3-1", "2026-03-01", "2026-03-01T12:00:00Z", "190:20:30.15", "0o17", "0b11", "1_000.5", "1e3",
    "1e400", "y", "n", "off", "Yes", "00", "=", "<<x",
]  # fmt: skip


@pytest.mark.parametrize("text", PLAIN_TEXTS)
def test_neighbours_of_plain_scalars(tmp_path: Path, text: str) -> None:
    """Dates, base 60, other bases, exponents without a sign: all stay as they are written."""
    scene = yaml_scene(
        tmp_path, external_id=text, frame_id=text, sensor_name=text, metadata=f"{{{text}: {text}}}"
    )
    assert (scene.external_id, scene.frames[0].frame_id) == (text, text)
    assert scene.frames[0].images[0].sensor_name == text
    assert scene.metadata.to_dict() == {text: text}


def test_a_merge_key_as_a_value(tmp_path: Path) -> None:
    assert yaml_scene(tmp_path, sensor_name="<<").frames[0].images[0].sensor_name == "<<"


@pytest.mark.parametrize("text", ["0x1F", "1.10", "1.0e+3", "+5", ".5", "true", "TRUE", "Null", "-0", ".inf"])
def test_hints_do_not_change_names(tmp_path: Path, text: str) -> None:
    """What is a number or a flag in every version of YAML is refused, with the text as it is written."""
    hint = re.escape(f"external_id: {text} is not text; write it in quotes: '{text}'")
    with pytest.raises(ValueError, match=hint):
        yaml_scene(tmp_path, external_id=text)
    hint = re.escape(f"sensor_name: {text} is not text; write it in quotes: '{text}'")
    with pytest.raises(ValueError, match=hint):
        yaml_scene(tmp_path, sensor_name=text)


def test_numbers_quote_the_source(tmp_path: Path) -> None:
    """Where a number is meant, the message quotes what was written."""
    with pytest.raises(ValueError, match=r"'0010' is not a whole number"):
        yaml_scene(tmp_path, relative_timestamp="0010")
    with pytest.raises(ValueError, match=r"0\.0 is a decimal number; write it as 0"):
        yaml_scene(tmp_path, relative_timestamp="0.0")


@pytest.mark.skipif(os.name != "posix", reason="file names are bytes on POSIX only")
def test_file_names_that_are_not_utf_8(kognic_sandbox: Sandbox) -> None:
    """A name as `os.listdir` gives it for bytes that are not UTF-8 is refused before anything is created."""
    name = os.fsdecode(b"latin\xfcr.png")
    data = FileData(data=JPG, format=FileData.Format.JPG)
    with pytest.raises(ModelValidationError, match="not UTF-8"):
        Image(filename=name, file_data=data)
    scene = Cameras(external_id=name, frame=Frame(images=[Image(filename="a", file_data=data)]))
    with kognic_sandbox.client() as client, pytest.raises(RequestBodyError, match="nothing was sent"):
        client.cameras.create(scene)
    assert kognic_sandbox.control.scenes() == []


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda client, text: client.project.create_batch("sandbox-project", text), "batch"),
        (lambda client, text: client.project.get_project_batches(text), "project"),
        (lambda client, text: client.input.delete_input(text), "input_uuid"),
        (lambda client, text: client.calibration.get_calibrations(text), "externalId"),
        (lambda client, text: client.pre_annotation.list(external_ids=[text]), "externalIds"),
        (lambda client, text: client.input.query_inputs(external_ids=[text]), "externalIds"),
        (lambda client, text: client.scene.get_scenes_by_external_ids([text]), "externalIds"),
    ],
)
def test_text_that_is_not_unicode_in_a_request(kognic_sandbox: Sandbox, call: Any, name: str) -> None:
    """In the path, the query and the body: named before anything is sent, not by a codec."""
    with kognic_sandbox.client() as client:
        before = len(kognic_sandbox.control.calls())
        with pytest.raises((RequestBodyError, ValueError), match=r"lone surrogate.*nothing was sent") as info:
            call(client, os.fsdecode(b"latin\xfcr"))
        assert len(kognic_sandbox.control.calls()) == before
    assert name in str(info.value)
