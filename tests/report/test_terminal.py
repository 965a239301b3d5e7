import re

import pytest

from gradwise.diagnosis import Diagnosis
from gradwise.report.terminal import printable, render_text
from gradwise.trace.model import RunInfo, Trace
from tests.report.runs import finding, run_info, sick, sick_trace

HEALTHY = Diagnosis((), (), 16)


def shown(diagnosis, *, width=80, trace=None, info=None, **options):
    return render_text(diagnosis, info or run_info(), trace or Trace(), width=width, **options)


def test_a_finding_in_full():
    text = render_text(sick(), run_info(), sick_trace(), width=80, report="runs/x/report.html")
    assert (
        text
        == """\
gradwise: train.py --epochs 3, 840 steps in 12.3 s, finished

A01 dead-relu  features.3 (ReLU, 256 units), since step 400
    61 % of units silent on every input of the last 3 windows (limit 60 %)
    why  a silent ReLU unit gets no gradient, so it never comes back
    try  lower-lr, leaky-relu        gradwise explain dead-relu
    shows as  vanishing-gradient: the first layer gets 0.001 % of the last laye…

notes
    collector act_std: ValueError: odd shape

1 cause found (1 sick), 1 symptom, in 840 steps by 16 rules
report  runs/x/report.html
"""
    )


def test_a_clean_bill():
    assert shown(HEALTHY) == (
        "gradwise: train.py --epochs 3, 840 steps in 12.3 s, finished\n\nno ailment found in 840 steps by 16 rules\n"
    )


def test_narrow_lines_wrap_under_their_label_and_keep_units_with_numbers():
    lines = shown(Diagnosis((finding(),), (), 16), width=50).splitlines()
    assert lines[3:] == [
        "A01 dead-relu  features.3, since step 400",
        "    61 % of units silent on every input of the",
        "    last 3 windows (limit 60 %)",
        "    why  a silent ReLU unit gets no gradient, so",
        "         it never comes back",
        "    try  lower-lr, leaky-relu",
        "    gradwise explain dead-relu",
        "    shows as  vanishing-gradient: the first layer…",
        "",
        "1 cause found (1 sick), 1 symptom, in 840 steps by",
        "    16 rules",
    ]


@pytest.mark.parametrize("width", [1, 40, 60, 80, 120])
@pytest.mark.parametrize("colour", [False, True])
def test_no_line_is_wider_than_the_screen(width, colour):
    long = finding(
        where=("encoder.layers.11.attention.output",), message="a word " * 60, cures=("cure-name",) * 9
    )
    text = shown(Diagnosis((long,), ("note " * 50,), 16), width=width, colour=colour)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert max(len(line) for line in plain.splitlines()) <= max(width, 40)


def test_colour_changes_nothing_but_colour():
    plain, painted = shown(sick()), shown(sick(), colour=True)
    assert "\x1b[1;33mA01 dead-relu\x1b[0m  features.3" in painted
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == plain
    assert "\x1b" not in plain


def test_every_group_has_its_colour():
    seen = {
        shown(Diagnosis((finding(group=group, symptoms=()),)), colour=True)
        .split("A01")[0]
        .rsplit("\x1b", 1)[1]
        for group in ("broken", "sick", "slow", "habit", "trial")
    }
    assert len(seen) == 5


def test_symptoms_of_symptoms_are_set_in():
    inner = finding(rule="inner", message="inside", symptoms=())
    outer = finding(rule="outer", message="outside", symptoms=(inner,))
    text = shown(Diagnosis((finding(symptoms=(outer, finding(rule="last", message="end", symptoms=()))),)))
    assert "    shows as  outer: outside\n                inner: inside\n              last: end\n" in text


def test_without_cures_the_command_stands_alone():
    text = shown(Diagnosis((finding(cures=(), symptoms=()),)))
    assert "try" not in text
    assert "    gradwise explain dead-relu\n" in text


def test_what_the_run_says_cannot_steer_the_terminal():
    hostile = "\x1b[2J\x1b]0;owned\x07"
    text = shown(
        Diagnosis((finding(where=(hostile,), message=hostile, why=hostile),), (hostile,)),
        info=RunInfo(script=hostile, status="failed", error=hostile),
        report=hostile,
    )
    assert "\x1b" not in text
    assert "\x07" not in text


def test_printable_falls_back_only_where_it_must():
    text = "28×28 … — ≤ 2 µs, naïve"
    assert printable(text, "utf-8") == text
    assert printable(text, "ascii") == "28x28 ... - <= 2 us, na?ve"
    assert printable(text, "no-such-encoding") == printable(text, "ascii")
    assert printable(text, None) == printable(text, "ascii")
