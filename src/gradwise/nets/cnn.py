"""A small convolutional net for small images: convolution, batch-norm and pooling in turn, a dense head.

What it is
    Filters of 3 x 3 pixels slide over the image, so that the same few weights look at every place.  After
    each block a pooling halves the map, until 7 pixels are left on a side; a dense layer reads what is
    there.  No paper's net, but the form that most small ones have.

Also called
    small-cnn

Formula
    - a block: ``pool(φ(norm(W ∗ x)))``, with twice the filters of the block before, 8 times those of the
      first at most
    - side of a map: ``⌈n / 2⌉`` after each block; 28 pixels: 14, 7
    - ``outputs = W₂ φ(W₁ flatten(x) + b₁) + b₂`` with ``4 · units`` units between

Shapes
    pixels (N, C, H, W) of any size -> (N, outputs).

Defaults
    32 filters in the first block (`units`), blocks until the map is 7 pixels or less but 2 at least
    (`depth`), ReLU, batch-norm, no dropout.  The sizes are this project's own; 7 pixels are what VGG and
    ResNets end in.

When
    - small pictures, digits, clothes: up to some tens of thousands of images
    - a quick answer before a deep net is worth its time

When not
    - photographs in large numbers: `resnet18`
    - objects that differ in parts far apart: a unit sees 10 pixels after two blocks, 22 after three

Confused with
    - `cnn1d`: along time
    - `lenet-5`: filters of 5 x 5, averages, no norm

Example
    Two blocks of 32 and 64 filters, then 64 · 7 · 7 numbers to a dense layer.

    >>> from gradwise import nets
    >>> net = nets.make("cnn", outputs=10, channels=1, height=28, width=28)
    >>> net.head[1].in_features
    3136

Claims
    - beats a dense net of as many weights on shifted images, by shared weights and by looking locally
    - pooling gives tolerance to small shifts

References
    LeCun, Bottou, Bengio, Haffner, Gradient-Based Learning Applied to Document Recognition, Proceedings of
    the IEEE, 1998.
    Ioffe, Szegedy, Batch Normalization, arXiv 1502.03167.
"""

from __future__ import annotations

from torch import Tensor, nn

from gradwise.nets import norms
from gradwise.nets.activations import activation as make_activation
from gradwise.nets.net import Net
from gradwise.nets.norms.norm import MAPS
from gradwise.nets.pixels import ImageShape, Pixels

SMALL_MAP = 7  # pixels: blocks are added until the map is no larger, as LeNet and VGG end in 5 to 7
FEWEST_BLOCKS = 2  # of 3 x 3 convolutions, so that a unit sees a neighbourhood of 10 x 10 pixels


def blocks_for(height: int, width: int) -> int:
    """Halvings until the map is 7 pixels or less, and 2 at least where the image allows.

    >>> [blocks_for(side, side) for side in (1, 8, 28, 32, 64, 224)]
    [1, 2, 2, 3, 4, 5]
    """
    blocks, side = 0, max(height, width)
    while side > SMALL_MAP or (blocks < FEWEST_BLOCKS and side > 1):
        side = -(-side // 2)
        blocks += 1
    return max(blocks, 1)


class CNN(nn.Module):
    """Convolutions of 3 x 3 with batch-norm, each followed by a pooling that halves, then one dense layer.

    Args:
        outputs: numbers per example.
        image: shape of the images.
        units: filters of the first block; every block has twice those of the one before, 8 times at most.
        depth: blocks; None: until the map is 7 pixels or less.
        dropout: share of units dropped before the output.
        activation: by name.
        norm: of every convolution, before the activation, by name.
    """

    def __init__(
        self,
        outputs: int,
        image: ImageShape,
        *,
        units: int = 32,
        depth: int | None = None,
        dropout: float = 0.0,
        activation: str = "relu",
        norm: str = "batch-norm",
    ) -> None:
        super().__init__()
        self.pixels = Pixels(image)
        height, width = image.height, image.width
        blocks: list[nn.Module] = []
        before = image.channels
        for number in range(depth if depth is not None else blocks_for(height, width)):
            filters = units * min(2**number, 8)
            blocks += [
                nn.Conv2d(before, filters, 3, padding=1, bias=norms.needs_bias(norm)),  # (N, filters, H, W)
                *norms.layers(norm, filters, axes=MAPS),
                make_activation(activation),
                nn.MaxPool2d(2, ceil_mode=True),  # (N, filters, H / 2, W / 2)
            ]
            height, width, before = -(-height // 2), -(-width // 2), filters
        self.features = nn.Sequential(*blocks)
        self.shrink: nn.Module = nn.Identity()
        if max(height, width) > SMALL_MAP:  # fewer blocks than the image needs: a dense layer would be huge
            height, width = min(height, SMALL_MAP), min(width, SMALL_MAP)
            self.shrink = nn.AdaptiveAvgPool2d((height, width))
        self.head = nn.Sequential(
            nn.Flatten(),  # (N, filters * H * W)
            nn.Linear(before * height * width, 4 * units),
            make_activation(activation),
            *([nn.Dropout(dropout)] if dropout else []),
            nn.Linear(4 * units, outputs),
        )

    def forward(self, pixels: Tensor) -> Tensor:
        """(N, C, H, W) uint8 -> (N, outputs)."""
        return self.head(self.shrink(self.features(self.pixels(pixels))))


NETS = (Net("cnn", {"images": CNN}, "small convolutional net with batch-norm", aliases=("small-cnn",)),)
