"""The same faults for the official client and for this one, side by side.

    python benchmarks/reliability.py [--only NAME ...] [--write docs/reliability.md]

Each call is made once, by a fresh process, against a fresh sandbox in which the call it is about goes wrong
once; then the sandbox is asked what has become of it. Both clients run the same lines of `PROGRAM`, public
calls only. The official packages are those that `run.py` installs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LIMIT = 30.0
"""Seconds after which a process counts as hung; each call takes a fraction of one without a fault."""
TIMEOUT = 3
"""The documented `timeout` of both clients, seconds."""
PARALLEL = 3
PROJECT = "sandbox-project"

# Run by both interpreters. Prints one JSON line: the answer, or what was raised.
PROGRAM = """
import json, sys
task = json.load(sys.stdin)
from kognic.io.client import KognicIOClient
from kognic.io.model.calibration import LidarCalibration, SensorCalibration
from kognic.io.model.scene.cameras import Cameras, Frame
from kognic.io.model.scene.resources import Image
from kognic.openlabel.models import OpenLabelAnnotation

def position():
    from kognic.io.model import Position, RotationQuaternion
    turn = RotationQuaternion(w=1, x=0, y=0, z=0)
    return {"position": Position(x=0, y=0, z=1), "rotation_quaternion": turn}

def calibration(c):
    rig = SensorCalibration(external_id="made", calibration={"lidar": LidarCalibration(**position())})
    return c.calibration.create_calibration(rig).id
def pre_annotation(c):
    content = OpenLabelAnnotation.model_validate(task["document"])
    return c.pre_annotation.create(task["scene"], content, dryrun=False, external_id="made").id
def scene(c):
    images = [Image(filename=name, sensor_name="C%d" % n) for n, name in enumerate(task["files"])]
    return c.cameras.create(Cameras(external_id="made", frame=Frame(images=images))).scene_uuid
def input(c):
    return c.input.create_from_scene(task["scene"], project=task["project"]).uuid
def batch(c):
    return c.project.create_batch(task["project"], "made").batch
def scenes(c):
    return c.scene.get_scenes_by_uuids([task["scene"]])[0].uuid
def annotation(c):
    (found,) = c.annotation.get_project_annotations(task["project"], "objects")
    return found.to_dict()["content"]

try:
    with_retries = {"max_retry_attempts": 5, "max_retry_wait_time": 2, "timeout": task["timeout"]}
    client = KognicIOClient(**task["client"], **with_retries)
    told = {"ok": globals()[task["call"]](client)}
except Exception as exc:
    # Errors of the transport and of the platform are OSErrors in requests; others are accidents.
    kind = type(exc)
    typed = isinstance(exc, OSError) or kind.__module__.startswith("kognic")
    told = {"error": kind.__name__, "typed": typed}
print("\\n" + json.dumps(told), flush=True)
"""

FAULTS: dict[str, tuple[str, dict[str, Any]]] = {
    "503": ("status", {"status": 503}),
    "500, not processed": ("status", {"status": 500}),
    "500, processed": ("status", {"status": 500, "after": True}),
    "connection reset, not processed": ("reset", {}),
    "connection reset, processed": ("reset", {"after": True}),
    "timeout, processed": ("latency", {"after": True, "seconds": TIMEOUT + 3}),
    "truncated response": ("truncate", {}),
    "web page with 200, not processed": ("html", {"status": 200}),
    "token revoked": ("revoked_token", {}),
}
OF_STORAGE: dict[str, tuple[str, dict[str, Any]]] = {
    "503": FAULTS["503"],
    "connection reset, not processed": FAULTS["connection reset, not processed"],
    "signed URL expired": ("expired_url", {}),
    "storage keeps half": ("short_store", {}),
}
OF_DOWNLOADS: dict[str, tuple[str, dict[str, Any]]] = {
    "503": FAULTS["503"],
    "truncated response": FAULTS["truncated response"],
    "corrupted bytes": ("corrupt", {}),
    "signed URL expired": ("expired_url", {}),
}


@dataclass(frozen=True)
class Call:
    """One call: what it is, which request of it goes wrong, and in which ways."""

    title: str
    name: str
    route: str
    faults: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=lambda: FAULTS)
    is_read: bool = False


CALLS = (
    Call("create a calibration", "calibration", "POST /v1/calibrations"),
    Call("create a pre-annotation", "pre_annotation", "POST /v1/pre-annotations"),
    Call("create an input", "input", "POST /v2/inputs"),
    Call("create a batch", "batch", "POST /v1/projects/*/batches/*"),
    Call("create a scene", "scene", "POST /v1/inputs/cameras"),
    Call("upload the files of a scene", "scene", "PUT /_storage/*", OF_STORAGE),
    Call("find scenes", "scenes", "POST /v2/scenes/query", is_read=True),
    Call("download an annotation", "annotation", "GET /_storage/*", OF_DOWNLOADS, is_read=True),
)


class World:
    """A sandbox with what the calls need, and the count of what they have made."""

    def __init__(self, folder: Path) -> None:
        from benchmarks.soak import DOCUMENT, picture
        from kognic.io.model.scene.cameras import Cameras, Frame
        from kognic.io.model.scene.resources import Image
        from kognic.sandbox import Sandbox

        self.sandbox = Sandbox()
        self.client = self.sandbox.client()
        self.document = DOCUMENT
        self.files = [folder / f"{n}.png" for n in range(3)]
        for path in self.files:
            path.write_bytes(picture(path.name))
        frame = Frame(images=[Image(filename=str(self.files[0]), sensor_name="C0")])
        self.scene = self.client.cameras.create(Cameras(external_id="there", frame=frame)).scene_uuid
        self.client.scene.wait_until_created([self.scene], poll_interval=0.05)

    def prepare(self, call: Call) -> None:
        if call.name == "annotation":
            made = self.client.input.create_from_scene(self.scene, project=PROJECT)
            assert made
            self.sandbox.control.wait_until_idle()
            self.sandbox.control.deliver_annotation(made.uuid, self.document)

    def task(self, call: Call) -> dict[str, Any]:
        return {
            "call": call.name,
            "client": {
                "auth": str(self.sandbox.credentials_file),
                **{k: v for k, v in self.sandbox.hosts().items() if k != "dataset_api_host"},
                "write_workspace_id": self.sandbox.workspace_id,
            },
            "timeout": TIMEOUT,
            "scene": self.scene,
            "project": PROJECT,
            "document": self.document,
            "files": [str(path) for path in self.files],
        }

    def made(self, call: Call) -> int:
        """How many objects the call has left behind."""
        control = self.sandbox.control
        control.wait_until_idle()
        count: dict[str, Callable[[], int]] = {
            "calibration": lambda: len(self.client.calibration.get_calibrations(external_id="made")),
            "pre_annotation": lambda: len(self.client.pre_annotation.list(scene_uuids=[self.scene])),
            "input": lambda: len(control.request_inputs(self.scene)),
            "batch": lambda: sum(
                batch.batch == "made" for batch in self.client.project.get_project_batches(PROJECT)
            ),
            "scene": lambda: sum(scene["status"] != "reserved" for scene in control.scenes("made")),
        }
        return count[call.name]()

    def is_right(self, call: Call, answer: Any) -> bool:
        """Whether what the call says is what the platform has."""
        if call.name == "scenes":
            return bool(answer == self.scene)
        if call.name == "annotation":
            return bool(answer["openlabel"]["frames"].keys() == self.document["openlabel"]["frames"].keys())
        if call.name == "scene":
            (scene,) = self.client.scene.get_scenes_by_uuids([answer])
            stored = sorted(of["sha256"] for of in self.sandbox.control.stored_files(answer).values())
            sent = sorted(hashlib.sha256(path.read_bytes()).hexdigest() for path in self.files)
            return scene.status.value == "created" and stored == sent
        return bool(answer)


def outcome(python: str, call: Call, fault: str) -> str:
    """What becomes of one call; one of the words of the tables."""
    kind, settings = call.faults[fault]
    with tempfile.TemporaryDirectory(prefix="kognic-reliability-") as folder:
        world = World(Path(folder))
        try:
            world.prepare(call)
            world.sandbox.control.add_fault(kind, call.route, times=1, **settings)
            told = _run(python, world.task(call), folder)
            (rule,) = world.sandbox.control.faults()
            world.sandbox.control.clear_faults()
            return "not met" if not rule["hits"] else _verdict(world, call, told)
        finally:
            world.client.close()
            world.sandbox.close()


def _run(python: str, task: dict[str, Any], folder: str) -> dict[str, Any]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("KOGNIC")}
    environment.update(PYTHONPATH="", NO_PROXY="127.0.0.1", HOME=folder, XDG_CACHE_HOME=folder)
    try:
        done = subprocess.run(
            [python, "-c", PROGRAM], input=json.dumps(task), capture_output=True, text=True,
            env=environment, cwd=folder, timeout=LIMIT, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return {"hung": True}
    if done.returncode or not done.stdout.strip():
        return {"error": f"exit status {done.returncode}", "typed": False, "stderr": done.stderr[-2000:]}
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _verdict(world: World, call: Call, told: dict[str, Any]) -> str:
    if told.get("hung"):
        return "hung"
    made = 1 if call.is_read else world.made(call)
    if made > 1:
        return f"duplicated ({made} created)"
    if "ok" in told:
        if not made:
            return "lost"
        return "ok" if world.is_right(call, told["ok"]) else "success reported, wrong content"
    word = "error" if told["typed"] else "crash"
    return f"{word}: {told['error']}" + (", but the object was created" if made and not call.is_read else "")


def table(pythons: dict[str, str], only: list[str] | None) -> tuple[list[str], dict[str, Counter[str]]]:
    """The rows of the table, and how often each client came to each kind of outcome."""
    jobs = [(call, fault) for call in CALLS if not only or call.name in only for fault in call.faults]
    with ThreadPoolExecutor(PARALLEL) as pool:
        runs = {
            (call.title, fault, who): pool.submit(outcome, python, call, fault)
            for call, fault in jobs
            for who, python in pythons.items()
        }
    rows = ["| call | fault, once | official client | this client |", "| --- | --- | --- | --- |"]
    counts: dict[str, Counter[str]] = {who: Counter() for who in pythons}
    for call, fault in jobs:
        found = {who: runs[call.title, fault, who].result() for who in pythons}
        for who, what in found.items():
            counts[who][what.partition(":")[0].partition(" (")[0]] += 1
        rows.append(f"| {call.title} | {fault} | {found['official']} | {found['this']} |")
    return rows, counts


def summary(counts: dict[str, Counter[str]]) -> Iterator[str]:
    """How often each client came to which outcome."""
    words = sorted({word for counted in counts.values() for word in counted}, key=lambda w: (w != "ok", w))
    yield "| client | " + " | ".join(words) + " |"
    yield "| --- |" + " --- |" * len(words)
    for who, counted in counts.items():
        yield f"| {who} client | " + " | ".join(str(counted[word]) for word in words) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="*", help="names of calls")
    parser.add_argument("--write", type=Path, help="file that the tables are written to, between two markers")
    options = parser.parse_args()
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from benchmarks.bench import Bench

    bench = Bench(Path())
    bench.install()
    rows, counts = table({"official": bench.python["official-io"], "this": sys.executable}, options.only)
    text = "\n".join([*summary(counts), "", *rows])
    print(text)
    if options.write:
        page = options.write.read_text()
        before, _, rest = page.partition("<!-- side by side -->\n")
        after = rest.partition("<!-- end of side by side -->\n")[2]
        options.write.write_text(
            f"{before}<!-- side by side -->\n\n{text}\n\n<!-- end of side by side -->\n{after}"
        )


if __name__ == "__main__":
    main()
