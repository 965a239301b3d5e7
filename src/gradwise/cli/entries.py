"""Everything that ``gradwise explain`` can show, by name: ailments ready and planned, cures, techniques."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, replace

from gradwise.errors import UnknownNameError
from gradwise.handbook.catalogue import ORGANS, Ailment, catalogue, find_ailment
from gradwise.handbook.measured import measured_lines
from gradwise.handbook.techniques import PLACES, Technique, find_techniques, plural, techniques
from gradwise.registry import nearest
from gradwise.remedies.collection import all_remedies
from gradwise.remedies.remedy import Dose, LoadedRemedy
from gradwise.report.page import Block, Page, Section, page_document, page_text, parse_page
from gradwise.report.words import sentence
from gradwise.rules.collection import all_rules, own_rules
from gradwise.rules.rule import LoadedRule

READY, PLANNED = "ready", "planned"


@dataclass(frozen=True, slots=True)
class Entry:
    """One page: what it is a page of, its headline, a line of facts, the text, the edit of a cure."""

    kind: str
    headline: str
    facts: str
    page: Page
    after: str = ""


def find_entries(name: str) -> list[Entry]:
    """The pages of that name: an ailment (also by its code), a cure, techniques.

    A kind may stand before the name where several things bear it: ``cure:batch-norm``.

    Raises:
        UnknownNameError: nothing has that name; the message offers the nearest ones.
    """
    kind, _, wanted = name.strip().lower().replace("_", "-").rpartition(":")
    found = [
        *(_ailment_entries(wanted) if kind in ("", "ailment") else ()),
        *(_cure_entries(wanted) if kind in ("", "cure") else ()),
        *map(_technique_entry, find_techniques(name)),
    ]
    if not found:
        near = nearest(wanted, all_names())
        raise UnknownNameError(
            f"nothing is called {name!r}{near}; `gradwise explain --list` shows all names."
        )
    return found


def _ailment_entries(wanted: str) -> Iterator[Entry]:
    for rule in all_rules().values():
        if wanted in (rule.declaration.name, rule.declaration.code.lower()):
            yield _rule_entry(rule)
            return
    ailment = find_ailment(wanted)
    if ailment is not None:
        yield _planned_entry(ailment)


def _cure_entries(wanted: str) -> Iterator[Entry]:
    cure = all_remedies().get(wanted)
    if cure is not None:
        yield _cure_entry(cure)


def all_names() -> list[str]:
    """Every name, alias and code that has an entry."""
    ailments = catalogue().values()
    rules = [rule.declaration for rule in all_rules().values()]
    names = [*(a.name for a in ailments), *(a.code for a in ailments)]
    names += [*(r.name for r in rules), *(r.code for r in rules), *all_remedies()]
    names += [word for each in techniques() for word in (each.name, *each.aliases)]
    return list(dict.fromkeys(names))


def entry_text(entry: Entry, *, width: int, colour: bool = False) -> str:
    """An entry as text for the terminal."""
    bold, dim, reset = ("\x1b[1m", "\x1b[2m", "\x1b[0m") if colour else ("", "", "")
    facts = "\n".join(textwrap.wrap(entry.facts, width))
    after = f"\n{entry.after}" if entry.after else ""
    head = f"{bold}{entry.headline}{reset}\n{dim}{facts}{reset}\n\n"
    return head + page_text(entry.page, width=width, colour=colour) + after


def entry_html(entry: Entry) -> str:
    """An entry as a complete HTML page."""
    return page_document(entry.headline, entry.facts, entry.page, entry.after)


def catalogue_text(*, width: int, colour: bool = False) -> str:
    """Every ailment with its status, organ by organ, then every cure with its grade, then every technique."""
    bold, dim, reset = ("\x1b[1m", "\x1b[2m", "\x1b[0m") if colour else ("", "", "")
    ready = {rule.declaration.name for rule in own_rules().values()}
    entries = list(catalogue().values())
    room = max(len(entry.name) for entry in entries)
    lines = [f"{len(ready)} ailments ready, {len(set(catalogue()) - ready)} planned"]
    for letter, organ in ORGANS.items():
        lines += ["", f"{bold}{letter}  {organ}{reset}"]
        for entry in entries:
            if entry.code.startswith(letter):
                status = READY if entry.name in ready else PLANNED
                head = f"  {entry.code}  {entry.name:<{room}}  {status:<7}  "
                paint, end = ("", "") if status == READY else (dim, reset)
                lines += [f"{paint}{line}{end}" for line in _row(head, entry.summary, width)]
    shipped = [rule for rule in all_rules().values() if rule.package]
    if shipped:
        lines += ["", f"{bold}of other packages{reset}", *_shipped_lines(shipped, width)]
    lines += ["", f"{bold}cures{reset}", *_cure_lines(width)]
    for kind in PLACES:
        held = [each for each in techniques() if each.kind == kind]
        if held:
            lines += ["", f"{bold}{plural(kind)}{reset}", *_technique_lines(held, width)]
    return "\n".join(lines) + "\n\nThe page of any: gradwise explain NAME\n"


def _shipped_lines(shipped: list[LoadedRule], width: int) -> Iterator[str]:
    room = max(len(f"{rule.declaration.code}  {rule.declaration.name}") for rule in shipped)
    for rule in shipped:
        told = rule.declaration
        head = f"  {f'{told.code}  {told.name}':<{room}}  {rule.package}  "
        yield from _row(head, told.summary, width)


def _cure_lines(width: int) -> Iterator[str]:
    cures = [cure.declaration for cure in all_remedies().values()]
    room = max((len(cure.name) for cure in cures), default=0)
    grades = max((len(cure.grade) for cure in cures), default=0)
    for cure in cures:
        yield from _row(f"  {cure.name:<{room}}  {cure.grade:<{grades}}  ", cure.summary, width)


def _technique_lines(held: list[Technique], width: int) -> Iterator[str]:
    room = max(len(each.name) for each in held)
    for each in held:
        also = f" ({', '.join(each.aliases)})" if each.aliases else ""
        yield from _row(f"  {each.name:<{room}}  ", each.summary.rstrip(".") + also, width)


def _row(head: str, text: str, width: int) -> list[str]:
    """A row of the list, its text wrapped under itself where there is room for that."""
    room = max(width - len(head), 24)
    first, *rest = textwrap.wrap(text, room) or [""]
    return [(head + first).rstrip(), *(" " * len(head) + line for line in rest)]


def _rule_entry(rule: LoadedRule) -> Entry:
    it = rule.declaration
    facts = [it.group, f"since {it.since}" + (f" of {rule.package}" if rule.package else "")]
    if it.explains:
        facts.append("explains " + ", ".join(it.explains))
    if it.cures:
        facts.append("cures: " + ", ".join(it.cures))
    return Entry("ailment", f"{it.code} {it.name}", "; ".join(facts), _with_measured(rule))


def _with_measured(rule: LoadedRule) -> Page:
    """The rule's page, and how often it was right; of rules of other packages we know nothing."""
    page = parse_page(rule.page)
    if rule.package:
        return page
    blocks = tuple(Block("item", line) for line in measured_lines(rule.declaration))
    return replace(page, sections=(*page.sections, Section("Measured", blocks)))


def _planned_entry(ailment: Ailment) -> Entry:
    cures = f"; cures: {', '.join(ailment.cures)}" if ailment.cures else ""
    return Entry(
        "ailment",
        f"{ailment.code} {ailment.name}",
        f"{PLANNED}: gradwise does not look for it yet{cures}",
        Page(sentence(ailment.summary), ()),
    )


def _cure_entry(cure: LoadedRemedy) -> Entry:
    it = cure.declaration
    helps = [rule.declaration.name for rule in all_rules().values() if it.name in rule.declaration.cures]
    facts = f"cure, {it.grade}" + (f"; helps against {', '.join(helps)}" if helps else "")
    return Entry("cure", it.name, facts, _with_doses(cure), it.edit.as_text() + "\n")


def _with_doses(cure: LoadedRemedy) -> Page:
    """The cure's page, and the numbers that a treatment can set."""
    page, doses = parse_page(cure.page), cure.declaration.doses
    if not doses:
        return page
    section = Section("Doses", tuple(Block("item", dose_line(dose)) for dose in doses))
    *others, last = page.sections  # which are the references
    return replace(page, sections=(*others, section, last))


def dose_line(dose: Dose) -> str:
    """What a dose is, its default, its range and what `gradwise heal` tries.

    >>> from gradwise.remedies.collection import find_remedy
    >>> dose_line(find_remedy("lower-lr").declaration.doses[0])
    "`factor`: times the script's rate; 0.1 unless set, from 1e-06 to 0.999; heal tries 0.1, 0.03, 0.3, 0.01"
    """
    unset = "found at run time" if dose.default is None else f"{dose.default:g} unless set"
    unit = f" {dose.unit}" if dose.unit else ""
    tried = f"; heal tries {', '.join(f'{value:g}' for value in dose.ladder)}" if dose.ladder else ""
    return f"`{dose.name}`: {dose.meaning}; {unset}, from {dose.low:g} to {dose.high:g}{unit}{tried}"


def _technique_entry(technique: Technique) -> Entry:
    also = f"; also called {', '.join(technique.aliases)}" if technique.aliases else ""
    return Entry(technique.kind, technique.name, technique.kind + also, parse_page(technique.page))
