"""The page of a clustering: elbow, silhouettes, and the rows on a plane; one file, works offline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradwise.report import points, words
from gradwise.report.cards import plot_place
from gradwise.report.figures import Figure
from gradwise.report.html import document, write_page

Array = NDArray[Any]

MOST_BARS = 200  # points of a cluster's silhouettes; more are thinned evenly
MARKS = ("circle", "square", "diamond", "cross", "triangle-up")  # one for each round of the six colours


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterPage:
    """What the page shows.

    Args:
        title: of the data.
        lines: sentences by label, the first is the verdict.
        facts: of the data and the choices, by name.
        head: of the table of clusters.
        rows: of the table, one for each cluster.
        chosen: k.
        elbow: k of the knee; None where there is none.
        inertias: by k.
        scores: mean silhouette by k.
        highest: best mean silhouette of data without clusters; None where it was not compared.
        silhouettes: of the sampled rows of each cluster, rising.
        places: (P, 2) of the rows drawn on the plane.
        labels: (P,) their clusters, from 0.
        shares: of the variance on both axes.
    """

    title: str
    lines: Mapping[str, str]
    facts: Mapping[str, str]
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    chosen: int
    elbow: int | None
    inertias: Mapping[int, float]
    scores: Mapping[int, float]
    highest: float | None
    silhouettes: Sequence[Array]
    places: Array
    labels: Array
    shares: tuple[float, float]


def write_clusters(path: Path, page: ClusterPage) -> Path:
    """Write the page, about 5 MB (Plotly is inside).

    Returns:
        The absolute path of the file.

    Raises:
        UsageError: the file cannot be written.
        MissingDependencyError: Plotly is not installed.
    """
    figures = [*_by_k(page), each_cluster(page), scatter(page)]
    said = list(page.lines.items())
    told = "\n".join(
        f"<p><strong>{escape(name)}</strong> {escape(words.clean(text))}.</p>" for name, text in said[1:]
    )
    facts = "\n".join(
        f"<div><dt>{escape(words.clean(name))}</dt><dd>{escape(words.clean(value))}</dd></div>"
        for name, value in page.facts.items()
    )
    plots = "\n".join(
        f'<figure class="card"><figcaption>{escape(figure.title)}<small>{escape(figure.caption)}</small>'
        f"</figcaption>{plot_place(figure)}</figure>"
        for figure in figures
    )
    title = words.clean(page.title)
    body = f"""<header>
<p class="eyebrow">gradwise cluster</p>
<h1>{escape(title)}: {page.chosen} clusters</h1>
<p class="verdict" id="verdict">{escape(words.sentence(words.clean(said[0][1])))}</p>
<dl class="facts">
{facts}
</dl>
</header>
<main><section aria-labelledby="h-clusters">
<h2 id="h-clusters">The clusters</h2>
<div class="card">{_table(page.head, page.rows)}{told}</div>
</section><section aria-labelledby="h-plots">
<h2 id="h-plots">How many, and how good</h2>
<div class="plots">
{plots}
</div>
<p>What k-means does and when to doubt it: <code>gradwise explain k-means</code>.</p>
</section></main>"""
    data = {"figures": [figure.to_json() for figure in figures], "heat": []}
    return write_page(path, document(f"clusters of {title}", body, data), option="--html")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    cells = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    lines = "\n".join(
        "<tr>" + "".join(f"<td>{escape(words.clean(cell))}</td>" for cell in row) + "</tr>" for row in rows
    )
    return (
        f'<div class="scroll"><table><thead><tr>{cells}</tr></thead><tbody>\n{lines}\n</tbody></table></div>'
    )


def _by_k(page: ClusterPage) -> list[Figure]:
    """Elbow and silhouettes by k; none where a single k was asked for."""
    if len(page.scores) < 2:
        return []
    bend = "" if page.elbow is None else f" It bends most at {page.elbow}."
    elbow = _curve("elbow", page.inertias, "inertia", page.elbow, "elbow")
    caption = f"Sum of squared distances to the centres; more clusters always have less.{bend}"
    made = [Figure("elbow", "Elbow", caption, *elbow)]
    data, layout = _curve("silhouette", page.scores, "mean silhouette", page.chosen, "chosen")
    caption = f"Of every k; the largest is at {page.chosen}."
    if page.highest is not None:
        caption += f" Dotted: the best of data without clusters, cut into {page.chosen}: {page.highest:.2f}."
        layout["shapes"].append(
            {
                "type": "line", "name": "limit", "xref": "paper", "x0": 0, "x1": 1,
                "y0": page.highest, "y1": page.highest,
            }
        )  # fmt: skip
    return [*made, Figure("silhouette", "Silhouette of every k", caption, data, layout)]


def _curve(
    name: str, values: Mapping[int, float], unit: str, mark: int | None, word: str
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    k = sorted(values)
    line = {
        "type": "scatter", "mode": "lines+markers", "x": k, "y": points.numbers([values[each] for each in k]),
        "name": name, "meta": {"tone": 0}, "line": {"width": 2},
        "hovertemplate": "k %{x}<br>" + unit + " %{y:.4g}<extra></extra>",
    }  # fmt: skip
    layout: dict[str, Any] = {
        "xaxis": {"title": {"text": "clusters"}, "dtick": 1},
        "yaxis": {"title": {"text": unit}, "rangemode": "tozero"},
        "hovermode": "closest", "showlegend": False, "shapes": [], "annotations": [],
    }  # fmt: skip
    if mark is not None:
        layout["shapes"].append(
            {"type": "line", "name": "limit", "x0": mark, "x1": mark, "yref": "paper", "y0": 0, "y1": 1}
        )
        layout["annotations"].append(
            {
                "name": "limit", "text": f"{word} {mark}", "x": mark, "xanchor": "left", "yref": "paper",
                "y": 1, "yanchor": "top", "showarrow": False,
            }
        )  # fmt: skip
    return [line], layout


def each_cluster(page: ClusterPage) -> Figure:
    """The silhouettes of every cluster's rows, sorted, one below the other; widths are its share."""
    data = []
    start = 0
    for number, found in enumerate(page.silhouettes):
        thin = found
        if len(found) > MOST_BARS:
            thin = found[np.linspace(0, len(found) - 1, MOST_BARS).astype(np.int64)]
        data.append(
            {
                "type": "scatter", "mode": "lines", "name": str(number + 1), "meta": {"tone": number},
                "x": points.numbers(np.linspace(start, start + len(found), max(len(thin), 1))[: len(thin)]),
                "y": points.numbers(thin), "fill": "tozeroy", "line": {"width": 1},
                "hovertemplate": f"cluster {number + 1}<br>silhouette %{{y:.2f}}<extra></extra>",
            }
        )  # fmt: skip
        start += len(found)
    layout = {
        "xaxis": {"title": {"text": "rows, by cluster"}, "showticklabels": False},
        "yaxis": {"title": {"text": "silhouette"}}, "hovermode": "closest",
    }  # fmt: skip
    caption = "Rows below 0 lie nearer to another cluster; a cluster that is wide and high is a clear one."
    return Figure("each", "Silhouette of every cluster", caption, data, layout)


def scatter(page: ClusterPage) -> Figure:
    """The rows drawn, on their two main directions."""
    data = []
    for number in range(page.chosen):
        here = page.places[page.labels == number]
        data.append(
            {
                "type": "scatter", "mode": "markers", "name": str(number + 1), "meta": {"tone": number},
                "x": points.numbers(here[:, 0]), "y": points.numbers(here[:, 1]), "opacity": 0.7,
                "marker": {"size": 5, "symbol": MARKS[number // 6 % len(MARKS)]},
                "hovertemplate": f"cluster {number + 1}<extra></extra>",
            }
        )  # fmt: skip
    first, second = (f"{100 * share:.0f} %" for share in page.shares)
    layout = {
        "xaxis": {"title": {"text": f"first principal component ({first} of the variance)"}},
        "yaxis": {"title": {"text": f"second ({second})"}}, "hovermode": "closest",
    }  # fmt: skip
    rest = 100 * (1 - sum(page.shares))
    caption = (
        f"{len(page.places):,} rows; {rest:.0f} % of the variance lies in directions that are not shown."
    )
    return Figure("plane", "The rows on a plane", caption, data, layout)
