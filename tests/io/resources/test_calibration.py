"""Calibrations, over real sockets."""

from __future__ import annotations

from uuid import uuid4

import pytest

from kognic.base_clients.errors import ApiError, BadRequestError, ConflictError, NotFoundError
from kognic.io.client import KognicIOClient
from kognic.io.model.calibration.calib import SensorCalibrationEntry
from kognic.io.resources.errors import WorkspaceUnknownError
from kognic.sandbox import Sandbox
from kognic.sandbox.control import Control
from tests.io.resources.scenes import calibration


def test_create_and_get(client: KognicIOClient) -> None:
    """What is created can be read back, sensor by sensor."""
    wanted = calibration()
    created = client.calibration.create_calibration(wanted)

    assert created.workspace_id == client.workspace_id
    assert created.calibration == wanted.calibration
    assert client.calibration.get_calibration(created.id) == created
    assert client.calibration.get_calibrations(external_id="rig") == [created]
    assert client.calibration.get_calibrations() == [created]


def test_get_unknown(client: KognicIOClient) -> None:
    """An unknown id is not found; an unknown name gives an empty list."""
    unknown = str(uuid4())
    with pytest.raises(NotFoundError, match=unknown):
        client.calibration.get_calibration(unknown)
    assert client.calibration.get_calibrations("unheard-of") == []


def test_unknown_kind_of_sensor(client: KognicIOClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sensor that this version does not know is a TypeError, as in the official client."""
    answer = client.calibration.create_calibration(calibration()).to_dict()
    answer["calibration"]["CAM"] = {"calibration_type": "crystal-ball"}
    monkeypatch.setattr(client.calibration._client, "call", lambda *args, **kwargs: answer)

    with pytest.raises(TypeError, match="crystal-ball"):
        client.calibration.get_calibration("any")
    with pytest.raises(TypeError, match="crystal-ball"):
        client.calibration.get_calibrations()


def test_taken_name(client: KognicIOClient) -> None:
    """External ids are unique in a workspace."""
    client.calibration.create_calibration(calibration())
    other = calibration()
    del other.calibration["CAM"]

    with pytest.raises((BadRequestError, ConflictError), match="rig"):
        client.calibration.create_calibration(other)


def test_no_workspace_to_write_to(kognic_sandbox: Sandbox, control: Control) -> None:
    """With several workspaces the user has to choose; nothing is created."""
    control.create_workspace("second")
    with kognic_sandbox.client() as client, pytest.raises(WorkspaceUnknownError, match="write_workspace_id"):
        client.calibration.create_calibration(calibration())


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    "fault", [{"kind": "reset"}, {"kind": "status", "status": 500}, {"kind": "status", "status": 504}]
)
def test_create_is_not_doubled(
    fault: dict[str, object], after: bool, client: KognicIOClient, control: Control
) -> None:
    """After a lost response the calibration is searched for: returned if it exists, created if not."""
    with control.fault(route="POST /v1/calibrations", after=after, times=1, **fault):  # type: ignore[arg-type]
        created = client.calibration.create_calibration(calibration())

    assert client.calibration.get_calibrations() == [created]


def test_another_of_that_name_is_not_taken(client: KognicIOClient, control: Control) -> None:
    """A calibration with other content is not the one: the platform's refusal is what the user sees."""
    client.calibration.create_calibration(calibration())
    other = calibration()
    del other.calibration["CAM"]

    with (
        control.fault("reset", "POST /v1/calibrations", times=1),
        pytest.raises((BadRequestError, ConflictError), match="rig"),
    ):
        client.calibration.create_calibration(other)


def test_one_in_another_workspace_is_not_taken(
    kognic_sandbox: Sandbox, client: KognicIOClient, control: Control
) -> None:
    """The same calibration in another workspace is another calibration."""
    mine = client.workspace_id
    other = control.create_workspace("second")
    with kognic_sandbox.client(write_workspace_id=other) as elsewhere:
        theirs = elsewhere.calibration.create_calibration(calibration())
    with control.fault("reset", "POST /v1/calibrations", times=1):
        created = client.calibration.create_calibration(calibration())

    assert created.id != theirs.id
    assert (created.workspace_id, theirs.workspace_id) == (mine, other)


def test_creation_that_arrived_late(
    client: KognicIOClient, control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looked up too early, retried and rejected as taken: looked up again, and found."""
    resource = client.calibration
    looked: list[str | None] = []

    def late(external_id: str | None) -> list[dict[str, object]]:
        looked.append(external_id)
        return [] if len(looked) <= 1 else find(external_id)

    find = resource._list
    monkeypatch.setattr(resource, "_list", late)
    with control.fault("reset", "POST /v1/calibrations", after=True, times=1):
        created = resource.create_calibration(calibration())
    monkeypatch.undo()

    assert looked == ["rig"] * 2
    assert resource.get_calibrations() == [created]


def test_delivered_twice(client: KognicIOClient) -> None:
    """A proxy that delivers a request twice brings "already exists" about the client's own calibration."""
    created = client.calibration.create_calibration(calibration())

    assert client.calibration.create_calibration(calibration()) == created
    assert client.calibration.get_calibrations() == [created]


def test_refused_content(client: KognicIOClient, control: Control) -> None:
    """The platform says what is wrong with it."""
    empty = calibration()
    empty.external_id = ""

    with pytest.raises(ApiError, match="externalId"):
        client.calibration.create_calibration(empty)


def test_one_object_for_a_list(client: KognicIOClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A single entry where a list is expected is taken as a list of one."""
    entry = client.calibration.create_calibration(calibration())
    answer = {"id": entry.id, "externalId": "rig", "created": "2026-01-01T00:00:00Z"}
    monkeypatch.setattr(client.calibration._client, "call", lambda *args, **kwargs: answer)

    (found,) = client.calibration.get_calibrations()
    assert isinstance(found, SensorCalibrationEntry)


def test_content_of_another_kind(client: KognicIOClient, control: Control) -> None:
    """Nothing is sent, the workspace is not asked for."""
    with pytest.raises(ValueError, match="sensor_calibration is of type dict, must be a SensorCalibration"):
        client.calibration.create_calibration({"externalId": "rig"})  # type: ignore[arg-type]
    assert control.calls() == []
