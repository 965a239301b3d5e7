"""Treatments and live healing in every form of the report."""

import json

from gradwise.diagnosis import Diagnosis
from gradwise.report.html import html_report
from gradwise.report.schema import render_json
from gradwise.report.terminal import render_text
from gradwise.trace.model import Fact, Trace
from tests.report.runs import run_info

HEALTHY = Diagnosis((), (), 16)


def cure(name, did=(), could_not=(), **more):
    lines = [[{"what": what, "times": times} for what, times in each] for each in (did, could_not)]
    return Fact(0, "treated", name, {"cure": name, "did": lines[0], "could_not": lines[1], **more})


TREATED = (
    cure("lower-lr", [("rate of SGD 0.5 → 0.05", 1200)], dose={"factor": 0.1}, where=[], why=""),
    cure(
        "leaky-relu",
        [("fc1 <b>", 1)],
        [("no module is called <i>", 2)],
        dose={"slope": 0.01},
        where=["fc1", "<i>"],
    ),
    cure("raise-clip", dose={}, where=[]),
)
INTERVENED = (
    Fact(1312, "healed", "lower-lr", {"found": "the loss is no longer finite", "did": "returned to step 1,200, learning rate of SGD 0.1 → 0.01", "returned_to": 1200}),
    Fact(1500, "healed", "", {"found": "weights are no longer finite", "did": "nothing more is done: <why>", "stopped": "<why>"}),
    Fact(2000, "heal-live", "", {"states": 12, "bytes": 1_234_567, "keeping_seconds": 0.1, "looking_seconds": 0.02, "returning_seconds": 0.003, "times": 1, "returns": 1, "mended": 0, "stopped": "<why>"}),
)  # fmt: skip


def trace(*facts):
    return Trace(run=run_info(), facts=facts)


def test_the_terminal_says_what_was_given_and_how_often():
    assert render_text(HEALTHY, run_info(), trace(*TREATED), width=100) == (
        "gradwise: train.py --epochs 3, 840 steps in 12.3 s, finished\n\n"
        "treatments\n"
        "    lower-lr  factor 0.1: rate of SGD 0.5 → 0.05 (1,200 times)\n"
        "    leaky-relu  slope 0.01, at fc1, <i>: fc1 <b>; could not all be done: no module is called <i> (2\n"
        "                times)\n"
        "    raise-clip  found nothing to act on\n\n"
        "no ailment found in 840 steps by 16 rules\n"
    )


def test_the_terminal_says_every_return_and_what_it_came_to():
    assert render_text(HEALTHY, run_info(), trace(*INTERVENED), width=100).split("\n\n")[1] == (
        "healed while running\n"
        "    step 1,312  the loss is no longer finite; returned to step 1,200, learning rate of SGD 0.1 →\n"
        "                0.01\n"
        "    step 1,500  weights are no longer finite; nothing more is done: <why>\n"
        "    in all  1 intervention, 1 return; <why>; 12 states kept on disk, 1.2 MB each at the end; it took\n"
        "            123 ms, 1.0% of the run"
    )


def test_a_run_that_needed_nothing_says_so():
    told = {"states": 3, "bytes": 900, "keeping_seconds": 0.01, "times": 0, "returns": 0}
    text = render_text(HEALTHY, run_info(), trace(Fact(9, "heal-live", "", told)), width=100)
    assert "in all  not needed; 3 states kept on disk, 0.9 kB each at the end" in text
    nothing = {"states": 0, "bytes": 0, "times": 0}
    assert "no state kept" in render_text(HEALTHY, run_info(), trace(Fact(9, "heal-live", "", nothing)))


def test_the_page_has_a_section_for_each_and_trusts_no_name():
    page = html_report(trace(*TREATED, *INTERVENED), HEALTHY)
    assert '<h2 id="h-treated">Treatments</h2>' in page
    assert "<td>lower-lr</td><td>factor 0.1: rate of SGD 0.5 → 0.05 (1,200 times)</td>" in page
    assert '<h2 id="h-healed">Healed while running</h2>' in page
    assert "<td>step 1,312</td>" in page
    assert "fc1 &lt;b&gt;" in page
    assert "&lt;why&gt;" in page
    assert "<why>" not in page


def test_the_json_holds_both():
    document = json.loads(
        json.dumps(render_json(HEALTHY, run_info(), trace(*TREATED, *INTERVENED)), allow_nan=False)
    )
    assert [one["cure"] for one in document["treated"]] == ["lower-lr", "leaky-relu", "raise-clip"]
    healed = document["healed"]
    assert [one["step"] for one in healed["interventions"]] == [1312, 1500]
    assert (healed["returns"], healed["states"], healed["stopped"]) == (1, 12, "<why>")


def test_a_run_that_was_left_alone_has_nothing_of_it():
    page = html_report(trace(), HEALTHY)
    assert "h-treated" not in page
    assert "h-healed" not in page
    assert render_json(HEALTHY, run_info(), trace())["healed"] is None
    assert "treatments" not in render_text(HEALTHY, run_info(), trace())
