"""How a search ended: winner against default, the best trials, what mattered, what to type; also as JSON."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TextIO

from gradwise.cli.fit_outcome import finite
from gradwise.cli.outcome import write_document
from gradwise.cli.screen import shown_path
from gradwise.report.terminal import printable
from gradwise.search.listener import TrialNews
from gradwise.search.outcome import SearchOutcome

SHOWN_TRIALS = 5  # best ones in the table
SHOWN_SHARES = 5  # settings that matter most
SHOWN_FAILURES = 3  # reasons


def show(outcome: SearchOutcome, stream: TextIO, *, brief: bool = False) -> None:
    """Print the outcome; ``brief``: only the verdict, the file and the next command."""
    lines = [] if brief else [""]
    lines += _verdict(outcome)
    if not brief:
        lines += [*_trials(outcome), *_failures(outcome), *_importances(outcome)]
        lines += [f"note     {note}" for note in outcome.notes]
    place = shown_path(outcome.directory)
    lines.append(f"search   {place}")
    if outcome.best_file is not None:
        lines.append(f"best     {shown_path(outcome.best_file)}")
        lines.append(f"next     {outcome.command}")
    if outcome.interrupted:
        lines.append(f"go on    gradwise search --resume {place}")
    stream.write(printable("\n".join(lines) + "\n", getattr(stream, "encoding", None)))
    stream.flush()


def settings_of(news: TrialNews) -> str:
    """The settings of a trial, short.

    >>> settings_of(TrialNews(3, "complete", settings={"rate": 0.00123456, "batch_size": 64}))
    'rate=0.00123 batch-size=64'
    """
    pairs = ((name.replace("_", "-"), value) for name, value in news.settings.items())
    return " ".join(f"{n}={v:.3g}" if isinstance(v, float) else f"{n}={v}" for n, v in pairs)


def write_json(outcome: SearchOutcome, file: Path) -> None:
    """Write everything to a file, or to standard output for ``-``.

    Raises:
        UsageError: the file cannot be written.
    """
    write_document(finite({"schema": 1, **outcome.as_dict()}), file)


def _verdict(outcome: SearchOutcome) -> list[str]:
    """Whether the winner is better than the default, with the optimistic score beside the honest one."""
    best, default, found = outcome.best, outcome.default, outcome.confirmation
    if best is None or best.value is None:
        return ["nothing found: no trial was trained to its end"]
    lines = []
    if found is not None:
        word = {"better": "better than the default", "worse": "worse than the default"}.get(
            found.word, "no better than the default"
        )
        lines.append(f"{word}: {found.sentence}")
    elif best.default:
        lines.append("no better than the default: no trial beat it")
    else:
        lines.append("not confirmed: the winner was not compared with the default on other rows or seeds")
    tried = sum(each.state in ("complete", "pruned") for each in outcome.trials)
    theirs = "" if default is None or best.default else f", the default {default.value:.4g}"
    which = "the default" if best.default else f"trial {best.number}"
    text = f"valid    {outcome.metric} {best.value:.4g} in {which}{theirs}"
    return [*lines, text + (f"; as the best of {tried} it is optimistic" if tried > 1 else "")]


def _trials(outcome: SearchOutcome) -> list[str]:
    states = Counter(each.state for each in outcome.trials)
    words = {"complete": "to their end", "pruned": "pruned", "failed": "failed", "dropped": "cut off"}
    counted = ", ".join(f"{states[state]} {word}" for state, word in words.items() if states[state])
    lines = [f"trials   {counted}"] if counted else []
    for each in outcome.ranked()[:SHOWN_TRIALS]:
        what = "fit's own defaults" if each.default else settings_of(each)
        lines.append(f"  {each.number:>5}  {outcome.metric} {each.value:.4g}  loss {each.loss:.4g}  {what}")
    return lines


def _failures(outcome: SearchOutcome) -> list[str]:
    reasons = Counter(each.why for each in outcome.trials if each.state == "failed")
    return [
        f"failed   {count} trial{'s' * (count > 1)}: {reason}"
        for reason, count in reasons.most_common(SHOWN_FAILURES)
    ]


def _importances(outcome: SearchOutcome) -> list[str]:
    shown = list(outcome.importances.items())[:SHOWN_SHARES]
    if not shown:
        return []
    shares = ", ".join(f"{name.replace('_', '-')} {share:.0%}" for name, share in shown)
    return [f"matters  {shares} of how the {outcome.metric} varies"]
