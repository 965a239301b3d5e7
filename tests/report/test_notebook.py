from gradwise.diagnosis import Diagnosis
from gradwise.report.notebook import html_fragment
from gradwise.trace.model import RunInfo
from tests.report.runs import finding, run_info, sick, sick_trace


def test_the_fragment_tells_everything_and_runs_nothing():
    fragment = html_fragment(sick(), run_info())
    for part in (
        "A01 dead-relu",
        "since step 400",
        "61 % of units silent",
        "<code>lower-lr</code>",
        "vanishing-gradient",
    ):
        assert part in fragment
    assert "<script" not in fragment
    assert "http" not in fragment
    assert fragment.count("<div") == fragment.count("</div>")
    assert len(fragment) < 5000


def test_a_clean_bill():
    assert "No ailment found in 840 steps by 16 rules." in html_fragment(Diagnosis((), (), 16), run_info())


def test_everything_is_escaped():
    evil = "<script>alert(1)</script>"
    bad = finding(where=(evil,), message=evil, why=evil, cures=(evil,), rule=evil)
    bad = bad.with_symptoms((finding(rule=evil, message=evil, symptoms=()),))
    fragment = html_fragment(Diagnosis((bad,), (evil,)), RunInfo(script=evil, error=evil))
    assert "<script" not in fragment.lower()


def test_with_the_trace_it_says_more():
    fragment = html_fragment(sick(), run_info(), sick_trace())
    assert "features.3 (ReLU, 256 units)" in fragment
    assert "collector act_std: ValueError: odd shape" in fragment
