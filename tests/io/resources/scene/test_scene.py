"""Scenes that exist, and scene requests, over real sockets."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID, uuid4

import pytest

from kognic.base_clients.errors import (
    AmbiguousWriteError,
    ApiError,
    BadRequestError,
    ModelValidationError,
    NotFoundError,
    UploadError,
)
from kognic.io.client import KognicIOClient
from kognic.io.model.scene import (
    EgoVehiclePose,
    Frame,
    ImageResource,
    LocalFile,
    SceneRequest,
    SensorResource,
)
from kognic.io.model.scene.invalidated_reason import SceneInvalidatedReason
from kognic.io.model.scene.scene_entry import SceneStatus
from kognic.io.resources.errors import SceneFailedError, SceneInvalidatedError, SceneTimeoutError
from kognic.sandbox.control import Control
from tests.io.resources.scenes import (
    CSV,
    JPG,
    POSE,
    cameras_scene,
    cameras_sequence_scene,
    create_calibration,
    created_scene,
    lidars_sequence_scene,
)

UNKNOWN = str(uuid4())
POLL = {"timeout": 30, "poll_interval": 0.02}


def local(name: str, sensor: str = "CAM", data: bytes | None = JPG) -> ImageResource:
    return ImageResource(None, LocalFile(filename=name, data=data), sensor)


def cloud(uri: str, sensor: str = "CAM") -> ImageResource:
    return ImageResource(uri, None, sensor)


def request(
    client: KognicIOClient, *images: ImageResource, name: str = "requested", **options: object
) -> SceneRequest:
    frames = [Frame(frame_id="0", timestamp_ns=1_700_000_000_000_000_000, images=list(images))]
    return SceneRequest(workspace_id=client.workspace_id, external_id=name, frames=frames, **options)


def test_get_scenes_by_uuids(client: KognicIOClient) -> None:
    """Scenes are found by UUID; a tuple does as well as a list."""
    first, second = created_scene(client, "first"), created_scene(client, "second")

    found = client.scene.get_scenes_by_uuids((second, first))
    assert {each.uuid: each.external_id for each in found} == {first: "first", second: "second"}
    assert all(each.status == SceneStatus.Created and each.view_link for each in found)


def test_get_scenes_by_external_ids(client: KognicIOClient) -> None:
    """External ids need not be unique: all scenes of the name are found."""
    uuids = {created_scene(client, "same"), created_scene(client, "same")}

    assert {each.uuid for each in client.scene.get_scenes_by_external_ids(["same"])} == uuids


def test_unknown_scenes(client: KognicIOClient) -> None:
    """One unknown scene fails the whole question."""
    known = created_scene(client)

    with pytest.raises(NotFoundError, match=UNKNOWN):
        client.scene.get_scenes_by_uuids([known, UNKNOWN])
    with pytest.raises(NotFoundError, match="unheard-of") as info:
        client.scene.get_scenes_by_external_ids(["unheard-of"])
    assert info.value.response.status_code == 404


@pytest.mark.parametrize(
    "method", ["get_scenes_by_uuids", "get_scenes_by_external_ids", "wait_until_created"]
)
def test_a_single_text_is_refused(method: str, client: KognicIOClient, control: Control) -> None:
    """A text would be taken apart into letters: refused before anything is sent."""
    with pytest.raises(ValueError, match="is 'abc', must be a list of texts"):
        getattr(client.scene, method)("abc")
    assert control.calls() == []


def test_wait_until_created(client: KognicIOClient, control: Control) -> None:
    """Scenes that are being processed are waited for and returned in the order given."""
    control.tune(processing_delay=0.2)
    uuids = [client.cameras.create(cameras_scene(name)).scene_uuid for name in ("one", "two")]

    assert [each.uuid for each in client.scene.wait_until_created(uuids[::-1], **POLL)] == uuids[::-1]


def test_wait_until_created_failure(client: KognicIOClient, control: Control) -> None:
    """The platform's message about a failed scene is in the error."""
    with control.held():
        uuid = client.cameras.create(cameras_scene()).scene_uuid
        control.fail_scene(uuid, "the lens cap was on")
    with pytest.raises(SceneFailedError, match="the lens cap was on"):
        client.scene.wait_until_created([uuid], **POLL)


def test_wait_until_created_time_out(client: KognicIOClient, control: Control) -> None:
    """What is not ready in time is listed."""
    with control.held():
        uuid = client.cameras.create(cameras_scene()).scene_uuid
        with pytest.raises(SceneTimeoutError, match=f"not created after 0 s: {uuid}"):
            client.scene.wait_until_created([uuid], timeout=0)


def test_wait_until_created_invalidated(client: KognicIOClient) -> None:
    """An invalidated scene will never be ready."""
    uuid = created_scene(client)
    client.scene.invalidate_scenes([uuid], SceneInvalidatedReason.DUPLICATE)

    with pytest.raises(SceneInvalidatedError, match="invalidated:duplicate"):
        client.scene.wait_until_created([uuid], **POLL)


def test_wait_until_created_unknown(client: KognicIOClient) -> None:
    """A scene that the platform does not know is not visible yet, until the time-out, which names it."""
    with pytest.raises(SceneTimeoutError, match=f"{UNKNOWN}: not found"):
        client.scene.wait_until_created([UNKNOWN], timeout=0.1, poll_interval=0.02)


@pytest.mark.parametrize("poll_interval", [0, -1, float("nan")])
def test_wait_until_created_interval(poll_interval: float, client: KognicIOClient) -> None:
    """Asking without a pause is refused."""
    with pytest.raises(ValueError, match=r"poll_interval is .*, must be above 0 seconds"):
        client.scene.wait_until_created([UNKNOWN], poll_interval=poll_interval)


def test_get_scene_summary(client: KognicIOClient, control: Control) -> None:
    """The summary says what a scene consists of; a UUID object does as well as text."""
    created = client.cameras_sequence.create(cameras_sequence_scene(metadata={"region": "eu", "run": 7}))
    client.scene.wait_until_created([created.scene_uuid], **POLL)

    summary = client.scene.get_scene_summary(UUID(created.scene_uuid))
    assert summary.frame_relative_times == [0, 100]
    assert summary.cameras == {"CAM"}
    assert summary.metadata == {"region": "eu", "run": 7}
    assert control.calls()[-1].query == "includeInvalidated=False"


def test_get_scene_summary_of_invalidated(client: KognicIOClient) -> None:
    """The summary of an invalidated scene is only returned on request."""
    uuid = created_scene(client)
    client.scene.invalidate_scenes([uuid], SceneInvalidatedReason.BAD_CONTENT)

    with pytest.raises(NotFoundError, match=uuid):
        client.scene.get_scene_summary(uuid)
    assert client.scene.get_scene_summary(uuid, find_invalidated_scenes=True).scene_uuid == uuid


def test_get_ego_poses(client: KognicIOClient) -> None:
    """Poses come by frame id, numbers in their order."""
    scene = lidars_sequence_scene()
    scene.frames[0].frame_id, scene.frames[1].frame_id = "9", "10"
    uuid = client.lidars_sequence.create(scene).scene_uuid
    client.scene.wait_until_created([uuid], **POLL)

    poses = client.scene.get_ego_poses(uuid)
    assert poses == {"9": POSE, "10": POSE}
    assert list(poses or {}) == ["9", "10"]


def test_get_ego_poses_by_name(client: KognicIOClient) -> None:
    """Frame ids need not be numbers; then the platform's order is kept."""
    scene = lidars_sequence_scene()
    scene.frames[0].frame_id, scene.frames[1].frame_id = "start", "end"
    uuid = client.lidars_sequence.create(scene).scene_uuid
    client.scene.wait_until_created([uuid], **POLL)

    assert set(client.scene.get_ego_poses(uuid) or {}) == {"start", "end"}


def test_no_ego_poses(client: KognicIOClient, control: Control) -> None:
    """None for a scene without poses, and for one that does not exist; other errors are errors."""
    assert client.scene.get_ego_poses(created_scene(client)) is None
    assert client.scene.get_ego_poses(UNKNOWN) is None
    with (
        control.fault("status", "GET /v2/scenes/*/ego-poses", status=403),
        pytest.raises(ApiError, match="403"),
    ):
        client.scene.get_ego_poses(UNKNOWN)


@pytest.mark.parametrize("reason", list(SceneInvalidatedReason))
def test_invalidate_scenes(reason: SceneInvalidatedReason, client: KognicIOClient) -> None:
    """Invalidated scenes keep being found by UUID, with a status that says why."""
    uuid = created_scene(client)
    client.scene.invalidate_scenes([uuid], reason)

    (scene,) = client.scene.get_scenes_by_uuids([uuid])
    assert scene.status.value.startswith("invalidated:")


def test_invalidate_unknown_scene(client: KognicIOClient) -> None:
    """Nothing to invalidate."""
    with pytest.raises(NotFoundError, match=UNKNOWN):
        client.scene.invalidate_scenes([UNKNOWN], SceneInvalidatedReason.BAD_CONTENT)


def test_commit_unknown_scene(client: KognicIOClient) -> None:
    """Nothing to commit."""
    with pytest.raises(NotFoundError, match=UNKNOWN):
        client.scene.commit_scene(UNKNOWN)


def test_create_scene_with_local_files(client: KognicIOClient, control: Control, tmp_path: Path) -> None:
    """Files in memory, from a callback and on disk are uploaded under their names, then committed."""
    file = tmp_path / "disk.jpg"
    file.write_bytes(JPG)
    images = [
        local("memory.jpg", "A"),
        ImageResource(None, LocalFile(filename="called.jpg", callback=lambda name: JPG), "B"),
        local(str(file), "C", data=None),
    ]
    created = client.scene.create_scene(request(client, *images))

    assert created.request_input_uuid is None
    client.scene.wait_until_created([created.scene_uuid], **POLL)
    names = ["memory.jpg", "called.jpg", str(file)]
    assert {name: control.stored_bytes(created.scene_uuid, name) for name in names} == dict.fromkeys(
        names, JPG
    )


@pytest.mark.parametrize("data", [b"", None])
def test_files_of_a_scene_request_that_cannot_be_read(
    data: bytes | None, client: KognicIOClient, control: Control
) -> None:
    """An empty content and a missing file are found before the scene exists."""
    scene = request(client, local("a.jpg"), local("/nowhere/b.jpg", "B", data=data))

    with pytest.raises(
        UploadError, match=r"/nowhere/b\.jpg could not be uploaded: .*nothing was sent"
    ) as info:
        client.scene.create_scene(scene)
    assert info.value.scene_uuid is None
    assert control.scenes() == []


def test_create_scene_in_the_cloud(client: KognicIOClient, control: Control) -> None:
    """External resources need neither upload nor commit; import, reindex and import again."""
    control.put_cloud_file("s3://bucket/a.jpg", JPG)
    created = client.scene.create_scene(
        request(client, cloud("s3://bucket/a.jpg"), postpone_external_resource_import=True)
    )
    uuid = created.scene_uuid
    assert client.scene.get_scenes_by_uuids([uuid])[0].status == SceneStatus.Indexed

    client.scene.import_indexed_scene(uuid)
    client.scene.wait_until_created([uuid], **POLL)
    client.scene.reindex_scene(uuid)
    assert client.scene.get_scenes_by_uuids([uuid])[0].status == SceneStatus.Indexed
    assert not any("commit" in call.route for call in control.calls())


def test_create_scene_of_both(client: KognicIOClient, control: Control) -> None:
    """Local and external resources may be mixed; the commit covers the local part."""
    control.put_cloud_file("s3://bucket/a.csv", CSV)
    frame = Frame(
        frame_id="0",
        timestamp_ns=1_700_000_000_000_000_000,
        images=[local("a.jpg")],
        pointclouds=[SensorResource("s3://bucket/a.csv", None, "lidar")],
        ego_vehicle_pose=EgoVehiclePose(0, 0, 0, 0, 0, 0, 1),
    )
    mixed = SceneRequest(
        workspace_id=client.workspace_id,
        external_id="mixed",
        frames=[frame],
        calibration_id=create_calibration(client),
    )
    uuid = client.scene.create_scene(mixed).scene_uuid

    assert control.stored_bytes(uuid, "a.jpg") == JPG
    assert any("commit" in call.route for call in control.calls())


@pytest.mark.parametrize("method", ["import_indexed_scene", "reindex_scene"])
def test_import_unknown_scene(method: str, client: KognicIOClient) -> None:
    """Nothing to import, nothing to take back."""
    with pytest.raises(NotFoundError, match=UNKNOWN):
        getattr(client.scene, method)(UNKNOWN)


def test_refused_scene_request(client: KognicIOClient, control: Control) -> None:
    """The platform's explanation is the error's text; nothing exists."""
    with pytest.raises(BadRequestError, match="externalId"):
        client.scene.create_scene(request(client, local("a.jpg"), name=""))
    assert control.scenes() == []


def test_failed_upload_of_a_scene_request(client: KognicIOClient, control: Control) -> None:
    """The scene that was left behind is named."""
    with control.fault("status", "PUT /_storage/*", status=403), pytest.raises(UploadError) as info:
        client.scene.create_scene(request(client, local("a.jpg")))

    assert info.value.scene_uuid == control.scenes("requested")[0]["uuid"]
    assert "Scene 'requested'" in str(info.value)


def test_scene_request_lost_before_it_arrived(client: KognicIOClient, control: Control) -> None:
    """Nothing of that name exists, so it is created again, once."""
    with control.fault("reset", "POST /v2/scenes", times=1):
        uuid = client.scene.create_scene(request(client, local("a.jpg"))).scene_uuid

    assert [each["uuid"] for each in control.scenes()] == [uuid]


def test_scene_request_whose_answer_was_lost(client: KognicIOClient, control: Control) -> None:
    """External ids may repeat, so a scene of that name is not taken for the one: said, and named."""
    with (
        control.fault("reset", "POST /v2/scenes", after=True, times=1),
        pytest.raises(AmbiguousWriteError, match="Scene 'requested' may have been created") as info,
    ):
        client.scene.create_scene(request(client, local("a.jpg")))

    (scene,) = control.scenes()
    assert scene["uuid"] in str(info.value)
    assert info.value.operation == "POST v2/scenes"


def test_answer_without_upload_urls_for_all(client: KognicIOClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that forgets a file is refused, naming file and scene."""
    scene_request = request(client, local("a.jpg"))
    monkeypatch.setattr(
        type(scene_request),
        "get_files",
        lambda self: {name: LocalFile(name, JPG) for name in ("a.jpg", "b.jpg")},
    )
    with pytest.raises(ModelValidationError, match=r"Without a URL: \['b.jpg'\]") as info:
        client.scene.create_scene(scene_request)
    assert info.value.scene_uuid is not None


def test_a_scene_of_another_kind(client: KognicIOClient, control: Control) -> None:
    """A typed scene has its own creator; nothing is sent."""
    with pytest.raises(ValueError, match="scene_request is of type Cameras, must be a SceneRequest"):
        client.scene.create_scene(cameras_scene())  # type: ignore[arg-type]
    assert control.calls() == []


def test_an_unknown_reason(client: KognicIOClient, control: Control) -> None:
    """The reasons that there are stand in the message; nothing is sent."""
    with pytest.raises(ValueError, match="reason is 'ugly', must be one of bad-content, duplicate, incorr"):
        client.scene.invalidate_scenes(["x"], "ugly")  # type: ignore[arg-type]
    assert control.calls() == []
