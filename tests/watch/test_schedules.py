"""Schedules are met: what they are, how often they are called, how far they reach."""

import pytest
from torch.optim.lr_scheduler import LinearLR, OneCycleLR, SequentialLR, StepLR

from tests.watch.test_connections import last, scheduled


@pytest.mark.parametrize(("per_batch", "calls"), [(True, 20), (False, 5)])
def test_calls_of_a_schedule(per_batch, calls, tmp_path):
    told = last(scheduled(tmp_path / "run", lambda o: StepLR(o, 3), per_batch), "scheduler")
    assert (told["class"], told["calls"], told["steps"]) == ("StepLR", calls, 20)
    assert (told["attribute"], told["horizon"], told["inner"]) == ("step_size", 3, False)


def test_the_horizon_of_one_cycle(tmp_path):
    trace = scheduled(
        tmp_path / "run", lambda o: OneCycleLR(o, 0.5, epochs=5, steps_per_epoch=4), per_batch=True
    )
    told = last(trace, "scheduler")
    assert (told["attribute"], told["horizon"], told["calls"]) == ("total_steps", 20, 20)


def test_parts_of_a_combined_schedule(tmp_path):
    def combined(optimizer):
        parts = [LinearLR(optimizer, 0.1, total_iters=2), StepLR(optimizer, 3)]
        return SequentialLR(optimizer, parts, milestones=[2])

    trace = scheduled(tmp_path / "run", combined, per_batch=False)
    told = {fact.where: fact.data["inner"] for fact in trace.facts_of("scheduler")}
    assert told == {"LinearLR": True, "StepLR": True, "SequentialLR": False}
