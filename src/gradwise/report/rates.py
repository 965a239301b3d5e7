"""The page of a range test: loss against learning rate, the suggestion marked; one file, works offline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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

CEILING = 1.5  # of the drawing: this share of the range between the smoothed losses, above the lowest


def write_rates(
    path: Path,
    *,
    rates: Array,
    losses: Array,
    smooth: Array,
    suggestion: float,
    reason: str,
    facts: Mapping[str, str],
) -> Path:
    """Write the page of a range test, about 5 MB (Plotly is inside).

    Args:
        path: the file; its folder is created where missing.
        rates: (K,) tried, rising.
        losses: (K,) measured at them.
        smooth: (L,) with L ≤ K: the same, smoothed, as they were judged.
        suggestion: learning rate.
        reason: why, with numbers.
        facts: of the training, by name.

    Returns:
        The absolute path of the file.

    Raises:
        UsageError: the file cannot be written.
        MissingDependencyError: Plotly is not installed.
    """
    figure = rate_figure(rates, losses, smooth, suggestion)
    listed = "\n".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(words.clean(value))}</dd></div>"
        for name, value in facts.items()
    )
    body = f"""<header>
<p class="eyebrow">gradwise range test</p>
<h1>Learning rate {suggestion:.2g}</h1>
<p class="verdict" id="verdict">{escape(words.sentence(words.clean(reason)))}</p>
<dl class="facts">
{listed}
</dl>
</header>
<main><section aria-labelledby="h-curve">
<h2 id="h-curve">Loss against rate</h2>
<figure class="card"><figcaption>{escape(figure.title)}<small>{escape(figure.caption)}</small></figcaption>
{plot_place(figure)}</figure>
<p>Set it with <code>--rate {suggestion:.2g}</code>. What the test does and when to doubt it:
<code>gradwise explain range-test</code>.</p>
</section></main>"""
    page = document(f"learning rate {suggestion:.2g}", body, {"figures": [figure.to_json()], "heat": []})
    return write_page(path, page, option="--range-test")


def rate_figure(rates: Array, losses: Array, smooth: Array, suggestion: float) -> Figure:
    """The curve on a logarithmic axis of rates; a dotted line stands at the suggestion."""
    raw = _line(rates, losses, "each step", 0, opacity=0.4, mode="markers", marker={"size": 4})
    curve = _line(rates[: len(smooth)], smooth, "mean of 7 steps", 0)
    layout: dict[str, Any] = {
        "xaxis": {"title": {"text": "learning rate"}, "type": "log", "exponentformat": "power", "dtick": 1},
        "yaxis": {"title": {"text": "training loss"}, **_range(losses, smooth)},
        "hovermode": "closest",
        "shapes": [
            {
                "type": "line",
                "name": "limit",
                "x0": suggestion,
                "x1": suggestion,
                "yref": "paper",
                "y0": 0,
                "y1": 1,
            }
        ],
        "annotations": [
            {
                "name": "limit",
                "text": f"suggested {suggestion:.2g}",
                "x": float(np.log10(suggestion)),
                "xanchor": "left",
                "yref": "paper",
                "y": 1,
                "yanchor": "top",
                "showarrow": False,
            }
        ],
    }
    caption = f"{len(rates)} steps; the rate grows by the same factor from each to the next."
    return Figure("rates", "Loss before each step", caption, [raw, curve], layout)


def _line(x: Array, y: Array, name: str, tone: int, **style: Any) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": points.numbers(x),
        "y": points.numbers(y),
        "name": name,
        "meta": {"tone": tone},
        "line": {"width": 2},
        "hovertemplate": "rate %{x:.2g}<br>loss %{y:.4g}<extra></extra>",
        **style,
    }


def _range(losses: Sequence[float] | Array, smooth: Array) -> dict[str, Any]:
    """Limits of the losses shown, where a burst would press all others to the floor."""
    if not len(smooth):
        return {}
    seen = np.asarray(losses)[: len(smooth)]
    first = float(np.median(seen[: max(1, len(seen) // 5)]))
    low = float(min(seen.min(), smooth.min()))
    high = low + CEILING * max(first - low, 1e-12 + abs(low) * 0.05)
    if float(seen.max()) <= high:
        return {}
    margin = 0.05 * (high - low)
    return {"range": [low - margin, high]}
