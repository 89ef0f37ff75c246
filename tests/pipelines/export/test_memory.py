"""Reading all annotations of a project takes the memory of a few, however many there are."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kognic.io.client import KognicIOClient
from kognic.pipelines.export import export_annotations

pytestmark = pytest.mark.slow

SERVER = Path(__file__).resolve().parents[3] / "benchmarks" / "server.py"
SIZE = 100_000
"""Bytes of an annotation."""


@pytest.fixture
def project_of() -> Iterator[Callable[[int], KognicIOClient]]:
    """Makes a client of a platform with one project of so many annotations: the server of the benchmarks."""
    processes: list[subprocess.Popen[str]] = []
    clients: list[KognicIOClient] = []

    def make(count: int) -> KognicIOClient:
        command = [sys.executable, SERVER, "--annotations", str(count), "--annotation-bytes", str(SIZE)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        processes.append(process)
        assert process.stdout
        base = process.stdout.readline().strip()
        services = ("order_execution_api_host", "annotation_integration_api_host", "workspace_api_host",
                    "project_management_api_host")  # fmt: skip
        client = KognicIOClient(
            auth=("id", "secret"), auth_host=base, host=base, write_workspace_id="w", max_connections=2,
            **dict.fromkeys(services, base),
        )  # fmt: skip
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()
    for process in processes:
        process.terminate()
        process.communicate()


def export(client: KognicIOClient, folder: Path) -> int:
    export_annotations(client, "p", folder, "t", workers=2)
    # All documents say that they are the same one; each has a file of its own.
    return len(list((folder / "annotations").iterdir()))


def read(client: KognicIOClient, _: Path) -> int:
    found = client.annotation.get_project_annotations("p", "t")
    return sum("openlabel" in (each.content or {}) for each in found)


@pytest.mark.parametrize("work", [export, read])
def test_memory_does_not_grow_with_the_project(
    project_of: Callable[[int], KognicIOClient], tmp_path: Path, work: Callable[[KognicIOClient, Path], int]
) -> None:
    """A hundred and fifty documents, 15 MB in all, have their peak where twenty have it."""
    peaks = {}
    for count in (20, 150):
        client = project_of(count)
        tracemalloc.start()
        try:
            assert work(client, tmp_path / str(count)) == count
            _, peaks[count] = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert peaks[150] < peaks[20] + 4_000_000
