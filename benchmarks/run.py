"""Measure this client beside the official one and beside the limit of the machine, interleaved.

    python benchmarks/run.py [--rounds N] [--only NAME ...] [--write docs/performance.md]

Installs the official packages into environments of their own under `.cache/benchmarks`, starts the
neutral server of `server.py` in a process of its own, and runs `work.py` under both interpreters in
turn (A B A B ...), each run a fresh process. Prints medians with minimum and maximum, and the ratios.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
CACHE = ROOT / ".cache" / "benchmarks"
OFFICIAL = {"io": ["kognic-io==2.19.0"], "query": ["kognic-query==3.0.1"]}
Figures = dict[str, float]


@dataclass
class Case:
    """One row of the table: what is run for each contender, and what to say of it."""

    name: str
    title: str
    ours: Callable[[Bench], Figures]
    official: Callable[[Bench], Figures] | None
    limit: Callable[[Bench], Figures] | None = None
    figure: str = "seconds"
    limit_name: str = ""
    official_rounds: int | None = None
    results: dict[str, list[Figures]] = field(default_factory=dict)


class Bench:
    """The interpreters, the files and the servers that the cases use."""

    def __init__(self, work: Path) -> None:
        self.work = work
        self.python = {"ours": sys.executable}
        self.servers = contextlib.ExitStack()
        self._bases: dict[tuple[str, ...], str] = {}

    def install(self) -> None:
        for name, packages in OFFICIAL.items():
            folder = CACHE / name
            python = folder / "bin" / "python"
            if not (folder / ".installed").exists():
                print(f"installing {' '.join(packages)} ...", file=sys.stderr)
                subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
                subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
                (folder / ".installed").touch()
            self.python[f"official-{name}"] = str(python)

    def server(self, *options: str) -> str:
        """The base URL of a server with these options, started at the first call."""
        if options not in self._bases:
            process = self.servers.enter_context(
                subprocess.Popen(
                    [sys.executable, HERE / "server.py", *options], stdout=subprocess.PIPE, text=True
                )
            )
            self.servers.callback(process.terminate)
            assert process.stdout
            self._bases[options] = process.stdout.readline().strip()
        return self._bases[options]

    def tls(self) -> tuple[str, ...]:
        """The server options for TLS; makes a certificate authority once."""
        if not (self.work / "ca.pem").exists():
            import trustme

            authority = trustme.CA()
            authority.cert_pem.write_to_path(self.work / "ca.pem")
            authority.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(
                self.work / "server.pem"
            )
        return ("--cert", str(self.work / "server.pem"))

    def files(self, count: int, size: int) -> Path:
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
        base = self.server(*server)
        environment = dict(os.environ, NO_PROXY="localhost,127.0.0.1", PYTHONPATH="")
        if base.startswith("https"):
            # The official uploads read SSL_CERT_FILE, its API calls REQUESTS_CA_BUNDLE.
            environment |= {k: str(self.work / "ca.pem") for k in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")}
        self._control("POST", base, "/_reset")
        done = subprocess.run(
            [self.python[who], HERE / "work.py", case, base, *(f"{k}={v}" for k, v in options.items())],
            capture_output=True, text=True, env=environment, cwd=self.work, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{case} with {who} failed:\n{done.stderr[-2000:]}")
        stats = self._control("GET", base, "/_stats")
        return {**json.loads(done.stdout.splitlines()[-1]), "connections": stats["connections"] - 2}

    def _control(self, method: str, base: str, path: str) -> dict[str, float]:
        import ssl

        context = None
        if base.startswith("https"):
            context = ssl.create_default_context(cafile=str(self.work / "ca.pem"))
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            *([urllib.request.HTTPSHandler(context=context)] if context else []),
        )
        with opener.open(urllib.request.Request(base + path, method=method)) as answer:
            return dict(json.load(answer))

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
        start = time.perf_counter()
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
            command += ["--cacert", str(self.work / "ca.pem")]
        subprocess.run(command, check=True)
        return {"seconds": time.perf_counter() - start}

    def imported(self, who: str, code: str) -> Figures:
        start = time.perf_counter()
        subprocess.run([self.python[who], "-c", code], check=True, cwd=self.work)
        return {"seconds": time.perf_counter() - start}


def upload_case(name: str, title: str, count: int, size: int, *, distinct: int | None = None,
                server: Callable[[Bench], tuple[str, ...]] = lambda _: (), workers: int = 10,
                per_frame: int = 1, official_rounds: int | None = None, figure: str = "seconds",
                official: bool = True) -> Case:  # fmt: skip
    def contender(who: str) -> Callable[[Bench], Figures]:
        return lambda b: b.run(
            who, "upload", server(b), folder=b.files(distinct or count, size), files=count,
            workers=workers, per_frame=per_frame,
        )  # fmt: skip

    return Case(
        name, title, contender("ours"), contender("official-io") if official else None,
        lambda b: b.curl(b.files(distinct or count, size), count, server(b), workers),
        limit_name=f"curl, {workers} connections", official_rounds=official_rounds, figure=figure,
    )  # fmt: skip


def slow(bench: Bench) -> tuple[str, ...]:
    return ("--latency", "30")


def slow_tls(bench: Bench) -> tuple[str, ...]:
    return ("--latency", "30", *bench.tls())


def simple(name: str, title: str, case: str, limit: str = "", limit_name: str = "", env: str = "io",
           server: tuple[str, ...] = (), **options: object) -> Case:  # fmt: skip
    return Case(
        name,
        title,
        lambda b: b.run("ours", case, server, **options),
        lambda b: b.run(f"official-{env}", case, server, **options),
        (lambda b: b.run("ours", limit, server, **options)) if limit else None,
        limit_name=limit_name,
    )


def cases() -> list[Case]:
    importing = "from kognic.io.client import KognicIOClient"
    table = [
        Case(
            "import", "import of the client",
            lambda b: b.imported("ours", importing), lambda b: b.imported("official-io", importing),
            lambda b: b.imported("ours", "import requests"), limit_name="import requests",
        ),
        simple("build", "build + serialise 1,000 frames x 11 files", "build", "plain", "plain dicts + json",
               frames=1000),
        *(simple(f"build-{n}", f"build + serialise {n} frames", "build", frames=n) for n in (50, 250, 2000)),
        *(simple(f"resources-{n}", f"resources of {n} frames", "resources", frames=n) for n in (250, 2000)),
        upload_case("upload-small", "upload 2,000 x 100 KB, no latency", 2000, 100_000),
        upload_case("upload-30ms", "upload 2,000 x 100 KB at 30 ms, 10 workers", 2000, 100_000, server=slow),
        upload_case("upload-30ms-tls", "the same over TLS", 2000, 100_000, server=slow_tls),
        upload_case("upload-30ms-32", "the same, plain, 32 workers", 2000, 100_000, server=slow, workers=32),
        *(
            upload_case(f"upload-frames-{n}", f"upload {n * 11:,} x 10 KB ({n}-frame scene)", n * 11, 10_000,
                        distinct=1000, per_frame=11, figure="cpu", official_rounds=1 if n < 1000 else 0)
            for n in (125, 250, 1000)
        ),
        upload_case("upload-large", "upload 16 x 128 MB", 16, 128 << 20, distinct=1),
        upload_case("upload-large-tls", "the same over TLS", 16, 128 << 20, distinct=1, server=Bench.tls),
        upload_case("memory", "peak memory of a 4 GB upload", 32, 128 << 20, distinct=1, figure="peak_mb"),
        simple("bulk", "200 small scenes at 30 ms, create_inputs", "bulk", server=("--latency", "30")),
        simple("annotations", "500 annotations of 200 KB, no latency", "annotations", "fetch",
               "fetch + json.loads, 10-way"),
        simple("annotations-30ms", "the same at 30 ms", "annotations", "fetch", "fetch + json.loads, 10-way",
               server=("--latency", "30")),
        simple("parse", "parse 20,000 scenes, request inputs and reviews each", "parse", "loads",
               "json.loads alone"),
        simple("query", "query stream, 200,000 items", "query", "lines", "json.loads per line", env="query"),
    ]  # fmt: skip
    for case in table:
        if case.name == "memory":
            case.limit = None
    return table


def measured(case: Case, bench: Bench, rounds: int) -> None:
    """Run the contenders in turn, `rounds` times."""
    contenders = {"official": case.official, "ours": case.ours, "limit": case.limit}
    for n in range(rounds):
        for who, run in contenders.items():
            allowed = (
                case.official_rounds if who == "official" and case.official_rounds is not None else rounds
            )
            if run and n < allowed:
                case.results.setdefault(who, []).append(run(bench))


def spread(case: Case, who: str, figure: str | None = None) -> str:
    values = [r[figure or case.figure] for r in case.results.get(who, []) if (figure or case.figure) in r]
    if not values:
        return ""
    unit = " MB" if case.figure == "peak_mb" and not figure else " s"
    return f"{statistics.median(values):.3g}{unit} ({min(values):.3g}-{max(values):.3g})"


def median(case: Case, who: str) -> float | None:
    values = [r[case.figure] for r in case.results.get(who, []) if case.figure in r]
    return statistics.median(values) if values else None


def rows(table: list[Case]) -> Iterator[str]:
    yield "| work | official | this client | limit | official / ours | ours / limit | connections |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for case in table:
        official, ours, limit = (median(case, w) for w in ("official", "ours", "limit"))
        if ours is None:
            continue
        faster = f"{official / ours:.1f}" if official else ""
        over = f"{ours / limit:.2f}" if limit and case.figure == "seconds" else ""
        connections = "/".join(
            f"{case.results[w][-1]['connections']:.0f}"
            for w in ("official", "ours")
            if case.results.get(w) and "connections" in case.results[w][-1]
        )
        named = (
            f"{spread(case, 'limit', 'seconds')} {case.limit_name}"
            if limit or case.results.get("limit")
            else ""
        )
        cpu = " (CPU)" if case.figure == "cpu" else ""
        cells = [
            case.title + cpu,
            spread(case, "official"),
            spread(case, "ours"),
            named,
            faster,
            over,
            connections,
        ]
        yield f"| {' | '.join(cells)} |"


def exponents(table: list[Case]) -> Iterator[str]:
    """How work grows with the scene: the slope between two sizes, both as logarithms."""
    sizes = {"build": (50, 2000), "resources": (250, 2000), "upload-frames": (125, 1000)}
    named = {case.name: case for case in table}
    for prefix, (small, large) in sizes.items():
        for who in ("official", "ours"):
            cases = [named.get(f"{prefix}-{n}") for n in (small, large)]
            if who == "official" and prefix == "upload-frames":
                cases = [named.get("upload-frames-125"), named.get("upload-frames-250")]
                small, large = 125, 250
            a, b = (median(c, who) if c else None for c in cases)
            if a and b:
                slope = math.log(b / a) / math.log(large / small)
                yield f"| {prefix} | {who} | {small} to {large} frames | {slope:.2f} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*", help="names of cases, or their beginnings")
    parser.add_argument("--ours-only", action="store_true", help="leave the official packages out")
    parser.add_argument("--write", type=Path, help="file that the tables are written to, between two markers")
    options = parser.parse_args()
    table = [c for c in cases() if not options.only or any(c.name.startswith(o) for o in options.only)]
    work = Path(tempfile.mkdtemp(prefix="kognic-benchmarks-"))
    bench = Bench(work)
    try:
        if options.ours_only:
            for case in table:
                case.official = None
        else:
            bench.install()
        for case in table:
            measured(case, bench, options.rounds)
            print("\n".join(list(rows([case]))[2:]), flush=True)
    finally:
        bench.servers.close()
        shutil.rmtree(work)
    text = "\n".join([*rows(table), "", "| growth | client | range | exponent |", "| --- | --- | --- | --- |",
                      *exponents(table)])  # fmt: skip
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    machine = f"{os.cpu_count()} cores, {system}"
    report = f"Medians (minimum-maximum) of {options.rounds} interleaved rounds; {machine}.\n\n{text}\n"
    print("\n" + report)
    if options.write:
        page = options.write.read_text()
        before, _, rest = page.partition("<!-- results -->\n")
        after = rest.partition("<!-- end of results -->\n")[2]
        options.write.write_text(f"{before}<!-- results -->\n\n{report}\n<!-- end of results -->\n{after}")


if __name__ == "__main__":
    main()
