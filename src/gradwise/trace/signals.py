"""Every signal that a trace can hold, named for exactly what it is.

A signal is a number that the watcher measures over and over: once per step
(``per="step"``), once per parameter or once per module at sampled steps.
Rules name the signals they read; the watcher collects only the union.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Per = Literal["step", "parameter", "module", "optimizer", "loss", "input", "evaluation"]
Cost = Literal["every-step", "sampled", "sampled-pass"]


@dataclass(frozen=True, slots=True)
class Signal:
    """One measured quantity.

    Args:
        name: the contract name, as rules and reports spell it.
        unit: physical or mathematical unit, "1" when dimensionless.
        per: what one number belongs to.
        cost: ``every-step`` (a few hundred nanoseconds), ``sampled`` (small
            reductions at sampled steps) or ``sampled-pass`` (one pass over a
            tensor at sampled steps).
        formula: how it is computed.
    """

    name: str
    unit: str
    per: Per
    cost: Cost
    formula: str


def _table(*signals: Signal) -> dict[str, Signal]:
    return {signal.name: signal for signal in signals}


# Held in `Trace.series`: one value per training step, thinned into buckets.
STEP_SIGNALS = _table(
    Signal(
        "loss",
        "loss",
        "step",
        "every-step",
        "value whose backward() ran, mean over the backwards of a step; before GradScaler's factor",
    ),
    Signal(
        "rate",
        "1",
        "step",
        "every-step",
        "largest learning rate among the parameter groups of the stepping optimizer",
    ),
    Signal(
        "step_seconds",
        "s",
        "step",
        "every-step",
        "wall time from the end of one optimizer step to the end of the next, evaluation passes left out",
    ),
    Signal(
        "data_seconds",
        "s",
        "step",
        "every-step",
        "wall time spent inside DataLoader iterators since the last step; NaN where an evaluation lies between",
    ),
)

# Held in `Trace.tables`: one row per sampled step, one column per place.
SAMPLED_SIGNALS = _table(
    Signal(
        "grad_norm",
        "1",
        "parameter",
        "sampled-pass",
        "L2 norm of .grad just before the optimizer step, unscaled; NaN when there is no gradient",
    ),
    Signal(
        "grad_nonfinite",
        "share",
        "optimizer",
        "sampled",
        "share of the parameters whose gradient held NaN or infinity just before the optimizer step; place `gradients`",
    ),
    Signal(
        "grad_agreement",
        "1",
        "optimizer",
        "sampled",
        "cosine between the gradients of this step and the step before, over about 8192 entries spread evenly over all parameters; for independent batches it estimates s / (1 + s) of a signal-to-noise ratio s = |mean|^2 / variance",
    ),
    Signal(
        "early_gradient",
        "1",
        "module",
        "sampled",
        "recurrent modules over 8 and more time steps: norm of the loss's gradient by the inputs of the first quarter of the time steps (by the outputs of a cell called in a loop), over that of the quarter with the most",
    ),
    Signal(
        "weight_norm",
        "1",
        "parameter",
        "sampled-pass",
        "L2 norm of the parameter just before the optimizer step",
    ),
    Signal(
        "update_norm",
        "1",
        "parameter",
        "sampled-pass",
        "L2 norm of the change the optimizer step really made",
    ),
    Signal(
        "decay_share",
        "1",
        "parameter",
        "sampled",
        "weight decay beside what the loss asks for: decay times weight norm over gradient norm where the optimizer adds it to the gradient, rate times decay times weight norm over update norm where it shrinks the weights directly (AdamW); only with weight decay",
    ),
    Signal(
        "forward_seconds",
        "s",
        "step",
        "sampled",
        "wall time from the end of the last step to backward, without data wait and our own measuring; accelerators are waited for",
    ),
    Signal("backward_seconds", "s", "step", "sampled", "wall time of the backward passes of the step"),
    Signal(
        "sync_calls",
        "count",
        "step",
        "sampled",
        "reads of accelerator tensors on the host (item, tolist, cpu, float, int, bool) since the end of the last step; only where the loss stands on an accelerator",
    ),
    Signal("optimizer_seconds", "s", "step", "sampled", "wall time of the optimizers' steps, hooks left out"),
    Signal(
        "reference_skill",
        "share",
        "loss",
        "sampled",
        "what ridge regression on the model's first input (at most 64 random projections of it) reaches on up to 1024 distinct sampled rows, each left out in turn: 1 - loss / loss of the best constant, or for classes the accuracy above the majority over what is left above it",
    ),
    Signal("reference_error", "share", "loss", "sampled", "its standard error over the rows"),
    Signal(
        "neighbour_skill", "share", "loss", "sampled", "the same for the mean of the 5 nearest other rows"
    ),
    Signal("neighbour_error", "share", "loss", "sampled", "its standard error over the rows"),
    Signal("reference_rows", "count", "loss", "sampled", "distinct rows that both were judged on"),
    Signal(
        "weight_rows",
        "1",
        "parameter",
        "sampled-pass",
        "largest |W[i]-W[0]| over rows i, divided by max |W|; 0 when every row is the same (matrices and kernels with 2+ rows)",
    ),
    Signal("grad_rows", "1", "parameter", "sampled-pass", "the same for the gradient"),
    Signal("act_mean", "1", "module", "sampled-pass", "mean of the module's output"),
    Signal("act_std", "1", "module", "sampled-pass", "standard deviation of the module's output"),
    Signal("act_absmax", "1", "module", "sampled-pass", "largest |output|"),
    Signal("zero_share", "share", "module", "sampled-pass", "share of outputs exactly zero"),
    Signal("nonpositive_share", "share", "module", "sampled-pass", "share of outputs at or below zero"),
    Signal(
        "saturated_share",
        "share",
        "module",
        "sampled-pass",
        "share of outputs beyond +-5 (before a sigmoid or tanh), or within 1 % of an end of a bounded activation's "
        "range; of a softmax between layers, of rows of 4 and more entries whose largest is above 0.99",
    ),
    Signal(
        "silent_share",
        "share",
        "module",
        "sampled-pass",
        "share of units (channels) whose output was at or below zero on more than 99 % of the inputs of each of the last 3 sampled steps",
    ),
    Signal(
        "sample_std",
        "1",
        "module",
        "sampled-pass",
        "root mean square distance of the outputs from their mean over the batch, divided by the root mean square of the output; 0 when every sample gives the same",
    ),
    Signal(
        "norm_values",
        "count",
        "module",
        "sampled",
        "values per channel (batch times positions) that a batch-norm in training mode averaged over",
    ),
    Signal(
        "act_nonfinite",
        "0 or 1",
        "module",
        "sampled",
        "1 when any of the outputs looked at was NaN or infinite",
    ),
    Signal(
        "stale_grad_norm",
        "1",
        "optimizer",
        "sampled",
        "norm of gradients that an earlier step already applied and that the next backward adds to; 0 when they were cleared",
    ),
    Signal(
        "clip_norm",
        "1",
        "optimizer",
        "sampled",
        "norm of all gradients before clip_grad_norm_ scaled them, as that call returns it",
    ),
    Signal("clip_limit", "1", "optimizer", "sampled", "max_norm given to that call"),
    Signal(
        "graph_nodes",
        "count",
        "loss",
        "sampled",
        "autograd nodes behind the value whose backward() ran, each counted once, at most 20,000",
    ),
    Signal(
        "criterion",
        "loss",
        "loss",
        "sampled",
        "value returned by the recognised loss function (training passes)",
    ),
    Signal(
        "trivial",
        "loss",
        "loss",
        "sampled",
        "the same loss of the best constant prediction for all targets seen so far (class shares, mean, median)",
    ),
    Signal(
        "accuracy",
        "share",
        "loss",
        "sampled",
        "share of the batch whose largest logit (or sign, for one logit) is the target",
    ),
    Signal(
        "majority",
        "share",
        "loss",
        "sampled",
        "share of the most frequent class among all targets seen so far",
    ),
    Signal("label_top", "class id", "loss", "sampled", "most frequent class of the batch"),
    Signal("label_top_share", "share", "loss", "sampled", "its share of the batch"),
    Signal("label_kinds", "count", "loss", "sampled", "number of distinct classes in the batch"),
    Signal(
        "label_kinds_expected",
        "count",
        "loss",
        "sampled",
        "number of distinct classes expected if the batch were drawn at random from all targets seen so far",
    ),
    Signal("guess_top", "class id", "loss", "sampled", "most frequent answer of the batch (largest score)"),
    Signal("guess_top_share", "share", "loss", "sampled", "its share of the batch"),
    Signal(
        "rare_share",
        "share",
        "loss",
        "sampled",
        "share, among all labels seen so far, of classes at most a tenth as frequent as the most frequent one",
    ),
    Signal(
        "rare_rows", "samples", "loss", "sampled", "rows of such rare classes in the last 16 sampled steps"
    ),
    Signal("rare_recall", "share", "loss", "sampled", "share of these rows that are answered rightly"),
    Signal("rest_recall", "share", "loss", "sampled", "the same for the rows of all other classes"),
    Signal("target_mean", "target", "loss", "sampled", "mean of the targets of the batch"),
    Signal("target_std", "target", "loss", "sampled", "standard deviation of the targets of the batch"),
    Signal("target_min", "target", "loss", "sampled", "smallest target of the batch"),
    Signal("target_max", "target", "loss", "sampled", "largest target of the batch"),
    Signal("output_mean", "1", "loss", "sampled", "mean of what entered the loss as prediction"),
    Signal("output_std", "1", "loss", "sampled", "its standard deviation"),
    Signal("output_min", "1", "loss", "sampled", "its smallest value"),
    Signal("output_max", "1", "loss", "sampled", "its largest value"),
    Signal(
        "row_sum_error",
        "1",
        "loss",
        "sampled",
        "largest |sum over classes - 1| of the prediction, when no entry is negative; else infinite",
    ),
    Signal(
        "outside_share",
        "share",
        "loss",
        "sampled",
        "share of targets outside the reach of the activation that produced the prediction",
    ),
    Signal(
        "log_sum_error",
        "1",
        "loss",
        "sampled",
        "largest |log of the sum over classes of exp(prediction)|; 0 for log-probabilities",
    ),
    Signal(
        "output_sample_std",
        "1",
        "loss",
        "sampled",
        "root mean square distance of the predictions from their mean over the batch, column by column",
    ),
    Signal("target_whole_share", "share", "loss", "sampled", "share of real targets that are whole numbers"),
    Signal(
        "target_row_sum_min",
        "target",
        "loss",
        "sampled",
        "smallest sum of a row of real targets (over classes, or over the last dimension)",
    ),
    Signal("target_row_sum_max", "target", "loss", "sampled", "largest such sum"),
    Signal(
        "target_kinds",
        "count",
        "loss",
        "sampled",
        "number of different values among all real targets seen so far, counted up to 65",
    ),
    Signal(
        "target_top_share",
        "share",
        "loss",
        "sampled",
        "share of the most frequent of those values; NaN from 65 values on",
    ),
    Signal("batch_size", "samples", "input", "sampled", "first dimension of the model's first tensor input"),
    Signal("input_mean", "1", "input", "sampled", "mean of the model's first floating-point input"),
    Signal("input_std", "1", "input", "sampled", "its standard deviation"),
    Signal("input_absmax", "1", "input", "sampled", "its largest magnitude"),
    Signal("input_rms", "1", "input", "sampled", "its root mean square"),
    Signal(
        "input_column_ratio",
        "1",
        "input",
        "sampled",
        "largest over smallest standard deviation among the columns (last dimension of a table, channel of an image) that vary",
    ),
    Signal(
        "input_blank_share",
        "share",
        "input",
        "sampled",
        "share of the batch's rows that hold one value all over (padding, zeros), rows of 8 or more numbers",
    ),
    Signal("input_nonfinite", "count", "input", "sampled", "number of NaN or infinite inputs"),
)

# Held in `Trace.tables` too: one row per evaluation phase, one column per place
# in the user's code that computes an evaluation loss.
EVALUATION_SIGNALS = _table(
    Signal(
        "val_loss",
        "loss",
        "evaluation",
        "every-step",
        "mean loss over an evaluation phase (gradients off, or the model in eval mode with no backward), weighted by batch size",
    ),
    Signal(
        "val_accuracy",
        "share",
        "evaluation",
        "every-step",
        "accuracy over the same phase, where the loss takes class scores",
    ),
)

SIGNALS: dict[str, Signal] = {**STEP_SIGNALS, **SAMPLED_SIGNALS, **EVALUATION_SIGNALS}
