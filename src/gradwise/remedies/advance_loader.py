"""Go on to the next batch instead of starting the loader anew.

What it does
    Keeps one iterator over the loader, so that every call gives the next batch.

When
    A loop calls ``next(iter(loader))`` at every step: without shuffling that is the
    first batch for ever, and with it most workers' work is thrown away.

When not
    A single batch is repeated on purpose, to see whether the network can learn at all;
    draw it once, before the loop.

Grade
    changes-training: all samples are seen.

The edit
    The loop.

References
    PyTorch documentation, torch.utils.data.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="advance-loader",
    grade="changes-training",
    summary="go on to the next batch instead of starting the loader anew",
    edit=Edit(
        before="""\
for step in range(1000):
    x, y = next(iter(loader))
""",
        after="""\
for epoch in range(10):
    for x, y in loader:
        ...
""",
    ),
)
