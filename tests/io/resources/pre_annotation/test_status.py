"""Waiting for pre-annotations: spellings, verdicts, time-outs; with and without a platform."""

from __future__ import annotations

from typing import Any

import pytest

from kognic.io.client import KognicIOClient
from kognic.io.resources.errors import PreAnnotationFailedError, PreAnnotationTimeoutError
from kognic.io.resources.pre_annotation.status import is_usable, status_of, wait_until_available
from kognic.sandbox.control import Control
from tests.io.resources.scenes import OPENLABEL, created_scene


class Platform:
    """Answers each round with the next status of each pre-annotation; the last one stays."""

    def __init__(self, **statuses: list[str | None]) -> None:
        self.statuses = statuses
        self.asked: list[list[str]] = []
        self.now = 0.0
        self.slept: list[float] = []

    def get(self, ids: list[str]) -> list[dict[str, Any]]:
        self.asked.append(ids)
        found = []
        for uuid in ids:
            left = self.statuses.get(uuid, [None])
            status = left.pop(0) if len(left) > 1 else left[0]
            if status is not None:
                found.append({"id": uuid, "status": status, "externalId": f"name of {uuid}"})
        return found

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def wait(self, *ids: str, timeout: float | None = 100) -> list[dict[str, Any]]:
        return wait_until_available(
            self.get, ids, timeout=timeout, poll_interval=1, clock=lambda: self.now, sleep=self.sleep
        )


@pytest.mark.parametrize(
    ("written", "status"),
    [
        ("pending-for-scene", "pending-for-scene"),
        ("pending_for_scene", "pending-for-scene"),
        ("PENDING_FOR_SCENE", "pending-for-scene"),
        ("Available", "available"),
    ],
)
def test_spellings(written: str, status: str) -> None:
    """The platform writes a status in more than one way; they are one status."""
    assert status_of({"status": written}) == status
    assert is_usable({"status": written}) is (status == "available")


def test_waits_through_every_status() -> None:
    """Everything but success and failure is waited for, also what cannot be seen yet and what is new here."""
    way = [None, "created", "pending_for_scene", "processing", "registered", "importing", "polishing"]
    platform = Platform(a=[*way, "available"], b=["indexed"])

    assert [each["status"] for each in platform.wait("a", "b", "a")] == ["available", "indexed", "available"]
    assert platform.asked[0] == ["a", "b"]
    assert platform.asked[1:] == [["a"]] * len(way)


def test_failed() -> None:
    """A failure is final: the error names it, and that its external ID cannot be used again."""
    platform = Platform(a=["processing", "Failed"], b=["processing"])

    with pytest.raises(
        PreAnnotationFailedError,
        match=r"could not process 1 pre-annotation: a \(external id 'name of a'\).*cannot be used again.*new",
    ) as info:
        platform.wait("a", "b")
    assert [each["id"] for each in info.value.pre_annotations] == ["a"]


def test_too_late() -> None:
    """A time-out names what is unfinished, and how far it is."""
    platform = Platform(a=["available"], b=["pending-for-scene"])

    with pytest.raises(
        PreAnnotationTimeoutError, match=r"2 of 3 .* after 3 s: b: pending-for-scene; c: not found"
    ) as info:
        platform.wait("a", "b", "c", timeout=3)
    assert isinstance(info.value, TimeoutError)
    assert info.value.unfinished == ["b", "c"]


def test_nothing_to_wait_for() -> None:
    platform = Platform()

    assert platform.wait() == []
    assert platform.asked == []


def test_wait_until_available(client: KognicIOClient, control: Control) -> None:
    """On the platform, which takes its time; one UUID or more."""
    scene_uuid = created_scene(client)
    control.tune(pre_annotation_delay=0.05)
    first = client.pre_annotation.create(scene_uuid, OPENLABEL, False, external_id="first").id
    second = client.pre_annotation.create(scene_uuid, OPENLABEL, False, external_id="second").id

    (found,) = client.pre_annotation.wait_until_available(first, timeout=30, poll_interval=0.01)
    assert (found["id"], found["status"]) == (first, "available")
    both = client.pre_annotation.wait_until_available([second, first], timeout=30, poll_interval=0.01)
    assert [each["id"] for each in both] == [second, first]


def test_wait_for_one_that_fails(client: KognicIOClient, control: Control) -> None:
    """The input that was created with it is gone; the error comes from the waiting."""
    scene_uuid = created_scene(client)
    control.tune(pre_annotation_delay=0.05)
    control.fail_pre_annotation("invalid")
    uuid = client.pre_annotation.create(scene_uuid, OPENLABEL, False, external_id="invalid").id
    client.input.create_from_scene(scene_uuid, uuid, project="sandbox-project")

    with pytest.raises(PreAnnotationFailedError, match="external id 'invalid'"):
        client.pre_annotation.wait_until_available(uuid, timeout=30, poll_interval=0.01)
    assert client.input.query_inputs(scene_uuids=[scene_uuid]) == []


def test_a_failed_one_is_not_the_wanted_one(client: KognicIOClient, control: Control) -> None:
    """After a lost answer, one of that name that has failed is not taken for the one to be created."""
    scene_uuid = created_scene(client)
    control.fail_pre_annotation("invalid")
    client.pre_annotation.create(scene_uuid, OPENLABEL, False, external_id="invalid")
    assert control.wait_until_idle()
    control.add_fault("reset", "POST /v1/pre-annotations", times=1)

    with pytest.raises(PreAnnotationFailedError, match="cannot be used again"):
        client.pre_annotation.create(scene_uuid, OPENLABEL, False, external_id="invalid")
