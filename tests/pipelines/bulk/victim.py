"""A bulk run in a process of its own, for a test to kill: a line for every file stored and item done."""

from __future__ import annotations

import json
import sys

from kognic.io.client import KognicIOClient
from kognic.io.model.scene.cameras import Cameras, Frame
from kognic.io.model.scene.resources import Image
from kognic.pipelines.bulk import BulkItem, BulkRun, Target


def main() -> None:
    work = json.loads(sys.stdin.read())
    items = [
        BulkItem(
            scene=Cameras(
                external_id=name,
                frame=Frame(images=[Image(filename=f, sensor_name=f"C{n}") for n, f in enumerate(files)]),
            ),
            pre_annotation=work["document"],
        )
        for name, files in work["scenes"].items()
    ]
    with (
        KognicIOClient(auth=work["credentials"], **work["hosts"]) as client,
        BulkRun(
            client, items, target=Target(project="sandbox-project"), journal=work["journal"],
            poll_interval=0.05,
            on_file=lambda key, resource, _size: print("file", key, resource, flush=True),
        ) as run,
    ):  # fmt: skip
        for result in run:
            print("item", result.key, result.stage.value, result.error or "", flush=True)


if __name__ == "__main__":
    main()
