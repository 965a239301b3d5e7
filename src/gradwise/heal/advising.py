"""From a treatment that helped to the change of the script that does the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from gradwise.errors import GradwiseError, TraceError
from gradwise.heal.candidates import Candidate
from gradwise.heal.edits.editing import Edited, edit
from gradwise.heal.edits.script.facts import Facts
from gradwise.heal.edits.writing import read
from gradwise.heal.rerun import Words
from gradwise.heal.trial import Trial
from gradwise.remedies.guard_edges import guarded
from gradwise.trace.model import Trace
from gradwise.trace.read import read_run


def advised(words: Words, chosen: Candidate, place: Path) -> Edited | None:
    """The edit of the script that stands for a treatment.

    Args:
        words: the script as it was typed.
        chosen: the treatment.
        place: directory of the script's own run.

    Returns:
        None where the script is a module, or cannot be read or edited.
    """
    if words.script is None:
        return None
    try:
        source = read(words.script)
        facts = facts_of(read_run(place).trace, words.args, {p for cure in chosen.cures for p in cure.where})
        facts = replace(facts, edges=_edges(place.parent / Trial(chosen.cures).key))
        cures = [(cure.name, {**cure.full_dose(), "where": list(cure.where)}) for cure in chosen.cures]
        return edit(source, cures, facts, name=words.script)
    except GradwiseError:
        return None


def _edges(place: Path) -> list[tuple[str, str, int]]:
    """What a treated run kept off its edges; nothing where that run is not kept."""
    try:
        told = read_run(place).trace.facts_of("treated")
    except TraceError:
        return []
    found = [guarded(str(line["what"])) for fact in told for line in fact.data.get("did") or ()]
    return [one for one in found if one is not None]


def facts_of(trace: Trace, arguments: Iterable[str], where: Iterable[str]) -> Facts:
    """What the text of a script does not say and its run does.

    Args:
        trace: of the script's own run.
        arguments: that it was run with.
        where: modules at which the treatment acts.
    """
    together: dict[int, list[str]] = {}  # by the step at which they began; folds begin one after another
    for fact in trace.facts_of("optimizer"):
        together.setdefault(fact.step, []).append(str(fact.data.get("class", fact.where)))
    most = max(together.values(), key=len, default=[])
    made = most + [one for some in together.values() for one in some if one not in most]
    call = next(iter(trace.facts_of("loss-call")), None)
    return Facts(
        optimizers=most + list(dict.fromkeys(made[len(most) :])),
        modules={module.name: module.type for module in trace.modules},
        where=sorted(where),
        arguments=list(arguments),
        prediction=call.data.get("input_shape") if call else None,
        target=call.data.get("target_shape") if call else None,
    )
