"""LeNet-5: two convolutions, two poolings and three dense layers, which read the digits of cheques in 1998.

What it is
    The net that convolutional nets descend from.  Filters of 5 x 5 are shared over the image, each map is
    halved, and dense layers read what is left.  By default it is the usual modern reading: every map of the
    second convolution sees all six of the first, the poolings are averages without weights, and the output is
    linear.  ``connections=paper,pooling=learnt`` is the paper's own wiring.

Also called
    lenet-5, lenet5

Formula
    - C1 ``6 @ 28 x 28``, S2 ``6 @ 14 x 14``, C3 ``16 @ 10 x 10``, S4 ``16 @ 5 x 5``, then 120, 84, K numbers
    - weights of K = 10 classes: ``156 + 2,416 + 48,120 + 10,164 + 850 = 61,706``
    - with the paper's connections and poolings: ``156 + 12 + 1,516 + 32 + 48,120 + 10,164 = 60,000``, the
      number that the paper gives, and 850 of the output
    - a learnt pooling: ``a · (sum of 2 x 2) + b`` with one a and b for each map

Shapes
    pixels (N, C, H, W), 12 x 12 or more -> (N, outputs).  Images below 32 pixels get a margin of 2, as the
    paper's digits of 28 stood in 32.  Larger images have larger maps, and more weights into the 120 units.

Defaults
    tanh, poolings by mean, all connections, no norm.  The paper's activation is ``1.7159 tanh(2 x / 3)``:
    tanh up to scales that weights take over.

When
    - digits and other small pictures with few classes
    - a net that is quick to train and small enough to look into: as student in a distillation, in lessons

When not
    - colours, photographs, more than 32 pixels: `cnn` or a ResNet
    - the best score on the same pictures: `cnn`, at more weights

Confused with
    - the paper's output: distances to ten fixed drawings of digits, which serve only for characters; here it
      is linear, for cross-entropy
    - LeNet-1 and LeNet-4, smaller ones by the same authors

Example
    >>> from gradwise import nets
    >>> net = nets.make("lenet-5", outputs=10, channels=1, height=28, width=28)
    >>> sum(weight.numel() for weight in net.parameters())
    61706

Claims
    - weight sharing and locality: beats a dense net of as many weights on shifted images
    - pooling gives tolerance to small shifts
    - distillation from a larger net lifts it

References
    LeCun, Bottou, Bengio, Haffner, Gradient-Based Learning Applied to Document Recognition, Proceedings of
    the IEEE, 1998.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from gradwise.errors import UsageError
from gradwise.nets import norms
from gradwise.nets.activations import activation as make_activation
from gradwise.nets.net import Net
from gradwise.nets.norms.norm import MAPS, ROWS
from gradwise.nets.pixels import ImageShape, Pixels

PADDED_BELOW = 32  # pixels: the paper's images had 32, with a margin of 2 around digits of 28
SMALLEST = 12  # pixels: padded by 2, two convolutions of 5 and two halvings leave one
# The six maps of S2 that each of the 16 maps of C3 sees: table I of the paper.
SEEN = (
    *((first, (first + 1) % 6, (first + 2) % 6) for first in range(6)),
    *((first, (first + 1) % 6, (first + 2) % 6, (first + 3) % 6) for first in range(6)),
    *((first, first + 1, first + 3, (first + 4) % 6) for first in range(3)),
    tuple(range(6)),
)
CONNECTIONS = ("full", "paper")


class PartConv2d(nn.Module):
    """A convolution of 5 x 5 whose maps see some of the six maps before, as table I of the paper has it.

    Only the 60 kernels that exist are weights; they start as torch's convolutions do, by the inputs of a map.
    """

    places: Tensor

    def __init__(self, *, bias: bool) -> None:
        super().__init__()
        pairs = [after * 6 + before for after, seen in enumerate(SEEN) for before in seen]
        bounds = [(25 * len(seen)) ** -0.5 for seen in SEEN]  # one over the root of a map's inputs
        each = torch.tensor([bounds[pair // 6] for pair in pairs]).view(-1, 1, 1)  # (60, 1, 1)
        self.weight = nn.Parameter((2 * torch.rand(len(pairs), 5, 5) - 1) * each)
        self.bias = nn.Parameter((2 * torch.rand(16) - 1) * torch.tensor(bounds)) if bias else None
        self.register_buffer("places", torch.tensor(pairs), persistent=False)  # (60,)

    def forward(self, maps: Tensor) -> Tensor:
        """(N, 6, H, W) -> (N, 16, H - 4, W - 4)."""
        kernels = self.weight.new_zeros(16 * 6, 5, 5).index_copy(0, self.places, self.weight)
        return functional.conv2d(maps, kernels.view(16, 6, 5, 5), self.bias)


class LearntPool2d(nn.Module):
    """Sums of 2 x 2 by a coefficient, plus a bias, one of each for every map; at the start the mean.

    Args:
        channels: maps.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((channels, 1, 1), 0.25))  # of four summands
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, maps: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H / 2, W / 2)."""
        return functional.avg_pool2d(maps, 2, divisor_override=1) * self.weight + self.bias


POOLINGS: dict[str, Callable[[int], list[nn.Module]]] = {
    "avg": lambda _: [nn.AvgPool2d(2)],
    "max": lambda _: [nn.MaxPool2d(2)],
    "learnt": lambda channels: [LearntPool2d(channels)],
}


class LeNet5(nn.Module):
    """Two convolutions of 5 x 5, each pooled down by 2, and three dense layers.

    Args:
        outputs: numbers per example.
        image: shape of the images, 12 x 12 pixels or more.
        activation: by name; the paper's is ``tanh``.
        norm: of every layer but the last, before the activation, by name; the paper has none.
        pooling: ``avg``, ``max`` or ``learnt``, the paper's, which an activation follows.
        connections: ``full``, or ``paper``: the maps of the second convolution see some of the first.

    Raises:
        UsageError: the image is too small, or no such pooling or connections.
    """

    def __init__(
        self,
        outputs: int,
        image: ImageShape,
        *,
        activation: str = "tanh",
        norm: str = norms.NONE,
        pooling: str = "avg",
        connections: str = "full",
    ) -> None:
        super().__init__()
        height, width = image.height, image.width
        if min(height, width) < SMALLEST:
            raise UsageError(
                f"net 'lenet-5' needs images of {SMALLEST} x {SMALLEST} pixels or more, "
                f"not {height} x {width}; try cnn."
            )
        for word, value, known in (("pooling", pooling, POOLINGS), ("connections", connections, CONNECTIONS)):
            if value not in known:
                raise UsageError(f"net 'lenet-5': {word} is one of {', '.join(known)}, not {value!r}.")
        margin = 2 if min(height, width) < PADDED_BELOW else 0
        rows, columns = (((side + 2 * margin - 4) // 2 - 4) // 2 for side in (height, width))
        self.pixels = Pixels(image)
        bias = norms.needs_bias(norm)
        second = PartConv2d(bias=bias) if connections == "paper" else nn.Conv2d(6, 16, 5, bias=bias)
        self.features = nn.Sequential(
            nn.Conv2d(image.channels, 6, 5, padding=margin, bias=bias),  # (N, 6, 28, 28)
            *norms.layers(norm, 6, axes=MAPS),
            make_activation(activation),
            *_pooled(pooling, 6, activation),  # (N, 6, 14, 14)
            second,  # (N, 16, 10, 10)
            *norms.layers(norm, 16, axes=MAPS),
            make_activation(activation),
            *_pooled(pooling, 16, activation),  # (N, 16, 5, 5)
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


def _pooled(pooling: str, channels: int, activation: str) -> list[nn.Module]:
    """A pooling; what it learns is squashed, as the paper does."""
    after = [make_activation(activation)] if pooling == "learnt" else []
    return [*POOLINGS[pooling](channels), *after]


NETS = (Net("lenet-5", {"images": LeNet5}, "LeNet-5 of 1998", aliases=("lenet", "lenet5")),)
