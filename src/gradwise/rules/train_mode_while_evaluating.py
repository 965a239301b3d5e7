"""This run shows evaluation with dropout or batch-norm in training mode.

What it sees
    Passes whose outputs are judged, by a loss or by picking predictions, and not
    trained on, run with the model in training mode and with dropout or batch-norm
    layers active.

Why it hurts
    Dropout drops units of the model that is judged and batch-norm normalises by
    each validation batch, so scores are too low and depend on the batch size.
    Batch-norm also takes validation data into its running statistics.

How it decides
    Of the evaluations seen since training began, at least half ran so (unit:
    share of evaluations, source: ``model.eval()`` forgotten costs all of them).
    An evaluation is a stretch under ``no_grad`` or ``inference_mode`` in which
    the model ran and a loss, a maximum or a comparison of scores was taken; or,
    with gradients on, a pass that no backward ever used, met in a sampled step,
    after a DataLoader was exhausted, where a step had more losses than usual, or
    after the last step.  Stretches in every step are something else (pseudo-labels, targets of
    reinforcement learning) unless a loss is taken: the median distance between
    them must be 2 steps or more.  The model itself must be in training mode:
    single dropout layers switched on after ``model.eval()`` are meant (Monte
    Carlo dropout).  ``F.dropout`` drops whatever the mode unless it is told
    (``training=self.training``), and counts by itself, unless a batch goes
    through the model twice running (an average, meant too).  Not with several
    optimizers that oppose each other.

Cure
    Call ``model.eval()`` before validation and ``model.train()`` after it.

Cure safety
    set-eval-mode changes training only by what batch-norm no longer sees.

When it is wrong
    Monte Carlo dropout with the whole model in training mode, or a pass that
    only renews the statistics of batch-norm.  Evaluations under
    ``set_grad_enabled(False)``, or of compiled models are not seen, nor is
    ``F.dropout`` under a name of the script's own.

Example
    >>> # with torch.no_grad(): accuracy = (model(x).argmax(1) == y).float().mean()

References
    Karpathy, common mistakes (2018); TrainCheck, arXiv 2506.14813; PyTorch,
    "Autograd mechanics: evaluation mode"; Gal and Ghahramani, arXiv 1506.02142.
"""

from __future__ import annotations

from collections.abc import Iterator

from gradwise.rules.learning import opposing
from gradwise.rules.rule import Organ, Rule
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Trace

ACTIVE_SHARE = 0.5  # share of evaluations in training mode
MIN_GAP = 2  # steps between two evaluations, median; nearer ones belong to the training step
NAMED = 2  # modules named in the message

RULE = Rule(
    name="train-mode-while-evaluating",
    code="C11",
    group="sick",
    organ=Organ.WIRING,
    since="0.1.0",
    reads=("fact:evaluation-modes", "val_loss"),
    explains=("overfitting", "trained-too-long", "train-val-shift"),
    cures=("set-eval-mode",),
    summary="evaluation with dropout or batch-norm in training mode",
)


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding when evaluations run in training mode."""
    facts = trace.facts_of("evaluation-modes")
    if not facts or opposing(trace):
        return
    data = facts[-1].data
    phases, active = int(data.get("phases", 0)), int(data.get("active", 0))
    names = [str(name) for name in data.get("modules", ())]
    if not phases or not names or active < ACTIVE_SHARE * phases:
        return
    every_step = phases > 1 and float(data.get("gap", 0)) < MIN_GAP
    if every_step and not data.get("by_loss"):
        return
    since = int(data.get("first_active", trace.first_step))
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    yield RULE.finding(
        where=names,
        since_step=since,
        value=active / phases,
        threshold=ACTIVE_SHARE,
        unit="share of evaluations",
        message=(
            f"{', '.join(names[:NAMED])}{more} in training mode in {active} of {phases} evaluations seen "
            f"({active / phases:.0%}, limit {ACTIVE_SHARE:.0%})"
        ),
        why="dropout drops units and batch-norm uses the statistics of each batch while the model is judged",
        strength=active / phases,
        evidence=[Evidence("val_loss", (), since, max(trace.last_step, since))],
    )
