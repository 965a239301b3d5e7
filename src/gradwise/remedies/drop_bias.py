"""Leave out the bias that the next norm subtracts again.

What it does
    Builds the layer before a batch-norm or instance-norm without a bias. The
    norm subtracts each channel's mean, so a constant added to the channel has
    no effect; the norm's own shift takes its place.

When
    A linear layer or convolution with a bias is followed directly by such a
    norm.

When not
    An activation lies between them, the layer feeds something else too, or the
    norm is a layer-norm, which does not cancel a bias.

Grade
    changes-model: fewer parameters and the same function; saved weights no
    longer match by name.

The edit
    `bias=False` in the layer before the norm.

References
    Ioffe and Szegedy, Batch Normalization, arXiv 1502.03167, section 3.2.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="drop-bias",
    grade="changes-model",
    summary="leave out the bias that the next norm subtracts again",
    edit=Edit(
        before="""\
block = nn.Sequential(nn.Conv2d(3, 16, 3), nn.BatchNorm2d(16), nn.ReLU())
""",
        after="""\
block = nn.Sequential(nn.Conv2d(3, 16, 3, bias=False), nn.BatchNorm2d(16), nn.ReLU())
""",
    ),
)
