"""Everything of a frame in one system, at the right time."""

from __future__ import annotations

from typing import Any

import attrs
import cv2
import numpy as np
import pytest

from kognic.annotations.openlabel import Document
from kognic.io.model.calibration import LidarCalibration
from kognic.io.model.ego import EgoVehiclePose
from kognic.io.model.scene.aggregated_lidars_and_cameras_seq import AggregatedLidarsAndCamerasSequence
from kognic.io.model.scene.aggregated_lidars_and_cameras_seq import Frame as AggregatedFrame
from kognic.scenes.scene_view import view_of
from kognic.viewer.stills.annotations import Annotations
from kognic.viewer.stills.stage import SceneStage, Stage
from tests.viewer.stills.rigs import (
    LIDAR,
    MATRIX,
    MS,
    START,
    calibration,
    cloud,
    frame,
    image,
    imu,
    lens_coefficients,
    openlabel,
    pose_values,
    scene,
)

CUBOID = {"is": "cuboid", "val": [0.0, 10, -1, 0, 0, 0, 1, 1.8, 4.4, 1.6]}


def stages(made: Any, sensors: Any = None, document: Any = None, **options: Any) -> SceneStage:
    annotations = None if document is None else Annotations(Document.of(document))
    known = calibration().calibration if sensors is None else sensors
    return SceneStage(view_of(made), known or None, annotations, **options)


def ego(x: float, y: float) -> EgoVehiclePose:
    values = pose_values(attrs.evolve(LIDAR, rotation=np.eye(3), position=np.array([x, y, 0.0])))
    return EgoVehiclePose(position=values["position"], rotation=values["rotation_quaternion"])


def seen(stage: Stage, point: int = 0) -> np.ndarray:
    """Where OpenCV sees a point of a stage in its first image."""
    inside = stage.shots[0].motion.apply(stage.points[point : point + 1])
    return cv2.projectPoints(inside, np.zeros(3), np.zeros(3), MATRIX, lens_coefficients())[0].ravel()


def test_points_are_in_the_reference_system() -> None:
    """The lidar's y axis points ahead."""
    stage = stages(scene(frame(point_clouds=[cloud([[1, 10, -1]])]))).stage(0)

    assert np.allclose(stage.points, [[10.5, -1, 0.8]])
    assert (stage.num_points, stage.title, stage.index) == (1, "frame 0 (f0)", 0)


def test_points_move_to_the_time_of_the_image() -> None:
    """40 ms earlier, at 10 m/s, a pole was 0.4 m farther ahead."""
    made = scene(frame(images=[image(at_ms=-40)]), frame(1), imu_data=imu(10))

    stage = stages(made).stage(0)

    shot = stage.shots[0]
    assert np.allclose(stage.points, [[10.5, 0, 1.8]])
    assert shot.lens is not None
    there = shot.lens.mounting.apply(shot.motion.apply(stage.points))
    assert np.allclose(there, [[10.9, 0, 1.8]])


def test_each_point_moves_from_its_own_time() -> None:
    """With motion compensation: points of one pole, measured 100 ms apart, come together."""
    pole = cloud([[0, 11, 0], [0, 10, 0]], times=[START - 100 * MS, START])

    stage = stages(scene(frame(point_clouds=[pole]), imu_data=imu(10))).stage(0)

    assert np.allclose(stage.points, [[10.5, 0, 1.8]] * 2)


def test_without_poses_nothing_moves() -> None:
    stage = stages(scene(frame(images=[image(at_ms=-40)]))).stage(0)

    lens = stage.shots[0].lens
    assert lens is not None
    assert np.allclose(stage.shots[0].motion.apply(stage.points), lens.mounting.inverse().apply(stage.points))
    assert len(stage.path) == 0


def test_cuboids_of_one_lidar_are_in_its_system() -> None:
    stage = stages(scene(), document=openlabel(CUBOID)).stage(0)

    (solid,) = stage.solids
    assert solid.cuboid is not None
    assert np.allclose(solid.cuboid.pose.position, [10.5, 0, 0.8])
    assert np.allclose(solid.cuboid.pose.rotation @ [0, 1, 0], [1, 0, 0])


def test_cuboids_of_several_lidars_are_in_the_reference_system() -> None:
    sensors = calibration(SIDE=LidarCalibration(**pose_values(LIDAR))).calibration
    made = scene(frame(point_clouds=[cloud([[0, 10, 0]]), cloud([[0, 20, 0]], "SIDE")]))

    stage = stages(made, sensors, openlabel(CUBOID)).stage(0)

    assert stage.solids[0].cuboid is not None
    assert np.allclose(stage.solids[0].cuboid.pose.position, [0, 10, -1])
    assert np.allclose(stage.points, [[10.5, 0, 1.8], [20.5, 0, 1.8]])


def test_annotations_belong_to_their_frame() -> None:
    """Frames find each other by their relative time."""
    box = {"is": "bbox", "val": [50, 60, 20, 10], "stream": "FRONT"}
    made = stages(scene(frame(0), frame(1)), document=openlabel(CUBOID, box, time=100))

    first, second = made.stage(0), made.stage(1)

    assert (len(first.solids), len(first.shots[0].shapes)) == (0, 0)
    assert (len(second.solids), len(second.shots[0].shapes)) == (1, 1)


def test_geometry_that_cannot_be_drawn_is_told() -> None:
    broken = {"is": "cuboid", "val": [1, 2, 3]}

    stage = stages(scene(), document=openlabel(broken)).stage(0)

    assert stage.notes == ["1 geometries of the pre-annotation cannot be drawn; 'kognic check' says why"]


def test_aggregated_scenes_are_seen_from_each_frame() -> None:
    """Cuboids, and a cloud of the first frame, move with the vehicle."""
    made = AggregatedLidarsAndCamerasSequence(
        external_id="a",
        calibration_id="c",
        frames=[
            AggregatedFrame(
                frame_id=str(index),
                relative_timestamp=100 * index,
                point_clouds=[cloud([[0, 10, 0]])] if index == 0 else [],
                images=[image()],
                ego_vehicle_pose=ego(0, 3.0 * index),
            )
            for index in range(2)
        ],
    )
    box = {"is": "bbox", "val": [50, 60, 20, 10], "stream": "FRONT"}

    stage = stages(made, document=openlabel(CUBOID, box)).stage(1)

    assert np.allclose(stage.points, [[7.5, 0, 1.8]])
    assert stage.solids[0].cuboid is not None
    assert np.allclose(stage.solids[0].cuboid.pose.position, [7.5, 0, 0.8])
    assert stage.shots[0].shapes == []
    assert np.allclose(stage.path, [[-2.5, 0, 1.8], [0.5, 0, 1.8]])


def test_too_many_points_are_thinned_alike_each_time() -> None:
    points = np.column_stack([np.arange(1000) / 100, np.full(1000, 10), np.zeros(1000)])
    made = scene(frame(point_clouds=[cloud(points)]))

    first, second = (stages(made, max_points=100).stage(0) for _ in range(2))

    assert (len(first.points), first.num_points) == (100, 1000)
    assert np.array_equal(first.points, second.points)


def test_missing_sensors_are_told() -> None:
    """A lidar without calibration takes what depends on it with it; a camera keeps its image."""
    sensors = {"FRONT": calibration().calibration["TOP"]}

    made = stages(scene(), sensors, openlabel(CUBOID))
    stage = made.stage(0)

    assert made.notes == ["the calibration has no lidar TOP: what depends on it is left out"]
    assert (len(stage.points), len(stage.solids)) == (0, 0)
    assert stage.shots[0].note == "in the calibration FRONT is a lidar"
    other = stages(scene(), {"TOP": sensors["FRONT"]}).stage(0)
    assert other.shots[0].note == "the calibration has no camera FRONT"


def test_no_calibration() -> None:
    """One lidar is drawn in its own system; several are drawn together, with a word of warning."""
    alone = SceneStage(view_of(scene()), None, None)
    several = SceneStage(
        view_of(scene(frame(point_clouds=[cloud([[0, 10, 0]]), cloud([[0, 1, 0]], "SIDE")]))), None, None
    )

    assert np.allclose(alone.stage(0).points, [[0, 10, 0]])
    assert alone.stage(0).shots[0].note == "there is no calibration, so nothing is projected into images"
    assert "all point clouds are drawn in one coordinate system" in several.notes[0]
    assert len(several.stage(0).points) == 2


def test_unreadable_points_are_told() -> None:
    bad = cloud([[0, 1, 0]])
    bad = attrs.evolve(
        bad, file_data=attrs.evolve(bad.file_data, data=b"ts_gps,x,y,z,intensity\n1,a,b,c,d\n")
    )

    stage = stages(scene(frame(point_clouds=[bad]))).stage(0)

    assert len(stage.points) == 0
    assert stage.notes[0].startswith("the points of TOP cannot be read: ")


def test_unknown_cameras_are_refused() -> None:
    with pytest.raises(ValueError, match="the scene has no camera 'REAR'; it has FRONT"):
        stages(scene(), cameras=["REAR"])


def test_front_is_where_the_vehicle_drives() -> None:
    """+x by convention, unless the vehicle moves along y."""
    standing = stages(scene())
    moving = stages(scene(frame(0), frame(1), imu_data=imu(10)))
    # Without a calibration the system is that of the turned lidar.
    turned = SceneStage(view_of(scene(frame(0), frame(1), imu_data=imu(10))), None, None)

    assert standing.forward.tolist() == [1, 0]
    assert moving.forward.tolist() == [1, 0]
    assert turned.forward.tolist() == [0, 1]


def test_seen_is_where_it_is_drawn() -> None:
    """The point ahead of the camera appears above its middle, by as much as OpenCV says."""
    column, row = seen(stages(scene()).stage(0))

    assert abs(column - MATRIX[0, 2]) < 10
    assert row < MATRIX[1, 2]
