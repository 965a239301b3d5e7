"""How remedies that act are declared, and the record of what they did."""

import subprocess
import sys

import pytest

from gradwise.errors import UsageError
from gradwise.heal.treatment import applicable
from gradwise.remedies.collection import all_remedies
from gradwise.remedies.patient.chart import MOST, OTHERS, Chart
from gradwise.remedies.remedy import RESERVED, UNDOES, Dose
from tests.watch.processes import environment

ACTING = {name: remedy for name, remedy in all_remedies().items() if remedy.treat is not None}
each_acting = pytest.mark.parametrize("name", ACTING)


@each_acting
def test_what_acts_says_how_it_is_undone_and_how_on_its_page(name):
    told = ACTING[name].declaration
    assert told.undo in UNDOES
    assert not told.unable
    assert "At run time" in ACTING[name].page
    assert "ndone" in ACTING[name].page


@each_acting
def test_doses_are_numbers_within_their_range(name):
    doses = ACTING[name].declaration.doses
    names = [dose.name for dose in doses]
    assert len(names) == len(set(names))
    assert not set(names) & set(RESERVED)
    for dose in doses:
        assert dose.low < dose.high
        given = [*dose.ladder, *([] if dose.default is None else [dose.default])]
        assert given
        assert all(dose.checked(name, value) == value for value in given)
        assert len(set(dose.ladder)) == len(dose.ladder)


def test_what_cannot_act_has_no_doses():
    for name, remedy in all_remedies().items():
        if name not in ACTING:
            told = remedy.declaration
            assert (told.doses, told.undo, told.places) == ((), None, False)


def test_those_that_act_are_known():
    assert set(applicable()) == set(ACTING)
    assert {"lower-lr", "he-init", "leaky-relu", "sgd-momentum"} <= set(ACTING)


@pytest.mark.parametrize("value", [0, 11, 2.5, True, "3", None, float("nan")])
def test_a_dose_out_of_range_is_refused(value):
    with pytest.raises(UsageError, match=r"warm-up: steps takes a whole number from 1 to 10 steps, not"):
        Dose("steps", "until the full rate", 3, 1, 10, unit="steps", whole=True).checked("warm-up", value)


def test_pages_are_read_without_torch():
    code = "import sys, gradwise.remedies.collection as c, gradwise.heal.treatment; c.all_remedies(); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, env=environment())


def test_a_record_is_bounded_and_counts_the_rest():
    chart = Chart("lower-lr", {})
    for number in range(MOST + 5):
        chart.did(f"thing {number}")
    did = chart.told()["did"]
    assert len(did) == MOST + 1
    assert did[-1] == {"what": OTHERS, "times": 5}


def test_what_was_never_done_is_not_told():
    chart = Chart("lower-lr", {}, where=("a", "b"), met={"a"})
    chart.did("shortened", 0)
    assert chart.idle
    assert chart.told()["did"] == []
    assert chart.told()["could_not"] == [{"what": "no module is called b", "times": 1}]
