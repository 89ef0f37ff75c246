"""Detection curves as an SVG picture, drawn without a plotting library."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import attrs

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 640, 360, 60, 50, 40
_COLOURS = ("#0072b2", "#d55e00", "#009e73")
_MOST_DEG = 10.0


@attrs.frozen
class Curve:
    """A detection curve: size of the error in degrees, rate, and its interval, each 0 to 1."""

    name: str
    points: tuple[tuple[float, float, float, float], ...]


def draw(curves: Sequence[Curve], *, title: str) -> str:
    """An SVG document with the curves and their intervals."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{escape(title)}" font-family="sans-serif" font-size="13">'
    )
    parts = [
        head,
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
        f'<text x="{_LEFT}" y="24" font-size="15">{escape(title)}</text>',
    ]
    for share in (0, 0.25, 0.5, 0.75, 1):
        y = _down(share)
        parts.append(f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{_WIDTH - 20}" y2="{y:.1f}" stroke="#dddddd"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{share:.0%}</text>')
    for degrees in (0, 1, 2, 5, 10):
        x = _across(degrees)
        parts.append(f'<text x="{x:.1f}" y="{_HEIGHT - 28}" text-anchor="middle">{degrees}</text>')
    parts.append(
        f'<text x="{(_WIDTH + _LEFT) / 2}" y="{_HEIGHT - 8}" text-anchor="middle">'
        "rotation error, degrees (0: false alarms)</text>"
    )
    for index, curve in enumerate(curves):
        parts += _curve(curve, _COLOURS[index % len(_COLOURS)], index)
    return "\n".join([*parts, "</svg>\n"])


def _curve(curve: Curve, colour: str, index: int) -> list[str]:
    offset = 4 * index
    line = " ".join(f"{_across(x) + offset:.1f},{_down(rate):.1f}" for x, rate, _, _ in curve.points)
    dashes = ' stroke-dasharray="6 4"' if index else ""
    parts = [f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>']
    for x, rate, low, high in curve.points:
        at = _across(x) + offset
        parts.append(
            f'<line x1="{at:.1f}" y1="{_down(low):.1f}" x2="{at:.1f}" y2="{_down(high):.1f}" '
            f'stroke="{colour}"/><circle cx="{at:.1f}" cy="{_down(rate):.1f}" r="4" fill="{colour}"/>'
        )
    y = _down(0.3) + 22 * index
    parts.append(
        f'<circle cx="{_WIDTH - 210}" cy="{y - 4:.1f}" r="4" fill="{colour}"/>'
        f'<text x="{_WIDTH - 198}" y="{y:.1f}">{escape(curve.name)}</text>'
    )
    return parts


def _across(degrees: float) -> float:
    """By the square root, so that small errors are apart."""
    return float(_LEFT + 15 + (_WIDTH - _LEFT - 60) * (degrees / _MOST_DEG) ** 0.5)


def _down(share: float) -> float:
    return _HEIGHT - _BOTTOM - (_HEIGHT - _BOTTOM - _TOP) * share
