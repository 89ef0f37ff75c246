"""What was measured, in tables: ratios of interleaved pairs, growth, processor time."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Iterator, Sequence

from benchmarks.cases import Case, Contender, Goal

UNITS = {"seconds": " s", "cpu": " s", "peak_mb": " MB"}
LARGEST_EXPONENT = 1.05
DOMINATED = "†"


def values(case: Case, contender: Contender, figure: str | None = None) -> list[float]:
    """A figure of all runs of a contender."""
    return [run[name] for run in case.results.get(contender, []) if (name := figure or case.figure) in run]


def ratios(case: Case, above: Contender, below: Contender, figure: str | None = None) -> list[float]:
    """One ratio per pair; where one of the two ran less often, beside the median of its runs."""
    over, under = values(case, above, figure), values(case, below, figure)
    if not over or not under:
        return []
    if len(over) != len(under):
        over = over if len(over) > len(under) else [statistics.median(over)] * len(under)
        under = under if len(under) == len(over) else [statistics.median(under)] * len(over)
    return [a / max(b, 1e-9) for a, b in zip(over, under, strict=True)]


def extrapolate(table: Iterable[Case]) -> None:
    """Give the official client results for the sizes it was spared, from those that it did."""
    for members in _series(table).values():
        done = [case for case in members if values(case, "official")]
        found = exponent(members, "official")
        if found is None:
            continue
        for case in members:
            if not values(case, "official") and values(case, "ours"):
                factor = (_size(case) / _size(done[-1])) ** found
                figure = statistics.median(values(done[-1], "official")) * factor
                case.results["official"] = [{case.figure: figure, "extrapolated": 1}]


def spread(numbers: Sequence[float], unit: str = "") -> str:
    """Median, minimum and maximum."""
    if not numbers:
        return ""
    if len(numbers) == 1:
        return f"{_short(numbers[0])}{unit}"
    least, most = _short(min(numbers)), _short(max(numbers))
    return f"{_short(statistics.median(numbers))}{unit} ({least}-{most})"


def achieved(case: Case, goal: Goal) -> float | None:
    """The median that a goal is about."""
    found = {
        "faster": ratios(case, "official", "ours"),
        "limit": ratios(case, "ours", "limit"),
        "most": values(case, "ours"),
        "connections": values(case, "ours", "connections"),
        "each": [1e3 * cpu / (case.items or 1) for cpu in values(case, "ours", "cpu")],
    }[goal.figure]
    return statistics.median(found) if found else None


def asked(case: Case) -> Iterator[str]:
    """The goals of a case, each with whether it is met."""
    for goal in case.goals:
        value = achieved(case, goal)
        if value is None:
            continue
        words = {
            "faster": f"{goal.bound:g}x less" if case.figure == "peak_mb" else f"{goal.bound:g}x faster",
            "limit": f"<= {goal.bound:g}x {case.limit_name}",
            "most": f"<= {goal.bound:g}{UNITS[case.figure]}",
            "connections": f"<= {goal.bound:g} connections",
            "each": f"<= {goal.bound:g} ms of CPU each",
        }
        yield words[goal.figure] + ("" if goal.is_met(value) else " **(missed)**")


def comparison(table: Iterable[Case]) -> Iterator[str]:
    """The main table."""
    yield "| work | official | this client | official / this | limit beside it | this / limit | asked |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for case in table:
        if not values(case, "ours") or (case.series and not case.goals):
            continue
        unit = UNITS[case.figure]
        limit = spread(values(case, "limit"), unit)
        cells = [
            case.title,
            spread(values(case, "official"), unit)
            + (", extrapolated" if values(case, "official", "extrapolated") else ""),
            spread(values(case, "ours"), unit),
            spread(ratios(case, "official", "ours")),
            f"{limit}, {case.limit_name}" if limit else "",
            spread(ratios(case, "ours", "limit")) if limit else "",
            "; ".join(asked(case)),
        ]
        yield f"| {' | '.join(cells)} |"


def processor(table: Iterable[Case]) -> Iterator[str]:
    """Processor time, peak memory and connections."""
    yield "| work | CPU official | CPU this client | official / this | CPU per GB: official, this, curl | peak memory | connections |"  # noqa: E501
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for case in table:
        if not values(case, "ours", "cpu"):
            continue
        official, ours = values(case, "official", "cpu"), values(case, "ours", "cpu")
        per_gigabyte = [
            f"{statistics.median(cpu) / case.gigabytes:.2f} s"
            for cpu in (official, ours, values(case, "limit", "cpu"))
            if cpu and case.gigabytes
        ]
        cells = [
            case.title,
            spread(official, " s"),
            spread(ours, " s"),
            spread(ratios(case, "official", "ours", "cpu")),
            ", ".join(per_gigabyte),
            _both(case, "peak_mb", " MB"),
            _both(case, "connections", ""),
        ]
        yield f"| {' | '.join(cells)} |"


def transfers(table: Iterable[Case]) -> Iterator[str]:
    """What is moved: beside the limit, with everybody's processor time per file, document or scene."""
    yield "| work | this client | limit beside it | this / limit | CPU each, ms: this, limit | server's CPU each, ms: with this, with the limit | asked |"  # noqa: E501
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for case in table:
        if case.items is None or not values(case, "ours"):
            continue
        limit = spread(values(case, "limit"), UNITS[case.figure])
        cells = [
            case.title + (f" {DOMINATED}" if dominated(case) else ""),
            spread(values(case, "ours"), UNITS[case.figure]),
            f"{limit}, {case.limit_name}" if limit else "",
            spread(ratios(case, "ours", "limit")),
            _each(case, "cpu"),
            _each(case, "server_cpu"),
            "; ".join(asked(case)),
        ]
        yield f"| {' | '.join(cells)} |"


def dominated(case: Case) -> bool:
    """Whether the servers used more processor time than a contender, so that they may be its limit."""
    measured: tuple[Contender, ...] = ("ours", "limit")
    return any(
        statistics.median(served) > statistics.median(values(case, contender, "cpu"))
        for contender in measured
        if (served := values(case, contender, "server_cpu"))
    )


def _each(case: Case, figure: str) -> str:
    measured: tuple[Contender, ...] = ("ours", "limit")
    found = [values(case, contender, figure) for contender in measured]
    return ", ".join(_short(1e3 * statistics.median(f) / (case.items or 1)) for f in found if f)


def growth(table: Iterable[Case]) -> Iterator[str]:
    """Growth of the minimum CPU time with the size of the scene: the slope in a log-log plot."""
    yield f"| work | frames | official | this client | asked: <= {LARGEST_EXPONENT} | plain Python, curl |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for name, members in _series(table).items():
        official, ours, limit = (exponent(members, contender) for contender in ("official", "ours", "limit"))
        if ours is None:
            continue
        sizes = ", ".join(f"{_size(case):,}" for case in members)
        met = "met" if ours <= LARGEST_EXPONENT else "**missed**"
        cells = ["" if found is None else f"{found:.2f}" for found in (official, ours, limit)]
        yield f"| {name} | {sizes} | {cells[0]} | {cells[1]} | {met} | {cells[2]} |"


def exponent(members: Sequence[Case], contender: Contender) -> float | None:
    """The fitted exponent of a contender over the sizes it did; None if it did fewer than two.

    Of the runs of one size the least counts: whatever disturbs a run only adds to its time.
    """
    done = [
        (_size(case), min(found))
        for case in members
        if not values(case, contender, "extrapolated") and (found := values(case, contender))
    ]
    return slope(done) if len(done) > 1 else None


def slope(points: Sequence[tuple[float, float]]) -> float:
    """The exponent of a power law through points, by least squares of the logarithms."""
    xs, ys = ([math.log(max(value, 1e-9)) for value in column] for column in zip(*points, strict=True))
    return statistics.linear_regression(xs, ys).slope


def missed(table: Iterable[Case]) -> list[str]:
    """The names of the cases of which something asked is not reached."""
    return [case.name for case in table if any("missed" in words for words in asked(case))]


def heading(rounds: int, machine: str) -> str:
    """What the figures are of."""
    if rounds == 1:
        return f"One round; rows that ran more often have medians (minimum-maximum); {machine}."
    return f"Medians (minimum-maximum) of {rounds} interleaved rounds; {machine}."


def report(table: Sequence[Case], rounds: int, machine: str) -> str:
    """All tables as Markdown."""
    return "\n".join(
        [
            heading(rounds, machine),
            "Ratios are those of pairs, above 1 in favour of this client in `official / this`.",
            "",
            *comparison(table),
            "",
            "CPU time, memory and connections of the same runs, independent of the load of the machine:",
            "",
            *processor(table),
            "",
            *transfer_report(table),
            "",
            "Growth of the minimum CPU time with the number of frames, as a fitted exponent (1 is linear):",
            "",
            *growth(table),
        ]
    )


def transfer_report(table: Sequence[Case]) -> list[str]:
    """The table of what is moved, with what it shows."""
    return [
        "Transfers, with the CPU time per file, document or scene of the client and of the servers:",
        "",
        *transfers(table),
        "",
        f"{DOMINATED} The servers used more CPU time than client or limit, so they may be the bottleneck.",
    ]


def _series(table: Iterable[Case]) -> dict[str, list[Case]]:
    series: dict[str, list[Case]] = {}
    for case in table:
        if case.series:
            series.setdefault(case.series[0], []).append(case)
    return series


def _size(case: Case) -> int:
    return case.series[1] if case.series else 1


def _both(case: Case, figure: str, unit: str) -> str:
    found = [values(case, contender, figure) for contender in ("official", "ours")]  # type: ignore[arg-type]
    return " / ".join(f"{statistics.median(f):.0f}{unit}" for f in found if f)


def _short(number: float) -> str:
    """Three digits, without an exponent."""
    return f"{number:.0f}" if number >= 100 else f"{number:.3g}"
