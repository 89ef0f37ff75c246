"""Cuboids: conventions, transforms, points inside, overlap."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kognic.annotations.cuboids import (
    ARGOVERSE,
    CONVENTIONS,
    ISO_8855,
    KOGNIC,
    NUSCENES,
    Convention,
    as_cuboids,
    convert,
    corners,
    count_points,
    from_kognic,
    fronts,
    headings,
    interpolate,
    overlap,
    points_inside,
    pose_matrix,
    to_kognic,
    transform,
)
from kognic.annotations.document import Document
from kognic.scenes.importers.pandaset import read_frame

numbers = st.floats(-50, 50)
sizes = st.floats(0.1, 20)
CAR = [0, 0, 0, 0, 0, 0, 1, 1.8, 4.1, 1.4]


@st.composite
def cuboids(draw: st.DrawFn) -> list[float]:
    rotation = draw(st.tuples(*[st.floats(-1, 1)] * 4).filter(lambda q: np.linalg.norm(q) > 0.01))
    return [*draw(st.tuples(numbers, numbers, numbers)), *rotation, *draw(st.tuples(sizes, sizes, sizes))]


def test_iso_8855_of_the_platforms_example() -> None:
    """The example of the platform: identity with sizes 1.8, 4.1, 1.4."""
    converted = convert([CAR], KOGNIC, ISO_8855)[0]
    assert converted == pytest.approx([0, 0, 0, 0, 0, 0.70710678, 0.70710678, 4.1, 1.8, 1.4])


@given(cuboids())
def test_iso_8855_is_the_platforms_formula(value: list[float]) -> None:
    """The formula that the platform documents, for any rotation."""
    qx, qy, qz, qw = as_cuboids(value)[0, 3:7]
    s = np.sqrt(0.5)
    expected = np.array([s * (qx + qy), s * (qy - qx), s * (qz + qw), s * (qw - qz)])
    converted = convert(value, KOGNIC, ISO_8855)[0]
    assert abs(expected @ converted[3:7]) == pytest.approx(1)
    assert converted[7:] == pytest.approx([value[8], value[7], value[9]])
    assert converted[:3] == pytest.approx(value[:3])


@given(cuboids(), st.sampled_from(sorted(CONVENTIONS)), st.sampled_from(["centre", "bottom"]))
def test_conventions_lead_back(value: list[float], name: str, origin: str) -> None:
    """To another convention and back changes no corner."""
    base = CONVENTIONS[name]
    convention = Convention(
        heading=base.heading,
        sizes=base.sizes,
        quaternion=base.quaternion,
        origin=origin,  # type: ignore[arg-type]
    )
    centres, extents, rotations = from_kognic(value, convention)
    back = to_kognic(centres, extents, convention, quaternions=rotations)
    assert np.allclose(corners(back), corners(value), atol=1e-9)


def test_the_front_of_each_convention() -> None:
    """Rotation 0 looks along +y for Kognic and along +x for the others; the length is along the front."""
    for convention, front in ((KOGNIC, [0, 1, 0]), (ISO_8855, [1, 0, 0]), (NUSCENES, [1, 0, 0])):
        order = dict(zip(convention.sizes, range(3), strict=True))
        extents = [0.0, 0.0, 0.0]
        extents[order["w"]], extents[order["l"]], extents[order["h"]] = 1.8, 4.1, 1.4
        value = to_kognic([[0, 0, 0]], [extents], convention, yaws=[0])
        assert fronts(value)[0] == pytest.approx(front)
        along = corners(value)[0] @ np.array(front)
        assert along.max() - along.min() == pytest.approx(4.1)


def test_bottom_origins_follow_the_cuboids_own_up() -> None:
    """A car on its nose has its bottom behind it, not below."""
    bottom = Convention(heading="+x", sizes="lwh", quaternion="wxyz", origin="bottom")
    tilted = [[np.sqrt(0.5), 0, np.sqrt(0.5), 0]]  # up is along +x
    value = to_kognic([[0, 0, 0]], [[4, 2, 1]], bottom, quaternions=tilted)
    assert value[0, :3] == pytest.approx([0.5, 0, 0])


def test_corners_are_in_the_documented_order() -> None:
    """Bottom first, counter-clockwise from the rear left."""
    found = corners(CAR)[0]
    assert found[0] == pytest.approx([-0.9, -2.05, -0.7])
    assert found[2] == pytest.approx([0.9, 2.05, -0.7])
    assert found[6] == pytest.approx([0.9, 2.05, 0.7])


def test_transform_moves_corners_like_points() -> None:
    """Moving a cuboid is moving its corners, and headings turn with the pose."""
    pose = pose_matrix([10, -3, 2], [np.cos(0.4), 0, 0, np.sin(0.4)], "wxyz")
    value = to_kognic([[1, 2, 3]], [[4, 2, 1]], ISO_8855, yaws=[0.3])
    moved = transform(value, pose)
    assert np.allclose(corners(moved), corners(value) @ pose[:3, :3].T + pose[:3, 3])
    assert headings(moved)[0] == pytest.approx(0.3 + 0.8)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.eye(3), r"shape \(3, 3\), must be 4x4"),
        (np.diag([1, 1, -1, 1.0]), "is not a rotation and a translation"),
        (np.diag([2, 2, 2, 1.0]), "is not a rotation and a translation"),
    ],
)
def test_what_is_no_pose_is_refused(matrix: np.ndarray, message: str) -> None:
    """Mirrors and scales are not poses."""
    with pytest.raises(ValueError, match=message):
        transform(CAR, matrix)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([CAR[:9]], r"shape \(1, 9\), must be \(N, 10\)"),
        ([[*CAR[:7], 1, 0, 1]], r"cuboid 0 has the size \[1.0, 0.0, 1.0\] m"),
        ([[np.nan, *CAR[1:]]], "cuboid 0 .* must be finite"),
        ([[0, 0, 0, 0, 0, 0, 0, 1, 1, 1]], "quaternion 0 .* no direction"),
    ],
)
def test_what_is_no_cuboid_is_refused(value: list[list[float]], message: str) -> None:
    """The message has the index and the numbers."""
    with pytest.raises(ValueError, match=message):
        as_cuboids(value)


def test_conventions_refuse_what_they_do_not_know() -> None:
    """A typo in a convention is found at once."""
    with pytest.raises(ValueError, match=r"heading is '-x', must be '\+x' or '\+y'"):
        Convention(heading="-x", sizes="lwh", quaternion="xyzw")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"sizes is 'xyz'"):
        Convention(heading="+x", sizes="xyz", quaternion="xyzw")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"give either quaternions or yaws"):
        to_kognic([[0, 0, 0]], [[1, 1, 1]], KOGNIC)


def test_points_on_the_surface_are_inside() -> None:
    """A cuboid is closed; points that are not finite are nowhere."""
    cloud = np.array([[0.9, 2.05, 0.7], [0.91, 0, 0], [0, 0, 0], [np.nan, 0, 0]])
    assert points_inside(cloud, CAR).tolist() == [True, False, True, False]
    assert count_points(cloud, [CAR, CAR]).tolist() == [2, 2]
    assert count_points(cloud, [CAR], grow=0.02).tolist() == [3]
    assert count_points(np.empty((0, 3)), [CAR]).tolist() == [0]


@given(st.lists(cuboids(), min_size=1, max_size=4), st.integers(0, 2**32 - 1))
def test_counting_by_slices_finds_every_point(values: list[list[float]], seed: int) -> None:
    """The search along x leaves no point out."""
    cloud = np.random.default_rng(seed).uniform(-60, 60, (500, 3))
    expected = [int(points_inside(cloud, value).sum()) for value in values]
    assert count_points(cloud, values).tolist() == expected


def test_interpolation_is_linear_and_along_the_arc() -> None:
    """A third of the way."""
    start = to_kognic([[0, 0, 0]], [[4, 2, 1]], ISO_8855, yaws=[0])
    end = to_kognic([[3, 0, 6]], [[4, 2, 1]], ISO_8855, yaws=[0.9])
    middle = interpolate(start, end, [1 / 3])
    assert middle[0, :3] == pytest.approx([1, 0, 2])
    assert headings(middle)[0] == pytest.approx(0.3)
    assert middle[0, 7:] == pytest.approx([2, 4, 1])


def test_overlap_of_turned_and_shifted_cuboids() -> None:
    """Known areas: equal, half, crossed at a right angle, at 45 degrees, apart, above."""
    square = [0, 0, 0, 0, 0, 0, 1, 2, 2, 2]
    assert overlap(square, square) == pytest.approx(1)
    assert overlap(square, [1, *square[1:]]) == pytest.approx(1 / 3)
    bar = [0, 0, 0, 0, 0, 0, 1, 1, 3, 2]
    across = to_kognic([[0, 0, 0]], [[1, 3, 2]], KOGNIC, yaws=[np.pi / 2])
    assert overlap(bar, across) == pytest.approx(1 / 5)
    octagon = 8 * (np.sqrt(2) - 1)  # two squares of area 4 at 45 degrees
    turned = to_kognic([[0, 0, 0]], [[2, 2, 2]], KOGNIC, yaws=[np.pi / 4])
    assert overlap(square, turned) == pytest.approx(octagon / (8 - octagon))
    assert overlap(square, [5, *square[1:]]) == 0
    assert overlap(square, [0, 0, 3, *square[3:]]) == 0


@pytest.mark.shared
@pytest.mark.parametrize(("name", "inside"), [("kitti_000002", [82, 1405])])
def test_points_in_the_boxes_of_kitti(raw: Path, pairs: Path, name: str, inside: list[int]) -> None:
    """The published facts: points inside, and fewer with width and length exchanged."""
    points = np.fromfile(raw / "kitti_object/training/velodyne/000002.bin", "<f4").reshape(-1, 4)
    document = Document.of(json.loads((pairs / f"{name}.openlabel.json").read_text()))
    values = np.array([g.cuboid() for g in document.geometries(("cuboid",))])
    margin = 0.05  # the published counts allow five centimetres around a box
    assert sorted(count_points(points, values, grow=margin)) == inside
    swapped = values[:, [0, 1, 2, 3, 4, 5, 6, 8, 7, 9]]
    assert sorted(count_points(points, swapped, grow=margin)) == [36, 672]


@pytest.mark.shared
def test_points_in_the_boxes_of_pandaset(raw: Path, pairs: Path) -> None:
    """The published facts of the first forty cuboids: points inside, and with width and length swapped."""
    table = read_frame(raw / "pandaset/002/lidar/00.pkl.gz")
    pose, *_ = json.loads((raw / "pandaset/002/lidar/poses.json").read_text())
    to_world = pose_matrix(
        [pose["position"][axis] for axis in "xyz"], [pose["heading"][axis] for axis in "wxyz"], "wxyz"
    )
    to_lidar = np.linalg.inv(to_world)
    points = table[["x", "y", "z"]].to_numpy() @ to_lidar[:3, :3].T + to_lidar[:3, 3]
    document = Document.of(json.loads((pairs / "pandaset_002_00.cuboids.openlabel.json").read_text()))
    values = np.array([g.cuboid() for g in document.geometries(("cuboid",))])

    assert len(values) == 40
    assert count_points(points, values, grow=0.05).sum() == 25_660
    swapped = values[:, [0, 1, 2, 3, 4, 5, 6, 8, 7, 9]]
    assert count_points(points, swapped, grow=0.05).sum() == 10_845


@pytest.mark.shared
def test_points_in_the_boxes_of_nuscenes(raw: Path, pairs: Path) -> None:
    """The published fact: 1,027 points in the 68 boxes, where nuScenes counts 999."""
    points = np.fromfile(next((raw / "nuscenes/samples/LIDAR_TOP").glob("*.bin")), "<f4").reshape(-1, 5)
    to_ego = pose_matrix(
        [0.943713, 0, 1.84023], [0.707795512, -0.006492242, 0.010646215, -0.706307314], "wxyz"
    )
    cloud = points[:, :3] @ to_ego[:3, :3].T + to_ego[:3, 3]
    document = Document.of(json.loads((pairs / "nuscenes_scene-0061.openlabel.json").read_text()))
    geometries = list(document.geometries(("cuboid",)))
    counts = count_points(cloud, [g.cuboid() for g in geometries], grow=0.05)
    assert counts.sum() == 1027
    published = [document.properties(g.object_id, "0")["num_lidar_pts"] for g in geometries]
    assert sum(published) == 999
    assert np.corrcoef(counts, published)[0, 1] > 0.99


def test_argoverse_is_iso_with_another_quaternion_order() -> None:
    """Both have the front along +x and sizes l, w, h."""
    iso, argoverse = from_kognic(CAR, ISO_8855), from_kognic(CAR, ARGOVERSE)
    assert np.allclose(np.roll(iso[2], 1, axis=1), argoverse[2])
    assert np.allclose(iso[1], argoverse[1])
