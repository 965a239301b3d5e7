"""Probes after a checked run: which are wanted, within what time, and their answers into the run file."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gradwise.errors import GradwiseError, UsageError
from gradwise.registry import nearest

if TYPE_CHECKING:
    from gradwise.cli.outcome import Wanted
    from gradwise.diagnosis import Diagnosis
    from gradwise.trace.captured import Captured
    from gradwise.trace.findings import Finding
    from gradwise.trace.model import Trace

ProbeOption = Annotated[
    str,
    typer.Option(
        "--probe",
        metavar="WHICH",
        help="Trials on a copy after the run: none, auto (where causes remain possible), all, or names.",
    ),
]
ProbeSeconds = Annotated[
    float | None,
    typer.Option(
        "--probe-seconds",
        min=0.1,
        metavar="S",
        help="Time for them together [default: a tenth of the run, at least 3; 10 where asked for].",
    ),
]
MODES = ("none", "auto", "all")
LEARNT = 0.9  # share of what there is to learn, from which on nobody asks what another rate would do; ours
FEWEST_STEPS = 30  # of a run; a shorter one had no time to learn
# Modules in which a wrong axis mixes samples without any error.
MIXERS = ("LSTM", "GRU", "RNN", "MultiheadAttention", "TransformerEncoderLayer", "TransformerDecoderLayer")


@dataclass(frozen=True, slots=True)
class Probing:
    """What was asked for.

    Args:
        which: ``none``, ``auto``, ``all``, or names of probes with commas.
        seconds: for all of them together; None: by the length of the run.
    """

    which: str
    seconds: float | None = None

    @property
    def wanted(self) -> bool:
        """Whether steps have to be kept while the script runs."""
        return self.which != "none"


def probing(which: str, seconds: float | None) -> Probing:
    """The options, checked before the script runs.

    Raises:
        UsageError: neither a mode nor names of probes.
    """
    cleaned = which.strip().lower()
    if cleaned not in MODES:
        known = probe_names()
        for name in names_in(cleaned):
            if name not in known:
                raise UsageError(
                    f"--probe takes {', '.join(MODES)} or names of probes, not {name!r}"
                    f"{nearest(name, [*MODES, *known])}; there are {', '.join(known)}."
                )
    return Probing(cleaned, seconds)


def probe_names() -> tuple[str, ...]:
    """Names of all probes, had without torch."""
    from gradwise.handbook.techniques import techniques

    return tuple(sorted(_short(each.name) for each in techniques() if each.kind == "probe"))


def _short(name: str) -> str:
    return "hessian" if name == "hessian-spectrum" else name


def names_in(text: str) -> list[str]:
    """Names with commas between.

    >>> names_in("rate, overfit_one_batch")
    ['rate', 'overfit-one-batch']
    """
    return [word.strip().replace("_", "-") for word in text.split(",") if word.strip()]


def probe_run(captured: Captured | None, directory: Path, wanted: Wanted, asked: Probing) -> None:
    """Run the probes that are wanted and write their answers behind the facts of the run."""
    if captured is None or not asked.wanted:
        return
    from gradwise.diagnosis import diagnose
    from gradwise.probes.examining import run_probes
    from gradwise.probes.stopwatch import allowance
    from gradwise.trace.append import append_facts
    from gradwise.trace.read import read_run

    try:
        run = read_run(directory)
        names: list[str] | None = None
        if asked.which == "auto":
            names = chosen(diagnose(run.segments, wanted.rules, settings=wanted.settings), run.trace)
        elif asked.which != "all":
            names = names_in(asked.which)
        if names == []:
            return
        named = asked.which != "auto"
        seconds = allowance(run.info.seconds, asked=named) if asked.seconds is None else asked.seconds
        append_facts(directory, run_probes(captured, names, seconds=seconds, clip=clip_of(run.trace)))
    except GradwiseError as error:
        print(f"gradwise: probes: {error}", file=sys.stderr)
    except Exception as error:  # noqa: BLE001  the run is kept, and judged without them
        print(f"gradwise: probes failed with {type(error).__name__}: {error}", file=sys.stderr)


def chosen(diagnosis: Diagnosis, trace: Trace) -> list[str]:
    """The probes that can decide something: between two findings, or where a bad end has no cause."""
    from gradwise.probes.pairs import undecided
    from gradwise.rules.collection import all_rules
    from gradwise.rules.learning import outcome
    from gradwise.rules.rule import Organ

    found = list(_flat(diagnosis.findings))
    names = list(undecided({finding.rule for finding in found}))
    rules = all_rules()
    causes = [f for f in found if f.rule in rules and rules[f.rule].declaration.organ != Organ.OUTCOME]
    result = outcome(trace)
    mixer = any(module.type in MIXERS for module in trace.modules)
    if (result.poor and not causes) or (mixer and not result.good and not result.opposing):
        names.append("sample-mixing")
    open_ = all(f.group != "broken" and f.rule != "lr-too-high" for f in found)
    if open_ and not result.opposing and not result.reached >= LEARNT and trace.steps >= FEWEST_STEPS:
        names.append("rate")
    return list(dict.fromkeys(names))


def clip_of(trace: Trace) -> float | None:
    """The norm to which the script clips its gradients; None where it does not."""
    for fact in trace.facts_of("clip"):
        value = fact.data.get("max_norm")
        if str(fact.data.get("function", "")).startswith("clip_grad_norm") and isinstance(value, int | float):
            return float(value)
    return None


def _flat(findings: Iterable[Finding]) -> Iterable[Finding]:
    for finding in findings:
        yield finding
        yield from _flat(finding.symptoms)
