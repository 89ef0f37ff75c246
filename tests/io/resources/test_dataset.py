"""Data sets and predictions, over real sockets."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from kognic.base_clients.errors import (
    AmbiguousWriteError,
    ApiError,
    BadRequestError,
    ModelValidationError,
    NotFoundError,
)
from kognic.io.client import KognicIOClient
from kognic.io.resources.dataset import MAX_CONNECTIONS
from kognic.io.resources.errors import PredictionsError
from kognic.sandbox import Sandbox
from kognic.sandbox.control import Control
from tests.io.resources.scenes import OPENLABEL, created_scene

UNKNOWN = str(uuid4())


@pytest.fixture
def dataset(control: Control) -> str:
    return control.create_dataset("night", annotations=[{"id": n} for n in range(3)])


@pytest.fixture
def group(client: KognicIOClient, dataset: str) -> str:
    return client.dataset.create_predictions_group(dataset, "model 7", "every night")


def test_get_datasets(client: KognicIOClient, control: Control, dataset: str) -> None:
    """Data sets as the platform lists them."""
    (found,) = client.dataset.get_datasets()

    assert "night" in found.values()
    with control.fault("status", "GET /v2/datasets", status=403), pytest.raises(ApiError, match="403"):
        client.dataset.get_datasets()


def test_get_annotations() -> None:
    """Row by row, page by page, until a page is empty."""
    with Sandbox(page_size=2) as sandbox, sandbox.client() as client:
        uuid = sandbox.control.create_dataset("d", annotations=[{"id": n} for n in range(5)])
        rows = client.dataset.get_annotations(uuid)
        assert sandbox.control.calls() == []

        first = next(rows)
        assert [first["id"], *(row["id"] for row in rows)] == list(range(5))
        queries = [call.query for call in sandbox.control.calls() if "datasets" in call.route]
        assert queries == ["offset=0", "offset=2", "offset=4", "offset=5"]


def test_unknown_dataset(client: KognicIOClient) -> None:
    """Every method names the data set that there is not."""
    with pytest.raises(NotFoundError, match=UNKNOWN):
        next(client.dataset.get_annotations(UNKNOWN))
    with pytest.raises(NotFoundError, match=UNKNOWN):
        client.dataset.get_predictions_groups(UNKNOWN)
    with pytest.raises(NotFoundError, match=UNKNOWN):
        client.dataset.create_predictions_group(UNKNOWN, "name", "description")


def test_create_predictions_group(client: KognicIOClient, control: Control, dataset: str) -> None:
    """A group is listed under its name; a segmentation data set needs a mapping of classes."""
    uuid = client.dataset.create_predictions_group(dataset, "model 7", "every night")
    (listed,) = client.dataset.get_predictions_groups(dataset)
    assert listed["name"] == "model 7"
    assert uuid in listed.values()

    segmentation = control.create_dataset("s", is_segmentation=True)
    with pytest.raises(BadRequestError, match="classMapping"):
        client.dataset.create_predictions_group(segmentation, "n", "d")
    mapping = [{"annotated": "road", "predicted": "street"}, {"annotated": "_background"}]
    assert client.dataset.create_predictions_group(segmentation, "n", "d", mapping)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_create_predictions_group_is_not_doubled(
    after: bool, client: KognicIOClient, control: Control, dataset: str
) -> None:
    """After a lost response the group is searched for by its name."""
    with control.fault("reset", "POST /v1/datasets/*", after=after, times=1):
        uuid = client.dataset.create_predictions_group(dataset, "model 7", "every night")

    (listed,) = client.dataset.get_predictions_groups(dataset)
    assert uuid in listed.values()


def test_lost_group_among_several(client: KognicIOClient, control: Control, dataset: str) -> None:
    """Names need not be unique: among several of one name it cannot be identified."""
    for _ in range(2):
        client.dataset.create_predictions_group(dataset, "model 7", "every night")
    with (
        control.fault("reset", "POST /v1/datasets/*", times=1),
        pytest.raises(
            AmbiguousWriteError, match="'model 7' may have been created: the data set has 2 of that"
        ),
    ):
        client.dataset.create_predictions_group(dataset, "model 7", "every night")


def test_create_prediction(client: KognicIOClient, control: Control, group: str, tmp_path: Path) -> None:
    """As decoded JSON or as a file."""
    file = tmp_path / "prediction.json"
    file.write_text(json.dumps(OPENLABEL))
    scenes = [created_scene(client, name) for name in ("one", "two")]
    uuids = [
        client.dataset.create_prediction(group, uuid, content)
        for uuid, content in zip(scenes, (OPENLABEL, file), strict=True)
    ]

    stored = {each["uuid"]: each for each in control.predictions(group)}
    assert [stored[uuid]["sceneUuid"] for uuid in uuids] == scenes
    assert all(each["content"] == OPENLABEL for each in stored.values())


def test_create_prediction_errors(client: KognicIOClient, control: Control, group: str) -> None:
    """No document, unknown group or scene, refused content, and a lost answer."""
    scene = created_scene(client)
    create = client.dataset.create_prediction
    with pytest.raises(ModelValidationError, match="is not an OpenLABEL document"):
        create(group, scene, {})
    with pytest.raises(NotFoundError, match=UNKNOWN):
        create(UNKNOWN, scene, OPENLABEL)
    with pytest.raises(NotFoundError, match=UNKNOWN):
        create(group, UNKNOWN, OPENLABEL)
    with pytest.raises(BadRequestError, match="schema_version"):
        create(group, scene, {"openlabel": {"metadata": {}}})
    with (
        control.fault("reset", "POST /v1/predictions-groups/*", after=True),
        pytest.raises(AmbiguousWriteError, match="may or may not have been carried out"),
    ):
        create(group, scene, OPENLABEL)
    assert len(control.predictions(group)) == 1


@pytest.mark.parametrize("form", ["mapping", "pairs"])
def test_create_predictions(form: str, client: KognicIOClient, control: Control, group: str) -> None:
    """Many, in the order given."""
    scenes = [created_scene(client, f"scene {n}") for n in range(5)]
    given: Any = dict.fromkeys(scenes, OPENLABEL)
    uuids = client.dataset.create_predictions(group, given if form == "mapping" else iter(given.items()))

    stored = {each["uuid"]: each["sceneUuid"] for each in control.predictions(group)}
    assert [stored[uuid] for uuid in uuids] == scenes
    assert client.dataset.create_predictions(group, {}) == []


@pytest.mark.parametrize("connections", [0, 11])
def test_create_predictions_connections(connections: int, client: KognicIOClient, control: Control) -> None:
    """What the service does not allow is refused before anything is sent."""
    with pytest.raises(ValueError, match=f"max_connections is {connections}, must be 1 to 10"):
        client.dataset.create_predictions(UNKNOWN, {}, max_connections=connections)
    assert control.calls() == []


def test_create_predictions_stops_at_a_failure(client: KognicIOClient, control: Control, group: str) -> None:
    """The error lists created, failed and unsent predictions; an endless series is not consumed."""
    scene = created_scene(client)
    drawn = itertools.count()

    def series() -> Iterator[tuple[str, Any]]:
        for n in drawn:
            yield (UNKNOWN if n == 4 else scene), OPENLABEL

    with pytest.raises(PredictionsError, match=r"1 predictions .* first that at position 4") as info:
        client.dataset.create_predictions(group, series(), max_connections=2)

    error, last = info.value, next(drawn)
    assert list(error.failed) == [4]
    assert isinstance(error.failed[4], NotFoundError)
    assert {*error.created, *error.failed, *error.not_sent} == set(range(last))
    assert set(error.created.values()) == {each["uuid"] for each in control.predictions(group)}


def test_never_more_than_ten_calls_at_once(client: KognicIOClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever threads share the client: the eleventh call waits for one of the ten."""
    running, most, lock, release = 0, 0, threading.Lock(), threading.Event()
    all_in = threading.Semaphore(0)

    def call(*args: object, **kwargs: object) -> str:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        all_in.release()
        release.wait(10)
        with lock:
            running -= 1
        return "uuid"

    monkeypatch.setattr(client.dataset._client, "call", call)
    threads = [
        threading.Thread(target=client.dataset.create_prediction, args=("g", "s", OPENLABEL))
        for _ in range(25)
    ]
    for thread in threads:
        thread.start()
    for _ in range(MAX_CONNECTIONS):
        assert all_in.acquire(timeout=10)
    release.set()
    for thread in threads:
        thread.join(10)
    assert most == MAX_CONNECTIONS
