"""A diagnosis as a small HTML fragment for notebooks: no script, no style sheet, no request."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from gradwise.diagnosis import Diagnosis
from gradwise.report import words
from gradwise.trace.findings import Finding, Group
from gradwise.trace.model import RunInfo, Trace

# Readable on a light and on a dark notebook alike.
_COLOURS: dict[Group, str] = {
    "broken": "#d6455a",
    "sick": "#c77700",
    "slow": "#1788a0",
    "habit": "#7a8594",
    "trial": "#8f5bd6",
}
_GOOD = "#2a9d6f"
_MUTED = "opacity:.7"


def html_fragment(diagnosis: Diagnosis, info: RunInfo, trace: Trace | None = None) -> str:
    """What was found, as HTML that takes the notebook's own font and colours.

    Args:
        diagnosis: what was found.
        info: what ran.
        trace: the run, to say what the named modules are and which errors were contained.

    Returns:
        One ``<div>``, everything from the run escaped.
    """
    seen = trace or Trace()
    head = f"font-weight:600;margin:.2em 0 .6em;color:{_head_colour(diagnosis, info)}"
    parts = [
        '<div class="gradwise" style="line-height:1.45;max-width:52em">',
        f'<div style="{_MUTED}">{escape(words.run_line(info))}</div>',
        f'<div style="{head}">{escape(words.sentence(words.verdict(diagnosis, info)))}</div>',
    ]
    for finding in diagnosis.findings:
        parts.extend(_finding(finding, seen))
    contained = words.notes(diagnosis, seen)
    if contained:
        items = "".join(f"<li>{escape(note)}</li>" for note in contained)
        parts.append(f'<details><summary>Notes</summary><ul style="margin:0">{items}</ul></details>')
    return "\n".join([*parts, "</div>"])


def _finding(finding: Finding, trace: Trace) -> Iterator[str]:
    colour = _COLOURS[finding.group]
    yield f'<div style="border-left:4px solid {colour};padding:.1em 0 .1em .8em;margin:0 0 .8em">'
    yield (
        f'<div><b style="color:{colour}">{escape(finding.code)} {escape(finding.rule)}</b> '
        f'<span style="{_MUTED}">{escape(words.places(finding.where, trace))}, '
        f"{words.since(finding.since_step)}</span></div>"
    )
    yield f"<div>{escape(words.sentence(words.clean(finding.message)))}</div>"
    if finding.why:
        yield f'<div style="{_MUTED}">{escape(words.sentence(words.clean(finding.why)))}</div>'
    if finding.cures:
        cures = ", ".join(f"<code>{escape(name)}</code>" for name in finding.cures)
        yield f"<div>Try {cures}</div>"
    if finding.symptoms:
        yield "<div>Shows as</div>" + _symptoms(finding)
    yield "</div>"


def _symptoms(finding: Finding) -> str:
    items = "".join(
        f"<li>{escape(symptom.rule)}: {escape(words.clean(symptom.message))}{_symptoms(symptom)}</li>"
        for symptom in finding.symptoms
    )
    return f'<ul style="margin:0">{items}</ul>' if items else ""


def _head_colour(diagnosis: Diagnosis, info: RunInfo) -> str:
    if diagnosis.findings:
        return _COLOURS[diagnosis.findings[0].group]
    return _GOOD if info.steps else "inherit"
