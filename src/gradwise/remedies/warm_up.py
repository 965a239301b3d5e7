"""Raise the learning rate from small to full over the first steps.

What it does
    Multiplies the rate by a factor that grows from near 0 to 1 over the first few
    hundred steps, while weights, running averages and the optimizer's own averages
    are still far from settled.

When
    A run fails in its first steps with a rate that would do later: large batches,
    Adam with few steps in its averages, transformers, very deep networks.

When not
    The run fails late, or the rate is too high throughout: warm-up only puts off
    the failure.

Grade
    changes-training: the first steps become smaller.

The edit
    A scheduler over steps, stepped once after every optimizer step.

References
    Goyal et al., Accurate, Large Minibatch SGD, arXiv 1706.02677, section 2.2.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="warm-up",
    grade="changes-training",
    summary="raise the learning rate from small to full over the first steps",
    edit=Edit(
        before="""\
for x, y in loader:
    train_step(x, y)
""",
        after="""\
warmup = torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=0.01, total_iters=500)
for x, y in loader:
    train_step(x, y)
    warmup.step()
""",
    ),
)
