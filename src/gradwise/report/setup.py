"""How the run was set up, read off its facts: optimizer, loss, batches, size of the net."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from gradwise.report import words
from gradwise.trace.model import Fact, Trace


def setup_facts(trace: Trace) -> list[tuple[str, str]]:
    """Rows of name and value for the head of the report; unknown ones are empty."""
    return [
        ("Model", _model(trace)),
        ("Optimizer", _joined(trace.facts_of("optimizer"), _optimizer)),
        ("Loss", _joined(trace.facts_of("loss-call"), _loss)),
        ("Batch size", _batch(trace)),
        ("Device", trace.run.device),
    ]


def _model(trace: Trace) -> str:
    if not trace.parameters:
        return ""
    size = sum(math.prod(parameter.shape) for parameter in trace.parameters)
    return f"{words.count(len(trace.modules), 'layer')}, {words.count(size, 'parameter')}"


def _joined(facts: tuple[Fact, ...], say: Callable[[Fact], str]) -> str:
    return ", ".join(dict.fromkeys(say(fact) for fact in facts))


def _loss(fact: Fact) -> str:
    return str(fact.data.get("function") or fact.where)


def _optimizer(fact: Fact) -> str:
    name = str(fact.data.get("class") or fact.where)
    rate = fact.data.get("lr")
    return f"{name}, rate {rate:g}" if isinstance(rate, int | float) else name


def _batch(trace: Trace) -> str:
    sizes = trace.sampled("batch_size").values
    finite = sizes[np.isfinite(sizes)]
    return f"{np.median(finite):g}" if finite.size else ""
