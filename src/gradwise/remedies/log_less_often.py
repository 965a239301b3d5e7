"""Read numbers from the accelerator every hundred steps.

What it does
    Keeps losses and metrics on the device as tensors and reads them once in a while, so
    that the host can run ahead of the accelerator.

When
    The loop calls .item(), .cpu() or float() on device tensors in every step.

When not
    Training on the CPU, where reading a number waits for nothing.

Grade
    safe: the same numbers, read later.

The edit
    Sum on the device, read at an interval.

References
    PyTorch, Performance tuning guide (avoid unnecessary CPU-GPU synchronization).
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="log-less-often",
    grade="safe",
    summary="read numbers from the accelerator every hundred steps",
    edit=Edit(
        before="""\
total += loss.item()
""",
        after="""\
total += loss.detach()
if step % 100 == 0:
    print(total.item())
""",
    ),
    unable="what is read and printed stands in the script's own loop",
)
