"""LeNet-5 (LeCun, Bottou, Bengio, Haffner 1998), in its usual modern reading.

Every map of the second convolution sees all six of the first, the poolings have no weights and the output is
linear: 61,706 weights for ten classes. Images of 28 pixels are padded to the 32 of the paper.
"""

from __future__ import annotations

from torch import Tensor, nn

from gradwise.errors import UsageError
from gradwise.nets import norms
from gradwise.nets.activations import activation as make_activation
from gradwise.nets.net import Net
from gradwise.nets.norms.norm import MAPS, ROWS
from gradwise.nets.pixels import ImageShape, Pixels

PADDED_BELOW = 32  # pixels: the paper's images had 32, with a margin of 2 around digits of 28
SMALLEST = 12  # pixels: padded by 2, two convolutions of 5 and two halvings leave one


class LeNet5(nn.Module):
    """Two convolutions of 5 x 5, each averaged down by 2, and three dense layers.

    Args:
        outputs: numbers per example.
        image: shape of the images, 12 x 12 pixels or more.
        activation: by name; the paper's is ``tanh``.
        norm: of every layer but the last, before the activation, by name; the paper has none.

    Raises:
        UsageError: the image is too small.
    """

    def __init__(
        self,
        outputs: int,
        image: ImageShape,
        *,
        activation: str = "tanh",
        norm: str = norms.NONE,
    ) -> None:
        super().__init__()
        height, width = image.height, image.width
        if min(height, width) < SMALLEST:
            raise UsageError(
                f"net 'lenet-5' needs images of {SMALLEST} x {SMALLEST} pixels or more, "
                f"not {height} x {width}; try cnn."
            )
        margin = 2 if min(height, width) < PADDED_BELOW else 0
        rows, columns = (((side + 2 * margin - 4) // 2 - 4) // 2 for side in (height, width))
        self.pixels = Pixels(image)
        bias = norms.needs_bias(norm)
        self.features = nn.Sequential(
            nn.Conv2d(image.channels, 6, 5, padding=margin, bias=bias),  # (N, 6, 28, 28)
            *norms.layers(norm, 6, axes=MAPS),
            make_activation(activation),
            nn.AvgPool2d(2),  # (N, 6, 14, 14)
            nn.Conv2d(6, 16, 5, bias=bias),  # (N, 16, 10, 10)
            *norms.layers(norm, 16, axes=MAPS),
            make_activation(activation),
            nn.AvgPool2d(2),  # (N, 16, 5, 5)
        )
        self.head = nn.Sequential(
            nn.Flatten(),  # (N, 400)
            nn.Linear(16 * rows * columns, 120, bias=bias),
            *norms.layers(norm, 120, axes=ROWS),
            make_activation(activation),
            nn.Linear(120, 84, bias=bias),
            *norms.layers(norm, 84, axes=ROWS),
            make_activation(activation),
            nn.Linear(84, outputs),
        )

    def forward(self, pixels: Tensor) -> Tensor:
        """(N, C, H, W) uint8 -> (N, outputs)."""
        return self.head(self.features(self.pixels(pixels)))


NETS = (Net("lenet-5", {"images": LeNet5}, "LeNet-5 of 1998", aliases=("lenet", "lenet5")),)
