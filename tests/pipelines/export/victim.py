"""An export in a process of its own, for a test to kill: a line for every annotation."""

from __future__ import annotations

import json
import sys

from kognic.io.client import KognicIOClient
from kognic.pipelines.export import export_annotations


def main() -> None:
    work = json.loads(sys.stdin.read())
    with KognicIOClient(auth=work["credentials"], **work["hosts"]) as client:
        export_annotations(
            client, work["project"], work["folder"], work["annotation_type"], workers=4,
            on_progress=lambda report: print(report.fetched, report.unchanged, flush=True),
        )  # fmt: skip


if __name__ == "__main__":
    main()
