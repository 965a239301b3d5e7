import base64
import hashlib
import json
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from gradwise.diagnosis import Diagnosis
from gradwise.errors import UsageError
from gradwise.report.html import html_report, plotly_script, safe_json, write_html
from gradwise.trace.model import Fact, ModuleInfo, Trace
from tests.report.runs import finding, run_info, sick, sick_trace

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&"


class Reader(HTMLParser):
    """Collects elements and visible text; script and style apart."""

    def __init__(self):
        super().__init__()
        self.tags, self.text, self.raw, self._open = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._open.append(tag)

    def handle_endtag(self, tag):
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data):
        inside = self._open[-1] if self._open else ""
        (self.raw if inside in ("script", "style") else self.text).append(data)


def read(page):
    reader = Reader()
    reader.feed(page)
    return reader


def body_text(page):
    return " ".join(" ".join(read(page).text).split())


def test_the_page_tells_the_run_and_the_findings():
    text = body_text(html_report(sick_trace(), sick()))
    for part in (
        "train.py",
        "1 cause found (1 sick), 1 symptom, in 840 steps by 16 rules.",
        "12.3 s",
        "Adam, rate 0.01",
        "cross_entropy",
        "A01 dead-relu",
        "features.3 (ReLU, 256 units), since step 400",
        "vanishing-gradient",
        "take smaller steps",
        "This run shows units that never fire.",
        "collector act_std: ValueError: odd shape",
        "torch 2.13.0",
    ):
        assert part in text


def test_every_figure_has_its_place():
    reader = read(html_report(sick_trace(), sick()))
    data = json.loads(next(raw for raw in reader.raw if raw.startswith('{"figures"')))
    ids = {attrs.get("id") for _, attrs in reader.tags}
    assert {f"plot-{figure['name']}" for figure in data["figures"]} <= ids
    assert "plot-evidence-0-0" in ids
    assert "heat-plot" in ids


def test_nothing_from_the_run_becomes_markup():
    base = sick_trace()
    modules = (*base.modules, ModuleInfo(HOSTILE, HOSTILE, activation=HOSTILE))
    silent = base.tables["silent_share"]
    silent = type(silent)(silent.steps, (*silent.places[:3], HOSTILE), silent.values)
    trace = replace(
        base,
        run=run_info(
            script=HOSTILE, argv=(HOSTILE,), status="failed", error=HOSTILE, device=HOSTILE, torch=HOSTILE
        ),
        modules=modules,
        tables={**base.tables, "silent_share": silent},
        facts=(
            Fact(0, "note", "", {"where": HOSTILE, "error": HOSTILE}),
            Fact(0, "optimizer", HOSTILE, {"class": HOSTILE}),
        ),
    )
    bad = finding(
        where=(HOSTILE,), message=HOSTILE, why=HOSTILE, cures=(HOSTILE,), rule=HOSTILE, code=HOSTILE
    )
    bad = replace(
        bad, evidence=(replace(bad.evidence[0], places=(HOSTILE,)),), symptoms=(replace(bad, symptoms=()),)
    )
    page = html_report(trace, Diagnosis((bad,), (HOSTILE,), 16))
    reader = read(page)
    assert sum(tag == "script" for tag, _ in reader.tags) == 3
    assert not any(tag == "img" for tag, _ in reader.tags)
    assert not any(name.startswith("on") for _, attrs in reader.tags for name in attrs)
    assert page.count("</script") == 3
    data = json.loads(next(raw for raw in reader.raw if raw.startswith('{"figures"')))
    names = json.dumps([figure["data"] for figure in data["figures"]])
    assert "<img" not in names


def test_the_policy_allows_exactly_the_two_scripts():
    page = html_report(sick_trace(), sick())
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    allowed = set(re.findall(r"'sha256-([^']+)'", policy))
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    hashes = {base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts}
    assert hashes == allowed
    assert policy.startswith("default-src 'none'")
    assert "unsafe-inline" not in policy.split("script-src")[1]


def test_no_address_outside_the_file_is_referenced():
    for tag, attrs in read(html_report(sick_trace(), sick())).tags:
        assert "src" not in attrs, tag
        assert tag != "link" or attrs["href"] == "data:,"


@pytest.mark.parametrize("layers", [4, 1000])
def test_the_file_stays_small(tmp_path, layers):
    path = write_html(tmp_path / "new" / "report.html", sick_trace(layers), sick())
    assert path.is_absolute()
    assert 4e6 < path.stat().st_size < 6e6
    assert [entry.name for entry in path.parent.iterdir()] == ["report.html"]


def test_a_long_run_stays_small(tmp_path):
    trace = sick_trace(200, steps=20_000, samples=1500)
    assert len(trace.tables["grad_norm"]) > 500
    assert write_html(tmp_path / "r.html", trace, sick()).stat().st_size < 6e6


def test_a_clean_bill_and_an_empty_trace():
    assert "No ailment found in 840 steps by 16 rules." in body_text(
        html_report(sick_trace(), Diagnosis((), (), 16))
    )
    text = body_text(html_report(Trace(), Diagnosis((), (), 16)))
    assert "Nothing to judge: no training step was seen." in text
    assert "Layer by layer" not in text


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        write_html(tmp_path / "file" / "r.html", Trace(), Diagnosis(()))
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError, match="cannot be written"):
        write_html(tmp_path / "folder", Trace(), Diagnosis(()))
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["file", "folder"]


def test_safe_json_reads_back_as_it_was():
    data = {"a": [1, None, HOSTILE, "\u2028"]}
    assert "<" not in safe_json(data)
    assert json.loads(safe_json(data)) == data
    with pytest.raises(ValueError, match="JSON compliant"):
        safe_json([np.nan])


def test_plotly_is_read_and_not_imported():
    code = "import sys; from gradwise.report.html import plotly_script as p; p(); print({'plotly','torch'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
    assert "Plotly" in plotly_script()
    assert "</script" not in plotly_script()
