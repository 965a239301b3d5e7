"""The mildest cure that fits comes first, and the ladder ends."""

import pytest

from gradwise.heal.live.cures import ALLOWED, CURES, RATES, RUNGS, Physician, Trouble
from gradwise.heal.treatment import parse_treatment
from gradwise.remedies.collection import find_remedy


def trouble(kind="loss", **more):
    return Trouble(kind, 300, 300, "words", **more)


def ladder(*troubles, allowed=ALLOWED):
    physician = Physician(allowed)
    return [found and (found.cure, dict(found.dose)) for found in map(physician.prescribe, troubles)]


def test_a_broken_batch_is_skipped_and_then_judged_like_others():
    first, second = ladder(trouble("batch"), trouble("loss"))
    assert first == ("skip-batch", {"times": 1e6})
    assert second == ("lower-lr", {"factor": 0.1})


def test_a_slow_divergence_gets_smaller_rates_and_then_clipping():
    found = ladder(*[trouble()] * 5)
    assert found == [("lower-lr", {"factor": 0.1})] * RUNGS + [("clip-gradient", {"limit": 1.0}), None]


def test_one_step_that_threw_the_run_off_is_clipped_first():
    found = ladder(*[trouble(sudden=True, norm=1.234)] * 2)
    assert found == [("clip-gradient", {"limit": 2.47}), ("lower-lr", {"factor": 0.1})]


def test_weights_that_one_step_broke_may_be_due_to_its_gradients():
    found = ladder(*[trouble("weights", sudden=True, norm=1.0)] * 3)
    assert [cure for cure, _ in found] == ["skip-batch", "clip-gradient", "lower-lr"]
    assert [cure for cure, _ in ladder(trouble("weights"))] == ["lower-lr"]


def test_a_rate_that_was_raised_goes_back_and_is_then_held_down():
    raised = trouble(sudden=True, raised=400.0)
    assert ladder(raised, raised) == [(RATES, {}), ("lower-lr", {"factor": 1 / 400})]
    assert ladder(trouble(raised=400.0, scheduled=True)) == [("lower-lr", {"factor": 1 / 400})]
    assert ladder(trouble(raised=1.5)) == [("lower-lr", {"factor": 0.1})]


def test_young_averages_are_warmed_up_first():
    found = ladder(*[trouble(unsettled=True)] * 2)
    assert [cure for cure, _ in found] == ["warm-up", "lower-lr"]


def test_grades_that_are_not_allowed_are_not_given():
    assert ladder(trouble("batch"), allowed=("safe",)) == [None]


@pytest.mark.parametrize("kind", ["batch", "loss", "weights", "lost"])
def test_every_dose_is_one_that_the_cure_takes(kind):
    physician, given = Physician(ALLOWED), set()
    for norm in (1e-9, 1e9, None, 1.0, 1.0, 1.0, 1.0):
        found = physician.prescribe(
            trouble(kind, sudden=True, unsettled=True, raised=1e9, norm=norm, scheduled=True)
        )
        if found is not None:
            given.add(found.cure)
            dose = "\n".join(f"{name} = {value}" for name, value in found.dose.items())
            parse_treatment(f'version = 1\n[[cure]]\nname = "{found.cure}"\n{dose}')
    assert given <= set(CURES)
    assert {"lower-lr", "clip-gradient", "warm-up"} <= given


def test_every_cure_can_be_given_to_a_script_that_runs():
    for name in CURES:
        assert find_remedy(name).treat is not None
        assert find_remedy(name).declaration.grade in ALLOWED
