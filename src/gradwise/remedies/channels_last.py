"""Lay images and convolution weights out with the channels side by side.

What it does
    Changes the order in memory from channel by channel to pixel by pixel. Shapes and
    results stay; convolution kernels read what they need in one piece.

When
    Nets of 2-d convolutions with more than a few channels; the probe `layout` has
    measured the gain.

When not
    Convolutions over one or two channels, 1-d and 3-d ones, nets that reshape between
    convolutions, which copies everything back.

Grade
    safe: the same numbers up to the order of summation.

The edit
    One call for the model, one for each batch of images.

References
    PyTorch tutorial "Channels Last Memory Format".
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="channels-last",
    grade="safe",
    summary="lay images and weights out with channels side by side",
    edit=Edit(
        before="""\
for x, y in loader:
    loss = F.cross_entropy(model(x), y)
""",
        after="""\
model = model.to(memory_format=torch.channels_last)
for x, y in loader:
    x = x.to(memory_format=torch.channels_last)
    loss = F.cross_entropy(model(x), y)
""",
    ),
)
