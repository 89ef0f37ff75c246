"""Creating a scene a step at a time, as a run does that records what it has done."""

from __future__ import annotations

from collections import Counter
from io import BytesIO

import pytest

from kognic.base_clients.cloud_storage import UploadResult
from kognic.base_clients.errors import BadRequestError, NotFoundError, SignedUrlExpiredError, UploadError
from kognic.io.client import KognicIOClient
from kognic.io.resources.scene.file_data import FileData
from kognic.io.scene_kinds import BY_NAME, kind_of
from kognic.sandbox.control import Control
from tests.io.resources.scenes import CSV, MAKERS, cameras_scene, imu_data, lidars_scene


def test_steps_one_at_a_time(client: KognicIOClient, control: Control) -> None:
    """Reserved, posted, uploaded, committed: the platform has the scene from the second step on."""
    creation, scene = client.scene_creation, lidars_scene(imu_data=imu_data())
    uuid = creation.reserve()
    assert control.scenes() == []

    posted = creation.post(BY_NAME["lidars"], scene, uuid, project="sandbox-project")
    assert (posted.scene_uuid, posted.external_id, posted.needs_commit) == (uuid, "lidars", True)
    assert control.scenes()[0]["status"] == "pending"

    told: dict[str, UploadResult] = {}
    assert creation.upload(posted, on_stored=told.__setitem__) == told
    assert told["sweep.csv"].size == len(CSV)
    creation.commit(uuid)
    client.scene.wait_until_created([uuid], timeout=30, poll_interval=0.02)


def test_posting_again_gives_fresh_urls(client: KognicIOClient, control: Control) -> None:
    """The same UUID is the same scene; what storage holds already is left out of the next upload."""
    creation, scene = client.scene_creation, cameras_scene()
    uuid = creation.reserve()
    first = creation.post(BY_NAME["cameras"], scene, uuid)
    creation.upload(first, stored={"left.jpg"})

    second = creation.post(BY_NAME["cameras"], scene, uuid)
    assert second.files.keys() == first.files.keys()
    assert list(creation.upload(second, stored={"front.jpg"})) == ["left.jpg"]
    creation.commit(uuid)
    client.scene.wait_until_created([uuid], timeout=30, poll_interval=0.02)
    assert len(control.scenes()) == 1


def test_expired_urls_are_renewed(client: KognicIOClient, control: Control) -> None:
    """URLs that expire during an upload are replaced; what is stored by then is not uploaded again."""
    with control.fault("expired_url", "PUT /_storage/*", skip=1, times=1):
        created = client.lidars.create(lidars_scene(imu_data=imu_data()))
    assert created is not None
    with control.fault("expired_url", "PUT /_storage/*", times=1):
        client.cameras.create(cameras_scene())

    scenes = {scene["externalId"]: scene["uuid"] for scene in control.scenes()}
    assert len(scenes) == len(control.scenes()) == 2
    stored = Counter(c.path for c in control.calls() if c.method == "PUT" and c.status == 200)
    assert len(stored) == 4
    assert set(stored.values()) == {1}
    client.scene.wait_until_created(list(scenes.values()), timeout=30, poll_interval=0.02)


def test_urls_that_expire_at_once_are_an_error(client: KognicIOClient, control: Control) -> None:
    """Fresh URLs that have expired, too, are no reason to ask for more of them."""
    with control.fault("expired_url", "PUT /_storage/*"), pytest.raises(UploadError) as info:
        client.cameras.create(cameras_scene())

    assert isinstance(info.value.cause, SignedUrlExpiredError)
    assert sum(c.route == "/v1/inputs/cameras" for c in control.calls()) == 2


def test_expired_url_of_what_can_be_read_once(client: KognicIOClient, control: Control) -> None:
    """The error is about the URL, not about the file object that was read for it."""
    scene = cameras_scene()
    for image in scene.frame.images:
        image.file_data = FileData(data=BytesIO(b"picture"), format=FileData.Format.JPG)
    with (
        control.fault("expired_url", "PUT /_storage/*"),
        pytest.raises(UploadError, match="ExpiredToken") as info,
    ):
        client.cameras.create(scene)

    assert isinstance(info.value.cause, SignedUrlExpiredError)


def test_nothing_to_upload_is_nothing_to_commit(client: KognicIOClient, control: Control) -> None:
    """`finish` makes no call for a scene without files of its own."""
    posted = client.scene_creation.post(BY_NAME["cameras"], cameras_scene(), client.scene_creation.reserve())
    posted = type(posted)(posted.scene_uuid, posted.external_id, None, {}, None)
    control.clear_calls()
    client.scene_creation.finish(posted)

    assert not posted.needs_commit
    assert control.calls() == []


def test_signed_urls_are_not_shown(client: KognicIOClient) -> None:
    """A posted scene can be logged."""
    posted = client.scene_creation.post(
        BY_NAME["lidars"], lidars_scene(imu_data=imu_data()), client.scene_creation.reserve()
    )

    assert "signature" not in repr(posted).lower()
    assert "http" not in repr(posted)
    assert "<1 files>" in repr(posted)


def test_errors_of_the_steps(client: KognicIOClient, control: Control) -> None:
    """Each step raises its own error, with the scene from `post` on."""
    creation = client.scene_creation
    with pytest.raises(ValueError, match="batch is 'b' without a project"):
        creation.post(BY_NAME["cameras"], cameras_scene(), "uuid", batch="b")
    with pytest.raises(BadRequestError, match="externalId"):
        creation.post(BY_NAME["cameras"], cameras_scene(""), creation.reserve())
    with pytest.raises(NotFoundError, match="no-scene"):
        creation.commit("no-scene")
    posted = creation.post(BY_NAME["cameras"], cameras_scene(), creation.reserve())
    with control.fault("status", "PUT /_storage/*", status=403), pytest.raises(UploadError) as info:
        creation.upload(posted)
    assert info.value.scene_uuid == posted.scene_uuid


@pytest.mark.parametrize("attribute", MAKERS)
def test_kind_of(attribute: str, client: KognicIOClient) -> None:
    """Every scene by type has a kind, which names its creator."""
    assert kind_of(MAKERS[attribute](client)).attribute == attribute


def test_kind_of_something_else() -> None:
    """What is no scene by type is refused, naming those that are."""
    with pytest.raises(ValueError, match="<class 'dict'> is not a scene by type; expected one of Cameras, "):
        kind_of({})
