"""Every call of every public method meets every fault: one effect, or an error that says what is unknown.

The calls are found by making them: each method is called once without faults, and every call that reached the
platform is then made to fail in every way, one at a time. What has to happen follows from the effect of the
operation (`kognic.io.resources.operations`) and from what the fault lets a client know:

* reads, writes that can be repeated, and creations that can be looked up succeed, with exactly one effect;
* other creations succeed where the failure proves that nothing was done, and raise `AmbiguousWriteError`
  where it does not. They never have two effects.

The suite runs a second time with all delays of the sandbox on: scenes and requests that appear late, and
pre-annotations that are processed for a while. `make test` takes the fault after which a client looks an
object up, for each method that writes; `make conformance` takes every method and every fault.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import attrs
import pytest
from sqlalchemy import func, literal, select, union_all

from kognic._core.errors import KognicError
from kognic.base_clients.errors import AmbiguousWriteError, RequestTimeoutError
from kognic.base_clients.http.operations import Effect, Operation
from kognic.io.client import KognicIOClient
from kognic.io.resources.operations import OPERATIONS
from kognic.sandbox import Sandbox
from kognic.sandbox.platform.recorder import RecordedCall
from kognic.sandbox.platform.tables import Base
from tests.conformance.cases import PATIENT, READS, WRITES, Case, World
from tests.conformance.faults import FAULTS, Fault

# The platform's own pace, shortened; a look-up has to outlast it.
DELAYS = {
    "scene_visibility_delay": 0.05,
    "request_delay": 0.05,
    "pre_annotation_delay": 0.04,
    "processing_delay": 0.02,
    "propagation_delay": 0.03,
}
OUTLASTS_DELAYS = attrs.evolve(PATIENT, lookup_window=1.0)


ATTEMPTS = logging.getLogger("kognic.base_clients.http.attempts")
NO_TOKEN, NOT_MET = "could not begin", "the fault met no call"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"

# Credentials and the like: not what calls are about.
UNCOUNTED = {"refresh_tokens", "revoked_tokens", "secrets"}
# One query for all tables: it is sent thousands of times.
ROWS = union_all(
    *(
        select(literal(table.name), func.count()).select_from(table)
        for table in Base.metadata.sorted_tables
        if table.name not in UNCOUNTED
    )
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def observer(sandbox: Sandbox) -> Iterator[KognicIOClient]:
    with sandbox.client() as client:
        yield client


@pytest.fixture
def world(sandbox: Sandbox, observer: KognicIOClient) -> World:
    sandbox.control.reset()
    return World(sandbox, observer)


@pytest.fixture
def slow_world(sandbox: Sandbox, observer: KognicIOClient) -> World:
    """A platform with all delays on."""
    world = World(sandbox, observer, delays=DELAYS, policy=OUTLASTS_DELAYS)
    world.renew()
    return world


def effects(sandbox: Sandbox) -> Counter[str]:
    """How many objects of each kind the platform holds, once it has nothing to do."""
    assert sandbox.control.wait_until_idle()
    counted: Counter[str] = Counter()
    with sandbox.platform.database.read() as session:
        for name, count in session.execute(ROWS):
            counted[name] = count
    # A UUID that was reserved and not used is a row of the sandbox, and nothing on the platform.
    counted["scenes"] = len(sandbox.control.scenes())
    return counted


@cache
def _patterns() -> list[tuple[Operation, re.Pattern[str]]]:
    return [
        (operation, re.compile("/" + re.sub(r"\{\w+\}", "[^/]+", operation.template) + "$"))
        for operation in sorted(OPERATIONS.values(), key=lambda o: o.template.count("{"))
    ]


def operation_of(call: RecordedCall) -> Operation | None:
    """The operation that a call is of; None for transfers over signed URLs."""
    for operation, pattern in _patterns():
        if operation.method == call.method and pattern.match(call.path):
            return operation
    return None


def calls_of(sandbox: Sandbox, since: int) -> list[RecordedCall]:
    return [c for c in sandbox.control.calls()[since:] if not c.path.startswith("/v1/auth/")]


def was_too_slow(sandbox: Sandbox, since: int) -> bool:
    """Whether the client has given up on a call that nothing was wrong with."""
    return any(not call.status and not call.fault for call in sandbox.control.calls()[since:])


class Timeouts(logging.Handler):
    """Counts the attempts of clients that had no answer in time."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.count += RequestTimeoutError.__name__ in record.getMessage()

    def __enter__(self) -> Timeouts:
        ATTEMPTS.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        ATTEMPTS.removeHandler(self)

    def are_too_short(self, problem: str) -> bool:
        """Whether calls without a fault had no answer in time either: one call only meets the fault."""
        return self.count > 1 or problem.startswith((NO_TOKEN, NOT_MET))


def routes_of(world: World, case: Case, arguments: tuple[Any, ...]) -> dict[str, Operation | None]:
    """The routes that a case calls when nothing goes wrong, and the operations they are of."""
    with world.sandbox.client(retry=world.policy) as client:
        client.workspace_id  # noqa: B018 - its inference is a call of its own, tested with the workspace
        since = len(world.control.calls())
        case.call(client, *arguments)
    # A call that has no answer is one of an earlier client that gave up on it.
    made = [call for call in calls_of(world.sandbox, since) if call.status]
    return {f"{call.method} {call.route}": operation_of(call) for call in made}


def faults_of(operation: Operation | None) -> list[Fault]:
    """The faults that a call of an operation, or a transfer (None), can meet."""
    return [fault for fault in FAULTS if fault.storage in (None, operation is None)]


@pytest.mark.parametrize("case", [*READS, *WRITES], ids=lambda case: case.name)
def test_every_fault_of_every_call(world: World, case: Case) -> None:
    """One effect or a typed error, for each call that the method makes and each fault."""
    _meet(world, case, {fault.name for fault in FAULTS})


@pytest.mark.parametrize("case", WRITES, ids=lambda case: case.name)
def test_look_ups_with_all_delays(slow_world: World, case: Case) -> None:
    """The same where objects appear late, after a lost answer."""
    _meet(slow_world, case, {"reset, work done"})


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", [*READS, *WRITES], ids=lambda case: case.name)
def test_every_fault_of_every_call_with_all_delays(slow_world: World, case: Case) -> None:
    """The same where objects appear late, for every fault."""
    _meet(slow_world, case, {fault.name for fault in FAULTS})


def _meet(world: World, case: Case, faults: Collection[str]) -> None:
    """Let each call of a method meet each of the faults of these names."""
    sandbox, control = world.sandbox, world.control
    arguments = case.prepare(world)
    before = effects(sandbox)
    routes = routes_of(world, case, arguments)
    expected = effects(sandbox) - before
    gone = before - effects(sandbox)
    assert routes, "the method made no call"

    wrong = []
    problem: str | None = None
    for route, operation in routes.items():
        for fault in [each for each in faults_of(operation) if each.name in faults]:
            for timeout in world.timeouts if fault.kind == "latency" else (20.0,):
                if case in WRITES:
                    world.renew()
                    arguments = case.prepare(world)
                since = len(control.calls())
                with Timeouts() as timeouts:
                    problem = _broken(
                        world, case, arguments, route, operation, fault, expected, gone, timeout
                    )
                if not problem or not (timeouts.are_too_short(problem) or was_too_slow(sandbox, since)):
                    break
            if problem:
                wrong.append(f"{route} + {fault.name}: {problem}")
    assert not wrong, "\n".join(wrong)


def _broken(
    world: World,
    case: Case,
    arguments: tuple[Any, ...],
    route: str,
    operation: Operation | None,
    fault: Fault,
    expected: Counter[str],
    gone: Counter[str],
    timeout: float,
) -> str | None:
    """What is wrong after the fault; None if all is as it must be."""
    sandbox, control = world.sandbox, world.control
    before = effects(sandbox)
    with sandbox.client(retry=world.policy, timeout=timeout) as client:
        try:
            client.workspace_id  # noqa: B018
        except KognicError as exc:
            return f"{NO_TOKEN}: {exc}"
        control.add_fault(fault.kind, route, times=1, **fault.settings)
        error: Exception | None = None
        try:
            case.call(client, *arguments)
        except Exception as exc:
            error = exc
        (rule,) = control.faults()
        control.clear_faults()
    after = effects(sandbox)
    made, lost = after - before, before - after
    if not rule["hits"]:
        return NOT_MET
    if fault.kind == "corrupt" and isinstance(error, KognicError):
        # Changed bytes may be a valid answer that says something else; only doubling would be wrong.
        return f"failed with {dict(made)} made: {error}" if made - expected else None
    if error is None:
        if (made, lost) != (expected, gone):
            return (
                f"succeeded with {dict(made)} made and {dict(lost)} gone, not {dict(expected)}, {dict(gone)}"
            )
        return None
    if operation is None or not fault.doubtful or not _may_be_ambiguous(operation, fault):
        return f"failed: {type(error).__name__}: {error}"
    if not isinstance(error, AmbiguousWriteError):
        return f"raised {type(error).__name__}, not AmbiguousWriteError: {error}"
    if made not in (Counter(), expected) or (made == expected) != (fault.done and bool(expected)):
        return f"is ambiguous, with {dict(made)} made"
    return None


def _may_be_ambiguous(operation: Operation, fault: Fault) -> bool:
    """Whether an operation may end in doubt: it cannot be looked up, or the object that was made cannot."""
    if operation.effect is Effect.UNREPEATABLE:
        return True
    # External ids of scenes may repeat: a scene that is found may be another one.
    return operation is OPERATIONS["CREATE_SCENE_FROM_REQUEST"] and fault.done


def test_every_operation_is_called(world: World) -> None:
    """The cases reach every operation, and the page has the number of combinations with faults."""
    seen, calls, pairs = set(), 0, 0
    for case in [*READS, *WRITES]:
        world.control.reset()
        for operation in routes_of(world, case, case.prepare(world)).values():
            calls += 1
            pairs += len(faults_of(operation))
            seen |= {operation.template} if operation else set()

    assert {operation.template for operation in OPERATIONS.values()} == seen
    kinds, methods = len(FAULTS), len({case.name.partition("(")[0] for case in [*READS, *WRITES]})
    page = " ".join(PAGE.read_text().split())
    assert f"{methods} methods make {calls} requests." in page
    assert f"With {kinds} kinds of fault, these are {pairs:,} combinations." in page


def test_cases_name_every_public_method() -> None:
    """A method of a resource that talks to the platform is not forgotten here."""
    import inspect

    from kognic.io.client import KognicIOClient

    named = {case.name.partition("(")[0] for case in [*READS, *WRITES]}
    client = KognicIOClient(auth=("id", "secret"), write_workspace_id="w")
    resources = ["workspace", "project", "calibration", "scene", "input", "annotation", "pre_annotation",
                 "review", "task", "request", "dataset", "cameras", "cameras_sequence", "lidars",
                 "lidars_sequence", "lidars_and_cameras", "lidars_and_cameras_sequence",
                 "aggregated_lidars_and_cameras_seq"]  # fmt: skip
    creators = resources[11:]
    public = {
        f"{resource}.{name}"
        for resource in resources
        for name, method in inspect.getmembers(getattr(client, resource), inspect.ismethod)
        if not name.startswith("_")
    }
    # The seven creators share one create_from_scene; these two only warn, this one is made of others, these
    # two are steps of creating a scene, and this one is one download that the exports test.
    same = {f"{name}.create_from_scene" for name in creators[1:]}
    elsewhere = {
        "input.add_annotation_type", "input.remove_annotation_types", "dataset.create_predictions",
        "scene.commit_scene", "annotation.download",
    }  # fmt: skip
    uploads = {name for name in public if name.endswith(".create_upload_spec")}
    assert public - named - same - elsewhere - uploads == set()
