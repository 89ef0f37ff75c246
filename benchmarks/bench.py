"""What the cases need: the official packages in environments of their own, the neutral server, files, curl.

A run of a contender is a fresh process; its figures are seconds of wall time, seconds of CPU, peak memory
and, told by the server, how many connections files came through.
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
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = HERE.parent / ".cache" / "benchmarks"
OFFICIAL = {"io": ["kognic-io==2.19.0"], "query": ["kognic-query==3.0.1"]}
LIMIT = 3600
"""Seconds after which a run counts as hung."""

Figures = dict[str, float]


class RunFailedError(Exception):
    """A contender ended with an error."""


class Bench:
    """The interpreters, the files and the servers that the cases use.

    Args:
        work: A folder that may be filled; what is in it is the caller's to delete.
    """

    def __init__(self, work: Path) -> None:
        self.work = work
        self.python = {"ours": sys.executable}
        self._servers = contextlib.ExitStack()
        self._bases: dict[tuple[str, ...], str] = {}

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

    def server(self, *options: str) -> str:
        """The base URL of a server with these options, started at the first call."""
        if options not in self._bases:
            process = subprocess.Popen(
                [sys.executable, HERE / "server.py", *options], stdout=subprocess.PIPE, text=True
            )
            self._servers.enter_context(process)
            self._servers.callback(process.terminate)
            assert process.stdout
            self._bases[options] = process.stdout.readline().strip()
        return self._bases[options]

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
        base = self.server(*server)
        environment = dict(os.environ, NO_PROXY="localhost,127.0.0.1", PYTHONPATH="")
        if base.startswith("https"):
            # The official uploads read SSL_CERT_FILE, its API calls REQUESTS_CA_BUNDLE.
            environment |= {k: str(self._authority) for k in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")}
        self._control("POST", base, "/_reset")
        command = [HERE / "work.py", case, base, *(f"{k}={v}" for k, v in options.items())]
        figures = self._process(who, command, environment)
        connections = self._control("GET", base, "/_stats")["connections"]
        return figures | ({"connections": connections} if connections else {})

    def imported(self, who: str, statement: str) -> Figures:
        """Import something in a fresh interpreter, which has nothing of it loaded."""
        program = (
            f"import time; wall, cpu = time.perf_counter(), time.process_time(); {statement}; "
            'print(\'{"seconds": %f, "cpu": %f}\' % (time.perf_counter() - wall, time.process_time() - cpu))'
        )
        return self._process(who, ["-c", program], dict(os.environ, PYTHONPATH=""))

    def curl(self, folder: Path, count: int, server: tuple[str, ...] = (), workers: int = 10) -> Figures:
        """The reference limit of an upload: one curl process, `workers` connections."""
        base = self.server(*server)
        names = sorted(folder.iterdir())
        config = self.work / "curl.config"
        config.write_text(
            "".join(
                f'upload-file = "{names[n % len(names)]}"\nurl = "{base}/_storage/upload/{n}?signature=s"\n'
                f'output = "/dev/null"\nheader = "Content-Type: image/jpeg"\n'
                for n in range(count)
            )
        )
        command = [
            "curl",
            "-s",
            "--no-progress-meter",
            "-Z",
            "--parallel-max",
            str(workers),
            "--http1.1",
            "-K",
            str(config),
        ]
        if base.startswith("https"):
            command += ["--cacert", str(self._authority)]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.perf_counter()
        subprocess.run(command, check=True, timeout=LIMIT)
        seconds = time.perf_counter() - start
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return {"seconds": seconds, "cpu": cpu}

    def _process(self, who: str, command: Sequence[object], environment: dict[str, str]) -> Figures:
        done = subprocess.run(
            [self.python[who], *map(str, command)], capture_output=True, text=True, env=environment,
            cwd=self.work, check=False, timeout=LIMIT,
        )  # fmt: skip
        if done.returncode:
            raise RunFailedError(f"{who}: {done.stderr[-2000:]}")
        return dict(json.loads(done.stdout.splitlines()[-1]))

    def _control(self, method: str, base: str, path: str) -> dict[str, int]:
        handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
        if base.startswith("https"):
            context = ssl.create_default_context(cafile=str(self._authority))
            handlers.append(urllib.request.HTTPSHandler(context=context))
        request = urllib.request.Request(base + path, method=method)
        with urllib.request.build_opener(*handlers).open(request) as answer:
            return dict(json.load(answer))
