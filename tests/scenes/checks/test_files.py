"""Rules on files: each is found when it is broken, by the header where that is enough, and at the file."""

from __future__ import annotations

import shutil
from io import BytesIO
from pathlib import Path
from typing import Any

import attrs
import laspy
import numpy as np
import pytest
from PIL import Image as Pictures
from pypcd4.pypcd4 import Encoding

from kognic.io.model.scene import scene_request as requests
from kognic.io.model.scene.file_data import FileData
from kognic.scenes.checks import Finding, check_scene
from kognic.scenes.checks.files import read_files
from kognic.scenes.scene_view import view_of
from tests.scenes.checks.cases import Case, Cases
from tests.scenes.checks.scenes import (
    FRAMES,
    HEIGHT,
    LIDAR,
    START,
    WIDTH,
    cloud,
    codes,
    csv,
    good_calibration,
    good_scene,
    pcd,
    picture,
    points,
    write_files,
)

HEADERS, FULL = Cases(), Cases()


@attrs.define
class Subject:
    """The small scene with its files, to be broken."""

    folder: Path
    scene: Any
    calibration: Any = attrs.field(factory=good_calibration)

    def put(self, content: bytes, sensor: str = LIDAR, index: int = 1, suffix: str | None = None) -> None:
        """Replace a file, by one of another format if need be."""
        is_cloud = sensor == LIDAR
        suffix = suffix or ("pcd" if is_cloud else "png")
        path = self.folder / f"{sensor}_{index}.{suffix}"
        path.write_bytes(content)
        frame = self.scene.frames[index]
        if is_cloud:
            frame.point_clouds = [cloud(path)]
        elif suffix != "png":
            held = FileData(format=FileData.Format[suffix.upper()], data=path)
            for camera in frame.images:
                if camera.sensor_name == sensor:
                    camera.filename, camera.file_data = str(path), held

    def check(self, *, full: bool = False) -> list[Finding]:
        """What the rules on files find."""
        report = check_scene(self.scene, calibration=self.calibration, groups=["files"], full=full, workers=1)
        return list(report.findings)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    write_files(folder)
    return folder


@pytest.fixture
def subject(files: Path, tmp_path: Path) -> Subject:
    shutil.copytree(files, tmp_path, dirs_exist_ok=True)
    return Subject(tmp_path, good_scene(tmp_path))


def las(seed: int = 1, *, laz: bool = False, **header: Any) -> bytes:
    """The cloud as LAS, with a header that differs."""
    columns = points(seed)
    made = laspy.create(point_format=header.pop("point_format", 3), file_version=header.pop("version", "1.2"))
    made.header.scales = [0.001] * 3
    made.x, made.y, made.z = (columns[axis].astype(float) for axis in "xyz")
    made.intensity = columns["intensity"].astype(np.uint16)
    if "gps_time" in made.point_format.dimension_names:
        made.gps_time = columns["timestamp"].astype(float)
    buffer = BytesIO()
    made.write(buffer, do_compress=laz, laz_backend=laspy.LazBackend.Lazrs if laz else None)
    return buffer.getvalue()


def edited(content: bytes, offset: int, new: bytes) -> bytes:
    return content[:offset] + new + content[offset + len(new) :]


def with_header(**replace: str) -> bytes:
    """The cloud as PCD with lines of its header replaced."""
    content = pcd(points(1))
    end = content.index(b"\n", content.index(b"DATA ")) + 1
    lines = content[:end].decode().splitlines()
    changed = [f"{key} {replace[key]}" if (key := line.split()[0]) in replace else line for line in lines]
    return "\n".join([*changed, ""]).encode() + content[end:]


def with_column(seed: int = 1, **changed: Any) -> bytes:
    """The cloud as PCD with some of its columns replaced."""
    columns = points(seed)
    for name, values in changed.items():
        columns[name] = np.asarray(values, columns[name].dtype)
    return pcd(columns)


def text(header: str, *rows: str) -> bytes:
    return "\n".join([header, *rows, ""]).encode()


HEADER = "ts_gps,x,y,z,intensity"
ROW = f"{START + 100_000_000},1.0,2.0,3.0,4"


def with_cell(column: int, value: str, *, line: int = 1) -> bytes:
    """The cloud as CSV with one value replaced."""
    lines = csv(points(1)).decode().splitlines()
    cells = lines[line].split(",")
    lines[line] = ",".join([*cells[:column], value, *cells[column + 1 :]])
    return text(*lines)


@HEADERS.breaks("file-missing", place="frames[1].images[0]")
def _gone(subject: Subject) -> None:
    (subject.folder / "FRONT_1.png").unlink()


@HEADERS.breaks("file-empty", place="frames[1].point_clouds[0]")
def _empty(subject: Subject) -> None:
    subject.put(b"")


@HEADERS.breaks("image-format", place="LEFT")
def _bitmap(subject: Subject) -> None:
    subject.put(picture(1, format="BMP"), "LEFT")


@HEADERS.breaks("image-undecodable", place="FRONT")
def _no_image(subject: Subject) -> None:
    subject.put(b"no image at all", "FRONT")


@HEADERS.breaks("image-truncated", place="FRONT")
def _half_an_image(subject: Subject) -> None:
    content = picture(1)
    subject.put(content[: len(content) // 2], "FRONT")


@HEADERS.breaks("image-too-large", place="FRONT")
def _gigantic_image(subject: Subject) -> None:
    # Width and height are in the first chunk, behind the signature; its checksum is not looked at here.
    content = picture(1)
    import zlib

    chunk = b"IHDR" + (100_000).to_bytes(4, "big") * 2 + content[24:29]
    subject.put(edited(content, 12, chunk + zlib.crc32(chunk).to_bytes(4, "big")), "FRONT")


@HEADERS.breaks("image-size", place="f1")
def _half_the_size(subject: Subject) -> None:
    subject.put(picture(1, size=(WIDTH // 2, HEIGHT // 2)), "FRONT")


@HEADERS.breaks("image-size-change", place="f1")
def _another_size_and_no_calibration(subject: Subject) -> None:
    subject.calibration = None
    subject.put(picture(1, size=(WIDTH // 2, HEIGHT)), "FRONT")


@HEADERS.breaks("image-suffix", place="FRONT")
def _jpeg_called_png(subject: Subject) -> None:
    subject.put(picture(1, format="JPEG"), "FRONT")


@HEADERS.breaks("image-orientation", place="FRONT")
def _turned_by_metadata(subject: Subject) -> None:
    exif = Pictures.Exif()
    exif[0x0112] = 6
    subject.put(picture(1, format="JPEG", exif=exif), "FRONT", suffix="jpg")


@HEADERS.breaks("image-animation", place="FRONT")
def _animation(subject: Subject) -> None:
    other = Pictures.open(BytesIO(picture(2)))
    content = picture(1, format="WEBP", save_all=True, append_images=[other])
    subject.put(content, "FRONT", suffix="webp")


@HEADERS.breaks("image-mode", place="FRONT")
def _sixteen_bits(subject: Subject) -> None:
    buffer = BytesIO()
    Pictures.fromarray(np.arange(WIDTH * HEIGHT, dtype=np.uint16).reshape(HEIGHT, WIDTH)).save(buffer, "PNG")
    subject.put(buffer.getvalue(), "FRONT")


@FULL.breaks("image-uniform", place="FRONT")
def _black(subject: Subject) -> None:
    buffer = BytesIO()
    Pictures.new("RGB", (WIDTH, HEIGHT)).save(buffer, "PNG")
    subject.put(buffer.getvalue(), "FRONT")


@FULL.breaks("image-undecodable", place="FRONT")
def _damaged_inside(subject: Subject) -> None:
    content = picture(1)
    subject.put(edited(content, 60, b"\0" * 40), "FRONT")


@HEADERS.breaks("image-duplicate", place="f2")
def _image_of_another_frame(subject: Subject) -> None:
    shutil.copy(subject.folder / "FRONT_0.png", subject.folder / "FRONT_2.png")


@HEADERS.breaks("cloud-duplicate", place="f3")
def _cloud_of_another_frame(subject: Subject) -> None:
    content = (subject.folder / f"{LIDAR}_0.pcd").read_bytes()
    subject.put(content, index=3)


@HEADERS.breaks("cloud-format", place=LIDAR)
def _mesh(subject: Subject) -> None:
    resource = cloud(subject.folder / f"{LIDAR}_1.pcd")
    resource.file_data = None
    resource.filename = str(subject.folder / "1.ply")
    (subject.folder / "1.ply").write_bytes(b"ply\n")
    subject.scene.frames[1].point_clouds = [resource]


@HEADERS.breaks("cloud-format-mismatch")
def _pcd_called_las(subject: Subject) -> None:
    subject.put(pcd(points(1)), suffix="las")


@HEADERS.breaks("cloud-empty")
def _header_without_points(subject: Subject) -> None:
    subject.put(text(HEADER), suffix="csv")


@HEADERS.breaks("cloud-few-points")
def _a_handful(subject: Subject) -> None:
    for index in range(FRAMES):
        subject.put(pcd(points(index, count=20)), index=index)


@HEADERS.breaks("cloud-count-change", place="f2")
def _a_tenth_of_the_sweep(subject: Subject) -> None:
    for index in range(FRAMES):
        subject.put(pcd(points(index, count=2000 if index != 2 else 150)), index=index)


@HEADERS.breaks("csv-header", place="f1")
def _colours(subject: Subject) -> None:
    columns = points(1)
    columns["red"] = columns["intensity"]
    subject.put(csv(columns, ["timestamp", "x", "y", "z", "intensity", "red"]), suffix="csv")


@HEADERS.breaks("csv-binary")
def _binary(subject: Subject) -> None:
    subject.put(b"\0\1\2\3", suffix="csv")


@HEADERS.breaks("csv-columns")
def _capitals(subject: Subject) -> None:
    subject.put(text("ts_gps,X,Y,Z,intensity", ROW), suffix="csv")


@HEADERS.breaks("csv-duplicate-column")
def _x_twice(subject: Subject) -> None:
    subject.put(text("ts_gps,x,y,z,x", ROW), suffix="csv")


@HEADERS.breaks("csv-intensity")
def _intensity_beyond_a_byte(subject: Subject) -> None:
    subject.put(with_cell(4, "256"), suffix="csv")


@HEADERS.breaks("csv-intensity-fraction")
def _intensity_as_share(subject: Subject) -> None:
    subject.put(with_cell(4, "0.4"), suffix="csv")


@HEADERS.breaks("csv-no-header")
def _only_data(subject: Subject) -> None:
    subject.put(text(ROW, ROW), suffix="csv")


@HEADERS.breaks("csv-row-length")
def _cut_in_a_row(subject: Subject) -> None:
    subject.put(csv(points(1))[:-9], suffix="csv")


@HEADERS.breaks("csv-separator")
def _semicolons(subject: Subject) -> None:
    subject.put(text(HEADER.replace(",", ";"), ROW.replace(",", ";")), suffix="csv")


@HEADERS.breaks("csv-time")
def _time_in_seconds(subject: Subject) -> None:
    subject.put(with_cell(0, "1772000000.1"), suffix="csv")


@HEADERS.breaks("csv-value")
def _word_for_a_coordinate(subject: Subject) -> None:
    subject.put(with_cell(2, "two"), suffix="csv")


@FULL.breaks("csv-value")
def _word_far_behind(subject: Subject) -> None:
    subject.put(with_cell(2, "two", line=200), suffix="csv")


@FULL.breaks("csv-unreadable")
def _spaces_in_a_row_of_their_own(subject: Subject) -> None:
    header, *rows = csv(points(1)).decode().splitlines()
    subject.put(text(header, rows[0], "   ", *rows[1:]), suffix="csv")


@HEADERS.breaks("csv-value")
def _underline_in_a_number(subject: Subject) -> None:
    subject.put(with_cell(1, "1_0"), suffix="csv")


@HEADERS.breaks("las-point-format")
def _no_colour(subject: Subject) -> None:
    subject.put(las(point_format=1), suffix="las")


@HEADERS.breaks("las-record-length")
def _short_records(subject: Subject) -> None:
    subject.put(edited(las(), 105, (20).to_bytes(2, "little")), suffix="las")


@HEADERS.breaks("las-scale")
def _no_scale(subject: Subject) -> None:
    subject.put(edited(las(), 131, bytes(8)), suffix="las")


@HEADERS.breaks("las-signature")
def _not_las(subject: Subject) -> None:
    subject.put(b"LAZY" + bytes(400), suffix="las")


@HEADERS.breaks("las-truncated")
def _half_of_las(subject: Subject) -> None:
    content = las()
    subject.put(content[: len(content) // 2], suffix="las")


@HEADERS.breaks("las-version")
def _newer_las(subject: Subject) -> None:
    subject.put(las(version="1.4"), suffix="las")


@FULL.breaks("las-unreadable", "las-compressed")
def _damaged_laz(subject: Subject) -> None:
    content = las(laz=True)
    subject.put(content[: len(content) - 300] + bytes(300), suffix="laz")


@HEADERS.breaks("las-compressed", place=LIDAR)
def _laz(subject: Subject) -> None:
    subject.put(las(laz=True), suffix="laz")


@HEADERS.breaks("pcd-count")
def _wrong_number_of_points(subject: Subject) -> None:
    subject.put(with_header(POINTS="300"))


@HEADERS.breaks("pcd-data")
def _unknown_encoding(subject: Subject) -> None:
    subject.put(with_header(DATA="base64"))


@HEADERS.breaks("pcd-field-type")
def _float_intensity(subject: Subject) -> None:
    subject.put(with_header(TYPE="F F F F U"))


@HEADERS.breaks("pcd-field-type", "pcd-truncated")
def _three_values_in_a_field(subject: Subject) -> None:
    subject.put(with_header(COUNT="3 1 1 1 1"))


@HEADERS.breaks("pcd-fields")
def _no_z(subject: Subject) -> None:
    subject.put(with_header(FIELDS="x y up intensity timestamp"))


@HEADERS.breaks("pcd-header")
def _no_header(subject: Subject) -> None:
    subject.put(b"# .PCD v.7\nVERSION .7\n")


@HEADERS.breaks("pcd-organised")
def _organised_and_compressed(subject: Subject) -> None:
    content = pcd(points(1), Encoding.BINARY_COMPRESSED)
    content = content.replace(b"WIDTH 400", b"WIDTH 200").replace(b"HEIGHT 1", b"HEIGHT 2")
    subject.put(content)


@HEADERS.breaks("pcd-truncated")
def _half_of_pcd(subject: Subject) -> None:
    content = pcd(points(1))
    subject.put(content[: len(content) // 2])


@HEADERS.breaks("pcd-version")
def _older_pcd(subject: Subject) -> None:
    subject.put(with_header(VERSION="0.6"))


@FULL.breaks("pcd-unreadable")
def _damaged_pcd(subject: Subject) -> None:
    content = pcd(points(1), Encoding.BINARY_COMPRESSED)
    start = content.index(b"\n", content.index(b"DATA ")) + 9
    subject.put(content[:start] + b"\xff" * (len(content) - start))


@HEADERS.breaks("cloud-time-uncompensated")
def _no_times_with_imu(subject: Subject) -> None:
    columns = points(1)
    del columns["timestamp"]
    subject.put(pcd(columns))


def test_missing_times_say_what_follows(subject: Subject) -> None:
    """With motion compensation the scene would be rejected; there are two ways out."""
    _no_times_with_imu(subject)
    (found,) = [one for one in subject.check() if one.code == "cloud-time-uncompensated"]
    assert "the platform rejects points whose time is not within the IMU data" in found.message
    assert "add timestamp in Unix nanoseconds" in found.hint
    assert "motion_compensation: false" in found.hint


@FULL.breaks("cloud-time-uncompensated")
def _zeros_for_times_with_imu(subject: Subject) -> None:
    subject.put(with_column(timestamp=np.zeros(400)))


@HEADERS.breaks("cloud-time-missing", "cloud-intensity-missing")
def _no_times_without_imu(subject: Subject) -> None:
    subject.scene.imu_data = []
    subject.put(pcd({name: points(1)[name] for name in "xyz"}))


@HEADERS.breaks("cloud-intensity-missing")
def _no_intensity(subject: Subject) -> None:
    columns = points(1)
    del columns["intensity"]
    subject.put(pcd(columns))


@FULL.breaks("cloud-time-unit")
def _microseconds(subject: Subject) -> None:
    subject.put(with_column(timestamp=points(1)["timestamp"] // 1000))


@FULL.breaks("cloud-time-span", "cloud-time-imu")
def _some_points_without_time(subject: Subject) -> None:
    times = points(1)["timestamp"]
    times[::9] = 0
    subject.put(with_column(timestamp=times))


@FULL.breaks("cloud-time-frame")
def _an_hour_later(subject: Subject) -> None:
    subject.scene.imu_data = []
    subject.put(with_column(timestamp=points(1)["timestamp"] + np.uint64(3_600_000_000_000)))


@FULL.breaks("cloud-time-imu")
def _before_the_imu_data(subject: Subject) -> None:
    subject.scene.imu_data = [s for s in subject.scene.imu_data if s.timestamp >= START]


@FULL.breaks("cloud-intensity-range")
def _sixteen_bit_intensity(subject: Subject) -> None:
    subject.put(with_column(intensity=np.arange(400) * 100))


@FULL.breaks("cloud-not-finite")
def _a_point_without_place(subject: Subject) -> None:
    values = points(1)["y"]
    values[5] = np.nan
    subject.put(with_column(y=values))


@FULL.breaks("cloud-at-origin")
def _missing_returns(subject: Subject) -> None:
    columns = points(1)
    for axis in "xyz":
        columns[axis][:40] = 0
    subject.put(pcd(columns))


@FULL.breaks("cloud-range")
def _millimetres(subject: Subject) -> None:
    subject.put(with_column(**{axis: points(1)[axis] * 1000 for axis in "xyz"}))


@FULL.breaks("cloud-range")
def _kilometres(subject: Subject) -> None:
    subject.put(with_column(**{axis: points(1)[axis] / 1000 for axis in "xyz"}))


@FULL.breaks("cloud-range")
def _world(subject: Subject) -> None:
    subject.put(with_column(x=points(1)["x"] + 680_000, y=points(1)["y"] + 5_400_000))


@FULL.breaks("cloud-flat")
def _no_height(subject: Subject) -> None:
    subject.put(with_column(z=np.zeros(400)))


@pytest.mark.parametrize("case", HEADERS, ids=HEADERS.ids())
def test_headers_tell(case: Case, subject: Subject) -> None:
    """What the first bytes of a file say is found without reading all of it, and by reading all of it."""
    case.apply(subject)
    case.verify(subject.check())
    assert case.code in codes(subject.check(full=True))


@pytest.mark.parametrize("case", FULL, ids=FULL.ids())
def test_full_reading_tells(case: Case, subject: Subject) -> None:
    """What only the pixels and points say."""
    case.apply(subject)
    assert case.code not in codes(subject.check())
    case.verify(subject.check(full=True))


@pytest.mark.parametrize("full", [False, True])
def test_good_files(subject: Subject, full: bool) -> None:
    assert subject.check(full=full) == []


@pytest.mark.parametrize(
    ("content", "suffix"),
    [
        (csv(points(1)), "csv"),
        (las(), "las"),
        (pcd(points(1), Encoding.ASCII), "pcd"),
        (pcd(points(1), Encoding.BINARY_COMPRESSED), "pcd"),
    ],
)
def test_good_files_of_every_format(subject: Subject, content: bytes, suffix: str) -> None:
    subject.put(content, suffix=suffix)
    assert subject.check(full=True) == []


@pytest.mark.parametrize(("form", "suffix"), [("JPEG", "jpg"), ("WEBP", "webp"), ("AVIF", "avif")])
def test_good_images_of_every_format(subject: Subject, form: str, suffix: str) -> None:
    subject.put(picture(1, format=form), "FRONT", suffix=suffix)
    assert subject.check(full=True) == []


def test_content_in_memory_and_elsewhere(subject: Subject) -> None:
    """Bytes are checked; content of callbacks and of the customer's cloud is reported as unchecked."""
    frame = subject.scene.frames[0]
    held = FileData(format=FileData.Format.PNG, data=b"no image at all")
    frame.images[0].file_data = held
    frame.images[1].file_data = FileData(format=FileData.Format.PNG, callback=lambda name: b"")
    found = {f.code: f for f in subject.check()}
    assert found["image-undecodable"].sensor == "FRONT"
    assert (found["file-not-read"].value, found["file-not-read"].field) == (1, "frames[0].images[1]")


def test_files_of_a_scene_request(subject: Subject) -> None:
    """Local files are read, external ones are reported."""
    local = requests.ImageResource(None, requests.LocalFile(str(subject.folder / "FRONT_0.png")), "FRONT")
    absent = requests.ImageResource(None, requests.LocalFile("absent.png"), "LEFT")
    remote = requests.SensorResource("s3://bucket/a.pcd", None, LIDAR)
    frame = requests.Frame("0", START, [local, absent], [remote])
    report = check_scene(requests.SceneRequest("w", "r", [frame]), groups=["files"])
    assert report.codes == {"file-missing": 1, "file-not-read": 1}


def test_progress_and_parallel_reading(subject: Subject) -> None:
    """Every file is counted, and results come in the order of the scene however many threads read."""
    steps: list[tuple[int, int]] = []
    files = list(view_of(subject.scene).files())
    results = read_files(files, workers=4, progress=lambda *step: steps.append(step))
    assert [result.file for result in results] == files
    assert steps == [(n, len(files)) for n in range(1, len(files) + 1)]


def test_headers_cost_no_more_for_larger_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `full`, of a file of ten megabytes only its ends are read."""
    import kognic.scenes.content.source as source

    path = tmp_path / f"{LIDAR}_0.pcd"
    path.write_bytes(pcd(points(0, count=400_000)))
    read: list[int] = []
    usual = source.Source.slice

    def counted(self: Any, start: int, length: int) -> bytes:
        content = usual(self, start, length)
        read.append(len(content))
        return content

    monkeypatch.setattr(source.Source, "slice", counted)
    monkeypatch.setattr(source.Source, "open", lambda self: pytest.fail("the whole file is opened"))
    scene = good_scene()
    scene.frames = scene.frames[:1]
    scene.frames[0].images, scene.frames[0].point_clouds = [], [cloud(path)]
    report = check_scene(scene, groups=["files"])
    assert (len(report), path.stat().st_size > 9_000_000) == (0, True)
    assert sum(read) < 200_000
