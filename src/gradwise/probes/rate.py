"""Several learning rates from the same state over the same batches: which falls fastest.

What it is
    Whether a rate is too high or too low for where the run stands is asked directly: the copy goes through
    the captured batches with a tenth, a third, three times and ten times the rate, and with the rate itself,
    each time from the same weights, moments and random state.  Asked twice where it can be: at the captured
    state, and at the first weights, since a ruined state answers nothing.

Formula
    ``fall(f) = L₀ − L(f)``: mean loss of the captured batches before, less after, with all rates times f.
    *lower* where the best f < 1 falls at least 1.3 times as far as f = 1 (or f = 1 does not fall at all),
    *higher* where the best f > 1 does, *fits* in between, *none* where no rate falls by 1 % of L₀.  Where
    none of the five does and the largest falls furthest, 100 and 1,000 times the rate are tried too, and
    where there is no time for that the verdict is *open*.

Defaults
    the last 8 captured batches, up to 5 rounds through them, the script's optimizer and clipping

When
    - a high rate and exploding gradients, bad initial weights or raw inputs are both possible
    - a low rate and too small a net, or vanishing gradients, are both possible

When not
    - several optimizers, accumulation, or an optimizer that needs a closure: it abstains
    - a step that is no single call of one model and one loss function (several models or passes, a loss
      written out or put together) is played from a tape; what goes through `torch.autograd.Function`,
      a generator of the script's own or an accelerator is not, and it abstains

Confused with
    - `range-test`: one pass with a growing rate, before training

Example
    The five factors.

    >>> from gradwise.probes.rate import FACTORS
    >>> FACTORS
    (0.1, 0.3, 1.0, 3.0, 10.0)

Claims
    - a rate 100 times too high is told from one that fits, on a small MLP

References
    Smith, arXiv 1506.01186; Bengio, arXiv 1206.5533, section 3 (factors of 3).
"""

from __future__ import annotations

import math
from typing import Any

from gradwise.probes.bench import Bench
from gradwise.probes.probe import Abstain, Answer, Probe
from gradwise.probes.replica import Start
from gradwise.probes.stopwatch import Stopwatch

FACTORS = (0.1, 0.3, 1.0, 3.0, 10.0)
FURTHER = (100.0, 1000.0)  # tried where the others hardly move, and the larger ones most
ROUNDS = 5  # through the captured batches, at most
CLEARLY = 1.3  # times as far as with the script's rate; ours
LEAST_FALL = 0.01  # of the loss before; ours
OWN_STEP = ("LBFGS",)  # needs a closure, and searches for its step itself

PROBE = Probe(
    name="rate",
    summary="whether a lower or a higher learning rate falls faster from the same state",
    needs=("batch", "optimizer"),
    since="0.1.0",
)


def run(bench: Bench) -> Answer:
    """Try the factors at the captured state and, where it was kept, from the first weights."""
    replica = bench.replica
    if replica.optimizer is None:
        raise Abstain("no single optimizer takes the steps")
    if type(replica.optimizer).__name__ in OWN_STEP:
        raise Abstain(f"{type(replica.optimizer).__name__} searches for its step itself")
    if any("lr" not in group for group in replica.optimizer.param_groups):
        raise Abstain(f"{type(replica.optimizer).__name__} has no rate")
    if bench.captured.backwards > 1:
        raise Abstain(f"{bench.captured.backwards} backward passes make one step")
    starts: list[tuple[str, Start]] = []
    replica.load("captured")
    if replica.finite:
        starts.append(("now", "captured"))
    if bench.captured.initial is not None:
        starts.append(("start", "initial"))
    if not starts:
        raise Abstain("the weights are not finite and the first ones were not kept")
    tried: dict[str, Any] = {}
    for number, (word, start) in enumerate(starts):
        tried[word] = try_rates(bench, start, bench.watch.part(len(starts) - number))
    shown = "; ".join(f"{_PLACES[word]} {_told(one)}" for word, one in tried.items())
    verdicts = {one["verdict"] for one in tried.values()}
    verdict = next((v for v in ("lower", "higher", "fits", "open") if v in verdicts), "none")
    if {"lower", "higher"} <= verdicts:
        verdict = tried["start"]["verdict"]
    return Answer(shown, verdict, tried)


_PLACES = {"now": "where the run stands", "start": "from the first weights"}


def try_rates(bench: Bench, start: Start, watch: Stopwatch) -> dict[str, Any]:
    """The loss before and after each factor, and the verdict."""
    bench.replica.load(start)
    before = bench.mean_loss()
    after: dict[float, float] = {}
    steps = 0
    for number, factor in enumerate((1.0, 0.1, 10.0, 0.3, 3.0)):
        if number >= 3 and watch.over:
            break
        part = watch.part(len(FACTORS) - number)
        after[factor], steps = bench.train(start, rounds=ROUNDS, watch=part, factor=factor)
    for factor in FURTHER:
        if not hardly_moves(before, after) or watch.over:
            break
        after[factor], steps = bench.train(start, rounds=ROUNDS, watch=watch, factor=factor)
    found = judge(before, after)
    shown = {
        f"{factor:g}": after[factor] if math.isfinite(after[factor]) else None for factor in sorted(after)
    }
    return {"before": before, "after": shown, "steps": steps, **found}


def hardly_moves(before: float, after: dict[float, float]) -> bool:
    """Whether no factor brings a fall that counts, and the largest brings most.

    >>> hardly_moves(1.0, {0.1: 0.99999, 1.0: 0.9999, 10.0: 0.999})
    True
    """
    best = min(after, key=lambda factor: after[factor])
    return best == max(after) and 0 < before - after[best] <= LEAST_FALL * abs(before)


def judge(before: float, after: dict[float, float]) -> dict[str, Any]:
    """Verdict and best factor.

    >>> judge(2.0, {0.1: 1.0, 1.0: 2.5, 10.0: float("inf")})
    {'verdict': 'lower', 'best': 0.1}
    >>> judge(2.0, {0.1: 1.9999, 1.0: 1.999, 10.0: 1.99})  # and who knows what 1,000 times it would do
    {'verdict': 'open', 'best': 10.0}
    """
    best = min(after, key=lambda factor: after[factor])
    own, most = before - after[1.0], before - after[best]
    if hardly_moves(before, after) and best < FURTHER[-1]:
        return {"verdict": "open", "best": best}
    if not most > LEAST_FALL * abs(before):
        return {"verdict": "none", "best": 1.0}
    if best == 1.0 or most < CLEARLY * own:
        return {"verdict": "fits", "best": best}
    return {"verdict": "lower" if best < 1 else "higher", "best": best}


def _told(one: dict[str, Any]) -> str:
    after = one["after"]
    own = "diverges" if after["1"] is None else f"goes to {after['1']:.3g}"
    best = f"{one['best']:g}"
    if one["verdict"] == "none":
        return f"the loss ({one['before']:.3g}) falls with no rate"
    if one["verdict"] == "open":
        return f"the loss ({one['before']:.3g}) hardly falls with up to {best} times the rate used"
    rest = "" if best == "1" else f", with {best} times it to {after[best]:.3g}"
    return f"the loss {one['before']:.3g} {own} with the rate used{rest}"
