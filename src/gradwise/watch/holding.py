"""Optimizers that hold tensors of a model that does not run, while another one runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from torch import Tensor

from gradwise.trace.model import Fact
from gradwise.watch.activations import ModuleRecord
from gradwise.watch.reaching import ReachReader
from gradwise.watch.structure import Structure

NAMED = 64  # parameters named in a fact


def stale_fact(
    optimizers: Iterable[Any],
    structure: Structure,
    records: Mapping[str, ModuleRecord],
    strays: Mapping[int, Any],
    reach: ReachReader,
    held_ids: set[int],
    step: int,
) -> Fact | None:
    """What optimizers hold and nothing runs, when running parameters are in no optimizer.

    Args:
        optimizers: those that have stepped.
        structure: the models.
        records: modules that ran in training passes.
        strays: parameters that the loss depends on and no known model registers, weakly, by id.
        reach: which parameters ever had a gradient at a sampled step, and whether any of an optimizer that
            stepped now has one: where none has, what was once reached counts no more.
        held_ids: ids of all parameters in optimizers.
        step: the current step.
    """
    orphans: list[tuple[str, Tensor]] = []
    trained = 0
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            for p in group["params"]:
                ref = None if reach.ungraded else reach.reached.get(id(p))
                if ref is not None and ref() is p:
                    trained += 1
                elif p.requires_grad and p.grad is None:
                    name = structure.parameter_names.get(id(p), "")
                    record = records.get(name.rpartition(".")[0])
                    if record is None or (reach.ungraded and record.step != step):
                        orphans.append((name, p))
    running: dict[str, Tensor] = {}
    for name, ref in structure.parameters.items():
        p = ref()
        if p is not None and p.grad is not None and p.requires_grad and id(p) not in held_ids:
            running[name] = p
    for key, ref in strays.items():
        p = ref()
        if p is not None and key not in held_ids and p.requires_grad:
            running[f"unregistered {len(running) + 1} ({' x '.join(map(str, p.shape))})"] = p
    if not orphans or not running:
        return None
    data = {
        "parameters": [name for name, _ in orphans[:NAMED]],
        "count": len(orphans),
        "trained": trained,
        "running": list(running)[:NAMED],
    }
    return Fact(step, "stale-optimizer", "", data)
