"""A key that says where a sensor is or how its lens works is used or refused by name, in every format."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from kognic._core.camera_errors import ConversionError
from kognic.scenes.calibration.convert import FORMATS, convert_calibration
from tests.scenes.calibration.convert import rigs, sources
from tests.scenes.calibration.convert.test_files import WRITERS

SIZE = (1920, 1080)
Edit = Callable[[Path], None]


def yaml_edit(change: Callable[[Any], None]) -> Edit:
    def edit(path: Path) -> None:
        content = yaml.safe_load(path.read_text().removeprefix("%YAML:1.0"))
        change(content)
        path.write_text(yaml.safe_dump(content))

    return edit


def json_edit(change: Callable[[Any], None]) -> Edit:
    def edit(path: Path) -> None:
        content = json.loads(path.read_text())
        change(content)
        path.write_text(json.dumps(content))

    return edit


def text_edit(old: str, new: str) -> Edit:
    def edit(path: Path) -> None:
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    return edit


def column(name: str) -> Edit:
    def edit(path: Path) -> None:
        with path.open(newline="") as file:
            rows = [{**row, name: "0.1"} for row in csv.DictReader(file)]
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)

    return edit


# Format, the key, and how it gets into a good file.
CASES: list[tuple[str, str, Edit]] = [
    ("opencv", "k7", text_edit("image_width:", "k7: 0.2\nimage_width:")),
    ("opencv", "T_base_cam", text_edit("image_width:", "T_base_cam: [1, 2, 3]\nimage_width:")),
    ("ros", "T_cam_lidar", yaml_edit(lambda c: c.update(T_cam_lidar=[0.0] * 16))),
    ("ros", "thin_prism", yaml_edit(lambda c: c.update(thin_prism=[0.001, 0.0]))),
    ("kalibr", "T_body_cam", yaml_edit(lambda c: c["cam0"].update(T_body_cam=[[0.0] * 4] * 4))),
    ("kalibr", "T_world_rig", yaml_edit(lambda c: c.update(T_world_rig=[[0.0] * 4] * 4))),
    (
        "kitti",
        "Tr_cam_to_road",
        text_edit("Tr_imu_to_velo", "Tr_cam_to_road: 1 0 0 0 0 1 0 0 0 0 1 0\nTr_imu_to_velo"),
    ),
    ("kitti", "D2", text_edit("Tr_imu_to_velo", "D2: -0.3 0.1 0 0 0\nTr_imu_to_velo")),
    ("nuscenes", "mirror", json_edit(lambda c: c[0].update(mirror=[0.1, 0.2]))),
    ("nuscenes", "lens", json_edit(lambda c: c[0].update(lens="fisheye"))),
    ("argoverse", "k4", column("k4")),
    ("argoverse", "skew", column("skew")),
    (
        "autoware",
        "qw",
        yaml_edit(lambda c: c["sensor_kit_base_link"]["velodyne_top_base_link"].update(qw=1.0)),
    ),
    ("opencalib", "xi", json_edit(lambda c: c["center_camera-intrinsic"]["param"].update(xi=0.9))),
    ("opencalib", "offset", json_edit(lambda c: c["center_camera-intrinsic"].update(offset=[0.1, 0, 0]))),
    ("pandaset", "xi", yaml_edit(lambda c: c["front_camera"]["intrinsic"].update(xi=0.9))),
    ("pandaset", "offset", yaml_edit(lambda c: c["front_gt"]["extrinsic"].update(offset=[0.1, 0, 0]))),
    ("waymo", "k_4", json_edit(lambda c: c["context"]["cameraCalibrations"][0].update(k_4=0.1))),
    ("waymo", "mount", json_edit(lambda c: c["context"]["laserCalibrations"][0].update(mount=[1, 2]))),
    ("urdf", "quat_xyzw", text_edit('rpy="0 0 0.5"', 'quat_xyzw="0 0 0.2 0.98"')),
    ("tf", "scale", text_edit("    translation:", "    scale: 1.1\n    translation:")),
]


@pytest.mark.parametrize(("format", "key", "edit"), CASES, ids=[f"{case[0]}-{case[1]}" for case in CASES])
def test_unknown_keys_are_refused_by_name(format: str, key: str, edit: Edit, tmp_path: Path) -> None:
    path = WRITERS[format](tmp_path)
    before = convert_calibration(path, format, image_size=SIZE)
    edit(path)

    with pytest.raises(ConversionError, match=f"the key {key} is not known, and may say where a sensor is"):
        convert_calibration(path, format, image_size=SIZE)
    after = convert_calibration(path, format, image_size=SIZE, ignore_keys=[key])
    if format != "urdf":  # there the key stands in the place of one that counts
        assert after == before


def test_every_format_has_a_case() -> None:
    """OCamCalib's file has no keys: a line too much is refused."""
    assert {case[0] for case in CASES} | {"ocam"} == set(FORMATS)


def test_a_line_too_much_of_ocam(tmp_path: Path) -> None:
    path = rigs.ocam(tmp_path)
    path.write_text(path.read_text() + "\n#tilt\n\n0.1 0.2\n")

    with pytest.raises(ConversionError, match=r"holds 6 lines of numbers; calib_results\.txt has 5"):
        convert_calibration(path, "ocam")


def test_unknown_keys_of_raw_recordings(tmp_path: Path) -> None:
    (tmp_path / "calib_velo_to_cam.txt").write_text("R: 1 0 0 0 1 0 0 0 1\nT: 0 0 0\nscale: 1.1\n")
    (tmp_path / "calib_cam_to_cam.txt").write_text("corner_dist: 9.95e-02\n")

    with pytest.raises(ConversionError, match=r"calib_velo_to_cam\.txt: the key scale is not known"):
        convert_calibration(tmp_path, "kitti")


def test_distortion_of_t4(tmp_path: Path) -> None:
    """`camera_distortion` of Tier IV's data sets is used: OpenCV's coefficients, five at most."""
    records = [
        {**sources.CAMERA, "camera_distortion": [-0.3, 0.1, 0.001, -0.002, 0.02]},
        sources.LIDAR,
        sources.RADAR,
    ]
    path = sources.tables(tmp_path, records)

    camera: Any = convert_calibration(path, "nuscenes", image_size=(1600, 900)).calibration["CAM_FRONT"]

    d = camera.distortion_coefficients
    assert (d.k1, d.k2, d.p1, d.p2, d.k3) == (-0.3, 0.1, 0.001, -0.002, 0.02)
    records[0]["camera_distortion"] = [0.1] * 8
    sources.tables(tmp_path, records)
    with pytest.raises(ConversionError, match=r"the distortion coefficient k4 is 0\.1"):
        convert_calibration(path, "nuscenes", image_size=(1600, 900))
