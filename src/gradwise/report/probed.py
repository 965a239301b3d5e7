"""Answers of probes, in the words that every form of the report shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from gradwise.report import words
from gradwise.trace.findings import json_number
from gradwise.trace.model import Trace


@dataclass(frozen=True, slots=True)
class Probed:
    """One probe's latest answer: ``status`` is ``answered`` or ``abstained``."""

    name: str
    status: str
    verdict: str
    text: str
    step: int
    seconds: float
    measured: Mapping[str, Any]

    @property
    def line(self) -> str:
        """The answer as one clause."""
        return words.clean(self.text if self.status == "answered" else f"no answer: {self.text}")


def probed(trace: Trace) -> tuple[Probed, ...]:
    """The latest answer of every probe that ran, by name."""
    latest = {fact.where: fact for fact in trace.facts_of("probe")}
    return tuple(
        Probed(
            name,
            str(fact.data.get("status", "")),
            str(fact.data.get("verdict", "")),
            str(fact.data.get("text", "")),
            fact.step,
            float(fact.data.get("seconds", 0.0)),
            fact.data.get("measured") or {},
        )
        for name, fact in sorted(latest.items())
    )


def probes_json(trace: Trace) -> list[dict[str, Any]]:
    """The answers as plain data."""
    return [
        {
            "probe": one.name,
            "status": one.status,
            "verdict": one.verdict,
            "text": one.text,
            "step": one.step,
            "seconds": json_number(one.seconds),
            "measured": _plain(one.measured),
        }
        for one in probed(trace)
    ]


def probes_html(trace: Trace) -> str:
    """A section with one row per probe; "" where none ran."""
    rows = "\n".join(
        f"<tr><td>{escape(one.name)}</td><td>{escape(one.verdict or one.status)}</td>"
        f'<td>{escape(one.line)}</td><td class="number">{escape(words.duration(one.seconds))}</td></tr>'
        for one in probed(trace)
    )
    if not rows:
        return ""
    return f"""<section aria-labelledby="h-probes">
<h2 id="h-probes">Probes</h2>
<div class="card"><p>Tried on a copy of the run after it had ended; the run itself was not touched.</p>
<div class="scroll"><table><thead><tr><th scope="col">probe</th><th scope="col">verdict</th>
<th scope="col">answer</th><th scope="col" class="number">time</th></tr></thead>
<tbody>
{rows}
</tbody></table></div></div>
</section>"""


def _plain(value: Any) -> Any:
    """What JSON can hold without NaN and infinities."""
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return json_number(value) if isinstance(value, float) else value
