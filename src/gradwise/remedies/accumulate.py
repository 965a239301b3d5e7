"""Add up the gradients of several batches before each step.

What it does
    Runs backward on several small batches and steps once with the mean of their
    gradients, which has the noise of one large batch.

When
    Gradients of single batches hardly agree and a larger batch does not fit in
    memory.

When not
    Batch-norm is used: its statistics still come from each small batch. Where
    memory allows, a larger batch is faster.

Grade
    changes-training: fewer steps, each with less noise.

The edit
    Divide the loss by the number of batches, and step at every fourth.

References
    Goyal et al., Accurate, large minibatch SGD, arXiv 1706.02677; McCandlish et
    al., arXiv 1812.06162.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="accumulate",
    grade="changes-training",
    summary="add up the gradients of several batches before each step",
    edit=Edit(
        before="""\
for x, y in loader:
    optimizer.zero_grad()
    criterion(model(x), y).backward()
    optimizer.step()
""",
        after="""\
for i, (x, y) in enumerate(loader, start=1):
    (criterion(model(x), y) / 4).backward()
    if i % 4 == 0:
        optimizer.step()
        optimizer.zero_grad()
""",
    ),
)
