"""Creating scenes by type, over real sockets."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterator
from io import BytesIO, RawIOBase, StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kognic.base_clients.errors import (
    ApiError,
    BadRequestError,
    KognicError,
    MissingFileError,
    ModelValidationError,
    NotFoundError,
    UploadCallbackError,
    UploadError,
)
from kognic.io.client import KognicIOClient
from kognic.io.model.scene import cameras
from kognic.io.model.scene.feature_flags import FeatureFlags
from kognic.io.model.scene.resources import Image
from kognic.io.resources.abstract import CreateableIOResource
from kognic.io.resources.scene.file_data import FileData
from kognic.io.scene_kinds import KINDS
from kognic.sandbox.control import Control
from tests.io.resources.scenes import (
    CSV,
    JPG,
    MAKERS,
    POSE,
    START_NS,
    cameras_scene,
    cameras_sequence_scene,
    create_calibration,
    created_scene,
    image,
    imu_data,
    lidars_scene,
)

PROJECT, BATCH = "sandbox-project", "batch-1"
PUT = "PUT /_storage/{bucket}/{key}/{name}"


def routes(control: Control) -> list[str]:
    return [f"{call.method} {call.route}" for call in control.calls() if "oauth" not in call.route]


@pytest.mark.parametrize("attribute", MAKERS)
def test_create_uploads_and_commits(attribute: str, client: KognicIOClient, control: Control) -> None:
    """Every kind of scene goes through the documented steps, and the platform makes it usable."""
    scene = MAKERS[attribute](client)
    control.clear_calls()
    created = getattr(client, attribute).create(scene, project=PROJECT, batch=BATCH)

    (ready,) = client.scene.wait_until_created([created.scene_uuid], timeout=30, poll_interval=0.02)
    segment = next(kind.segment for kind in KINDS if kind.attribute == attribute)
    called = routes(control)
    assert called.count(PUT) == len(scene.resources)
    assert [route for route in called if route.startswith("POST /v1")] == [
        "POST /v1/inputs/initialize",
        f"POST /v1/inputs/project/{{project}}/batch/{{batch}}/{segment}",
        "POST /v1/inputs/{sceneUuid}/actions/commit",
    ]
    assert ready.external_id == scene.external_id
    stored = {name: control.stored_bytes(created.scene_uuid, name) for name in scene.resources}
    assert stored == {name: resource.file_data.data for name, resource in scene.resources.items()}
    assert created.request_input_uuid is not None


@pytest.mark.parametrize("attribute", MAKERS)
def test_create_dryrun_checks_only(attribute: str, client: KognicIOClient, control: Control) -> None:
    """A dry run uploads nothing, creates nothing and returns None."""
    scene = MAKERS[attribute](client)

    assert getattr(client, attribute).create(scene, dryrun=True) is None
    assert control.scenes() == []
    assert not any("_storage" in route for route in routes(control))


@pytest.mark.parametrize("attribute", MAKERS)
def test_signature_is_the_documented_one(attribute: str, client: KognicIOClient) -> None:
    """The first argument has the name of the kind; the rest is the same for all."""
    signature = inspect.signature(getattr(client, attribute).create)

    assert list(signature.parameters) == [
        attribute, "project", "batch", "annotation_types", "dryrun", "feature_flags",
    ]  # fmt: skip


@pytest.mark.parametrize("attribute", MAKERS)
def test_wrong_class_is_refused_before_any_call(
    attribute: str, client: KognicIOClient, control: Control
) -> None:
    """A scene of another kind is refused, naming the right creator; a dict, naming the class."""
    other = lidars_scene() if "cameras" in attribute else cameras_scene()
    right = "lidars" if "cameras" in attribute else "cameras"
    create = getattr(client, attribute).create

    with pytest.raises(
        ValueError, match=rf"Cannot create a <class .*> via this endpoint: use client\.{right}\.create"
    ):
        create(other)
    with pytest.raises(ValueError, match="Cannot create a <class 'dict'> via this endpoint: it takes"):
        create({"external_id": "x"})
    assert control.calls() == []


def test_cameras_alone_with_calibration_and_motion(client: KognicIOClient, control: Control) -> None:
    """A scene of cameras takes a calibration, IMU data, poses and times, as one with lidars does."""
    calibration = create_calibration(client)
    scene = cameras_sequence_scene(calibration_id=calibration, imu_data=imu_data())
    for number, frame in enumerate(scene.frames):
        frame.unix_timestamp = START_NS + number
        frame.ego_vehicle_pose = POSE
    created = client.cameras_sequence.create(scene)
    (ready,) = client.scene.wait_until_created([created.scene_uuid], timeout=30, poll_interval=0.02)

    assert ready.calibration_id == calibration
    assert client.scene.get_ego_poses(created.scene_uuid) == {"0": POSE, "1": POSE}
    assert [route for route in routes(control) if route.startswith("POST /v1/i")] == [
        "POST /v1/inputs/initialize",
        "POST /v1/imu",
        "POST /v1/inputs/cameras-sequence",
        "POST /v1/inputs/{sceneUuid}/actions/commit",
    ]

    one = cameras_scene(calibration_id=calibration, frame=cameras.Frame(images=[image()]))
    single = client.cameras.create(one)
    (ready,) = client.scene.wait_until_created([single.scene_uuid], timeout=30, poll_interval=0.02)
    assert ready.calibration_id == calibration


def test_imu_data_goes_its_own_way(client: KognicIOClient, control: Control) -> None:
    """IMU data is announced before the scene and uploaded after its files, before the commit."""
    created = client.lidars.create(lidars_scene(imu_data=imu_data()))
    client.scene.wait_until_created([created.scene_uuid], timeout=30, poll_interval=0.02)

    called = routes(control)
    assert called.count(PUT) == 2
    assert [route for route in called if route.startswith("POST /v1")] == [
        "POST /v1/inputs/initialize",
        "POST /v1/imu",
        "POST /v1/inputs/lidars",
        "POST /v1/inputs/{sceneUuid}/actions/commit",
    ]
    names = control.stored_files(created.scene_uuid)
    assert len(names) == 2
    assert control.stored_bytes(created.scene_uuid, "sweep.csv") == CSV


def test_imu_data_in_a_dry_run_is_checked_only(client: KognicIOClient, control: Control) -> None:
    """Both calls of a dry run say that they are one; nothing is uploaded."""
    assert client.lidars.create(lidars_scene(imu_data=imu_data()), dryrun=True) is None

    dry = {call.route for call in control.calls() if "x-dryrun" in call.headers}
    assert dry == {"/v1/imu", "/v1/inputs/lidars"}


def test_refused_imu_data(client: KognicIOClient, control: Control) -> None:
    """The platform's explanation of a refusal is the error's text; nothing exists."""
    scene = cameras_sequence_scene()
    scene = lidars_scene(imu_data=imu_data())
    scene.frame.unix_timestamp = None

    with pytest.raises(
        BadRequestError, match="If imu data is provided, all frames must have unix timestamps"
    ) as info:
        client.lidars.create(scene)
    assert isinstance(info.value, RuntimeError)
    assert info.value.scene_uuid is None
    assert control.scenes() == []


def test_feature_flags(client: KognicIOClient) -> None:
    """Without flags motion is compensated where there is IMU data; with an empty set it is not."""
    on = client.lidars.create(lidars_scene("on", imu_data=imu_data()))
    off = client.lidars.create(lidars_scene("off", imu_data=imu_data()), feature_flags=FeatureFlags())
    client.scene.wait_until_created([on.scene_uuid, off.scene_uuid], timeout=30, poll_interval=0.02)

    assert client.scene.get_scene_summary(on.scene_uuid).is_motion_compensated
    assert not client.scene.get_scene_summary(off.scene_uuid).is_motion_compensated


def test_local_files_are_sent_as_they_are(client: KognicIOClient, control: Control, tmp_path: Path) -> None:
    """Files on disk arrive byte by byte, with their length and a content type of their own."""
    file = tmp_path / "a.b.jpg"
    file.write_bytes(JPG)
    scene = cameras.Cameras(external_id="disk", frame=cameras.Frame(images=[Image(filename=str(file))]))

    created = client.cameras.create(scene)

    client.scene.wait_until_created([created.scene_uuid], timeout=30, poll_interval=0.02)
    (put,) = [call for call in control.calls() if call.method == "PUT"]
    assert (put.headers["content-type"], put.headers["content-length"]) == ("image/jpeg", str(len(JPG)))
    assert "authorization" not in put.headers
    (name,) = scene.resources
    assert control.stored_bytes(created.scene_uuid, name) == JPG


@pytest.mark.parametrize("position", [0, 10, None])
def test_open_streams_arrive_whole(position: int | None, client: KognicIOClient, control: Control) -> None:
    """A stream that was just written is at its end; its content is sent from the start."""
    stream = BytesIO()
    stream.write(JPG)
    if position is not None:
        stream.seek(position)
    picture = image("front", file_data=FileData(data=stream, format="jpg"))

    created = client.cameras.create(cameras_scene(frame=cameras.Frame(images=[picture])))

    assert control.stored_bytes(created.scene_uuid, "front.jpg") == JPG


def _closed() -> BytesIO:
    stream = BytesIO(JPG)
    stream.close()
    return stream


def _write_only(folder: Path) -> Any:
    file = (folder / "write-only.jpg").open("wb")
    file.write(JPG)
    file.flush()
    return file


def _advanced() -> Iterator[bytes]:
    blocks = (block for block in [JPG, JPG])
    next(blocks)
    return blocks


UNREADABLE: dict[str, tuple[Callable[[Path], Any], str]] = {
    "empty": (lambda _: BytesIO(), "front is empty: 0 bytes would be uploaded"),
    "empty bytes": (lambda _: b"", "front is empty: 0 bytes would be uploaded"),
    "no blocks": (lambda _: [], "front is empty: 0 bytes would be uploaded"),
    "closed": (lambda _: _closed(), "the file object for front is closed; pass an open one"),
    "write-only": (_write_only, r"the file object for front cannot be read \((not readable|read)\); open it"),
    "text": (lambda _: StringIO("text"), "front gives text; open it in binary mode"),
    "used generator": (lambda _: _advanced(), "the generator for front has already been advanced"),
    "pixels": (
        lambda _: np.zeros((4, 6, 3), np.uint8),
        "an array of 4 x 6 x 3 elements, must be bytes: encode",
    ),
    "numbers": (lambda _: [1, 2], "front gave int, must be bytes"),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_content_that_cannot_be_read_is_an_error(
    kind: str, client: KognicIOClient, control: Control, tmp_path: Path
) -> None:
    """It names the file before anything is sent, in a dry run too; the other files are left as they are."""
    make, text = UNREADABLE[kind]
    other = BytesIO(JPG)
    other.seek(7)
    pictures = [
        image("front", file_data=FileData(data=make(tmp_path), format="jpg")),
        image("left", "CAM-L", file_data=FileData(data=other, format="jpg")),
    ]
    scene = cameras_scene("hollow", frame=cameras.Frame(images=pictures))

    for dryrun in (True, False):
        with pytest.raises(UploadError, match=text) as info:
            client.cameras.create(scene, dryrun=dryrun)
        assert "1 of 2 files cannot be uploaded; nothing was sent" in str(info.value)
        assert info.value.scene_uuid is None
        assert (set(info.value.failures), info.value.not_started) == ({"front.jpg"}, ("left.jpg",))

    assert control.calls() == []
    assert control.scenes("hollow") == []
    assert (other.closed, other.tell()) == (False, 7)


def test_a_file_that_is_gone_since_is_an_error(
    client: KognicIOClient, control: Control, tmp_path: Path
) -> None:
    """One deleted after its resource was built is found before anything is sent."""
    file = tmp_path / "front.jpg"
    file.write_bytes(JPG)
    scene = cameras_scene(frame=cameras.Frame(images=[Image(filename=str(file), sensor_name="CAM")]))
    file.unlink()

    with pytest.raises(UploadError, match=r"Local file is missing: .*front\.jpg") as info:
        client.cameras.create(scene)
    assert isinstance(info.value, FileNotFoundError)
    assert control.calls() == []


class Wire(RawIOBase):
    """A stream of unknown length, as of a socket; it says that it cannot be read, as its base class does."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def read(self, size: int = -1) -> bytes:
        size = len(self._content) if size < 0 else size
        read, self._content = self._content[:size], self._content[size:]
        return read


def test_one_stream_for_two_resources(client: KognicIOClient, control: Control) -> None:
    """A seekable one is sent whole to each; one that cannot seek is refused before anything is sent."""
    shared: Any = BytesIO(JPG)

    def create() -> str:
        pictures = [
            image(name, name, file_data=FileData(data=shared, format="jpg")) for name in ("front", "left")
        ]
        return client.cameras.create(cameras_scene(frame=cameras.Frame(images=pictures))).scene_uuid

    created = create()
    assert [control.stored_bytes(created, f"{name}.jpg") for name in ("front", "left")] == [JPG, JPG]

    shared, before = Wire(JPG), len(control.calls())
    with pytest.raises(UploadError, match="one file object for several resources must be seekable"):
        create()
    assert len(control.calls()) == before


def test_a_stream_is_closed_after_its_upload(client: KognicIOClient, control: Control) -> None:
    """So the same scene created again says so, and nothing of it exists a second time."""
    picture = image("front", file_data=FileData(data=BytesIO(JPG), format="jpg"))
    scene = cameras_scene("twice", frame=cameras.Frame(images=[picture]))
    client.cameras.create(scene)

    with pytest.raises(UploadError, match=r"file object for front is closed; .* \(an upload closes"):
        client.cameras.create(scene)
    assert len(control.scenes("twice")) == 1


def test_a_stream_of_unknown_length(client: KognicIOClient, control: Control) -> None:
    """It arrives whole; that it is empty is known only when it is read, and the error names the scene."""
    data: Any = Wire(JPG)
    pictures = [image("front", file_data=FileData(data=data, format="jpg"))]
    created = client.cameras.create(cameras_scene(frame=cameras.Frame(images=pictures)))
    assert control.stored_bytes(created.scene_uuid, "front.jpg") == JPG

    data = Wire(b"")
    pictures = [image("front", file_data=FileData(data=data, format="jpg"))]
    with pytest.raises(UploadError, match="front is empty: 0 bytes would be uploaded") as info:
        client.cameras.create(cameras_scene("hollow", frame=cameras.Frame(images=pictures)))
    (scene,) = control.scenes("hollow")
    assert info.value.scene_uuid == scene["uuid"]
    assert control.stored_files(scene["uuid"]) == {}


def test_a_callback_that_raises(client: KognicIOClient, control: Control) -> None:
    """It is called when the upload starts, so the error names the scene that was left behind."""

    def content(name: str) -> bytes:
        raise LookupError("no such recording")

    picture = image("front", file_data=FileData(callback=content, format="jpg"))
    with pytest.raises(UploadCallbackError, match="raised LookupError: no such recording") as info:
        client.cameras.create(cameras_scene("hollow", frame=cameras.Frame(images=[picture])))
    (scene,) = control.scenes("hollow")
    assert info.value.scene_uuid == scene["uuid"]
    assert isinstance(info.value.__cause__, LookupError)
    assert not any("commit" in route or "PUT" in route for route in routes(control))


def test_callbacks_get_the_name_as_given(client: KognicIOClient, control: Control) -> None:
    """A callback is called with the client's name of the file; it may be a coroutine function."""
    asked = []

    def content(name: str) -> bytes:
        asked.append(name)
        return JPG

    async def later(name: str) -> bytes:
        asked.append(name)
        return JPG

    images = [
        Image(filename=name, sensor_name=name, file_data=FileData(callback=call, format="jpg"))
        for name, call in (("now", content), ("later", later))
    ]
    created = client.cameras.create(cameras_scene(frame=cameras.Frame(images=images)))

    assert sorted(asked) == ["later", "now"]
    assert sorted(control.stored_files(created.scene_uuid)) == ["later.jpg", "now.jpg"]


def test_a_resource_shared_by_frames_is_sent_once(client: KognicIOClient, control: Control) -> None:
    """Frames may repeat a file; it is uploaded once."""
    scene = cameras_sequence_scene()
    scene.frames[1].images = scene.frames[0].images
    created = client.cameras_sequence.create(scene)

    client.scene.commit_scene(created.scene_uuid)
    assert routes(control).count(PUT) == 1


@pytest.mark.parametrize(
    "other",
    [
        image("front", "CAM-2", file_data=FileData(data=b"another image", format="jpg")),
        image("front", "CAM-2", file_data=FileData(callback=lambda name: JPG, format="jpg")),
        image("elsewhere/front", "CAM-2", resource_id="front.jpg"),
    ],
    ids=["data", "callback", "file"],
)
def test_one_id_for_different_content_is_refused(
    other: Image, client: KognicIOClient, control: Control
) -> None:
    """Two files under one id would overwrite each other: refused before anything is sent."""
    scene = cameras_scene(frame=cameras.Frame(images=[image("front"), other]))

    with pytest.raises(
        ValueError, match=r"Two resources have the id 'front.jpg' and different content .* CAM-2"
    ):
        client.cameras.create(scene)
    assert control.calls() == []


def test_batch_without_project_is_refused(client: KognicIOClient, control: Control) -> None:
    """The official client ignores such a batch; the scene would be no input."""
    with pytest.raises(ValueError, match="batch is 'batch-1' without a project"):
        client.cameras.create(cameras_scene(), batch=BATCH)
    assert control.calls() == []


def test_annotation_types_only_warn(client: KognicIOClient) -> None:
    """They have no effect any more, and the warning points at the caller."""
    with pytest.warns(FutureWarning, match="annotation_types has no effect") as caught:
        client.cameras.create(cameras_scene(), annotation_types=["signs"], dryrun=True)
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        client.cameras.create(cameras_scene(), annotation_types=[], dryrun=True)


def test_unknown_project(client: KognicIOClient) -> None:
    """What the platform does not know is a NotFoundError, which users catch as HTTPError."""
    with pytest.raises(NotFoundError, match="nowhere"):
        client.cameras.create(cameras_scene(), project="nowhere")


def test_missing_file_is_told_before_anything_is_sent(control: Control) -> None:
    """A file that is not there fails where the scene is built."""
    with pytest.raises(MissingFileError, match=r"nowhere\.jpg"):
        Image(filename="nowhere.jpg")
    assert control.calls() == []


def test_failed_upload_names_the_scene(client: KognicIOClient, control: Control) -> None:
    """The scene exists although it failed: the error says so and has its UUID, and nothing is committed."""
    with control.fault("status", "PUT /_storage/*", status=403), pytest.raises(UploadError) as info:
        client.cameras.create(cameras_scene("stranded"))

    (scene,) = control.scenes("stranded")
    assert scene["status"] == "pending"
    assert info.value.scene_uuid == scene["uuid"]
    assert f"Scene 'stranded' ({scene['uuid']}) exists on the platform, pending" in str(info.value)
    assert "could not be uploaded" in str(info.value)
    assert not any("commit" in route for route in routes(control))


def test_failing_callback_names_the_scene(client: KognicIOClient, control: Control) -> None:
    """What the user's own code raises is the cause; the scene that was left behind is named."""

    def broken(name: str) -> bytes:
        raise LookupError(f"no {name}")

    scene = cameras_scene(
        "broken", frame=cameras.Frame(images=[image(file_data=FileData(callback=broken, format="jpg"))])
    )
    with pytest.raises(UploadCallbackError, match="no front") as info:
        client.cameras.create(scene)

    assert isinstance(info.value, RuntimeError)
    assert isinstance(info.value.__cause__, LookupError)
    assert info.value.scene_uuid == control.scenes("broken")[0]["uuid"]


def test_interrupted_upload_is_not_silent(
    client: KognicIOClient, control: Control, caplog: pytest.LogCaptureFixture
) -> None:
    """Ctrl-C goes through as it is; the scene that exists is logged."""

    def interrupt(name: str) -> bytes:
        raise KeyboardInterrupt

    scene = cameras_scene(
        "interrupted",
        frame=cameras.Frame(images=[image(file_data=FileData(callback=interrupt, format="jpg"))]),
    )
    with pytest.raises(KeyboardInterrupt):
        client.cameras.create(scene)
    assert control.scenes("interrupted")[0]["uuid"] in caplog.text


def test_failed_commit_says_how_to_repeat_it(client: KognicIOClient, control: Control) -> None:
    """All files are stored, the commit is refused: the error names the call that remains to be made."""
    with (
        control.fault("status", "POST /v1/inputs/*/actions/commit", status=409),
        pytest.raises(ApiError, match=r"Repeat it with client\.scene\.commit_scene\('") as info,
    ):
        client.cameras.create(cameras_scene())

    uuid = info.value.scene_uuid
    assert uuid is not None
    assert set(control.stored_files(uuid)) == {"front.jpg", "left.jpg"}
    client.scene.commit_scene(uuid)
    client.scene.wait_until_created([uuid], timeout=30, poll_interval=0.02)


def test_commit_that_arrived_the_first_time(client: KognicIOClient, control: Control) -> None:
    """A repetition that is refused because the first commit arrived is no failure."""
    route = "POST /v1/inputs/*/actions/commit"
    control.add_fault("reset", route, after=True, times=1)
    control.add_fault("status", route, status=409, skip=1)
    uuid = client.cameras.create(cameras_scene()).scene_uuid
    client.scene.wait_until_created([uuid], timeout=30, poll_interval=0.02)

    control.clear_faults()
    control.add_fault("reset", route, times=1)
    control.add_fault("status", route, status=409, skip=1)
    with pytest.raises(ApiError, match=r"Repeat it with client\.scene\.commit_scene"):
        client.cameras.create(cameras_scene())


def test_refusal_of_a_repeated_creation(client: KognicIOClient, control: Control) -> None:
    """A refusal after a lost answer does not prove that there is no scene."""
    control.add_fault("reset", "POST /v1/inputs/cameras", after=True, times=1)
    control.add_fault("status", "POST /v1/inputs/cameras", status=400, skip=1)
    with pytest.raises(BadRequestError, match="may exist on the platform") as info:
        client.cameras.create(cameras_scene())
    assert info.value.scene_uuid == control.scenes()[0]["uuid"]


def test_lost_answer_of_a_creation_that_gives_up(client: KognicIOClient, control: Control) -> None:
    """When every attempt is lost the scene may exist; the error says so and carries its UUID."""
    with control.fault("reset", "POST /v1/inputs/cameras", after=True), pytest.raises(KognicError) as info:
        client.cameras.create(cameras_scene("lost"))

    assert "may exist on the platform, as the answer was lost" in str(info.value)
    assert info.value.scene_uuid == control.scenes("lost")[0]["uuid"]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    "route",
    [
        "POST /v1/inputs/initialize",
        "POST /v1/imu",
        "POST /v1/inputs/lidars",
        "PUT /_storage/*",
        "POST /v1/inputs/*/actions/commit",
    ],
)
def test_lost_answers_leave_one_scene(
    route: str, after: bool, client: KognicIOClient, control: Control
) -> None:
    """Every step survives a broken connection, before and after the platform did its work."""
    with control.fault("reset", route, after=after, times=1):
        created = client.lidars.create(lidars_scene("once", imu_data=imu_data()))

    (scene,) = client.scene.wait_until_created([created.scene_uuid], timeout=30, poll_interval=0.02)
    assert [each["uuid"] for each in control.scenes()] == [scene.uuid]
    assert control.stored_bytes(scene.uuid, "sweep.csv") == CSV


def test_urls_that_do_not_fit_the_files(client: KognicIOClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer without a URL for every file would lose one: refused, naming files and scene."""
    upstream = client.scene_creation._client.__class__.call

    def call(self: Any, operation: Any, *args: Any, **kwargs: Any) -> Any:
        answer = upstream(self, operation, *args, **kwargs)
        if isinstance(answer, dict) and "files" in answer:
            answer["files"].pop("left.jpg")
        return answer

    monkeypatch.setattr("kognic.base_clients.http.client.HttpClient.call", call)

    with pytest.raises(ModelValidationError, match=r"Without a URL: \['left.jpg'\]") as info:
        client.cameras.create(cameras_scene())
    assert info.value.scene_uuid is not None


def test_create_from_scene(client: KognicIOClient, control: Control) -> None:
    """Any creator places a scene in every request of a batch, the latest open one by default."""
    control.create_request(PROJECT, BATCH, title="second")
    uuid = created_scene(client)

    inputs = client.lidars.create_from_scene(uuid, PROJECT)

    assert len(inputs) == 2
    assert {each.scene_uuid for each in inputs} == {uuid}
    assert {each.uuid for each in client.input.query_inputs(scene_uuids=[uuid])} == {
        each.uuid for each in inputs
    }


def test_create_from_scene_dryrun(client: KognicIOClient, control: Control) -> None:
    """A dry run creates nothing and returns None; wrong arguments are still refused."""
    uuid = created_scene(client)

    assert client.cameras.create_from_scene(uuid, PROJECT, dryrun=True) is None
    assert control.request_inputs(uuid) == []
    with pytest.raises(NotFoundError, match="nowhere"):
        client.cameras.create_from_scene(uuid, "nowhere", dryrun=True)


def test_create_from_scene_in_a_closed_batch(client: KognicIOClient) -> None:
    """A published batch takes no more inputs."""
    uuid = created_scene(client)
    client.project.publish_batch(PROJECT, BATCH)

    with pytest.raises(BadRequestError, match=BATCH):
        client.cameras.create_from_scene(uuid, PROJECT, BATCH)


def test_create_from_scene_warns_of_annotation_types(client: KognicIOClient) -> None:
    """They have no effect any more, and the warning points at the caller."""
    uuid = created_scene(client)
    with pytest.warns(FutureWarning, match="annotation_types has no effect") as caught:
        client.cameras.create_from_scene(uuid, PROJECT, annotation_types=["signs"])
    assert caught[0].filename == __file__


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_create_from_scene_is_not_doubled(after: bool, client: KognicIOClient, control: Control) -> None:
    """After a lost response the inputs are searched for: returned if they exist, created if not."""
    control.create_request(PROJECT, BATCH, title="second")
    uuid = created_scene(client)
    with control.fault("reset", "POST /v1/inputs", after=after, times=1):
        inputs = client.cameras.create_from_scene(uuid, PROJECT)

    assert sorted(each.uuid for each in inputs) == sorted(
        each["uuid"] for each in control.request_inputs(uuid)
    )
    assert len(inputs) == 2


def test_create_upload_spec() -> None:
    """What to upload follows from the resource: a name as given, data, or a callback."""
    make = CreateableIOResource.create_upload_spec
    resource = image("front")
    spec = make("https://storage/x", resource)

    assert (spec.destination, spec.content_type, spec.filename) == (
        "https://storage/x",
        "image/jpeg",
        "front",
    )
    assert spec.data == JPG
    called = image("c", file_data=FileData(callback=lambda name: JPG, format="png"))
    assert make("u", called).callback is not None
    assert make("u", called).content_type == "image/png"
