"""Every ailment that gradwise knows by name, whether its rule is ready or planned.

Codes and names are contracts: they stand in findings, in other people's
configuration and in their notes, and a number is never used again.  Whether an
ailment is ready is not written here; it follows from the rules that exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

ORGANS: Mapping[str, str] = MappingProxyType(
    {
        "C": "connections",
        "D": "data",
        "L": "loss",
        "W": "weights",
        "G": "gradients",
        "A": "activations",
        "O": "optimizer",
        "E": "evaluation",
        "S": "speed",
        "R": "ranks",
    }
)


@dataclass(frozen=True, slots=True)
class Ailment:
    """One entry: its code, its name, what one sees, and the cures that help."""

    code: str
    name: str
    summary: str
    cures: tuple[str, ...]

    @property
    def organ(self) -> str:
        """What the code's letter stands for, e.g. ``connections``."""
        return ORGANS[self.code[0]]


# code  name  what one sees  cures, best first
_TABLE = """
C01  missing-zero-grad  gradients of earlier steps are added to the new ones  zero-grad
C02  optimizer-never-steps  backward runs but no parameter ever changes  call-step
C03  params-not-in-optimizer  trained parameters that no optimizer holds  add-to-optimizer
C04  stale-optimizer  the optimizer holds tensors of a model that is no longer used  rebuild-optimizer
C05  softmax-twice  cross-entropy is fed probabilities instead of scores  drop-activation
C06  sigmoid-twice  a loss that applies a sigmoid is fed the output of one  drop-activation
C07  probabilities-missing  a loss for probabilities is fed raw scores  match-loss
C08  wrong-loss-for-task  the loss does not fit the kind of targets  match-loss
C09  target-broadcast  prediction and target differ in shape and are silently broadcast  align-shapes
C10  eval-mode-while-training  dropout or batch-norm is in eval mode while it is trained  set-train-mode
C11  train-mode-while-evaluating  dropout or batch-norm is in training mode in evaluation  set-eval-mode
C12  detached-graph  parameters that took part in the forward pass get no gradient  keep-graph
C13  clip-after-step  gradients are clipped after the step that used them  move-clip
C14  accidentally-frozen  freshly initialised parameters do not require gradients  unfreeze
C15  missing-nonlinearity  linear layers follow each other with nothing between them  insert-activation
C16  bounded-output  the output activation cannot reach the targets  linear-output
C17  excessive-dropout  so much dropout that units rarely take part  lower-dropout
C18  tiny-batch-norm  batch-norm estimates its statistics from a handful of values  group-norm, larger-batch
C19  samples-mixed  the output of one sample depends on another sample  fix-layout
C20  hidden-state-leak  the graph grows from step to step through a kept state  detach-state
C21  scheduler-misplaced  the schedule is stepped too early or in the wrong unit  move-scheduler
C22  bias-before-norm  a bias that the following norm layer cancels  drop-bias
D01  unnormalized-input  input features are far from unit scale, or far apart in scale  standardize-input
D02  unnormalized-target  regression targets are far larger than what the net puts out  standardize-target
D03  nan-input  a batch holds values that are not finite  drop-or-impute
D04  class-imbalance  rare classes are mostly mispredicted  class-weights, resample, focal-loss
D05  label-out-of-range  labels are not the class ids or shares that the loss expects  fix-labels
D06  not-shuffled  batches come in the order of their classes  shuffle
D07  same-batch-repeated  the same batches come back long before an epoch could end  advance-loader
D08  train-val-leak  samples stand in both the training and the validation set  re-split
D09  train-val-shift  training and validation inputs are scaled differently  same-transform
D10  noisy-labels  a fixed part of the samples keeps a high loss while the rest fits  robust-loss, clean-labels
D11  constant-features  input features that never vary  drop-features
L01  loss-nan  the loss is NaN or infinite  lower-lr, clip-gradient, stable-loss
L02  loss-not-decreasing  the loss stays near that of a constant prediction  raise-lr, sgd-momentum, change-optimizer
L03  loss-oscillates  the loss jumps up and down more than it falls  lower-lr, larger-batch
L04  loss-diverges  the loss settles or grows above its start  lower-lr, warm-up, clip-gradient, descend
L05  loss-spike  the loss rises far above its level for a few steps  clip-gradient, skip-batch
L06  initial-loss-off  the first loss is far from that of an even guess  init-head
W01  symmetric-init  all units of a layer start equal and stay equal  he-init, glorot-init
W02  init-too-large  activations saturate or explode before any training  he-init, glorot-init, orthogonal-init
W03  init-too-small  the signal dies with depth before any training  he-init, glorot-init
W04  weights-grow  weights grow without bound while the loss gains nothing  weight-decay, lower-lr
G01  vanishing-gradient  hardly any gradient reaches the first layers  relu, he-init, batch-norm, residual
G02  exploding-gradient  gradients run away and harm the loss  clip-gradient, lower-lr, batch-norm, he-init
G03  nan-gradient  gradients are NaN or infinite  clip-gradient, lower-lr, stable-loss, guard-edges
G04  noisy-gradient  gradients of different batches hardly agree and the loss stalls  larger-batch, lower-lr, accumulate
G05  always-clipped  nearly every step is clipped, and by much  raise-clip, lower-lr
G06  fades-through-time  hardly any gradient reaches the early time steps  lstm, gru, forget-bias, clip-gradient
A01  dead-relu  units that are silent on every input  leaky-relu, lower-lr, he-init, batch-norm
A02  saturated-activation  sigmoid or tanh units sit at their ends  relu, glorot-init, batch-norm, standardize-input, temper-scores
A03  constant-output  the output hardly depends on the input  (follows its cause)
A04  activation-scale-drift  activations grow or shrink layer by layer or over time  batch-norm, layer-norm, he-init
O01  lr-too-high  steps are so large that the loss bounces or rises  lower-lr, warm-up
O02  lr-too-low  steps are so small that the loss creeps  raise-lr, adam
O03  lr-decays-too-early  the rate is near zero while the loss still falls  longer-schedule
O04  weight-decay-too-strong  weight decay moves the weights more than the loss does  lower-weight-decay
E01  overfitting  validation gets worse while training gets better  early-stop, weight-decay, dropout, augment, smaller-net
E02  underfitting  training stalls above what a simple model reaches  larger-net, train-longer, less-regularization
E03  trained-too-short  the loss was still falling steadily at the end  train-longer, raise-lr
E04  trained-too-long  the best validation result lies far back  early-stop
E05  majority-collapse  nearly every prediction is the same class  class-weights, lower-lr
E06  loses-to-baseline  a linear model does better on the same data  (follows its cause)
S01  dataloader-bound  much of the step time is spent waiting for data  workers, in-memory-batches
S02  sync-every-step  the host waits for the accelerator at every step  log-less-often
S03  tiny-batches  batches too small to use the machine  larger-batch
S04  precision-unused  the hardware's faster number format lies idle  autocast-bf16
S05  layout-slow  convolutions run in the slower memory layout  channels-last
S06  optimizer-unfused  the optimizer takes a large part of the step  fused-optimizer
R01  ranks-diverge  parameters differ between ranks  wrap-ddp, broadcast
R02  ranks-see-same-data  ranks train on the same samples  distributed-sampler
R03  per-rank-batch-norm-tiny  batch-norm sees a handful of values on each rank  sync-batch-norm
"""


@cache
def catalogue() -> Mapping[str, Ailment]:
    """Every ailment by name, in the order of the organs and then of the codes."""
    entries: dict[str, Ailment] = {}
    for line in _TABLE.strip().splitlines():
        code, name, summary, cures = line.split("  ")
        names = () if cures.startswith("(") else tuple(cures.split(", "))
        entries[name] = Ailment(code, name, summary, names)
    return MappingProxyType(entries)


def find_ailment(name_or_code: str) -> Ailment | None:
    """The ailment of that name or code, in any case and with ``_`` for ``-``; None if there is none.

    >>> find_ailment("a01").name
    'dead-relu'
    """
    wanted = name_or_code.strip().lower().replace("_", "-")
    return next((a for a in catalogue().values() if wanted in (a.name, a.code.lower())), None)
