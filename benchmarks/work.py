"""The work that is timed: public calls only, so that one file runs with this client and the official one.

`python work.py CASE BASE_URL [key=value ...]` does the work once and prints one JSON object with the
seconds, CPU seconds and peak memory of the part that counts. Imports and files are made ready before.
Run by both interpreters, it imports nothing but the standard library and what is measured.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Result = dict[str, Any]


def cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def measure(work: Callable[[], Any], times: int = 1) -> Result:
    """Run the work so many times; seconds of wall time and CPU of one of them, and the peak memory in MB."""
    wall, before = time.perf_counter(), cpu()
    for _ in range(times):
        value = work()
    seconds, used = (time.perf_counter() - wall) / times, (cpu() - before) / times
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    result = {"seconds": seconds, "cpu": used, "peak_mb": peak}
    if isinstance(value, dict):
        result.update(value)
    return result


def make_client(base: str, **options: Any) -> Any:
    """A client that has made its first call, so that it has a token and what that takes to import."""
    from kognic.io.client import KognicIOClient

    client = KognicIOClient(
        auth=("id", "secret"),
        auth_host=base,
        host=base,
        order_execution_api_host=base,
        annotation_integration_api_host=base,
        workspace_api_host=base,
        project_management_api_host=base,
        write_workspace_id="w",
        **options,
    )
    client.project.get_projects()
    return client


def scene_in_memory(frames: int) -> Any:
    """A lidar-and-camera sequence: per frame 9 images and 2 point clouds, contents as bytes."""
    from kognic.io.model.scene.lidars_and_cameras_sequence import Frame, LidarsAndCamerasSequence
    from kognic.io.model.scene.resources import Image, PointCloud
    from kognic.io.resources.scene.file_data import FileData

    jpg = FileData(data=b"x", format=FileData.Format.JPG)
    las = FileData(data=b"x", format=FileData.Format.LAS)
    return LidarsAndCamerasSequence(
        external_id="built",
        calibration_id="c",
        frames=[
            Frame(
                frame_id=str(n),
                relative_timestamp=n * 100,
                images=[
                    Image(filename=f"f{n}_c{c}.jpg", sensor_name=f"CAM_{c}", file_data=jpg) for c in range(9)
                ],
                point_clouds=[
                    PointCloud(filename=f"f{n}_l{c}.las", sensor_name=f"LIDAR_{c}", file_data=las)
                    for c in range(2)
                ],
            )
            for n in range(frames)
        ],
    )


def build(_base: str, frames: str, scenes: str = "1") -> Result:
    """Build scenes and write them as JSON.

    All are kept: a hundred small ones fill as much memory as a large one, so that a growth of the cost is
    that of the work, not of what the processor's caches cannot hold.
    """
    scene_in_memory(2).to_dict()
    kept = []

    def work() -> None:
        scene = scene_in_memory(int(frames))
        kept.append((scene, json.dumps(scene.to_dict())))

    return measure(work, int(scenes))


def plain(_base: str, frames: str, scenes: str = "1") -> Result:
    """The limit for `build`: the same JSON from dicts written by hand."""
    kept = []

    def file(name: str, sensor: str) -> dict[str, str]:
        return {"filename": name, "resourceId": name, "sensorName": sensor, "clientFilename": name}

    def work() -> None:
        scene = {
            "externalId": "built",
            "calibrationId": "c",
            "metadata": {},
            "frames": [
                {
                    "frameId": str(n),
                    "relativeTimestamp": n * 100,
                    "metadata": {},
                    "images": [file(f"f{n}_c{c}.jpg", f"CAM_{c}") for c in range(9)],
                    "pointClouds": [file(f"f{n}_l{c}.las", f"LIDAR_{c}") for c in range(2)],
                }
                for n in range(int(frames))
            ],
        }
        kept.append((scene, json.dumps(scene)))

    return measure(work, int(scenes))


def resources(_base: str, frames: str, scenes: str = "1", times: str = "1") -> Result:
    """Collect the resources of scenes that are already built, so many times each."""
    built = [scene_in_memory(int(frames)) for _ in range(int(scenes))] * int(times)
    kept: list[Any] = []
    return measure(lambda: kept.append(built[len(kept)].resources), len(built))


def mapping(_base: str, frames: str, scenes: str = "1") -> Result:
    """The limit for `resources`: a dict made from existing keys and objects."""
    built = []
    for _ in range(int(scenes)):
        names = [f"f{n}_c{c}.jpg" for n in range(int(frames)) for c in range(11)]
        built.append((names, [{"filename": name} for name in names]))
    kept: list[Any] = []
    return measure(lambda: kept.append(dict(zip(*built[len(kept)], strict=True))), int(scenes))


def upload(base: str, folder: str, files: str, per_frame: str = "1", workers: str = "10") -> Result:
    """Upload a cameras sequence of `files` images that lie in `folder`."""
    from kognic.io.model.scene.cameras_sequence import CamerasSequence, Frame
    from kognic.io.model.scene.resources import Image

    names = sorted(str(p) for p in Path(folder).iterdir())
    each = int(per_frame)
    count = int(files)
    client = make_client(base, max_connections=int(workers))
    frames = [
        Frame(
            frame_id=str(n),
            relative_timestamp=n,
            images=[
                Image(filename=names[k % len(names)], sensor_name=f"C{k - n * each}", resource_id=f"r{k}.jpg")
                for k in range(n * each, min(count, (n + 1) * each))
            ],
        )
        for n in range(-(-count // each))
    ]
    scene = CamerasSequence(external_id="upload", frames=frames)
    return measure(lambda: client.cameras_sequence.create(scene) and None)


def bulk(base: str, scenes: str = "200", **_: str) -> Result:
    """create_inputs for many small scenes."""
    from kognic.io.model.scene.cameras import Cameras, Frame
    from kognic.io.model.scene.resources import Image
    from kognic.io.resources.scene.file_data import FileData
    from kognic.io.tools.input_creation import SceneWithPreAnnotation, create_inputs

    content = FileData(data=b"x" * 1000, format=FileData.Format.JPG)
    work = [
        SceneWithPreAnnotation(
            scene=Cameras(
                external_id=f"s{n}",
                frame=Frame(images=[Image(filename="a.jpg", sensor_name="C", file_data=content)]),
            )
        )
        for n in range(int(scenes))
    ]
    client = make_client(base)
    return measure(lambda: {"inputs": len(list(create_inputs(client, work, "p", sleep_time=0.05)))})


def calls(base: str, scenes: str = "200") -> Result:
    """The limit for `bulk`: the calls that a scene and its input take, ten scenes at a time."""
    from concurrent.futures import ThreadPoolExecutor

    import requests

    session = requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=10))

    def one(n: int) -> None:
        def post(path: str, **body: object) -> Any:
            return session.post(f"{base}/v1/inputs{path}", json=body).json()["data"]

        scene = post("/initialize")["sceneUuid"]
        image = {"resourceId": f"{n}.jpg", "sensorName": "C"}
        made = post("/cameras", internalId=scene, externalId=f"s{n}", frame={"images": [image]})
        session.put(made["files"][f"{n}.jpg"], data=b"x" * 1000)
        post(f"/{scene}/actions/commit")
        post("", sceneUuid=scene)

    def work() -> Result:
        with ThreadPoolExecutor(10) as pool:
            return {"inputs": len(list(pool.map(one, range(int(scenes)))))}

    return measure(work)


def annotations(base: str, **_: str) -> Result:
    """Read every annotation of a project."""
    client = make_client(base)
    found = client.annotation.get_project_annotations("p", "t")
    return measure(lambda: {"read": sum(len(annotation.content["openlabel"]) > 0 for annotation in found)})


def fetch(_base: str, count: str = "500") -> Result:
    """The limit for `annotations`: a pooled session, ten threads, json.loads."""
    from concurrent.futures import ThreadPoolExecutor

    import requests

    session = requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=10))

    def one(n: int) -> int:
        return len(json.loads(session.get(_document(n)).content))

    def work() -> Result:
        with ThreadPoolExecutor(10) as pool:
            return {"read": sum(pool.map(one, range(int(count))))}

    return measure(work)


def download(_base: str, count: str = "500", workers: str = "10") -> Result:
    """Read documents from storage, without decoding them."""
    from kognic.base_clients.cloud_storage import FileResourceClient

    with FileResourceClient(max_connections=int(workers)) as files:
        urls = (_document(n) for n in range(int(count)))
        return measure(lambda: {"read": sum(len(content) > 0 for content in files.get_bytes_many(urls))})


def _document(number: int) -> str:
    return f"{os.environ['BENCH_STORAGE']}/annotation/{number}?signature=s"


def parsed(count: int) -> list[tuple[str, str, str]]:
    """JSON text of `count` scenes, request inputs and reviews, with the classes that read them."""
    now = "2026-01-31T12:00:00.123456Z"
    scene = {
        "uuid": "5b7b3c1e-0a44-4d0e-8b0a-6d8f8f0f3a21",
        "workspaceId": "w",
        "externalId": "e",
        "sceneType": "cameras",
        "status": "created",
        "created": now,
        "calibrationId": "c",
        "viewLink": "https://app.kognic.com/view/scene/1",
    }
    phase = {"id": "p", "name": "Annotate", "phaseDefinition": {"id": "d", "name": "annotate"}}
    request_input = {
        "id": "i",
        "requestId": "r",
        "sceneId": "s",
        "status": "in_progress",
        "createdAt": now,
        "lastUpdatedAt": now,
        "progressDetails": {
            "currentWorkflowStage": {"name": "Annotate", "phase": phase, "action": {"id": "a", "name": "A"}},
            "currentTask": {"taskId": "t", "isOngoing": True, "taskType": "annotate", "assignedUserId": 3},
            "availableForIntegrationReview": False,
        },
    }
    member = {
        "errorTypeId": "e",
        "errorTypeName": "n",
        "invalid": False,
        "corrected": False,
        "resolved": False,
        "createdAt": now,
        "pin": {"x": 1.5, "y": 2.5},
        "suggestedProperties": [{"propertyName": "class", "suggestedPropertyValue": "van"}],
    }
    review = {"id": "r", "inputUuid": "i", "phaseId": "p", "members": [member]}
    return [
        ("kognic.io.model", "Scene", json.dumps([scene] * count)),
        ("kognic.io.model", "RequestInput", json.dumps([request_input] * count)),
        ("kognic.io.model.review.review", "Review", json.dumps([review] * count)),
    ]


def parse(_base: str, count: str = "20000") -> Result:
    """Read the JSON of scenes, request inputs and reviews into models."""
    import importlib

    work = [(getattr(importlib.import_module(m), c), text) for m, c, text in parsed(int(count))]
    for cls, text in work:
        cls.from_json(json.loads(text)[0])

    def run() -> None:
        for cls, text in work:
            kept = [cls.from_json(item) for item in json.loads(text)]
            assert len(kept) == int(count)

    return measure(run)


def loads(_base: str, count: str = "20000") -> Result:
    """The limit for `parse`: json.loads alone."""
    work = parsed(int(count))
    return measure(lambda: [json.loads(text) for _, _, text in work] and None)


def query(base: str, **_: str) -> Result:
    """Stream the items of a query."""
    from kognic.query.query_api_client import QueryApiClient

    client = QueryApiClient(auth=("id", "secret"), host=base, auth_host=base)
    client.query_judgements(stream=True)

    def work() -> Result:
        return {"items": sum(1 for _ in client.query_judgements(stream=True).items())}

    return measure(work)


def lines(base: str, **_: str) -> Result:
    """The limit for `query`: the lines of a pooled session, json.loads each."""
    import requests

    def work() -> Result:
        count = 0
        with requests.post(f"{base}/v1/search/judgements/query?stream=true", json={}, stream=True) as answer:
            for line in answer.iter_lines(chunk_size=1 << 16):
                if line.startswith(b"{"):
                    json.loads(line.rstrip(b","))
                    count += 1
        return {"items": count}

    return measure(work)


CASES = {
    case.__name__: case
    for case in (
        build, plain, resources, mapping, upload, bulk, calls, annotations, fetch, download, parse, loads,
        query, lines,
    )
}  # fmt: skip


def main() -> None:
    name, base, *options = sys.argv[1:]
    os.environ.setdefault("NO_PROXY", "127.0.0.1,localhost")
    result = CASES[name](base, **dict(o.split("=", 1) for o in options))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
