"""What was done to a run that was treated or healed while it ran, as every form of the report says it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from gradwise.report import words
from gradwise.trace.model import Trace

Told = Mapping[str, Any]


def told_lines(told: Sequence[Told]) -> Iterator[str]:
    """What every cure did and could not do, one sentence each.

    >>> did = {"what": "rate of SGD 1 → 0.1", "times": 40}
    >>> list(told_lines([{"cure": "lower-lr", "dose": {"factor": 0.1}, "did": [did], "could_not": []}]))
    ['treated with lower-lr (factor 0.1): rate of SGD 1 → 0.1 (40 times).']
    >>> list(told_lines([{"cure": "raise-clip", "did": [], "could_not": []}]))
    ['raise-clip found nothing to act on.']
    """
    for each in told:
        did, could_not = _counted(each.get("did")), _counted(each.get("could_not"))
        name = _named(each)
        yield f"treated with {name}: {'; '.join(did)}." if did else f"{name} found nothing to act on."
        yield from (f"{each.get('cure')} could not all be done: {line}." for line in could_not)


def treated(trace: Trace) -> list[tuple[str, str]]:
    """Every cure; its dose, and what it did, with counts, or could not do."""
    return [_row(fact.data) for fact in trace.facts_of("treated")]


def healed(trace: Trace) -> list[tuple[str, str]]:
    """Interventions of ``--heal-live``: when, what was found, what was done; last what it came to."""
    rows = [
        (f"step {fact.step:,}", words.clean(f"{fact.data.get('found', '')}; {fact.data.get('did', '')}"))
        for fact in trace.facts_of("healed")
    ]
    told = summary(trace)
    return [*rows, *([("in all", _in_all(told, trace))] if told else ())]


def summary(trace: Trace) -> Told:
    """What ``--heal-live`` came to; empty where it was not asked for."""
    facts = trace.facts_of("heal-live")
    return dict(facts[-1].data) if facts else {}


def healed_json(trace: Trace) -> dict[str, Any] | None:
    """Interventions and what they came to as plain data; None where nobody asked for ``--heal-live``."""
    told, facts = summary(trace), trace.facts_of("healed")
    if not told and not facts:
        return None
    return {"interventions": [{"step": fact.step, **fact.data} for fact in facts], **told}


def treated_html(trace: Trace) -> str:
    """Sections with one row for each cure and each intervention; "" for runs that were left alone."""
    return "\n".join(
        _table(name, title, note, heads, rows)
        for name, title, note, heads, rows in (
            (
                "treated",
                "Treatments",
                "Given to the unmodified script while it ran; all else is about the run as treated.",
                ("cure", "what changed"),
                treated(trace),
            ),
            (
                "healed",
                "Healed while running",
                "Steps are counted on after a return, as the script counts them.",
                ("when", "what was done"),
                healed(trace),
            ),
        )
        if rows
    )


def _table(name: str, title: str, note: str, heads: tuple[str, str], rows: list[tuple[str, str]]) -> str:
    body = "\n".join(f"<tr><td>{escape(head)}</td><td>{escape(text)}</td></tr>" for head, text in rows)
    head = "".join(f'<th scope="col">{each}</th>' for each in heads)
    return f"""<section aria-labelledby="h-{name}">
<h2 id="h-{name}">{title}</h2>
<div class="card"><p>{note}</p>
<div class="scroll"><table><thead><tr>{head}</tr></thead>
<tbody>
{body}
</tbody></table></div></div>
</section>"""


def _in_all(told: Told, trace: Trace) -> str:
    seconds = sum(float(told.get(f"{what}_seconds", 0.0)) for what in ("keeping", "looking", "returning"))
    share = f", {seconds / trace.run.seconds:.1%} of the run" if trace.run.seconds > 0 else ""
    size = float(told.get("bytes", 0))
    shown = f"{size / 1e6:,.1f} MB" if size >= 1e5 else f"{size / 1e3:,.1f} kB"
    interventions, returns = (int(told.get(key, 0)) for key in ("times", "returns"))
    done = f"{words.count(interventions, 'intervention')}, {words.count(returns, 'return')}"
    kept = words.count(int(told.get("states", 0)), "state")
    clauses = [
        done if interventions else "not healed" if told.get("stopped") else "not needed",
        *([words.clean(str(told["stopped"]))] if told.get("stopped") else ()),
        f"{kept} kept on disk, {shown} each at the end" if size else "no state kept",
        f"it took {words.duration(seconds)}{share}",
    ]
    return "; ".join(clauses)


def _row(told: Told) -> tuple[str, str]:
    dose, did = _dose(told), _counted(told.get("did")) or ["found nothing to act on"]
    done = "; ".join([*did, *(f"could not all be done: {each}" for each in _counted(told.get("could_not")))])
    return words.clean(str(told.get("cure", ""))), words.clean(f"{dose}: {done}" if dose else done)


def _named(told: Told) -> str:
    dose = _dose(told)
    return f"{told.get('cure', '')}{dose and f' ({dose})'}"


def _dose(told: Told) -> str:
    """Numbers and places, ``factor 0.1`` or ``limit 2, at fc1``."""
    dose = [f"{name} {value:g}" for name, value in (told.get("dose") or {}).items()]
    where = ", ".join(map(str, told.get("where") or ()))
    return ", ".join([*dose, *([f"at {where}"] if where else ())])


def _counted(lines: Any) -> list[str]:
    return [
        f"{line['what']} ({line['times']:,} times)" if line.get("times", 1) > 1 else str(line["what"])
        for line in lines or ()
    ]
