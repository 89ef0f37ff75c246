"""`kognic check` and the platform agree: both verdicts on the same scenes and documents, wrong and right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kognic.base_clients.errors import ApiError, ModelValidationError
from kognic.io.client import KognicIOClient
from kognic.io.model.calibration import Position, RotationQuaternion
from kognic.io.model.ego import EgoVehiclePose
from kognic.io.model.scene.cameras import Cameras
from kognic.io.model.scene.cameras import Frame as CamerasFrame
from kognic.io.model.scene.cameras_sequence import CamerasSequence
from kognic.io.model.scene.cameras_sequence import Frame as SequenceFrame
from kognic.io.model.scene.lidars import Frame as LidarsFrame
from kognic.io.model.scene.lidars import Lidars
from kognic.io.model.scene.lidars_and_cameras import Frame as LidarsAndCamerasFrame
from kognic.io.model.scene.lidars_and_cameras import LidarsAndCameras
from kognic.io.model.scene.lidars_sequence import Frame as LidarsSequenceFrame
from kognic.io.model.scene.lidars_sequence import LidarsSequence
from kognic.sandbox import Sandbox
from kognic.scenes.checks import check_scene
from kognic.scenes.checks.report import Report
from tests.scenes.checks.scenes import (
    START,
    aggregated_scene,
    cloud,
    frame_values,
    good_calibration,
    good_scene,
    image,
    imu,
    picture,
    write_files,
)

Change = Callable[[Any], None]
OFFLINE = ("structure", "files")
# Errors that the platform does not notice: it takes such a scene and shows it wrong.
STRICTER = {"image-size"}
# OpenLABEL wants every stream that a document uses declared; the platform does without.
INCOMPLETE = {"no streams"}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def client(sandbox: Sandbox) -> Iterator[KognicIOClient]:
    with sandbox.client() as client:
        yield client


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scene")
    write_files(folder)
    return folder


@pytest.fixture(scope="module")
def calibration_id(client: KognicIOClient) -> str:
    return client.calibration.create_calibration(good_calibration()).id


def cameras_sequence(folder: Path) -> CamerasSequence:
    """As of kognic-io 2.20.0: with calibration, poses, times and IMU data."""
    frames = []
    for index in range(4):
        values = frame_values(index, folder)
        del values["point_clouds"]
        frames.append(SequenceFrame(**values))
    return CamerasSequence(external_id="cameras", frames=frames, calibration_id="to be set", imu_data=imu())


def cameras(folder: Path) -> Cameras:
    images = [image(folder / f"{name}_0.png", name) for name in ("FRONT", "LEFT")]
    return Cameras(external_id="camera", frame=CamerasFrame(images=images), calibration_id="to be set")


def lidars(folder: Path) -> Lidars:
    clouds = frame_values(0, folder)["point_clouds"]
    return Lidars(external_id="lidar", frame=LidarsFrame(point_clouds=clouds))


def lidars_sequence(folder: Path) -> LidarsSequence:
    """With poses and times, so that the IMU data can be compared with them."""
    frames = []
    for index in range(4):
        values = frame_values(index, folder)
        del values["images"]
        frames.append(LidarsSequenceFrame(**values))
    return LidarsSequence(external_id="lidars", frames=frames, imu_data=imu())


def lidars_and_cameras(folder: Path) -> LidarsAndCameras:
    values = frame_values(0, folder)
    frame = LidarsAndCamerasFrame(images=values["images"], point_clouds=values["point_clouds"])
    return LidarsAndCameras(external_id="single", frame=frame, calibration_id="to be set")


def sequence(folder: Path) -> Any:
    return _at(good_scene(), folder)


def aggregated(folder: Path) -> Any:
    return _at(aggregated_scene(), folder)


def _at(scene: Any, folder: Path) -> Any:
    kind = type(scene.frames[0])
    scene.frames = [kind(**frame_values(index, folder)) for index in range(4)]
    return scene


def all_frames(scene: Any) -> list[Any]:
    return list(scene.frames) if hasattr(scene, "frames") else [scene.frame]


def nothing(scene: Any) -> None:
    """Leave it good."""


def no_pose_in_one_frame(scene: Any) -> None:
    scene.frames[1].ego_vehicle_pose = None


def no_poses_but_imu(scene: Any) -> None:
    for frame in scene.frames:
        frame.ego_vehicle_pose = None


def no_poses_and_no_imu(scene: Any) -> None:
    no_poses_but_imu(scene)
    scene.imu_data = []


def no_time_in_one_frame(scene: Any) -> None:
    scene.frames[2].unix_timestamp = None


def imu_ends_early(scene: Any) -> None:
    scene.imu_data = [s for s in scene.imu_data if s.timestamp < START + 250_000_000]


def imu_starts_late(scene: Any) -> None:
    scene.imu_data = [s for s in scene.imu_data if s.timestamp > START]


def sensor_without_calibration(scene: Any) -> None:
    for frame in all_frames(scene):
        frame.images[0].sensor_name = "REAR"


def pose_of_no_length(scene: Any) -> None:
    scene.frames[0].ego_vehicle_pose = EgoVehiclePose(
        position=Position(x=0, y=0, z=0), rotation=RotationQuaternion(w=0, x=0, y=0, z=0)
    )


def two_frames_of_one_id(scene: Any) -> None:
    scene.frames[1].frame_id = scene.frames[0].frame_id


def times_out_of_order(scene: Any) -> None:
    scene.frames[1].relative_timestamp, scene.frames[2].relative_timestamp = 200, 100


def no_frames(scene: Any) -> None:
    scene.frames = []


def no_images(scene: Any) -> None:
    for frame in all_frames(scene):
        frame.images = []


def no_lidar(scene: Any) -> None:
    for frame in all_frames(scene):
        frame.point_clouds = []


def lidar_twice_in_a_frame(scene: Any) -> None:
    clouds = all_frames(scene)[0].point_clouds
    clouds.append(cloud(Path(clouds[0].filename).with_name("TOP_1.pcd")))


def lidar_that_is_a_camera(scene: Any) -> None:
    for frame in all_frames(scene):
        frame.point_clouds[0].sensor_name = "FRONT"


def camera_twice_in_a_frame(scene: Any) -> None:
    all_frames(scene)[0].images[1].sensor_name = "FRONT"


def camera_missing_in_a_frame(scene: Any) -> None:
    del all_frames(scene)[-1].images[0]


def damaged_image(scene: Any) -> None:
    all_frames(scene)[0].images[0].file_data.data = b"not a picture"


def image_of_another_size(scene: Any) -> None:
    all_frames(scene)[0].images[0].file_data.data = picture(3, size=(32, 32))


def damaged_cloud(scene: Any) -> None:
    all_frames(scene)[0].point_clouds[0].file_data.data = b"VERSION .7\n"


def clouds_in_the_first_frame_only(scene: Any) -> None:
    for frame in scene.frames[1:]:
        frame.point_clouds = []


def no_cloud_in_the_first_frame(scene: Any) -> None:
    scene.frames[0].point_clouds = []


def no_cloud_in_the_middle(scene: Any) -> None:
    scene.frames[2].point_clouds = []


def no_image_in_the_middle(scene: Any) -> None:
    scene.frames[2].images = []


def one_frame(scene: Any) -> None:
    del scene.frames[1:]


def unknown_lidar(scene: Any) -> None:
    for frame in scene.frames:
        frame.point_clouds[0].sensor_name = "ROOF"


# Of sequences with lidars and cameras, aggregated or not.
WITH_BOTH: list[Change] = [
    nothing, no_pose_in_one_frame, no_poses_but_imu, no_poses_and_no_imu, no_time_in_one_frame,
    imu_ends_early, imu_starts_late, sensor_without_calibration, pose_of_no_length, two_frames_of_one_id,
    times_out_of_order, no_frames, no_images, no_lidar, lidar_that_is_a_camera, lidar_twice_in_a_frame,
    camera_twice_in_a_frame, camera_missing_in_a_frame, damaged_image, image_of_another_size,
    damaged_cloud, clouds_in_the_first_frame_only, no_cloud_in_the_first_frame, no_cloud_in_the_middle,
    no_image_in_the_middle, one_frame, unknown_lidar,
]  # fmt: skip
CHANGES: dict[str, list[Change]] = {
    "sequence": WITH_BOTH,
    "aggregated": WITH_BOTH,
    "cameras_sequence": [
        nothing, no_pose_in_one_frame, no_poses_but_imu, no_poses_and_no_imu, no_time_in_one_frame,
        imu_ends_early, imu_starts_late, sensor_without_calibration, pose_of_no_length, two_frames_of_one_id,
        times_out_of_order, no_frames, no_images, camera_twice_in_a_frame, camera_missing_in_a_frame,
        damaged_image, image_of_another_size,
    ],
    "lidars": [nothing, no_lidar, damaged_cloud, lidar_twice_in_a_frame],
    "lidars_sequence": [
        nothing, no_pose_in_one_frame, no_poses_but_imu, no_poses_and_no_imu, no_time_in_one_frame,
        imu_ends_early, imu_starts_late, pose_of_no_length, two_frames_of_one_id, times_out_of_order,
        no_frames, no_lidar, damaged_cloud, lidar_twice_in_a_frame,
    ],
    "lidars_and_cameras": [
        nothing, sensor_without_calibration, no_images, no_lidar, lidar_that_is_a_camera,
        camera_twice_in_a_frame, damaged_image, image_of_another_size, damaged_cloud, lidar_twice_in_a_frame,
    ],
    "cameras": [
        nothing, sensor_without_calibration, no_images, camera_twice_in_a_frame, damaged_image,
        image_of_another_size,
    ],
}  # fmt: skip
MAKERS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "sequence": (sequence, "lidars_and_cameras_sequence"),
    "aggregated": (aggregated, "aggregated_lidars_and_cameras_seq"),
    "cameras_sequence": (cameras_sequence, "cameras_sequence"),
    "cameras": (cameras, "cameras"),
    "lidars": (lidars, "lidars"),
    "lidars_sequence": (lidars_sequence, "lidars_sequence"),
    "lidars_and_cameras": (lidars_and_cameras, "lidars_and_cameras"),
}
SCENES = [(kind, change) for kind, changes in CHANGES.items() for change in changes]


def errors_of(report: Report) -> list[str]:
    return [f"{finding.code}: {finding}" for finding in report.errors if finding.code not in STRICTER]


def refusal(sandbox: Sandbox, client: KognicIOClient, attribute: str, scene: Any) -> str | None:
    """Why the platform refuses a scene, at once or when it processes it; None if it takes it."""
    try:
        created = getattr(client, attribute).create(scene)
    except ApiError as error:
        return str(error)
    assert sandbox.control.wait_until_idle()
    (found,) = client.scene.get_scenes_by_uuids([created.scene_uuid])
    return None if str(getattr(found.status, "value", found.status)) == "created" else str(found)


@pytest.mark.parametrize(("kind", "change"), SCENES, ids=[f"{kind}-{c.__name__}" for kind, c in SCENES])
def test_scenes(
    kind: str, change: Change, sandbox: Sandbox, client: KognicIOClient, calibration_id: str, folder: Path
) -> None:
    """What the check calls an error the platform refuses, and nothing else."""
    make, attribute = MAKERS[kind]
    scene = make(folder)
    if "lidars" not in kind or "cameras" in kind:
        scene.calibration_id = calibration_id
    change(scene)

    found = errors_of(check_scene(scene, calibration=good_calibration(), groups=OFFLINE))
    refused = refusal(sandbox, client, attribute, scene)

    assert bool(found) == (refused is not None), (found, refused)


def box_of_points(**groups: Any) -> dict[str, Any]:
    """A document with an object of 2D points in the first camera; groups of points by key."""
    points = [
        {
            "name": f"{key}-{number}",
            "val": [4.0 + number, 3.0],
            "attributes": {
                "text": [
                    {"name": "stream", "val": "FRONT"},
                    *([{"name": "point_class", "val": name}] if name is not None else []),
                ]
            },
        }
        for key, names in groups.items()
        for number, name in enumerate(names)
    ]
    return document({"point2d": points}, object_type="LaneMarking")


def in_stream(name: str) -> dict[str, Any]:
    return {"text": [{"name": "stream", "val": name}]}


POINT_CLASS = {"text": [{"name": "stream", "val": "FRONT"}, {"name": "point_class", "val": "Start"}]}


def document(
    object_data: dict[str, Any], *, object_type: str = "Car", cameras: tuple[str, ...] = ("FRONT",)
) -> dict[str, Any]:
    object_id = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
    return {
        "openlabel": {
            "metadata": {"schema_version": "1.0.0"},
            "streams": {**{name: {"type": "camera"} for name in cameras}, "TOP": {"type": "lidar"}},
            "objects": {object_id: {"name": "one", "type": object_type}},
            "frames": {
                "0": {
                    "frame_properties": {"timestamp": 0, "streams": {"FRONT": {}, "TOP": {}}},
                    "objects": {object_id: {"object_data": object_data}},
                }
            },
        }
    }


def cuboid(*, val: Any = (1, 2, 3, 0, 0, 0, 1, 1.8, 4.1, 1.4), **text: str) -> dict[str, Any]:
    attributes = {"text": [{"name": name, "val": value} for name, value in text.items()]}
    return document({"cuboid": [{"name": "c", "val": [float(v) for v in val], "attributes": attributes}]})


DOCUMENTS: dict[str, Callable[[], dict[str, Any]]] = {
    "a cuboid": lambda: cuboid(stream="TOP"),
    "a cuboid with a property": lambda: cuboid(stream="TOP", colour="red"),
    "a cuboid with interpolated": lambda: cuboid(stream="TOP", interpolated="true"),
    "a cuboid of nine numbers": lambda: cuboid(val=range(9), stream="TOP"),
    "a cuboid of an unknown sensor": lambda: cuboid(stream="SIDE"),
    "a point": lambda: box_of_points(a=[None]),
    "a point of its object's class": lambda: box_of_points(a=["LaneMarking"]),
    "a point of another class": lambda: box_of_points(a=["LaneMarkingStart"]),
    "points of one class": lambda: box_of_points(a=["Start", "Start"]),
    "points without a class": lambda: box_of_points(a=[None, None]),
    "points of their object's class": lambda: box_of_points(a=["LaneMarking", "LaneMarking"]),
    "points of two classes": lambda: box_of_points(a=["Start", "End"]),
    "a point of a reserved class": lambda: box_of_points(a=["line_reference_point"]),
    "a point with an empty class": lambda: box_of_points(a=[""]),
    "points of which one has an empty class": lambda: box_of_points(a=["Start", ""]),
    "points of which one has no class": lambda: box_of_points(a=["Start", None]),
    "points of which one has its object's class": lambda: box_of_points(a=["Start", "LaneMarking"]),
    "points of three classes": lambda: box_of_points(a=["Start", "Middle", "End"]),
    "points of a reserved class": lambda: box_of_points(a=["Start", "line_reference_point"]),
    "points that differ from their object's class by case": lambda: box_of_points(a=["lanemarking", "Start"]),
    "a point class on a box": lambda: document(
        {"bbox": [{"name": "b", "val": [4.0, 3.0, 2.0, 1.0], "attributes": POINT_CLASS}]}
    ),
    "a point in a lidar": lambda: document(
        {"point2d": [{"name": "p", "val": [4.0, 3.0], "attributes": in_stream("TOP")}]}
    ),
    "a point of three numbers": lambda: document(
        {"point2d": [{"name": "p", "val": [4.0, 3.0, 1.0], "attributes": in_stream("FRONT")}]}
    ),
    "a point in each of two cameras": lambda: document(
        {
            "point2d": [
                {"name": name, "val": [4.0, 3.0], "attributes": in_stream(name)} for name in ("FRONT", "LEFT")
            ]
        },
        cameras=("FRONT", "LEFT"),
    ),
    "a box without a sensor": lambda: document({"bbox": [{"name": "b", "val": [4.0, 3.0, 2.0, 1.0]}]}),
    "an object that is not declared": lambda: _without(cuboid(stream="TOP"), "objects"),
    "two frames": lambda: _frames("0", "1"),
    "all frames": lambda: _frames("0", "1", "2", "3"),
    "a frame that the scene does not have": lambda: _frames("17"),
    "only a later frame": lambda: _frames("2"),
    "no frames": lambda: _without(cuboid(stream="TOP"), "frames"),
    "no metadata": lambda: _without(cuboid(stream="TOP"), "metadata"),
    "no streams": lambda: _without(cuboid(stream="TOP"), "streams"),
}


def _frames(*names: str) -> dict[str, Any]:
    """A document that shows one object in some frames; their times are those of the scene."""
    content = cuboid(stream="TOP")
    (frame,) = content["openlabel"]["frames"].values()
    content["openlabel"]["frames"] = {
        name: {**frame, "frame_properties": {"timestamp": 100 * int(name), "streams": {"TOP": {}}}}
        for name in names
    }
    return content


def _without(content: dict[str, Any], key: str) -> dict[str, Any]:
    del content["openlabel"][key]
    return content


@pytest.fixture(scope="module", params=["sequence", "aggregated"])
def placed(
    request: pytest.FixtureRequest,
    sandbox: Sandbox,
    client: KognicIOClient,
    calibration_id: str,
    folder: Path,
) -> tuple[str, Any]:
    """A scene that the platform has, and its UUID."""
    make, attribute = MAKERS[request.param]
    scene = make(folder)
    scene.calibration_id = calibration_id
    uuid = getattr(client, attribute).create(scene).scene_uuid
    assert sandbox.control.wait_until_idle()
    return uuid, scene


@pytest.mark.parametrize("name", DOCUMENTS)
def test_pre_annotations(name: str, client: KognicIOClient, placed: tuple[str, Any]) -> None:
    """Cuboids, 2D points with point classes, and the frames of a document."""
    uuid, scene = placed
    content = DOCUMENTS[name]()

    report = check_scene(scene, calibration=good_calibration(), pre_annotation=content, groups=("openlabel",))
    refused = None
    try:
        client.pre_annotation.create(uuid, content, dryrun=True)
    except (ApiError, ModelValidationError) as error:  # the latter where the schema is broken: not sent
        refused = str(error)

    expected = refused is not None or name in INCOMPLETE
    assert bool(errors_of(report)) == expected, (errors_of(report), refused)
