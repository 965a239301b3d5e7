import json
import math

from gradwise.diagnosis import Diagnosis
from gradwise.report.schema import render_json
from gradwise.trace.model import Fact, Trace
from tests.report.runs import finding, run_info, sick


def test_the_documented_form():
    document = render_json(sick(), run_info())
    assert document["schema"] == 1
    assert document["run"]["script"] == "train.py"
    assert document["run"]["argv"] == ["--epochs", "3"]
    first = document["findings"][0]
    assert list(first) == [
        "rule", "code", "group", "where", "since_step", "value", "threshold", "unit", "message", "why", "cures", "symptoms",
    ]  # fmt: skip
    assert first["where"] == ["features.3"]
    assert first["symptoms"][0]["rule"] == "vanishing-gradient"


def test_order_is_kept_and_numbers_fit_json():
    broken = finding(rule="loss-nan", value=math.nan, threshold=math.inf)
    document = render_json(Diagnosis((broken, finding())), run_info(seconds=math.nan))
    assert [f["rule"] for f in document["findings"]] == ["loss-nan", "dead-relu"]
    text = json.dumps(document, allow_nan=False)
    assert json.loads(text)["findings"][0]["value"] is None
    assert json.loads(text)["findings"][0]["threshold"] == "inf"


def test_notes_come_from_the_rules_and_the_trace():
    trace = Trace(facts=(Fact(1, "note", "", {"where": "hook", "error": "odd"}),))
    assert render_json(Diagnosis((), ("rule x failed",)), run_info(), trace)["notes"] == [
        "rule x failed",
        "hook: odd",
    ]
