"""Read batches in worker processes.

What it does
    Has several processes read, decode and collate the next batches while the model trains
    on this one.

When
    Reading a sample takes long (files, images, tokenising) and the model waits for it.

When not
    A small data set that lies in memory: processes cost more than they save. Datasets that
    draw random numbers must seed each worker.

Grade
    safe: the same batches, made earlier.

The edit
    Arguments of the loader.

References
    PyTorch, torch.utils.data, multi-process data loading.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="workers",
    grade="safe",
    summary="read batches in worker processes",
    edit=Edit(
        before="""\
loader = DataLoader(photos, batch_size=64, shuffle=True)
""",
        after="""\
loader = DataLoader(photos, batch_size=64, shuffle=True, num_workers=4, persistent_workers=True)
""",
    ),
)
