"""What the cases need: the official packages in environments of their own, the neutral servers, files, curl.

A run of a contender is a fresh process; its figures are seconds of wall time, seconds of CPU, peak memory,
the CPU seconds of the servers meanwhile and, as storage tells, how many connections files came through.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from benchmarks.server import annotation
from benchmarks.storage import Storage

HERE = Path(__file__).resolve().parent
CACHE = HERE.parent / ".cache" / "benchmarks"
OFFICIAL = {"io": ["kognic-io==2.19.0"], "query": ["kognic-query==3.0.1"]}
LIMIT = 3600
"""Seconds after which a run counts as hung."""

Figures = dict[str, float]


DOCUMENT = annotation(200_000)
"""What storage answers each download with."""


class RunFailedError(Exception):
    """A contender ended with an error."""


@dataclass(frozen=True)
class Servers:
    """The address of the stand-in of the platform, and the storage it leads to."""

    base: str
    storage: Storage


class Bench:
    """The interpreters, the files and the servers that the cases use.

    Args:
        work: A folder that may be filled; what is in it is the caller's to delete.
    """

    def __init__(self, work: Path) -> None:
        self.work = work
        self.python = {"ours": sys.executable}
        self._servers = contextlib.ExitStack()
        self._stands: dict[tuple[str, ...], Servers] = {}

    def install(self) -> None:
        """Install the official packages, which cannot all live in one environment."""
        for name, packages in OFFICIAL.items():
            folder = CACHE / name
            python = folder / "bin" / "python"
            if not (folder / ".installed").exists():
                print(f"installing {' '.join(packages)} ...", file=sys.stderr, flush=True)
                subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
                subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
                (folder / ".installed").touch()
            self.python[f"official-{name}"] = str(python)

    def close(self) -> None:
        """Stop the servers."""
        self._servers.close()

    def servers(self, *options: str) -> Servers:
        """A platform with these options and its storage, started at the first call."""
        if options not in self._stands:
            values = dict(pairwise(options))
            storage = Storage(
                self.work / f"storage{len(self._stands)}", DOCUMENT,
                latency=float(values.get("--latency", 0)), certificate=values.get("--cert"),
            )  # fmt: skip
            self._servers.callback(storage.stop)
            process = subprocess.Popen(
                [sys.executable, HERE / "server.py", "--storage", storage.base, *options],
                stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            self._servers.enter_context(process)
            self._servers.callback(process.terminate)
            assert process.stdout
            self._stands[options] = Servers(process.stdout.readline().strip(), storage)
        return self._stands[options]

    def tls(self) -> tuple[str, ...]:
        """The server options for TLS; makes a certificate authority once."""
        if not self._authority.exists():
            import trustme

            authority = trustme.CA()
            authority.cert_pem.write_to_path(self._authority)
            certificate = authority.issue_cert("localhost", "127.0.0.1")
            certificate.private_key_and_cert_chain_pem.write_to_path(self.work / "server.pem")
        return ("--cert", str(self.work / "server.pem"))

    @property
    def _authority(self) -> Path:
        return self.work / "ca.pem"

    def files(self, count: int, size: int) -> Path:
        """A folder with `count` files of `size` bytes."""
        folder = self.work / f"{count}x{size}"
        if not folder.exists():
            folder.mkdir()
            block = os.urandom(1 << 20)
            for n in range(count):
                with (folder / f"{n:05}.jpg").open("wb") as file:
                    for _ in range(size >> 20):
                        file.write(block)
                    file.write(block[: size & 0xFFFFF])
        return folder

    def run(self, who: str, case: str, server: tuple[str, ...] = (), **options: object) -> Figures:
        """Do the work of a case of `work.py` with one of the interpreters."""
        there = self.servers(*server)
        base = there.base
        environment = dict(os.environ, NO_PROXY="localhost,127.0.0.1", PYTHONPATH="")
        if base.startswith("https"):
            # The official uploads read SSL_CERT_FILE, its API calls REQUESTS_CA_BUNDLE.
            environment |= {k: str(self._authority) for k in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")}
        environment["BENCH_STORAGE"] = there.storage.base
        command = [HERE / "work.py", case, base, *(f"{k}={v}" for k, v in options.items())]
        with self._served(there) as served:
            figures = self._process(who, command, environment)
        return figures | served

    def imported(self, who: str, statement: str) -> Figures:
        """Import something in a fresh interpreter, which has nothing of it loaded."""
        program = (
            f"import time; wall, cpu = time.perf_counter(), time.process_time(); {statement}; "
            'print(\'{"seconds": %f, "cpu": %f}\' % (time.perf_counter() - wall, time.process_time() - cpu))'
        )
        return self._process(who, ["-c", program], dict(os.environ, PYTHONPATH=""))

    def curl(self, folder: Path, count: int, server: tuple[str, ...] = (), workers: int = 10) -> Figures:
        """The reference limit of an upload: one curl process, `workers` connections."""
        names = sorted(folder.iterdir())
        base = self.servers(*server).storage.base
        return self._curl(server, workers, (
            f'upload-file = "{names[n % len(names)]}"\nurl = "{base}/upload/r{n}.jpg?signature=s"\n'
            f'output = "/dev/null"\n'
            for n in range(count)
        ))  # fmt: skip

    def curl_downloads(self, count: int, server: tuple[str, ...] = (), workers: int = 10) -> Figures:
        """The reference limit of downloads."""
        base = self.servers(*server).storage.base
        return self._curl(server, workers, (
            f'url = "{base}/annotation/{n}?signature=s"\noutput = "/dev/null"\n' for n in range(count)
        ))  # fmt: skip

    def _curl(self, server: tuple[str, ...], workers: int, transfers: Iterable[str]) -> Figures:
        there = self.servers(*server)
        config = self.work / "curl.config"
        config.write_text("".join(transfers))
        command = [
            "curl",
            "-s",
            "--no-progress-meter",
            "-Z",
            "--fail-early",
            "-f",
            "--parallel-max",
            str(workers),
            "--http1.1",
            # Headers count for all transfers; those in the file would be sent once for each of its lines.
            "-H",
            "Content-Type: image/jpeg",
            # Curl would ask before it sends a large file, which takes a round trip.
            "-H",
            "Expect:",
            "-K",
            str(config),
        ]
        if there.base.startswith("https"):
            command += ["--cacert", str(self._authority)]
        with self._served(there) as served:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            start = time.perf_counter()
            subprocess.run(command, check=True, timeout=LIMIT)
            seconds = time.perf_counter() - start
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return {"seconds": seconds, "cpu": cpu, **served}

    @contextlib.contextmanager
    def _served(self, there: Servers) -> Iterator[Figures]:
        """What the servers say about the time inside the context."""
        there.storage.clear()
        connections, before = there.storage.connections(), self._cpu(there)
        served: Figures = {}
        yield served
        served["server_cpu"] = self._cpu(there) - before
        # The question is a connection of its own.
        if made := there.storage.connections() - connections - 1:
            served["connections"] = made
        there.storage.clear()

    def _cpu(self, there: Servers) -> float:
        return self._control("GET", there.base, "/_stats")["cpu"] + there.storage.cpu()

    def _process(self, who: str, command: Sequence[object], environment: dict[str, str]) -> Figures:
        done = subprocess.run(
            [self.python[who], *map(str, command)], capture_output=True, text=True, env=environment,
            cwd=self.work, check=False, timeout=LIMIT,
        )  # fmt: skip
        if done.returncode:
            raise RunFailedError(f"{who}: {done.stderr[-2000:]}")
        return dict(json.loads(done.stdout.splitlines()[-1]))

    def _control(self, method: str, base: str, path: str) -> dict[str, float]:
        handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
        if base.startswith("https"):
            context = ssl.create_default_context(cafile=str(self._authority))
            handlers.append(urllib.request.HTTPSHandler(context=context))
        request = urllib.request.Request(base + path, method=method)
        with urllib.request.build_opener(*handlers).open(request) as answer:
            return dict(json.load(answer))
