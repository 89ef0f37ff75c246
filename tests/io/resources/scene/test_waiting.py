"""Waiting for scenes: rounds, chunks, verdicts. No platform is needed, nor a clock."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime

import pytest
import requests

from kognic.base_clients.errors import NotFoundError
from kognic.io.model.scene.scene_entry import Scene
from kognic.io.resources.errors import SceneFailedError, SceneInvalidatedError, SceneTimeoutError
from kognic.io.resources.scene.waiting import wait_until_created


def scene(uuid: str, status: str, message: str | None = None) -> Scene:
    return Scene(
        uuid=uuid,
        workspace_id="w",
        external_id=f"name of {uuid}",
        scene_type="cameras",
        status=status,
        created=datetime(2026, 1, 1, tzinfo=UTC),
        error_message=message,
    )


def not_found() -> NotFoundError:
    response = requests.Response()
    response.status_code = 404
    return NotFoundError("There is no scene", response=response)


class Platform:
    """Answers each round with the next status of each scene; the last one stays; "" is invisible."""

    def __init__(self, **statuses: list[str]) -> None:
        self.statuses = statuses
        self.asked: list[list[str]] = []
        self.now = 0.0
        self.slept: list[float] = []

    def get_scenes(self, uuids: list[str]) -> list[Scene]:
        self.asked.append(uuids)
        found = []
        if hidden := [uuid for uuid in uuids if self.statuses.get(uuid, [""])[0] == ""]:
            # The platform answers for all or for none.
            for uuid in hidden:
                left = self.statuses.get(uuid, [])
                if len(left) > 1:
                    left.pop(0)
            raise not_found()
        for uuid in uuids:
            left = self.statuses[uuid]
            status, _, message = (left.pop(0) if len(left) > 1 else left[0]).partition("|")
            found.append(scene(uuid, status, message or None))
        return found

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def wait(self, *uuids: str, timeout: float | None = 100, poll_interval: float = 1) -> list[Scene]:
        return wait_until_created(
            self.get_scenes,
            uuids,
            timeout=timeout,
            poll_interval=poll_interval,
            clock=lambda: self.now,
            sleep=self.sleep,
        )


def test_scenes_come_in_the_order_given() -> None:
    """Scenes are asked for until they are created; those that are get no more questions."""
    platform = Platform(a=["pending", "processing", "created"], b=["created"])

    assert [each.uuid for each in platform.wait("a", "b", "a")] == ["a", "b", "a"]
    assert platform.asked == [["a", "b"], ["a"], ["a"]]
    assert platform.slept == [1, 1]


def test_many_scenes_are_asked_for_in_chunks() -> None:
    """One call asks for at most a hundred."""
    platform = Platform(**{str(n): ["created"] for n in range(230)})

    assert len(platform.wait(*map(str, range(230)))) == 230
    assert [len(chunk) for chunk in platform.asked] == [100, 100, 30]


def test_nothing_to_wait_for() -> None:
    """No scenes, no calls."""
    platform = Platform()

    assert platform.wait() == []
    assert platform.asked == []


def test_a_failed_scene() -> None:
    """The error has the platform's message, the scene, and the status of the other scenes."""
    platform = Platform(a=["created"], b=["processing", "failed|corrupt image"], c=["pending"])

    with pytest.raises(
        SceneFailedError, match=r"1 of 3 scenes failed: b \(name of b\): corrupt image"
    ) as info:
        platform.wait("a", "b", "c")
    assert [each.uuid for each in info.value.scenes] == ["b"]
    assert [each.uuid for each in info.value.ready] == ["a"]
    assert info.value.unfinished == ["c"]


def test_an_invalidated_scene() -> None:
    """Invalidation is final, whatever its reason."""
    platform = Platform(a=["invalidated:duplicate"])

    with pytest.raises(
        SceneInvalidatedError, match=r"1 of 1 scenes have been invalidated: a .*: invalidated:dup"
    ):
        platform.wait("a")


def test_time_out_lists_what_is_unfinished() -> None:
    """Too late: what is unfinished, in which status, and why that may be."""
    platform = Platform(a=["created"], b=["pending"], c=["indexed"])

    with pytest.raises(
        SceneTimeoutError, match=r"2 of 3 scenes are not created after 3 s: b .*: pending"
    ) as info:
        platform.wait("a", "b", "c", timeout=3)
    assert isinstance(info.value, TimeoutError)
    assert info.value.unfinished == ["b", "c"]
    assert "stays pending until all its files have arrived" in str(info.value)
    assert "client.scene.import_indexed_scene" in str(info.value)
    assert platform.slept == [1, 1, 1]


def test_waits_no_longer_than_is_left() -> None:
    """The last pause ends with the time-out, and one more question is asked then."""
    platform = Platform(a=["pending", "created"])

    assert platform.wait("a", timeout=0.25, poll_interval=60)[0].uuid == "a"
    assert platform.slept == [0.25]


def test_without_time_out() -> None:
    """None waits for ever."""
    platform = Platform(a=["pending"] * 5000 + ["created"])

    assert platform.wait("a", timeout=None)[0].uuid == "a"
    assert len(platform.slept) == 5000


def test_unknown_status_is_waited_for() -> None:
    """A status that this version does not know is not taken for the end."""
    platform = Platform(a=["being-polished", "created"])

    assert platform.wait("a")[0].uuid == "a"


def test_messages_stay_short() -> None:
    """Five scenes are named, the attributes hold all."""
    platform = Platform(**{str(n): ["failed"] for n in range(8)})

    with pytest.raises(SceneFailedError, match="and 3 more") as info:
        platform.wait(*map(str, range(8)))
    assert len(info.value.scenes) == 8


def test_errors_survive_pickling() -> None:
    """Errors cross process boundaries with what they hold."""
    platform = Platform(a=["failed|bad"])
    with pytest.raises(SceneFailedError) as info:
        platform.wait("a")

    copy = pickle.loads(pickle.dumps(info.value))
    assert (type(copy), str(copy), copy.scenes) == (SceneFailedError, str(info.value), info.value.scenes)


def test_not_found_is_not_yet() -> None:
    """A new scene cannot be queried for a while, and hides the others of its request; both are waited for."""
    platform = Platform(a=["created"], b=["", "", "", "processing", "created"], c=["created"])

    assert [each.uuid for each in platform.wait("a", "b", "c")] == ["a", "b", "c"]
    # Split until the rest is answered; the ready ones are not asked for again.
    assert platform.asked[0] == ["a", "b", "c"]
    assert all("a" not in asked and "c" not in asked for asked in platform.asked[-2:])


def test_never_found() -> None:
    """A UUID that the platform never knows ends with the time-out, which names it."""
    platform = Platform(a=["created"])

    with pytest.raises(
        SceneTimeoutError, match=r"1 of 2 scenes are not created after 3 s: b: not found.*check their UUIDs"
    ) as info:
        platform.wait("a", "b", timeout=3)
    assert info.value.unfinished == ["b"]
