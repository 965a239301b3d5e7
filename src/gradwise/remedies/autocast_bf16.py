"""Compute matrix products and convolutions in bfloat16.

What it does
    Within autocast torch casts the inputs of products and convolutions to bfloat16,
    which recent hardware multiplies several times faster, and keeps weights,
    reductions and the loss in float32.

When
    Large products or convolutions on hardware with bfloat16 arithmetic; the probe
    `precision` has measured the gain.

When not
    Small nets, where casting costs more than it gains; losses that need the last
    digits (long sums, physics-informed nets, second derivatives).

Grade
    changes-training: products are rounded to 8 bits of precision.

The edit
    A context around the forward pass and the loss; no scaler is needed.

References
    Kalamkar et al., A Study of BFLOAT16 for Deep Learning Training, arXiv
    1905.12322; Micikevicius et al., arXiv 1710.03740.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="autocast-bf16",
    grade="changes-training",
    summary="compute products and convolutions in bfloat16",
    edit=Edit(
        before="""\
loss = F.cross_entropy(model(x), y)
""",
        after="""\
with torch.autocast(x.device.type, dtype=torch.bfloat16):
    loss = F.cross_entropy(model(x), y)
""",
    ),
)
