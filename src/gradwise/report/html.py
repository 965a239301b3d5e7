"""The one-file HTML report: everything inside, nothing fetched, readable offline.

The page forbids itself any request: its content security policy allows only
the two scripts that are in it, by their hash.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import json
import os
from collections.abc import Sequence
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from gradwise.diagnosis import Diagnosis
from gradwise.errors import MissingDependencyError, UsageError
from gradwise.report import words
from gradwise.report.cards import Card, finding_card, plot_place
from gradwise.report.curves import run_figures
from gradwise.report.figures import Figure
from gradwise.report.heatmap import HeatMap, heat_maps
from gradwise.report.probed import probes_html
from gradwise.report.setup import setup_facts
from gradwise.report.treated import treated_html
from gradwise.trace.findings import GROUPS
from gradwise.trace.model import Trace


def write_html(path: Path, trace: Trace, diagnosis: Diagnosis) -> Path:
    """Write the report of a run to one file of about 5 MB (Plotly is inside).

    Args:
        path: the file; its folder is created where missing.
        trace: the run.
        diagnosis: what was found in it.

    Returns:
        The absolute path of the file.

    Raises:
        UsageError: the file cannot be written.
        MissingDependencyError: Plotly is not installed.
    """
    return write_page(path, html_report(trace, diagnosis), option="--html")


def write_page(path: Path, page: str, *, option: str) -> Path:
    """Write a page to a file whole or not at all.

    Args:
        path: the file; its folder is created where missing.
        page: text of the file.
        option: of the command line that names the file, for the message.

    Returns:
        The absolute path of the file.

    Raises:
        UsageError: the file cannot be written.
    """
    target = path.expanduser().absolute()
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(page, encoding="utf-8", errors="replace")
        partial.replace(target)
    except OSError as error:
        partial.unlink(missing_ok=True) if partial.is_file() else None
        raise UsageError(
            f"the report cannot be written to {target} ({error.strerror or error}); "
            f"choose another file with {option}."
        ) from error
    return target


def html_report(trace: Trace, diagnosis: Diagnosis) -> str:
    """The report as the text of an HTML page."""
    info = trace.run
    cards = [finding_card(finding, trace, number) for number, finding in enumerate(diagnosis.findings)]
    figures = run_figures(trace, diagnosis.findings)
    maps = heat_maps(trace, diagnosis.findings)
    title = words.clean(info.script) or "training run"
    body = [
        _header(trace, diagnosis, title),
        "<main>",
        treated_html(trace),
        _findings(cards),
        _suppressed(diagnosis, trace),
        probes_html(trace),
        _curves(figures),
        _heat(maps),
        _notes(diagnosis, trace),
        _layers(trace),
        "</main>",
        _footer(trace),
    ]
    drawn = [figure for card in cards for figure in card.figures] + figures
    data = {"figures": [f.to_json() for f in drawn], "heat": [heat.to_json() for heat in maps]}
    return document(title, "\n".join(part for part in body if part), data)


def safe_json(data: Any) -> str:
    r"""JSON that can stand inside a ``<script>`` element, whatever its strings hold.

    >>> safe_json({"a": "</script>"})
    '{"a":"\\u003c/script\\u003e"}'
    """
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


@cache
def plotly_script() -> str:
    """Plotly's own script, read from the installed package without importing it (which is slow).

    Raises:
        MissingDependencyError: Plotly is not installed, or not as a folder of files.
    """
    found = importlib.util.find_spec("plotly")
    if found is None or not found.submodule_search_locations:
        raise MissingDependencyError(
            "the HTML report needs plotly, which is not installed; run `pip install plotly`."
        )
    path = Path(next(iter(found.submodule_search_locations))) / "package_data" / "plotly.min.js"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise MissingDependencyError(
            f"the HTML report needs plotly's script, but {path.name} cannot be read "
            f"({error.strerror or error}); run `pip install --force-reinstall plotly`."
        ) from error
    return text.replace("</script", "<\\/script").replace("<!--", "<\\!--")


@cache
def _asset(name: str) -> str:
    return files("gradwise.report.assets").joinpath(name).read_text(encoding="utf-8")


def document(title: str, body: str, data: dict[str, Any]) -> str:
    """A complete page that carries Plotly and draws the figures in it.

    Args:
        title: of the window.
        body: markup, escaped; ``<div id="plot-NAME">`` is the place of a figure.
        data: ``figures`` and ``heat``, see `gradwise.report.figures.Figure.to_json`.
    """
    scripts = (plotly_script(), _asset("report.js"))
    policy = "default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; script-src " + " ".join(
        _hash(script) for script in scripts
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="gradwise">
<link rel="icon" href="data:,">
<title>{escape(title)} · gradwise</title>
<style>{_asset("report.css")}</style>
</head>
<body>
{body}
<noscript><p>The plots need JavaScript; the findings above do not.</p></noscript>
<script type="application/json" id="figures">{safe_json(data)}</script>
<script>{scripts[0]}</script>
<script>{scripts[1]}</script>
</body>
</html>
"""


def _hash(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def _header(trace: Trace, diagnosis: Diagnosis, title: str) -> str:
    worst = min((GROUPS.index(f.group) for f in words.flat(diagnosis.findings)), default=None)
    group = "" if worst is None else f" group-{GROUPS[worst]}"
    info = trace.run
    rows = [
        ("Steps", f"{info.steps:,}"),
        ("Time", words.duration(info.seconds)),
        ("Ended", words.status(info)),
        ("Started", words.moment(info.started)),
        ("Arguments", " ".join(info.argv)),
        *setup_facts(trace),
    ]
    facts = "\n".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(words.clean(value))}</dd></div>"
        for name, value in rows
        if value
    )
    return f"""<header>
<p class="eyebrow">gradwise report</p>
<h1>{escape(title)}</h1>
<p class="verdict{group}" id="verdict">{escape(words.sentence(words.verdict(diagnosis, info)))}</p>
<dl class="facts">
{facts}
</dl>
</header>"""


def _findings(cards: Sequence[Card]) -> str:
    if not cards:
        return ""
    inner = "\n".join(card.markup for card in cards)
    return f"""<section aria-labelledby="h-findings">
<h2 id="h-findings">What was found</h2>
{inner}
</section>"""


def _curves(figures: Sequence[Figure]) -> str:
    if not figures:
        return ""
    inner = "\n".join(
        f'<figure class="card"><figcaption>{escape(figure.title)}<small>{escape(figure.caption)}</small>'
        f"</figcaption>{plot_place(figure)}</figure>"
        for figure in figures
    )
    return f"""<section aria-labelledby="h-curves">
<h2 id="h-curves">The run</h2>
<div class="plots">
{inner}
</div>
</section>"""


def _heat(maps: Sequence[HeatMap]) -> str:
    if not maps:
        return ""
    menu = "".join(f'<option value="{heat.name}">{escape(heat.label)}</option>' for heat in maps)
    return f"""<section aria-labelledby="h-heat">
<h2 id="h-heat">Layer by layer</h2>
<div class="card">
<p><label for="heat-menu">Show</label> <select id="heat-menu">{menu}</select></p>
<p class="grade">Rows follow the forward pass, the input on top; columns are the sampled steps, which lie
closer together early in the run. Framed cells are evidence of a finding.</p>
<div id="heat-plot" role="img" aria-label="Heat map of one signal over layers and sampled steps"></div>
</div>
</section>"""


def _suppressed(diagnosis: Diagnosis, trace: Trace) -> str:
    """Findings that the project accepts, folded up, each with its reason."""
    if not diagnosis.suppressed:
        return ""
    items = "\n".join(
        f"<li><strong>{escape(held.finding.code)} {escape(held.finding.rule)}</strong> "
        f"{escape(words.places(held.finding.where, trace))}: {escape(words.clean(held.finding.message))} "
        f'<span class="grade">{escape(words.clean(held.reason))}</span></li>'
        for held in diagnosis.suppressed
    )
    head = f"{len(diagnosis.suppressed)} suppressed in {escape(words.clean(diagnosis.settings))}"
    return f'<section class="card"><details><summary>{head}</summary><ul>{items}</ul></details></section>'


def _notes(diagnosis: Diagnosis, trace: Trace) -> str:
    contained = words.notes(diagnosis, trace)
    if not contained:
        return ""
    items = "\n".join(f"<li>{escape(note)}</li>" for note in contained)
    return f"""<section aria-labelledby="h-notes">
<h2 id="h-notes">Notes</h2>
<div class="card"><p>Errors inside gradwise that were contained; the run itself was not touched.</p>
<ul>{items}</ul></div>
</section>"""


MAX_LAYERS = 300  # rows of the table of layers


def _layers(trace: Trace) -> str:
    if not trace.modules:
        return ""
    modules = sorted(trace.modules, key=lambda module: module.order)
    rows = "\n".join(
        f"<tr><td>{escape(words.clean(m.name))}</td><td>{escape(words.clean(m.type))}</td>"
        f'<td class="number">{m.units or ""}</td><td class="number">{m.parameters:,}</td>'
        f"<td>{escape(words.clean(m.activation))}</td></tr>"
        for m in modules[:MAX_LAYERS]
    )
    more = len(modules) - MAX_LAYERS
    rest = f"<p>and {words.count(more, 'more layer')}</p>" if more > 0 else ""
    return f"""<section aria-labelledby="h-layers">
<h2 id="h-layers">Layers</h2>
<details class="card"><summary>{words.count(len(modules), "layer")} watched</summary>
<div class="scroll"><table><thead><tr><th scope="col">name</th><th scope="col">kind</th>
<th scope="col" class="number">units</th><th scope="col" class="number">parameters</th>
<th scope="col">activation</th></tr></thead>
<tbody>
{rows}
</tbody></table>{rest}</div></details>
</section>"""


def _footer(trace: Trace) -> str:
    info = trace.run
    versions = (("gradwise", info.gradwise), ("torch", info.torch), ("Python", info.python))
    made = ", ".join(f"{name} {escape(words.clean(version))}" for name, version in versions if version)
    return f"<footer><p>Made by gradwise from the recorded run. {made}</p></footer>"
