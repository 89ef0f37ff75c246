"""The rows of the table: the work, the contenders, the limit to compare with, and the goal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from benchmarks.bench import Bench, Figures

Run = Callable[[Bench], Figures]
Server = Callable[[Bench], tuple[str, ...]]
Contender = Literal["official", "ours", "limit"]

MB = 1 << 20


@dataclass(frozen=True)
class Goal:
    """Something asked of a case, in words and as a bound of a figure of the report.

    Attributes:
        figure: `faster` (official / this), `limit` (this / limit), `most` (the figure itself), `connections`,
            `each` (milliseconds of processor per item).
        bound: At least that for `faster`, at most that for the others.
    """

    figure: Literal["faster", "limit", "most", "connections", "each"]
    bound: float

    def is_met(self, value: float) -> bool:
        return value >= self.bound if self.figure == "faster" else value <= self.bound


@dataclass
class Case:
    """One row.

    Attributes:
        runs: What each contender does, by name; `ours` is always there.
        limit_name: What the limit is.
        figure: Which figure is compared.
        repeats: Pairs per round, more for short work.
        official_runs: How often the official client does it; None for as often as the others.
        gigabytes: What is moved, for the CPU time per gigabyte.
        items: How many files, documents or scenes, for the CPU time of each; None where nothing is moved.
        series: What grows in a group of cases, and its size here.
        results: Of each contender, one per run.
    """

    name: str
    title: str
    runs: dict[Contender, Run]
    limit_name: str = ""
    figure: Literal["seconds", "cpu", "peak_mb"] = "seconds"
    goals: tuple[Goal, ...] = ()
    repeats: int = 1
    official_runs: int | None = None
    gigabytes: float | None = None
    items: int | None = None
    series: tuple[str, int] | None = None
    results: dict[Contender, list[Figures]] = field(default_factory=dict)


def work(
    case: str, *, env: str = "io", limit: str = "", server: Server = lambda _: (), **options: object
) -> dict[Contender, Run]:
    """The contenders of a case of `work.py`; `limit` is the name of another one."""

    def run(contender: str, what: str) -> Run:
        return lambda bench: bench.run(contender, what, server(bench), **options)

    runs = {"official": run(f"official-{env}", case), "ours": run("ours", case)}
    return {**runs, **({"limit": run("ours", limit)} if limit else {})}  # type: ignore[dict-item]


def uploads(
    count: int, size: int, *, distinct: int | None = None, per_frame: int = 1, workers: int = 10,
    server: Server = lambda _: (),
) -> dict[Contender, Run]:  # fmt: skip
    """The contenders of an upload of `count` files, of which `distinct` lie on disk; curl is the limit."""

    def run(contender: str) -> Run:
        return lambda bench: bench.run(
            contender, "upload", server(bench), folder=bench.files(distinct or count, size), files=count,
            workers=workers, per_frame=per_frame,
        )  # fmt: skip

    return {
        "official": run("official-io"),
        "ours": run("ours"),
        "limit": lambda bench: bench.curl(
            bench.files(distinct or count, size), count, server(bench), workers
        ),
    }


def downloads(count: int, *, server: Server) -> dict[Contender, Run]:
    """The contenders of downloads, which the official client has no public call for; curl is the limit."""
    return {
        "ours": lambda bench: bench.run("ours", "download", server(bench), count=count),
        "limit": lambda bench: bench.curl_downloads(count, server(bench)),
    }


def near(_: Bench) -> tuple[str, ...]:
    """A platform without latency."""
    return ()


def slow(_: Bench) -> tuple[str, ...]:
    """A platform 30 milliseconds away."""
    return ("--latency", "30")


def slow_tls(bench: Bench) -> tuple[str, ...]:
    """The same over TLS."""
    return (*slow(bench), *bench.tls())


def importing(name: str) -> Run:
    return lambda bench: bench.imported(name, "from kognic.io.client import KognicIOClient")


def cases(part: int = 1, *, patient: bool = False) -> list[Case]:
    """All of them, in the order of the report.

    Args:
        part: 10 for a tenth of the files, annotations and items.
        patient: The official client uploads the large scenes as well, which takes it a quarter of an hour.
    """
    small, frames, scenes, annotated, parsed, items = (
        n // part for n in (2000, 1000, 200, 500, 20_000, 200_000)
    )
    large, memory = (16, 32) if part == 1 else (4, 4)
    curl, curl_32 = "curl, 10 connections", "curl, 32 connections"

    def counted(bench: Bench) -> tuple[str, ...]:
        return ("--items", str(items), "--annotations", str(annotated))

    return [
        Case(
            "import", "import of the client",
            {"official": importing("official-io"), "ours": importing("ours"),
             "limit": lambda bench: bench.imported("ours", "import requests")},
            "`import requests`", goals=(Goal("faster", 2.5), Goal("limit", 1.5)), repeats=5,
        ),
        Case(
            "build", f"build + serialise {frames:,} frames x 11 files",
            work("build", limit="plain", frames=frames), "plain dicts + json",
            goals=(Goal("faster", 2),), repeats=3,
        ),
        *(
            Case(
                f"{name}-{n}", f"{title} {n:,} frames",
                work(name, limit=limit, frames=n, scenes=max(1, total // n)),
                figure="cpu", series=(name, n), repeats=3,
            )
            for name, title, limit, total in (
                ("build", "build + serialise", "plain", 2000),
                ("resources", "`.resources` of", "mapping", 8000),
            )
            for n in ((50, 200, 700, 2000) if part == 1 else (50, 200, 700))
        ),
        Case(
            "upload-small", f"upload {small:,} x 100 KB, no latency", uploads(small, 100_000), curl,
            goals=(Goal("faster", 15), Goal("limit", 2.5), Goal("connections", 10)), items=small, repeats=2,
        ),
        Case(
            "upload-30ms", "the same at 30 ms", uploads(small, 100_000, server=slow), curl,
            goals=(Goal("faster", 5), Goal("limit", 1.1), Goal("connections", 10)), items=small,
        ),
        Case(
            "upload-30ms-tls", "the same at 30 ms over TLS", uploads(small, 100_000, server=slow_tls), curl,
            goals=(Goal("faster", 5), Goal("limit", 1.1), Goal("connections", 10)), items=small,
        ),
        Case(
            "upload-30ms-32", "the same at 30 ms, 32 workers",
            uploads(small, 100_000, server=slow, workers=32), curl_32,
            goals=(Goal("faster", 12), Goal("connections", 32)), items=small,
        ),
        *(
            Case(
                f"upload-frames-{n}", f"upload {n * 11:,} x 10 KB ({n:,}-frame scene), CPU",
                uploads(n * 11, 10_000, distinct=min(1000, n * 11), per_frame=11), curl, figure="cpu",
                goals=(Goal("faster", 60), Goal("connections", 10)) if n == 1000 else (),
                official_runs=1 if n <= 250 or patient else 0, series=("upload of a scene", n),
            )
            for n in ((63, 125, 250, 500, 1000) if part == 1 else (25, 50, 100))
        ),
        Case(
            "upload-large", f"upload {large} x 128 MB", uploads(large, 128 * MB, distinct=1), curl,
            goals=(Goal("limit", 1), Goal("connections", 10)), gigabytes=large / 8, items=large, repeats=2,
        ),
        Case(
            "upload-large-tls", "the same over TLS", uploads(large, 128 * MB, distinct=1, server=Bench.tls),
            curl, goals=(Goal("limit", 1), Goal("connections", 10)), gigabytes=large / 8, items=large,
            repeats=2,
        ),
        Case(
            "memory", f"peak memory of an upload of {memory} x 128 MB",
            {name: run for name, run in uploads(memory, 128 * MB, distinct=1).items() if name != "limit"},
            figure="peak_mb", goals=(Goal("most", 72),), gigabytes=memory / 8,
        ),
        Case(
            "bulk", f"{scenes} small scenes at 30 ms, `create_inputs`",
            work("bulk", limit="calls", server=slow, scenes=scenes), "the calls, 10-way",
            goals=(Goal("faster", 10), Goal("each", 3)), items=scenes,
        ),
        *(
            Case(
                f"download{name}", f"download {annotated} x 200 KB{title}",
                downloads(annotated, server=server), curl, goals=goals, items=annotated, repeats=2,
            )
            for name, title, server, goals in (
                ("-small", ", no latency", near, ()),
                ("-30ms", " at 30 ms", slow, (Goal("limit", 1.2),)),
                ("-30ms-tls", " at 30 ms over TLS", slow_tls, (Goal("limit", 1.2),)),
            )
        ),
        Case(
            "annotations", f"{annotated} annotations of 200 KB, no latency",
            work("annotations", limit="fetch", server=counted), "fetch + json.loads, 10-way",
            goals=(Goal("faster", 7),),
        ),
        Case(
            "annotations-30ms", "the same at 30 ms",
            work("annotations", limit="fetch", server=lambda b: (*slow(b), *counted(b))),
            "fetch + json.loads, 10-way", goals=(Goal("faster", 20),),
        ),
        Case(
            "parse", f"parse {parsed:,} scenes, request inputs and reviews each",
            work("parse", limit="loads", count=parsed), "json.loads alone", goals=(Goal("faster", 2),),
            repeats=2,
        ),
        Case(
            "query", f"query stream, {items:,} items",
            work("query", limit="lines", env="query", server=counted),
            "json.loads per line", goals=(Goal("faster", 1.3),), repeats=2,
        ),
        Case(
            "query-memory", "the same, peak memory",
            {**work("query", env="query", server=counted),
             "limit": lambda bench: bench.run("ours", "query", ("--items", str(items // 10)))},
            f"{items // 10:,} items", figure="peak_mb", goals=(Goal("limit", 1.1),),
        ),
    ]  # fmt: skip
