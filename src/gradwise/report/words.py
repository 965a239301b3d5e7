"""The phrases that every form of the report shares, so that all of them say the same."""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from gradwise.diagnosis import Diagnosis
from gradwise.trace.findings import GROUPS, Finding
from gradwise.trace.model import RunInfo, Trace

_ENDINGS = {"running": "still running", "killed": "killed while running", "stopped": "stopped at its limit"}
MAX_PLACES = 3  # places spelled out in one headline; the rest are counted


def clean(text: str) -> str:
    r"""Text from the run on one line, with control and unpaired characters made harmless.

    A module name may hold anything, an escape sequence for the terminal included.

    >>> clean("fc\x1b[31m\nnext")
    'fc?[31m next'
    """
    spaced = " ".join(text.split())
    return "".join("?" if unicodedata.category(letter) in ("Cc", "Cs") else letter for letter in spaced)


def plot_text(text: str) -> str:
    """Text for a plot, which would read ``<b>`` and ``&amp;`` as markup.

    >>> plot_text("a<b")
    'a&lt;b'
    """
    return clean(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def sentence(clause: str) -> str:
    """A lower-case clause as a sentence; a first word that is a name in code keeps its spelling.

    >>> sentence("the loss is NaN"), sentence("cross_entropy is fed scores")
    ('The loss is NaN.', 'cross_entropy is fed scores.')
    """
    first = clause.split(" ", 1)[0]
    raised = clause[:1].upper() + clause[1:] if first.strip(",:;").isalpha() else clause
    return raised if raised.endswith((".", "!", "?")) or not raised else raised + "."


def count(number: int, noun: str) -> str:
    """A number with its noun: ``1 step``, ``1,200 steps``.

    >>> count(1, "step"), count(1200, "step")
    ('1 step', '1,200 steps')
    """
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def duration(seconds: float) -> str:
    """Seconds as a person says them.

    >>> duration(0.004), duration(12.34), duration(200), duration(7500)
    ('4 ms', '12.3 s', '3 min 20 s', '2 h 5 min')
    """
    if not math.isfinite(seconds) or seconds < 0:
        return "an unknown time"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes = round(seconds) // 60
    if minutes < 60:
        return f"{minutes} min {round(seconds) % 60} s"
    return f"{minutes // 60} h {minutes % 60} min"


def moment(started: str) -> str:
    """An ISO 8601 time as a person reads it; anything else as it is.

    >>> moment("2026-01-02T03:04:05+00:00"), moment("some day")
    ('2026-01-02 03:04:05 UTC', 'some day')
    """
    try:
        when = datetime.fromisoformat(started)
    except ValueError:
        return clean(started)
    return f"{when:%Y-%m-%d %H:%M:%S} {when.tzname() or ''}".rstrip()


def place(name: str, trace: Trace) -> str:
    """A module or parameter with what it is: ``features.3 (ReLU, 256 units)``."""
    module = trace.module(name)
    if module is not None:
        facts = [module.type] + ([count(module.units, "unit")] if module.units else [])
        return clean(f"{name} ({', '.join(facts)})")
    parameter = trace.parameter(name)
    if parameter is not None and parameter.shape:
        return clean(f"{name} ({'×'.join(str(size) for size in parameter.shape)})")
    return clean(name)


def places(where: Sequence[str], trace: Trace) -> str:
    """The first places of a finding, the others counted; ``the whole run`` when there are none."""
    if not where:
        return "the whole run"
    shown = [place(name, trace) for name in where[:MAX_PLACES]]
    more = len(where) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def since(step: int) -> str:
    """When it began.

    >>> since(0), since(400)
    ('from the start', 'since step 400')
    """
    return "from the start" if step <= 0 else f"since step {step:,}"


def run_line(info: RunInfo) -> str:
    """What ran, how far, how long and how it ended, in one line."""
    name = clean(" ".join((info.script or "a training loop", *info.argv)))
    return f"{name}, {count(info.steps, 'step')} in {duration(info.seconds)}, {status(info)}"


def status(info: RunInfo) -> str:
    """How the run ended: ``finished``, ``failed (ValueError: ...)``, ``still running``."""
    text = _ENDINGS.get(info.status, info.status)
    return clean(f"{text} ({info.error})" if info.error else text)


def verdict(diagnosis: Diagnosis, info: RunInfo) -> str:
    """The whole diagnosis in one clause, e.g. ``no ailment found in 840 steps by 16 rules``."""
    rules = count(diagnosis.rules_run, "rule")
    if diagnosis.suppressed:
        rules += f", {len(diagnosis.suppressed)} suppressed"
    steps = count(info.steps, "step")
    if diagnosis.findings:
        causes = count(len(diagnosis.findings), "cause")
        symptoms = sum(1 for _ in flat(diagnosis.findings)) - len(diagnosis.findings)
        signs = f", {count(symptoms, 'symptom')}" if symptoms else ""
        return f"{causes} found ({_groups(diagnosis.findings)}){signs}, in {steps} by {rules}"
    if info.steps == 0:
        return "nothing to judge: no training step was seen"
    return f"no ailment found in {steps} by {rules}"


def notes(diagnosis: Diagnosis, trace: Trace) -> tuple[str, ...]:
    """Errors that were contained, in the watcher and in the rules, each told once."""
    watched = (
        f"{fact.data.get('where') or fact.where or 'watching'}: {fact.data.get('error', 'unknown error')}"
        for fact in trace.facts_of("note")
    )
    return tuple(dict.fromkeys(clean(note) for note in (*diagnosis.notes, *watched)))


def flat(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Findings with all their symptoms, depth first."""
    for finding in findings:
        yield finding
        yield from flat(finding.symptoms)


def _groups(findings: Sequence[Finding]) -> str:
    counted = Counter(finding.group for finding in findings)
    return ", ".join(f"{counted[group]} {group}" for group in GROUPS if counted[group])
