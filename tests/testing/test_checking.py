"""`gradwise.testing.check_rule` passes a rule of good form, and says everything that is wrong with another."""

from __future__ import annotations

import importlib
import re
import sys

import numpy as np
import pytest

from gradwise.rules.rule import LoadedRule
from gradwise.settings.thresholds import check_with
from gradwise.testing import check_rule, cut
from gradwise.testing.traces import snapshot
from gradwise.trace.model import Fact, RunInfo, Series, Table, Trace
from tests.testing.test_shipped import FILES

GOOD = FILES["acme_rules/ragged_batches.py"]


def run(sizes):
    sizes = np.asarray(sizes, dtype=float)
    table = Table(np.arange(len(sizes)), ("net",), sizes[:, None])
    return Trace(RunInfo("train.py", steps=len(sizes)), tables={"batch_size": table}, steps=len(sizes))


SICK = [run([32, 32, 3] * 10), run([64, 8] * 20)]
HEALTHY = [run([32] * 30), run(([32] * 9 + [3]) * 3), run(np.linspace(40, 64, 30)), run([32, 1] * 2)]


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Makes a module of a text."""
    made = []

    def make(text):
        name = f"rule_of_others_{len(made)}"
        (tmp_path / f"{name}.py").write_text(text)
        importlib.invalidate_caches()
        made.append(name)
        return importlib.import_module(name)

    monkeypatch.syspath_prepend(tmp_path)
    yield make
    for name in made:
        sys.modules.pop(name, None)


def complaints(module, sick=SICK, healthy=HEALTHY, cures=("bucket-batches",)):
    with pytest.raises(AssertionError) as caught:
        check_rule(module, sick=sick, healthy=healthy, cures=cures)
    return str(caught.value)


def test_a_rule_of_good_form_passes(module):
    check_rule(module(GOOD), sick=SICK, healthy=HEALTHY, cures=["bucket-batches"])


HURT = {
    "title": ("This run shows batches", "Batches", "page: its first line"),
    "heading missing": ("When it is wrong\n", "Sometimes\n", "(missing When it is wrong; not expected Sometimes)"),
    "section empty": ("    Our own runs.\n", "", "page: a section is empty"),
    "name": ('name="ragged-batches"', 'name="RaggedBatches"', "is not in kebab-case"),
    "name planned": ('name="ragged-batches"', 'name="noisy-labels"', "name: noisy-labels stands in gradwise's catalogue"),
    "name taken": ('name="ragged-batches"', 'name="dead-relu"', "stands in gradwise's catalogue"),
    "code": ("ACME01", "A01", "code: 'A01' is not two letters or more and a number"),
    "group": ('group="sick"', 'group="fatal"', "group: 'fatal' is none of broken"),
    "organ": ("Organ.DATA", "1", "organ: it is one of"),
    "since": ('since="1.0.0"', 'since="soon"', "since: 'soon' is no version"),
    "summary": ("batches of very different sizes\"", "a " * 13 + '"', "summary: it has 1 to 12 words"),
    "no cures": ('cures=("bucket-batches",)', "cures=()", "cures: there is none"),
    "unknown cure": ('cures=("bucket-batches",)', 'cures=("pray",)', "cures: no remedy is called pray"),
    "explains itself": ('explains=("loss-oscillates",)', 'explains=("ragged-batches",)', "twice, or its own"),
    "explains nobody": ('explains=("loss-oscillates",)', 'explains=("bad-luck",)', "explains: nobody knows bad-luck"),
    "unknown signal": ('reads=("batch_size",)', 'reads=("batch_size", "mood")', "reads: there is no mood"),
    "unknown fact": ('reads=("batch_size",)', 'reads=("batch_size", "fact:mood")', "reads: there is no fact:mood"),
    "undeclared": ('reads=("batch_size",)', 'reads=("loss",)', "reads: batch_size is read and not declared"),
    "bare number": ('  # of the median batch; ours', "", "no unit and source stand beside `SMALL = 0.5`"),
    "torch": ("import numpy as np", "import os\nimport numpy as np", "purity: a rule does not import os"),
    "other rule": (
        "import numpy as np",
        "import numpy as np\nfrom gradwise.rules.dead_relu import SILENT_LIMIT",
        "a rule does not import gradwise.rules.dead_relu",
    ),
    "todo": ("Our own runs.", "TODO", "source: a TODO is left"),
    "long": ("RULE = Rule(", "\n" * 240 + "RULE = Rule(", "source: it is longer than 240 lines"),
    "no full stop": ("samples (limit {SHARE_LIMIT:.0%})", "samples.", "the message is a clause"),
    "no why": ('why="samples in small batches count for more, and their gradients are noisier"', 'why=""', "does not say why"),
    "threshold": ("threshold=SHARE_LIMIT", "threshold=0.123", "the threshold 0.123 is none of the module's named constants"),
    "no threshold": ("threshold=SHARE_LIMIT", 'threshold=float("nan")', "the threshold is nan"),
    "graver": ("            yield RULE.finding(", "            yield replace(RULE, group=\"broken\").finding(", "the finding's group broken is more serious than the declared sick"),
    "other name": ("            yield RULE.finding(", "            yield replace(RULE, name=\"other\").finding(", "bears another name than the declaration"),
    "evidence": ('Evidence("batch_size"', 'Evidence("mood"', "the evidence names mood, which is no signal"),
    "since when": ("since_step=since", "since_step=9999", "since step 9999, which is outside of the run"),
    "blind": ("if share > SHARE_LIMIT", "if share > 9", "sick trace 1: nothing is found"),
    "cries": ("if share > SHARE_LIMIT", "if share >= 0", "healthy trace 1: it should be silent"),
    "crashes on nothing": ('    table = trace.sampled("batch_size")\n', '    table = trace.tables["batch_size"]\n', "an empty trace: it raises KeyError"),
    "crashes when short": ("small = sizes < SMALL", "sizes[20]\n        small = sizes < SMALL", "it raises IndexError"),
    "crashes on whole runs": ("if share > SHARE_LIMIT", "if share > SHARE_LIMIT / (len(sizes) - 30)", "trace 1, cut to 30 steps: it raises ZeroDivisionError"),
    "remembers": ("    for place in", "    SEEN.append(1)\n    for place in", "purity: it changes its module's own variables"),
    "changes": ("        small = sizes", "        table.values[0] += 1\n        small = sizes", "purity: the trace is changed by it"),
    "answers anew": ("value=share,", "value=share + len(SEEN),", "purity: the same trace is answered differently"),
}  # fmt: skip


@pytest.mark.parametrize("name", HURT)
def test_what_is_wrong_is_said(name, module):
    before, after, message = HURT[name]
    assert before in GOOD
    text = GOOD.replace(before, after, 1).replace(
        "import numpy", "from dataclasses import replace\nimport numpy", 1
    )
    if name in ("remembers", "answers anew"):
        text = text.replace("RULE = Rule(", "SEEN = []\n\nRULE = Rule(", 1)
    if name == "answers anew":
        text = text.replace("    for place in", "    SEEN.append(1)\n    for place in", 1)
    assert message in complaints(module(text))


def test_silence_on_runs_cut_short(module):
    text = GOOD.replace("MIN_SAMPLES = 8", "MIN_SAMPLES = 1").replace(
        "share > SHARE_LIMIT", "share > SHARE_LIMIT or len(sizes) < 3"
    )
    said = complaints(module(text))
    assert re.search(r"healthy trace 1, cut to 1 steps: it should be silent", said)
    sure = text.replace("RULE = Rule(", "RULE = Rule(at_once=True,")
    check_rule(module(sure), sick=SICK, healthy=HEALTHY[:3] * 2, cures=["bucket-batches"])


def test_too_few_cases(module):
    assert "cases: at least 2 sick and 4 healthy traces" in complaints(module(GOOD), sick=SICK[:1])
    assert "cases: at least 2 sick and 4 healthy traces" in complaints(module(GOOD), healthy=HEALTHY[:3])


def test_everything_is_said_at_once(module):
    said = complaints(module(GOOD.replace("ACME01", "A01").replace("Our own runs.", "TODO")))
    assert "code: 'A01'" in said and "TODO" in said


def test_no_rule_at_all(module):
    with pytest.raises(AssertionError, match="holds no `Rule` called RULE"):
        check_rule(module("RULE = 1\n"), sick=[], healthy=[])


def test_a_cut_run_ends_earlier_and_keeps_what_is_known_from_the_start():
    table = Table(np.arange(10, 20), ("net",), np.ones((10, 1)))
    trace = Trace(
        RunInfo(steps=10),
        {"loss": Series.of(np.arange(10.0), 10)},
        {"batch_size": table},
        (Fact(10, "optimizer"), Fact(13, "note")),
        steps=10,
        first_step=10,
    )
    short = cut(trace, 3)
    assert list(short.step_signal("loss").steps) == [10, 11, 12]
    assert len(short.sampled("batch_size")) == 3 and short.sampled("batch_size").places == ("net",)
    assert [fact.kind for fact in short.facts] == ["optimizer"]
    assert (short.steps, short.last_step, short.run.steps) == (3, 12, 3)
    assert len(cut(trace, 0).step_signal("loss")) == 0
    assert snapshot(cut(trace, 99)) == snapshot(trace)


def test_a_rule_of_another_package_takes_thresholds(module):
    held = module(GOOD)
    rule = LoadedRule(held.RULE, held.check, "", held.__name__, held.__name__, "acme")
    assert list(check_with(rule, {"SHARE_LIMIT": 0.9})(SICK[0])) == []
    assert list(rule.check(SICK[0]))
