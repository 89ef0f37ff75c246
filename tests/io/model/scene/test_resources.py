"""Images and point clouds: names, files, kinds."""

from __future__ import annotations

import base64
import json
import os
import sys
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kognic.base_clients.errors import KognicError, ModelValidationError
from kognic.io.model import Image, ImageMetadata, MissingFileError, PointCloud
from kognic.io.model.scene.cameras import Frame
from kognic.io.model.scene.resources.resource import Resource
from kognic.io.resources.scene.file_data import FileData

Format = FileData.Format
JPG = FileData(Format.JPG, data=b"\xff\xd8")
LAS = FileData(Format.LAS, data=b"LASF")

posix_only = pytest.mark.skipif(os.sep != "/", reason="names of the other kind of path")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a few files."""
    for name in ("x.jpg", "X.JPG", "x.las", "x", "data/img.01.jpg", "home/cam.png"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"content")
    (tmp_path / "empty.jpg").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path


def wire(resource: Resource) -> tuple[Any, ...]:
    return tuple(resource.to_dict()[key] for key in ("filename", "resourceId", "clientFilename"))


@posix_only
@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (
            lambda: Image(filename="./data/img.01.jpg"),
            ("data/img.01.jpg", "data/img_01.jpg", "./data/img.01.jpg"),
        ),
        (lambda: Image(filename="cam0", file_data=JPG), ("cam0.jpg", "cam0.jpg", "cam0")),
        (
            lambda: Image(filename="a_b-1000.2000", file_data=FileData(Format.PNG, data=b"x")),
            ("a_b-1000.2000.png", "a_b-1000_2000.png", "a_b-1000.2000"),
        ),
        (lambda: Image(filename="x.jpg", resource_id="gs://b/x.jpg"), ("x.jpg", "gs://b/x.jpg", "x.jpg")),
        (lambda: Image(filename="./a//b.jpg", file_data=JPG), ("a/b.jpg", "a/b.jpg", "./a//b.jpg")),
        (lambda: Image(filename="a/./b.jpg", file_data=JPG), ("a/b.jpg", "a/b.jpg", "a/./b.jpg")),
        (lambda: Image(filename="a/../b.jpg", file_data=JPG), ("a/../b.jpg", "a/../b.jpg", "a/../b.jpg")),
        (lambda: Image(filename="foo", file_data=JPG), ("foo.jpg", "foo.jpg", "foo")),
        (lambda: Image(filename="foo.bar", file_data=JPG), ("foo.bar.jpg", "foo_bar.jpg", "foo.bar")),
        (lambda: Image(filename="foo.jpeg", file_data=JPG), ("foo.jpeg.jpg", "foo_jpeg.jpg", "foo.jpeg")),
        (lambda: Image(filename="foo.JPG", file_data=JPG), ("foo.JPG", "foo.JPG", "foo.JPG")),
        (
            lambda: Image(filename="a.b/run.7.front.jpg", file_data=JPG),
            ("a.b/run.7.front.jpg", "a.b/run_7_front.jpg", "a.b/run.7.front.jpg"),
        ),
        (lambda: Image(filename=".hidden.jpg", file_data=JPG), (".hidden.jpg", "_hidden.jpg", ".hidden.jpg")),
        (lambda: Image(filename=".jpg", file_data=JPG), (".jpg.jpg", "_jpg.jpg", ".jpg")),
        (lambda: Image(filename="a./b", file_data=JPG), ("a./b.jpg", "a./b.jpg", "a./b")),
        (lambda: PointCloud(filename="a/b.c", file_data=LAS), ("a/b.c.las", "a/b_c.las", "a/b.c")),
        (lambda: Image(filename="~/cam.png"), None),
    ],
)
def test_names(resource: Any, expected: tuple[str, str, str] | None, folder: Path) -> None:
    """The file name, what the platform calls the file, and the name as it was given."""
    home = f"{folder}/home/cam.png"

    assert wire(resource()) == (expected or (home, home, "~/cam.png"))


@posix_only
@given(
    st.text(
        st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"]),
        min_size=1,
        max_size=20,
    )
    | st.from_regex(r"[.~/a.]{1,8}", fullmatch=True)
)
def test_names_follow_pathlib(name: str) -> None:
    """Any name: expanded, normalised as a path, with the suffix at its end, and no other dots in the id."""
    first = (*PurePosixPath(name).parts, "")[0]
    assume(first == "~" or not first.startswith("~"))
    path = PurePosixPath(Path(name).expanduser())
    expected = str(path) if path.suffix.lower() == ".jpg" else f"{path}.jpg"

    image = Image(filename=name, file_data=JPG)

    assert image.filename == expected
    assert image.client_filename == name
    folder, slash, last = expected.rpartition("/")
    stem, _, suffix = last.rpartition(".")
    assert image.resource_id == f"{folder}{slash}{stem.replace('.', '_')}.{suffix}"
    assert Image.from_json(image.to_dict()).to_dict() == image.to_dict()


def test_defaults_and_types() -> None:
    """Sensors have the documented names."""
    assert Image(filename="x.jpg").sensor_name == "CAM"
    assert PointCloud(filename="x.las").sensor_name == "lidar"
    assert isinstance(Image(filename="x.jpg"), Resource)
    assert Resource(filename="x", sensor_name="radar").to_dict()["sensorName"] == "radar"


@pytest.mark.parametrize("given", [Path("x.jpg"), PurePosixPath("x.jpg"), "x.jpg"])
def test_paths_are_accepted(given: Any) -> None:
    """As text and as path objects."""
    assert wire(Image(filename=given)) == ("x.jpg", "x.jpg", "x.jpg")


@pytest.mark.parametrize("given", [3, None, b"x.jpg", ["x.jpg"]])
def test_other_names_are_refused(given: Any) -> None:
    """A name is text."""
    with pytest.raises(ModelValidationError, match=r"Image\.filename must be a file name"):
        Image(filename=given)


def test_both_names_of_every_field() -> None:
    """Wire names work too; the name as given always stands for itself."""
    image = Image(  # type: ignore[call-arg]
        filename="x.jpg",
        resourceId="r",
        sensorName="C",
        fileData=None,
        clientFilename="other.jpg",
        metadata={"shutterTimeStartNs": 1, "shutter_time_end_ns": 2.0},  # type: ignore[arg-type]
    )

    assert wire(image) == ("x.jpg", "r", "x.jpg")
    assert image.metadata == ImageMetadata(shutter_time_start_ns=1, shutter_time_end_ns=2)
    assert Image(filename="x.jpg", file_data=None, resource_id=None, client_filename=None, metadata=None)


def test_unknown_fields_are_refused() -> None:
    """With the fields that there are."""
    with pytest.raises(
        ModelValidationError, match=r"Image\.colour is unknown; an Image has filename, resource_id"
    ):
        Image(filename="x.jpg", colour="red")  # type: ignore[call-arg]
    with pytest.raises(ModelValidationError, match=r"Frame\.images\[0\]\.colour is unknown"):
        Frame(images=[{"filename": "x.jpg", "colour": "red"}])  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("cls", "name", "text"),
    [
        (Image, "nowhere.jpg", "Local file is missing: nowhere.jpg"),
        (PointCloud, "no/where.las", "Local file is missing: no/where.las"),
        (Image, "a\0b.jpg", "Local file is missing"),
        (Image, "x.jpg/y.jpg", "Local file is missing"),
        (Image, "empty.jpg", "Local file contains no data: empty.jpg"),
        (Image, "data", "Local file is a directory: data"),
        (PointCloud, "", "Local file is a directory: ."),
    ],
)
def test_files_that_cannot_be_uploaded(cls: Any, name: str, text: str) -> None:
    """They are noticed when the resource is made; the error is not a validation error, as documented."""
    with pytest.raises(MissingFileError) as missing:
        cls(filename=name)
    with pytest.raises(MissingFileError):
        Frame(images=[{"filename": name}])  # type: ignore[list-item]

    assert missing.value.to_string().startswith(text)
    assert str(missing.value).startswith(text)
    assert missing.value.empty is (name == "empty.jpg")
    assert isinstance(missing.value, IsADirectoryError) is ("directory" in text)
    assert isinstance(missing.value, KognicError)
    assert not isinstance(missing.value, ValueError)


def test_the_error_can_be_made_as_documented() -> None:
    """By position, with two attributes."""
    error = MissingFileError("a.jpg", True)

    assert (error.filename, error.empty) == ("a.jpg", True)
    assert error.to_string() == "Local file contains no data: a.jpg"


def test_data_needs_no_file() -> None:
    """With data the file system is not looked at."""
    assert Image(filename="nowhere.jpg", file_data=JPG).filename == "nowhere.jpg"
    with pytest.raises(ModelValidationError, match=r"^Image\.filename is empty; give the content a name"):
        Image(filename="", file_data=JPG)


@pytest.mark.parametrize("kind", Format)
def test_data_of_the_wrong_kind(kind: Format) -> None:
    """Images take images, point clouds take point clouds; the base class takes both."""
    data = FileData(kind, data=b"x")
    right, wrong = (Image, PointCloud) if kind.is_image else (PointCloud, Image)

    assert right(filename="x", file_data=data).filename == f"x.{kind.value}"
    assert Resource(filename="x", sensor_name="S", file_data=data).content_type == data.content_type
    with pytest.raises(
        ModelValidationError, match=rf"file_data is .* data \({kind.name}\), but an? \w+ takes"
    ):
        wrong(filename="x", file_data=data)


@pytest.mark.parametrize(("cls", "name"), [(Image, "x.las"), (PointCloud, "x.jpg"), (PointCloud, "X.JPG")])
def test_files_of_the_wrong_kind(cls: Any, name: str) -> None:
    """A point cloud's name in an image, or the reverse, is a mistake; an unknown name is not."""
    with pytest.raises(ModelValidationError, match=rf"{cls.__name__}\.filename is an? .* takes .*: {name}"):
        cls(filename=name)

    assert Image(filename="x").filename == PointCloud(filename="x").filename == "x"


@posix_only
@pytest.mark.skipif(sys.platform == "win32", reason="home folders are found differently")
def test_unknown_home_directory() -> None:
    """`~nobody-here/x.jpg` cannot be expanded."""
    with pytest.raises(ModelValidationError, match="home directory is unknown; write the path in full"):
        Image(filename="~no-such-user-here/x.jpg")


def test_the_wire_form_is_read_back_as_it_is() -> None:
    """Even where the file is not: what was sent describes a file of another place or of memory."""
    for resource in (
        Image(
            filename="./data/img.01.jpg",
            metadata=ImageMetadata(shutter_time_start_ns=1, shutter_time_end_ns=2),
        ),
        Image(filename="cam0", file_data=JPG, sensor_name="C"),
        PointCloud(filename="a.b", file_data=LAS, resource_id="gs://b/a"),
    ):
        assert type(resource).model_validate(resource.model_dump()) == resource
        assert type(resource).model_validate(resource.model_dump(mode="json")) == resource
        assert type(resource).model_validate_json(resource.model_dump_json()) == resource
        read = type(resource).from_json(resource.to_dict())
        resource.file_data = None

        assert read == resource

    with pytest.raises(MissingFileError):
        Image.from_json({"filename": "nowhere.jpg"})


def test_content_types_are_the_same_everywhere() -> None:
    """By format, else by name, whatever the machine's MIME table says."""
    assert Image(filename="a", file_data=JPG).content_type == "image/jpeg"
    assert Image(filename="x.jpg").content_type == "image/jpeg"
    assert Image(filename="X.JPG").content_type == "image/jpeg"
    assert Image(filename="home/cam.png").content_type == "image/png"
    assert PointCloud(filename="x.las").content_type == "application/octet-stream"
    assert Image(filename="x").content_type == "application/octet-stream"
    assert PointCloud(filename="x", file_data=FileData(Format.CSV, data=b"x")).content_type == "text/csv"


def test_shutter_times() -> None:
    """Nanoseconds stay exact; fractions and text are refused."""
    exact = ImageMetadata(
        shutter_time_start_ns=1700000000123456789, shutter_time_end_ns="1700000000123456790"
    )  # type: ignore[arg-type]

    assert exact.to_dict() == {
        "shutterTimeStartNs": 1700000000123456789,
        "shutterTimeEndNs": 1700000000123456790,
    }
    for wrong in (1.5, "soon"):
        with pytest.raises(ModelValidationError, match="shutter_time_start_ns must be a whole number"):
            ImageMetadata(shutter_time_start_ns=wrong, shutter_time_end_ns=2)  # type: ignore[arg-type]
    with pytest.raises(ModelValidationError, match=r"^ImageMetadata\.shutter_time_end_ns is missing$"):
        ImageMetadata(shutter_time_start_ns=1)  # type: ignore[call-arg]


def test_repr_shows_the_file_and_not_its_content() -> None:
    """Megabytes do not belong on a screen."""
    assert "blob format=Format.JPG" in repr(
        Image(filename="a", file_data=FileData(Format.JPG, data=b"x" * 10**6))
    )
    assert len(repr(Image(filename="a", file_data=FileData(Format.JPG, data=b"x" * 10**6)))) < 200


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    """As `os.listdir` gives names written on an old machine: refused here and not by the platform."""
    name = os.path.join(os.fsencode(tmp_path), b"latin\xfcr.png")
    Path(os.fsdecode(name)).write_bytes(b"content")

    with pytest.raises(ModelValidationError, match=r"^Image\.filename is .*rename the file, or .* FileData"):
        Image(filename=os.fsdecode(name))
    with pytest.raises(ModelValidationError, match="not UTF-8"):
        Image(filename="latin\udcfcr", file_data=JPG)
    assert Image(filename="für.jpg", file_data=JPG).filename == "für.jpg"


def test_formats_are_text() -> None:
    """As in the official client."""
    assert isinstance(Format.JPG, str)
    assert Format.JPG == "jpg"
    assert json.dumps([Format.JPG]) == '["jpg"]'
    assert str(Format.JPG) == "Format.JPG"
    assert (Format.JPG.suffix, Format.PCD.is_pointcloud, Format.PCD.is_image) == (".jpg", True, False)


def test_dumps_hold_the_content() -> None:
    """A resource that is read back uploads the same bytes; streams are left where they were."""
    stream = BytesIO(b"content")
    stream.read(3)
    image = Image(filename="a", file_data=FileData(Format.JPG, data=stream))

    dumped = image.model_dump(mode="json")

    assert dumped["file_data"] == {"format": "jpg", "data": base64.b64encode(b"content").decode()}
    assert stream.tell() == 3
    read = Image.model_validate(dumped)
    assert (read.filename, read.client_filename, read.resource_id) == ("a.jpg", "a", "a.jpg")
    assert read.file_data == FileData(Format.JPG, data=b"content")
    assert image.model_dump()["file_data"]["data"] is stream
    assert "file_data" not in image.to_dict()


@pytest.mark.parametrize("source", [{"callback": lambda name: b"x"}, {"data": iter([b"x"])}])
def test_content_that_json_cannot_hold(source: Any) -> None:
    """A dump in Python has it; a dump in JSON is refused when it is read, rather than another file sent."""
    image = Image(filename="a", file_data=FileData(Format.JPG, **source))

    assert Image.model_validate(image.model_dump()) == image
    with pytest.raises(
        ModelValidationError, match=r"^Image\.file_data has no content: JSON has no callbacks"
    ):
        Image.model_validate(image.model_dump(mode="json"))


def test_a_dump_of_a_file_needs_the_file(tmp_path: Path) -> None:
    """`model_validate` asks for the file, `from_json`, which reads what the platform returns, does not."""
    path = tmp_path / "a.jpg"
    path.write_bytes(b"content")
    image = Image(filename=path)
    dumped, sent = image.model_dump(mode="json"), image.to_dict()

    assert Image.model_validate(dumped) == image
    path.unlink()
    with pytest.raises(MissingFileError):
        Image.model_validate(dumped)
    assert Image.from_json(sent) == image
