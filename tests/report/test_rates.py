"""The page of a range test: what is drawn, and that it stands alone."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from gradwise.errors import UsageError
from gradwise.report.rates import rate_figure, write_rates

RATES = np.logspace(-5, 0, 40)
LOSSES = np.r_[np.full(20, 2.0), np.linspace(2.0, 1.0, 15), [3.0, 9.0, 80.0, 1e6, np.inf]]
SMOOTH = LOSSES[:39]


def written(path: Path, **changes) -> str:
    given = {
        "rates": RATES, "losses": LOSSES, "smooth": SMOOTH, "suggestion": 0.01234,
        "reason": "loss 2 fell to 1 <b>", "facts": {"Net": "mlp", "Rows": "1,000"},
    }  # fmt: skip
    return write_rates(path, **{**given, **changes}).read_text(encoding="utf-8")


def drawn(page: str) -> dict:
    data = re.search(r'<script type="application/json" id="figures">(.*?)</script>', page)
    return json.loads(data[1])["figures"][0]


def test_curve_and_suggestion_are_drawn_on_a_logarithmic_axis(tmp_path: Path) -> None:
    figure = drawn(written(tmp_path / "rates.html"))
    raw, curve = figure["data"]
    assert raw["x"] == pytest.approx(RATES.tolist(), rel=1e-5) and raw["y"][-1] is None
    assert (
        raw["y"][:39] == pytest.approx(LOSSES[:39].tolist(), rel=1e-5)
        and len(curve["x"]) == len(curve["y"]) == 39
    )
    layout = figure["layout"]
    assert layout["xaxis"]["type"] == "log"
    assert layout["shapes"][0]["x0"] == layout["shapes"][0]["x1"] == 0.01234
    note = layout["annotations"][0]
    assert note["text"] == "suggested 0.012" and 10 ** note["x"] == pytest.approx(0.01234)


def test_a_burst_does_not_press_the_curve_to_the_floor() -> None:
    low, high = rate_figure(RATES, LOSSES, SMOOTH, 0.01).layout["yaxis"]["range"]
    assert 0.9 < low < 1.0 and 2.4 < high < 2.6
    assert "range" not in rate_figure(RATES, np.full(40, 2.0), np.full(40, 2.0), 0.01).layout["yaxis"]


def test_the_page_stands_alone_and_shows_what_it_was_told(tmp_path: Path) -> None:
    page = written(tmp_path / "new" / "rates.html")
    assert "<h1>Learning rate 0.012</h1>" in page and "--rate 0.012" in page
    assert "&lt;b&gt;" in page and "<b>" not in page.partition("<script")[0]
    assert "<dt>Rows</dt><dd>1,000</dd>" in page
    head = page.partition("<script")[0]
    assert "default-src 'none'" in head and "http" not in head.replace("http-equiv", "")
    assert 'id="plot-rates"' in page


def test_a_test_without_steps_still_has_a_page(tmp_path: Path) -> None:
    nothing = np.zeros(0)
    figure = drawn(written(tmp_path / "r.html", rates=nothing, losses=nothing, smooth=nothing))
    assert [line["x"] for line in figure["data"]] == [[], []]


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="choose another file with --range-test"):
        written(tmp_path / "file" / "rates.html")
