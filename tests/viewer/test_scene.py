"""From a scene on disk to what the viewer shows."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pytest

from kognic.annotations.labels import encode_png
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


@pytest.mark.slow
def test_masks_of_images() -> None:
    """Bitmaps name classes by their ontology; masks of one object and run-length masks by the object."""
    grey = np.zeros((HEIGHT, WIDTH), np.uint8)
    grey[:10], grey[10:20] = 3, 7
    png = {"is": "image", "stream": "FRONT", "mime_type": "image/png", "encoding": "base64"}
    bitmap = openlabel({**png, "val": encode_png(grey)}, kind="segmentation_bitmap")
    bitmap["openlabel"]["ontologies"] = {"0": {"classifications": {"3": "road", "7": "sky"}, "uri": ""}}
    single = openlabel({**png, "val": encode_png(np.where(grey == 7, 255, 0))}, kind="Truck")
    runs = f"#{5 * WIDTH}V0#{WIDTH}V1"
    rle = openlabel({"is": "binary", "stream": "FRONT", "encoding": "rle", "data_type": "", "val": runs})
    documents = [("bitmap", bitmap), ("single", single), ("rle", rle)]

    source = SceneSource(view_of(scene()), calibration(), documents=documents)
    shown = source.frame(0)

    by_layer = {mask.layer: mask for mask in shown.masks}
    assert [by_layer[layer].names for layer in range(3)] == [{1: "road", 2: "sky"}, {1: "Truck"}, {1: "Car"}]
    assert np.bincount(by_layer[0].values.ravel()).tolist() == [
        WIDTH * (HEIGHT - 20),
        10 * WIDTH,
        10 * WIDTH,
    ]
    assert by_layer[1].values[10:20].all()
    assert by_layer[1].values.sum() == 10 * WIDTH
    assert np.flatnonzero(by_layer[2].values.any(axis=1)).tolist() == [5]
    assert source.scene.classes == {1: "road", 2: "sky"}
    assert shown.notes == []


def test_masks_that_do_not_fit_are_left_out_with_a_note() -> None:
    """Another size, no PNG, another sensor, too many pixels."""
    png = {"is": "image", "stream": "FRONT", "mime_type": "image/png", "encoding": "base64"}
    document = openlabel(
        {**png, "val": encode_png(np.zeros((4, 6)))},
        {**png, "val": "bm8gaW1hZ2U="},
        {**png, "val": encode_png(np.zeros((4, 6))), "stream": "REAR"},
        {"is": "binary", "stream": "FRONT", "encoding": "rle", "val": f"#{WIDTH * HEIGHT + 1}V1"},
    )

    shown = SceneSource(view_of(scene()), calibration(), documents=[("annotation", document)]).frame(0)

    assert shown.masks == []
    told = "\n".join(shown.notes)
    assert len(shown.notes) == 4
    assert f"has 6 x 4 pixels, the image of FRONT {WIDTH} x {HEIGHT}" in told
    assert "the PNG cannot be decoded" in told
    assert "names the stream 'REAR', and the frame has no such image" in told
    assert "the point cloud has" in told or "points" in told


def test_holes_of_polygons() -> None:
    """What cuts out of what, without repeating it among the properties."""
    outline = {"is": "poly2d", "stream": "FRONT", "closed": True, "mode": "MODE_POLY2D_ABSOLUTE"}
    document = openlabel({**outline, "val": [0, 0, 9, 0, 9, 9]}, {**outline, "val": [2, 2, 3, 2, 3, 3]})
    (data,) = document["openlabel"]["frames"]["0"]["objects"].values()
    for polygon, is_hole in zip(data["object_data"]["poly2d"], (False, True), strict=True):
        polygon["attributes"]["boolean"] = [{"name": "is_hole", "val": is_hole}]
        polygon["attributes"]["text"].append({"name": "polygon_id", "val": "1"})

    shapes = SceneSource(view_of(scene()), calibration(), documents=[("a", document)]).frame(0).shapes

    assert [(shape.is_hole, shape.polygon_id) for shape in shapes] == [(False, "1"), (True, "1")]
    assert all(shape.properties == {} for shape in shapes)
