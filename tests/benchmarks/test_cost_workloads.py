"""The workloads whose cost is measured run, train, and can be watched (no timing here)."""

import pytest
import torch

from benchmarks.cost.workloads import WORKLOADS
from tests.watch.watching import trace_of, watched


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_a_workload_trains_under_watch(workload, tmp_path):
    torch.manual_seed(0)
    with watched(tmp_path / "run"):
        step = workload.make()
        for _ in range(3):
            step()
    trace = trace_of(tmp_path / "run")
    assert trace.steps == 3
    assert trace.facts_of("note") == ()
    assert len(trace.sampled("grad_norm")) == len(trace.sampled("act_std")) == 3
    loss = trace.step_signal("loss").mean
    assert loss[0] != loss[2]  # it learns: weights change
