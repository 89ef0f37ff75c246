"""A campaign over a Dask cluster that loses a worker process and, once, the connection to its scheduler."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attrs

from benchmarks.night.campaign import Campaign, Platform, Say
from benchmarks.night.tcp_proxy import TcpProxy
from benchmarks.soak import PROJECT
from kognic.pipelines.bulk import BulkRun, Target


@attrs.define
class Spread:
    """What happened; `problems` is empty if all is as it must be.

    Attributes:
        killed: Process ID of the worker that was killed.
        cut: Connections to the scheduler that were cut.
        reconnected: Connections to the scheduler that were made after that.
        seconds: How long the run took.
        cpu: Processor seconds of the process that holds the journal (the Python form only).
    """

    killed: int = 0
    cut: int = 0
    reconnected: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    problems: list[str] = attrs.field(factory=list)


@contextmanager
def cluster(workers: int = 3) -> Iterator[Any]:
    """Worker processes of one thread each on this machine."""
    import distributed

    start: Any = distributed.LocalCluster
    with start(n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None) as local:
        local.wait_for_workers(workers)
        yield local


def run_spread(
    platform: Platform, folder: Path, local: Any, *, scenes: int, command: bool, say: Say = print
) -> Spread:
    """Create scenes over a cluster, and compare what the platform holds with what was sent.

    A worker process is killed after a third of the scenes, and the scheduler's connection to this client is
    cut after two thirds.

    Args:
        platform: A fresh one.
        folder: An empty folder.
        local: A `distributed.LocalCluster`.
        scenes: How many scenes, of two files each.
        command: Use `kognic bulk run --dask` instead of `BulkRun(executor=...)`.
        say: Called with each line of progress.
    """
    campaign, done = Campaign.make(folder, "spread", scenes), Spread()
    scheduler = urlsplit(local.scheduler_address)
    assert scheduler.hostname
    assert scheduler.port
    started = time.monotonic()
    with TcpProxy(scheduler.hostname, scheduler.port) as proxy:
        over = threading.Event()
        harm = threading.Thread(target=_harm, args=(platform, local, proxy, scenes, done, over, say))
        harm.start()
        try:
            (_with_command if command else _with_python)(platform, campaign, f"tcp://{proxy.address}", done)
        finally:
            over.set()
            harm.join()
        done.reconnected = proxy.accepted - done.reconnected
    done.seconds = time.monotonic() - started
    if not (done.killed and done.cut and done.reconnected):
        done.problems.append(f"the run was not harmed as intended: {done}")
    done.problems += campaign.differences(platform)
    return done


def _harm(
    platform: Platform,
    local: Any,
    proxy: TcpProxy,
    scenes: int,
    done: Spread,
    over: threading.Event,
    say: Say,
) -> None:
    """Kill a worker, and later cut the connection."""
    while not over.wait(0.05):
        created = sum(scene["status"] == "created" for scene in platform.control.scenes())
        if not done.killed and created >= scenes // 3:
            nanny = next(iter(local.workers.values()))
            done.killed = nanny.pid
            os.kill(done.killed, signal.SIGKILL)
            say(f"{created} scenes created: killed worker process {done.killed}")
        if not done.cut and created >= 2 * scenes // 3:
            done.reconnected = proxy.accepted
            done.cut = proxy.cut()
            say(f"{created} scenes created: cut {done.cut} connection(s) to the scheduler")
            return


def _with_python(platform: Platform, campaign: Campaign, address: str, done: Spread) -> None:
    import distributed

    connect: Any = distributed.Client
    with (
        connect(address) as dask,
        platform.client() as client,
        BulkRun(
            client, campaign.items, target=Target(project=PROJECT), journal=campaign.folder / "journal",
            executor=dask, poll_interval=0.2,
        ) as run,
    ):  # fmt: skip
        before = time.process_time()
        done.problems += [f"{result.key}: {result.error}" for result in run if not result.ok]
        done.cpu = time.process_time() - before


def _with_command(platform: Platform, campaign: Campaign, address: str, done: Spread) -> None:
    arguments = campaign.run_arguments(campaign.folder / "journal", "--dask", address)
    process = campaign.start(platform, *arguments)
    try:
        _, said = process.communicate(timeout=1800)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    if process.returncode:
        done.problems.append(f"the command ended with {process.returncode}: {said[-2000:]}")
