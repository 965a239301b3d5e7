"""Keep the data in memory and cut batches by index.

What it does
    Reads and decodes every sample once, before training, and takes whole batches out of
    one tensor.

When
    The data set fits in memory, and each sample is read, parsed or converted again in
    every epoch.

When not
    The data set does not fit, or each epoch needs fresh augmentation of single samples.

Grade
    safe: the same batches, made earlier.

The edit
    One pass over the data set before training.

References
    PyTorch, torch.utils.data, TensorDataset.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="in-memory-batches",
    grade="safe",
    summary="keep the data in memory and cut batches by index",
    edit=Edit(
        before="""\
loader = DataLoader(CsvRows(path), batch_size=64, shuffle=True)
""",
        after="""\
x, y = (torch.stack(part) for part in zip(*CsvRows(path)))
loader = DataLoader(TensorDataset(x, y), batch_size=64, shuffle=True)
""",
    ),
    unable="the script's own loop draws its batches from what it has made",
)
