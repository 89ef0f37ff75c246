"""Recordings for Rerun, read back with its own reader."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from kognic.io.model.calibration import CylindricalCalibration
from kognic.sandbox.sample.drive import write_sample_drive
from kognic.scenes.geometry.poses import quaternion_of
from kognic.viewer.stills import PreviewOptions, preview_scene
from kognic.viewer.stills.colours import DepthScale
from tests.viewer.stills.rigs import (
    CAMERA,
    HEIGHT,
    LIDAR,
    MATRIX,
    START,
    WIDTH,
    calibration,
    cloud,
    frame,
    image,
    imu,
    lens_coefficients,
    openlabel,
    pinhole,
    png,
    pose_values,
    scene,
)

reader = pytest.importorskip(
    "rerun.chunk", reason="needs the Rerun SDK (extra rerun), which needs Python 3.11"
)

POINTS = [[0.3, 6, -1.4], [-2.0, 25, 0.5], [0.0, -9, 0.0]]
CUBOID = [0.5, 12, -0.9, 0, 0, 0, 1, 1.8, 4.4, 1.6]


def read(path: Path) -> dict[str, dict[str, list[Any]]]:
    """Entity to column (`Points3D:positions`, or a timeline) to the values of its rows."""
    found: dict[str, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for chunk in reader.RrdReader(path).stream():
        batch = chunk.to_record_batch()
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            # Nanoseconds do not fit the times of Python.
            is_time = str(column.type).startswith("timestamp")
            found[chunk.entity_path][name] += (column.cast("int64") if is_time else column).to_pylist()
    return found


def only(rows: list[Any]) -> Any:
    """The value of the only row."""
    (row,) = [row for row in rows if row is not None]
    return row


@pytest.fixture
def recording(tmp_path: Path) -> dict[str, dict[str, list[Any]]]:
    """One frame whose every number is known; the image was taken 40 ms before the lidar, at 10 m/s."""
    document = openlabel(
        {"is": "cuboid", "val": CUBOID},
        {"is": "bbox", "val": [200, 100, 40, 20], "stream": "FRONT"},
        {"is": "point2d", "val": [300, 200], "stream": "FRONT"},
    )
    made = scene(frame(point_clouds=[cloud(POINTS)], images=[image(at_ms=-40)]), imu_data=imu(10))
    preview = preview_scene(
        made,
        rerun=tmp_path / "deep" / "a.rrd",
        calibration=calibration(),
        pre_annotation=document,
        options=PreviewOptions(depth_range=(2, 80)),
    )
    (file,) = preview.files
    assert [path.name for path in file.parent.iterdir()] == ["a.rrd"]
    return read(file)


def test_points_and_boxes_in_space(recording: dict[str, dict[str, list[Any]]]) -> None:
    points = recording["/world/reference/points"]["Points3D:positions"]
    boxes = recording["/world/reference/boxes"]

    assert np.allclose(only(points), LIDAR.apply(POINTS), atol=1e-5)
    assert np.allclose(only(boxes["Boxes3D:centers"]), LIDAR.apply([CUBOID[:3]]), atol=1e-5)
    assert np.allclose(only(boxes["Boxes3D:half_sizes"]), [[0.9, 2.2, 0.8]], atol=1e-6)
    assert only(boxes["Boxes3D:labels"]) == ["Car"]
    w, x, y, z = quaternion_of(LIDAR.rotation)
    assert np.allclose(only(boxes["Boxes3D:quaternions"]), [[x, y, z, w]], atol=1e-6)


def test_points_in_the_image(recording: dict[str, dict[str, list[Any]]]) -> None:
    """Through the distorted lens, at the time of the image, coloured by their distance."""
    found = recording["/world/reference/FRONT/points"]

    moved = LIDAR.apply(POINTS[:2]) + np.array([0.4, 0, 0])
    inside = CAMERA.inverse().apply(moved)
    expected, _ = cv2.projectPoints(inside, np.zeros(3), np.zeros(3), MATRIX, lens_coefficients())
    assert np.allclose(only(found["Points2D:positions"]), expected[:, 0] + 0.5, atol=1e-3)
    colours = DepthScale(2, 80).colours(np.linalg.norm(inside, axis=1)).astype(np.uint32)
    packed = (colours[:, 0] << 24) | (colours[:, 1] << 16) | (colours[:, 2] << 8) | 255
    assert only(found["Points2D:colors"]) == packed.tolist()


def test_geometry_in_the_image(recording: dict[str, dict[str, list[Any]]]) -> None:
    home = "/world/reference/FRONT"

    assert only(recording[f"{home}/image"]["EncodedImage:media_type"]) == ["image/png"]
    (blob,) = only(recording[f"{home}/image"]["EncodedImage:blob"])
    assert bytes(blob) == png()
    strips = only(recording[f"{home}/shapes"]["LineStrips2D:strips"])
    assert strips == [[[180.5, 90.5], [220.5, 90.5], [220.5, 110.5], [180.5, 110.5], [180.5, 90.5]]]
    assert only(recording[f"{home}/keypoints"]["Points2D:positions"]) == [[300.5, 200.5]]
    assert len(only(recording[f"{home}/boxes"]["LineStrips2D:strips"])) == 12


def test_camera_and_vehicle_have_their_poses(recording: dict[str, dict[str, list[Any]]]) -> None:
    """The camera where it was when it took the image: 0.4 m behind its place at the frame's time."""
    camera = recording["/world/reference/FRONT"]

    assert np.allclose(only(camera["Transform3D:translation"]), [CAMERA.position - [0.4, 0, 0]], atol=1e-5)
    (matrix,) = only(camera["Pinhole:image_from_camera"])
    assert np.allclose(np.reshape(matrix, (3, 3)).T, MATRIX + np.array([[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]]))
    assert only(camera["Pinhole:resolution"]) == [[WIDTH, HEIGHT]]
    assert np.allclose(only(recording["/world/reference"]["Transform3D:translation"]), 0)
    (way,) = only(recording["/world/path"]["LineStrips3D:strips"])
    assert np.allclose(np.ptp(way, axis=0), [0, 8.9, 0], atol=1e-4)


def test_time(recording: dict[str, dict[str, list[Any]]]) -> None:
    """By number and, to the nanosecond, by the clock."""
    points = recording["/world/reference/points"]

    assert points["frame"] == [0]
    assert points["time"] == [START]


def test_other_cameras_have_their_pictures_apart(tmp_path: Path) -> None:
    """Rerun would place them in space as a pinhole; so they have a view of their own, and a fan in space."""
    cylinder = CylindricalCalibration(
        **pose_values(CAMERA),
        camera_matrix=pinhole().camera_matrix,
        image_width=WIDTH,
        image_height=HEIGHT,
    )

    preview_scene(scene(), rerun=tmp_path / "a.rrd", calibration=calibration(FRONT=cylinder))

    found = read(tmp_path / "a.rrd")
    assert {"/images/FRONT/image", "/images/FRONT/points", "/world/reference/FRONT/view"} <= set(found)
    assert not any(column.startswith("Pinhole") for column in found["/world/reference/FRONT"])


@pytest.mark.slow
def test_a_drive_over_time(tmp_path: Path) -> None:
    """Every frame is there, beside the page, with a layout of the views."""
    drive = write_sample_drive(tmp_path / "drive", frames=2)

    preview = preview_scene(drive.scene_file, tmp_path / "a.html", rerun=tmp_path / "a.rrd")

    assert preview.files == (tmp_path / "a.html", tmp_path / "a.rrd")
    found = read(tmp_path / "a.rrd")
    assert found["/world/reference/points"]["frame"] == [0, 1]
    for camera in ("FRONT", "LEFT"):
        assert found[f"/world/reference/{camera}/points"]["frame"] == [0, 1]
        assert len(found[f"/world/reference/{camera}/image"]["EncodedImage:blob"]) == 2
    assert len(found["/world/reference"]["Transform3D:translation"]) == 2
    assert len(reader.RrdReader(tmp_path / "a.rrd").blueprints()) == 1


def test_what_fails_half_way_leaves_no_recording(tmp_path: Path) -> None:
    def fail(done: int, total: int) -> None:
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        preview_scene(scene(), rerun=tmp_path / "a.rrd", calibration=calibration(), progress=fail)

    assert list(tmp_path.iterdir()) == []
