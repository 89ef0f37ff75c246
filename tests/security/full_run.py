"""A program that does everything a user does, with everything logged, and shows all that it has in hand.

Run by `test_secrets_left_behind`, which knows the secrets and looks for them in what this leaves. What is
printed here is more than anybody prints: all attributes of every log record, and of every error its traceback
with local variables, its attributes and its pickle. No function of this file has a secret in a variable.
"""

from __future__ import annotations

import faulthandler
import itertools
import json
import logging
import pickle
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kognic.auth import _token_flow
from kognic.base_clients.http.outages import Patience
from kognic.base_clients.http.retry import RetryPolicy
from kognic.io.client import KognicIOClient
from kognic.io.model.scene.cameras import Cameras, Frame
from kognic.io.model.scene.resources import Image
from kognic.pipelines.bulk import BulkItem, BulkRun, Target
from kognic.pipelines.export import export_annotations
from kognic.query.query_api_client import QueryApiClient
from kognic.sandbox.control import Control
from tests.io.resources import scenes

NUMBERS = itertools.count()
# Waiting between attempts leaves nothing behind, so the run does without it.
SOON = Patience(limit=20, first_wait=0.01, max_wait=0.02)
WINDOWS: dict[str, Any] = {
    "first_wait": 0.0,
    "max_wait": 0.0,
    "max_retry_after": 0.0,
    "lookup_window": 0.3,
    "deadline": 20.0,
}
HUNG = 200
"""Seconds after which the stacks of all threads are printed, and the run ends: before its test gives up."""
PROJECT, TYPE = "sandbox-project", "objects"
HOSTS = json.loads(sys.argv[1])
CONTROL = Control.connect(HOSTS["auth_host"], sys.stdin.readline().strip())
HARM: tuple[tuple[str, dict[str, Any]], ...] = (
    ("status", {"status": 400}), ("status", {"status": 403, "after": True}), ("status", {"status": 500}),
    ("html", {"status": 502}), ("html", {"status": 200}), ("reset", {}), ("truncate", {}), ("corrupt", {}),
    ("expired_token", {}), ("revoked_token", {}), ("expired_url", {}), ("short_store", {}),
)  # fmt: skip


class Everything(logging.Handler):
    """Prints the line of a record, and all of its attributes."""

    def emit(self, record: logging.LogRecord) -> None:
        print("LOG", self.format(record), vars(record), file=sys.stderr)


def show(error: BaseException) -> None:
    """Print all that an error reporter can see."""
    print("ERROR", "".join(traceback.format_exception(error)))
    led: BaseException | None = error
    while led is not None:
        print(repr(led), vars(led), led.args)
        for frame, _ in traceback.walk_tb(led.__traceback__):
            print(frame.f_code.co_name, {name: shown(value) for name, value in frame.f_locals.items()})
        led = led.__cause__ or led.__context__
    response = getattr(error, "response", None)
    if response is not None:
        print(vars(response), response.request and vars(response.request))
    print(repr(pickle.dumps(error)))


def shown(value: object) -> str:
    try:
        return repr(value)
    except AttributeError:  # An object that is being made.
        return f"<{type(value).__name__}>"


def attempt(what: Callable[[KognicIOClient], object], client: KognicIOClient) -> None:
    try:
        print("RESULT", repr(what(client)))
    except Exception as error:
        show(error)


def picture(name: str) -> str:
    Path(name).write_bytes(scenes.JPG)
    return name


def scene(name: str) -> Cameras:
    images = [Image(filename=picture(f"{name}-{n}.jpg"), sensor_name=f"C{n}") for n in range(2)]
    return Cameras(external_id=name, frame=Frame(images=images))


def longest_wait() -> float:
    """Seconds to wait for processing: the platform never processes what has an ID that arrived corrupt."""
    return 2.0 if CONTROL.faults() else 20.0


def create(client: KognicIOClient) -> object:
    made = client.cameras.create(scene("one"), project=PROJECT)
    client.scene.wait_until_created([made.scene_uuid], poll_interval=0.01, timeout=longest_wait())
    CONTROL.wait_until_idle()
    for one in CONTROL.request_inputs(made.scene_uuid):
        CONTROL.deliver_annotation(one["uuid"], scenes.OPENLABEL)
    return made


def bulk(client: KognicIOClient) -> object:
    number = next(NUMBERS)
    items = [BulkItem(scene=scene(f"bulk-{number}-{n}"), pre_annotation=scenes.OPENLABEL) for n in range(3)]
    target, journal = Target(project=PROJECT), f"journal-{number}"
    with BulkRun(
        client, items, target=target, journal=journal, poll_interval=0.01, wait_timeout=longest_wait(),
        patience=SOON,
    ) as run:  # fmt: skip
        return list(run), run.summary, run


def export(client: KognicIOClient) -> object:
    return export_annotations(client, PROJECT, "export", TYPE, format="jsonl", patience=SOON)


def listed(client: KognicIOClient) -> object:
    """Objects of the platform that carry signed URLs."""
    partials = list(client.annotation.list_project_annotations(PROJECT, TYPE))
    return partials, [pickle.dumps(client.scene.get_scenes_by_external_ids(["one"]))], client, vars(client)


def query(client: KognicIOClient) -> object:
    hosts = {"host": HOSTS["host"], "auth_host": HOSTS["auth_host"]}
    with QueryApiClient(auth="credentials.json", **hosts, retry=RetryPolicy(**WINDOWS)) as queries:
        return queries, vars(queries), list(queries.query_judgements().items())


STEPS = (create, bulk, listed, export, query)


def main() -> None:
    vars(_token_flow)["RETRY_WAITS"] = (0.0, 0.01, 0.02)
    faulthandler.dump_traceback_later(HUNG, exit=True)
    logging.basicConfig(level=logging.DEBUG, handlers=[Everything()])
    hosts = {**HOSTS, "auth": "credentials.json"}
    with KognicIOClient(**hosts) as client:
        for step in STEPS:
            print("RESULT", repr(step(client)))
    for kind, settings in HARM:
        retry = RetryPolicy(max_attempts=1 + next(NUMBERS) % 2, **WINDOWS)
        with CONTROL.fault(kind, probability=0.5, **settings):
            for step in STEPS:
                with KognicIOClient(**hosts, retry=retry) as client:
                    attempt(step, client)
    print("DONE")


if __name__ == "__main__":
    main()
