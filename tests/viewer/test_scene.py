"""From a scene on disk to what the viewer shows."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pytest

from kognic.annotations.segmentation import encode_rle
from kognic.io.model.calibration import CustomCameraCalibration, RotationQuaternion
from kognic.scenes.geometry.motion import Trajectory
from kognic.scenes.scene_view import view_of
from kognic.viewer.scene import SceneSource, SourceOptions
from tests.viewer.stills.rigs import (
    CAMERA,
    HEIGHT,
    LIDAR,
    START,
    WIDTH,
    calibration,
    cloud,
    frame,
    imu,
    openlabel,
    pinhole,
    pose_values,
    scene,
)

POINTS = [[0.3, 6, -1.4], [0, 0, 0], [-2.0, 25, 0.5], [1.2, 9, -0.2]]


def segmented(runs: str, stream: str | None = "TOP", **classes: str) -> dict[str, Any]:
    """A document with a segmentation of its first frame."""
    attributes = {} if stream is None else {"attributes": {"text": [{"name": "stream", "val": stream}]}}
    binary = {"name": "s", "val": runs, "encoding": "rle", "data_type": "", **attributes}
    return {
        "openlabel": {
            "metadata": {"schema_version": "1.0.0"},
            "ontologies": {
                "0": {"classifications": {key.strip("_"): name for key, name in classes.items()}, "uri": ""}
            },
            "objects": {"seg": {"name": "seg", "type": "3DPointCloudSegmentation"}},
            "frames": {
                "0": {
                    "frame_properties": {"timestamp": 0},
                    "objects": {"seg": {"object_data": {"binary": [binary]}}},
                }
            },
        }
    }


def test_points_stay_in_the_system_of_their_lidar() -> None:
    """With their times, and without those that are no measurements."""
    view = view_of(scene(frame(point_clouds=[cloud(POINTS, times=START + np.arange(4))])))

    source = SceneSource(view, calibration())
    (shown,) = source.frame(0).clouds

    assert shown.xyz.tolist() == [POINTS[0], POINTS[2], POINTS[3]]
    assert shown.times_ns is not None
    assert [int(time) - START for time in shown.times_ns] == [0, 2, 3]
    assert source.scene.only_lidar == "TOP"
    assert source.scene.lidars[0].given is not None
    assert source.scene.lidars[0].given.position == tuple(LIDAR.position)


@pytest.mark.parametrize("stream", ["TOP", None, "lidar"])
def test_segmentation_names_the_points_of_the_file(stream: str | None) -> None:
    """Labels count the points of the file, also those that are not shown."""
    document = segmented(encode_rle([7, 7, 0, 9]), stream, _7="road", _9="car")
    view = view_of(scene(frame(point_clouds=[cloud(POINTS)])))

    source = SceneSource(view, calibration(), documents=[("annotation", document)])
    (shown,) = source.frame(0).clouds

    assert source.scene.classes == {1: "road", 2: "car"}
    assert shown.classes is not None
    assert shown.classes.tolist() == [1, 0, 2]


def test_segmentation_of_another_cloud_is_left_out_with_a_note() -> None:
    document = segmented("#9V7", _7="road")
    view = view_of(scene(frame(point_clouds=[cloud(POINTS)])))

    shown = SceneSource(view, calibration(), documents=[("annotation", document)]).frame(0)

    assert shown.clouds[0].classes is None
    assert shown.notes[0].startswith("the segmentation of the annotation is not shown: ")
    assert "9 points, the point cloud has 4" in shown.notes[0]


def test_many_points_are_thinned_alike() -> None:
    """Points, times, intensities, labels and baked pixels keep their partners."""
    wasmtime = pytest.importorskip("wasmtime", reason="custom cameras need the extra wasm")
    module = wasmtime.wat2wasm(
        '(module (func (export "project_point_to_image") (param f64 f64 f64) (result f64 f64)'
        " (local.get 0) (local.get 2)))"
    )
    camera = CustomCameraCalibration.from_bytes(
        bytes(module), **pose_values(CAMERA), image_width=WIDTH, image_height=HEIGHT
    )
    points = [[-index / 10, 5 + index / 10, 0] for index in range(1, 101)]
    document = segmented(encode_rle(range(1, 101)), **{f"_{value}": str(value) for value in range(1, 101)})
    made = scene(frame(point_clouds=[cloud(points, times=START + np.arange(100))]))

    source = SceneSource(
        view_of(made),
        calibration(FRONT=camera),
        documents=[("annotation", document)],
        options=SourceOptions(max_points=10),
    )
    shown = source.frame(0)

    (kept,) = shown.clouds
    assert (len(kept.xyz), kept.total) == (10, 100)
    numbers = np.rint(-kept.xyz[:, 0] * 10).astype(int)
    assert kept.times_ns is not None
    assert kept.classes is not None
    assert [int(time) - START + 1 for time in kept.times_ns] == numbers.tolist()
    assert kept.classes.tolist() == numbers.tolist()
    baked = shown.pictures[0].baked
    assert baked is not None
    seen = np.isfinite(baked[:, 0])
    # The module answers with x to the right and z ahead: both tell the point.
    ahead = LIDAR.apply(kept.xyz)[:, 0] - CAMERA.position[0]
    assert seen.any()
    assert np.allclose(baked[seen, 1], ahead[seen])


def test_the_front_is_where_the_vehicle_goes() -> None:
    """In the reference system; the lidar's own y axis points ahead."""
    moving = SceneSource(view_of(scene(imu_data=imu())), calibration())
    standing = SceneSource(view_of(scene(imu_data=imu(speed=0.0))), calibration())

    assert moving.scene.forward == pytest.approx((1, 0), abs=1e-9)
    assert standing.scene.forward is None
    path = Trajectory.of_scene(moving.view)
    assert path is not None
    assert moving.scene.trajectory is not None
    assert moving.scene.trajectory.times_ns.tolist() == path.times.tolist()


def test_what_is_missing_in_the_calibration_is_said() -> None:
    """A lidar whose quaternion has no direction, a camera that is not there."""
    broken = calibration()
    lidar = broken.calibration["TOP"]
    broken.calibration["TOP"] = attrs.evolve(
        lidar, rotation_quaternion=RotationQuaternion(w=0, x=0, y=0, z=0)
    )
    del broken.calibration["FRONT"]

    shown = SceneSource(view_of(scene()), broken).scene

    assert shown.cameras[0].given is None
    assert shown.cameras[0].note == "the calibration has no camera FRONT"
    assert shown.lidars[0].given is None
    assert "the calibration has no lidar TOP: its points are left out" in shown.notes


def test_two_calibrations_and_documents_are_compared() -> None:
    """Each camera has both, shapes know their document."""
    other = calibration(FRONT=pinhole(k1=0))
    car = openlabel({"is": "cuboid", "val": [0, 12, 0, 0, 0, 0, 1, 2, 4, 1.5]})

    source = SceneSource(
        view_of(scene()), calibration(), compare=other, documents=[("before", car), ("after", car)]
    )

    assert source.scene.has_second_calibration
    camera = source.scene.cameras[0]
    assert camera.given is not None
    assert camera.suggested is not None
    assert camera.given.parameters["k1"] == -0.25
    assert camera.suggested.parameters["k1"] == 0
    assert [shape.layer for shape in source.frame(0).shapes] == [0, 1]
    assert [layer.name for layer in source.scene.layers] == ["before", "after"]


def test_unknown_frames_and_cameras_are_refused() -> None:
    view = view_of(scene())
    with pytest.raises(ValueError, match="there is no frame 3; the scene has 1, counted from 0"):
        SceneSource(view, calibration(), options=SourceOptions(frames=[3]))
    with pytest.raises(ValueError, match="the scene has no camera 'REAR'; it has FRONT"):
        SceneSource(view, calibration(), options=SourceOptions(cameras=["REAR"]))
