"""Shorten gradients that are longer than a limit.

What it does
    Computes the norm over all gradients and, where it exceeds the limit, scales all
    of them by the same factor. The direction stays, the length is bounded.

When
    Rare, very long gradients throw the weights far off: recurrent networks, deep
    networks without normalization, losses with outliers. Print the norm for some
    steps and set the limit a little above its usual size; limits of 1 to 15 are
    common in recurrent networks.

When not
    Every step would be clipped: then clipping is only another learning rate, and
    the rate is what to lower. It hides, and does not cure, unscaled inputs and NaN.

Grade
    changes-training: long gradients become shorter.

The edit
    One line between backward and step. Under a GradScaler, call
    `scaler.unscale_(optimizer)` before it, else the limit meets scaled gradients.

References
    Pascanu, Mikolov, Bengio, On the difficulty of training recurrent neural
    networks, arXiv 1211.5063.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="clip-gradient",
    grade="changes-training",
    summary="shorten gradients that are longer than a limit",
    edit=Edit(
        before="""\
loss.backward()
optimizer.step()
""",
        after="""\
loss.backward()
torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
optimizer.step()
""",
    ),
)
