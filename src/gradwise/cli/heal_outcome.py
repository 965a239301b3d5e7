"""How a heal ended, on the terminal: the arms, what was tried, the verdict, what to type next."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from gradwise.cli.screen import shown_path
from gradwise.report.terminal import printable

if TYPE_CHECKING:
    from gradwise.heal.edits.editing import Edited
    from gradwise.heal.outcome import Healed
    from gradwise.heal.proof import Gain, Proof, Scale

LABEL = 9
SHOWN = 5  # candidates, best first
SHOWN_LEFT = 4  # cures that were not tried


def show(healed: Healed, stream: TextIO, directory: Path, script: str, edited: Edited | None = None) -> None:
    """Print the outcome of a heal.

    Args:
        healed: the outcome.
        stream: where to.
        directory: where all is kept.
        script: as it is shown.
        edited: the edit that does the same as the treatment; None where there is none.
    """
    lines = ["", *_found(healed), *_tried(healed)]
    if healed.proof is not None:
        lines += ["", *proof_table(healed)]
    lines += ["", _row("verdict", healed.words)]
    lines += [_row("note", note) for note in healed.notes]
    lines += [_row("not tried", f"{name}: {why}") for name, why in list(healed.left.items())[:SHOWN_LEFT]]
    if len(healed.left) > SHOWN_LEFT:
        lines.append(_row("", f"and {len(healed.left) - SHOWN_LEFT} more"))
    cost = "" if math.isnan(healed.cost) else f", {healed.cost:.1f} times one run"
    cost += "" if math.isnan(healed.steps) else f" ({healed.steps:.1f} times its steps)"
    lines.append(_row("cost", f"{healed.runs} run{'s' * (healed.runs != 1)}, {healed.seconds:.0f} s{cost}"))
    lines += [*_next(healed, directory, script), *_edit(healed, edited)]
    stream.write(printable("\n".join(lines) + "\n", getattr(stream, "encoding", None)))
    stream.flush()


def show_fit(healed: Healed, stream: TextIO, directory: Path, settings: Mapping[str, object]) -> None:
    """Print the outcome of a healed fit.

    Args:
        healed: the outcome.
        stream: where to.
        directory: where all fits are kept.
        settings: that stand for the chosen cures.
    """
    lines = ["", *_found(healed), *_tried(healed)]
    if healed.proof is not None:
        lines += ["", *proof_table(healed)]
    lines += ["", _row("heal", healed.words)]
    lines += [_row("note", note) for note in healed.notes]
    cost = "" if math.isnan(healed.cost) else f", {healed.cost:.1f} times one fit"
    lines.append(
        _row("cost", f"{healed.runs} fits, {healed.seconds:.0f} s{cost}; in {shown_path(directory)}")
    )
    if settings:
        words = " ".join(_option(name, value) for name, value in settings.items())
        kept = "kept with" if healed.verdict == "helped" else "not kept; it was"
        lines.append(_row("settings", f"{kept} {words}"))
    stream.write(printable("\n".join(lines) + "\n", getattr(stream, "encoding", None)))
    stream.flush()


def _option(name: str, value: object) -> str:
    """A setting as it is typed."""
    words = f"--{name.replace('_', '-')}"
    if value is True:
        return words
    return f"{words} {value:.6g}" if isinstance(value, float) else f"{words} {value}"


def _found(healed: Healed) -> Iterator[str]:
    if healed.causes:
        yield _row("found", ", ".join(dict.fromkeys(healed.causes)))
    if healed.metric is not None:
        way = "lower" if healed.metric.lower else "higher"
        yield _row("metric", f"{healed.metric.name}, {way} is better; {healed.metric.why}")


def _tried(healed: Healed) -> Iterator[str]:
    """The candidates over all steps, best first."""
    metric = healed.metric
    if metric is None or not healed.search.tried:
        return
    whole = sorted(
        (one for one in healed.search.tried if one.share == 1.0), key=lambda one: metric.rank(one.value)
    )
    yield _row("tried", f"nothing {_number(healed.search.nothing)}")
    for one in whole[:SHOWN]:
        told = _number(one.value) if one.ran.held else one.ran.error
        yield _row("", f"{one.candidate.name} {told}  for {one.candidate.cause}")
    if len(whole) > SHOWN:
        yield _row("", f"and {len(whole) - SHOWN} more")


def proof_table(healed: Healed) -> list[str]:
    """One line per arm: its numbers seed by seed, their gain over nothing, its interval."""
    proof, chosen = healed.proof, healed.chosen
    assert proof is not None
    assert chosen is not None
    rows = [
        ("nothing", proof.nothing, ""),
        (chosen.name, proof.chosen, _gain(proof.gain, proof.scale)),
        *([("by lot", proof.drawn, _gain(proof.luck, proof.scale))] if proof.drawn else []),
    ]
    room = max(len(name) for name, _, _ in rows)
    cells = [[_number(value) for value in values] for _, values, _ in rows]
    width = max([len(cell) for row in cells for cell in row] + [len(f"seed {proof.shifts[-1]}")])
    cells = [row + [""] * (len(proof.shifts) - len(row)) for row in cells]
    seeds = "  ".join(f"seed {shift}".rjust(width) for shift in proof.shifts)
    head = f"{'':<{room}}  {seeds}  gain, {100 * proof.level:g} % interval"
    lines = [head.rstrip()]
    for (name, _, gain), row in zip(rows, cells, strict=True):
        lines.append(f"{name:<{room}}  {'  '.join(f'{cell:>{width}}' for cell in row)}  {gain}".rstrip())
    return [*lines, *_lots(proof)]


def _lots(proof: Proof) -> Iterator[str]:
    if proof.lots:
        yield f"drawn by lot: {', '.join(proof.lots)}"


def _gain(gain: Gain, scale: Scale) -> str:
    """A gain and its interval; losses as how many times smaller they became."""
    if math.isnan(gain.mean):
        return "nothing to compare with" if gain.seeds else ""
    ruined = f", {gain.ruined} without a number" if gain.ruined else ""
    if scale == "ratio":
        interval = "" if math.isnan(gain.low) else f" ({_times(gain.low)} to {_times(gain.high)})"
        return f"{_times(gain.mean)} times smaller{interval}{ruined}"
    interval = "" if math.isnan(gain.low) else f" ({gain.low:+.3g} to {gain.high:+.3g})"
    return f"{gain.mean:+.3g}{interval}{ruined}"


def _times(logarithm: float) -> str:
    return f"{math.exp(min(logarithm, 700.0)):.3g}"


def _number(value: float) -> str:
    return "none" if math.isnan(value) else f"{value:.4g}"


def _next(healed: Healed, directory: Path, script: str) -> Iterator[str]:
    place = shown_path(directory)
    if healed.treatment is not None:
        yield _row("saved", shown_path(healed.treatment))
        yield _row("try it", f"gradwise check --treat {shown_path(healed.treatment)} {script}")
    if healed.verdict == "unfinished":
        yield _row("go on", f"gradwise heal --resume --out {place} --budget TIME {script}")
    else:
        yield _row("kept in", place)


def _edit(healed: Healed, edited: Edited | None) -> Iterator[str]:
    """The diff, and what is left to be done by hand."""
    if healed.chosen is None or healed.verdict != "helped":
        return
    for line in edited.left if edited is not None else ():
        yield _row("by hand", line)
    if edited is None or edited.left:
        for cure in healed.chosen.cures:
            yield _row("edit", f"gradwise explain {cure.name} shows the change in code")
    if edited is not None and edited.diff:
        yield from ("", *edited.diff.splitlines())


def _row(label: str, text: str) -> str:
    return f"{label:<{LABEL}} {text}"
