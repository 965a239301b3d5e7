"""The operators: what each plants, which rules would rightly name it, and the edit itself.

Names were written down before any mutant was run.  More than one name stands
there only where the fault is the same seen from another side.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from benchmarks.detection.mutation import of_data, of_nets, of_steps


@dataclass(frozen=True, slots=True)
class Operator:
    """One way to make a healthy script sick.

    Args:
        name: for tables and ``--only``.
        rules: those that would rightly name it; the first is the plainest.
        edit: changes a syntax tree and says whether it found a place.
    """

    name: str
    rules: tuple[str, ...]
    edit: Callable[[ast.Module], bool]

    def mutate(self, source: str) -> str | None:
        """The mutant's source; None when the script has no place for the fault."""
        tree = ast.parse(source)
        if not self.edit(tree):
            return None
        after = ast.unparse(ast.fix_missing_locations(tree))
        return after + "\n" if after != ast.unparse(ast.parse(source)) else None


# Where too long steps show as divergence, as NaN or as jumping, the rate is what the page of the rule cures.
FAR = ("lr-too-high", "loss-diverges", "loss-nan", "loss-oscillates")
OPERATORS: tuple[Operator, ...] = (
    Operator("rate-x100", FAR, partial(of_steps.rate_times, factor="100")),
    Operator("rate-x10", FAR, partial(of_steps.rate_times, factor="10")),
    Operator("lasting-momentum", FAR, of_steps.lasting_momentum),
    Operator("rate-over-1000", ("lr-too-low",), partial(of_steps.rate_times, factor="0.001")),
    Operator("no-zero-grad", ("missing-zero-grad",), of_steps.without_zero_grad),
    Operator("no-step", ("optimizer-never-steps",), of_steps.without_step),
    Operator("strong-decay", ("weight-decay-too-strong",), of_steps.strong_decay),
    Operator("tight-clip", ("always-clipped",), of_steps.tight_clip),
    Operator("fading-rate", ("lr-decays-too-early", "scheduler-misplaced"), of_steps.fading_rate),
    Operator("few-rounds", ("trained-too-short", "lr-too-low"), of_steps.few_rounds),
    Operator("last-layer-only", ("params-not-in-optimizer",), of_steps.last_layer_only),
    Operator("rebuilt-model", ("stale-optimizer", "params-not-in-optimizer"), of_steps.rebuilt_model),
    Operator("constant-init", ("symmetric-init",), partial(of_nets.matrices, action="_p.data.fill_(0.05)")),
    Operator("large-init", ("init-too-large",), partial(of_nets.matrices, action="_p.data.mul_(20)")),
    Operator(
        "wide-init",
        ("init-too-large", "saturated-activation", "exploding-gradient"),
        partial(of_nets.matrices, action="_p.data.mul_(5)"),
    ),
    # Weights that are too small and a signal that vanishes are the same thing from both ends.
    Operator(
        "small-init",
        ("init-too-small", "vanishing-gradient"),
        partial(of_nets.matrices, action="_p.data.mul_(0.001)"),
    ),
    Operator(
        "narrow-init",
        ("init-too-small", "vanishing-gradient"),
        partial(of_nets.matrices, action="_p.data.mul_(0.05)"),
    ),
    Operator("frozen-but-last", ("accidentally-frozen",), of_nets.frozen_but_last),
    Operator("detached-hidden", ("detached-graph",), of_nets.detached_hidden),
    Operator("no-activations", ("missing-nonlinearity",), of_nets.without_activations),
    Operator("heavy-dropout", ("excessive-dropout",), of_nets.heavy_dropout),
    Operator("eval-while-training", ("eval-mode-while-training",), of_nets.eval_while_training),
    Operator("train-while-evaluating", ("train-mode-while-evaluating",), of_nets.train_while_evaluating),
    Operator("grown-inputs", ("unnormalized-input",), of_data.grown_inputs),
    Operator("sorted-by-label", ("not-shuffled",), of_data.sorted_by_label),
    Operator("wrong-labels", ("noisy-labels",), of_data.wrong_labels),
    Operator("same-batch", ("same-batch-repeated",), of_data.same_batch),
    Operator("softmax-first", ("softmax-twice",), of_data.softmax_first),
    Operator("sigmoid-first", ("sigmoid-twice",), of_data.sigmoid_first),
    Operator("bounded-answer", ("bounded-output",), of_data.bounded_answer),
    Operator("flat-target", ("target-broadcast",), of_data.flat_target),
)
