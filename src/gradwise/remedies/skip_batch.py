"""Leave out steps whose loss or gradient is far beyond all others.

What it does
    Compares the loss of a batch with the median of recent ones and makes no step
    where it is many times as large.

When
    Single batches, mostly with broken samples, throw the loss far above its level.

When not
    When the large losses are what should be learnt (rare events); then use a robust
    loss or clip.

Grade
    changes-training: some batches no longer take part.

The edit
    Keep the latest losses and skip the update for outliers; then look at the
    samples that were in those batches.

References
    Chowdhery et al., PaLM, arXiv 2204.02311, section 5.1 (skipping batches after
    spikes).
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="skip-batch",
    grade="changes-training",
    summary="skip updates of batches whose loss is far above its level",
    edit=Edit(
        before="""\
loss.backward()
optimizer.step()
""",
        after="""\
if loss.item() < 5 * median(recent):
    loss.backward()
    optimizer.step()
""",
    ),
)
