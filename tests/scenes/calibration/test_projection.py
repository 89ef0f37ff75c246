"""Points of files into images: from any sensor's system, out of every format, as CSV and JSON."""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from kognic._core.scene_errors import ContentError
from kognic.io.model.calibration import CylindricalCalibration, SensorCalibration
from kognic.io.model.calibration.camera import fused_cylindrical_calibration as fused
from kognic.scenes.calibration import project, project_with_rig, read_positions, write_pixels
from kognic.scenes.calibration.convert import lidar, pinhole_camera
from kognic.scenes.geometry import CameraError, ProjectionUnavailableError
from kognic.scenes.geometry.poses import Rigid

MATRIX = np.array([[620, 0, 478.5], [0, 622, 271.5], [0, 0, 1]], dtype=float)
DISTORTION = np.array([-0.09, 0.02, 0.0004, -0.0003, 0.001])
CAMERA_POSE = np.array([[0, 0, 1, 1.4], [-1, 0, 0, 0.1], [0, -1, 0, -0.45], [0, 0, 0, 1]], dtype=float)
LIDAR_POSE = np.array([[0, -1, 0, 0.9], [1, 0, 0, 0], [0, 0, 1, 1.8], [0, 0, 0, 1]], dtype=float)


@pytest.fixture
def rig() -> SensorCalibration:
    """A camera and a turned lidar."""
    camera = pinhole_camera(MATRIX, (960, 540), distortion=DISTORTION.tolist(), pose=CAMERA_POSE)
    return SensorCalibration(external_id="rig", calibration={"FRONT": camera, "top": lidar(LIDAR_POSE)})


@pytest.fixture
def cloud() -> Any:
    """Points before the car, in the reference system: x forward, y left, z up; metres."""
    rng = np.random.default_rng(11)
    forward = rng.uniform(4, 50, 200)
    return np.column_stack([forward, rng.uniform(-0.8, 0.8, 200) * forward, rng.uniform(-1, 3, 200)])


def opencv(cloud: Any) -> Any:
    into = np.linalg.inv(CAMERA_POSE)
    found, _ = cv2.projectPoints(
        cloud, cv2.Rodrigues(into[:3, :3])[0], into[:3, 3].copy(), MATRIX, DISTORTION
    )
    return found.reshape(-1, 2)


def test_points_of_every_system(rig: SensorCalibration, cloud: Any) -> None:
    """The same points, given in the reference system, the lidar's and the camera's, have OpenCV's pixels."""
    in_lidar = Rigid.of_sensor(rig.calibration["top"]).inverse().apply(cloud)
    in_camera = Rigid.of_sensor(rig.calibration["FRONT"]).inverse().apply(cloud)

    for system, points in (("reference", cloud), ("top", in_lidar), ("FRONT", in_camera)):
        found = project_with_rig(points, rig, "FRONT", system=system)
        np.testing.assert_allclose(found.pixels, opencv(cloud), atol=1e-6)
        np.testing.assert_allclose(found.depth, np.linalg.norm(in_camera, axis=1), atol=1e-9)
        inside = ((found.pixels >= 0) & (found.pixels < [960, 540])).all(axis=1)
        assert (found.visible == inside).all()
        assert 0 < inside.sum() < len(cloud)
    np.testing.assert_allclose(project(cloud, rig.calibration["FRONT"]).pixels, opencv(cloud), atol=1e-6)


def test_what_cannot_be_projected(rig: SensorCalibration) -> None:
    """Unknown sensors, lidars, points of another shape, and models whose formula is not public."""
    with pytest.raises(CameraError, match=r"the calibration has no sensor 'REAR'; it has FRONT, top"):
        project_with_rig([[1, 2, 3]], rig, "REAR")
    with pytest.raises(CameraError, match=r"the calibration has no sensor 'roof'; it has FRONT, top"):
        project_with_rig([[1, 2, 3]], rig, "FRONT", system="roof")
    with pytest.raises(CameraError, match=r"top is a lidar; give one of the cameras"):
        project_with_rig([[1, 2, 3]], rig, "top")
    for system in ("reference", "top", "FRONT"):
        with pytest.raises(ValueError, match=r"points has shape \(1, 2\), must be \(N, 3\)"):
            project_with_rig([[1, 2]], rig, "FRONT", system=system)
    front: Any = rig.calibration["FRONT"]
    common = {key: getattr(front, key) for key in ("position", "rotation_quaternion", "camera_matrix")}
    size = {"image_width": 960, "image_height": 540}
    rig.calibration["CUT"] = fused.FusedCylindricalCalibration(
        **common, **size, cut_angles_degree=fused.CutAngles(upper=40, lower=-40)
    )
    with pytest.raises(
        ProjectionUnavailableError, match="does not publish how fused_cylindrical cameras project"
    ):
        project_with_rig([[1, 2, 3]], rig, "CUT")
    rig.calibration["ROUND"] = CylindricalCalibration(**common, **size)
    assert project_with_rig([[9, 0.1, -0.45]], rig, "ROUND").visible.all()


@pytest.mark.parametrize("suffix", ["csv", "npy", "pcd", "las"])
def test_points_of_every_format(tmp_path: Path, cloud: Any, suffix: str) -> None:
    """Coordinates come as the file has them, in its order."""
    path = tmp_path / f"cloud.{suffix}"
    if suffix == "npy":
        np.save(path, np.column_stack([cloud, np.arange(len(cloud))]))
    elif suffix == "csv":
        rows = "".join(f"{i},{x!r},{y!r},{z!r}\n" for i, (x, y, z) in enumerate(cloud.tolist()))
        path.write_text("number,x,y,z\n" + rows)
    elif suffix == "pcd":
        from pypcd4 import PointCloud

        PointCloud.from_xyz_points(cloud.astype(np.float32)).save(path)
    else:
        import laspy

        las = laspy.create(point_format=3, file_version="1.2")
        las.header.scales = [0.001] * 3
        las.x, las.y, las.z = cloud.T
        las.write(path)

    found = read_positions(path)

    assert (found.dtype, found.shape) == (np.float64, (200, 3))
    np.testing.assert_allclose(found, cloud, atol=0 if suffix in ("csv", "npy") else 1e-3)


@pytest.mark.parametrize(
    "array", [np.zeros(3), np.zeros((3, 2)), np.array([["a", "b", "c"]]), np.zeros((2, 3, 3))]
)
def test_arrays_that_hold_no_points(tmp_path: Path, array: Any) -> None:
    """Other shapes and kinds are refused with what they are."""
    np.save(tmp_path / "cloud.npy", array)

    with pytest.raises(
        ContentError, match=r"cloud\.npy: .* it holds .* of shape .*; save numbers of shape \(N, 3\)"
    ):
        read_positions(tmp_path / "cloud.npy")


def test_files_that_hold_no_points(tmp_path: Path) -> None:
    """Missing and damaged files, pickles, and formats that hold no points."""
    with pytest.raises(ContentError, match=r"missing\.npy.*No such file"):
        read_positions(tmp_path / "missing.npy")
    with pytest.raises(ContentError, match=r"missing\.csv: there is no such file"):
        read_positions(tmp_path / "missing.csv")
    np.save(tmp_path / "pickle.npy", np.array([{}]), allow_pickle=True)
    with pytest.raises(ContentError, match=r"pickle\.npy.*allow_pickle=False"):
        read_positions(tmp_path / "pickle.npy")
    (tmp_path / "cut.npy").write_bytes(b"\x93NUMPY\x01")
    with pytest.raises(ContentError, match=r"cut\.npy: the points cannot be read"):
        read_positions(tmp_path / "cut.npy")
    (tmp_path / "names.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ContentError, match=r"names\.csv"):
        read_positions(tmp_path / "names.csv")
    (tmp_path / "image.png").write_bytes(b"x")
    with pytest.raises(ContentError, match=r"'png' is not a format for point clouds"):
        read_positions(tmp_path / "image.png")


def test_pixels_as_text(rig: SensorCalibration, cloud: Any) -> None:
    """CSV and JSON hold the same rows: numbers of the points, pixels or nothing, and whether it is seen."""
    points = np.vstack([cloud[:3], [[-5, 0, 0]], [[np.nan, 0, 0]], cloud[3:6]])
    found = project_with_rig(points, rig, "FRONT")
    as_csv, as_json = StringIO(), StringIO()

    write_pixels(found, as_csv)
    write_pixels(found, as_json, as_json=True)

    rows, objects = list(csv.DictReader(as_csv.getvalue().splitlines())), json.loads(as_json.getvalue())
    assert [int(row["point"]) for row in rows] == list(range(8)) == [row["point"] for row in objects]
    assert list(objects[0]) == list(rows[0]) == ["point", "u", "v", "depth", "visible"]
    for row, item, pixel in zip(rows, objects, found.pixels, strict=True):
        if np.isfinite(pixel).all():
            np.testing.assert_allclose([float(row["u"]), float(row["v"])], pixel, atol=1e-6)
            np.testing.assert_allclose([item["u"], item["v"]], pixel, atol=1e-6)
        else:
            assert (row["u"], row["v"], item["u"], item["v"]) == ("", "", None, None)
        assert bool(int(row["visible"])) is item["visible"]
    assert (rows[3]["depth"], rows[4]["depth"]) == ("6.416580", "")


def test_visible_points_keep_their_numbers(rig: SensorCalibration, cloud: Any) -> None:
    """Only what is in the image, with the numbers of the file; nothing at all is an empty table."""
    found = project_with_rig(cloud, rig, "FRONT")
    text, nothing, no_rows = StringIO(), StringIO(), StringIO()

    write_pixels(found, text, only_visible=True)
    behind = project_with_rig([[-5.0, 0, 0]], rig, "FRONT")
    write_pixels(behind, nothing, as_json=True, only_visible=True)
    write_pixels(behind, no_rows, only_visible=True)

    rows = list(csv.DictReader(text.getvalue().splitlines()))
    assert [int(row["point"]) for row in rows] == np.flatnonzero(found.visible).tolist()
    assert (json.loads(nothing.getvalue()), no_rows.getvalue()) == ([], "point,u,v,depth,visible\n")


def test_long_clouds_are_written_in_parts(
    rig: SensorCalibration, monkeypatch: pytest.MonkeyPatch, cloud: Any
) -> None:
    """The parts that a long cloud is written in do not show."""
    found = project_with_rig(cloud, rig, "FRONT")
    whole, parts = StringIO(), StringIO()
    write_pixels(found, whole, as_json=True)

    monkeypatch.setattr("kognic.scenes.calibration.projection._ROWS", 7)
    write_pixels(found, parts, as_json=True)

    assert parts.getvalue() == whole.getvalue()
