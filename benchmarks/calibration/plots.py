"""A picture for each rule: hits and alarms against the factor by which a threshold is moved.

Plain SVG, written out: a browser shows it, and nothing needs to be installed for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from html import escape
from math import ceil, log2

from benchmarks.calibration.counting import SHIPPED, Cell, Row

COLUMNS = 3  # panels beside each other
WIDTH, HEIGHT = 250, 150  # of a panel
LEFT, TOP, RIGHT, BOTTOM = 34, 30, 34, 26  # around what is drawn in it
HEAD = 58  # above all panels
HITS, ALARMS, GREY = "#1b6ca8", "#c0392b", "#999"


def rule_picture(rule: str, rows: Sequence[Row]) -> str:
    """An SVG with one panel for each constant of the rule.

    Args:
        rule: its name.
        rows: the sweep of its constants, one at least.
    """
    lines = ceil(len(rows) / COLUMNS)
    width, height = COLUMNS * WIDTH, HEAD + lines * HEIGHT
    planted, quiet = rows[0].planted, rows[0].quiet
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="10">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        _text(12, 22, rule, size=16),
        _text(12, 42, f"hits in {planted} runs with it planted (left axis)", colour=HITS),
        _text(300, 42, f"findings in {quiet} healthy runs (right axis)", colour=ALARMS),
    ]
    for number, row in enumerate(rows):
        x, y = number % COLUMNS * WIDTH, HEAD + number // COLUMNS * HEIGHT
        parts += [f'<g transform="translate({x} {y})">', *_panel(row), "</g>"]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _panel(row: Row) -> Iterator[str]:
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    alarms = max(1, *(cell.alarms for cell in row.cells))
    hits = max(1, row.planted)
    yield _text(LEFT, TOP - 12, f"{row.constant} = {row.shipped.value:g}", size=11)
    yield f'<path d="M{LEFT} {TOP}V{bottom}H{right}V{TOP}" fill="none" stroke="{GREY}"/>'
    middle = _across(SHIPPED)
    yield f'<path d="M{middle} {TOP}V{bottom}" stroke="{GREY}" stroke-dasharray="2 3"/>'
    for factor in (0.5, SHIPPED, 2.0):
        yield _text(_across(factor), bottom + 14, f"×{factor:g}", anchor="middle")
    for x, anchor, top, colour in ((LEFT - 4, "end", hits, HITS), (right + 4, "start", alarms, ALARMS)):
        yield _text(x, bottom, "0", anchor=anchor, colour=colour)
        yield _text(x, TOP + 6, f"{top}", anchor=anchor, colour=colour)
    yield from _curve(row.cells, lambda cell: cell.hits / hits, HITS)
    yield from _curve(row.cells, lambda cell: cell.alarms / alarms, ALARMS)


def _curve(cells: Sequence[Cell], share: Callable[[Cell], float], colour: str) -> Iterator[str]:
    bottom = HEIGHT - BOTTOM
    points = [(_across(cell.factor), bottom - (bottom - TOP) * share(cell)) for cell in cells]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
    for x, y in points:
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>'


def _across(factor: float) -> float:
    """Where a factor stands; equal ratios are equally far apart."""
    return LEFT + (log2(factor) + 1) / 2 * (WIDTH - LEFT - RIGHT)


def _text(
    x: float, y: float, text: str, *, size: int = 10, anchor: str = "start", colour: str = "#222"
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}">'
        f"{escape(text)}</text>"
    )
