"""Where the size of a camera's images comes from, and which of two counts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from kognic._core.camera_errors import ConversionError
from kognic.scenes.calibration.convert import FORMATS, convert, convert_calibration
from kognic.scenes.calibration.convert.files import UNITS
from tests.scenes.calibration.convert import rigs, sources
from tests.scenes.calibration.convert.test_files import WRITERS


def picture(path: Path, size: tuple[int, int]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", size).save(path)


def sizes(found: Any) -> set[tuple[int, int]]:
    cameras = [sensor for sensor in found.calibration.values() if hasattr(sensor, "image_width")]
    return {(camera.image_width, camera.image_height) for camera in cameras}


@pytest.mark.parametrize("format", FORMATS)
def test_a_given_size_counts_in_every_format(format: str, tmp_path: Path) -> None:
    """For all cameras, or by name; what the file says instead is noted."""
    path = WRITERS[format](tmp_path)

    found = convert(path, format, image_size=(1000, 700))

    assert sizes(found.calibration) == {(1000, 700)}
    names = [name for name, sensor in found.calibration.calibration.items() if hasattr(sensor, "image_width")]
    own = {"image_2": "P2"}
    if format != "nuscenes":
        by_name = {own.get(name, name): (900, 600) for name in names}
        assert sizes(convert_calibration(path, format, image_size=by_name)) == {(900, 600)}
    with pytest.raises(
        ConversionError, match=r"an image size is given for 'elsewhere'|does not hold the size"
    ):
        convert_calibration(path, format, image_size={"elsewhere": (900, 600)})


def test_the_size_that_was_replaced_is_noted(tmp_path: Path) -> None:
    path = WRITERS["ros"](tmp_path)

    assert convert(path, "ros", image_size=(640, 360)).notes == (
        "front: the image size is 640x360 as given, the file has 1280x720; the camera matrix is not scaled",
    )
    assert convert(path, "ros", image_size=(1280, 720)).notes == ()


def test_nuscenes_sizes_of_sample_data(tmp_path: Path) -> None:
    """`sample_data` has the size of each image; else the image that it names."""
    path = sources.tables(tmp_path / "v1.0-mini")
    row = {"token": "d1", "calibrated_sensor_token": "c1", "filename": "samples/CAM_FRONT/a.jpg"}
    table = path.with_name("sample_data.json")
    table.write_text(json.dumps([{**row, "width": 1600, "height": 900}]))

    assert sizes(convert_calibration(path, "nuscenes")) == {(1600, 900)}
    table.write_text(json.dumps([row]))
    picture(tmp_path / "samples" / "CAM_FRONT" / "a.jpg", (800, 450))
    assert sizes(convert_calibration(path, "nuscenes")) == {(800, 450)}


def test_kitti_sizes_of_the_image_of_the_frame(tmp_path: Path) -> None:
    """`image_2/000002.png` beside `calib/000002.txt`; other drives have other sizes."""
    path = tmp_path / "calib" / "000002.txt"
    path.parent.mkdir()
    path.write_text(sources.object_file())
    picture(tmp_path / "image_2" / "000001.png", (1224, 370))
    picture(tmp_path / "image_2" / "000002.png", (1242, 375))

    assert sizes(convert_calibration(path, "kitti")) == {(1242, 375)}


def test_sizes_of_images_beside_a_file(tmp_path: Path) -> None:
    """In a folder of the camera's name, or right beside a file of one camera; images must agree."""
    content = {key: value for key, value in sources.camera_info().items() if "image_" not in key}
    path = tmp_path / "front.yaml"
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(ConversionError, match="front: the file does not hold the size of the images, and no"):
        convert_calibration(path, "ros")
    picture(tmp_path / "a.png", (320, 240))
    assert sizes(convert_calibration(path, "ros")) == {(320, 240)}
    picture(tmp_path / "images" / "front" / "0.png", (640, 480))
    assert sizes(convert_calibration(path, "ros")) == {(640, 480)}
    picture(tmp_path / "images" / "front" / "1.png", (640, 360))
    with pytest.raises(
        ConversionError, match=r"0\.png has 640x480 pixels, .*1\.png 640x360; pass image_size"
    ):
        convert_calibration(path, "ros")
    (tmp_path / "images" / "front" / "1.png").write_bytes(b"no picture")
    assert sizes(convert_calibration(path, "ros")) == {(640, 480)}


def test_units_of_positions(tmp_path: Path) -> None:
    """A translation in millimetres becomes metres."""
    path = rigs.opencalib(tmp_path)
    metres: Any = convert_calibration(path, "opencalib").calibration["center_camera"]

    scaled: Any = convert_calibration(path, "opencalib", unit="mm").calibration["center_camera"]

    assert scaled.position.x == pytest.approx(metres.position.x / 1000)
    assert scaled.rotation_quaternion == metres.rotation_quaternion
    assert UNITS["ft"] == 0.3048
    with pytest.raises(ConversionError, match="the unit is 'inch'; known are m, cm, mm, ft, in"):
        convert_calibration(path, "opencalib", unit="inch")
