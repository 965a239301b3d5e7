"""A diagnosis as text for a terminal or a log.

Pure: width, colour and character set are arguments, so the same input gives
the same text everywhere.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

from gradwise.diagnosis import Diagnosis, Suppressed
from gradwise.report import words
from gradwise.report.probed import probed
from gradwise.report.treated import healed, treated
from gradwise.trace.findings import Finding, Group
from gradwise.trace.model import RunInfo, Trace

INDENT = "    "
MIN_WIDTH = 40  # columns; narrower terminals scroll rather than break every word
GAP = " " * 8  # between the cures and the command that explains them

_BOLD, _DIM, _GREEN, _CYAN, _RESET = "\x1b[1m", "\x1b[2m", "\x1b[32m", "\x1b[36m", "\x1b[0m"
_GROUP_COLOUR: dict[Group, str] = {
    "broken": "\x1b[1;31m",
    "sick": "\x1b[1;33m",
    "slow": "\x1b[1;36m",
    "habit": "\x1b[1m",
    "trial": "\x1b[1;35m",
}
_NUMBER_UNIT = re.compile(r"(\d) (%|ms|s|min|h|steps?|rules?|units?)(?=\W|$)")
_PLAIN = str.maketrans({
    "—": "-", "–": "-", "−": "-", "×": "x", "±": "+-", "≤": "<=", "≥": ">=", "≈": "~", "…": "...", "µ": "u",
    "→": "->", "“": '"', "”": '"', "‘": "'", "’": "'", "·": "-", "\u00a0": " ", "\u202f": " ", "²": "^2",
})  # fmt: skip


def render_text(
    diagnosis: Diagnosis,
    info: RunInfo,
    trace: Trace,
    *,
    width: int = 80,
    colour: bool = False,
    report: str = "",
    show_suppressed: bool = False,
) -> str:
    """A diagnosis as text: the run, what it was treated with, each cause with its symptoms, notes, verdict.

    Args:
        diagnosis: what was found.
        info: what ran.
        trace: the run, to say what the named modules and parameters are.
        width: columns to wrap to; below 40 it is taken as 40.
        colour: whether to emit ANSI colours.
        report: where the HTML report lies; no hint when empty.
        show_suppressed: whether to show the findings that the project accepts, with its reasons.

    Returns:
        Lines joined by newlines, ending with one.
    """
    page = _Page(max(width, MIN_WIDTH), colour)
    blocks = [page.wrapped(f"gradwise: {words.run_line(info)}", INDENT)]
    for title, rows in (("treatments", treated(trace)), ("healed while running", healed(trace))):
        if rows:
            blocks.append([title, *(line for head, text in rows for line in page.labelled(head, text))])
    blocks += [list(_finding(finding, trace, page)) for finding in diagnosis.findings]
    if show_suppressed:
        blocks += [list(_suppressed(held, trace, page)) for held in diagnosis.suppressed]
    answers = [line for one in probed(trace) for line in page.labelled(one.name, one.line)]
    if answers:
        blocks.append(["probes", *answers])
    contained = words.notes(diagnosis, trace)
    if contained:
        blocks.append(["notes", *(line for note in contained for line in page.labelled("", note))])
    blocks.append(list(_verdict(diagnosis, info, page, report)))
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def printable(text: str, encoding: str | None) -> str:
    """``text`` in characters that a stream of that encoding can write.

    >>> printable("28×28 — fine", "ascii")
    '28x28 - fine'
    """
    try:
        text.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        plain = text.translate(_PLAIN)
        return plain.encode("ascii", "replace").decode("ascii")
    return text


class _Page:
    """Wrapping and painting at one width."""

    def __init__(self, width: int, colour: bool) -> None:
        self.width = width
        self.colour = colour

    def paint(self, text: str, style: str) -> str:
        return f"{style}{text}{_RESET}" if self.colour and text else text

    def wrapped(self, text: str, hanging: str, first: str = "") -> list[str]:
        """``text`` in lines of the page's width; a number stays with its unit."""
        bound = _NUMBER_UNIT.sub("\\1\u00a0\\2", text)
        lines = textwrap.wrap(
            bound, self.width, initial_indent=first, subsequent_indent=hanging, break_on_hyphens=False
        )
        return [line.replace("\u00a0", " ") for line in lines]

    def labelled(self, label: str, text: str) -> Iterator[str]:
        """``text`` behind an indented, dimmed label, continued under itself."""
        head = INDENT + (f"{label}  " if label else "")
        blank = " " * len(head)
        for number, line in enumerate(self.wrapped(text, blank, blank)):
            labelled = number == 0 and label
            yield INDENT + self.paint(label, _DIM) + "  " + line[len(head) :] if labelled else line

    def shortened(self, text: str, room: int) -> str:
        return text if len(text) <= room else text[: max(room - 1, 1)].rstrip() + "…"


def _finding(finding: Finding, trace: Trace, page: _Page) -> Iterator[str]:
    name = f"{finding.code} {finding.rule}"
    head = f"{name}  {words.places(finding.where, trace)}, {words.since(finding.since_step)}"
    for number, line in enumerate(page.wrapped(head, INDENT)):
        first = number == 0 and line.startswith(name)
        yield page.paint(name, _GROUP_COLOUR[finding.group]) + line[len(name) :] if first else line
    yield from page.labelled("", words.clean(finding.message))
    if finding.why:
        yield from page.labelled("why", words.clean(finding.why))
    yield from _cures(finding, page)
    yield from _symptoms(finding, page)


def _suppressed(held: Suppressed, trace: Trace, page: _Page) -> Iterator[str]:
    finding = held.finding
    name = f"{finding.code} {finding.rule}"
    head = f"suppressed: {name}  {words.places(finding.where, trace)}, {words.since(finding.since_step)}"
    yield from (page.paint(line, _DIM) for line in page.wrapped(head, INDENT))
    yield from page.labelled("", words.clean(finding.message))
    yield from page.labelled("reason", words.clean(held.reason))


def _cures(finding: Finding, page: _Page) -> Iterator[str]:
    """``try  lower-lr, leaky-relu        gradwise explain dead-relu``, on one line where it fits."""
    command = f"gradwise explain {finding.rule}"
    if not finding.cures:
        yield INDENT + page.paint(command, _CYAN)
        return
    *firsts, last = page.labelled("try", ", ".join(finding.cures))
    yield from firsts
    plain = len(INDENT) + len("try  ") + len(", ".join(finding.cures))
    if not firsts and plain + len(GAP) + len(command) <= page.width:
        yield last + GAP + page.paint(command, _CYAN)
    else:
        yield last
        yield INDENT + page.paint(command, _CYAN)


def _symptoms(finding: Finding, page: _Page, depth: int = 0) -> Iterator[str]:
    """One line for each symptom, deeper ones set in further."""
    label = "shows as  "
    for number, symptom in enumerate(finding.symptoms):
        lead = INDENT + (label if number == 0 and depth == 0 else " " * len(label)) + "  " * depth
        text = f"{symptom.rule}: {words.clean(symptom.message)}"
        line = page.shortened(text, page.width - len(lead))
        yield lead.replace(label.strip(), page.paint(label.strip(), _DIM)) + line
        yield from _symptoms(symptom, page, depth + 1)


def _verdict(diagnosis: Diagnosis, info: RunInfo, page: _Page, report: str) -> Iterator[str]:
    healthy = not diagnosis.findings and info.steps > 0
    for line in page.wrapped(words.verdict(diagnosis, info), INDENT):
        yield page.paint(line, _GREEN if healthy else _BOLD)
    if diagnosis.settings:
        yield page.paint("settings", _DIM) + f"  {words.clean(diagnosis.settings)}"
    if report:
        yield page.paint("report", _DIM) + f"  {words.clean(report)}"
