"""One finding as a card of the HTML report: what, why, evidence, symptoms, cures, handbook page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from gradwise.remedies.collection import all_remedies
from gradwise.remedies.remedy import LoadedRemedy
from gradwise.report import words
from gradwise.report.curves import evidence_figures
from gradwise.report.figures import Figure
from gradwise.report.page import inline_html, page_html, parse_page
from gradwise.rules.collection import all_rules
from gradwise.trace.findings import Finding
from gradwise.trace.model import Trace


@dataclass(frozen=True, slots=True)
class Card:
    """The HTML of one finding, and the figures that it has places for."""

    markup: str
    figures: tuple[Figure, ...]


def plot_place(figure: Figure) -> str:
    """Where the page's script draws a figure, with words for those who cannot see it."""
    label = escape(figure.caption)
    return f'<div class="plot" id="plot-{figure.name}" role="img" aria-label="{label}"></div>'


def finding_card(finding: Finding, trace: Trace, number: int) -> Card:
    """The card of one cause; ``number`` makes its names unique in the page."""
    figures = tuple(evidence_figures(finding, trace, f"evidence-{number}"))
    parts = [
        f'<article class="card finding group-{finding.group}" id="finding-{number}">',
        f'<h3><span class="badge">{finding.group}</span>{escape(finding.code)} {escape(finding.rule)}</h3>',
        f'<p class="where">{_where(finding, trace)}</p>',
        f'<p class="message">{_sentence(finding.message)}</p>',
    ]
    if finding.why:
        parts.append(f"<p>{_sentence(finding.why)}</p>")
    parts += [*_plots(figures), *_symptoms(finding), *_cures(finding), *_page(finding), "</article>"]
    return Card("\n".join(parts), figures)


def _where(finding: Finding, trace: Trace) -> str:
    return escape(f"{words.places(finding.where, trace)}, {words.since(finding.since_step)}")


def _sentence(clause: str) -> str:
    return escape(words.sentence(words.clean(clause)))


def _plots(figures: tuple[Figure, ...]) -> Iterator[str]:
    if not figures:
        return
    yield '<div class="evidence">'
    for figure in figures:
        yield f"<figure><figcaption>{escape(figure.title)}</figcaption>{plot_place(figure)}</figure>"
    yield "</div>"


def _symptoms(finding: Finding) -> Iterator[str]:
    if finding.symptoms:
        yield "<h4>Shows as</h4>"
        yield from _symptom_list(finding)


def _symptom_list(finding: Finding) -> Iterator[str]:
    yield '<ul class="symptoms">'
    for symptom in finding.symptoms:
        where = escape(words.clean(", ".join(symptom.where[: words.MAX_PLACES])))
        yield f"<li><strong>{escape(symptom.rule)}</strong>: {escape(words.clean(symptom.message))}"
        yield f' <span class="grade">{where}</span>'
        if symptom.symptoms:
            yield from _symptom_list(symptom)
        yield "</li>"
    yield "</ul>"


def _cures(finding: Finding) -> Iterator[str]:
    if not finding.cures:
        return
    yield "<h4>Try</h4>"
    yield '<ul class="plain">'
    for name in finding.cures:
        yield f"<li>{_cure(name, all_remedies().get(name))}</li>"
    yield "</ul>"


def _cure(name: str, cure: LoadedRemedy | None) -> str:
    if cure is None:
        return f"<code>{escape(name)}</code>"
    declaration = cure.declaration
    head = f"<code>{escape(name)}</code> {inline_html(declaration.summary)}"
    grade = f'<span class="grade">({escape(declaration.grade)})</span>'
    edit = f"<pre><code>{escape(declaration.edit.as_text())}</code></pre>"
    body = page_html(parse_page(cure.page), level=5)
    return f"<details><summary>{head} {grade}</summary><div>{edit}{body}</div></details>"


def _page(finding: Finding) -> Iterator[str]:
    rule = all_rules().get(finding.rule)
    if rule is None or not rule.page:
        return
    page = parse_page(rule.page)
    yield (
        f"<h4>Read</h4>\n<details><summary>{escape(words.sentence(rule.declaration.summary))}</summary>"
        f"<div><p>{inline_html(page.title)}</p>{page_html(page, level=4)}</div></details>"
    )
