"""Files of other tools as a whole: options, names, poses, and malformed content of every format."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kognic._core.scene_errors import DocumentError
from kognic.io.model.calibration import SensorCalibration
from kognic.io.tools.calibration.exceptions import ConversionError
from kognic.scenes.calibration.convert import FORMATS, convert_calibration
from kognic.scenes.geometry.poses import Rigid
from tests.scenes.calibration.convert import rigs, sources

SIZE = (1242, 375)


def opencv(folder: Path) -> Path:
    return sources.written_by_opencv(
        folder / "front.yml",
        camera_matrix=sources.K,
        distortion_coefficients=[sources.RADTAN],
    )


def ros(folder: Path) -> Path:
    path = folder / "front.yaml"
    path.write_text(yaml.safe_dump(sources.camera_info()))
    return path


def kalibr(folder: Path) -> Path:
    path = folder / "camchain.yaml"
    path.write_text(yaml.safe_dump(sources.chain(T_cam_imu=sources.T_CAM0_IMU)))
    return path


def kitti(folder: Path) -> Path:
    path = folder / "calib.txt"
    path.write_text(sources.object_file())
    return path


def argoverse(folder: Path) -> Path:
    return sources.written(folder, "csv") / "intrinsics.csv"


# A good file of each format.
WRITERS: dict[str, Callable[[Path], Path]] = {
    "opencv": opencv,
    "ros": ros,
    "kalibr": kalibr,
    "kitti": kitti,
    "nuscenes": sources.tables,
    "argoverse": argoverse,
    "autoware": rigs.autoware,
    "opencalib": rigs.opencalib,
    "pandaset": rigs.pandaset,
    "waymo": rigs.waymo,
    "urdf": rigs.urdf,
    "tf": rigs.tf,
    "ocam": rigs.ocam,
}


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_makes_a_calibration_that_travels(format: str, tmp_path: Path) -> None:
    """What is converted survives the form in which it is sent."""
    found = convert_calibration(WRITERS[format](tmp_path), format, external_id="rig", image_size=SIZE)

    assert found.external_id == "rig"
    assert SensorCalibration.from_json(json.loads(json.dumps(found.to_dict()))) == found


@pytest.mark.parametrize("format", FORMATS)
def test_pose_moves_every_sensor(format: str, tmp_path: Path, assert_placed: Any) -> None:
    """A pose leads from the reference system of the file to the wanted one, for every format."""
    path = WRITERS[format](tmp_path)
    pose = sources.motion([0.1, 0.2, -0.3], [1, 2, 3])

    before = convert_calibration(path, format, image_size=SIZE).calibration
    after = convert_calibration(path, format, image_size=SIZE, pose=pose).calibration

    for name, sensor in before.items():
        matrix = np.eye(4)
        matrix[:3, :3], matrix[:3, 3] = Rigid.of_sensor(sensor).rotation, Rigid.of_sensor(sensor).position
        assert_placed(after[name], pose @ matrix)


def test_wrong_options_are_named(tmp_path: Path) -> None:
    """Formats and models that there are not, and poses that are none."""
    with pytest.raises(
        ConversionError, match=r"the format is 'colmap'; known are opencv, ros, kalibr, kitti"
    ):
        convert_calibration(tmp_path, "colmap")
    with pytest.raises(ConversionError, match=r"a model is given, which a file of kalibr names itself"):
        convert_calibration(kalibr(tmp_path), "kalibr", model="pinhole")
    with pytest.raises(ConversionError, match=r"pose: the upper left of a pose is not a rotation"):
        convert_calibration(kalibr(tmp_path), "kalibr", pose=np.diag([2, 2, 2, 1]))
    with pytest.raises(ConversionError, match=r"pose: the pose holds 9 numbers, must hold 12 or 16"):
        convert_calibration(kalibr(tmp_path), "kalibr", pose=np.eye(3))
    with pytest.raises(ConversionError, match=r"front\.yaml: there is no sensor 'rear'; there are front"):
        convert_calibration(ros(tmp_path), "ros", names={"rear": "REAR"})


@pytest.mark.parametrize("format", ["opencv", "kalibr", "kitti", "nuscenes"])
def test_files_that_are_not_there(format: str, tmp_path: Path) -> None:
    """A missing file is named, and a folder is not taken for a file."""
    with pytest.raises(DocumentError, match=r"missing\.json: there is no such file"):
        convert_calibration(tmp_path / "missing.json", format, image_size=SIZE)
    if format != "kitti":
        with pytest.raises(DocumentError, match="is a folder, not a file"):
            convert_calibration(tmp_path, format)
    (tmp_path / "binary.json").write_bytes(b"\xff\xfb\x00")
    with pytest.raises(DocumentError, match=r"binary\.json: is not UTF-8 text \(byte 0\)"):
        convert_calibration(tmp_path / "binary.json", format, image_size=SIZE)


@pytest.mark.parametrize("damage", ["\r", "\0", '"'])
def test_damaged_tables_are_named(damage: str, tmp_path: Path) -> None:
    """Errors of the CSV reader are reported with the file's name."""
    path = argoverse(tmp_path)
    path.write_text("sensor_name,fx_px" + damage + "x\n" + "a" * 200_000 + ",1")

    with pytest.raises(ConversionError, match=r"intrinsics\.csv"):
        convert_calibration(path, "argoverse")


def test_yaml_that_explodes_is_refused(tmp_path: Path) -> None:
    """Aliases that stand for a billion values, and those that stand for themselves, are no calibration."""
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    path = tmp_path / "front.yaml"
    path.write_text("\n".join([*lines, "camera_matrix: *a9"]))
    with pytest.raises(DocumentError, match="aliases repeat more than a million values"):
        convert_calibration(path, "opencv")
    path.write_text("camera_matrix: &a [*a, *a]")
    with pytest.raises(DocumentError, match="an alias refers to itself"):
        convert_calibration(path, "opencv")


@pytest.mark.parametrize("format", FORMATS)
def test_byte_order_marks_are_no_part_of_a_file(format: str, tmp_path: Path) -> None:
    """Editors on Windows write one in front; line ends may be theirs, too."""
    path = WRITERS[format](tmp_path)
    before = convert_calibration(path, format, image_size=SIZE)
    text = path.read_text(encoding="utf-8")

    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())

    assert convert_calibration(path, format, image_size=SIZE) == before


@pytest.mark.parametrize("name", ["0010", "2026_03_01", "NO", "12:30:15", "on"])
def test_frames_keep_their_names_as_written(name: str, tmp_path: Path) -> None:
    """YAML 1.1 would make numbers and flags of them; as names of frames and of sensors they are text."""
    path = rigs.autoware(tmp_path)
    path.write_text(path.read_text().replace("velodyne_top_base_link", name))

    found = convert_calibration(path, "autoware", names={name: "lidar"})
    kept = convert_calibration(path, "autoware", names={name: name})

    assert set(found.calibration) == {"camera0", "lidar"}
    assert set(kept.calibration) == {"camera0", name}


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, str]]:
    """A good file of each format, with its text."""
    folders = {name: tmp_path_factory.mktemp(name) for name in FORMATS}
    paths = {name: WRITERS[name](folder) for name, folder in folders.items()}
    return {name: (path, path.read_text()) for name, path in paths.items()}


SNIPPETS = st.one_of(
    st.sampled_from(
        ["", "null", "[]", "{}", "nan", "-.inf", "1e400", "[[", "*a", "&a ", "!!python/name:os", "\0"]
    ),
    st.text(max_size=6),
    st.integers().map(str),
)


@pytest.mark.parametrize("format", FORMATS)
@given(data=st.data())
def test_malformed_files_give_a_typed_error(
    format: str, good: dict[str, tuple[Path, str]], data: st.DataObject
) -> None:
    """Whatever is cut out of a file or written into it: a calibration of finite numbers, or a typed error."""
    path, text = good[format]
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 40)))
    path.write_text(text[:start] + data.draw(SNIPPETS) + text[end:], encoding="utf-8", errors="ignore")

    try:
        found = convert_calibration(path, format, image_size=SIZE)
    except (ConversionError, DocumentError) as exc:
        message = str(exc)
    else:
        json.dumps(found.to_dict(), allow_nan=False)
        return
    assert str(path.parent) in message  # names the file, or the table beside it
