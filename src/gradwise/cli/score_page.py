"""Scores as a page of text: metrics, classes, confusion, what is undefined."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradwise.fitting.scores import Scores

WIDEST_CONFUSION = 12  # classes whose matrix fits on a screen; of more, the most frequent confusions are told
MOST_CLASSES = 30  # lines of the table of classes; of more, the worst are told
CONFUSIONS = 10  # told where the matrix is too wide
LONGEST_NAME = 24  # letters of a class or target


def render(scores: Scores, classes: Sequence[str]) -> str:
    """The scores as lines, undefined ones as ``-``."""
    lines = [f"{name:<18} {_number(value, 4)}" for name, value in scores.metrics.items()]
    lines += _table(scores.per_class, "class", ("precision", "recall", "f1", "rows"))
    lines += _table(scores.per_target, "target", ("r2", "explained_variance", "rmse", "mae"))
    if scores.confusion and len(classes) <= WIDEST_CONFUSION:
        lines += _matrix(scores.confusion, classes)
    elif scores.confusion:
        lines += _confusions(scores.confusion, classes)
    if scores.notes:
        lines += ["", *(f"note: {note}" for note in scores.notes)]
    return "\n".join(lines) + "\n"


def _table(rows: list[dict[str, Any]], key: str, columns: tuple[str, ...]) -> list[str]:
    """One line per class or target, the worst ones where there are too many."""
    if not rows or (key == "target" and len(rows) == 1):  # one target: the same numbers as above
        return []
    shown, title = rows, key
    if len(rows) > MOST_CLASSES:
        worst = "f1" if "f1" in columns else "r2"
        shown = sorted(rows, key=lambda row: (math.isnan(row[worst]), row[worst]))[:MOST_CLASSES]
        title = f"{key} (worst {MOST_CLASSES})"
    width = max(len(title), *(len(_short(row[key])) for row in shown))
    head = "  ".join(f"{name:>9}" for name in columns)  # longer names are their own width
    lines = ["", f"{title:<{width}}  {head}"]
    for row in shown:
        cells = [
            f"{_number(row[name], 3) if name != 'rows' else row[name]:>{max(9, len(name))}}"
            for name in columns
        ]
        lines.append(f"{_short(row[key]):<{width}}  {'  '.join(cells)}")
    if len(rows) > len(shown):
        lines.append(f"... and {len(rows) - len(shown)} more; --json lists all")
    return lines


def _matrix(confusion: list[list[int]], classes: Sequence[str]) -> list[str]:
    """Rows per truth and prediction; columns no wider than they must be."""
    cell = max(3, *(len(str(count)) for row in confusion for count in row), min(7, max(map(len, classes))))
    width = max(len(_short(name)) for name in classes)
    lines = ["", "truth \\ predicted"]
    lines.append(" " * width + "".join(f" {_short(name, cell):>{cell}}" for name in classes))
    return lines + [
        f"{_short(name):<{width}}" + "".join(f" {count:>{cell}}" for count in row)
        for name, row in zip(classes, confusion, strict=True)
    ]


def _confusions(confusion: list[list[int]], classes: Sequence[str]) -> list[str]:
    """The most frequent mistakes, in words."""
    wrong = [
        (count, truth, guess)
        for truth, row in enumerate(confusion)
        for guess, count in enumerate(row)
        if count and truth != guess
    ]
    if not wrong:
        return []
    wrong.sort(key=lambda item: (-item[0], item[1], item[2]))
    lines = ["", "most frequent confusions (truth -> predicted)"]
    for count, truth, guess in wrong[:CONFUSIONS]:
        share = 100 * count / sum(confusion[truth])
        pair = f"{_short(classes[truth])} -> {_short(classes[guess])}"
        lines.append(f"{pair}: {count} rows, {share:.0f} % of {_short(classes[truth])}")
    if len(wrong) > CONFUSIONS:
        rest = sum(count for count, _, _ in wrong[CONFUSIONS:])
        lines.append(f"... and {rest} rows in {len(wrong) - CONFUSIONS} other pairs; --json holds the matrix")
    return lines


def _short(name: str, longest: int = LONGEST_NAME) -> str:
    r"""A name that fits, on one line.

    >>> _short("a\nb"), _short("versicolor", 7)
    ('a b', 'versic…')
    """
    plain = " ".join(name.split())
    return plain if len(plain) <= longest else f"{plain[: longest - 1]}…"


def _number(value: float, digits: int) -> str:
    """Rounded; ``-`` for NaN."""
    if math.isnan(value):
        return "-"
    return f"{value:.{digits}f}" if abs(value) < 1e6 else f"{value:.{digits + 2}g}"
