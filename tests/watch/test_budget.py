"""When steps are sampled: what is sure, what the share allows, and what others take away from us."""

from itertools import pairwise

from gradwise.watch.budget import DENSE_STEPS, EARLY_SAMPLES, EARLY_SECONDS, Budget

STEP_SECONDS = 1e-3


def samples(budget, seconds, running=1.0, steps=2000):
    """The sampled steps of a run whose samples take ``seconds``."""
    taken = [0]
    budget.finish_sample(seconds, 0.0, float("nan"), 0, running)
    for step in range(1, steps):
        if budget.due(step, step * STEP_SECONDS):
            taken.append(step)
            budget.finish_sample(seconds, 0.0, float("nan"), step, running)
    return taken


def test_cheap_samples_hold_to_the_plan_and_dear_ones_to_the_share():
    cheap, dear = samples(Budget(0.02), 1e-5), samples(Budget(0.02), 10 * EARLY_SECONDS)
    assert cheap[:DENSE_STEPS] == list(range(DENSE_STEPS))
    assert len(cheap) > EARLY_SAMPLES > 3 * len(dear) > 12
    # however dear: one when the run has grown by half
    assert all(later <= 1.5 * max(before, DENSE_STEPS) + 2 for before, later in pairwise(dear))


def test_the_first_samples_are_taken_while_each_is_cheap():
    assert len(samples(Budget(1e-6), 0.5 * EARLY_SECONDS)) >= EARLY_SAMPLES
    assert len(samples(Budget(1e-6), 2.0 * EARLY_SECONDS)) < EARLY_SAMPLES / 2


def test_time_that_others_took_on_a_busy_machine_makes_no_sample_dear():
    assert len(samples(Budget(1e-6), 2.0 * EARLY_SECONDS, running=0.3)) >= EARLY_SAMPLES
    waits = samples(Budget(1e-6), 4.0 * EARLY_SECONDS, running=0.01)
    assert len(waits) < EARLY_SAMPLES / 2  # a thread that hardly runs waits for more than a processor


def test_a_wish_is_granted_whatever_it_costs():
    budget = Budget(1e-6)
    last = samples(budget, 10 * EARLY_SECONDS, steps=50)[-1]
    budget.wish(last + 5)
    assert [budget.due(last + i, (last + i) * STEP_SECONDS) for i in range(1, 6)] == [False] * 4 + [True]
